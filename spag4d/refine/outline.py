"""Values between two surfaces are given to one of them, along lines of the picture.

Least weighted total variation: of all ways to fill a band between what lies on both sides of it, the one whose steps have the
least length in sum, where length across an edge of the picture counts little. Its steps are the shortest lines that follow
such edges: smooth, closed or ending where the two sides meet, and without islands smaller than they are worth. Where the
picture has no edge, no line is better than another, and a weak pull towards what was given keeps the surface connected.
(Chan, Esedoglu and Nikolova, Algorithms for finding global minimizers, 2006; solved as Chambolle and Pock, 2011.)

Only the blocks of 16 pixels count that hold some of the band. A round changes a row by the one above and the one below, so the
next round can follow one row behind: many of them pass over a row while it is in the cache.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import row_elevations_rad
from spag4d.kernels import kernel
from spag4d.refine.lines import Lines, border_length

_STEP, _DUAL_STEP, _BEYOND = np.float32(0.3), np.float32(0.41), np.float32(1.8)
"""The product of the steps must be below 1/8; going beyond each by up to twice as far needs half as many rounds."""
_ROUNDS = 120
"""With 300 the errors around edges are the same within 5 %."""
_TOGETHER = 20
"""Rounds that follow each other: the blocks of so many rows take 300 kB."""
_FIXED = np.float32(1e30)
"""The cost of changing what is not in the band."""
_PX = 16
"""Pixels of a block: two vectors of AVX. Bands are wider, so few of its pixels are not in one."""

_AHEAD, _RIGHTWARD, _ACROSS, _ALONG, _FOUND, _DOWNWARD, _GIVEN, _RIGHT, _DOWN, _LIMIT = (
    0, 32, 48, 64, 80, 96, 112, 128, 144, 160)
_SIZE = 176
"""Where a block's fields begin: in one array, so that the compiler knows that they do not overlap. Behind ``_AHEAD`` stands
that of the next pixel, before ``_RIGHTWARD`` that of the one before."""
_LENT, _HELD = 1, 2
"""A block above or below one that has pixels in or beside the band, and such a block."""

Values = Float32[np.ndarray, "h w"]
Mask = Bool[np.ndarray, "h w"]


def straightened(values: Values, band: Mask, pull: Values, lines: Lines, inside: Mask) -> Values:
    """Return the values with those in the band replaced; ``pull`` is the cost of changing a pixel by 1.

    Beside what is not ``inside`` there is no border.
    """
    height, width = band.shape
    kind = _blocks_at(band)
    number = np.cumsum(kind > 0, dtype=np.int32).reshape(kind.shape) - 1
    blocks = np.zeros((int(number[-1, -1]) + 1, _SIZE), np.float32)
    middle_rad = row_elevations_rad(height)
    narrowing = np.cos([middle_rad, middle_rad - np.pi / height / 2]).astype(np.float32)
    _fill(blocks, kind, number, values, band, pull, inside, (lines.right, lines.down, lines.usual), narrowing)
    _solve(blocks, *_runs(kind, number), (width - 1) % _PX + 1)
    found = values.copy()
    _put_back(blocks, kind, number, band, found)
    return found


@kernel
@no_type_check
def _blocks_at(band):
    """Return which blocks are `_HELD` or `_LENT`, with a row above and one below."""
    height, width = band.shape
    across = (width + _PX - 1) // _PX
    kind = np.zeros((height + 2, across), np.uint8)
    for row in range(height):
        for block in range(across):
            for column in range(block * _PX, min(block * _PX + _PX, width)):
                if band[row, column]:
                    kind[row + 1, block] = kind[max(row, 1), block] = _HELD
                    if column == block * _PX:
                        kind[row + 1, block - 1] = _HELD
    for row in range(1, height + 1):
        for block in range(across):
            if kind[row, block] == _HELD:
                kind[row - 1, block] = max(kind[row - 1, block], _LENT)
                kind[row + 1, block] = max(kind[row + 1, block], _LENT)
    return kind


@kernel
@no_type_check
def _fill(blocks, kind, number, values, band, pull, inside, lines, narrowing):
    """Copy what is known of the pixels; ``narrowing`` is the width of each row and of the border below it."""
    height, width = band.shape
    apart_right, apart_down, usual = lines
    for row in range(height):
        for index in range(kind.shape[1]):
            if not kind[row + 1, index]:
                continue
            block, first = blocks[number[row + 1, index]], index * _PX
            block[_LIMIT : _LIMIT + _PX] = _FIXED
            for k in range(min(_PX, width - first)):
                column, right = first + k, (first + k + 1) % width
                block[_AHEAD + k] = block[_FOUND + k] = block[_GIVEN + k] = values[row, column]
                block[_AHEAD + k + 1] = values[row, right]
                if band[row, column]:
                    block[_LIMIT + k] = _STEP * pull[row, column] * narrowing[0, row]
                if inside[row, column] and inside[row, right]:
                    block[_RIGHT + k] = border_length(apart_right[row, column], usual[row, column])
                if row + 1 < height and inside[row, column] and inside[row + 1, column]:
                    block[_DOWN + k] = border_length(apart_down[row, column], usual[row, column]) * narrowing[1, row]


@kernel
@no_type_check
def _runs(kind, number):
    """Return each run of `_HELD` blocks as the numbers of the first, of those above and below it, and how many they are.

    Each row's first run, and whether its first and its last block meet at the seam, come with them.
    """
    height, across = kind.shape[0] - 2, kind.shape[1]
    runs = np.empty((number[-1, -1] + 1, 4), np.int64)
    starts, seam = np.zeros(height + 1, np.int64), np.zeros(height, np.bool_)
    count = 0
    for row in range(1, height + 1):
        for block in range(across):
            if kind[row, block] == _HELD:
                if block == 0 or kind[row, block - 1] != _HELD:
                    runs[count, 0], runs[count, 3] = number[row, block], 0
                    runs[count, 1], runs[count, 2] = number[row - 1, block], number[row + 1, block]
                    count += 1
                runs[count - 1, 3] += 1
        starts[row] = count
        seam[row - 1] = kind[row, 0] == _HELD and kind[row, across - 1] == _HELD
    return runs[:count], starts, seam


@kernel
@no_type_check
def _solve(blocks, runs, starts, seam, end):
    height = len(seam)
    for begun in range(0, _ROUNDS, _TOGETHER):
        together = min(_TOGETHER, _ROUNDS - begun)
        for front in range(height + together - 1):
            for row in range(min(front, height - 1), max(front - together, -1), -1):
                first, last = starts[row], starts[row + 1]
                for k in range(first, last):
                    here, above, below, count = runs[k]
                    _push(blocks[here : here + count], blocks[below : below + count])
                if seam[row]:
                    left, right = runs[first, 0], runs[last - 1, 0] + runs[last - 1, 3] - 1
                    blocks[left, _RIGHTWARD - 1] = blocks[right, _RIGHTWARD + end - 1]
                for k in range(first, last):
                    here, above, below, count = runs[k]
                    _move(blocks[here : here + count], blocks[above : above + count])
                if seam[row]:
                    left, right = runs[first, 0], runs[last - 1, 0] + runs[last - 1, 3] - 1
                    blocks[right, _AHEAD + end] = blocks[left, _AHEAD]


@kernel
@no_type_check
def _push(run, below):
    """Let the differences to the right and downwards push, by no more than the length of a border there."""
    one = np.float32(1)
    for i in range(len(run)):
        for k in range(_PX):
            here, right, down = run[i, _AHEAD + k], run[i, _RIGHT + k], run[i, _DOWN + k]
            across, along = run[i, _ACROSS + k], run[i, _ALONG + k]
            x = across + _DUAL_STEP * right * (run[i, _AHEAD + 1 + k] - here)
            y = along + _DUAL_STEP * down * (below[i, _AHEAD + k] - here)
            shorter = one / np.sqrt(max(x * x + y * y, one))
            x = across + _BEYOND * (x * shorter - across)
            y = along + _BEYOND * (y * shorter - along)
            run[i, _ACROSS + k], run[i, _ALONG + k] = x, y
            run[i, _RIGHTWARD + k], run[i, _DOWNWARD + k] = right * x, down * y
        if i + 1 < len(run):
            run[i + 1, _RIGHTWARD - 1] = run[i, _RIGHTWARD + _PX - 1]


@kernel
@no_type_check
def _move(run, above):
    """Let the values give way, and pull them back to what was given."""
    zero = np.float32(0)
    for i in range(len(run)):
        for k in range(_PX):
            found, given, limit = run[i, _FOUND + k], run[i, _GIVEN + k], run[i, _LIMIT + k]
            force = run[i, _RIGHTWARD - 1 + k] - run[i, _RIGHTWARD + k] + above[i, _DOWNWARD + k] - run[i, _DOWNWARD + k]
            off = found - _STEP * force - given
            new = given + max(off - limit, zero) + min(off + limit, zero)
            run[i, _AHEAD + k] = new + new - found
            run[i, _FOUND + k] = found + _BEYOND * (new - found)
        if i > 0:
            run[i - 1, _AHEAD + _PX] = run[i, _AHEAD]


@kernel
@no_type_check
def _put_back(blocks, kind, number, band, found):
    height, width = band.shape
    for row in range(height):
        for index in range(kind.shape[1]):
            if kind[row + 1, index] == _HELD:
                for k in range(min(_PX, width - index * _PX)):
                    if band[row, index * _PX + k]:
                        found[row, index * _PX + k] = blocks[number[row + 1, index], _FOUND + k]
