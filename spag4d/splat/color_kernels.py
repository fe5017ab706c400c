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
_FLAT = 0.03
"""Reach over the cosine of elevation, in radians, up to which the window is taken for flat: rows then differ by 3 % in
length."""
_LEAST = np.float32(1e-4)
"""Sum of weights below which a Gaussian keeps its colour, as it shows next to nothing."""
LEAST_TOTAL = np.float32(1e-25)
"""Against division by zero; weights are products of nearness to the eighth power, 1e-20 at 300 m."""
_LEAST_LENGTH, _LEAST_FACING = np.float32(1e-12), np.float32(1e-3)
"""Metres, and cosine: against division by zero."""
_FAR_M = np.float32(300)
"""Metres: beyond, all is equally far, so that the eighth power of the distance stays within float32. Nearness has that power
in a weight: of two at a depth edge the nearer is in front; neighbours on a surface hardly differ."""
_NOTHING, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
"""Python's own numbers would make float64 of a kernel's arithmetic."""
_U1, _U2, _U3 = np.uint64(1), np.uint64(2), np.uint64(3)
"""Indices without sign need no test whether they count from the end, which takes a third of these loops."""
_TAYLOR = tuple(np.float32(1 / math.factorial(k)) for k in range(8))
_SIXTEENTH = np.float32(1 / 16)
_ARC = tuple(np.float32(c) for c in (0.9999999066, -0.3333266178, 0.1998658373, -0.1416459097, 0.1050810404, -0.0724933120,
                                     0.0399135817, -0.0144663243, 0.0024699669))
"""The arc tangent over its argument, by powers of the square up to 1: fitted, within 1e-7."""
_QUARTER_RAD, _HALF_RAD, _TURN_RAD = np.float32(math.pi / 2), np.float32(math.pi), np.float32(2 * math.pi)


@kernel
@no_type_check
def exponential(x):
    """Return exp(x) within 1e-6 of itself for -7 ≤ x ≤ 7: a series for x / 16, squared four times."""
    t = x * _SIXTEENTH
    high = _TAYLOR[4] + t * (_TAYLOR[5] + t * (_TAYLOR[6] + t * _TAYLOR[7]))
    root = _ONE + t * (_ONE + t * (_TAYLOR[2] + t * (_TAYLOR[3] + t * high)))
    root *= root
    root *= root
    root *= root
    return root * root


@kernel
@no_type_check
def angle_of(y, x):
    """Return the angle of (x, y) from the x axis, -π to π, within 3e-7: in a fraction of the time that `math.atan2` takes."""
    wide, high = abs(x), abs(y)
    t = min(wide, high) / max(max(wide, high), _LEAST_LENGTH)
    u = t * t
    series = _ARC[4] + u * (_ARC[5] + u * (_ARC[6] + u * (_ARC[7] + u * _ARC[8])))
    angle = t * (_ARC[0] + u * (_ARC[1] + u * (_ARC[2] + u * (_ARC[3] + u * series))))
    angle = _QUARTER_RAD - angle if high > wide else angle
    angle = _HALF_RAD - angle if x < 0 else angle
    return -angle if y < 0 else angle


@kernel
@no_type_check
def place_in_view(means, scales, elevations):
    """Write the elevations of Gaussians as seen from the origin, and return the least and the largest variance, in rad²."""
    least, largest = np.float32(np.inf), _NOTHING
    for g in range(means.shape[0]):
        x, y, z = means[g, 0], means[g, 1], means[g, 2]
        level = x * x + z * z
        elevations[g] = angle_of(-y, math.sqrt(level))
        variance = scales[g, 0] * scales[g, 0] / max(level + y * y, _LEAST_LENGTH)
        least, largest = min(least, variance), max(largest, variance)
    return least, largest


