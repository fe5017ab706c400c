"""A coarse look around from a place: how much of the sphere and of each tile is open, and how much is drawn out.

Not the renderer's picture: rays are spread evenly over the sphere and ask what is exactly there, without the blur of a
pixel's size, which on so coarse a picture would close gaps that a person sees. Clouds come from front to back.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from spag4d.check.merge import Clouds
from spag4d.check.tiles import TILES, tiles_of, views
from spag4d.geometry.equirect import nearest_pixels, row_elevations_rad
from spag4d.geometry.nearest import nearest_of
from spag4d.geometry.sphere_rings import cell_directions, down_from_zenith, ring_starts, turn_at
from spag4d.kernels import kernel

STRETCHED = 3.0
"""A Gaussian counts as stretched when its length over its width is this many times that seen from the capture point."""
RINGS = 72
"""2.5° apart: 6600 rays, 16 for each tile of 10°, so that one ray is the limit of what may be see-through."""
_FEWEST_RAYS = 3
"""In a ring at a pole."""
OPEN = 0.45
"""The light that passes where a renderer's alpha is one half: the edge of a nearly opaque Gaussian, whose alpha is 0.5 at 1.17
standard deviations, has an optical depth of 0.8 in the wider profile of a cloud."""
_NEAREST_M = np.float32(0.02)
"""The eye is inside anything nearer."""
_LEAST_DEPTH = np.float32(0.01)
"""Optical depth below which a cloud is left out: it takes 1 % of the light."""
_THROUGH = np.float32(1e-3)
"""Share of the light below which a ray ends, a quarter of a step of 1/255."""
_PIXEL_VARIANCE = np.float32(np.radians(0.02) ** 2)
"""Anything finer than a screen's pixels cannot look stretched."""
_DIGITS = 1 << 11
"""Values of a digit in sorting: three make 32 bits."""
_BLOCK, _FIELDS, _SEEN = 512, 17, 16
"""Clouds of a block, their fields (mean, spread, shape, strength, aspect), and those of what is seen of them: 68 KB."""
_MOST_SD = np.float32(6)
"""Standard deviations within which a cloud is drawn, even one of 500000 Gaussians."""
_ZERO, _HALF, _ONE, _TWO, _TINY = (np.float32(value) for value in (0, 0.5, 1, 2, 1e-10))
"""Python's own numbers would make float64 of a kernel's arithmetic."""


Blocks = Float32[np.ndarray, "blocks 17 512"]


@dataclass(frozen=True)
class Glance:
    """The result of a probe: the shares 0–1 of each tile that are open, and that look stretched.

    ``open`` and ``stretched`` are those of the whole sphere, and of all that is seen.
    """

    open: float
    stretched: float
    open_tiles: Float64[np.ndarray, " tiles"]
    stretched_tiles: Float64[np.ndarray, " tiles"]


@dataclass(frozen=True)
class Rays:
    """Unit ``directions`` (n, 3), ring by ring from the zenith; ring k begins at ``starts[k]``.

    ``flats`` are the cosines of the rings' elevations, ``tiles`` (n,) is the tile of each ray.
    """

    directions: Float32[np.ndarray, "n 3"]
    starts: Int64[np.ndarray, " edges"]
    flats: Float32[np.ndarray, " rings"]
    tiles: Int64[np.ndarray, " n"]

    @cached_property
    def _in_tile(self) -> Int64[np.ndarray, " tiles"]:
        return np.maximum(np.bincount(self.tiles, minlength=TILES), 1)

    def per_tile(self, values: Float32[np.ndarray, " n"]) -> Float64[np.ndarray, " tiles"]:
        """Return the mean of the rays' values in each tile, 0 where a tile has no ray."""
        return np.bincount(self.tiles, values, TILES) / self._in_tile


