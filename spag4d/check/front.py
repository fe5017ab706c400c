"""The nearest surface in each direction from the capture point, and what becomes of it as one moves.

Where two neighbouring directions show surfaces at different distances, one leaves the other as one moves: a gap opens between
them that no camera has seen into. A clean outline opens one such gap, a ragged one many, and a piece that lies by itself has
one all around; so the gaps' area measures tearing, whatever fills them in, unless another panorama of the scene stood where
it is as open, and filled it in by what is there. Nearer things part faster. On a blank wall nobody
sees a gap that the wall's colour fills, nor that the wall stands elsewhere: both count by the contrast around them.
"""

from dataclasses import dataclass
from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

from spag4d.check.seen_from import ORIGIN_ALONE, Places
from spag4d.check.tiles import STARTS, TILE_SR, TILES
from spag4d.check.uncertainty import EDGE_RAD, Uncertainty
from spag4d.data import Gaussians
from spag4d.geometry.around import grown
from spag4d.geometry.equirect import crop_sphere, directions, pad_sphere, row_elevations_rad
from spag4d.geometry.quat_kernels import axis
from spag4d.geometry.sphere_rings import cell_at, cell_counts, cell_in, polar, ring_starts
from spag4d.kernels import kernel

_ROWS = (32, 384)
"""Fewest and most rings of cells of directions: 5.6° and 0.47°."""
_PER_CELL = 1.5
"""So many Gaussians share a cell of directions, as far as `_ROWS` allows: then hardly a cell of a whole scene is empty."""
_FEWEST_CELLS = 3
"""In a row at a pole, so that none lacks a Gaussian."""
_SOLID = np.float32(0.3)
"""Opacity from which a Gaussian is a surface: three of them one behind the other hide two thirds. Judgement."""
_AT_ONCE = 1 << 10
"""Gaussians whose directions are computed at once: 12 KB."""
_EDGE_ON, _MOST_SLANT = np.float32(0.05), np.float32(1.15)
"""Cosine below which a disc has no distance along a ray, and by how much that may differ from the disc's own."""
NOWHERE_M = np.float32(200.0)
"""Where there is nothing there is the sky, which is too far to move."""
_JUMP, _BEND, _MOST_AT_CREASE = 0.05, 0.5, 0.5
"""Neighbours on one surface differ by less than the first in inverse distance, if not on a line in it or at a crease."""
_NEAREST_M = np.float32(0.1)
"""As far as the first step: what comes nearer fills the view anyway, and angles would grow without bound."""
_WIDEST_RAD = np.float32(np.radians(10))
"""A gap counts in its tile, which is no wider."""
_CELL_ROWS = 96
"""1.9° apart, so that a tile has about 28: enough for the mean of an error that changes slowly."""
_CONTRAST_RAD = np.radians(10)
"""Contrast is that of a tile's width around a place."""
_LEAST_CONTRAST = 0.1
"""Standard deviation of sRGB colours; of so little half an error is seen, as structural similarity has it."""
_ONE, _ZERO = np.float32(1), np.float32(0)
"""Python's own numbers would make float64 of a kernel's arithmetic."""


@dataclass(frozen=True)
class Front:
    """What stands nearest around the capture point.

    ``pairs`` (n, 8) are neighbouring points (m) between which the distance jumps, how wide the edge is between them in radians,
    as far as it is seen, and how far open, in radians, some panorama has seen the gap between them. ``points`` (k, 3) sample
    the surfaces evenly, ``errors`` (k,) say which part of their distance may be wrong, as far as that is seen.
    """

    pairs: Float32[np.ndarray, "n 8"]
    points: Float32[np.ndarray, "k 3"]
    errors: Float32[np.ndarray, " k"]

    def torn(self, position_m: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, " tiles"]:
        """Return the part of each tile that has visibly come apart as seen from a place, 0 at the capture point."""
        areas = np.zeros(TILES)
        _part(self.pairs, position_m.astype(np.float32), STARTS, areas)
        return np.minimum(areas / TILE_SR, 1)

    def displaced(self, position_m: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, " tiles"]:
        """Return how far from its true place, in radians and on average, what each tile shows from a place may be seen."""
        sums = np.zeros((TILES, 2))
        _displace(self.points, self.errors, position_m.astype(np.float32), STARTS, sums)
        return sums[:, 0] / np.maximum(sums[:, 1], 1e-9)


