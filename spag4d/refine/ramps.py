"""Where a depth map shows a ramp between two surfaces: its slope is high, and narrower than that of a slanted surface.

Inverse distance is linear across a plane: its slope there is constant or changes slowly, and at a crease it changes once. Only
a blurred jump makes a narrow peak in it, which is what an opening along rows and columns takes away.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.kernels import in_parts, kernel

_LEAST_JUMP = np.float32(0.08)
"""Nothing nearer than this to both sides can hang visibly between them."""
_FOOT = np.float32(0.05)
"""A ramp ends where it is this much less steep than at its steepest."""
_STEEPER = np.float32(1.0)
"""A peak in the slope that is lower than the slope around it is the unevenness of an estimated surface."""
_THIN_PX = np.float32(8.0)
"""Between two ramps as narrow as this the top of what stands there is kept: nothing else is left of it."""
_SHARP = np.float32(0.6)
"""A jump with this part of its height between two pixels is not a ramp."""
_NEXT_TO_NOTHING = np.float32(1e-9)
_LINES = 16
"""Rows or columns at a time, pixel by pixel side by side: two vectors of AVX."""

Values = Float32[np.ndarray, "h w"]
Mask = Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Ramps:
    """The ``band`` of pixels on ramps, how many pixels wide these are (``width``), and which share of the jumps is sharp."""

    band: Mask
    width: Values
    sharp_share: float


def find_ramps(inverse: Values, seen: Mask, reach: int) -> Ramps:
    """Find ramps that reach up to ``reach`` pixels to each side of their middle, where both pixels are ``seen``."""
    width, tops = np.zeros(seen.shape, np.float32), np.zeros(seen.shape, bool)
    crests, sharp = 0.0, 0.0
    for axis in (1, 0):
        count = -(-seen.shape[1 - axis] // _LINES)
        sums = np.zeros((count, 2))

        def work(first: int, last: int, axis: int = axis, sums: np.ndarray = sums) -> None:
            for group in range(first, last):
                _search(inverse, seen, reach, axis, group * _LINES, width, tops, sums[group])

        in_parts(work, count, 1)
        crests, sharp = crests + sums[:, 0].sum(), sharp + sums[:, 1].sum()
    return Ramps((width > 0) & ~tops, width, float(sharp / max(crests, 1e-9)))


@kernel
@no_type_check
def _search(inverse, seen, reach, axis, first, width, tops, sums):
    """Look along 16 lines, from the row or column ``first`` on, in both directions."""
    length, lines = seen.shape[axis], min(_LINES, seen.shape[1 - axis] - first)
    level, step = _levels_and_steps(inverse, seen, 3 * reach + 1, axis, first, lines)
    up, down = _rise(level, step, reach, sums), _rise(level, np.negative(step), reach, sums)
    for i in range(lines if axis else length):
        for j in range(length if axis else lines):
            row, column, at = (first + i, j, j * _LINES + i) if axis else (i, first + j, i * _LINES + j)
            up_before, up_here, down_before, down_here = up[at], up[at + _LINES], down[at], down[at + _LINES]
            widest = max(max(up_before, up_here), max(down_before, down_here))
            if widest > 0:
                width[row, column] = max(width[row, column], widest)
                tops[row, column] |= min(up_before, down_here) > 0 and max(up_before, down_here) < _THIN_PX
                tops[row, column] |= min(down_before, up_here) > 0 and max(down_before, up_here) < _THIN_PX


@kernel
@no_type_check
def _levels_and_steps(inverse, seen, pad, axis, first, lines):
    """Return the mean of each pixel and the next along the lines, and their difference, from ``pad`` pixels before to as many
    behind."""
    height, width = inverse.shape
    count = seen.shape[axis] + 2 * pad + 1
    near, known = np.zeros(count * _LINES, np.float32), np.zeros(count * _LINES, np.float32)
    for i in range(lines if axis else count):
        for j in range(count if axis else lines):
            row, column, at = (first + i, j - pad, j * _LINES + i) if axis else (i - pad, first + j, i * _LINES + j)
            if row < 0 or row >= height:
                row, column = -1 - row if row < 0 else 2 * height - 1 - row, column + width // 2
            column = column + width if column < 0 else (column - width if column >= width else column)
            near[at], known[at] = inverse[row, column], seen[row, column]
    level, step = np.empty(len(near) - _LINES, np.float32), np.empty(len(near) - _LINES, np.float32)
    for i in range(len(level)):
        level[i] = max((near[i] + near[i + _LINES]) / 2, _NEXT_TO_NOTHING)
    for i in range(len(level)):
        step[i] = known[i] * known[i + _LINES] * (near[i + _LINES] - near[i])
    return level, step


@kernel
@no_type_check
def _rise(level, step, reach, sums):
    """Return how wide the ramp is on which each pixel before the next one is lower, 0 where there is none.

    The first is the pixel before the line.
    """
    slope = np.maximum(step, np.float32(0))
    slant = _largest(np.negative(_largest(np.negative(slope), 2 * reach + 1)), 2 * reach + 1)
    skip = 2 * reach * _LINES
    level = level[skip : skip + len(slant)]
    peak = np.subtract(slope[skip : skip + len(slant)], slant)
    steep = np.divide(peak, level)
    jump, steepest = _sums(peak, 2 * reach + 1), _largest(steep, reach // 2 * 2 + 1)
    steepest = steepest[(reach - reach // 2) * _LINES :]
    off = reach * _LINES
    level, peak, steep, slant = level[off:], peak[off:], steep[off:], slant[off:]
    width = np.empty(len(jump), np.float32)
    for i in range(len(width)):
        most = max(steepest[i], _NEXT_TO_NOTHING)
        wide = jump[i] / (level[i] * most) if jump[i] > _LEAST_JUMP * level[i] else np.float32(0)
        wide = wide if steep[i] > _FOOT * most else np.float32(0)
        width[i] = wide if most * level[i] > _STEEPER * slant[i] else np.float32(0)
    for i in range(_LINES, len(width)):
        if width[i] > 0 and steep[i] >= steepest[i]:
            sums[0] += jump[i]
            if peak[i] > _SHARP * jump[i]:
                sums[1] += jump[i]
    return width


@kernel
@no_type_check
def _largest(values, size):
    """Return the largest value of each pixel and those after it along the lines, ``size`` together."""
    span = 1
    while span < size:
        further = min(span, size - span)
        values = np.maximum(values[: len(values) - further * _LINES], values[further * _LINES :])
        span += further
    return values


@kernel
@no_type_check
def _sums(values, size):
    """Return the same for the sum."""
    total = np.empty(len(values) - (size - 1) * _LINES, np.float32)
    exact = np.zeros(_LINES, np.float64)
    for i in range(0, (size - 1) * _LINES, _LINES):
        for k in range(_LINES):
            exact[k] += values[i + k]
    for i in range(0, len(total), _LINES):
        for k in range(_LINES):
            exact[k] += values[i + k + (size - 1) * _LINES]
            total[i + k] = exact[k]
            exact[k] -= values[i + k]
    return total
