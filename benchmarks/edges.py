"""Does anything hang between two surfaces, or reach across the cut? Gaussians at the depth edges of generated scenes.

    python -m benchmarks.edges [--scenes 20] [--height 512] [--set backing=0] [--cache FOLDER]

One row for each depth and stride: the true depth, the same at a half and at a quarter of the resolution, and the built-in
model's. All Gaussians but the dome's count, at the directions in which the capture point sees them. Means over the scenes:

    hang       share of those within a pixel of a true edge that lie between its sides by more than a tenth of the gap
    near, far  share that lie within a tenth of the gap at one of the sides, or on the side itself
    1 sd, 2 sd how far a near-side Gaussian beside the cut reaches beyond it in pixels, and the 95th percentile at 2 sd
    lean       share of these that reach beyond the cut at 2 sd, and there into the gap: by more than a tenth of it farther
               than their own true surface would be if it went on
    drop       the same of the far side's, which may reach behind the near one, but not come nearer

and for depth maps, refined as they are for the Gaussians, by pixels beside true edges:

    map        as hang, for the pixels of the map itself
    missed     share of the edges with a gap of 20 % at which the map's own sides, 2 to 5 px away, differ by less than 5 %
    own        share of the other such edges' pixels that hang between the map's own sides
"""

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.novel_truth import beside_jumps, jumps, open_walk, see, true_distance
from benchmarks.novel_view import settings_of, spread
from spag4d import SPAG4D, DepthMap, Gaussians, Panorama
from spag4d.geometry.around import grown
from spag4d.geometry.equirect import pad_sphere, pixels_from_directions
from spag4d.geometry.rotation import rotations_from_quats

FARTHEST_M = 80.0
"""Beyond, all is sky by default, which has no distance."""
SHARE = 0.1
_WINDOW_PX = 1.5
_FINER = 3
_LEAST_GAP = 0.05
_CLEAR_GAP = 0.2
_LEVEL = 0.5
"""Least cosine of the elevation at which pixels are counted along a row."""
_SIDE_PX = (2, 3, 4, 5)
COLUMNS = ("hang", "near", "far", "1 sd", "2 sd", "95 %", "lean", "drop", "map", "missed", "own")


@dataclass(frozen=True)
class Truth:
    """The true distance at the centres of a picture's pixels, and of three times as many rows and columns."""

    map: np.ndarray
    fine: np.ndarray


@dataclass(frozen=True)
class Sides:
    """The two sides (n) of the widest gap among the true distances around n places, NaN where there is no edge."""

    near: np.ndarray
    far: np.ndarray

    def between(self, distance: np.ndarray) -> np.ndarray:
        """Return where in the gap distances lie: 0 at the near side, 1 at the far one."""
        return (distance - self.near) / (self.far - self.near)


def sides_at(fine: np.ndarray, pixels: np.ndarray) -> Sides:
    """Return the sides of the edge among the rays within 1.5 px of positions (n, 2) of a picture, in index coordinates.

    ``fine`` is the true distance with three times as many rows and columns, so that what only shows between pixels counts too.
    """
    height, width = fine.shape
    reach_px = _FINER * _WINDOW_PX
    margin = int(reach_px) + _FINER
    padded = pad_sphere(np.where(fine <= FARTHEST_M, fine, np.inf), margin)
    place = _FINER * pixels + (_FINER - 1) / 2
    nearest = np.rint(place).astype(np.int64)
    around = []
    steps = range(-round(reach_px), round(reach_px) + 1)
    for down, right in itertools.product(steps, steps):
        ray = nearest + [right, down]
        found = padded[np.clip(ray[:, 1], -margin, height + margin - 1) + margin, ray[:, 0] % width + margin]
        around.append(np.where(np.abs(ray - place).max(1) <= reach_px, found, np.inf))
    values = np.sort(np.stack(around), axis=0)
    with np.errstate(invalid="ignore"):
        ratio = np.where(np.isfinite(values[1:]), values[1:] / values[:-1], 1)
    widest = ratio.argmax(0)
    column = np.arange(len(pixels))
    edge = ratio[widest, column] > 1 + _LEAST_GAP
    return Sides(*(np.where(edge, values[widest + k, column], np.nan) for k in (0, 1)))


