"""Views of one sphere that overlap share its cells: what they hold can be made to agree, and noise be the same in all.

The sphere is divided into cells of equal area. Every pixel of every view has the cell that its centre lies in. What views hold
is fused as the weighted mean over the pixels of each cell, and read back from there: two pixels of a cell then hold the same,
whatever views they are of, at the poles and across the panorama's edge as anywhere. Nothing is interpolated, which would blur
the noise that denoisers expect.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int64
from scipy.sparse import csr_array

from spag4d.data import PinholeCamera
from spag4d.geometry.blend import feather
from spag4d.geometry.camera import view_directions, view_pixels_from_directions
from spag4d.geometry.sphere_rings import ring_starts

_FINER = 1.2
"""Cells along a pixel in the middle of a view. At 1 a third of the pixels there share a cell, and the noise in it, with one of
their neighbours, at 1.2 one in sixty; at 1.4 a sixth of them have a cell that no other view has, at 1.2 one in twenty."""


class SharedCells:
    """The cells of square views."""

    def __init__(self, cameras: Sequence[PinholeCamera]) -> None:
        """Give every pixel its cell, and its share of the cell: little near the border of its view."""
        starts = ring_starts(round(math.pi * cameras[0].fx * _FINER))
        rays = [view_directions(camera) for camera in cameras]
        weights = [feather(camera, view_pixels_from_directions(camera, seen)).reshape(-1)
                   for camera, seen in zip(cameras, rays, strict=True)]
        used, found = np.unique(np.concatenate([_cells(seen, starts).reshape(-1) for seen in rays]), return_inverse=True)
        self.cells = np.split(found, len(cameras))
        flat = np.concatenate(weights)
        self.count = len(used)
        shares = flat / np.bincount(found, flat, self.count)[found]
        self._mean = csr_array((shares.astype(np.float32), (found, np.arange(len(found)))), (self.count, len(found)))

    def fused(self, views: Sequence[Float32[np.ndarray, "*layers h w"]]) -> list[Float32[np.ndarray, "*layers h w"]]:
        """Return what the views hold, as it is where they agree."""
        flat = [view.reshape(-1, len(cells)).T for view, cells in zip(views, self.cells, strict=True)]
        return self._read(self._mean @ np.concatenate(flat), views[0].shape)

    def noise(self, shape: tuple[int, ...], seed: int) -> list[Float32[np.ndarray, "*layers h w"]]:
        """Return white noise on the sphere, of variance 1, as the views see it; ``shape`` (…, h, w) is that of a view."""
        layers = math.prod(shape[:-2])
        return self._read(np.random.default_rng(seed).standard_normal((self.count, layers), np.float32), shape)

    def _read(self, sphere: np.ndarray, shape: tuple[int, ...]) -> list[np.ndarray]:
        return [np.ascontiguousarray(sphere[cells].T).reshape(shape) for cells in self.cells]


def _cells(rays: np.ndarray, starts: Int64[np.ndarray, " edges"]) -> Int64[np.ndarray, "h w"]:
    """Return the number of the cell in unit directions."""
    rings = len(starts) - 1
    down = np.arccos(np.clip(-rays[..., 1], -1, 1)) / math.pi
    ring = np.minimum((down * rings).astype(np.int64), rings - 1)
    turn = np.arctan2(rays[..., 0], rays[..., 2]) / (2 * math.pi) + 0.5
    counts = np.diff(starts)[ring]
    return starts[ring] + np.minimum((turn * counts).astype(np.int64), counts - 1)
