"""Loops of `surface`: inverse distances, one value of them for each block of pixels, and the slopes between these."""

from typing import no_type_check

import numpy as np

from spag4d.geometry.one_surface import cut_down, cut_right, joins
from spag4d.kernels import exact_kernel

_NONE = np.float32(0)
"""No surface. Python's own numbers would make float64 of a kernel's arithmetic."""
_LEAST = np.float32(1e-9)
"""1/m: against division by zero."""
_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1), np.float32(2)
_LARGEST_TANGENT = np.float32(16)
"""Of a slope inside a surface, 86° from face on: a Gaussian is not drawn out by more than that."""
_LARGEST_TANGENT_AT_EDGE = np.float32(4)
_LEAST_TANGENT = np.float32(1e-6)
"""Against division by zero."""


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
                    value = inverse[row, k if k < width else k % width]
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


@exact_kernel
@no_type_check
def value_at(inverse, ring, column):
    """Return a value of a map up to a turn aside, and beyond a pole, where a column goes on at the other side of the turn."""
    rings, columns = inverse.shape
    if ring < 0 or ring >= rings:
        ring = min(max(-1 - ring if ring < 0 else 2 * rings - 1 - ring, 0), rings - 1)
        column += columns // 2
    if column < 0:
        column += columns
    while column >= columns:
        column -= columns
    return inverse[ring, column]


@exact_kernel
@no_type_check
def mark_occupied(inverse, ring, turn, out):
    """Write which cells hold a surface."""
    columns = np.float32(inverse.shape[1])
    for k in range(len(ring)):
        out[k] = inverse[ring[k], int(turn[k] * columns)] > 0


@exact_kernel
@no_type_check
def find_slopes(inverse, cells, steps, rings, out):
    """Write distance and slopes, the three arrays of ``out``, of the surface in cells; see `surface.patches_at`.

    ``cells`` are ring and turn. For each ring there are the ``steps`` in columns to a neighbour and, in ``rings``, the angle
    of a column, that to a neighbour, what is level and what a slant over that, and the same three down (rings, 7).
    """
    columns = np.float32(inverse.shape[1])
    for g in range(len(cells[0])):
        ring, turn = cells[0][g], cells[1][g]
        place = turn * columns
        column, step = int(place), steps[ring]
        centre = inverse[ring, column]
        line = (value_at(inverse, ring, column - 2 * step), value_at(inverse, ring, column - step),
                value_at(inverse, ring, column + step), value_at(inverse, ring, column + 2 * step))
        right, whole_right = _slope(centre, line, rings[ring, 1], rings[ring, 2], rings[ring, 3])
        line = (value_at(inverse, ring - 2, column), value_at(inverse, ring - 1, column),
                value_at(inverse, ring + 1, column), value_at(inverse, ring + 2, column))
        down, whole_down = _slope(centre, line, rings[ring, 4], rings[ring, 5], rings[ring, 6])
        limit = _LARGEST_TANGENT if whole_right and whole_down else _LARGEST_TANGENT_AT_EDGE
        shrink = min(_ONE, limit / max(np.sqrt(right * right + down * down), _LEAST_TANGENT))
        right, down = right * shrink, down * shrink
        offset = (place - np.float32(column) - _HALF) * rings[ring, 0]
        out[0][g] = _ONE / (centre * min(max(_ONE - right * offset, _HALF), _TWO))
        out[1][g], out[2][g] = right, down


@exact_kernel
@no_type_check
def _slope(centre, line, step_rad, level, slant):
    """Return the growth of log distance per radian along four neighbours (at -2, -1, 1, 2), and whether both sides join."""
    before2, before, after, after2 = line
    behind, ahead = centre - before, after - centre
    joined_behind = joins(behind, before - before2, ahead, min(centre, before), level, slant)
    joined_ahead = joins(ahead, behind, after2 - after, min(centre, after), level, slant)
    rise = (behind if joined_behind else _NONE) + (ahead if joined_ahead else _NONE)
    sides = _TWO if joined_behind and joined_ahead else _ONE
    return -rise / (sides * centre * step_rad), joined_behind and joined_ahead


@exact_kernel
@no_type_check
def least_behind(cells, behind, coarse, rows, coarse_rows, parts, out):
    """Write the least of ``behind``, values of cells of a ``coarse`` grid, over each cell of another grid.

    ``cells`` are ring and turn, and ``rows`` the rows of the picture in such a ring and in all. ``coarse`` are starts and
    counts of its rings of ``coarse_rows``, counted from where ``behind`` starts; ``parts`` (rings) is how many coarse cells
    a cell covers each way, and the width of one of these as a part of the turn.
    """
    starts, counts = coarse
    size, height = rows
    number, widths = parts
    for g in range(len(cells[0])):
        ring, turn = cells[0][g], cells[1][g]
        least = np.float32(np.inf)
        for down in range(number):
            below = min(ring * size + down * coarse_rows, height - 1) // coarse_rows
            for right in range(number):
                there = turn + np.float32((right + _HALF) - _HALF * number) * widths[ring]
                if there < 0:
                    there += _ONE
                elif there >= 1:
                    there -= _ONE
                least = min(least, behind[starts[below] + int(there * np.float32(counts[below]))])
        out[g] = least
