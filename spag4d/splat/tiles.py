"""Tiles of the sphere, each a tree of cells of 16, 8, 4, 2 or 1 pixels.

Rings of 16 rows are divided into tiles that are nearly square. A tile is one cell or four quarters, each of which is one cell
or four again, down to pixels: cells of different sizes meet without gap or overlap. Between 25° above and below the horizon
tiles are squares of 16 pixels and cells squares of pixels, as in `SphereGrid`. Close to a pole, where a ring is much narrower
at one side than at the other, the whole ring is one tile with cells of one size, which are those of `SphereGrid`.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int

from spag4d.splat.sphere_grid import SphereGrid

TILE_PX = 16
"""Pixels across, the largest cell: a tree of five strides, 16 to 1."""
STRIDES = (16, 8, 4, 2, 1)
"""Sizes of cells in pixels, from whole tiles down."""
_MOST_NARROWING = 0.3
"""The part by which a ring of tiles may be shorter at its poleward side."""


@dataclass(frozen=True)
class TileGrid:
    """The tiles of a panorama with ``height`` rows, numbered ring by ring from the zenith."""

    height: int

    @cached_property
    def rings(self) -> SphereGrid:
        """The rings of tiles."""
        return SphereGrid.of_rows(self.height, TILE_PX)

    @cached_property
    def grids(self) -> dict[int, SphereGrid]:
        """The rings of cells of each stride."""
        return {stride: SphereGrid.of_rows(self.height, stride) for stride in STRIDES}

    @cached_property
    def _edges_rad(self) -> Float64[np.ndarray, " rings1"]:
        rows = np.minimum(np.arange(len(self.rings) + 1) * TILE_PX, self.height)
        return np.pi / 2 - np.pi / self.height * rows

    @cached_property
    def is_cap(self) -> Bool[np.ndarray, " rings"]:
        """Which rings are one tile each."""
        sides = np.cos(self._edges_rad)
        sides = np.stack([sides[:-1], np.cos(self.rings.elevations_rad), sides[1:]])
        return sides.min(0) < (1 - _MOST_NARROWING) * sides.max(0)

    @cached_property
    def is_level(self) -> Bool[np.ndarray, " rings"]:
        """Which rings have cells made of whole pixels; the last of such a ring may be narrower."""
        return ~self.is_cap & (self.rings.counts >= round(2 * self.height / TILE_PX))

    @cached_property
    def counts(self) -> Int[np.ndarray, " rings"]:
        """Number of tiles in each ring."""
        counts = np.where(self.is_level, -(-2 * self.height // TILE_PX), self.rings.counts)
        return np.where(self.is_cap, 1, counts)

    @cached_property
    def starts(self) -> Int[np.ndarray, " rings1"]:
        """Number of each ring's first tile; the last entry is the number of all tiles."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    def __len__(self) -> int:
        """Return the number of tiles."""
        return int(self.starts[-1])

    @cached_property
    def areas_sr(self) -> Float64[np.ndarray, " tiles"]:
        """Solid angle of each tile; together 4π."""
        sines = np.sin(self._edges_rad)
        bands = 2 * np.pi * (sines[:-1] - sines[1:])
        return np.concatenate([band * self.widths(ring, TILE_PX) for ring, band in enumerate(bands)])

    def across(self, ring: int, stride: int) -> int:
        """Return the number of cells of a stride around a ring of tiles that is not a cap; for stride 16, of tiles."""
        return -(-2 * self.height // stride) if self.is_level[ring] else int(self.counts[ring]) * (TILE_PX // stride)

    def width(self, ring: int, stride: int) -> float:
        """Return the width of such a cell as a part of the turn."""
        return stride / (2 * self.height) if self.is_level[ring] else 1 / self.across(ring, stride)

    def widths(self, ring: int, stride: int) -> Float64[np.ndarray, " n"]:
        """Return the width of each cell around a ring of tiles, as parts of the turn; a cap counts as one cell."""
        if self.is_cap[ring]:
            return np.ones(1)
        left = np.arange(self.across(ring, stride)) * self.width(ring, stride)
        return np.minimum(left + self.width(ring, stride), 1) - left

    def rows(self, ring: int, stride: int) -> range:
        """Return which rings of the grid of this stride a ring of tiles holds."""
        per_tile = TILE_PX // stride
        return range(ring * per_tile, min((ring + 1) * per_tile, len(self.grids[stride])))

    def turns(self, ring: int, stride: int) -> Float32[np.ndarray, " n"]:
        """Return the centres (0–1) of the cells around a ring of tiles that is not a cap."""
        place, width = np.arange(self.across(ring, stride)), self.width(ring, stride)
        return ((place * width + np.minimum((place + 1) * width, 1)) / 2).astype(np.float32)

    def means(
        self, rows: Float32[np.ndarray, "rows w c"], ring: int, finest: int
    ) -> dict[int, list[Float32[np.ndarray, "n c"]]]:
        """Return the mean over each cell around a ring of tiles, for strides from ``finest`` up, row by row.

        ``rows`` are the picture's rows in that ring. Pixels count by the area that they share with the cell, and what lies
        beyond the picture as zeros.
        """
        strides = STRIDES[STRIDES.index(finest) :: -1]
        if self.is_cap[ring]:
            return {stride: self._cap_means(rows, ring, stride) for stride in strides}
        size = (self.across(ring, TILE_PX) * TILE_PX // finest, TILE_PX // finest)
        right = size[0] * finest - rows.shape[1] if self.is_level[ring] else 0
        below = TILE_PX - rows.shape[0]
        if right or below:
            rows = cv2.copyMakeBorder(rows, 0, below, 0, right, cv2.BORDER_CONSTANT)
        found, mean = {}, _area(rows, *size) if (rows.shape[1], rows.shape[0]) != size else rows
        for stride in strides:
            if stride > finest:
                mean = _area(mean, mean.shape[1] // 2, mean.shape[0] // 2)
            found[stride] = list(mean)
        return found

    def _cap_means(self, rows: np.ndarray, ring: int, stride: int) -> list[np.ndarray]:
        counts = self.grids[stride].counts[self.rows(ring, stride)]
        return [_area(rows[k * stride : (k + 1) * stride], int(count), 1)[0] for k, count in enumerate(counts)]


def _area(rows: np.ndarray, across: int, down: int) -> np.ndarray:
    return cv2.resize(rows, (across, down), interpolation=cv2.INTER_AREA).reshape(down, across, rows.shape[2])