def front_of(gaussians: Gaussians, uncertainty: Uncertainty | None, seen_from: Places = ORIGIN_ALONE) -> Front:
    """Return the front of a scene, whose depth is wrong by ``uncertainty``, or was measured (None).

    ``seen_from`` (k, 3) are the places of the scene's panoramas, if there are several.
    """
    rows = int(np.clip(np.sqrt(len(gaussians) / 2 / _PER_CELL), *_ROWS))
    starts = ring_starts(rows, _FEWEST_CELLS)
    nearest, own = np.full(starts[-1], -1, np.int64), np.full(starts[-1], np.inf, np.float32)
    _find_nearest(gaussians.means.reshape(-1), gaussians.opacities, starts, nearest, own)
    distance = np.full((rows, 2 * rows), np.inf, np.float32)
    _measure(gaussians.means, gaussians.scales, gaussians.quats_wxyz, directions(rows), starts, nearest, distance)
    distance = np.minimum(_filled(distance), NOWHERE_M)
    points = directions(rows) * distance[..., None]
    right, below = (jumps(distance, axis) for axis in (1, 0))
    visible = _visible(_colors(gaussians, starts, nearest))
    pairs = np.concatenate([_pairs(points, right, visible, 1), _pairs(points, below, visible, 0)])
    _see_into(pairs, seen_from.astype(np.float32))
    beside_edge = grown(right | below, max(1, round(EDGE_RAD * rows / np.pi)))
    return Front(pairs, *_sample(points, distance, visible, beside_edge, uncertainty))


