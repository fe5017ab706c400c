"""The walking range: how far from the capture point a scene holds, and why not farther.

A person who steps aside looks at something, and what is ruined in the middle of the view is not made up for by all that is
whole around it. So the sphere is judged tile by tile (about 10°), and of each view, ahead and to both sides, by one of its
worst tiles. Four things spoil a tile, and each counts as a part of what is too much of it alone: holes that one sees through;
surfaces that have come apart, whatever fills the gaps in; surfaces that the camera saw at a slant and are drawn out; and, where
the depth was estimated, how far from its true place things may stand. Surfaces that are in the way end a walk too.

The limits are those at which generated scenes stop looking like their true views: `benchmarks/walking_range.py`.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, no_type_check

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.check.front import Front, front_of
from spag4d.check.merge import Clouds, merged
from spag4d.check.ray_probe import Blocks, Glance, blocks_of, probe
from spag4d.check.seen_from import ORIGIN_ALONE, Places
from spag4d.check.tiles import worst_tile
from spag4d.check.uncertainty import Uncertainty
from spag4d.check.walking_range import DIRECTIONS, FARTHEST_M, NAMES, Limits, WalkingRange
from spag4d.data import Gaussians
from spag4d.kernels import kernel, threads
from spag4d.progress import SILENT, Progress

DISTANCES_M = (0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, FARTHEST_M)
"""Close where most scenes end, wider apart farther out, where a range is known less exactly anyway."""
LIMITS = Limits(see_through=0.0625, stretch=0.8, torn=0.5, displaced_rad=0.02, clearance_m=0.15)
"""The first is one ray of a tile's 16; all but the last were fitted to true views of generated scenes."""
CLEARANCE_M = LIMITS.clearance_m
_LIMITS = np.array([LIMITS.see_through, LIMITS.torn, LIMITS.stretch, LIMITS.displaced_rad])
_BODY_M = 0.15
"""Radius of the path that has to be free."""
_SQUARE = np.float32(_BODY_M**2)
_COVERED = 0.35
"""Optical depth, as a mean over the path's cross-section, that counts as a surface: it covers a third of it."""

_EMPTY = 0.99
"""Where more of the sphere than this is open from the capture point there is no scene to walk in."""

Reason = Literal["holes", "torn", "stretch", "depth", "surface", "none", "empty"]
_SPOILS: tuple[Reason, ...] = ("holes", "torn", "stretch", "depth")


@dataclass(frozen=True)
class Around:
    """What a walk needs: ``clouds``, also in blocks for `probe`, what this finds at the capture point, and the front."""

    clouds: Clouds
    blocks: Blocks
    at_origin: Glance
    front: Front

    @staticmethod
    def of(
        gaussians: Gaussians, uncertainty: Uncertainty | None, seen_from: Places = ORIGIN_ALONE, clouds: Clouds | None = None
    ) -> "Around":
        """Prepare a scene; ``clouds`` are its merged ones, if they exist already."""
        clouds = merged(gaussians) if clouds is None else clouds
        blocks = blocks_of(clouds)
        return Around(clouds, blocks, probe(blocks, np.zeros(3)), front_of(gaussians, uncertainty, seen_from))

    def spoilt(self, number: int, distance_m: float) -> Float64[np.ndarray, "4 tiles"]:
        """Return how far each of `_SPOILS` spoils each tile that is seen on a walk in one of `DIRECTIONS`; 1 is too much."""
        position_m = DIRECTIONS[number] * distance_m
        glance = probe(self.blocks, position_m, towards=number)
        found = (np.maximum(glance.open_tiles - self.at_origin.open_tiles, 0), self.front.torn(position_m),
                 glance.stretched_tiles, self.front.displaced(position_m))
        return np.stack(found) / _LIMITS[:, None]


@dataclass(frozen=True)
class Walk:
    """The findings along one direction.

    ``distances_m`` are those of `DISTANCES_M` that are free, and the last place that is, as far as was looked. From there the
    worst tile is see-through, torn and stretched by the shares 0-1 of those names, and may be displaced by
    ``displaced_rad``; ``spoilt`` says what this amounts to, where 1 is too much. ``surface_m`` is how far the nearest surface
    is (infinite where there is none), ``range_m`` how far one may go, and ``reason`` what ends it.
    """

    name: str
    distances_m: tuple[float, ...]
    see_through: tuple[float, ...]
    torn: tuple[float, ...]
    stretch: tuple[float, ...]
    displaced_rad: tuple[float, ...]
    spoilt: tuple[float, ...]
    surface_m: float
    range_m: float
    reason: Reason


@dataclass(frozen=True)
class Walks:
    """The 14 walks in the order of `NAMES`, and the part of the sphere (0-1) that is open from the capture point.

    ``estimated`` is whether the depth was a model's estimate, so that its errors bound the range.
    """

    walks: tuple[Walk, ...]
    open_at_origin: float
    estimated: bool

    @property
    def range(self) -> WalkingRange:
        """How far you can walk."""
        return WalkingRange(np.array([walk.range_m for walk in self.walks]), LIMITS, self.estimated)


def walking_range(
    gaussians: Gaussians, uncertainty: Uncertainty | None, seen_from: Places = ORIGIN_ALONE, *, progress: Progress = SILENT
) -> WalkingRange:
    """Return how far you can walk in a scene whose depth is wrong by ``uncertainty``, or was measured (None).

    ``seen_from`` are the places of its panoramas, where there are several. It looks at a coarse copy of the scene, and takes a
    second or so for millions of Gaussians.
    """
    return walks(gaussians, uncertainty, seen_from, to_the_end=False, progress=progress).range


