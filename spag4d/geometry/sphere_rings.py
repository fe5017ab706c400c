"""The sphere in rings of cells that are about as wide as high, counted from the zenith and around from azimuth -π."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64

from spag4d.geometry.equirect import column_azimuths_rad, row_elevations_rad
from spag4d.kernels import kernel

_QUARTER, _HALF, _ONE, _TINY = np.float32(0.25), np.float32(0.5), np.float32(1), np.float32(1e-30)
"""Python's own numbers would make float64 of a kernel's arithmetic."""


def _single(*values: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(value) for value in values)


_ARC_COSINE = _single(0.5, -0.06830882281, 0.02832133509, -0.01596165635, 0.00980657153, -0.00540027767, 0.00209476077,
                      -0.00039375087)
_ARC_TANGENT = _single(0.15915492177, -0.05304946005, 0.03178202361, -0.02230808884, 0.01576604322, -0.00944856741,
                       0.00384616822, -0.00074305834)
"""Chebyshev fits of arccos x / (π √(1 - x)) in x and of arctan t / (2π t) in t², for 0 to 1. The library's own functions take
five times as long."""


def cell_counts(
    elevations_rad: Float64[np.ndarray, " rings"], pitch_rad: float, *, fewest: int = 1, narrowest: float = 1.0
) -> Int64[np.ndarray, " rings"]:
    """Return how many cells ``pitch_rad`` high each ring has: ``fewest`` at least, and at most as many as along the horizon.

    A ring gets fewer than the horizon where its cells would else be narrower than ``narrowest`` times their height.
    """
    widths = np.minimum(1, np.cos(elevations_rad) / narrowest)
    return np.maximum(fewest, np.rint(2 * np.pi / pitch_rad * widths)).astype(np.int64)


def ring_starts(rings: int, fewest: int = 1) -> Int64[np.ndarray, " edges"]:
    """Return at which cell each of so many rings begins, and how many cells there are; a ring has ``fewest`` at least."""
    counts = cell_counts(row_elevations_rad(rings), np.pi / rings, fewest=fewest)
    return np.concatenate([[0], np.cumsum(counts)])


def cell_directions(starts: Int64[np.ndarray, " edges"]) -> Float64[np.ndarray, "cells 3"]:
    """Return the unit directions of the centres of cells, ring by ring."""
    found = []
    for elevation, count in zip(row_elevations_rad(len(starts) - 1), np.diff(starts).tolist(), strict=True):
        azimuth, flat = column_azimuths_rad(count), np.cos(elevation)
        found.append(np.stack([flat * np.sin(azimuth), np.full(count, -np.sin(elevation)), flat * np.cos(azimuth)], -1))
    return np.concatenate(found)


@kernel
@no_type_check
def cell_at(x, y, z, starts):
    """Return the number of the cell in a unit direction, for kernels; ``starts`` are those of `ring_starts`."""
    return cell_in(down_from_zenith(y), turn_at(x, z), starts)


@kernel
@no_type_check
def cell_in(down, turn, starts):
    """Return the number of the cell at a place of `polar`."""
    rings = len(starts) - 1
    ring = min(int(down * rings), rings - 1)
    count = starts[ring + 1] - starts[ring]
    return starts[ring] + min(int(turn * count), count - 1)


@kernel
@no_type_check
def polar(vectors, places):
    """Write distance, `down_from_zenith` and `turn_at` of vectors; both arrays are flat (3 n), so that it takes 8 at once."""
    for i in range(len(places) // 3):
        x, y, z = vectors[3 * i], vectors[3 * i + 1], vectors[3 * i + 2]
        distance = np.sqrt(x * x + y * y + z * z)
        places[3 * i] = distance
        places[3 * i + 1] = down_from_zenith(y / max(distance, _TINY))
        places[3 * i + 2] = turn_at(x, z)


@kernel
@no_type_check
def down_from_zenith(y):
    """Return the angle of a unit direction to the zenith in half turns, 0 to 1, within 1e-7.

    Abramowitz and Stegun's form (4.4.45) for the arc cosine: √(1 - x) times a polynomial.
    """
    x = min(abs(y), _ONE)
    b0, b1, b2, b3, b4, b5, b6, b7 = _ARC_COSINE
    angle = np.sqrt(_ONE - x) * (b0 + x * (b1 + x * (b2 + x * (b3 + x * (b4 + x * (b5 + x * (b6 + x * b7)))))))
    return angle if y < 0 else _ONE - angle


@kernel
@no_type_check
def turn_at(x, z):
    """Return how far around from azimuth -π a direction lies, 0 to 1, within 1e-7; it need not be a unit vector."""
    right, ahead = abs(x), abs(z)
    t = min(right, ahead) / max(right, ahead, _TINY)
    s = t * t
    c0, c1, c2, c3, c4, c5, c6, c7 = _ARC_TANGENT
    turn = t * (c0 + s * (c1 + s * (c2 + s * (c3 + s * (c4 + s * (c5 + s * (c6 + s * c7)))))))
    turn = _QUARTER - turn if right > ahead else turn
    turn = _HALF - turn if z < 0 else turn
    return _HALF - turn if x < 0 else _HALF + turn
