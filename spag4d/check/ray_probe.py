"""A coarse look around from a place: how much of the sphere and of each tile is open, and how much is drawn out.

Not the renderer's picture: rays are spread evenly over the sphere and ask what is exactly there, without the blur of a
pixel's size, which on so coarse a picture would close gaps that a person sees. Clouds come from front to back.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Float64, Int64

from spag4d.check.merge import Clouds
from spag4d.check.tiles import TILES, tiles_of
from spag4d.geometry.equirect import row_elevations_rad
from spag4d.geometry.sphere_rings import cell_directions, ring_starts
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
_ONE, _HALF, _ZERO = np.float32(1), np.float32(0.5), np.float32(0)
"""Python's own numbers would make float64 of a kernel's arithmetic."""


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

    def per_tile(self, values: Float32[np.ndarray, " n"]) -> Float64[np.ndarray, " tiles"]:
        """Return the mean of the rays' values in each tile, 0 where a tile has no ray."""
        return np.bincount(self.tiles, values, TILES) / np.maximum(np.bincount(self.tiles, minlength=TILES), 1)


@lru_cache(maxsize=4)
def rays(rings: int) -> Rays:
    """Return directions that each stand for the same part of the sphere, ``rings`` from zenith to nadir."""
    starts = ring_starts(rings, _FEWEST_RAYS)
    directions = cell_directions(starts).astype(np.float32)
    return Rays(directions, starts, np.cos(row_elevations_rad(rings)).astype(np.float32), tiles_of(directions))


def own_aspects(clouds: Clouds) -> Float32[np.ndarray, " n"]:
    """Return length over width of each cloud's Gaussians as seen from the capture point."""
    aspects = np.empty(len(clouds), np.float32)
    _aspects(clouds.means, clouds.shape, aspects)
    return aspects


def probe(
    clouds: Clouds, aspects: Float32[np.ndarray, " n"], position_m: Float64[np.ndarray, "3"], rings: int = RINGS
) -> Glance:
    """Send rays all around from a place; ``aspects`` are those of `own_aspects`."""
    grid = rays(rings)
    seen = np.empty((len(clouds), 12), np.float32)
    _see(clouds.means, clouds.spread, clouds.shape, clouds.strength, aspects, position_m.astype(np.float32), seen)
    shown = np.flatnonzero(seen[:, 0] > 0)
    order = shown[np.argsort(seen[shown, 11], kind="stable")]
    through, stretched = np.ones(len(grid.directions), np.float32), np.zeros(len(grid.directions), np.float32)
    _cover(seen, order, grid.directions, grid.starts, grid.flats, through, stretched)
    covered = 1 - through
    is_open = (through > OPEN).astype(np.float32)
    return Glance(float(is_open.mean()), float(stretched.sum() / max(float(covered.sum()), 1e-9)),
                  grid.per_tile(is_open), grid.per_tile(stretched))


@kernel
@no_type_check
def _seen(ex, ey, ez, sx, sy, sz, covariance, inverse_square):
    """Return a covariance as it is seen along a direction whose right and down are given: aa, ab, bb in square radians."""
    xx, xy, xz, yy, yz, zz = covariance
    px, py, pz = xx * ex + xy * ey + xz * ez, xy * ex + yy * ey + yz * ez, xz * ex + yz * ey + zz * ez
    qx, qy, qz = xx * sx + xy * sy + xz * sz, xy * sx + yy * sy + yz * sz, xz * sx + yz * sy + zz * sz
    aa, ab, bb = ex * px + ey * py + ez * pz, sx * px + sy * py + sz * pz, sx * qx + sy * qy + sz * qz
    return aa * inverse_square, ab * inverse_square, bb * inverse_square


@kernel
@no_type_check
def _aspect(aa, ab, bb):
    aa, bb = aa + _PIXEL_VARIANCE, bb + _PIXEL_VARIANCE
    middle, half = _HALF * (aa + bb), np.sqrt(max(_HALF * _HALF * (aa - bb) * (aa - bb) + ab * ab, _ZERO))
    return np.sqrt((middle + half) / max(middle - half, np.float32(1e-12)))