def walks(
    gaussians: Gaussians, uncertainty: Uncertainty | None, seen_from: Places = ORIGIN_ALONE, *, clouds: Clouds | None = None,
    to_the_end: bool = True, progress: Progress = SILENT,
) -> Walks:
    """Walk in all 14 directions, each until it fails, or ``to_the_end``; raises `Cancelled`.

    ``clouds`` are the merged ones, if they exist already.
    """
    around = Around.of(gaussians, uncertainty, seen_from, clouds)
    found = []
    with ThreadPoolExecutor(threads()) as pool:
        for walk in pool.map(lambda number: _walk(around, number, to_the_end), range(len(NAMES))):
            found.append(walk)
            progress.report("Walking", len(found), len(NAMES))
    return Walks(tuple(found), around.at_origin.open, uncertainty is not None)


def _walk(around: Around, number: int, to_the_end: bool) -> Walk:
    direction = DIRECTIONS[number]
    surface_m = nearest_surface_m(around.clouds, direction)
    distances_m = stops_m(surface_m)
    found: list[np.ndarray] = []
    for distance_m in distances_m:
        tiles = around.spoilt(number, distance_m)
        found.append(tiles[:, worst_tile(tiles.sum(0), number)])
        if not to_the_end and found[-1].sum() > 1:
            break
    distances_m = distances_m[: len(found)]
    worst = np.array(found).reshape(-1, len(_SPOILS))
    spoilt = np.maximum.accumulate(worst.sum(1))
    range_m, reason = _end(distances_m, spoilt, worst, surface_m)
    if around.at_origin.open > _EMPTY:
        range_m, reason = 0.0, "empty"
    holes, torn, stretch, displaced = (tuple(values) for values in (worst * _LIMITS).T.tolist())
    return Walk(NAMES[number], distances_m, holes, torn, stretch, displaced, tuple(spoilt.tolist()), surface_m, range_m, reason)


def _end(
    distances_m: Sequence[float], spoilt: np.ndarray, worst: np.ndarray, surface_m: float
) -> tuple[float, Reason]:
    """Return how far a walk goes, and what ends it."""
    far_m, free_m = crossing_m(distances_m, spoilt.tolist(), 1.0), max(0.0, surface_m - CLEARANCE_M)
    if far_m < min(free_m, FARTHEST_M):
        return far_m, _SPOILS[int(worst[np.argmax(spoilt > 1)].argmax())]
    return (free_m, "surface") if free_m < FARTHEST_M else (FARTHEST_M, "none")


def stops_m(surface_m: float) -> tuple[float, ...]:
    """Return the `DISTANCES_M` to check: those in front of a surface, and last the nearest allowed distance to it."""
    free_m = min(surface_m - CLEARANCE_M, FARTHEST_M)
    return (*(distance_m for distance_m in DISTANCES_M if distance_m < free_m), free_m) if free_m > 0 else ()


def crossing_m(distances_m: Sequence[float], shares: Sequence[float], limit: float) -> float:
    """Return where shares, which begin with 0 at the capture point, first exceed a limit, else infinity."""
    before_m, before = 0.0, 0.0
    for distance_m, share in zip(distances_m, shares, strict=True):
        if share > limit:
            return before_m + (distance_m - before_m) * (limit - before) / (share - before)
        before_m, before = distance_m, share
    return float("inf")


def nearest_surface_m(clouds: Clouds, direction: Float64[np.ndarray, "3"]) -> float:
    """Return how far a path as wide as a person's shoulders is free, in metres, infinite where nothing stands in it."""
    axis = direction.astype(np.float32)
    near, along = np.empty(len(clouds), np.int64), np.empty(len(clouds), np.float32)
    count = _in_path(clouds.means, axis, near, along)
    order = np.argsort(along[:count], kind="stable")
    near, along = near[order], along[order]
    covered = np.cumsum(_cross_section(clouds, near, axis))
    behind = np.flatnonzero(covered > _COVERED * np.pi * _BODY_M**2)
    return float(along[behind[0]]) if behind.size else float("inf")


@kernel
@no_type_check
def _in_path(means, axis, members, along):
    """Write the numbers of the clouds whose middle lies in the path, and how far along it; return how many these are."""
    count = 0
    for i in range(len(means)):
        x, y, z = means[i]
        ahead = x * axis[0] + y * axis[1] + z * axis[2]
        if not np.float32(0) < ahead < np.float32(FARTHEST_M + 1):
            continue
        x, y, z = x - ahead * axis[0], y - ahead * axis[1], z - ahead * axis[2]
        if x * x + y * y + z * z < _SQUARE:
            members[count], along[count] = i, ahead
            count += 1
    return count


def _cross_section(clouds: Clouds, members: np.ndarray, axis: Float32[np.ndarray, "3"]) -> Float64[np.ndarray, " n"]:
    """Return optical depth times area, in square metres, of clouds as they are seen along an axis."""
    xx, xy, xz, yy, yz, zz = clouds.shape[members].astype(np.float64).T
    x, y, z = axis.astype(np.float64)
    determinant = (x * x * (yy * zz - yz * yz) + y * y * (xx * zz - xz * xz) + z * z * (xx * yy - xy * xy)
                   + 2 * (x * y * (xz * yz - xy * zz) + x * z * (xy * yz - xz * yy) + y * z * (xy * xz - xx * yz)))
    return 2 * np.pi * clouds.strength[members] * np.sqrt(np.maximum(determinant, 0))
