"""The sphere in rings of cells that are about as wide as high, counted from the zenith and around from azimuth -π."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64

from spag4d.geometry.equirect import column_azimuths_rad, row_elevations_rad
from spag4d.kernels import kernel

_HALF_TURN = np.float32(np.pi)
_HALF, _ONE = np.float32(0.5), np.float32(1)
"""Python's own numbers would make float64 of a kernel's arithmetic."""


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
    rings = len(starts) - 1
    elevation = np.arcsin(min(max(y, -_ONE), _ONE))
    ring = min(int((elevation / _HALF_TURN + _HALF) * rings), rings - 1)
    count = starts[ring + 1] - starts[ring]
    turn = np.arctan2(x, z) / (2 * _HALF_TURN) + _HALF
    return starts[ring] + min(int(turn * count), count - 1)
