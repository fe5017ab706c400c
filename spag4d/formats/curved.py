"""Gaussians of SpacetimeGaussians (Li et al., CVPR 2024): curved ways and turns, shown exactly or as straight pieces.

With dt = t - centre, where t runs from 0 to 1: a mean is ``x + m1 dt + m2 dt² + m3 dt³``, a rotation ``q + omega dt``, brought
to length one, and an opacity is multiplied by ``exp(-(dt / width)²)``, without the half of a normal distribution.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Float64, Int64

from spag4d.data import Gaussians, Moving
from spag4d.formats.records import unit_quats

FAINTEST = 0.02
"""The share of its opacity at which a Gaussian is gone, as the players of these files have it."""
_BOUND = 0.25
"""Of a Gaussian's middle size that a straight piece may stray from the curve, and the end of its longest axis from its turn:
a fifth of what covers its neighbour."""
_MOST_PIECES = 32
"""Of one Gaussian: eight in a second of film are usual, and a damaged file must not fill the disk."""
_STEPS = 256
"""Places in time at which pieces may end: few enough windows for a table, and each shorter than any picture's stretch."""
_SMALLEST = 1e-9


@dataclass(frozen=True)
class Curved:
    """Gaussians as they are at their centres, and how they go on; times are shares of the whole."""

    gaussians: Gaussians
    motions: Float32[np.ndarray, "n 3 3"]
    omegas: Float32[np.ndarray, "n 4"]
    centers: Float32[np.ndarray, " n"]
    widths: Float32[np.ndarray, " n"]

    def at(self, time: float) -> Gaussians:
        """Return what is there at a time from 0 to 1, exactly."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # damaged: left out by those who use it
            left = np.exp(-np.square((time - self.centers.astype(np.float64)) / self.widths))
            there = np.flatnonzero(left >= FAINTEST)
            found, times = self.gaussians.select(there), np.full(len(there), time)
            return replace(found, means=self._means(there, times).astype(np.float32), quats_wxyz=self._quats(there, times),
                           opacities=(found.opacities * left[there]).astype(np.float32))

    def straight(self) -> Moving:
        """Return straight pieces, one after the other in windows that end at 256ths of the whole; times are from 0 to 1.

        A piece strays by a quarter of the middle size at most, unless it would take more than 32 of them.
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            first, last = self._stretch()
            pieces = np.clip(self._pieces((last - first) / _STEPS), 1, np.minimum(last - first, _MOST_PIECES))
            members = np.repeat(np.arange(len(pieces)), pieces)
            number = np.arange(len(members)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
            length, share = (last - first)[members], pieces[members]
            edges = (first[members] + np.stack([length * number // share, length * (number + 1) // share])) / _STEPS
            return self._between(members, *edges)

    def _between(self, members: Int64[np.ndarray, " m"], begins: Float64[np.ndarray, " m"],
                 ends: Float64[np.ndarray, " m"]) -> Moving:
        """Return some Gaussians on the straight way from where they are at one time to where they are at another."""
        start = self._means(members, begins)
        velocities = (self._means(members, ends) - start) / (ends - begins)[:, None]
        centers = self.centers[members].astype(np.float64)
        means = start + velocities * (centers - begins)[:, None]
        gaussians = replace(self.gaussians.select(members), means=means.astype(np.float32),
                            quats_wxyz=self._quats(members, (begins + ends) / 2))
        sigmas = self.widths[members].astype(np.float64) / math.sqrt(2)
        return Moving(gaussians, velocities.astype(np.float32), centers, sigmas, np.stack([begins, ends], 1))

    def _means(self, members: Int64[np.ndarray, " m"], times: Float64[np.ndarray, " m"]) -> Float64[np.ndarray, "m 3"]:
        after = (times - self.centers[members])[:, None]
        first, second, third = np.moveaxis(self.motions[members].astype(np.float64), 1, 0)
        return self.gaussians.means[members] + after * (first + after * (second + after * third))

    def _quats(self, members: Int64[np.ndarray, " m"], times: Float64[np.ndarray, " m"]) -> Float32[np.ndarray, "m 4"]:
        after = (times - self.centers[members])[:, None].astype(np.float32)
        return unit_quats(self.gaussians.quats_wxyz[members] + self.omegas[members] * after)

    def _stretch(self) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
        """Return the first and the last of the 256 steps of time between which a Gaussian can be seen."""
        reach = self.widths.astype(np.float64) * math.sqrt(-math.log(FAINTEST))
        low, high = (np.nan_to_num((self.centers + side) * _STEPS, nan=0.0) for side in (-reach, reach))
        first = np.clip(np.floor(low), 0, _STEPS - 1).astype(np.int64)
        return first, np.maximum(np.clip(np.ceil(high), 0, _STEPS).astype(np.int64), first + 1)

    def _pieces(self, lengths: Float64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        """Return how many pieces a curve of a length takes: a chord is off by |x''| h² / 8, a turn in its middle by half."""
        sizes = np.sort(self.gaussians.scales, 1).astype(np.float64)
        bound = np.maximum(_BOUND * sizes[:, 1], _SMALLEST)
        far = np.maximum(np.abs(0 - self.centers), np.abs(1 - self.centers)).astype(np.float64)
        far = np.minimum(far, self.widths * math.sqrt(-math.log(FAINTEST)))
        bend = np.linalg.norm(2 * self.motions[:, 1], axis=1) + far * np.linalg.norm(6 * self.motions[:, 2], axis=1)
        length = np.maximum(np.linalg.norm(self.gaussians.quats_wxyz, axis=1), _SMALLEST)
        turn = 2 * np.linalg.norm(self.omegas, axis=1) / length
        needed = np.maximum(lengths * np.sqrt(bend / (8 * bound)), lengths * turn * (sizes[:, 2] - sizes[:, 0]) / (2 * bound))
        return np.ceil(np.nan_to_num(np.minimum(needed, _MOST_PIECES), nan=1.0)).astype(np.int64)
