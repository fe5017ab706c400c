"""The best scene of a given number of Gaussians: small cells where the picture has detail, large ones where it is flat.

Each tile of the sphere is a tree of cells. For a price of a Gaussian the best trees are found from the leaves up: a cell is
divided where that takes away more error than its parts cost (Chou, Lookabaugh and Gray, Optimal pruning with applications to
tree-structured source coding and modeling, 1989). The price is the one at which the scene is as large as it may be.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from spag4d.data import DepthMap, Gaussians, Layers, Panorama
from spag4d.errors import InputError
from spag4d.progress import SILENT, Progress
from spag4d.splat.backing import BLOCK, backing, backs_slanted
from spag4d.splat.detail import Costs, Maps, costs, of_four
from spag4d.splat.dome import OVERLAP_CELLS, Backdrop, backdrop_map, backdrop_of
from spag4d.splat.fine import Fine, UniformCells
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.grid import cover
from spag4d.splat.sized_cells import LEVEL_CELLS, Levels, MixedCells
from spag4d.splat.sphere_grid import SphereGrid
from spag4d.splat.surface import InverseMap, inverse_map, one_surface_per_block
from spag4d.splat.tiles import STRIDES, TILE_PX, TileGrid

_BACKING_SHARE = 0.15
"""The backing is as fine as this part of the budget allows."""
_MOST_BACKING_SHARE = 0.3
"""Where a coarser backing would leave slanted surfaces open; judgement: more would take the fine layer's budget."""
_CLOSE_ENOUGH = 0.995
"""Of the budget: the last 0.5 % of the Gaussians cannot be seen."""
_SAMPLE = 16
"""Every 16th tile: a first guess of the price in a sixteenth of the time."""
_MOST_TRIES = 40
"""A bound only: halving between known prices ends earlier."""


@dataclass(frozen=True)
class Plan:
    """Where cells of which size are, for the surfaces and for the sky; ``levels`` is None where all are as small as pixels.

    ``backing_stride`` is a quarter of the size of the backing's cells, in pixels.
    """

    panorama: Panorama
    look: Look
    tiles: TileGrid
    levels: Levels | None
    backing_stride: int
    surfaces: Maps
    sky: Maps
    skirt: InverseMap | None
    backdrop: Backdrop | None

    def surface_gaussians(self, progress: Progress = SILENT) -> Layers:
        """Return the surfaces: the fine layer, from the zenith down, and its backing."""
        return cover(self.panorama, self._fine(self.surfaces), self.surfaces[self.backing_stride], self.look, progress)

    def cell_sizes_rad(self) -> Float32[np.ndarray, " n"]:
        """Return the size of each cell of the surfaces' fine layer, in the order of its Gaussians."""
        pieces = self._fine(self.surfaces).pieces(0, self.tiles.height)
        return np.concatenate([np.full(int(piece.surface.occupied(piece.cells).sum()), piece.surface.grid.pitch_rad, np.float32)
                               for piece in pieces])

    def sky_gaussians(self, progress: Progress = SILENT) -> Gaussians:
        """Return the sky as a sphere beyond the surfaces."""
        if self.backdrop is None or self.skirt is None:
            return Gaussians.empty()
        return cover(self.backdrop.picture, self._fine(self.sky), self.skirt, self.look, progress, stage="sky").joined

    def _fine(self, maps: Maps) -> Fine:
        return UniformCells(maps[1], 1) if self.levels is None else MixedCells(self.tiles, self.levels, maps)


def planned(
    panorama: Panorama,
    depth: DepthMap,
    most: int,
    *,
    look: Look | None = None,
    near_far_m: tuple[float, float] = (0.1, 100.0),
    sky_radius_m: float | None = None,
    step_m: float = 0.5,
) -> Plan:
    """Return the plan of a scene of at most ``most`` Gaussians, the sky at ``sky_radius_m`` included, or without sky.

    ``near_far_m`` is as in `inverse_map`. Raises `InputError` where even the largest cells
    are too many, and `ValueError` where panorama and depth map differ in size.
    """
    look, height = look or Look(), panorama.size_hw[0]
    tiles = TileGrid(height)
    surfaces = _pyramid(inverse_map(panorama, depth, 1, near_far_m), tiles)
    stride = _backing_stride(height, most)
    backdrop, sky, skirt = None, {}, None
    if sky_radius_m and (backdrop := backdrop_of(panorama, depth, OVERLAP_CELLS * stride, step_m)):
        sky = {size: backdrop_map(backdrop.fine, size, sky_radius_m) for size in STRIDES}
        skirt = backdrop_map(backdrop.skirt, stride, sky_radius_m)
    room = most
    if look.backing:
        coarse = SphereGrid.of_rows(height, BLOCK * stride)
        room -= sum(len(backing(wide, coarse, 0, len(coarse)).cells) for wide in (surfaces[stride], skirt) if wide)
    levels = None
    if stride > 1 or _finest_count(surfaces, sky) > room:
        levels = best_levels(costs(panorama, tiles, surfaces, sky), room)
        if levels is None:
            raise InputError(f"{most} Gaussians are too few for a panorama of {height} rows")
    return Plan(panorama, look, tiles, levels, stride, surfaces, sky, skirt, backdrop)


