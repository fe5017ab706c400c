"""The nearest of some pixels, for every pixel of a panorama.

Of a row's pixels the one that is fewest columns away is the nearest, wherever in a column one is. There, at an elevation of
e, the cosine of the angle to a pixel is y sin e + x cos e, where y is the sine of the pixel's elevation and x the cosine times
that of the azimuth between. The largest belongs to a corner of the convex hull of all (x, y), and up the column one goes around
the hull. So two passes over the picture find what is nearest, exactly.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int, Int32

from spag4d.geometry.equirect import row_elevations_rad
from spag4d.kernels import in_parts, kernel

_ROWS, _COLUMNS = 64, 32
"""Fewest rows and columns for a thread: less takes no longer than starting it."""

Nearest = tuple[Int32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]


def nearest_of(pixel: Int[np.ndarray, " n"], height: int) -> Nearest:
    """Return for every pixel of a panorama the nearest of the given ones, as an index into ``pixel``, and the angle to it.

    ``pixel`` (n ≥ 1) counts row by row; angles are on the sphere, in radians.
    """
    found, away_rad = np.full((height, 2 * height), -1, np.int32), np.empty((height, 2 * height), np.float32)
    found.ravel()[pixel] = np.arange(len(pixel))
    occupied = np.flatnonzero((found >= 0).any(1))[::-1]  # from the nadir up, as the hull is built
    column = np.empty((len(occupied), 2 * height), np.int32)
    in_parts(lambda first, last: _along_rows(found, occupied[first:last], column[first:last]), len(occupied), _ROWS)
    elevation = row_elevations_rad(height)
    given = found.copy(), occupied, column
    tables = np.sin(elevation), np.cos(elevation), np.cos(np.pi / height * np.arange(height + 1))
    in_parts(lambda first, last: _up_columns(first, last, given, tables, found, away_rad), 2 * height, _COLUMNS)
    return found, away_rad


@kernel
@no_type_check
def _along_rows(given, rows, column):
    """Write, for some rows that hold a pixel, whose column is the nearest to each, up to half a turn outside of the picture."""
    width = given.shape[1]
    for k in range(len(rows)):
        row = given[rows[k]]
        last = width - 1
        while row[last] < 0:
            last -= 1
        last -= width
        for i in range(width):
            if row[i] >= 0:
                last = i
            column[k, i] = last
        following = 0
        while row[following] < 0:
            following += 1
        following += width
        for i in range(width - 1, -1, -1):
            if row[i] >= 0:
                following = i
            if following - i < i - column[k, i]:
                column[k, i] = following


@kernel
@no_type_check
def _up_columns(first, last, given, tables, found, away_rad):
    """Build the hull of each column, ``across`` and ``up``, and go around it."""
    pixel, rows, column = given
    sines, cosines, turns = tables
    height, width = pixel.shape
    corner = np.empty(len(rows), np.int64)
    across, up = np.empty(len(rows)), np.empty(len(rows))
    for i in range(first, last):
        n = 0
        for k in range(len(rows)):
            x, y = cosines[rows[k]] * turns[abs(column[k, i] - i)], sines[rows[k]]
            while n > 1 and (across[n - 1] - across[n - 2]) * (y - up[n - 2]) <= (up[n - 1] - up[n - 2]) * (x - across[n - 2]):
                n -= 1
            across[n], up[n], corner[n] = x, y, k
            n += 1
        at = 0
        for row in range(height - 1, -1, -1):
            x, y = cosines[row], sines[row]
            while at + 1 < n and across[at + 1] * x + up[at + 1] * y > across[at] * x + up[at] * y:
                at += 1
            k = corner[at]
            there, other = rows[k], column[k, i]
            found[row, i] = pixel[there, other + width if other < 0 else other - width if other >= width else other]
            flat = cosines[row] * cosines[there] * (1 - turns[abs(other - i)])
            square = ((cosines[row] - cosines[there]) ** 2 + (sines[row] - sines[there]) ** 2) / 4 + flat / 2
            away_rad[row, i] = 2 * np.arcsin(np.sqrt(np.float32(min(square, 1.0))))
