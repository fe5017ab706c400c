"""Lines of a picture: where its colours differ by more than is usual around."""

from dataclasses import dataclass
from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import crop_sphere, pad_sphere
from spag4d.kernels import in_parts, kernel

_NOISE = np.float32(0.03)
"""Colours nearer than this (sRGB 0-1) count as equal."""
_UNUSUAL = np.float32(3.0)
"""A border is a line of the picture where colours differ by so many times as much as around it."""
_LEAST_LENGTH = np.float32(0.02)
"""Of a border's usual cost: along the clearest line a border is nearly free, but not quite, or it would take detours."""

Values = Float32[np.ndarray, "h w"]


@dataclass(frozen=True)
class Lines:
    """By how much a pixel's colours differ from those to the right, around the seam, and those below, and what is usual."""

    right: Values
    down: Values
    usual: Values


def find_lines(rgb: Float32[np.ndarray, "h w 3"], known: Bool[np.ndarray, "h w"], reach: int) -> Lines:
    """Compare colours; what is usual is the mean within ``reach`` pixels, as a line on grass needs more contrast than one on a
    wall. What is not ``known`` does not differ."""
    right, down = np.empty(known.shape, np.float32), np.empty(known.shape, np.float32)
    in_parts(lambda first, last: _compare(rgb, known, first, last, right, down), len(rgb), 64)
    both = pad_sphere(right + down, reach)
    return Lines(right, down, crop_sphere(cv2.blur(both, (2 * reach + 1, 2 * reach + 1)), reach) / np.float32(2))


@kernel
@no_type_check
def border_length(apart, usual):
    """Return the cost of a border between two pixels: 1 where their colours are alike, little where they differ by much."""
    unlike = apart / (_NOISE + _UNUSUAL * usual)
    return max(np.exp(-unlike * unlike), _LEAST_LENGTH)


@kernel
@no_type_check
def _compare(rgb, known, first, last, right, down):
    height, width = known.shape
    around = np.empty((width + 3, 3), np.float32)
    for row in range(first, last):
        below = (row + 1) % height
        around[0], around[1 : width + 1], around[width + 1 :] = rgb[row, width - 1], rgb[row], rgb[row, :2]
        _differences(around[:width], around[1:], around[2:], around[3:], right[row])
        _differences(rgb[row - 1], rgb[row], rgb[below], rgb[(row + 2) % height], down[row])
        for column in range(width):
            if not (known[row, column] and known[row, (column + 1) % width]):
                right[row, column] = 0
            if not (known[row, column] and known[below, column]):
                down[row, column] = 0


@kernel
@no_type_check
def _differences(before, here, there, after, apart):
    """Compare neighbours, and the ones beside them, as lines may be blurred."""
    for i in range(len(apart)):
        red, green, blue = there[i, 0] - here[i, 0], there[i, 1] - here[i, 1], there[i, 2] - here[i, 2]
        near = np.sqrt(red * red + green * green + blue * blue)
        red, green, blue = after[i, 0] - before[i, 0], after[i, 1] - before[i, 1], after[i, 2] - before[i, 2]
        apart[i] = (near + np.sqrt(red * red + green * green + blue * blue)) / 2
