"""Loops of `color_solve`: how much of each sample of a picture every Gaussian shows, and the sums over both.

Samples lie on ``rows`` rows of ``n`` columns; ``top`` is the elevation of the upper edge of the first row, ``pitch`` the height
of a row, in radians. A Gaussian is a line of `describe`. Its weights lie in ``weight`` from ``start`` on, row by row, for the
samples of its window (first row, rows, first column, columns).
"""

import math
from typing import no_type_check

import numpy as np

from spag4d.geometry.quat_kernels import axis
from spag4d.kernels import kernel

ELEVATION, TURN, RATE, ALPHA, COSINE, RIGHT, DOWN, NEAR = range(8)
"""Columns of a description: radians, turns 0–1, 1 / (2 variance), peak opacity, cosine of elevation, tilt per radian
(two), factor of weights for being near."""

_CUT = np.float32(3.125)  # 2.5 standard deviations
_SCRATCH = 64
"""Columns of a window whose factors are kept; wider ones lie near a pole and are computed one by one."""
_FLAT = 0.03
"""Reach over the cosine of elevation, in radians, up to which the window is taken for flat: rows then differ by 3 % in
length."""
_LEAST = np.float32(1e-4)
"""Sum of weights below which a Gaussian keeps its colour, as it shows next to nothing."""
_HALF = np.float32(0.5)
"""Python's own numbers would make float64 of a kernel's arithmetic."""
_FAR_M = 300.0
"""Metres: beyond, all is equally far, so that the power below stays within float32."""
_IN_FRONT = 8.0
"""Power of nearness in a weight: of two at a depth edge the nearer is in front; neighbours on a surface hardly differ."""
_ONE = np.float32(1)
"""See `_HALF`."""


@kernel
@no_type_check
def describe(means, scales, quats_wxyz, opacities, dilation_rad2, tilt, even_slope, out):
    """Write to ``out`` (n, 8) how Gaussians look from the origin.

    The opacity is the mean of the two that rasterisers give them, not compensated for the dilation and compensated.
    """
    for g in range(means.shape[0]):
        x, y, z = means[g, 0], means[g, 1], means[g, 2]
        level = max(math.sqrt(x * x + z * z), 1e-12)
        distance = math.sqrt(level * level + y * y)
        variance = (scales[g, 0] / distance) ** 2
        wider = variance + dilation_rad2
        cosine, sine = level / distance, -y / distance
        out[g, ELEVATION] = math.atan2(-y, level)
        out[g, TURN] = math.atan2(x, z) / (2 * math.pi) + 0.5
        out[g, RATE] = 1 / (2 * wider)
        out[g, ALPHA] = opacities[g] * (1 + variance / wider) / 2
        out[g, COSINE] = cosine
        nx, ny, nz = axis(quats_wxyz[g, 0], quats_wxyz[g, 1], quats_wxyz[g, 2], quats_wxyz[g, 3], 2, 2)
        sin_az, cos_az = x / level, z / level
        towards = (nx * x + ny * y + nz * z) / distance
        towards = -max(abs(towards), 1e-3) if towards < 0 else max(towards, 1e-3)
        right = -(nx * cos_az - nz * sin_az) / towards
        down = -(nx * sine * sin_az + ny * cosine + nz * sine * cos_az) / towards
        factor = tilt / math.sqrt(wider * (right * right + down * down + even_slope * even_slope))
        out[g, RIGHT], out[g, DOWN] = right * factor, down * factor
        out[g, NEAR] = min(distance, _FAR_M) ** -_IN_FRONT


@kernel
@no_type_check
def windows(shown, top, pitch, rows, n, window, start):
    """Write the windows (g, 4) of Gaussians and where their weights start (g + 1); return the number of weights."""
    total = 0
    for g in range(shown.shape[0]):
        reach = math.sqrt(_CUT / shown[g, RATE])
        y = (top - shown[g, ELEVATION]) / pitch - 0.5
        first, last = max(0, math.ceil(y - reach / pitch)), min(rows - 1, math.floor(y + reach / pitch))
        beyond = min(abs(shown[g, ELEVATION]) + reach, math.pi / 2)
        sine = reach / 2 / max(math.sqrt(shown[g, COSINE] * math.cos(beyond)), 1e-9)
        left, columns = 0, n
        if sine < 0.9:
            half = math.asin(sine) / math.pi * n
            x = shown[g, TURN] * n - 0.5
            left = math.ceil(x - half)
            columns = math.floor(x + half) - left + 1
            left = left + n if left < 0 else left
        if columns >= n:
            left, columns = 0, n
        start[g] = total
        window[g, 0], window[g, 1], window[g, 2], window[g, 3] = first, max(0, last - first + 1), left, columns
        total += max(0, last - first + 1) * columns
    start[shown.shape[0]] = total
    return total


