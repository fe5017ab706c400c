"""Loops of `sweep`: pictures drawn as if seen from elsewhere, and semi-global matching."""

from typing import no_type_check

import numpy as np

from spag4d.kernels import kernel

_PI = np.float32(np.pi)
_HALF_PI = np.float32(np.pi / 2)
_JUMP_PER_CHANGE = np.float32(20)
"""A jump of depth costs half where the picture changes by 1/20 of its range, an outline's usual contrast."""


@kernel
@no_type_check
def angle(y, x):
    """Return atan2 to 1e-5 rad, 0.002 px of a panorama 1024 wide, at a quarter of its time (odd polynomial for 0..1)."""
    across, along = abs(x), abs(y)
    larger = max(across, along, np.float32(1e-20))
    ratio = min(across, along) / larger
    square = ratio * ratio
    angle = np.float32(-0.01172120) * square + np.float32(0.05265332)
    angle = angle * square - np.float32(0.11643287)
    angle = angle * square + np.float32(0.19354346)
    angle = angle * square - np.float32(0.33262347)
    angle = (angle * square + np.float32(0.99997726)) * ratio
    if along > across:
        angle = _HALF_PI - angle
    if x < 0:
        angle = _PI - angle
    return -angle if y < 0 else angle


@kernel
@no_type_check
def warp(picture, rays, inverse, rotation, translation, out):
    """Draw ``picture`` (h + 2, w + 2), a panorama with a margin of one, as seen along ``rays`` (n, m, 3).

    What a ray meets is at the inverse distance ``inverse`` (n, m), or (1, 1) for all; ``rotation`` and ``translation`` bring it
    into the picture's frame. Bilinear; ``out`` (n, m) is below 0 where any of the four pixels is.
    """
    height, width = picture.shape[0] - 2, picture.shape[1] - 2
    scale = np.float32(height) / _PI
    middle_u, middle_v = np.float32((width + 1) / 2), np.float32((height + 1) / 2)
    same = inverse.shape[0] == 1
    for row in range(rays.shape[0]):
        for column in range(rays.shape[1]):
            near = inverse[0, 0] if same else inverse[row, column]
            a, b, c = rays[row, column]
            x = rotation[0, 0] * a + rotation[0, 1] * b + rotation[0, 2] * c + translation[0] * near
            y = rotation[1, 0] * a + rotation[1, 1] * b + rotation[1, 2] * c + translation[1] * near
            z = rotation[2, 0] * a + rotation[2, 1] * b + rotation[2, 2] * c + translation[2] * near
            u = min(max(angle(x, z) * scale + middle_u, np.float32(0)), np.float32(width + 0.999))
            v = min(max(angle(y, np.sqrt(x * x + z * z)) * scale + middle_v, np.float32(0)), np.float32(height + 0.999))
            i, j = int(u), int(v)
            right, down = u - i, v - j
            one, two, three, four = picture[j, i], picture[j, i + 1], picture[j + 1, i], picture[j + 1, i + 1]
            if min(one, two, three, four) < 0:
                out[row, column] = -1
            else:
                upper, lower = one + right * (two - one), three + right * (four - three)
                out[row, column] = upper + down * (lower - upper)


@kernel
@no_type_check
def best_half(costs, out):
    """Write the mean of the better half of ``costs`` (k, h, w) to ``out`` (h, w); infinite ones know nothing, 1 if all do."""
    count = costs.shape[0]
    sorted_costs = np.empty(count, np.float32)
    for row in range(costs.shape[1]):
        for column in range(costs.shape[2]):
            known = 0
            for k in range(count):
                value = costs[k, row, column]
                if value < 9:
                    place = known
                    while place > 0 and sorted_costs[place - 1] > value:
                        sorted_costs[place] = sorted_costs[place - 1]
                        place -= 1
                    sorted_costs[place] = value
                    known += 1
            half = (known + 1) // 2
            total = np.float32(0)
            for k in range(half):
                total += sorted_costs[k]
            out[row, column] = total / half if half else np.float32(1)


@kernel
@no_type_check
def add_row_paths(cost, grey, small_step, large_step, total):
    """Add to ``total`` (h, w, d) the path costs of semi-global matching along rows, both ways.

    Rows have no end: each is gone through twice, the first time only to begin right.
    """
    height, width, levels = cost.shape
    before, now = np.empty(levels, np.float32), np.empty(levels, np.float32)
    for row in range(height):
        for way in (1, -1):
            before[:] = 0
            lowest = np.float32(0)
            for step in range(2 * width):
                column = way * step % width
                change = abs(grey[row, column] - grey[row, (column - way) % width])
                lowest = _step(cost[row, column], before, lowest, small_step, large_step, change, now)
                if step >= width:
                    total[row, column] += now
                before, now = now, before


@kernel
@no_type_check
def add_column_paths(cost, grey, small_step, large_step, total):
    """Add to ``total`` (h, w, d) the path costs of semi-global matching down and up the columns."""
    height, width, levels = cost.shape
    before, now = np.empty(levels, np.float32), np.empty(levels, np.float32)
    for column in range(width):
        for way in (1, -1):
            before[:] = 0
            lowest, last = np.float32(0), np.float32(0)
            for step in range(height):
                row = step if way == 1 else height - 1 - step
                change = abs(grey[row, column] - last)
                last = grey[row, column]
                lowest = _step(cost[row, column], before, lowest, small_step, large_step, change, now)
                total[row, column] += now
                before, now = now, before


@kernel
@no_type_check
def _step(cost, before, lowest, small_step, large_step, change, now):
    """Go on by a pixel (Hirschmüller's equation 13); a jump costs less where the picture changes. Returns the lowest cost."""
    jump = lowest + large_step / (1 + _JUMP_PER_CHANGE * change)
    levels = len(cost)
    least = np.float32(1e30)
    for level in range(levels):
        best = min(before[level], jump)
        if level:
            best = min(best, before[level - 1] + small_step)
        if level + 1 < levels:
            best = min(best, before[level + 1] + small_step)
        now[level] = cost[level] + best - lowest
        least = min(least, now[level])
    return least


@kernel
@no_type_check
def lowest_levels(total, out):
    """Write where each pixel of ``total`` (h, w, d) is lowest to ``out`` (h, w): between levels by a parabola."""
    height, width, levels = total.shape
    for row in range(height):
        for column in range(width):
            best = 0
            for level in range(1, levels):
                if total[row, column, level] < total[row, column, best]:
                    best = level
            out[row, column] = best
            if 0 < best < levels - 1:
                left, middle, right = total[row, column, best - 1], total[row, column, best], total[row, column, best + 1]
                bend = left - 2 * middle + right
                if bend > 0:
                    out[row, column] = best + np.float32(0.5) * (left - right) / bend
