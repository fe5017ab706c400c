"""Loops of `colors`: sRGB and linear light, and means of light over areas of the picture.

Both encodings are looked up in tables with straight lines between: within 1e-7 of the formula, and ten times faster.
"""

from typing import no_type_check

import numpy as np

from spag4d.color import linear_from_srgb, srgb_from_linear
from spag4d.kernels import exact_kernel, kernel

_STEPS = 4096
"""Of a table: 16 kB, which stay in the fastest cache."""
_LINEAR = linear_from_srgb(np.linspace(0, 1, _STEPS + 1).astype(np.float32))
_SRGB_OF_SQUARE = srgb_from_linear(np.linspace(0, 1, _STEPS + 1).astype(np.float32) ** 2)
"""The formula bends much less over the square root."""
_LEAST = np.float32(1e-6)
"""Pixels: against division by zero where none is valid."""
_ZERO, _ONE, _SCALE = np.float32(0), np.float32(1), np.float32(_STEPS)
"""Python's own numbers would make float64 of a kernel's arithmetic."""


@kernel
@no_type_check
def _looked_up(table, x):
    place = x * _SCALE
    step = min(max(int(place), 0), _STEPS - 1)
    return table[step] + (place - np.float32(step)) * (table[step + 1] - table[step])


@kernel
@no_type_check
def decode(rgb, valid, light):
    """Write linear light (h, w, 4) of sRGB (h, w, 3) and the weight of each pixel, all zero where it is not valid."""
    for row in range(rgb.shape[0]):
        for column in range(rgb.shape[1]):
            counts = valid[row, column]
            for c in range(3):
                light[row, column, c] = _looked_up(_LINEAR, rgb[row, column, c]) if counts else _ZERO
            light[row, column, 3] = _ONE if counts else _ZERO


@exact_kernel
@no_type_check
def area_sum(light, top, bottom, left, right):
    """Return the sum of light and weights over rows and a stretch of columns, of which the outer ones may count in part."""
    red = green = blue = weight = _ZERO
    column = int(left)
    while column < right:  # a product and a quotient of whole numbers, rounded once: never beyond the picture
        part = np.float32(min(right, column + 1.0) - max(left, float(column)))
        for row in range(top, bottom):
            red += part * light[row, column, 0]
            green += part * light[row, column, 1]
            blue += part * light[row, column, 2]
            weight += part * light[row, column, 3]
        column += 1
    return red, green, blue, weight


@kernel
@no_type_check
def write_mean(red, green, blue, weight, out, at):
    """Write the sRGB of the mean light of sums to a line of ``out``."""
    each = _ONE / max(weight, _LEAST)
    for c, light in enumerate((red * each, green * each, blue * each)):
        out[at, c] = _looked_up(_SRGB_OF_SQUARE, np.sqrt(max(light, _ZERO)))


@exact_kernel
@no_type_check
def ring_colors(light, counts, rows_per_ring, keep, out):
    """Write the sRGB of the mean light of those cells of rings of ``rows_per_ring`` rows that are to be kept."""
    rows, width = light.shape[0], light.shape[1]
    cell = done = 0
    for ring in range(len(counts)):
        top, bottom = ring * rows_per_ring, min((ring + 1) * rows_per_ring, rows)
        for k in range(counts[ring]):
            if keep[cell]:
                left, right = k * width / counts[ring], (k + 1) * width / counts[ring]
                red, green, blue, weight = area_sum(light, top, bottom, left, right)
                write_mean(red, green, blue, weight, out, done)
                done += 1
            cell += 1