@kernel
@no_type_check
def _axes(x, y, z):
    """Return right and down for a unit direction of view."""
    flat = np.sqrt(x * x + z * z)
    if flat < np.float32(1e-6):
        return _ONE, _ZERO, _ZERO, _ZERO, _ZERO, _ONE if y < 0 else -_ONE
    ex, ez = z / flat, -x / flat
    return ex, _ZERO, ez, -y * x / flat, flat, -y * z / flat


@kernel
@no_type_check
def _aspects(means, shape, aspects):
    for i in range(len(aspects)):
        x, y, z = means[i]
        distance = max(np.sqrt(x * x + y * y + z * z), np.float32(1e-6))
        ex, ey, ez, sx, sy, sz = _axes(x / distance, y / distance, z / distance)
        aa, ab, bb = _seen(ex, ey, ez, sx, sy, sz, shape[i], _ONE / (distance * distance))
        aspects[i] = _aspect(aa, ab, bb)


@kernel
@no_type_check
def _see(means, spread, shape, strength, aspects, position, seen):
    """Write depth at the centre, direction, inverse covariance, reach right and down, elevation, stretched, distance."""
    for i in range(len(seen)):
        seen[i, 0] = _ZERO
        x, y, z = means[i, 0] - position[0], means[i, 1] - position[1], means[i, 2] - position[2]
        distance = np.sqrt(x * x + y * y + z * z)
        if not distance > _NEAREST_M:
            continue
        x, y, z = x / distance, y / distance, z / distance
        ex, ey, ez, sx, sy, sz = _axes(x, y, z)
        inverse_square = _ONE / (distance * distance)
        aa, ab, bb = _seen(ex, ey, ez, sx, sy, sz, spread[i], inverse_square)
        pp, pq, qq = _seen(ex, ey, ez, sx, sy, sz, shape[i], inverse_square)
        least = np.float32(1e-10)
        aa, bb = aa + least, bb + least
        determinant = max(aa * bb - ab * ab, np.float32(1e-22))
        own = max((pp + least) * (qq + least) - pq * pq, _ZERO)
        depth = strength[i] * np.sqrt(own / determinant)
        if not depth > _LEAST_DEPTH:
            continue
        reach = np.sqrt(np.float32(2) * np.log(depth / _LEAST_DEPTH))
        seen[i, 0], seen[i, 1], seen[i, 2], seen[i, 3] = depth, x, y, z
        seen[i, 4], seen[i, 5], seen[i, 6] = bb / determinant, -ab / determinant, aa / determinant
        seen[i, 7], seen[i, 8] = reach * np.sqrt(aa), reach * np.sqrt(bb)
        seen[i, 9] = np.arcsin(min(max(-y, -_ONE), _ONE))
        seen[i, 10] = _ONE if _aspect(pp, pq, qq) > np.float32(STRETCHED) * aspects[i] else _ZERO
        seen[i, 11] = distance


@kernel
@no_type_check
def _cover(seen, order, directions, starts, flats, through, stretched):
    rings = len(flats)
    half_turn = np.float32(np.pi)
    per_ring = np.float32(rings) / half_turn
    for place in range(len(order)):
        depth, x, y, z, aa, ab, bb, right, down, elevation, is_stretched, _ = seen[order[place]]
        top = (_HALF * half_turn - elevation) * per_ring - _HALF
        first = max(int(np.ceil(top - down * per_ring)), 0)
        last = min(int(np.floor(top + down * per_ring)), rings - 1)
        if first > last:
            continue
        ex, ey, ez, sx, sy, sz = _axes(x, y, z)
        turn = np.arctan2(x, z) + half_turn
        for ring in range(first, last + 1):
            begin, count = starts[ring], starts[ring + 1] - starts[ring]
            width = right / flats[ring] * np.float32(1.05)
            low, high = 0, count - 1
            if width < np.float32(0.8):
                per_column = np.float32(count) / (np.float32(2) * half_turn)
                low = int(np.ceil((turn - width) * per_column - _HALF))
                high = int(np.floor((turn + width) * per_column - _HALF))
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
                u, v = (rx * ex + ry * ey + rz * ez) / ahead, (rx * sx + ry * sy + rz * sz) / ahead
                power = aa * u * u + np.float32(2) * ab * u * v + bb * v * v
                if power > np.float32(16):
                    continue
                after = left * np.exp(-depth * np.exp(-_HALF * power))
                through[ray] = after
                stretched[ray] += is_stretched * (left - after)