def rows_for(most: int) -> int:
    """Return how many rows a panorama may have for a number of Gaussians, so that its largest cells take half of them."""
    return max(TILE_PX, int(np.sqrt(most / 3)) * TILE_PX)


def uniform_stride(height: int, most: int) -> int:
    """Return the stride at which a panorama of so many rows becomes at most so many cells: 4 / π · (rows / stride)²."""
    return int(np.ceil(height * np.sqrt(4 / (np.pi * most))))


def _finest_count(*layers: Maps) -> int:
    return sum(int(maps[1].occupied(maps[1].grid.cells(0, len(maps[1].grid))).sum()) for maps in layers if maps)


def best_levels(found: Costs, most: int) -> Levels | None:
    """Return the trees that err least with at most ``most`` cells, or None where the largest cells are too many.

    The price is sought on a sample of the tiles first.
    """
    finest, coarsest = (found.cap_cells[:, level].sum() + found.cells[STRIDES[level]].sum() for level in (-1, 0))
    if finest <= most:
        return np.full((len(found.cells[1]), LEVEL_CELLS, LEVEL_CELLS), len(STRIDES) - 1, np.int8)
    if coarsest > most:
        return None
    guess = 1e-3
    if len(found.cells[1]) > _SAMPLE**2:
        sample = found.sample(_SAMPLE)
        guess = _price(sample, float(most * sample.cells[1].sum() / max(1, found.cells[1].sum())), guess)
    return _Trees.of(found, _price(found, float(most), guess)).levels(found)


def _price(found: Costs, most: float, guess: float) -> float:
    """Return a price at which there are not more than ``most`` cells, and hardly less."""
    low, high, price = 0.0, np.inf, guess
    for _ in range(_MOST_TRIES):
        count = _Trees.of(found, price).count
        if count > most:
            low = price
        else:
            high = price
            if count >= _CLOSE_ENOUGH * most:
                return price
        if low and high < low * (1 + 1e-6):
            break
        step = (max(count, 1) / most) ** 1.5 * (1.002 if count > most else 0.998)
        price = price * float(np.clip(step, 0.01, 100))
        if not low < price < high:
            price = float(np.sqrt(low * high))
    return high if high < np.inf else 1e30


@dataclass(frozen=True)
class _Trees:
    """The best trees at some price: how many cells, which cells are divided, and the levels of the caps."""

    count: int
    divided: dict[int, np.ndarray]
    cap_level: np.ndarray

    @staticmethod
    def of(found: Costs, price: float) -> "_Trees":
        """Return the best trees, from the leaves up."""
        each = np.float32(price)
        number = found.quads
        spent, lost = number * each, None
        divided = {}
        for stride in STRIDES[-2::-1]:
            if lost is not None:
                number, spent, lost = of_four(number), of_four(spent), of_four(lost)
            lost = found.split[stride] if lost is None else lost + found.split[stride]
            whole = lost + found.cells[stride] * each
            divided[stride] = spent < whole
            number = np.where(divided[stride], number, found.cells[stride])
            spent = np.minimum(spent, whole)
        level = (found.cap_errors + found.cap_cells * price).argmin(1)
        count = number.sum(dtype=np.float64) + found.cap_cells[np.arange(len(level)), level].sum()
        return _Trees(round(count), divided, level)

    def levels(self, found: Costs) -> Levels:
        """Return the size of each leaf."""
        levels = np.zeros((len(self.divided[2]), LEVEL_CELLS, LEVEL_CELLS), np.int8)
        going = np.ones((len(levels), 1, 1), bool)
        for stride in STRIDES[:-1]:
            going = going & self.divided[stride]
            factor = LEVEL_CELLS // going.shape[1]
            levels += going.repeat(factor, 1).repeat(factor, 2)
            if stride > 2:
                going = going.repeat(2, 1).repeat(2, 2)
        levels[found.cap_tiles] = self.cap_level[:, None, None]
        return levels


def _backing_stride(height: int, most: int) -> int:
    """Return the finest stride whose backing takes a small share, or a larger one where the next would hardly back anything."""
    fits = []
    for size in STRIDES:
        share = SphereGrid.of_rows(height, BLOCK * size).counts.sum() / most
        needed = not backs_slanted(2 * size * np.pi / height)
        if share <= (_MOST_BACKING_SHARE if needed else _BACKING_SHARE):
            fits.append(size)
    return min(fits, default=STRIDES[0])


def _pyramid(finest: InverseMap, tiles: TileGrid) -> dict[int, InverseMap]:
    maps, inverse = {1: finest}, finest.inverse
    for stride in STRIDES[-2::-1]:
        inverse = one_surface_per_block(inverse, 2)
        maps[stride] = InverseMap(inverse, tiles.grids[stride])
    return maps