@kernel
@no_type_check
def describe(means, scales, quats_wxyz, opacities, dilation_rad2, tilt, even_slope, out):
    """Write to ``out`` (n, 8) how Gaussians look from the origin.

    The opacity is the mean of the two that rasterisers give them, not compensated for the dilation and compensated.
    """
    for g in range(means.shape[0]):
        x, y, z = means[g, 0], means[g, 1], means[g, 2]
        level = max(math.sqrt(x * x + z * z), _LEAST_LENGTH)
        distance = math.sqrt(level * level + y * y)
        variance = scales[g, 0] / distance
        variance *= variance
        wider = variance + dilation_rad2
        cosine, sine = level / distance, -y / distance
        out[g, ELEVATION] = angle_of(-y, level)
        out[g, TURN] = angle_of(x, z) / _TURN_RAD + _HALF
        out[g, RATE] = _HALF / wider
        out[g, ALPHA] = opacities[g] * (_ONE + variance / wider) * _HALF
        out[g, COSINE] = cosine
        nx, ny, nz = axis(quats_wxyz[g, 0], quats_wxyz[g, 1], quats_wxyz[g, 2], quats_wxyz[g, 3], _ONE + _ONE, 2)
        sin_az, cos_az = x / level, z / level
        towards = (nx * x + ny * y + nz * z) / distance
        towards = -max(-towards, _LEAST_FACING) if towards < 0 else max(towards, _LEAST_FACING)
        right = -(nx * cos_az - nz * sin_az) / towards
        down = -(nx * sine * sin_az + ny * cosine + nz * sine * cos_az) / towards
        factor = tilt / math.sqrt(wider * (right * right + down * down + even_slope * even_slope))
        out[g, RIGHT], out[g, DOWN] = right * factor, down * factor
        near = _ONE / min(distance, _FAR_M)
        near *= near
        near *= near
        out[g, NEAR] = near * near


@kernel
@no_type_check
def windows(shown, top, pitch, rows, n, window, start):
    """Write the windows (g, 4) of Gaussians and where their weights start (g + 1); return the number of weights."""
    total = 0
    for g in range(shown.shape[0]):
        reach = math.sqrt(_CUT / shown[g, RATE])
        y = (top - shown[g, ELEVATION]) / pitch - 0.5
        first, last = max(0, math.ceil(y - reach / pitch)), min(rows - 1, math.floor(y + reach / pitch))
        beyond = abs(shown[g, ELEVATION]) + reach
        sine = reach / 2 / math.sqrt(max(shown[g, COSINE] * math.cos(beyond), 1e-18))
        left, columns = 0, n
        if sine < 0.9:
            half = math.asin(sine) / math.pi * n
            x = shown[g, TURN] * n - 0.5
            left = math.ceil(x - half)
            columns = math.floor(x + half) - left + 1
            left %= n
        if columns >= n:
            left, columns = 0, n
        start[g] = total
        window[g, 0], window[g, 1], window[g, 2], window[g, 3] = first, max(0, last - first + 1), left, columns
        total += max(0, last - first + 1) * columns
    start[shown.shape[0]] = total
    return total


@kernel
@no_type_check
def _is_flat(shown, columns, turn):
    """Return whether a window of columns that are so wide, in radians of azimuth, can be taken for flat."""
    return columns * turn < 0.2 and math.sqrt(_CUT / shown[RATE]) < _FLAT * shown[COSINE]


@kernel
@no_type_check
def find_factors(shown, window, top, pitch, n, out):
    """Write to ``out`` (g, 8) what `weigh` begins with in each window, and its changes from column to column and row to row.

    Both directions have three: the factor of exp(-rate x²) over the first step, that of this factor, and that of exp(tilt x).
    The values in the first sample are without opacity and nearness. All are exponentials, taken together at the end.
    """
    turn, high = 2 * math.pi / n, np.float32(pitch)
    for g in range(shown.shape[0]):
        offset = window[g, 2] - (shown[g, TURN] * n - 0.5)
        offset -= n if offset > n / 2 else 0
        flat = _is_flat(shown[g], window[g, 3], turn)
        wide = np.float32(turn) * shown[g, COSINE] if flat else _NOTHING
        right = np.float32(offset) * wide
        down = np.float32(shown[g, ELEVATION] - (top - (window[g, 0] + 0.5) * pitch))
        fade, lean, fall = -shown[g, RATE], shown[g, RIGHT], shown[g, DOWN]
        out[g, 0], out[g, 1] = fade * (right * right + down * down), lean * right + fall * down
        out[g, 2], out[g, 3], out[g, 4] = fade * wide * (right + right + wide), fade * wide * (wide + wide), lean * wide
        out[g, 5], out[g, 6], out[g, 7] = fade * high * (down + down + high), fade * high * (high + high), fall * high
    factors = out.reshape(-1)
    for i in range(len(factors)):
        factors[i] = exponential(factors[i])


