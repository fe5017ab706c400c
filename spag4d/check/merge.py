"""Gaussians as clouds for a coarse look: each, or those that share a direction and a distance, as one.

A cloud takes light away by optical depth, which adds up whatever the order, where alphas multiply. A Gaussian of alpha a has
-log(1 - a g) of it at the place where its profile is g; over its whole extent that is 2π sd² Li₂(a) with the dilogarithm Li₂.
A cloud spreads as much over a wider profile, so that merging keeps how much is covered.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32, Float64

from spag4d.data import Gaussians
from spag4d.geometry.quat_kernels import axis
from spag4d.geometry.sphere_rings import cell_at, ring_starts
from spag4d.kernels import in_parts, kernel

CELL_RAD = float(np.radians(1.5))
"""1.5°, finer than the 2.5° between the rays that look through the clouds."""
_BINS_PER_E = 10
"""A bin is 10 % of distance deep."""
_BINS = 160
"""Of logarithms of distance, `_BINS_PER_E` for each factor of e."""
_NEAREST_LOG = -6.0
"""The bins reach from 2.5 mm to 22 km; the first and the last take what lies beyond."""
_LEAST_OPACITY = np.float32(1 / 255)
"""Rasterisers draw nothing fainter."""
_LARGEST = np.float32(1e9)
"""Metres whose fourth power still fits into float32."""
_EDGE_ON = np.float32(1e-3)
"""Of a cloud's face: seen edge-on it is never thinner, so that its optical depth stays finite."""
_ONE, _TWO = np.float32(1), np.float32(2)
"""Python's own numbers would make float64 of a kernel's arithmetic."""

Covariances = Float32[np.ndarray, "n 6"]


@dataclass(frozen=True)
class Clouds:
    """``n`` clouds: their ``means`` (n, 3) in metres and two covariances, xx xy xz yy yz zz in square metres.

    ``spread`` (n, 6) is where a cloud is, ``shape`` (n, 6) is the mean covariance of its Gaussians, and ``strength`` (n,) their
    number times Li₂ of their opacity.
    """

    means: Float32[np.ndarray, "n 3"]
    spread: Covariances
    shape: Covariances
    strength: Float32[np.ndarray, " n"]

    def __len__(self) -> int:
        """Return the number of clouds."""
        return len(self.means)


def clouds_of(gaussians: Gaussians) -> Clouds:
    """Return every Gaussian as a cloud of its own; without those that are not finite or transparent."""
    moments, keep = _moments(gaussians)
    covariances = moments[keep, 2:8]
    return Clouds(gaussians.means[keep], covariances, covariances, moments[keep, 1])


def merged(gaussians: Gaussians, cell_rad: float = CELL_RAD) -> Clouds:
    """Return the Gaussians as fewer clouds: one for all that lie in a cell of directions, and within 10 % of distance.

    Means and covariances are those of the group, weighted by optical depth as seen from the capture point. Deterministic.
    """
    moments, keep = _moments(gaussians)
    members = np.flatnonzero(keep)
    starts = ring_starts(round(np.pi / cell_rad))
    keys = np.empty(len(members), np.int64)

    def fill(first: int, last: int) -> None:
        _keys(gaussians.means, members[first:last], starts, keys[first:last])

    in_parts(fill, len(members))
    group = np.empty(len(members), np.int64)
    count = _numbered(keys, np.full(starts[-1] * _BINS, -1, np.int32), group)
    sums = np.zeros((count, 17))
    _add_up(gaussians.means, moments, members, group, sums)
    return _clouds_from(sums)


def _clouds_from(sums: Float64[np.ndarray, "n 17"]) -> Clouds:
    weight = sums[:, :1]
    mean, within, square, count = sums[:, 1:4] / weight, sums[:, 4:10] / weight, sums[:, 10:16] / weight, sums[:, 16]
    x, y, z = mean.T
    between = square - np.stack([x * x, x * y, x * z, y * y, y * z, z * z], -1)
    spread = within + between
    clouds = Clouds(*(array.astype(np.float32) for array in (mean, spread, within, count)))
    area = np.empty(len(mean), np.float32)
    _areas(clouds.means, clouds.shape, area)
    return Clouds(clouds.means, clouds.spread, clouds.shape, (weight[:, 0] / area).astype(np.float32))


