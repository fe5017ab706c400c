"""Values between two surfaces are given to one of them, along lines of the picture.

Least weighted total variation: of all ways to fill a band between what lies on both sides of it, the one whose steps have the
least length in sum, where length across an edge of the picture counts little. Its steps are the shortest lines that follow
such edges: smooth, closed or ending where the two sides meet, and without islands smaller than they are worth. Where the
picture has no edge, no line is better than another, and a weak pull towards what was given keeps the surface connected.
(Chan, Esedoglu and Nikolova, Algorithms for finding global minimizers, 2006; solved as Chambolle and Pock, 2011.)
"""

from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import crop_sphere, pad_sphere, row_elevations_rad
from spag4d.kernels import kernel

_STEP, _DUAL_STEP, _BEYOND = 0.3, 0.41, 1.8
"""The product of the steps must be below 1/8; going beyond each by up to twice as far needs half as many rounds."""
_ROUNDS = 120
"""With 300 the errors around edges are the same within 5 %."""
_NOISE = 0.03
"""Colours nearer than this (sRGB 0-1) count as equal."""
_UNUSUAL = 3.0
"""A border is a line of the picture where colours differ by so many times as much as around it."""
_LEAST_LENGTH = 0.02
"""Of a border's usual cost: along the clearest line a border is nearly free, but not quite, or it would take detours."""
_ASIDE_PX = 4
"""Pixels to each side in which the two sides of a lone pixel are sought: a window of 9 × 9, see `_SURFACE_PX`."""
_ALIKE, _SIDE = 0.1, 0.25
"""Parts of a gap: values that far apart are the same, and those so near to its ends belong to its sides."""
_SURFACE_PX = 27
"""Of the 81 pixels around, so many alike are a surface of their own."""
_LEAST_GAP, _STEP_SHARE = 0.1, 0.35
"""In log distance; and a gap in which no step takes this part of it is a slant, and stays connected."""
_NOTHING = -1e6
"""Marks pixels that are no side; no log distance comes near it, and float32 holds it exactly."""

Values = Float32[np.ndarray, "h w"]
Mask = Bool[np.ndarray, "h w"]


def line_lengths(rgb: Float32[np.ndarray, "h w 3"], known: Mask, reach: int) -> tuple[Values, Values]:
    """Return the cost of a border between each pixel and its right neighbour, around the seam, and the one below.

    A pixel's length at the horizon is 1 where the colours are alike, and little where they differ by much more than is usual
    within ``reach`` pixels: a line on grass needs more contrast than one on a wall. Below the last row, and beside what is not
    ``known``, there is nothing.
    """
    height = len(rgb)
    right, down = parted((_apart(rgb, 1), _apart(rgb, 0)), known)
    usual = crop_sphere(cv2.blur(pad_sphere(right + down, reach), (2 * reach + 1, 2 * reach + 1)), reach) / 2
    distinct = np.float32(_NOISE) + np.float32(_UNUSUAL) * usual
    right, down = (np.maximum(np.exp(-((apart / distinct) ** 2)), np.float32(_LEAST_LENGTH)) for apart in (right, down))
    down *= np.cos(row_elevations_rad(height) - np.pi / height / 2).astype(np.float32)[:, None]
    down[-1] = 0
    return parted((right, down), known)


def _apart(rgb: np.ndarray, axis: int) -> np.ndarray:
    """Return by how much the colours of neighbours differ, together with those around them, as lines may be blurred."""
    before, here, there, after = (np.roll(rgb, -k, axis) for k in (-1, 0, 1, 2))
    return (np.sqrt(((there - here) ** 2).sum(-1)) + np.sqrt(((after - before) ** 2).sum(-1))) / 2


def parted(lengths: tuple[Values, Values], inside: Mask) -> tuple[Values, Values]:
    """Return the lengths with 0 between what is ``inside`` and what is not, and between what is not."""
    right, down = lengths
    return right * (inside & np.roll(inside, -1, 1)), down * (inside & np.roll(inside, -1, 0))


def straightened(values: Values, band: Mask, pull: Values, lengths: tuple[Values, Values]) -> Values:
    """Return the values with those in the band replaced; ``pull`` is the cost of changing a pixel by 1.

    ``lengths`` are those of `line_lengths`, 0 where two pixels are not neighbours on one surface.
    """
    height, width = band.shape
    found = _with_margin(values)
    pull = pull * np.cos(row_elevations_rad(height)).astype(np.float32)[:, None]
    linked = band | np.roll(band, -1, 1)
    linked[:-1] |= band[1:]
    _solve(found.copy(), _with_margin(pull), _with_margin(lengths[0]), _with_margin(lengths[1]), _runs(band), _runs(linked),
           found)
    return found[1:-1, 1:-1]