@kernel
@no_type_check
def weigh(shown, factors, top, pitch, window, start, weight, through, total):
    """Write the weights; multiply ``through`` (rows, n) by what each Gaussian lets pass, add the weights to ``total``.

    A weight is a / (1 - a / 2) for opacity a, times exp(tilt) and the power of nearness: how much a Gaussian shows relative to
    others at the same sample. In front of and behind each neighbour equally often it shows a times the product of 1 - a' / 2
    over the others.
    """
    n = through.shape[1]
    passes, sums = through.reshape(-1), total.reshape(-1)
    ex, fx = np.empty(n, np.float32), np.empty(n, np.float32)
    turn = 2 * math.pi / n
    for g in range(shown.shape[0]):
        first, count, left, columns = window[g, 0], window[g, 1], window[g, 2], window[g, 3]
        flat = _is_flat(shown[g], columns, turn)
        _progress(factors[g, 2], factors[g, 3], factors[g, 4], ex[:columns], fx)
        ey, fy = shown[g, ALPHA] * factors[g, 0], shown[g, NEAR] * factors[g, 1]
        fall = factors[g, 5]
        k = np.uint64(start[g])
        for row in range(first, first + count):
            if not flat:
                offset = left - (shown[g, TURN] * n - 0.5)
                _progress_around(shown[g], math.cos(top - (row + 0.5) * pitch), offset, turn, ex[:columns])
            i = np.uint64(0)
            column, remaining = left, columns
            while remaining > 0:
                at = np.uint64(row * n + column)
                end = at + np.uint64(min(remaining, n - column))
                remaining -= n - column
                column = 0
                while at < end:
                    a = ey * ex[i]
                    v = a / (_ONE - _HALF * a) * fy * fx[i]
                    weight[k] = v
                    passes[at] *= _ONE - a
                    sums[at] += v
                    k += _U1
                    i += _U1
                    at += _U1
            ey *= fall
            fall *= factors[g, 6]
            fy *= factors[g, 7]


@kernel
@no_type_check
def _progress(fall, bend, lean, fades, tilts):
    """Write exp(-rate x²) and exp(tilt x) as parts of their first values, for as many steps as there is room."""
    fade = tilted = _ONE
    for i in range(len(fades)):
        fades[i], tilts[i] = fade, tilted
        fade *= fall
        fall *= bend
        tilted *= lean


@kernel
@no_type_check
def _progress_around(shown, cos_row, offset, turn, fades):
    """Write how a Gaussian fades along a row around a pole, where samples so many turns aside lie on a circle."""
    rate = shown[RATE] * shown[COSINE] * np.float32(cos_row)
    for i in range(len(fades)):
        across = np.float32(2 * math.sin((offset + i) * turn / 2))
        u = rate * across * across
        fades[i] = exponential(-u) if u < _CUT else _NOTHING


@kernel
@no_type_check
def target(source, valid, through, total, backing, factor, share, out):
    """Write the light (rows, n, 3) that the Gaussians have to add to the ``backing``, and the factor of their weights.

    Both are zero where a sample is not valid. ``backing`` (r, m, 4), colour times alpha and alpha, has a row for each
    ``factor`` rows; between its samples it is linear, and it wraps in azimuth. Gaps in both are assumed to look right.
    """
    rows, n = through.shape
    m = backing.shape[1]
    line = np.empty((m, 4), np.float32)
    step = np.float32(m / n)
    for row in range(rows):
        y = max((row + 0.5) / factor - 0.5, 0.0)
        upper = min(int(y), backing.shape[0] - 1)
        lower, below = min(upper + 1, backing.shape[0] - 1), np.float32(y - int(y))
        for i in range(m):
            for c in range(4):
                line[i, c] = backing[upper, i, c] + below * (backing[lower, i, c] - backing[upper, i, c])
        for column in range(n):
            if not valid[row, column]:
                share[row, column] = out[row, column, 0] = out[row, column, 1] = out[row, column, 2] = _NOTHING
                continue
            passes, weights = through[row, column], total[row, column]
            share[row, column] = (_ONE - passes) / weights if weights > LEAST_TOTAL else _NOTHING
            x = (np.float32(column) + _HALF) * step + _HALF
            after = int(x)
            beside = x - np.float32(after)
            before, after = (after - 1 if after > 0 else m - 1), (after if after < m else 0)
            alpha = line[before, 3] + beside * (line[after, 3] - line[before, 3])
            own = _ONE - passes * (_ONE - alpha)
            for c in range(3):
                color = line[before, c] + beside * (line[after, c] - line[before, c])
                out[row, column, c] = source[row, column, c] * own - passes * color


