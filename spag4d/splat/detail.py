"""The cost of drawing parts of a panorama with cells of a given size: squared error of the picture, and Gaussians.

Errors are measured on a pyramid of the picture: what a level cannot show of the next finer one (Burt and Adelson, The
Laplacian pyramid as a compact image code, 1983). A pixel counts more where most around it is calm, for there errors are
seen; where the surface is near, as a walker sees it enlarged; and where surfaces meet, as a cell lies on only one.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.data import Panorama
from spag4d.geometry.one_surface import tolerance
from spag4d.splat.surface import InverseMap
from spag4d.splat.tiles import STRIDES, TILE_PX, TileGrid

_EVEN = 3e-7
"""Squared error of a cell of one pixel in a flat picture; it grows with the cell's area, which spreads cells evenly."""
_FINEST = 0.33
"""Share of what cells of two pixels lose that cells of one pixel lose too: measured, they differ by 5 dB."""
_CALM, _CALM_POWER, _CALM_TILES = 1e-5, 0.5, 5
"""Errors show more in calm surroundings: a tile weighs less by this power of the mean squared detail of 5 × 5 tiles, of which
1e-5, 0.8 grey levels, is noise. Judgement."""
_CUT = 0.01
"""Squared error of a pixel that is drawn at the distance of another surface."""
_NEAREST, _FARTHEST = 1.6, 0.6
"""Bounds of the weight of near tiles over far ones: what is near is looked at from aside, where its cells are seen apart. By
eye."""

Maps = Mapping[int, InverseMap]
Nodes = dict[int, Float32[np.ndarray, "tiles k k"]]
"""A value for each cell of each stride of each tile, in rows."""