@lru_cache(maxsize=4)
def rays(rings: int) -> Rays:
    """Return directions that each stand for the same part of the sphere, ``rings`` from zenith to nadir."""
    starts = ring_starts(rings, _FEWEST_RAYS)
    directions = cell_directions(starts).astype(np.float32)
    return Rays(directions, starts, np.cos(row_elevations_rad(rings)).astype(np.float32), tiles_of(directions))


@lru_cache(maxsize=32)
def _sent(rings: int, towards: int | None) -> tuple[Bool[np.ndarray, " n"], Float32[np.ndarray, "h w"]]:
    """Return which rays a look needs, and how far from the nearest of them each pixel of a panorama is, in radians."""
    grid = rays(rings)
    if towards is None:
        return np.ones(len(grid.tiles), np.bool_), np.zeros((rings, 2 * rings), np.float32)
    sent = np.isin(grid.tiles, np.concatenate(views(towards)))
    row, column = nearest_pixels(grid.directions[sent], rings)
    return sent, nearest_of(np.unique(row * 2 * rings + column), rings)[1]


def own_aspects(clouds: Clouds) -> Float32[np.ndarray, " n"]:
    """Return length over width of each cloud's Gaussians as seen from the capture point."""
    aspects = np.empty(len(clouds), np.float32)
    _aspects(clouds.means, clouds.shape, aspects)
    return aspects


