"""The best scene of a given number of Gaussians: small cells where the picture has detail, large ones where it is flat.

Each tile of the sphere is a tree of cells. For a price of a Gaussian the best trees are found from the leaves up: a cell is
divided where that takes away more error than its parts cost (Chou, Lookabaugh and Gray, Optimal pruning with applications to
tree-structured source coding and modeling, 1989). The price is the one at which the scene is as large as it may be.
"""

from dataclasses import dataclass

import numpy as np

from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.errors import InputError
from spag4d.progress import SILENT, Progress
from spag4d.splat.backing import BLOCK, most_backing
from spag4d.splat.detail import Costs, Maps, costs
from spag4d.splat.dome import Backdrop, backdrop_map, backdrop_of
from spag4d.splat.grid import cover
from spag4d.splat.look import Look
from spag4d.splat.mixed import LEVEL_CELLS, Levels, MixedCells
from spag4d.splat.sphere_grid import SphereGrid
from spag4d.splat.surface import InverseMap, inverse_map, one_surface_per_block
from spag4d.splat.tiles import STRIDES, TileGrid

_BACKING_SHARE = 0.08
"""The backing is as fine as this part of the budget allows."""
_OVERLAP_PX = 4
_CLOSE_ENOUGH = 0.995
_MOST_TRIES = 40


@dataclass(frozen=True)
class Plan:
    """Where cells of which size are, for the surfaces and for the sky; ``backing_stride`` is a quarter of the backing's."""

    panorama: Panorama
    look: Look
    tiles: TileGrid
    levels: Levels
    backing_stride: int
    surfaces: Maps
    sky: Maps
    skirt: InverseMap | None
    backdrop: Backdrop | None

    @property
    def fine(self) -> MixedCells:
        """The cells of the surfaces, in the order of their Gaussians."""
        return MixedCells(self.tiles, self.levels, self.surfaces)

    def surface_gaussians(self, progress: Progress = SILENT) -> Gaussians:
        """Return the surfaces: first the fine layer, from the zenith down, then the backing."""
        return cover(self.panorama, self.fine, self.surfaces[self.backing_stride], self.look, progress)

    def sky_gaussians(self, progress: Progress = SILENT) -> Gaussians:
        """Return the sky as a sphere beyond the surfaces."""
        if self.backdrop is None or self.skirt is None:
            return Gaussians.empty()
        fine = MixedCells(self.tiles, self.levels, self.sky)
        return cover(self.backdrop.picture, fine, self.skirt, self.look, progress, stage="sky")


def planned(
    panorama: Panorama,
    depth: DepthMap,
    most: int,
    *,
    look: Look | None = None,
    range_m: tuple[float, float] = (0.1, 100.0),
    sky_radius_m: float | None = None,
) -> Plan:
    """Return the plan of a scene of at most ``most`` Gaussians, the sky at ``sky_radius_m`` included, or without sky.

    ``range_m`` is as in `inverse_map`; the stride of ``look`` is not read. Raises `InputError` where even the largest cells
    are too many, and `ValueError` where panorama and depth map differ in size.
    """
    look, height = look or Look(), panorama.size_hw[0]
    tiles = TileGrid(height)
    surfaces = _pyramid(inverse_map(panorama, depth, 1, range_m), tiles)
    stride = _backing_stride(height, most)
    backdrop, sky, skirt = None, {}, None
    if sky_radius_m and (backdrop := backdrop_of(panorama, depth, _OVERLAP_PX)):
        sky = {size: backdrop_map(backdrop.fine, size, sky_radius_m) for size in STRIDES}
        skirt = backdrop_map(backdrop.skirt, stride, sky_radius_m)
    room = most
    if look.backing:
        coarse = SphereGrid.of_rows(height, BLOCK * stride)
        room -= sum(most_backing(wide, coarse) for wide in (surfaces[stride], skirt) if wide)
    levels = best_levels(costs(panorama, tiles, surfaces, sky), room)
    if levels is None:
        raise InputError(f"{most} Gaussians are too few for a panorama of {height} rows")
    return Plan(panorama, look, tiles, levels, stride, surfaces, sky, skirt, backdrop)


def best_levels(found: Costs, most: int) -> Levels | None:
    """Return the trees that err least with at most ``most`` cells, or None where the largest cells are too many."""
    finest, coarsest = _pruned(found, 0.0), _pruned(found, np.inf)
    if finest[0] <= most:
        return finest[1]
    if coarsest[0] > most:
        return None
    low, high, best = 1e-12, 1e6, coarsest
    for _ in range(_MOST_TRIES):
        price = float(np.sqrt(low * high))
        tried = _pruned(found, price)
        if tried[0] > most:
            low = price
        else:
            high, best = price, tried
            if tried[0] >= _CLOSE_ENOUGH * most or high < low * 1.0001:
                break
    return best[1]


def _pruned(found: Costs, price: float) -> tuple[int, Levels]:
    """Return the number of cells and the levels of the best trees at a price."""
    number = found.cells[1]
    number = _of_four(number)
    spent = number * np.float32(min(price, 1e30))
    lost = np.zeros_like(spent)
    divided = {}
    for stride in STRIDES[-2::-1]:
        if stride > 2:
            number, spent, lost = _of_four(number), _of_four(spent), _of_four(lost)
        lost = lost + found.split[stride]
        whole = lost + found.cells[stride] * np.float32(min(price, 1e30))
        divided[stride] = spent < whole
        number = np.where(divided[stride], number, found.cells[stride])
        spent = np.where(divided[stride], spent, whole)
    cap_level = (found.cap_errors + found.cap_cells * min(price, 1e30)).argmin(1)
    count = number.sum(dtype=np.float64) + found.cap_cells[np.arange(len(cap_level)), cap_level].sum()
    return int(round(count)), _levels(divided, found, cap_level)


def _levels(divided: dict[int, np.ndarray], found: Costs, cap_level: np.ndarray) -> Levels:
    open_, levels = np.ones((len(divided[2]), 1, 1), bool), np.zeros((len(divided[2]), LEVEL_CELLS, LEVEL_CELLS), np.int8)
    for stride in STRIDES[:-1]:
        open_ = open_ & divided[stride]
        factor = LEVEL_CELLS // open_.shape[1]
        levels += open_.repeat(factor, 1).repeat(factor, 2)
        if stride > 2:
            open_ = open_.repeat(2, 1).repeat(2, 2)
    levels[found.cap_tiles] = cap_level[:, None, None]
    return levels


def _of_four(cells: np.ndarray) -> np.ndarray:
    """Return the sums of the quarters of each cell."""
    return cells[:, ::2, ::2] + cells[:, 1::2, ::2] + cells[:, ::2, 1::2] + cells[:, 1::2, 1::2]


def _backing_stride(height: int, most: int) -> int:
    fits = [size for size in STRIDES if SphereGrid.of_rows(height, BLOCK * size).counts.sum() <= _BACKING_SHARE * most]
    return min(fits, default=STRIDES[0])


def _pyramid(finest: InverseMap, tiles: TileGrid) -> dict[int, InverseMap]:
    maps, inverse = {1: finest}, finest.inverse
    for stride in STRIDES[-2::-1]:
        inverse = one_surface_per_block(inverse, 2)
        maps[stride] = InverseMap(inverse, tiles.grids[stride])
    return maps