@kernel
@no_type_check
def begin(window, start, weight, samples, colors, margin, whole, bounds):
    """Multiply the weights by their share, write their sum ``whole`` (g), and take the weighted colours from what is missing.

    ``samples`` are the share, the source, what is valid, and what is missing. The ``bounds`` of colours (g, 3, 2) become the
    range of the source in each window, widened by ``margin``, within 0–1.
    """
    n = samples[0].shape[1]
    shares, source = samples[0].reshape(-1), samples[1].reshape(-1)
    valid, missing = samples[2].reshape(-1), samples[3].reshape(-1)
    for g in range(window.shape[0]):
        k = np.uint64(start[g])
        own_r, own_g, own_b = colors[g, 0], colors[g, 1], colors[g, 2]
        least_r = least_g = least_b = _ONE
        most_r = most_g = most_b = total = _NOTHING
        for row in range(window[g, 0], window[g, 0] + window[g, 1]):
            column, remaining = window[g, 2], window[g, 3]
            while remaining > 0:
                at = np.uint64(row * n + column)
                end = at + np.uint64(min(remaining, n - column))
                remaining -= n - column
                column = 0
                while at < end:
                    v = weight[k] * shares[at]
                    weight[k] = v
                    total += v
                    missing[_U3 * at] -= v * own_r
                    missing[_U3 * at + _U1] -= v * own_g
                    missing[_U3 * at + _U2] -= v * own_b
                    if valid[at]:
                        red, green, blue = source[_U3 * at], source[_U3 * at + _U1], source[_U3 * at + _U2]
                        least_r, least_g, least_b = min(least_r, red), min(least_g, green), min(least_b, blue)
                        most_r, most_g, most_b = max(most_r, red), max(most_g, green), max(most_b, blue)
                    k += _U1
                    at += _U1
        whole[g] = total
        for c, (least, most) in enumerate(((least_r, most_r), (least_g, most_g), (least_b, most_b))):
            bounds[g, c, 0], bounds[g, c, 1] = max(least - margin, _NOTHING), min(most + margin, _ONE)


@kernel
@no_type_check
def scatter(window, start, weight, colors, out):
    """Add the weighted colours (g, 3) of Gaussians to ``out`` (rows, n, 3)."""
    n = out.shape[1]
    picture = out.reshape(-1)
    for g in range(window.shape[0]):
        k = np.uint64(start[g])
        red, green, blue = colors[g, 0], colors[g, 1], colors[g, 2]
        for row in range(window[g, 0], window[g, 0] + window[g, 1]):
            column, remaining = window[g, 2], window[g, 3]
            while remaining > 0:
                at = np.uint64(row * n + column)
                end = at + np.uint64(min(remaining, n - column))
                remaining -= n - column
                column = 0
                while at < end:
                    v = weight[k]
                    picture[_U3 * at] += v * red
                    picture[_U3 * at + _U1] += v * green
                    picture[_U3 * at + _U2] += v * blue
                    k += _U1
                    at += _U1


@kernel
@no_type_check
def correct(window, start, weight, missing, whole, bounds, colors, taken):
    """Move colours (g, 3) by the weighted mean of what is ``missing`` (rows, n, 3), but not out of the ``bounds``.

    ``taken`` (g, 3) becomes the change, negative. Where the ``whole`` (g) of the weights vanishes the colours stay.
    """
    n = missing.shape[1]
    picture = missing.reshape(-1)
    for g in range(window.shape[0]):
        k = np.uint64(start[g])
        red, green, blue = _NOTHING, _NOTHING, _NOTHING
        for row in range(window[g, 0], window[g, 0] + window[g, 1]):
            column, remaining = window[g, 2], window[g, 3]
            while remaining > 0:
                at = np.uint64(row * n + column)
                end = at + np.uint64(min(remaining, n - column))
                remaining -= n - column
                column = 0
                while at < end:
                    v = weight[k]
                    red += v * picture[_U3 * at]
                    green += v * picture[_U3 * at + _U1]
                    blue += v * picture[_U3 * at + _U2]
                    k += _U1
                    at += _U1
        each = _ONE / whole[g] if whole[g] >= _LEAST else _NOTHING
        for c, change in enumerate((red * each, green * each, blue * each)):
            color = colors[g, c]
            if each > 0:
                colors[g, c] = min(bounds[g, c, 1], max(bounds[g, c, 0], color + change))
            taken[g, c] = color - colors[g, c]