def placed(truth: Truth, distance: np.ndarray, pixels: np.ndarray) -> dict[str, float]:
    """Return the shares of n distances at positions (n, 2) that hang between the sides of an edge or lie on one of them."""
    height, width = truth.map.shape
    nearest = np.rint(pixels).astype(np.int64)
    candidate = grown(beside_jumps(truth.map), 1)[np.clip(nearest[:, 1], 0, height - 1), nearest[:, 0] % width]
    where = sides_at(truth.fine, pixels[candidate]).between(distance[candidate])
    where = where[~np.isnan(where)]
    return {
        "hang": float(((where > SHARE) & (where < 1 - SHARE)).mean()),
        "near": float((where <= SHARE).mean()),
        "far": float((where >= 1 - SHARE).mean()),
    }


def reach(truth: np.ndarray, gaussians: Gaussians) -> dict[str, float]:
    """Return how far the Gaussians beside a cut reach across it, see the table's columns."""
    pitch = np.pi / truth.shape[0]
    axes = rotations_from_quats(gaussians.quats_wxyz) * gaussians.scales[:, None, :]
    beyond, lean, drop = [], [], []
    for cut in _beside_cuts(truth, gaussians.means):
        mean = gaussians.means[cut.chosen]
        distance = np.linalg.norm(mean, axis=1)
        along = np.einsum("nij,ni->nj", axes[cut.chosen], cut.toward)
        sd = np.linalg.norm(along, axis=1)
        sd_px = sd / distance / pitch
        end = np.linalg.norm(mean + 2 * np.einsum("nij,nj->ni", axes[cut.chosen], along / sd[:, None]), axis=1)
        goes_on = 1 / np.maximum(1 / distance + cut.growth_per_px * 2 * sd_px, 1e-3)
        into = (end - goes_on) / cut.gap
        crosses = 2 * sd_px > cut.away_px
        near = cut.gap > 0
        beyond.append(np.stack([sd_px - cut.away_px, 2 * sd_px - cut.away_px])[:, near])
        lean.append((crosses & (into > SHARE))[near & cut.is_smooth])
        drop.append((crosses & (into > SHARE))[~near & cut.is_smooth])
    one, two = np.concatenate(beyond, axis=1)
    shares = {name: float(np.concatenate(parts).mean()) for name, parts in (("lean", lean), ("drop", drop))}
    return {"1 sd": float(one.mean()), "2 sd": float(two.mean()), "95 %": float(np.quantile(two, 0.95))} | shares


@dataclass(frozen=True)
class Cuts:
    """The Gaussians of a pixel's surface with a cut on one side: which of all, the vector ``toward`` it and how far it is.

    ``gap`` is what the other side is farther by, in metres; ``growth_per_px`` how the inverse of the true distance grows
    towards the cut, which is known where the pixel before ``is_smooth``.
    """

    chosen: np.ndarray
    toward: np.ndarray
    away_px: np.ndarray
    gap: np.ndarray
    growth_per_px: np.ndarray
    is_smooth: np.ndarray


def _beside_cuts(truth: np.ndarray, means: np.ndarray) -> Iterator[Cuts]:
    """Yield the Gaussians with a cut to the right, to the left, below and above; pixels near the poles are left out."""
    height, width = truth.shape
    distance = np.linalg.norm(means, axis=1)
    level = np.hypot(means[:, 0], means[:, 2]) / distance
    pixels = pixels_from_directions(means, height)
    column, row = np.rint(pixels).astype(np.int64).T
    row = np.clip(row, 1, height - 2)
    off = (pixels - np.stack([column, row], -1)).T
    off[0] *= level
    size = (level, np.ones_like(level))
    masks = jumps(truth)
    for axis, vectors in enumerate(_right_and_down(means)):
        for sign in (1, -1):
            def at(values: np.ndarray, step: int, axis: int = axis, sign: int = sign) -> np.ndarray:
                return values[row + axis * sign * step, (column + (1 - axis) * sign * step) % width]

            first, before = (0, -1) if sign > 0 else (1, 0)
            here, there, back = at(truth, 0), at(truth, 1), at(truth, -1)
            chosen = at(masks[axis], first) & (np.maximum(here, there) < FARTHEST_M) & (level > _LEVEL)
            chosen &= np.abs(distance - here) < SHARE * np.abs(there - here)
            smooth = ~at(masks[axis], before) & (back < FARTHEST_M)
            here, there, back = here[chosen], there[chosen], np.where(smooth, back, here)[chosen]
            growth = (1 / here - 1 / back) / size[axis][chosen]
            away = 0.5 * size[axis] - sign * off[axis]
            yield Cuts(chosen, sign * vectors[chosen], away[chosen], there - here, growth, smooth[chosen])


