"""Judge a depth network on scenes it has never seen: ``python -m training.evaluate --scenes 200``.

Runs `BuiltinDepth` on seeds from `VALIDATION_SEEDS_BEGIN` on and compares with the exact distance at every pixel that holds a
surface within the network's range, also where the network took it for sky. Means are by solid angle within a scene, then over
scenes; the sky is judged over all pixels of all scenes together. Prints a table and one JSON line.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from spag4d.data import Panorama
from spag4d.depth.builtin import BuiltinDepth
from spag4d.geometry.equirect import solid_angle_weights
from spag4d.networks.builtin import MAX_DISTANCE_M, load_builtin
from training.dataset import VALIDATION_SEEDS_BEGIN
from training.generator import Sample, generate

COLUMNS = ("scenes", "abs_rel", "delta_1", "abs_rel_unscaled", "scale_error", "sky_iou")


def judge(distance: np.ndarray, found_sky: np.ndarray, sample: Sample) -> dict[str, float]:
    """Compare with the truth: see `depth_errors`, and the solid angles of sky found in both and in either."""
    truth, sky, valid = sample.distance.numpy(), sample.sky.numpy(), sample.valid.numpy()
    area = np.broadcast_to(solid_angle_weights(truth.shape[0])[:, None], truth.shape)
    surface = valid & ~sky & (truth <= MAX_DISTANCE_M)
    found = {
        "sky_both": float(area[found_sky & sky & valid].sum()),
        "sky_either": float(area[(found_sky | sky) & valid].sum()),
    }
    return found | depth_errors(distance[surface], truth[surface], area[surface])


def depth_errors(distance: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Errors of 1-d arrays of distances, as weighted means.

    ``abs_rel`` is |d - t| / t and ``delta_1`` the share of pixels within a factor of 1.25, both after the median ratio has
    been taken out; ``abs_rel_unscaled`` is abs_rel as it stands and ``scale_error`` how far the median ratio is from 1.
    """
    scale = weighted_median(truth / distance, weight)
    scaled = scale * distance
    within = np.maximum(scaled / truth, truth / scaled) < 1.25
    return {
        "abs_rel": float(np.average(np.abs(scaled - truth) / truth, weights=weight)),
        "delta_1": float(np.average(within, weights=weight)),
        "abs_rel_unscaled": float(np.average(np.abs(distance - truth) / truth, weights=weight)),
        "scale_error": float(abs(np.log(scale))),
    }


def weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    """The value below which half of the weight lies."""
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def summarize(results: list[dict[str, float]]) -> dict[str, float]:
    """Means over scenes, and the sky over all of them."""
    means = {name: float(np.mean([result[name] for result in results])) for name in COLUMNS[1:5]}
    either = sum(result["sky_either"] for result in results)
    both = sum(result["sky_both"] for result in results)
    return {"scenes": len(results)} | means | {"sky_iou": both / either if either else float("nan")}


def main() -> None:
    """Judge from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=VALIDATION_SEEDS_BEGIN)
    parser.add_argument("--height", type=int, default=256, help="of the panoramas; the network's own size is 256")
    parser.add_argument("--weights", type=Path, help="instead of those that ship")
    options = parser.parse_args()
    torch.set_num_threads(2)
    model = BuiltinDepth(network=load_builtin(options.weights, None) if options.weights else None)
    by_kind: dict[str, list[dict[str, float]]] = defaultdict(list)
    for seed in range(options.first_seed, options.first_seed + options.scenes):
        sample = generate(seed, options.height)
        by_kind[sample.kind].append(judge(*model.predict(Panorama(sample.rgb.numpy())), sample))
    rows = {kind: summarize(results) for kind, results in sorted(by_kind.items())}
    rows["all"] = summarize([result for results in by_kind.values() for result in results])
    print(f"{'kind':20}" + "".join(f"{name:>18}" for name in COLUMNS))
    for kind, row in rows.items():
        print(f"{kind:20}" + "".join(f"{row[name]:18.4g}" for name in COLUMNS))
    print(json.dumps({"height": options.height, "first_seed": options.first_seed, **rows}))


if __name__ == "__main__":
    main()
