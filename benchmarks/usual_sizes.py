"""How right the scale of estimated scenes is, and how right is what is said of it: ``python -m benchmarks.usual_sizes``.

Scenes of the generator that nothing was trained on, as the model sees them, and again with the model's scale off by a random
factor, as it is on pictures unlike those that it was trained on. Prints AbsRel in metres before and after, and how often the
true scale lies within one standard deviation.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import torch

from spag4d.data import DepthMap, Panorama
from spag4d.depth.builtin import BuiltinDepth
from spag4d.depth.usual_sizes import with_usual_scale
from spag4d.geometry.equirect import solid_angle_weights
from training.dataset import VALIDATION_SEEDS_BEGIN
from training.figures import depth_errors, weighted_median
from training.generator import Sample, generate

OFF = (0.0, 0.2)
"""Standard deviations of the log of the factor that is put on the model's scale."""


def judge(depth: DepthMap, sample: Sample) -> dict[str, float]:
    """Errors before and after, and the distance of the true scale in standard deviations."""
    truth, sky, valid = sample.distance.numpy(), sample.sky.numpy(), sample.valid.numpy()
    surface = valid & ~sky & (truth <= 300)
    area = np.broadcast_to(solid_angle_weights(truth.shape[0])[:, None], truth.shape)[surface]
    after = with_usual_scale(depth)
    log_off = np.log(weighted_median((truth / after.distance)[surface], area))
    assert after.scale_sigma is not None
    return {
        "before": depth_errors(depth.distance[surface], truth[surface], area)["abs_rel_unscaled"],
        "after": depth_errors(after.distance[surface], truth[surface], area)["abs_rel_unscaled"],
        "sigma": after.scale_sigma, "within": float(abs(log_off) < after.scale_sigma),
    }  # fmt: skip


def main() -> None:
    """Print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=VALIDATION_SEEDS_BEGIN)
    options = parser.parse_args()
    torch.set_num_threads(2)
    model, rng = BuiltinDepth(), np.random.default_rng(0)
    found: dict[float, list[dict[str, float]]] = {off: [] for off in OFF}
    for seed in range(options.first_seed, options.first_seed + options.scenes):
        sample = generate(seed, 256)
        distance, found_sky = model.predict(Panorama(sample.rgb.numpy()))
        depth = DepthMap(distance, found_sky, model=model.name)
        for off, rows in found.items():
            rows.append(judge(depth.scaled(float(np.exp(off * rng.normal()))), sample))
    means = {off: {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} for off, rows in found.items()}
    print(f"{'off by':>8}{'before':>10}{'after':>10}{'sigma':>10}{'within':>10}")
    for off, row in means.items():
        print(f"{off:8.2f}" + "".join(f"{row[name]:10.4f}" for name in ("before", "after", "sigma", "within")))
    print(json.dumps({"scenes": options.scenes, "first_seed": options.first_seed, "off": means}))


if __name__ == "__main__":
    main()