def _moments(gaussians: Gaussians) -> tuple[Float32[np.ndarray, "n 8"], Bool[np.ndarray, " n"]]:
    """Return weight, Li₂ of the opacity and covariance of each, and a mask of the usable ones."""
    moments = np.zeros((len(gaussians), 8), np.float32)

    def fill(first: int, last: int) -> None:
        part = slice(first, last)
        _measure(gaussians.means[part], gaussians.scales[part], gaussians.quats_wxyz[part], gaussians.opacities[part],
                 moments[part])

    in_parts(fill, len(gaussians))
    return moments, moments[:, 0] > 0


@kernel
@no_type_check
def _measure(means, scales, quats, opacities, moments):
    for i in range(len(moments)):
        x, y, z = means[i]
        s0, s1, s2 = scales[i]
        w, a, b, c = quats[i]
        alpha, square = min(opacities[i], _ONE), w * w + a * a + b * b + c * c
        inside = max(abs(x), abs(y), abs(z), s0, s1, s2) < _LARGEST and min(s0, s1, s2) > -_LARGEST
        if not (inside and alpha > _LEAST_OPACITY and np.float32(1e-12) < square < _LARGEST):
            continue
        xx = xy = xz = yy = yz = zz = np.float32(0)
        for k in range(3):
            ux, uy, uz = axis(w, a, b, c, _TWO / square, k)
            ux, uy, uz = ux * scales[i, k], uy * scales[i, k], uz * scales[i, k]
            xx += ux * ux
            xy += ux * uy
            xz += ux * uz
            yy += uy * uy
            yz += uy * uz
            zz += uz * uz
        total = np.float32(0)  # Li₂ is the sum of a^k / k²
        power = _ONE
        for k in range(1, 9):
            power *= alpha
            total += power / np.float32(k * k)
        moments[i, 1] = total
        moments[i, 2], moments[i, 3], moments[i, 4] = xx, xy, xz
        moments[i, 5], moments[i, 6], moments[i, 7] = yy, yz, zz
        moments[i, 0] = total * _area(x, y, z, xx, xy, xz, yy, yz, zz)


@kernel
@no_type_check
def _area(x, y, z, xx, xy, xz, yy, yz, zz):
    """Return the product of the two angular standard deviations as seen from the origin, at least a little for edges."""
    square = max(x * x + y * y + z * z, np.float32(1e-12))
    # minors of the covariance: u' adj(Σ) u is the determinant of what is seen along u
    seen = (x * x * (yy * zz - yz * yz) + y * y * (xx * zz - xz * xz) + z * z * (xx * yy - xy * xy)
            + _TWO * (x * y * (xz * yz - xy * zz) + x * z * (xy * yz - xz * yy) + y * z * (xy * xz - xx * yz))) / square
    face = (yy * zz - yz * yz) + (xx * zz - xz * xz) + (xx * yy - xy * xy)
    return max(np.sqrt(max(seen, np.float32(0))), _EDGE_ON * np.sqrt(max(face, np.float32(0)))) / square + np.float32(1e-30)


@kernel
@no_type_check
def _areas(means, covariances, area):
    for i in range(len(area)):
        x, y, z = means[i]
        xx, xy, xz, yy, yz, zz = covariances[i]
        area[i] = _area(x, y, z, xx, xy, xz, yy, yz, zz)


@kernel
@no_type_check
def _keys(means, members, starts, keys):
    for place in range(len(members)):
        x, y, z = means[members[place]]
        distance = max(np.sqrt(x * x + y * y + z * z), np.float32(1e-9))
        layer = int((np.log(distance) - np.float32(_NEAREST_LOG)) * np.float32(_BINS_PER_E))
        cell = cell_at(x / distance, y / distance, z / distance, starts)
        keys[place] = cell * _BINS + min(max(layer, 0), _BINS - 1)


@kernel
@no_type_check
def _numbered(keys, number_of, group):
    """Number the keys in the order in which they come, and return how many there are."""
    count = 0
    for i in range(len(keys)):
        if number_of[keys[i]] < 0:
            number_of[keys[i]] = count
            count += 1
        group[i] = number_of[keys[i]]
    return count


@kernel
@no_type_check
def _add_up(means, moments, members, group, sums):
    for place in range(len(members)):
        i = members[place]
        weight = np.float64(moments[i, 0])
        x, y, z = np.float64(means[i, 0]), np.float64(means[i, 1]), np.float64(means[i, 2])
        total = sums[group[place]]
        total[0] += weight
        total[1] += weight * x
        total[2] += weight * y
        total[3] += weight * z
        for k in range(6):
            total[4 + k] += weight * moments[i, 2 + k]
        total[10] += weight * x * x
        total[11] += weight * x * y
        total[12] += weight * x * z
        total[13] += weight * y * y
        total[14] += weight * y * z
        total[15] += weight * z * z
        total[16] += moments[i, 1]