def _colors(
    gaussians: Gaussians, starts: Int64[np.ndarray, " edges"], nearest: Int64[np.ndarray, " cells"]
) -> Float32[np.ndarray, "h w 3"]:
    """Return what is seen in each cell, black where there is nothing."""
    rows = len(starts) - 1
    counts = np.diff(starts)[:, None]
    cells = nearest[starts[:-1, None] + np.arange(2 * rows) * counts // (2 * rows)]
    found = np.clip(gaussians.colors[cells], 0, 1) if len(gaussians) else np.zeros((rows, 2 * rows, 3), np.float32)
    found[cells < 0] = 0
    return found


def _visible(colors: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w"]:
    """Return how much of an error would be seen around each cell, 0-1: what structural similarity can lose there."""
    reach = max(1, round(_CONTRAST_RAD / 2 * len(colors) / np.pi))
    padded, size = pad_sphere(colors, reach), (2 * reach + 1, 2 * reach + 1)
    variance = cv2.blur(padded * padded, size) - cv2.blur(padded, size) ** 2
    twice = 2 * np.maximum(crop_sphere(variance, reach).mean(-1), 0)
    return twice / (twice + np.float32(_LEAST_CONTRAST**2))


def _sample(
    points: np.ndarray, distance: np.ndarray, visible: np.ndarray, beside_edge: Bool[np.ndarray, "h w"],
    uncertainty: Uncertainty | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return points and errors of about as many cells as `_CELL_ROWS` has, evenly over the sphere."""
    if uncertainty is None:
        return np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
    rows = len(distance)
    chosen = np.zeros(distance.shape, bool)
    step = max(1, round(rows / _CELL_ROWS))
    sampled = np.arange(step // 2, rows, step)
    counts = cell_counts(row_elevations_rad(rows)[sampled], np.pi * step / rows, fewest=_FEWEST_CELLS)
    for row, count in zip(sampled, counts, strict=True):
        chosen[row, (np.arange(count) * 2 * rows) // count] = True
    surface = chosen & (distance < NOWHERE_M)
    return points[surface], uncertainty.errors(points[surface], beside_edge[surface]) * visible[surface]


@kernel
@no_type_check
def _find_nearest(means, opacities, starts, nearest, own):
    """Write which Gaussian is the nearest in each cell, and how far it is; ``means`` are flat (3 n)."""
    places = np.empty(3 * _AT_ONCE, np.float32)
    for first in range(0, len(opacities), _AT_ONCE):
        last = min(first + _AT_ONCE, len(opacities))
        polar(means[3 * first : 3 * last], places[: 3 * (last - first)])
        for i in range(last - first):
            far = places[3 * i]
            if not (opacities[first + i] >= _SOLID and np.float32(1e-3) < far < np.float32(1e9)):
                continue
            cell = cell_in(places[3 * i + 1], places[3 * i + 2], starts)
            if far < own[cell]:
                own[cell] = far
                nearest[cell] = first + i


@kernel
@no_type_check
def _measure(means, scales, quats, rays, starts, nearest, distance):
    """Write how far the disc of the nearest Gaussian is along each ray."""
    rows, columns = distance.shape
    for row in range(rows):
        count = starts[row + 1] - starts[row]
        for column in range(columns):
            i = nearest[starts[row] + (column * count) // columns]
            if i < 0:
                continue
            x, y, z = means[i]
            rx, ry, rz = rays[row, column]
            far = np.sqrt(x * x + y * y + z * z)
            u, v, w = _normal(scales[i, 0], scales[i, 1], scales[i, 2], quats[i])
            across, height = u * rx + v * ry + w * rz, u * x + v * y + w * z
            there = height / across if abs(across) > _EDGE_ON else far
            distance[row, column] = min(max(there, far / _MOST_SLANT), far * _MOST_SLANT)


@kernel
@no_type_check
def _normal(sx, sy, sz, quat):
    """Return the direction in which a Gaussian is thinnest."""
    w, x, y, z = quat
    double = 2 * _ONE / max(w * w + x * x + y * y + z * z, np.float32(1e-12))
    if sx <= sy and sx <= sz:
        return axis(w, x, y, z, double, 0)
    return axis(w, x, y, z, double, 1 if sy <= sz else 2)


def _filled(distance: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return distances with a small gap between known ones closed, as where a cell lies between Gaussians."""
    for _ in range(3):
        padded = pad_sphere(distance, 1)
        around = np.stack([padded[1:-1, :-2], padded[1:-1, 2:], padded[:-2, 1:-1], padded[2:, 1:-1]])
        distance = np.where(np.isfinite(distance), distance, around.min(0))
    return distance


def jumps(distance: Float32[np.ndarray, "h w"], axis: int) -> Bool[np.ndarray, "h w"]:
    """Return between which cells and their right (1) or lower (0) neighbours the distance jumps.

    Inverse distance is linear across a plane, so that slanted surfaces go on; where two surfaces meet they cross in between.
    """
    padded = pad_sphere(1 / distance, 2)
    before, here, there, after = (np.roll(padded, -by, axis) for by in (-1, 0, 1, 2))
    step = np.abs(there - here)
    on, back = 2 * here - before - there, here - (2 * there - after)
    bends = np.minimum(np.abs(on), np.abs(back)) > _BEND * step
    crease = (on * back <= 0) & (step < _MOST_AT_CREASE * np.minimum(here, there))
    found = crop_sphere((step > _JUMP * np.minimum(here, there)) & bends & ~crease, 2)
    if axis == 0:
        found[-1] = False
    return found


def _pairs(
    points: Float32[np.ndarray, "h w 3"], jumps: Bool[np.ndarray, "h w"], visible: Float32[np.ndarray, "h w"], axis: int
) -> Float32[np.ndarray, "n 8"]:
    rows, columns = jumps.shape
    row, column = np.nonzero(jumps)
    other = (row, (column + 1) % columns) if axis else (np.minimum(row + 1, rows - 1), column)
    turn = np.pi / rows
    width = np.full(len(row), turn) if axis else turn * np.cos((row + 1) * turn - np.pi / 2)
    seen = np.maximum(visible[row, column], visible[other]) * width
    nothing = np.zeros(len(row), np.float32)
    return np.concatenate([points[row, column], points[other], np.stack([seen.astype(np.float32), nothing], 1)], 1)


def _see_into(pairs: Float32[np.ndarray, "n 8"], places: Float32[np.ndarray, "k 3"]) -> None:
    """Note for each pair how far the widest gap is open that is seen from one of the places."""
    ends = pairs[:, :3], pairs[:, 3:6]
    across = _unit(ends[1]) - _unit(ends[0])
    length = np.linalg.norm(across, axis=1)
    for place in places:
        apart = _unit(ends[1] - place) - _unit(ends[0] - place)
        pairs[:, 7] = np.maximum(pairs[:, 7], (apart * across).sum(1) / length - length)


def _unit(vectors: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _NEAREST_M)


@kernel
@no_type_check
def _part(pairs, position, starts, areas):
    """Add up, tile by tile, the gaps that open between the points of each pair: how wide, times how long the edge is."""
    px, py, pz = position
    for i in range(len(pairs)):
        ax, ay, az, bx, by, bz, edge, seen = pairs[i]
        a0, b0 = np.sqrt(ax * ax + ay * ay + az * az), np.sqrt(bx * bx + by * by + bz * bz)
        ex, ey, ez = bx / b0 - ax / a0, by / b0 - ay / a0, bz / b0 - az / a0
        length = np.sqrt(ex * ex + ey * ey + ez * ez)
        ax, ay, az, bx, by, bz = ax - px, ay - py, az - pz, bx - px, by - py, bz - pz
        a1 = max(np.sqrt(ax * ax + ay * ay + az * az), _NEAREST_M)
        b1 = max(np.sqrt(bx * bx + by * by + bz * bz), _NEAREST_M)
        wide = ((bx / b1 - ax / a1) * ex + (by / b1 - ay / a1) * ey + (bz / b1 - az / a1) * ez) / length - length
        wide -= seen
        if wide <= _ZERO:
            continue
        area = min(wide, _WIDEST_RAD) * edge
        if a1 < b1:
            areas[cell_at(ax / a1, ay / a1, az / a1, starts)] += area * a0 / a1
        else:
            areas[cell_at(bx / b1, by / b1, bz / b1, starts)] += area * b0 / b1


@kernel
@no_type_check
def _displace(points, errors, position, starts, sums):
    """Add up, tile by tile, displacements and weights: as large as each sample looks from the place."""
    px, py, pz = position
    square = px * px + py * py + pz * pz
    for i in range(len(points)):
        x, y, z = points[i]
        before = x * x + y * y + z * z
        along = (x * px + y * py + z * pz) / np.sqrt(before)
        x, y, z = x - px, y - py, z - pz
        after = max(x * x + y * y + z * z, _NEAREST_M * _NEAREST_M)
        distance = np.sqrt(after)
        tile = cell_at(x / distance, y / distance, z / distance, starts)
        weight = before / after
        sums[tile, 0] += weight * errors[i] * np.sqrt(max(square - along * along, _ZERO)) / distance
        sums[tile, 1] += weight
