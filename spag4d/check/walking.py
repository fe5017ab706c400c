"""The walking range: how far from the capture point a scene holds, and why not farther.

A person who steps aside meets three things. Holes open, behind objects and beside them; surfaces that the camera saw at a
slant are drawn out; and walls stand in the way. *See-through* is the part of the sphere that is open (alpha below one
half) from a place, less what is open from the capture point, so that a sky without a dome or a missing floor is no hole.
*Stretch* is the part of what is seen whose Gaussians look `STRETCHED` times longer, against their width, than
from the capture point.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.check.glance import RINGS, look_around, own_aspects
from spag4d.check.merge import Clouds, merged
from spag4d.check.walking_range import DIRECTIONS, FARTHEST_M, NAMES, WalkingRange
from spag4d.data import Gaussians
from spag4d.progress import SILENT, Progress

DISTANCES_M = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, FARTHEST_M)
SEE_THROUGH = 0.005
STRETCH = 0.02
CLEARANCE_M = 0.15
_BODY_M = 0.15
"""Radius of the path that has to be free."""
_COVERED = 0.35
"""Optical depth, as a mean over the path's cross-section, that counts as a surface: what covers a third of it."""

_EMPTY = 0.99
"""Where more of the sphere than this is open from the capture point there is no scene to walk in."""

Reason = Literal["holes", "stretch", "surface", "none", "empty"]


@dataclass(frozen=True)
class Walk:
    """What was found along one direction.

    ``see_through`` and ``stretch`` are shares 0–1 at ``distances_m``, which are those of `DISTANCES_M` that are free, and the
    last place that is, as far as was looked. ``surface_m`` is how far the nearest surface is (infinite where there is none),
    ``range_m`` how far one may go, and ``reason`` what ends it.
    """

    name: str
    distances_m: tuple[float, ...]
    see_through: tuple[float, ...]
    stretch: tuple[float, ...]
    surface_m: float
    range_m: float
    reason: Reason


@dataclass(frozen=True)
class Walks:
    """The 14 walks in the order of `NAMES`, and the part of the sphere (0–1) that is open from the capture point."""

    walks: tuple[Walk, ...]
    open_at_origin: float

    @property
    def range(self) -> WalkingRange:
        """How far one may walk."""
        return WalkingRange(np.array([walk.range_m for walk in self.walks]), SEE_THROUGH, STRETCH, CLEARANCE_M)


def walking_range(gaussians: Gaussians, *, progress: Progress = SILENT) -> WalkingRange:
    """Return how far one may walk, from a coarse copy of the scene; within a second or so for millions of Gaussians."""
    return walks(merged(gaussians), to_the_end=False, progress=progress).range


def walks(clouds: Clouds, *, to_the_end: bool = True, rings: int = RINGS, progress: Progress = SILENT) -> Walks:
    """Walk in all 14 directions, each until it fails, or ``to_the_end``; raises `Cancelled`."""
    aspects = own_aspects(clouds)
    open_at_origin = look_around(clouds, aspects, np.zeros(3), rings).open

    def go(number: int) -> Walk:
        return _walk(clouds, aspects, number, open_at_origin, to_the_end, rings)

    found = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for walk in pool.map(go, range(len(NAMES))):
            found.append(walk)
            progress.report("Walking", len(found), len(NAMES))
    return Walks(tuple(found), open_at_origin)


def _walk(
    clouds: Clouds, aspects: Float32[np.ndarray, " n"], number: int, open_at_origin: float, to_the_end: bool, rings: int
) -> Walk:
    direction = DIRECTIONS[number]
    surface_m = nearest_surface_m(clouds, direction)
    distances_m = stops_m(surface_m)
    see_through: list[float] = []
    stretch: list[float] = []
    for distance_m in distances_m:
        glance = look_around(clouds, aspects, direction * distance_m, rings)
        see_through.append(max(0.0, glance.open - open_at_origin))
        stretch.append(glance.stretched)
        if not to_the_end and (see_through[-1] > SEE_THROUGH or stretch[-1] > STRETCH):
            break
    distances_m = distances_m[: len(stretch)]
    ends: list[tuple[float, Reason]] = [
        (FARTHEST_M, "none"),
        (crossing_m(distances_m, see_through, SEE_THROUGH), "holes"),
        (crossing_m(distances_m, stretch, STRETCH), "stretch"),
        (max(0.0, surface_m - CLEARANCE_M), "surface"),
    ]
    range_m, reason = (0.0, "empty") if open_at_origin > _EMPTY else min(ends, key=lambda end: end[0])
    return Walk(NAMES[number], distances_m, tuple(see_through), tuple(stretch), surface_m, range_m, reason)


def stops_m(surface_m: float) -> tuple[float, ...]:
    """Return at which of `DISTANCES_M` there is something to see: before a surface, and last as near to it as one may come."""
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
    along = clouds.means @ axis
    aside = np.linalg.norm(clouds.means - along[:, None] * axis, axis=1)
    near = np.flatnonzero((along > 0) & (along < FARTHEST_M + 1) & (aside < _BODY_M))
    near = near[np.argsort(along[near], kind="stable")]
    covered = np.cumsum(_cross_section(clouds, near, axis))
    behind = np.flatnonzero(covered > _COVERED * np.pi * _BODY_M**2)
    return float(along[near[behind[0]]]) if behind.size else float("inf")


def _cross_section(clouds: Clouds, members: np.ndarray, axis: Float32[np.ndarray, "3"]) -> Float64[np.ndarray, " n"]:
    """Return optical depth times area, in square metres, of clouds as they are seen along an axis."""
    xx, xy, xz, yy, yz, zz = clouds.shape[members].astype(np.float64).T
    x, y, z = axis.astype(np.float64)
    determinant = (x * x * (yy * zz - yz * yz) + y * y * (xx * zz - xz * xz) + z * z * (xx * yy - xy * xy)
                   + 2 * (x * y * (xz * yz - xy * zz) + x * z * (xy * yz - xz * yy) + y * z * (xy * xz - xx * yz)))
    return 2 * np.pi * clouds.strength[members] * np.sqrt(np.maximum(determinant, 0))