def without_lone(values: Values, band: Mask, inside: Mask) -> Values:
    """Return the values with those in the band that lie between two sides, as lines no wider than a pixel, on the nearer one.

    What is not ``inside`` is no side.
    """
    padded = pad_sphere(np.where(inside, values, np.float32(_NOTHING)), _ASIDE_PX)
    row, column = np.nonzero(band & inside)
    found = values.copy()
    found[row, column] = _decided(padded, row, column)
    return found


def _with_margin(values: np.ndarray) -> np.ndarray:
    padded = np.zeros((values.shape[0] + 2, values.shape[1] + 2), np.float32)
    padded[1:-1] = np.pad(values, ((0, 0), (1, 1)), "wrap")
    return padded


def _runs(mask: np.ndarray) -> np.ndarray:
    """Return row, first and last column + 1 (n, 3) of the runs of a mask, with its margin counted."""
    step = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    row, first = np.nonzero(step == 1)
    return np.stack([row + 1, first + 1, np.nonzero(step == -1)[1] + 1], -1)


@kernel
@no_type_check
def _solve(given, pull, length_right, length_down, runs, links, found):
    width = given.shape[1] - 2
    step, dual, one, zero = np.float32(_STEP), np.float32(_DUAL_STEP), np.float32(1), np.float32(0)
    beyond = np.float32(_BEYOND)
    ahead, across, along = found.copy(), np.zeros_like(found), np.zeros_like(found)
    for _ in range(_ROUNDS):
        for k in range(len(links)):
            row, first, last = links[k]
            for i in range(first, last):
                x = across[row, i] + dual * length_right[row, i] * (ahead[row, i + 1] - ahead[row, i])
                y = along[row, i] + dual * length_down[row, i] * (ahead[row + 1, i] - ahead[row, i])
                shorter = one / np.sqrt(max(x * x + y * y, one))
                across[row, i] += beyond * (x * shorter - across[row, i])
                along[row, i] += beyond * (y * shorter - along[row, i])
            if last == width + 1:
                across[row, 0] = across[row, width]
        for k in range(len(runs)):
            row, first, last = runs[k]
            for i in range(first, last):
                force = length_right[row, i - 1] * across[row, i - 1] - length_right[row, i] * across[row, i]
                force += length_down[row - 1, i] * along[row - 1, i] - length_down[row, i] * along[row, i]
                off = found[row, i] - step * force - given[row, i]
                limit = step * pull[row, i]
                new = given[row, i] + max(off - limit, zero) + min(off + limit, zero)
                ahead[row, i] = 2 * new - found[row, i]
                found[row, i] += beyond * (new - found[row, i])
            if first == 1:
                ahead[row, width + 1] = ahead[row, 1]


@kernel
@no_type_check
def _decided(values, rows, columns):
    """Give each pixel that hangs between the two sides around it, and is no surface of its own, to the nearer of them."""
    found = np.empty(len(rows), np.float32)
    for k in range(len(rows)):
        around = values[rows[k] : rows[k] + 2 * _ASIDE_PX + 1, columns[k] : columns[k] + 2 * _ASIDE_PX + 1]
        here = around[_ASIDE_PX, _ASIDE_PX]
        found[k] = here
        low, high, steepest = _range_of(around)
        gap = high - low
        hangs = min(here - low, high - here) > _ALIKE * gap
        if gap < _LEAST_GAP or not hangs or steepest < _STEP_SHARE * gap:
            continue
        below = above = np.float32(0)
        alike = fewer = more = 0
        for value in around.flat:
            if value == _NOTHING:
                continue
            alike += abs(value - here) < _ALIKE * gap
            if value - low < _SIDE * gap:
                below += value
                fewer += 1
            elif high - value < _SIDE * gap:
                above += value
                more += 1
        if alike <= _SURFACE_PX:
            below, above = below / fewer, above / more
            found[k] = below if 2 * here < below + above else above
    return found


@kernel
@no_type_check
def _range_of(around):
    """Return the least and the greatest value, and the largest step between neighbours."""
    low, high, steepest = np.float32(np.inf), np.float32(-np.inf), np.float32(0)
    size = len(around)
    for y in range(size):
        for x in range(size):
            here = around[y, x]
            if here == _NOTHING:
                continue
            low, high = min(low, here), max(high, here)
            if x + 1 < size and around[y, x + 1] != _NOTHING:
                steepest = max(steepest, abs(around[y, x + 1] - here))
            if y + 1 < size and around[y + 1, x] != _NOTHING:
                steepest = max(steepest, abs(around[y + 1, x] - here))
    return low, high, steepest