@dataclass(frozen=True)
class Costs:
    """``split`` is the error that dividing a cell in four removes, for strides above 1; ``cells`` its Gaussians (0–2).

    Caps have one size of cells each: the ``cap_errors`` and ``cap_cells`` (caps, strides) of each; ``cap_tiles`` are their
    tiles. Their entries in the other arrays are zero.
    """

    split: Nodes
    cells: Nodes
    cap_tiles: np.ndarray
    cap_errors: np.ndarray
    cap_cells: np.ndarray

    @cached_property
    def quads(self) -> Float32[np.ndarray, "tiles 8 8"]:
        """The Gaussians of four cells of a pixel."""
        return of_four(self.cells[1])

    def sample(self, every: int) -> "Costs":
        """Return the costs of some of the tiles, without caps."""
        split, cells = ({stride: values[every // 2 :: every] for stride, values in nodes.items()}
                        for nodes in (self.split, self.cells))
        return Costs(split, cells, self.cap_tiles[:0], self.cap_errors[:0], self.cap_cells[:0])


def costs(panorama: Panorama, tiles: TileGrid, surfaces: Maps, sky: Maps | None = None) -> Costs:
    """Return the costs of all cells of a panorama whose surfaces, and sky if it is drawn, are given for each stride."""
    cells = _cells(tiles, surfaces)
    if sky:
        cells = {stride: cells[stride] + more for stride, more in _cells(tiles, sky).items()}
    split = _lost(panorama, tiles)
    per_tile = sum(split[stride].sum((1, 2)) for stride in STRIDES[2:-1]) / TILE_PX**2
    depth = _sampled(tiles, surfaces[1])
    weight = _nearness(depth) * (_around(np.asarray(per_tile, np.float32), tiles) + _CALM) ** -_CALM_POWER
    jumps = _jumps(depth, np.pi / tiles.height)
    spread = 1 + 0.2 * np.mod(np.arange(len(tiles)) * (np.sqrt(5) - 1) / 2, 1)
    for stride in STRIDES[:-1]:
        even = _EVEN * spread * stride**4 * 0.75
        split[stride] = (split[stride] + _CUT * stride**2 / 8 * jumps[stride] + even[:, None, None]) * weight[:, None, None]
        split[stride] = split[stride].astype(np.float32)
    return _with_caps(tiles, split, cells, surfaces, sky or {})


def _rings(tiles: TileGrid) -> list[int]:
    return [ring for ring in range(len(tiles.rings)) if not tiles.is_cap[ring]]


def _by_tile(rows: np.ndarray, per_tile: int) -> np.ndarray:
    """Return values (k, n k) around a ring as (n, k, k)."""
    return rows.reshape(per_tile, -1, per_tile).transpose(1, 0, 2)


def _sampled(tiles: TileGrid, surface: InverseMap) -> Float32[np.ndarray, "tiles k k"]:
    """Return the inverse distance of each cell of a map's stride; beyond the picture its edge continues."""
    stride = round(surface.grid.pitch_rad * tiles.height / np.pi)
    per_tile = TILE_PX // stride
    found = np.zeros((len(tiles), per_tile, per_tile), np.float32)
    for ring in range(len(tiles.rings)):
        start, end = tiles.starts[ring : ring + 2]
        rows = np.minimum(np.arange(ring * per_tile, (ring + 1) * per_tile), len(surface.grid) - 1)
        if tiles.is_cap[ring]:
            found[start] = surface.inverse[rows].mean()
            continue
        column = (tiles.turns(ring, stride) * np.float32(surface.columns)).astype(np.int32)
        column = np.pad(column, (0, int(end - start) * per_tile - len(column)), mode="edge")
        found[start:end] = _by_tile(surface.inverse[rows[0] : rows[-1] + 1].take(column, 1)[rows - rows[0]], per_tile)
    return found


def _cells(tiles: TileGrid, maps: Maps) -> Nodes:
    found = {}
    for stride in STRIDES:
        inside = _inside(tiles, stride)
        full = maps[stride].inverse.all()
        found[stride] = inside if full else inside * (_sampled(tiles, maps[stride]) > 0)
    return found


def _inside(tiles: TileGrid, stride: int) -> Float32[np.ndarray, "tiles k k"]:
    """Return 1 for cells that are not beyond the picture or in a cap."""
    per_tile = TILE_PX // stride
    found = np.ones((len(tiles), per_tile, per_tile), np.float32)
    for ring in range(len(tiles.rings)):
        start, end = tiles.starts[ring : ring + 2]
        if tiles.is_cap[ring]:
            found[start] = 0
        else:
            found[start:end, len(tiles.rows(ring, stride)) :] = 0
            found[end - 1, :, tiles.across(ring, stride) - int(end - start - 1) * per_tile :] = 0
    return found


def _lost(panorama: Panorama, tiles: TileGrid) -> Nodes:
    """Return the squared error, summed over its pixels, that dividing each cell takes away."""
    grey = cv2.transform(panorama.rgb, np.full((1, 3), 1 / 3, np.float32))
    if panorama.valid is not None:
        grey = np.where(panorama.valid, grey, np.float32(0))
    found = {stride: np.zeros((len(tiles), TILE_PX // stride, TILE_PX // stride), np.float32) for stride in STRIDES[:-1]}

    def measure(ring: int) -> None:
        for stride, rows in _ring_lost(grey, tiles, ring).items():
            found[stride][tiles.starts[ring] : tiles.starts[ring + 1]] = _by_tile(rows, TILE_PX // stride)

    with ThreadPoolExecutor() as pool:
        list(pool.map(measure, _rings(tiles)))
    return found


def _ring_lost(grey: np.ndarray, tiles: TileGrid, ring: int) -> dict[int, np.ndarray]:
    """Return the same for one ring, which is seen with the rings above and below so that slopes go on."""
    height, wide = grey.shape
    top, bottom = (ring - 1) * TILE_PX, (ring + 2) * TILE_PX
    rows = grey[max(top, 0) : bottom]
    across = tiles.across(ring, TILE_PX) * TILE_PX
    right = across - wide if tiles.is_level[ring] else 0
    rows = cv2.copyMakeBorder(rows, max(-top, 0), max(bottom - height, 0), 0, right, cv2.BORDER_REPLICATE)
    finer = rows if rows.shape[1] == across else cv2.resize(rows, (across, rows.shape[0]), interpolation=cv2.INTER_AREA)
    found = {}
    for stride in STRIDES[-2::-1]:
        size = (finer.shape[1] // 2, finer.shape[0] // 2)
        coarser = cv2.resize(finer, size, interpolation=cv2.INTER_AREA)
        third = finer.shape[0] // 3
        shown = cv2.resize(coarser, (finer.shape[1], finer.shape[0]), interpolation=cv2.INTER_LINEAR)
        lost = np.square(finer[third : 2 * third] - shown[third : 2 * third])
        found[stride] = cv2.resize(lost, (size[0], third // 2), interpolation=cv2.INTER_AREA) * np.float32(stride**2)
        finer = coarser
    found[2] *= 1 - _FINEST
    return found


def _jumps(depth: np.ndarray, pixel_rad: float) -> Nodes:
    """Return 1 for cells that hold two surfaces, and 0 for others."""
    low, high, found = depth, depth, {}
    for stride in STRIDES[-2::-1]:
        low, high = _combined(np.minimum, low), _combined(np.maximum, high)
        found[stride] = (high - low > tolerance(stride * pixel_rad) * high).astype(np.float32)
    return found


def of_four(cells: Float32[np.ndarray, "n k k"]) -> Float32[np.ndarray, "n j j"]:
    """Return the sums of the quarters of each cell."""
    return _combined(np.add, cells)


def _combined(how: np.ufunc, cells: np.ndarray) -> np.ndarray:
    rows = how(cells[:, ::2], cells[:, 1::2])
    return how(rows[..., ::2], rows[..., 1::2])


def _nearness(depth: np.ndarray) -> np.ndarray:
    mean = depth.mean((1, 2))
    usual = np.median(mean[mean > 0]) if (mean > 0).any() else 1
    return np.clip(np.sqrt(mean / usual), _FARTHEST, _NEAREST)


def _around(values: np.ndarray, tiles: TileGrid) -> np.ndarray:
    """Return the mean of a value of tiles over their neighbourhood."""
    size = (-(-2 * tiles.height // TILE_PX), 1)
    ends = list(zip(tiles.starts[:-1], tiles.starts[1:], strict=True))
    rows = [cv2.resize(values[None, first:last], size, interpolation=cv2.INTER_LINEAR) for first, last in ends]
    smooth = cv2.blur(np.concatenate(rows), (_CALM_TILES, _CALM_TILES))
    back = [cv2.resize(smooth[ring : ring + 1], (int(last - first), 1), interpolation=cv2.INTER_LINEAR)[0]
            for ring, (first, last) in enumerate(ends)]
    return np.concatenate(back)


def _with_caps(tiles: TileGrid, split: Nodes, cells: Nodes, surfaces: Maps, sky: Maps) -> Costs:
    """Return all costs, those of the caps as if each was like the ring of tiles next to it."""
    caps = np.flatnonzero(tiles.is_cap)
    counts = np.zeros((len(caps), len(STRIDES)))
    errors = np.zeros_like(counts)
    others = np.array(_rings(tiles))
    for number, ring in enumerate(caps.tolist()):
        for level, stride in enumerate(STRIDES):
            rows = tiles.rows(ring, stride)
            all_cells = tiles.grids[stride].cells(rows.start, rows.stop)
            counts[number, level] = sum(maps[stride].occupied(all_cells).sum() for maps in (surfaces, sky) if maps)
        if len(others):
            near = others[np.abs(others - ring).argmin()]
            found = [split[stride][tiles.starts[near] : tiles.starts[near + 1]].sum((1, 2)).mean() for stride in STRIDES[:-1]]
            tile_count = tiles.areas_sr[tiles.starts[ring]] / tiles.areas_sr[tiles.starts[near]]
            errors[number, :-1] = np.cumsum(found[::-1])[::-1] * tile_count
    return Costs(split, cells, tiles.starts[caps], errors, counts)
