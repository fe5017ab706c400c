"""The spherical grid: rings of equal height, each divided into as many cells as keep them nearly square.

A panorama has as many pixels in the row around the zenith as along the horizon. Cells of equal area need 2/π of them: no
slivers, no hole at the poles and a third fewer Gaussians for the same picture. Between 25° above and below the horizon the
cells are the picture's own pixels: cells that are wider by a per cent straddle pixels all around, which costs about 1 dB.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Float64, Int, Int32

from spag4d.geometry.sphere_rings import cell_counts
from spag4d.kernels import exact_kernel

_NARROWEST = 0.91
"""Width of a cell, as a part of its height, below which a ring gets fewer cells."""
_FEWEST_CELLS = 3
"""A pole is closed by three cells: 2π sin(pitch / 2) / pitch is nearly π."""


@dataclass(frozen=True)
class Cells:
    """Cells of some rings as flat arrays: the ring of each, and how far around it lies (0–1, at -π and +π)."""

    ring: Int32[np.ndarray, " n"]
    turn: Float32[np.ndarray, " n"]

    def __len__(self) -> int:
        """Return the number of cells."""
        return self.ring.shape[0]

    def where(self, keep: np.ndarray) -> "Cells":
        """Return the cells that ``keep`` (n,) selects, these where it selects all."""
        if keep.all():
            return self
        return Cells(self.ring[keep], self.turn[keep])


@dataclass(frozen=True)
class SphereGrid:
    """Rings at ``elevations_rad``, from the zenith down, made of cells that are ``pitch_rad`` high and nearly as wide."""

    elevations_rad: Float64[np.ndarray, " rings"]
    pitch_rad: float

    @staticmethod
    def of_rows(height: int, rows_per_ring: int) -> "SphereGrid":
        """Return the grid with a ring for every ``rows_per_ring`` rows of a panorama; the last may be less high."""
        edges = np.minimum(np.arange(0, height + rows_per_ring, rows_per_ring), height)
        return SphereGrid(np.pi / 2 - np.pi / height * (edges[:-1] + edges[1:]) / 2, np.pi * rows_per_ring / height)

    def __len__(self) -> int:
        """Return the number of rings."""
        return self.elevations_rad.shape[0]

    @cached_property
    def counts(self) -> Int[np.ndarray, " rings"]:
        """Number of cells in each ring."""
        return cell_counts(self.elevations_rad, self.pitch_rad, fewest=_FEWEST_CELLS, narrowest=_NARROWEST)

    @cached_property
    def starts(self) -> Int[np.ndarray, " rings1"]:
        """Index of each ring's first cell, counted from the zenith; the last entry is the number of all cells."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    def cells(self, first: int, last: int) -> Cells:
        """Return the cells of the rings ``first`` ≤ ring < ``last``."""
        counts = self.counts[first:last]
        ring, turn = np.empty(counts.sum(), np.int32), np.empty(counts.sum(), np.float32)
        _list_cells(first, counts, ring, turn)
        return Cells(ring, turn)

    def index(self, ring: Int32[np.ndarray, " n"], turn: Float32[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
        """Return the number of the cell that holds each position."""
        around = (turn * self.counts[ring].astype(np.float32)).astype(np.int64)
        return self.starts[ring] + around


@exact_kernel
@no_type_check
def _list_cells(first, counts, ring, turn):
    at = 0
    for k in range(len(counts)):
        count = np.float32(counts[k])
        for place in range(counts[k]):
            ring[at], turn[at] = first + k, (np.float32(place) + np.float32(0.5)) / count
            at += 1
