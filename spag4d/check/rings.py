"""The sphere in rings of cells that are about as wide as high, counted from the zenith."""

import numpy as np
from jaxtyping import Float64, Int64


def ring_starts(rings: int, fewest: int = 1) -> Int64[np.ndarray, " edges"]:
    """Return at which cell each of so many rings begins, and how many cells there are; a ring has ``fewest`` at least."""
    elevation = np.pi / 2 - np.pi * (np.arange(rings) + 0.5) / rings
    counts = np.maximum(fewest, np.rint(2 * rings * np.cos(elevation))).astype(np.int64)
    return np.concatenate([[0], np.cumsum(counts)])


def cell_directions(starts: Int64[np.ndarray, " edges"]) -> Float64[np.ndarray, "cells 3"]:
    """Return the unit directions of the centres of cells, ring by ring."""
    rings, found = len(starts) - 1, []
    for ring, count in enumerate(np.diff(starts)):
        elevation = np.pi / 2 - np.pi * (ring + 0.5) / rings
        azimuth = 2 * np.pi * (np.arange(count) + 0.5) / count - np.pi
        flat = np.cos(elevation)
        found.append(np.stack([flat * np.sin(azimuth), np.full(count, -np.sin(elevation)), flat * np.cos(azimuth)], -1))
    return np.concatenate(found)
