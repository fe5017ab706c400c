"""Ellipses blended from front to back at the places of pixels."""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int64

from spag4d.kernels import in_parts, kernel
from spag4d.render.project import Splats

TILE_PX = 16
"""Pixels across, as in the original rasteriser: Gaussians are sorted into tiles."""
_BLOCK_PX = 8
"""Half a tile: neighbours that are blended together skip what misses all of them. Neither changes the picture."""
_LEAST_BLOCKS = 16
"""Blocks per thread at least: fewer take less time than starting one."""
_LEAST_ALPHA, _MOST_ALPHA = np.float32(1 / 255), np.float32(0.999)
"""As gsplat: fainter Gaussians are left out, and none hides all that lies behind it."""
_OPAQUE = np.float32(1e-4)
"""What still shines through when blending ends, as in the original rasteriser: a fortieth of a grey level."""
_LOOK_EVERY = 16
"""Gaussians between two tests of that: a test costs about as much as blending one."""
_ONE, _ZERO, _HALF = np.float32(1), np.float32(0), np.float32(0.5)
"""Python's own numbers would make float64 of a kernel's arithmetic."""
_EIGHTH, _FARTHEST = np.float32(0.125), np.float32(-6)
"""exp(x) is exp(x / 8) to the eighth power; beyond x = -6, which is 1/403, alpha is below 1/255 whatever the opacity."""
_C2, _C3, _C4, _C5, _C6 = (np.float32(1 / factorial) for factorial in (2, 6, 24, 120, 720))
"""Taylor's series of exp(x / 8), at most 0.75 from zero: within 2.6e-5, and its eighth power within 2.1e-4."""


@dataclass(frozen=True)
class Pixels:
    """The places at which a view is sampled, block by block of neighbours.

    ``order`` (n,) is each place's pixel of the picture, ``places`` (2, n) its position on the view (u and v in pixels). A row
    of ``blocks`` is the first place, the one after the last, and the tile of a block; a row of ``boxes`` the bounds of its
    places: left, right, top, bottom. ``tiles_hw`` counts the tiles of the view.
    """

    order: Int64[np.ndarray, " n"]
    places: Float32[np.ndarray, "2 n"]
    blocks: Int64[np.ndarray, "blocks 3"]
    boxes: Float32[np.ndarray, "blocks 4"]
    tiles_hw: tuple[int, int]


def pixels_at(order: Int64[np.ndarray, " n"], places: Float32[np.ndarray, "2 n"], size_hw: tuple[int, int]) -> Pixels:
    """Return the places on a view of ``size_hw`` pixels, sorted into blocks."""
    down, across = tiles_hw = -(-size_hw[0] // TILE_PX), -(-size_hw[1] // TILE_PX)
    column, row = (np.clip(place // _BLOCK_PX, 0, 2 * tiles - 1).astype(np.int64)
                   for place, tiles in zip(places, (across, down), strict=True))
    block = 4 * ((row // 2) * across + column // 2) + 2 * (row % 2) + column % 2
    by_block = np.argsort(block, kind="stable")
    order, places, block = order[by_block], np.ascontiguousarray(places[:, by_block]), block[by_block]
    starts = np.flatnonzero(np.diff(block, prepend=-1))
    ends = np.append(starts[1:], len(order))
    sides = [edge.reduceat(place, starts) for place in places for edge in (np.minimum, np.maximum)]
    return Pixels(order, places, np.stack([starts, ends, block[starts] // 4], -1), np.stack(sides, -1), tiles_hw)


def blend(splats: Splats, colors: Float32[np.ndarray, "n 3"], pixels: Pixels, out: Float32[np.ndarray, "pixels 5"]) -> None:
    """Write colour over black, distance times alpha, and alpha to the pixels' rows of ``out``; ``colors`` are the splats'."""
    bounds, members = by_tile(splats, pixels.tiles_hw)
    drawn = np.concatenate([splats.ellipses, colors, splats.distance[:, None]], 1)

    def fill(first: int, last: int) -> None:
        part = slice(first, last)
        _blend(drawn, bounds, members, pixels.order, pixels.places, pixels.blocks[part], pixels.boxes[part], out)

    in_parts(fill, len(pixels.blocks), _LEAST_BLOCKS)


def by_tile(splats: Splats, tiles_hw: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return where each tile's members begin, and the members, from front to back."""
    counts = np.zeros(tiles_hw[0] * tiles_hw[1] + 1, np.int64)
    _sort_in(splats.ellipses, tiles_hw, counts, np.empty(0, np.int32))
    bounds = np.cumsum(counts)
    members = np.empty(bounds[-1], np.int32)
    _sort_in(splats.ellipses, tiles_hw, bounds[:-1].copy(), members)
    return bounds, members


@kernel
@no_type_check
def _sort_in(ellipses, tiles_hw, at, members):
    """Put the members of each tile at ``at[tile]`` and on; without room for any, count them in ``at[tile + 1]``."""
    down, across = tiles_hw
    for i in range(len(ellipses)):
        u, v, reach_u, reach_v = ellipses[i, 0], ellipses[i, 1], ellipses[i, 5], ellipses[i, 6]
        left, right = max(int((u - reach_u) // TILE_PX), 0), min(int((u + reach_u) // TILE_PX), across - 1)
        top, bottom = max(int((v - reach_v) // TILE_PX), 0), min(int((v + reach_v) // TILE_PX), down - 1)
        for row in range(top, bottom + 1):
            for tile in range(row * across + left, row * across + right + 1):
                if len(members):
                    members[at[tile]] = i
                    at[tile] += 1
                else:
                    at[tile + 1] += 1


@kernel
@no_type_check
def _blend(drawn, bounds, members, order, places, blocks, boxes, out):
    for block in range(len(blocks)):
        first, last, tile = blocks[block]
        left, right, top, bottom = boxes[block]
        size = last - first
        u, v = places[0, first:last], places[1, first:last]
        red, green, blue, depth = np.zeros((4, size), np.float32)
        through = np.ones(size, np.float32)
        since = 0
        for place in range(bounds[tile], bounds[tile + 1]):
            x, y, xx, xy, yy, across, along, most, r, g, b, z = drawn[members[place]]
            if x + across < left or x - across > right or y + along < top or y - along > bottom:
                continue
            xx, xy, yy = -_HALF * xx, -xy, -_HALF * yy
            for k in range(size):
                dx, dy = u[k] - x, v[k] - y
                power = max(min(xx * dx * dx + xy * dx * dy + yy * dy * dy, _ZERO), _FARTHEST) * _EIGHTH
                e = _ONE + power * (_ONE + power * (_C2 + power * (_C3 + power * (_C4 + power * (_C5 + power * _C6)))))
                e *= e
                e *= e
                e *= e
                covered = min(most * e, _MOST_ALPHA)
                covered = covered if covered >= _LEAST_ALPHA else _ZERO
                weight = covered * through[k]
                red[k] += weight * r
                green[k] += weight * g
                blue[k] += weight * b
                depth[k] += weight * z
                through[k] -= weight
            since += 1
            if since % _LOOK_EVERY == 0:
                most = _ZERO
                for k in range(size):
                    most = max(most, through[k])
                if most < _OPAQUE:
                    break
        for k in range(size):
            pixel = out[order[first + k]]
            pixel[0], pixel[1], pixel[2], pixel[3], pixel[4] = red[k], green[k], blue[k], depth[k], _ONE - through[k]
