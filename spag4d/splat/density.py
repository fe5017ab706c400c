"""How densely a scene is covered: with cells of one size, or with as many Gaussians as there may be.

Both kinds answer the same questions, so that nobody else has to know which one it is.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from spag4d.data import DepthMap, Gaussians, Layers, Panorama
from spag4d.errors import InputError
from spag4d.progress import SILENT, Progress
from spag4d.splat.behind import behind_gaussians
from spag4d.splat.budget import planned, rows_for, uniform_stride
from spag4d.splat.dome import dome_gaussians
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.grid import grid_gaussians

_COARSEST = 16
"""Pixels: with larger cells even a panorama of 8192 rows would be a blur."""


@dataclass(frozen=True)
class Extent:
    """What of a scene is drawn.

    ``near_far_m`` is as in `surface.inverse_map`; the sky is at ``sky_radius_m``, and is left out where that is None; a step of
    ``step_m`` aside should open no gap.
    """

    near_far_m: tuple[float, float] = (0.1, 100.0)
    sky_radius_m: float | None = None
    step_m: float = 0.5


@runtime_checkable
class Plan(Protocol):
    """Where the cells of a scene are, and how large."""

    def surface_gaussians(self, progress: Progress = SILENT) -> Layers:
        """Return the surfaces: a fine layer and its backing."""
        ...

    def cell_sizes_rad(self) -> Float32[np.ndarray, " n"]:
        """Return the size of the cell of each Gaussian of the fine layer, or one for all."""
        ...

    def sky_gaussians(self, progress: Progress = SILENT) -> Gaussians:
        """Return the sky, none where there is none or it is left out."""
        ...


@runtime_checkable
class Density(Protocol):
    """How densely panoramas are covered."""

    def most_rows(self, height: int) -> int:
        """Return to how many rows a panorama of ``height`` may be shrunk, or ``height``."""
        ...

    def memory_rows(self, height: int) -> int:
        """Return how many rows a panorama with about a pixel for each Gaussian has."""
        ...

    def behind(
        self, panorama: Panorama, depth: DepthMap, *, look: Look, extent: Extent, progress: Progress = SILENT
    ) -> Gaussians:
        """Return the layer behind; see `behind_gaussians`."""
        ...

    def plan(self, panorama: Panorama, depth: DepthMap, *, look: Look, extent: Extent, taken: int = 0) -> Plan:
        """Return the plan of surfaces and sky beside as many Gaussians as are ``taken``; raises `InputError`."""
        ...


@dataclass(frozen=True)
class Uniform:
    """Cells of ``stride`` × ``stride`` pixels, 1 to 16; raises `InputError`."""

    stride: int = 2

    def __post_init__(self) -> None:
        """Refuse sizes that make no scene."""
        if self.stride != int(self.stride) or not 1 <= self.stride <= _COARSEST:
            raise InputError(f"stride must be a whole number from 1 to {_COARSEST}, got {self.stride}")

    def most_rows(self, height: int) -> int:
        """Return ``height``: all pixels are read."""
        return height

    def memory_rows(self, height: int) -> int:
        """Return the number of rings of cells."""
        return -(-height // self.stride)

    def behind(
        self, panorama: Panorama, depth: DepthMap, *, look: Look, extent: Extent, progress: Progress = SILENT
    ) -> Gaussians:
        """Return the layer behind; see `behind_gaussians`."""
        return behind_gaussians(panorama, depth, stride=self.stride, look=look, step_m=extent.step_m,
                                near_far_m=extent.near_far_m, progress=progress)

    def plan(self, panorama: Panorama, depth: DepthMap, *, look: Look, extent: Extent, taken: int = 0) -> Plan:
        """Return the plan of surfaces and sky, whatever is ``taken``."""
        return _UniformPlan(panorama, depth, self.stride, look, extent)


@dataclass(frozen=True)
class _UniformPlan:
    panorama: Panorama
    depth: DepthMap
    stride: int
    look: Look
    extent: Extent

    def surface_gaussians(self, progress: Progress = SILENT) -> Layers:
        near_m, far_m = self.extent.near_far_m
        return grid_gaussians(self.panorama, self.depth, stride=self.stride, look=self.look, near_m=near_m,
                              far_m=far_m, progress=progress)

    def cell_sizes_rad(self) -> Float32[np.ndarray, " n"]:
        return np.full(1, np.pi / self.panorama.size_hw[0] * self.stride, np.float32)

    def sky_gaussians(self, progress: Progress = SILENT) -> Gaussians:
        if self.extent.sky_radius_m is None:
            return Gaussians.empty()
        return dome_gaussians(self.panorama, self.depth, stride=self.stride, look=self.look,
                              radius_m=self.extent.sky_radius_m, step_m=self.extent.step_m, progress=progress)


@dataclass(frozen=True)
class Budget:
    """At most ``most`` Gaussians, small where the picture has detail and large where it is flat."""

    most: int

    def most_rows(self, height: int) -> int:
        """Return how many rows leave the largest cells half of the budget; see `rows_for`."""
        return min(height, rows_for(self.most))

    def memory_rows(self, height: int) -> int:
        """Return the rows at which cells of one size, 4 / π · rows² of them, would spend the budget."""
        return min(height, int(np.sqrt(self.most * np.pi / 4)))

    def behind(
        self, panorama: Panorama, depth: DepthMap, *, look: Look, extent: Extent, progress: Progress = SILENT
    ) -> Gaussians:
        """Return the layer behind as densely as cells of one size would spend the budget."""
        return Uniform(uniform_stride(panorama.size_hw[0], self.most)).behind(
            panorama, depth, look=look, extent=extent, progress=progress)

    def plan(self, panorama: Panorama, depth: DepthMap, *, look: Look, extent: Extent, taken: int = 0) -> Plan:
        """Return the plan that spends what is not ``taken``; raises `InputError` where that is too little."""
        return planned(panorama, depth, self.most - taken, look=look, near_far_m=extent.near_far_m,
                       sky_radius_m=extent.sky_radius_m, step_m=extent.step_m)


def density_for(stride: int, most: int | None) -> Density:
    """Return the density of cells of a ``stride``, or where their number is limited that of the budget."""
    return Uniform(stride) if most is None else Budget(most)