@kernel
@no_type_check
def weigh(shown, top, pitch, n, window, start, weight, through, total):
    """Write the weights; multiply ``through`` (rows, n) by what each Gaussian lets pass, add the weights to ``total``.

    A weight is a / (1 - a / 2) for opacity a, times exp(tilt) and the power of nearness: how much a Gaussian shows relative to
    others at the same sample. In front of and behind each neighbour equally often it shows a times the product of 1 - a' / 2
    over the others.
    """
    ex, fx = np.empty(_SCRATCH, np.float32), np.empty(_SCRATCH, np.float32)
    turn = 2 * math.pi / n
    for g in range(shown.shape[0]):
        first, count, left, columns = window[g, 0], window[g, 1], window[g, 2], window[g, 3]
        rate, alpha, cosine = shown[g, RATE], shown[g, ALPHA], shown[g, COSINE]
        tilt_right, tilt_down, near = shown[g, RIGHT], shown[g, DOWN], shown[g, NEAR]
        offset = left - (shown[g, TURN] * n - 0.5)
        if offset > n / 2:
            offset -= n
        reach = math.sqrt(_CUT / rate)
        flat = columns <= _SCRATCH and columns * turn < 0.2 and reach < _FLAT * cosine
        if flat:
            for i in range(columns):
                right = np.float32((offset + i) * turn * cosine)
                ex[i] = math.exp(-rate * right * right)
                fx[i] = math.exp(tilt_right * right)
        k = start[g]
        for row in range(first, first + count):
            elevation = top - (row + 0.5) * pitch
            down = np.float32(shown[g, ELEVATION] - elevation)
            ey = alpha * np.float32(math.exp(-rate * down * down))
            fy = near * np.float32(math.exp(tilt_down * down))
            cos_row = cosine if flat else np.float32(math.cos(elevation))
            column = left
            for i in range(columns):
                if flat:
                    a = ey * ex[i]
                    v = a / (_ONE - _HALF * a) * fy * fx[i]
                else:
                    across = 2 * math.sin((offset + i) * turn / 2)
                    u = rate * cosine * cos_row * across * across
                    a = np.float32(ey * math.exp(-u)) if u < _CUT else np.float32(0)
                    v = a / (_ONE - _HALF * a) * fy
                weight[k] = v
                through[row, column] *= _ONE - a
                total[row, column] += v
                k += 1
                column = column + 1 if column + 1 < n else 0


@kernel
@no_type_check
def scatter(window, start, weight, colors, out):
    """Add the weighted colours (g, 3) of Gaussians to ``out`` (rows, n, 3)."""
    n = out.shape[1]
    for g in range(window.shape[0]):
        k, left, columns = start[g], window[g, 2], window[g, 3]
        red, green, blue = colors[g, 0], colors[g, 1], colors[g, 2]
        for row in range(window[g, 0], window[g, 0] + window[g, 1]):
            column = left
            for _ in range(columns):
                v = weight[k]
                out[row, column, 0] += v * red
                out[row, column, 1] += v * green
                out[row, column, 2] += v * blue
                k += 1
                column = column + 1 if column + 1 < n else 0


@kernel
@no_type_check
def missing(target, share, counts, shown):
    """Replace sums of weighted colours (rows, n, 3) by the difference to the target, times ``share``, where a sample counts."""
    for row in range(share.shape[0]):
        for column in range(share.shape[1]):
            q = share[row, column]
            seen = counts[row, column] > 0
            for c in range(3):
                gap = q * (target[row, column, c] - q * shown[row, column, c])
                shown[row, column, c] = gap if seen else np.float32(0)


@kernel
@no_type_check
def sums(window, start, weight, picture, out):
    """Write to ``out`` (g) the weighted sum of a picture (rows, n) in each window."""
    n = picture.shape[1]
    for g in range(window.shape[0]):
        k, left, columns = start[g], window[g, 2], window[g, 3]
        total = np.float32(0)
        for row in range(window[g, 0], window[g, 0] + window[g, 1]):
            column = left
            for _ in range(columns):
                total += weight[k] * picture[row, column]
                k += 1
                column = column + 1 if column + 1 < n else 0
        out[g] = total


@kernel
@no_type_check
def correct(window, start, weight, picture, whole, low, high, colors):
    """Move colours (g, 3) by the weighted mean of ``picture`` (rows, n, 3), but not out of ``low``–``high``.

    ``whole`` (g) are the sums of the weights; where they vanish the colours stay.
    """
    n = picture.shape[1]
    for g in range(window.shape[0]):
        if whole[g] < _LEAST:
            continue
        k, left, columns = start[g], window[g, 2], window[g, 3]
        red, green, blue = np.float32(0), np.float32(0), np.float32(0)
        for row in range(window[g, 0], window[g, 0] + window[g, 1]):
            column = left
            for _ in range(columns):
                v = weight[k]
                red += v * picture[row, column, 0]
                green += v * picture[row, column, 1]
                blue += v * picture[row, column, 2]
                k += 1
                column = column + 1 if column + 1 < n else 0
        for c, s in enumerate((red, green, blue)):
            colors[g, c] = min(high[g, c], max(low[g, c], colors[g, c] + s / whole[g]))


@kernel
@no_type_check
def ranges(window, source, counts, margin, low, high):
    """Write to ``low`` and ``high`` (g, 3) the range of the source in each window, widened by ``margin``, within 0–1."""
    n = source.shape[1]
    for g in range(window.shape[0]):
        left, columns = window[g, 2], window[g, 3]
        for c in range(3):
            low[g, c], high[g, c] = _ONE, np.float32(0)
        for row in range(window[g, 0], window[g, 0] + window[g, 1]):
            column = left
            for _ in range(columns):
                if counts[row, column] > 0:
                    for c in range(3):
                        low[g, c] = min(low[g, c], source[row, column, c])
                        high[g, c] = max(high[g, c], source[row, column, c])
                column = column + 1 if column + 1 < n else 0
        for c in range(3):
            low[g, c] = max(low[g, c] - margin, np.float32(0))
            high[g, c] = min(high[g, c] + margin, _ONE)
