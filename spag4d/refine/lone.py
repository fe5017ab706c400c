"""Pixels that hang alone between two surfaces."""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import pad_sphere
from spag4d.kernels import in_parts, kernel

_ASIDE_PX, _WINDOW_PX = 4, 9
"""Pixels to each side in which the two sides of a lone pixel are sought, and in all."""
_ALIKE, _SIDE = 0.1, 0.25
"""Parts of a gap: values that far apart are the same, and those so near to its ends belong to its sides."""
_SURFACE_PX = 27
"""Of the 81 pixels around, so many alike are a surface of their own."""
_LEAST_GAP, _STEP_SHARE = 0.1, 0.35
"""In log distance; and a gap in which no step takes this part of it is a slant, and stays connected."""
_NOTHING, _FAR, _BETWEEN = np.float32(-1e6), np.float32(1e6), np.float32(1e5)
"""The first marks pixels that are no side: no log distance comes near them, and float32 holds them exactly."""

Values = Float32[np.ndarray, "h w"]
Mask = Bool[np.ndarray, "h w"]


def without_lone(values: Values, band: Mask, inside: Mask) -> Values:
    """Return the values with those in the band that lie between two sides, as lines no wider than a pixel, on the nearer one.

    What is not ``inside`` is no side.
    """
    padded = pad_sphere(np.where(inside, values, _NOTHING), _ASIDE_PX)
    found, lone = values.copy(), band & inside
    in_parts(lambda first, last: _decide(padded, lone, first, last, found), len(values), 64)
    return found


@kernel
@no_type_check
def _decide(padded, lone, first, last, found):
    """Give each pixel that hangs between the two sides around it, and is no surface of its own, to the nearer of them."""
    for row in range(first, last):
        if not lone[row].any():
            continue
        rows = padded[row : row + _WINDOW_PX]
        low, high, steepest = _extremes(rows)
        for column in range(lone.shape[1]):
            here, gap = rows[_ASIDE_PX, column + _ASIDE_PX], high[column] - low[column]
            hangs = min(here - low[column], high[column] - here) > _ALIKE * gap
            if lone[row, column] and hangs and gap >= _LEAST_GAP and steepest[column] >= _STEP_SHARE * gap:
                found[row, column] = _side(rows[:, column : column + _WINDOW_PX], here, low[column], high[column])


@kernel
@no_type_check
def _extremes(rows):
    """Return the least and the greatest value and the largest step in the window around each pixel of the middle row.

    First those of each column and of the step to the next one, then those of nine together.
    """
    low, high, down, right = np.zeros((4, rows.shape[1]), np.float32)
    for column in range(len(low)):
        least, most, steep = _FAR, _NOTHING, np.float32(0)
        for row in range(_WINDOW_PX):
            value = rows[row, column]
            least, most = min(least, value if value > _NOTHING else _FAR), max(most, value)
            step = abs(rows[max(row, 1) - 1, column] - value)
            steep = max(steep, step if step < _BETWEEN else np.float32(0))
        low[column], high[column], down[column] = least, most, steep
    for column in range(len(low) - 1):
        steep = np.float32(0)
        for row in range(_WINDOW_PX):
            step = abs(rows[row, column + 1] - rows[row, column])
            steep = max(steep, step if step < _BETWEEN else np.float32(0))
        right[column] = steep
    lows, highs, steepest = np.empty((3, len(low) - _WINDOW_PX + 1), np.float32)
    for column in range(len(lows)):
        least, most, steep = low[column], high[column], down[column]
        for k in range(1, _WINDOW_PX):
            least, most = min(least, low[column + k]), max(most, high[column + k])
            steep = max(steep, max(down[column + k], right[column + k - 1]))
        lows[column], highs[column], steepest[column] = least, most, steep
    return lows, highs, steepest


@kernel
@no_type_check
def _side(around, here, low, high):
    """Return the mean of the nearer side, or the value itself where it is a surface."""
    below = above = np.float32(0)
    alike = fewer = more = 0
    for value in around.flat:
        if value == _NOTHING:
            continue
        alike += abs(value - here) < _ALIKE * (high - low)
        if value - low < _SIDE * (high - low):
            below += value
            fewer += 1
        elif high - value < _SIDE * (high - low):
            above += value
            more += 1
    if alike > _SURFACE_PX:
        return here
    below, above = below / fewer, above / more
    return below if 2 * here < below + above else above