def _right_and_down(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the unit vectors along growing azimuth and towards the nadir at the directions of n points."""
    ray = means / np.linalg.norm(means, axis=1, keepdims=True)
    right = np.stack([ray[:, 2], np.zeros(len(ray), ray.dtype), -ray[:, 0]], -1)
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    return right, np.cross(ray, right)


def own_sides(truth: np.ndarray, distance: np.ndarray) -> dict[str, float]:
    """Return how a depth map's pixels at true edges lie between its own values a few pixels to the sides; along rows."""
    right, _ = jumps(truth)
    width = truth.shape[1]
    level = np.cos(np.pi * ((np.arange(len(truth)) + 0.5) / len(truth) - 0.5)) > _LEVEL
    clear = np.maximum(truth / np.roll(truth, -1, 1), np.roll(truth, -1, 1) / truth) > 1 + _CLEAR_GAP
    row, column = np.nonzero(right & clear & level[:, None])
    steps = range(1, max(_SIDE_PX) + 1)
    lone = ~np.any([right[row, column - k] | right[row, (column + k) % width] for k in steps], axis=0)
    lone &= truth[row, [(column + k) % width for k in (-max(_SIDE_PX), max(_SIDE_PX) + 1)]].max(0) < FARTHEST_M
    row, column = row[lone], column[lone]
    left_side = distance[row, [column - k for k in _SIDE_PX]]
    right_side = distance[row, [(column + 1 + k) % width for k in _SIDE_PX]]
    is_left_near = left_side.mean(0) < right_side.mean(0)
    near = np.where(is_left_near, left_side.max(0), right_side.max(0))
    far = np.where(is_left_near, right_side.min(0), left_side.min(0))
    told = far > near * (1 + _LEAST_GAP)
    beside = distance[row[told], [column[told], (column[told] + 1) % width]]
    where = Sides(near[told], far[told]).between(beside)
    return {"missed": float(1 - told.mean()), "own": float(((where > SHARE) & (where < 1 - SHARE)).mean())}


def judge(truth: Truth, depth: DepthMap, gaussians: Gaussians) -> dict[str, float]:
    """Return the columns of the table for one scene."""
    height, width = truth.map.shape
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1)[~depth.sky].astype(float)
    found = placed(truth, np.linalg.norm(gaussians.means, axis=1), pixels_from_directions(gaussians.means, height))
    found |= reach(truth.map, gaussians) | {"map": placed(truth, depth.distance[~depth.sky], places)["hang"]}
    return found | own_sides(truth.map, depth.distance)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=20)
    parser.add_argument("--height", type=int, default=512)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the conversion")
    parser.add_argument("--cache", type=Path, help="folder that keeps the true views")
    options = parser.parse_args()
    settings = settings_of([*options.set, "sky_dome=0"])
    np.seterr(divide="ignore", invalid="ignore")
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    for seed, kind in spread(options.scenes):
        walk = open_walk(seed, kind)
        captured = see(walk, 0.0, options.height, options.cache)
        panorama = Panorama(captured.rgb, walk.name)
        truth = Truth(captured.distance, true_distance(walk.scene, np.zeros(3), _FINER * options.height))
        given = {f"true / {n}": true_distance(walk.scene, np.zeros(3), options.height // n) for n in (2, 4)}
        for name, depth_map in ({"true": truth.map} | given | {"builtin": None}).items():
            for stride in (1, 2):
                converter = SPAG4D(**settings.changed(stride=stride).model_dump())
                depth = refined(converter, panorama, depth_map)
                gaussians = converter.to_gaussians(panorama, depth_map=depth_map)
                found.setdefault((name, stride), []).append(judge(truth, depth, gaussians))
        print(walk.name, end=" ", flush=True)
    print(f"\n{'depth':10}{'stride':>7}" + "".join(f"{name:>9}" for name in COLUMNS))
    for (name, stride), rows in found.items():
        means = {column: np.mean([row[column] for row in rows]) for column in COLUMNS}
        cells = [f"{means[c]:7.2f}px" if c in ("1 sd", "2 sd", "95 %") else f"{100 * means[c]:8.2f}%" for c in COLUMNS]
        print(f"{name:10}{stride:7}" + "".join(cells))


def refined(converter: SPAG4D, panorama: Panorama, given: np.ndarray | None) -> DepthMap:
    """Return the depth that the Gaussians are made of."""
    from spag4d.conversion import Run
    from spag4d.finishing import Pictured, edges
    from spag4d.progress import SILENT
    from spag4d.stages import Stages

    stages, run = Stages(), Run(converter.settings, SILENT)
    return edges(Pictured(panorama, stages.raw_depth(panorama, given, run)), run.settings, SILENT).depth


if __name__ == "__main__":
    main()
