"""The backing layer: one wide Gaussian behind every 4 × 4 cells, which closes what narrow ones leave open.

Narrow Gaussians are as sharp as the photograph but let the background shine through, wide ones blur. A wide one of the same
colour behind the narrow ones changes next to nothing where they cover, and fills where they do not. It must not show
beside its surface: one that would reach in front of something farther is left out, and its cells are drawn less narrow.
"""

import math
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, UInt16

from spag4d.geometry.one_surface import tolerance
from spag4d.kernels import exact_kernel
from spag4d.splat.light_kernels import area_sum, write_mean
from spag4d.splat.orient import Patches
from spag4d.splat.sphere_grid import Cells, SphereGrid
from spag4d.splat.surface import InverseMap
from spag4d.splat.surface_kernels import value_at

BLOCK = 4
"""Cells along each side behind which one backing Gaussian lies: 1/16 as many Gaussians again."""
SD_PITCHES = 0.8
"""Standard deviation in pitches of the backing's own grid."""
_LEAST_BEHIND, _MOST_BEHIND = np.float32(0.06), np.float32(0.095)
"""Nearer, viewers that sort by z put it in front of cells off the axis; farther, it shows beside its surface."""
_BEHIND_CELLS = 5
"""Between the two it is as far behind as the surface recedes over this many cells."""
_TOO_STEEP = 0.15
"""Where it recedes by more, on coarse grids, there is no backing: most of it would be drawn over cells further along."""
_OWN = tuple(np.float32(cells) for cells in (-1.5, -0.5, 0.5, 1.5))
"""Where its own cells lie, in cells from its middle."""
_REACH = (-7.5, -4.5, -1.5, 1.5, 4.5, 7.5)
"""Where cells are looked at that it might be drawn over, every third one: edges are longer than that."""
_REACH_RADIUS = 9.0
"""In cells: 2.8 standard deviations of 0.8 × 4 cells, where a Gaussian is down to 2 %."""

_PLACES = np.array(sorted({(down, right) for down in _OWN for right in _OWN} | {
    (down, right) for down in _REACH for right in _REACH if np.hypot(down, right) < _REACH_RADIUS}), np.float32)
"""All of these, down and right."""
_ZERO, _ONE = np.float32(0), np.float32(1)
"""Python's own numbers would make float64 of a kernel's arithmetic."""
_LEAST, _LEAST_SPREAD = np.float32(1e-9), np.float32(1e-3)
"""1/m, and cells²: against division by zero."""


@dataclass(frozen=True)
class Backing:
    """The backing Gaussians of some rings: ``cells`` of the coarse grid and their ``patches``.

    A bit of ``members`` is set for each of the 16 cells in front, row by row, that belongs to the surface; see `own_column`.
    """

    cells: Cells
    patches: Patches
    members: UInt16[np.ndarray, " n"]


def backing(surface: InverseMap, coarse: SphereGrid, first: int, last: int) -> Backing:
    """Return the backing of the rings ``first`` ≤ ring < ``last`` of the coarse grid."""
    cells = coarse.cells(first, last)
    patches = Patches(*(np.empty(len(cells), np.float32) for _ in range(3)))
    members, keep = np.empty(len(cells), np.uint16), np.empty(len(cells), bool)
    angles = np.array([_BEHIND_CELLS, 1, tolerance(2 * surface.grid.pitch_rad)], np.float32)
    angles[:2] *= surface.grid.pitch_rad
    places, spread = (cells.ring, cells.turn), spread_of(coarse, surface.columns)
    fields = patches.distance, patches.slope_right, patches.slope_down, members, keep
    _find_backing(surface.inverse, places, spread, angles, not surface.backdrop, fields)
    kept = Patches(patches.distance[keep], patches.slope_right[keep], patches.slope_down[keep])
    return Backing(cells.where(keep), kept, members[keep])


def spread_of(coarse: SphereGrid, columns: int) -> Float32[np.ndarray, " rings"]:
    """Return how many columns of a map lie between two cells in front of the Gaussians of each ring."""
    return (columns / (BLOCK * coarse.counts)).astype(np.float32)


def backs_slanted(pitch_rad: float) -> bool:
    """Return whether surfaces that are slanted by 45° get a backing from cells of this size."""
    return 2 * _BEHIND_CELLS * pitch_rad <= _TOO_STEEP


@exact_kernel
@no_type_check
def own_column(turn, right, spread, columns):
    """Return the column of a map, up to a turn aside, that lies ``right`` cells from a position."""
    return int(math.floor(turn * np.float32(columns) + right * spread))