def blocks_of(clouds: Clouds) -> Blocks:
    """Return clouds for `probe`: field by field in blocks, so that kernels take 8 at once. Beyond the last they are empty."""
    fields = (clouds.means, clouds.spread, clouds.shape, clouds.strength[:, None], own_aspects(clouds)[:, None])
    blocks = np.zeros((-(-len(clouds) // _BLOCK) * _BLOCK, _FIELDS), np.float32)
    np.concatenate(fields, axis=1, out=blocks[: len(clouds)])
    return np.ascontiguousarray(blocks.reshape(-1, _BLOCK, _FIELDS).transpose(0, 2, 1))


def probe(
    blocks: Blocks, position_m: Float64[np.ndarray, "3"], rings: int = RINGS, towards: int | None = None
) -> Glance:
    """Send rays all around from a place, or only into the tiles that a walk ``towards`` one of `DIRECTIONS` shows.

    ``blocks`` are those of `blocks_of`. Tiles without rays are not open.
    """
    grid, (sent, away_rad) = rays(rings), _sent(rings, towards)
    through, stretched = sent.astype(np.float32), np.zeros(len(sent), np.float32)
    seen, distance = np.empty((len(blocks) * _BLOCK, 16), np.float32), np.empty(len(blocks) * _BLOCK, np.float32)
    count = _see(blocks.reshape(-1, _FIELDS * _BLOCK), position_m.astype(np.float32), away_rad, seen, distance)
    order = np.empty((2, count), np.int32)
    _sort(distance[:count].view(np.int32), order)
    _cover(seen, order[0], grid.directions, grid.starts, grid.flats, through, stretched)
    is_open = (through > OPEN).astype(np.float32)
    return Glance(float(is_open.mean()), float(stretched.sum() / max(float((sent - through).sum()), 1e-9)),
                  grid.per_tile(is_open), grid.per_tile(stretched))


@kernel
@no_type_check
def _seen(right, down, covariance):
    """Return a covariance as it is seen along a direction whose right and down are given: aa, ab, bb in square metres."""
    (ex, ez), (sx, sy, sz), (xx, xy, xz, yy, yz, zz) = right, down, covariance
    px, py, pz = xx * ex + xz * ez, xy * ex + yz * ez, xz * ex + zz * ez
    qx, qy, qz = xx * sx + xy * sy + xz * sz, xy * sx + yy * sy + yz * sz, xz * sx + yz * sy + zz * sz
    return ex * px + ez * pz, sx * px + sy * py + sz * pz, sx * qx + sy * qy + sz * qz


@kernel
@no_type_check
def _aspect(aa, ab, bb):
    aa, bb = aa + _PIXEL_VARIANCE, bb + _PIXEL_VARIANCE
    middle, half = _HALF * (aa + bb), np.sqrt(max(_HALF * _HALF * (aa - bb) * (aa - bb) + ab * ab, _ZERO))
    return np.sqrt((middle + half) / max(middle - half, np.float32(1e-12)))


@kernel
@no_type_check
def _axes(x, y, z):
    """Return x and z of right, which is level, and then down, for a unit direction of view."""
    flat = np.sqrt(x * x + z * z)
    at_pole = flat < np.float32(1e-6)
    ex, ez = _ONE if at_pole else z / flat, _ZERO if at_pole else -x / flat
    return ex, ez, y * ez, flat, -y * ex


@kernel
@no_type_check
def _aspects(means, shape, aspects):
    for i in range(len(aspects)):
        x, y, z = means[i]
        distance = max(np.sqrt(x * x + y * y + z * z), np.float32(1e-6))
        ex, ez, sx, sy, sz = _axes(x / distance, y / distance, z / distance)
        xx, xy, xz, yy, yz, zz = shape[i]
        aa, ab, bb = _seen((ex, ez), (sx, sy, sz), (xx, xy, xz, yy, yz, zz))
        square = distance * distance
        aspects[i] = _aspect(aa / square, ab / square, bb / square)


@kernel
@no_type_check
def _see(blocks, position, away_rad, seen, distances):
    """Write what may be seen, nearer than its own reach to rays that are sent, and its distance; return how much that is.

    A line is depth at the centre, direction, inverse covariance, place from above and around, whether it is stretched, right,
    and reach right and down.
    """
    rings = len(away_rad)
    slack = np.float32(1.5 * np.pi / rings)  # two halves of a pixel's diagonal, and a little
    block, count = np.empty(_SEEN * _BLOCK, np.float32), 0
    for k in range(len(blocks)):
        _see_block(blocks[k], position[0], position[1], position[2], block)
        for i in range(_BLOCK):
            depth, distance, aa, bb = block[i], block[13 * _BLOCK + i], block[14 * _BLOCK + i], block[15 * _BLOCK + i]
            if not (depth > _LEAST_DEPTH and distance > _NEAREST_M):
                continue
            row, column = int(block[7 * _BLOCK + i] * rings), int(block[8 * _BLOCK + i] * (2 * rings))
            if away_rad[min(row, rings - 1), min(column, 2 * rings - 1)] > slack + _MOST_SD * np.sqrt(aa + bb):
                continue
            for field in range(12):
                seen[count, field] = block[field * _BLOCK + i]
            reach = np.sqrt(_TWO * np.log(depth / _LEAST_DEPTH))
            seen[count, 12], seen[count, 13] = reach * np.sqrt(aa), reach * np.sqrt(bb)
            distances[count] = distance
            count += 1
    return count


@kernel
@no_type_check
def _covariance(fields, first, i):
    return (fields[first * _BLOCK + i], fields[(first + 1) * _BLOCK + i], fields[(first + 2) * _BLOCK + i],
            fields[(first + 3) * _BLOCK + i], fields[(first + 4) * _BLOCK + i], fields[(first + 5) * _BLOCK + i])


@kernel
@no_type_check
def _see_block(fields, px, py, pz, out):
    for i in range(_BLOCK):
        x, y, z = fields[i] - px, fields[_BLOCK + i] - py, fields[2 * _BLOCK + i] - pz
        distance = np.sqrt(x * x + y * y + z * z)
        near = _ONE / max(distance, _NEAREST_M)
        x, y, z = x * near, y * near, z * near
        ex, ez, sx, sy, sz = _axes(x, y, z)
        aa, ab, bb = _seen((ex, ez), (sx, sy, sz), _covariance(fields, 3, i))
        pp, pq, qq = _seen((ex, ez), (sx, sy, sz), _covariance(fields, 9, i))
        square = near * near
        aa, ab, bb = aa * square + _TINY, ab * square, bb * square + _TINY
        pp, pq, qq = pp * square, pq * square, qq * square
        determinant = max(aa * bb - ab * ab, np.float32(1e-22))
        own = max((pp + _TINY) * (qq + _TINY) - pq * pq, _ZERO)
        out[i] = fields[15 * _BLOCK + i] * np.sqrt(own / determinant)
        out[_BLOCK + i], out[2 * _BLOCK + i], out[3 * _BLOCK + i] = x, y, z
        out[4 * _BLOCK + i], out[5 * _BLOCK + i], out[6 * _BLOCK + i] = bb / determinant, -ab / determinant, aa / determinant
        out[7 * _BLOCK + i], out[8 * _BLOCK + i] = down_from_zenith(y), turn_at(x, z)
        out[9 * _BLOCK + i] = _ONE if _aspect(pp, pq, qq) > np.float32(STRETCHED) * fields[16 * _BLOCK + i] else _ZERO
        out[10 * _BLOCK + i], out[11 * _BLOCK + i] = ex, ez
        out[13 * _BLOCK + i], out[14 * _BLOCK + i], out[15 * _BLOCK + i] = distance, aa, bb


@kernel
@no_type_check
def _sort(keys, order):
    """Write to ``order[0]`` (of 2) the order of keys, digit by digit: floats above zero are in that of their bits."""
    starts = np.empty(_DIGITS + 1, np.int32)
    source, target = order[1], order[0]
    for i in range(len(keys)):
        source[i] = i
    for shift in (0, 11, 22):
        starts[:] = 0
        for i in range(len(keys)):
            starts[((keys[i] >> shift) & (_DIGITS - 1)) + 1] += 1
        for digit in range(_DIGITS):
            starts[digit + 1] += starts[digit]
        for i in range(len(keys)):
            digit = (keys[source[i]] >> shift) & (_DIGITS - 1)
            target[starts[digit]] = source[i]
            starts[digit] += 1
        source, target = target, source


@kernel
@no_type_check
def _cover(seen, order, directions, starts, flats, through, stretched):
    rings = len(flats)
    per_ring, per_turn = np.float32(rings / np.pi), np.float32(0.5 / np.pi)
    for place in range(len(order)):
        depth, x, y, z, aa, ab, bb, from_top, turn, is_stretched, ex, ez, right, down, _, _ = seen[order[place]]
        top, reach = from_top * np.float32(rings) - _HALF, down * per_ring
        sx, sy, sz = y * ez, z * ex - x * ez, -y * ex
        for ring in range(max(math.ceil(top - reach), 0), min(math.floor(top + reach), rings - 1) + 1):
            begin, count = starts[ring], starts[ring + 1] - starts[ring]
            width = right / flats[ring] * np.float32(1.05)
            low, high = 0, count - 1
            if width < np.float32(0.8):
                middle, aside = turn * np.float32(count) - _HALF, width * np.float32(count) * per_turn
                low, high = math.ceil(middle - aside), math.floor(middle + aside)
            for column in range(low, high + 1):
                wrapped = column + count if column < 0 else column
                ray = begin + (wrapped - count if wrapped >= count else wrapped)
                left = through[ray]
                if left < _THROUGH:
                    continue
                rx, ry, rz = directions[ray]
                ahead = rx * x + ry * y + rz * z
                if ahead < np.float32(0.1):
                    continue
                u, v = (rx * ex + rz * ez) / ahead, (rx * sx + ry * sy + rz * sz) / ahead
                power = aa * u * u + _TWO * ab * u * v + bb * v * v
                if power > np.float32(16):
                    continue
                after = left * np.exp(-depth * np.exp(-_HALF * power))
                through[ray] = after
                stretched[ray] += is_stretched * (left - after)
