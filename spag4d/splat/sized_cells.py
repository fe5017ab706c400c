"""A fine layer of cells of different sizes: the leaves of the trees of all tiles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float32, Int, Int8

from spag4d.color import srgb_from_linear
from spag4d.splat.colors import Light
from spag4d.splat.fine import Piece
from spag4d.splat.sphere_grid import Cells
from spag4d.splat.surface import InverseMap
from spag4d.splat.tiles import STRIDES, TILE_PX, TileGrid

LEVEL_CELLS = 8
"""Cells of two pixels across a tile: whether one is divided into single pixels is the finest level."""
Levels = Int8[np.ndarray, "tiles 8 8"]
"""For each 2 × 2 pixels of each tile, in rows, the place in `STRIDES` of the cell's stride; of a cap all are the same."""


@dataclass(frozen=True)
class MixedCells:
    """The cells that ``levels`` describes, each on the map of its stride in ``surfaces``."""

    tiles: TileGrid
    levels: Levels
    surfaces: Mapping[int, InverseMap]

    @property
    def rows_together(self) -> int:
        """Rows of a tile."""
        return TILE_PX

    def pieces(self, first_row: int, last_row: int) -> list[Piece]:
        """Return a piece for each ring of tiles and each stride that occurs in it; the first row begins a tile."""
        rings = range(first_row // TILE_PX, -(-last_row // TILE_PX))
        return [piece for ring in rings for piece in self._ring_pieces(ring)]

    def _ring_pieces(self, ring: int) -> Iterator["_RingCells"]:
        levels = self.levels[self.tiles.starts[ring] : self.tiles.starts[ring + 1]]
        present = np.flatnonzero(np.bincount(levels.ravel(), minlength=len(STRIDES)))
        light = _RingLight(self.tiles, ring, STRIDES[present.max()])
        for level in present:
            stride = STRIDES[level]
            cells, place = self._cap(ring, stride) if self.tiles.is_cap[ring] else self._leaves(ring, levels, int(level))
            yield _RingCells(self.surfaces[stride], cells, place, stride, light)

    def _leaves(self, ring: int, levels: np.ndarray, level: int) -> tuple[Cells, np.ndarray]:
        stride, rows = STRIDES[level], self.tiles.rows(ring, STRIDES[level])
        turns = self.tiles.turns(ring, stride)
        row, place = np.nonzero(leaves(levels, level)[: len(rows), : len(turns)])
        return Cells((row + rows.start).astype(np.int32), turns[place]), place

    def _cap(self, ring: int, stride: int) -> tuple[Cells, np.ndarray]:
        grid, rows = self.tiles.grids[stride], self.tiles.rows(ring, stride)
        cells = grid.cells(rows.start, rows.stop)
        return cells, np.arange(len(cells)) + grid.starts[rows.start] - grid.starts[cells.ring]


def leaves(levels: Levels, level: int) -> Bool[np.ndarray, "rows columns"]:
    """Return which cells of a level are leaves, side by side for the tiles of a ring."""
    per_tile = TILE_PX // STRIDES[level]
    step = max(1, LEVEL_CELLS // per_tile)
    found = (levels[:, ::step, ::step] == level).transpose(1, 0, 2).reshape(min(per_tile, LEVEL_CELLS), -1)
    return found.repeat(2, 0).repeat(2, 1) if per_tile > LEVEL_CELLS else found


@dataclass
class _RingLight:
    """The mean light of all cells around a ring of tiles, made once for all strides that occur there."""

    tiles: TileGrid
    ring: int
    finest: int
    _means: dict[int, list[np.ndarray]] = field(default_factory=dict)

    def of_stride(self, stride: int, light: Light, first_row: int) -> list[np.ndarray]:
        if not self._means:
            top = self.ring * TILE_PX - first_row
            self._means = self.tiles.means(light[top : top + TILE_PX], self.ring, self.finest)
        return self._means[stride]


@dataclass(frozen=True)
class _RingCells:
    """Cells of one stride in one ring of tiles; ``place`` is that of each in its row of cells."""

    surface: InverseMap
    cells: Cells
    place: Int[np.ndarray, " n"]
    stride: int
    light: _RingLight

    def colors(self, light: Light, first_row: int, keep: Bool[np.ndarray, " n"]) -> Float32[np.ndarray, "kept 3"]:
        """Return the mean colour of each cell to be kept."""
        rows = self.light.of_stride(self.stride, light, first_row)
        starts = np.cumsum([0] + [len(row) for row in rows])
        first_ring = self.light.ring * (TILE_PX // self.stride)
        mean = np.concatenate(rows)[(starts[self.cells.ring - first_ring] + self.place)[keep]]
        return srgb_from_linear((mean[:, :3] / np.maximum(mean[:, 3:], np.float32(1e-6))).astype(np.float32, copy=False))