@exact_kernel
@no_type_check
def _find_backing(inverse, cells, spread, angles, hides, out):
    """Write distance, slopes, members and whether to keep it, the arrays of ``out``, for the backing of each cell.

    ``angles`` are the reach and the pitch in radians and the part by which inverse distances of members differ. What ``hides``
    may not come in front of other surfaces.
    """
    distance, slope_right, slope_down, members, keep = out
    columns = inverse.shape[1]
    values, ordered = np.empty(BLOCK * BLOCK, np.float32), np.empty(BLOCK * BLOCK, np.float32)
    for g in range(len(keep)):
        ring, turn = cells[0][g], cells[1][g]
        for k in range(BLOCK * BLOCK):
            column = own_column(turn, _OWN[k % BLOCK], spread[ring], columns)
            values[k] = value_at(inverse, ring * BLOCK + k // BLOCK, column)
        middle = _middle(values, ordered)
        keep[g] = False
        if not middle > 0:
            continue
        right, down, farthest, members[g] = _plane(values, middle, angles)
        recedes = angles[0] * (_ONE + math.sqrt(right * right + down * down))
        if recedes > np.float32(_TOO_STEEP):
            continue
        distance[g] = (_ONE + min(max(recedes, _LEAST_BEHIND), _MOST_BEHIND)) / farthest
        slope_right[g], slope_down[g] = right, down
        keep[g] = not hides or not _shows(inverse, ring, turn, spread[ring], angles[1], distance[g], right, down)


@exact_kernel
@no_type_check
def _middle(values, ordered):
    """Return the upper median of the values, found by putting them in order."""
    for k in range(len(values)):
        value, at = values[k], k
        while at > 0 and ordered[at - 1] > value:
            ordered[at] = ordered[at - 1]
            at -= 1
        ordered[at] = value
    return ordered[len(values) // 2]


@exact_kernel
@no_type_check
def _plane(values, middle, angles):
    """Return slopes and farthest of the plane through the members, which are near the middle value, and their bits."""
    bits, number = 0, _ZERO
    total = right = down = _ZERO
    farthest = np.float32(np.inf)
    for k in range(len(values)):
        if abs(values[k] - middle) <= angles[2] * middle:
            bits |= 1 << k
            number += _ONE
            total += values[k]
            right += _OWN[k % BLOCK]
            down += _OWN[k // BLOCK]
            farthest = min(farthest, values[k])
    mean, right, down = total / number, right / number, down / number
    spread_right = spread_down = rise_right = rise_down = _ZERO
    for k in range(len(values)):
        if bits >> k & 1:
            aside, below, rise = _OWN[k % BLOCK] - right, _OWN[k // BLOCK] - down, values[k] - mean
            spread_right += aside * aside
            spread_down += below * below
            rise_right += aside * rise
            rise_down += below * rise
    per_rad = _ONE / (max(mean, _LEAST) * angles[1])
    slope_right = -rise_right / max(spread_right, _LEAST_SPREAD) * per_rad
    return slope_right, -rise_down / max(spread_down, _LEAST_SPREAD) * per_rad, farthest, bits


@exact_kernel
@no_type_check
def _shows(inverse, ring, turn, spread, pitch, distance, slope_right, slope_down):
    """Return whether a backing plane comes, within its reach, in front of a surface or of emptiness."""
    for k in range(len(_PLACES)):
        down, right = _PLACES[k]
        plane = _ONE - pitch * (slope_right * right + slope_down * down)
        column = own_column(turn, right, spread, inverse.shape[1])
        if value_at(inverse, ring * BLOCK + int(down + 1.5), column) * distance < plane:
            return True
    return False


@exact_kernel
@no_type_check
def member_colors(light, first_ring, rows_per_ring, columns, back, out):
    """Write the sRGB of the mean light of the members of each backing Gaussian.

    They are cells of a map of so many columns whose rings have so many rows; ``first_ring`` is where ``light`` begins.
    ``back`` are ring, turn, `spread_of` its ring, and members.
    """
    rows, width = light.shape[0], light.shape[1]
    last = (rows - 1) // rows_per_ring  # what lies beyond the nadir has the colours before it
    for g in range(len(back[0])):
        red = green = blue = weight = _ZERO
        for k in range(BLOCK * BLOCK):
            if back[3][g] >> k & 1:
                top = min(back[0][g] * BLOCK + k // BLOCK - first_ring, last) * rows_per_ring
                column = own_column(back[1][g], _OWN[k % BLOCK], back[2][back[0][g]], columns) % columns
                left, right = column * width / columns, (column + 1) * width / columns
                some = area_sum(light, top, min(top + rows_per_ring, rows), left, right)
                red, green, blue, weight = red + some[0], green + some[1], blue + some[2], weight + some[3]
        write_mean(red, green, blue, weight, out, g)
