"""Loops of `surface`: inverse distances, and one value of them for each block of pixels."""

from typing import no_type_check

import numpy as np

from spag4d.geometry.one_surface import cut_down, cut_right
from spag4d.kernels import exact_kernel

_NONE = np.float32(0)
"""No surface. Python's own numbers would make float64 of a kernel's arithmetic."""
_LEAST = np.float32(1e-9)
"""1/m: against division by zero."""


@exact_kernel
@no_type_check
def invert(distance, nothing, nearest, farthest, out):
    """Write to ``out`` one over distances, ``farthest`` at most, and zero where there is nothing or it is too near."""
    for row in range(distance.shape[0]):
        for column in range(distance.shape[1]):
            value = distance[row, column]
            inverse = np.float32(1) / min(value, farthest)
            out[row, column] = _NONE if value < nearest or nothing[row, column] else inverse


@exact_kernel
@no_type_check
def reduce_blocks(inverse, stride, level, slant, reach, first, last, out):
    """Write the rings ``first`` ≤ ring < ``last`` of `surface.one_surface_per_block`; up to ``reach`` values are averaged.

    In most blocks all are so close that none is cut off, whichever is the middle one.
    """
    height, width = inverse.shape
    columns = out.shape[1]
    block = np.empty(stride * stride, np.float32)
    for ring in range(first, last):
        top, bottom = ring * stride, min((ring + 1) * stride, height)
        for column in range(columns):
            left = column * width // columns
            low = high = inverse[top, left]
            total, count = _NONE, 0
            for row in range(top, bottom):
                for k in range(left, left + stride):
                    value = inverse[row, k if k < width else k - width]
                    low, high = min(low, value), max(high, value)
                    total += value
                    block[count] = value
                    count += 1
            if high - low > level * low:
                cut = _is_cut(inverse, top, bottom, left, stride, level, slant)
                out[ring, column] = _mean_of_most(block[:count], reach, cut)
            else:
                out[ring, column] = total / count


@exact_kernel
@no_type_check
def _is_cut(inverse, top, bottom, left, stride, level, slant):
    """Return whether any two neighbours in a block must not be averaged."""
    width = inverse.shape[1]
    for row in range(top, bottom):
        for k in range(stride):
            column = (left + k) % width
            if k + 1 < stride and cut_right(inverse, row, column, level, slant):
                return True
            if row + 1 < bottom and cut_down(inverse, row, column, level, slant):
                return True
    return False


@exact_kernel
@no_type_check
def _mean_of_most(block, reach, cut):
    """Return the mean of those near the median; in a block that is cut, of those on its side of the widest gap."""
    ordered = np.sort(block)
    middle = ordered[len(block) // 2]
    farther_side, widest = -_LEAST, -_LEAST
    for k in range(len(block) - 1 if cut else 0):
        gap = (ordered[k + 1] - ordered[k]) / max(ordered[k], _LEAST)
        if gap > widest:
            farther_side, widest = ordered[k], gap
    total, count = _NONE, 0
    for value in block:
        if abs(value - middle) <= reach * middle and (value > farther_side) == (middle > farther_side):
            total += value
            count += 1
    return np.float32(total / count)
