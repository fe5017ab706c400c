"""Does the built-in model know where it is wrong? Fits the weights of `spag4d.depth.doubt`, and judges them.

    python -m benchmarks.depth_doubt [--scenes 32]

Generated scenes that no training has seen, and none of `benchmarks.walking_range`. The true error is that of
`benchmarks.depth_error`: |1 - estimated / true|, at most 2, after the scene's scale is taken out. Error, both signs of doubt
and the share beside edges are averaged over the walking range's tiles of 10°. The weights of the three, none negative, are
fitted to the even scenes and judged on the odd ones, then fitted to all: `APART` and `BETWEEN` of `spag4d/depth/doubt.py`, and
`BESIDE_EDGE` of `spag4d/check/uncertainty.py`. Prints how well errors are ranked by them (Spearman's correlation, within a
picture and over all tiles), by today's constants of these files, and by distance and edges alone, and what the true error is of
the predicted one. Fifteen seconds of a core per scene.
"""

import argparse
import json
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls
from scipy.stats import spearmanr

from benchmarks.depth_error import parallax_errors
from spag4d.check.front import NOWHERE_M, jumps
from spag4d.check.tiles import TILES, tiles_of
from spag4d.check.uncertainty import BESIDE_EDGE, EDGE_RAD, UNCERTAINTIES
from spag4d.depth.builtin import BuiltinDepth
from spag4d.depth.doubt import APART, BETWEEN, signs
from spag4d.geometry.around import grown
from spag4d.geometry.equirect import directions, solid_angle_weights
from spag4d.networks.builtin_weights import MAX_DISTANCE_M, MIN_DISTANCE_M, WORKING_HW
from training.dataset import VALIDATION_SEEDS_BEGIN
from training.generator import generate

FIRST_SEED = VALIDATION_SEEDS_BEGIN + 20_000
_STEP = 2
"""Every second row and column: as dense as the front of a scene of this size."""
_LEAST_KNOWN = 0.3
"""Tiles with less surface do not count."""
_LEAST_ERROR = 0.02
"""Errors below this need not be told apart: added to what the squares of the fit are weighed by."""


@dataclass(frozen=True)
class Tiled:
    """Means over ``n`` tiles of one picture: true ``error``, the three ``signs`` (n, 3), and what constants expect."""

    error: np.ndarray
    signs: np.ndarray
    expected: np.ndarray


def tiled(model: BuiltinDepth, seed: int) -> Tiled:
    """Return a scene's errors and what might have predicted them."""
    sample = generate(seed, WORKING_HW[0])
    answers = model.answers(sample.rgb.numpy())
    every = np.s_[::_STEP, ::_STEP]
    near, gap, choice, sky = (part[every] for part in answers[:4])
    distance = np.clip(np.exp(near + gap * (choice > 0)), MIN_DISTANCE_M, MAX_DISTANCE_M)
    front = np.where(sky > 0, NOWHERE_M, np.minimum(distance, NOWHERE_M))
    rows = len(front)
    beside = grown(jumps(front, 1) | jumps(front, 0), round(EDGE_RAD * rows / np.pi))
    area = np.broadcast_to(solid_angle_weights(rows)[:, None], front.shape)
    known = (sky <= 0) & sample.valid.numpy()[every]
    error = np.zeros(front.shape)
    error[known] = parallax_errors(distance[known], np.minimum(sample.distance.numpy()[every], NOWHERE_M)[known], area[known])
    rays = directions(rows)
    expected = UNCERTAINTIES["builtin"].errors((rays * distance[..., None]).reshape(-1, 3), beside.ravel())
    maps = [error, *(sign[every] for sign in signs(answers)), beside, expected]
    tiles = tiles_of(rays.reshape(-1, 3))
    weight = (area * known).ravel()
    total, whole = np.bincount(tiles, weight, TILES), np.bincount(tiles, area.ravel(), TILES)
    kept = total > _LEAST_KNOWN * whole
    means = np.stack([np.bincount(tiles, weight * values.ravel(), TILES)[kept] / total[kept] for values in maps], -1)
    return Tiled(means[:, 0], means[:, 1:4], means[:, 4])


def fitted(scenes: list[Tiled]) -> np.ndarray:
    """Return the three weights: least squares of the errors relative to what each tile may be expected to have."""
    found, error = np.concatenate([one.signs for one in scenes]), np.concatenate([one.error for one in scenes])
    weight = 1 / (found[:, :2].sum(1) + _LEAST_ERROR)
    return nnls(found * weight[:, None], error * weight)[0]


def judged(scenes: list[Tiled], predictions: list[np.ndarray]) -> dict[str, float]:
    """Return how well predictions rank the errors, and the quantiles of error / prediction over the tiles."""
    within = [spearmanr(one.error, told).statistic for one, told in zip(scenes, predictions, strict=True)]  # pyright: ignore
    error, told = np.concatenate([one.error for one in scenes]), np.concatenate(predictions)
    low, middle, high = np.quantile(error / np.maximum(told, 1e-6), (0.1, 0.5, 0.9))
    return {"within a picture": float(np.mean(within)), "over all": float(spearmanr(error, told).statistic),  # pyright: ignore
            "p10": float(low), "p50": float(middle), "p90": float(high), "mean": float(error.mean() / told.mean())}


def main() -> None:
    """Fit, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=32)
    options = parser.parse_args()
    model = BuiltinDepth()
    scenes = [tiled(model, FIRST_SEED + number) for number in range(options.scenes)]
    odd, even = scenes[1::2], fitted(scenes[::2])
    rows = {"distance and edges": judged(odd, [one.expected for one in odd]),
            "weights of the even": judged(odd, [one.signs @ even for one in odd]),
            "weights that ship": judged(odd, [one.signs @ (APART, BETWEEN, BESIDE_EDGE) for one in odd])}
    for name, figures in rows.items():
        print(f"{name:22}" + "  ".join(f"{what} {value:.3g}" for what, value in figures.items()))
    weights = dict(zip(("APART", "BETWEEN", "BESIDE_EDGE"), fitted(scenes).tolist(), strict=True))
    print("  ".join(f"{name} = {value:.3g}" for name, value in weights.items()))
    print(json.dumps({"scenes": options.scenes, "rows": rows, "weights": weights}))


if __name__ == "__main__":
    main()
