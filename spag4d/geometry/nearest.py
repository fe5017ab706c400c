"""The nearest of some pixels, for every pixel of a panorama."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int, Int32

from spag4d.geometry.equirect import directions
from spag4d.kernels import kernel

_ROUNDS = 2
"""Sweeps down and up; a third round changed nothing in panoramas of 96 rows with 3, 30 and 500 random pixels."""


def nearest_of(pixel: Int[np.ndarray, " n"], height: int) -> Int32[np.ndarray, "h w"]:
    """Return for every pixel of a panorama which of the given ones is the nearest on the sphere, as an index into ``pixel``.

    ``pixel`` (n ≥ 1) counts row by row. Pixels take over their neighbours' answers in sweeps over the picture (Danielsson,
    Euclidean distance mapping, 1980), so in rare cases the answer is only almost the nearest.
    """
    found = np.full((height, 2 * height), -1, np.int32)
    found.ravel()[pixel] = np.arange(len(pixel))
    rays = directions(height)
    _spread(np.ascontiguousarray(rays), rays.reshape(-1, 3)[pixel], found)
    return found


def angles_to(pixel: Int[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return the angle in radians between every pixel and the one whose number, row by row, stands there."""
    rays = directions(pixel.shape[0])
    other = rays.reshape(-1, 3)[pixel]
    return 2 * np.arcsin(np.minimum(np.linalg.norm(rays - other, axis=-1) / 2, 1))


@kernel
@no_type_check
def _spread(rays, targets, found):
    height, width = found.shape
    for sweep in range(2 * _ROUNDS):
        step = 1 if sweep % 2 == 0 else -1
        for down in range(height):
            row = down if step == 1 else height - 1 - down
            before = row - step
            turned = width // 2 if before < 0 or before == height else 0  # over the pole
            before = min(max(before, 0), height - 1)
            for k in range(2 * width):  # twice around, as rows have no beginning; then back
                column = k % width if k < width else width - 1 - k % width
                for aside in range(-1, 2):
                    _ask(rays, targets, found, row, column, before, (column + turned + aside) % width)
                _ask(rays, targets, found, row, column, row, (column - 1 if k < width else column + 1) % width)


@kernel
@no_type_check
def _ask(rays, targets, found, row, column, other_row, other_column):
    """Take over another pixel's answer if it is nearer."""
    theirs, ours = found[other_row, other_column], found[row, column]
    if theirs < 0 or theirs == ours:
        return
    if ours < 0:
        found[row, column] = theirs
        return
    x, y, z = rays[row, column]
    a, b = targets[theirs], targets[ours]
    if a[0] * x + a[1] * y + a[2] * z > b[0] * x + b[1] * y + b[2] * z:
        found[row, column] = theirs
