"""What the Gaussians follow: inverse distance on a regular grid, and the piece of surface in each cell.

Inverse distance is linear across a plane (n · u / (n · p) for direction u), so it is what planes are told from edges by, and
zero stands for what holds no surface: sky, invalid pixels, or things nearer than allowed.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Int32

from spag4d.data import DepthMap, Panorama
from spag4d.geometry.one_surface import TO_AVERAGE, TO_FOLLOW, tolerance
from spag4d.kernels import in_parts
from spag4d.splat.orient import Patches
from spag4d.splat.sphere_grid import Cells, SphereGrid
from spag4d.splat.surface_kernels import find_slopes, invert, mark_occupied, reduce_blocks

_ROWS_PER_PART = 16
"""Enough work for a thread."""


@dataclass(frozen=True)
class InverseMap:
    """Inverse distance (rings, columns) in 1/m, zero where there is no surface; one row for each ring of ``grid``.

    A ``backdrop`` is a sphere around the origin with nothing behind it, so that it needs no slopes and cannot hide anything.
    """

    inverse: Float32[np.ndarray, "rings columns"]
    grid: SphereGrid
    backdrop: bool = False

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self.inverse.shape[1]

    def occupied(self, cells: Cells) -> Bool[np.ndarray, " n"]:
        """Return which cells hold a surface."""
        found = np.empty(len(cells), bool)
        mark_occupied(self.inverse, cells.ring, cells.turn, found)
        return found

    @cached_property
    def steps(self) -> tuple[Int32[np.ndarray, " rings"], Float32[np.ndarray, "rings 7"]]:
        """Columns from a cell of each ring to the next, and the angles and limits that `find_slopes` takes."""
        column_rad = 2 * np.pi / self.columns * np.cos(self.grid.elevations_rad)
        steps = np.maximum(np.rint(self.columns / self.grid.counts), 1)
        rings = np.empty((len(self.grid), 7), np.float32)
        rings[:, 0] = column_rad
        rings[:, 1], rings[:, 4] = steps * column_rad, self.grid.pitch_rad
        for at in (1, 4):
            rings[:, at + 1], rings[:, at + 2] = TO_FOLLOW.level(rings[:, at]), TO_FOLLOW.slant(rings[:, at])
        return steps.astype(np.int32), rings


def inverse_map(panorama: Panorama, depth: DepthMap, stride: int, near_far_m: tuple[float, float]) -> InverseMap:
    """Return the surfaces that a depth map describes, one value for each ``stride`` × ``stride`` pixels.

    ``near_far_m`` is (nearest, farthest): what is nearer is dropped, it belongs to the rig or is an error; what is farther is
    drawn at the farthest distance, so that no hole opens. Raises `ValueError` for a depth map of another size than the
    panorama.
    """
    if panorama.size_hw != depth.size_hw:
        raise ValueError(f"the panorama has {panorama.size_hw} pixels, the depth map {depth.size_hw}")
    inverse = np.empty(panorama.size_hw, np.float32)
    nothing = depth.sky if panorama.valid is None else depth.sky | ~panorama.valid
    limits = [np.float32(limit) for limit in near_far_m]

    def run(first: int, last: int) -> None:
        invert(depth.distance[first:last], nothing[first:last], *limits, inverse[first:last])

    in_parts(run, len(inverse), _ROWS_PER_PART)
    return InverseMap(one_surface_per_block(inverse, stride), SphereGrid.of_rows(panorama.size_hw[0], stride))


def one_surface_per_block(inverse: Float32[np.ndarray, "h w"], stride: int) -> Float32[np.ndarray, "rings columns"]:
    """Reduce inverse distances to one value per block: the mean over the surface that most of the block belongs to.

    That surface is found by the median, in which emptiness counts as infinitely far: the value of an actual pixel, never
    one between a foreground and its background. Pixels close to it are averaged, which puts the value in the middle of the
    block where the surface is slanted; of a block with a cut only those on the same side of its widest gap.
    """
    if stride == 1:
        return inverse
    height, width = inverse.shape
    rings = -(-height // stride)
    reduced = np.empty((rings, 2 * max(1, round(width / stride / 2))), np.float32)
    limits = (*TO_AVERAGE.over(np.pi / height), np.float32(tolerance(np.pi / rings / 2)))
    in_parts(lambda first, last: reduce_blocks(inverse, stride, *limits, first, last, reduced), rings, _ROWS_PER_PART)
    return reduced


def patches_at(surface: InverseMap, cells: Cells) -> Patches:
    """Return the piece of surface in each cell, with slopes from neighbours on the same surface only.

    Every cell must be occupied. Where a neighbour lies across a depth edge the slope comes from the other side alone, or is
    zero, and is limited more strictly.
    """
    distance, right, down = (np.zeros(len(cells), np.float32) for _ in range(3))
    if surface.backdrop:
        np.reciprocal(surface.inverse[cells.ring, (cells.turn * np.float32(surface.columns)).astype(np.int32)], out=distance)
    else:
        find_slopes(surface.inverse, (cells.ring, cells.turn), *surface.steps, (distance, right, down))
    return Patches(distance, right, down)
