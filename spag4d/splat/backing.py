"""The backing layer: one wide Gaussian behind every 4 × 4 cells, which closes what narrow ones leave open.

Narrow Gaussians are as sharp as the photograph but let the background shine through, wide ones blur. A wide one of the same
colour behind the narrow ones changes next to nothing where they cover, and fills where they do not. It must not show
beside its surface: one that would reach in front of something farther is left out, and its cells are drawn less narrow.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32

from spag4d.geometry.one_surface import tolerance
from spag4d.splat.orient import Patches, Values
from spag4d.splat.sphere_grid import Cells, SphereGrid
from spag4d.splat.surface import InverseMap

BLOCK = 4
"""Cells along each side behind which one backing Gaussian lies: 1/16 as many Gaussians again."""
SD_PITCHES = 0.8
"""Standard deviation in pitches of the backing's own grid."""
_LEAST_BEHIND, _MOST_BEHIND = 0.06, 0.095
"""Nearer, viewers that sort by z put it in front of cells off the axis; farther, it shows beside its surface."""
_BEHIND_CELLS = 5
"""Between the two it is as far behind as the surface recedes over this many cells."""
_TOO_STEEP = 0.15
"""Where it recedes by more, on coarse grids, there is no backing: most of it would be drawn over cells further along."""
_OWN = (-1.5, -0.5, 0.5, 1.5)
"""Where its own cells lie, in cells from its middle."""
_REACH = (-7.5, -4.5, -1.5, 1.5, 4.5, 7.5)
"""Where cells are looked at that it might be drawn over, every third one: edges are longer than that."""
_REACH_RADIUS = 9.0
"""In cells: 2.8 standard deviations of 0.8 × 4 cells, where a Gaussian is down to 2 %."""

Position = Callable[[float, float], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Backing:
    """The backing Gaussians of some rings: ``cells`` of the coarse grid and their ``patches``.

    ``ring`` and ``column`` (16, n) are the centres in the map of the cells in front of each, ``member`` (16, n) marks those
    that belong to its surface.
    """

    cells: Cells
    patches: Patches
    ring: Int32[np.ndarray, "16 n"]
    column: Int32[np.ndarray, "16 n"]
    member: Bool[np.ndarray, "16 n"]


def backing(surface: InverseMap, coarse: SphereGrid, first: int, last: int) -> Backing:
    """Return the backing of the rings ``first`` ≤ ring < ``last`` of the coarse grid."""
    cells = coarse.cells(first, last)
    spread = (surface.columns / (BLOCK * coarse.counts)).astype(np.float32)[cells.ring]
    top = cells.ring * np.int32(BLOCK)
    centre = cells.turn * np.float32(surface.columns)

    def position(down: float, right: float) -> tuple[np.ndarray, np.ndarray]:
        ring = top + np.int32(down + 1.5)
        return ring, np.floor(centre + np.float32(right) * spread).astype(np.int32)

    places = [position(down, right) for down in _OWN for right in _OWN]
    inverse = np.stack([surface.at(ring, column) for ring, column in places])
    middle = np.partition(inverse, 8, axis=0)[8]
    member = (np.abs(inverse - middle) <= tolerance(2 * surface.grid.pitch_rad) * middle) & (middle > 0)
    patches = _behind(inverse, member, surface.grid.pitch_rad)
    steep = _recedes(patches.slope_right, patches.slope_down, surface.grid.pitch_rad) > _TOO_STEEP
    keep = (middle > 0) & ~steep
    if not surface.backdrop:
        keep &= ~_shows(surface, patches, position)
    ring, column = (np.stack(axis)[:, keep] for axis in zip(*places, strict=True))
    kept = Patches(patches.distance[keep], patches.slope_right[keep], patches.slope_down[keep])
    return Backing(cells.where(keep), kept, ring, column, member[:, keep])


def backs_slanted(pitch_rad: float) -> bool:
    """Return whether surfaces that are slanted by 45° get a backing from cells of this size."""
    return 2 * _BEHIND_CELLS * pitch_rad <= _TOO_STEEP


def _behind(inverse: np.ndarray, member: np.ndarray, pitch_rad: float) -> Patches:
    """Return the plane through the members, moved behind the farthest of them."""
    weight = member.astype(np.float32)
    total = np.maximum(weight.sum(0), 1)
    mean = (weight * inverse).sum(0) / total
    offsets = np.array([(right, down) for down in _OWN for right in _OWN], np.float32)

    def slope(offset: np.ndarray) -> Values:
        centred = offset[:, None] - (weight * offset[:, None]).sum(0) / total
        spread = np.maximum((weight * centred**2).sum(0), np.float32(1e-3))
        growth = -(weight * centred * (inverse - mean)).sum(0) / (spread * np.maximum(mean, np.float32(1e-9)))
        return growth / np.float32(pitch_rad)

    right, down = slope(offsets[:, 0]), slope(offsets[:, 1])
    recedes = _recedes(right, down, pitch_rad)
    farthest = np.min(inverse, axis=0, where=member, initial=np.inf)
    return Patches((1 + np.clip(recedes, _LEAST_BEHIND, _MOST_BEHIND)) / farthest, right, down)


def _recedes(slope_right: Values, slope_down: Values, pitch_rad: float) -> Values:
    """Return by what part of its distance a surface may recede within the reach of a backing Gaussian."""
    return np.float32(_BEHIND_CELLS * pitch_rad) * (1 + np.sqrt(slope_right**2 + slope_down**2))


def _shows(surface: InverseMap, patches: Patches, position: Position) -> Bool[np.ndarray, " n"]:
    """Return which backing planes come, within their reach, in front of a surface or of emptiness."""
    shows = np.zeros(patches.distance.shape, bool)
    pitch = np.float32(surface.grid.pitch_rad)
    places = {(down, right) for down in _OWN for right in _OWN}
    places |= {(down, right) for down in _REACH for right in _REACH if np.hypot(down, right) < _REACH_RADIUS}
    for down, right in sorted(places):
        plane = 1 - pitch * (patches.slope_right * np.float32(right) + patches.slope_down * np.float32(down))
        shows |= surface.at(*position(down, right)) * patches.distance < plane
    return shows
