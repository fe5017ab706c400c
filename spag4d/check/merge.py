"""Gaussians as clouds for a coarse look: each, or those that share a direction and a distance, as one.

A cloud takes light away by optical depth, which adds up whatever the order, where alphas multiply. A Gaussian of alpha a has
-log(1 - a g) of it at the place where its profile is g; over its whole extent that is 2π sd² Li₂(a) with the dilogarithm Li₂.
A cloud spreads as much over a wider profile, so that merging keeps how much is covered.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.data import Gaussians
from spag4d.geometry.quat_kernels import axis
from spag4d.geometry.sphere_rings import cell_in, polar, ring_starts
from spag4d.kernels import kernel

CELL_RAD = float(np.radians(1.5))
"""1.5°, finer than the 2.5° between the rays that look through the clouds."""
_BINS_PER_E = 10
"""A bin is 10 % of distance deep."""
_BINS = 160
"""Of logarithms of distance, `_BINS_PER_E` for each factor of e."""
_NEAREST_LOG = -6.0
"""The bins reach from 2.5 mm to 22 km; the first and the last take what lies beyond."""
_AT_ONCE = 1 << 10
"""Gaussians that are measured before they are added up: 44 KB, which the cache holds."""
_LEAST_OPACITY = np.float32(1 / 255)
"""Rasterisers draw nothing fainter."""
_LARGEST = np.float32(1e9)
"""Metres whose fourth power still fits into float32."""
_SHORTEST = np.float32(1e-12)
"""Square of a rotation's length."""
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
    moments = np.empty((len(gaussians), 8), np.float32)
    _measure(*_flat(gaussians), moments.ravel())
    keep = moments[:, 0] > 0
    covariances = moments[keep, 2:8]
    return Clouds(gaussians.means[keep], covariances, covariances, moments[keep, 1])


def merged(gaussians: Gaussians, cell_rad: float = CELL_RAD) -> Clouds:
    """Return the Gaussians as fewer clouds: one for all that lie in a cell of directions, and within 10 % of distance.

    Means and covariances are those of the group, weighted by optical depth as seen from the capture point. Deterministic.
    """
    starts = ring_starts(round(np.pi / cell_rad))
    groups = int(starts[-1]) * _BINS
    sums = np.zeros((min(len(gaussians), groups), 17))
    count = _add_up(*_flat(gaussians), starts, np.full(groups, -1, np.int32), sums)
    return _clouds_from(sums[:count])


def _flat(gaussians: Gaussians) -> tuple[np.ndarray, ...]:
    """Return means, scales, rotations and opacities without rows: so the compiler knows the strides and takes 8 at once."""
    return tuple(array.reshape(-1) for array in (gaussians.means, gaussians.scales, gaussians.quats_wxyz, gaussians.opacities))


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


@kernel
@no_type_check
def _measure(means, scales, quats, opacities, moments):
    """Write weight, Li₂ of the opacity and covariance of each; the weight of unusable ones is 0. All arrays are flat."""
    for i in range(len(moments) // 8):
        x, y, z = means[3 * i], means[3 * i + 1], means[3 * i + 2]
        s0, s1, s2 = scales[3 * i], scales[3 * i + 1], scales[3 * i + 2]
        w, a, b, c = quats[4 * i], quats[4 * i + 1], quats[4 * i + 2], quats[4 * i + 3]
        alpha, square = min(opacities[i], _ONE), w * w + a * a + b * b + c * c
        inside = (max(abs(x), abs(y), abs(z), s0, s1, s2) < _LARGEST) & (min(s0, s1, s2) > -_LARGEST)
        usable = inside & (alpha > _LEAST_OPACITY) & (square > _SHORTEST) & (square < _LARGEST)
        u0, u1, u2 = axis(w, a, b, c, _TWO / square, 0)
        v0, v1, v2 = axis(w, a, b, c, _TWO / square, 1)
        w0, w1, w2 = axis(w, a, b, c, _TWO / square, 2)
        s0, s1, s2 = s0 * s0, s1 * s1, s2 * s2
        xx, xy, xz = s0 * u0 * u0 + s1 * v0 * v0 + s2 * w0 * w0, s0 * u0 * u1 + s1 * v0 * v1 + s2 * w0 * w1, \
            s0 * u0 * u2 + s1 * v0 * v2 + s2 * w0 * w2
        yy, yz, zz = s0 * u1 * u1 + s1 * v1 * v1 + s2 * w1 * w1, s0 * u1 * u2 + s1 * v1 * v2 + s2 * w1 * w2, \
            s0 * u2 * u2 + s1 * v2 * v2 + s2 * w2 * w2
        total = np.float32(0)  # Li₂ is the sum of a^k / k²
        for k in range(8, 0, -1):
            total = alpha * (np.float32(1 / k**2) + total)
        moments[8 * i] = total * _area(x, y, z, xx, xy, xz, yy, yz, zz) if usable else np.float32(0)
        moments[8 * i + 1] = total
        moments[8 * i + 2], moments[8 * i + 3], moments[8 * i + 4] = xx, xy, xz
        moments[8 * i + 5], moments[8 * i + 6], moments[8 * i + 7] = yy, yz, zz


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
def _add_up(means, scales, quats, opacities, starts, number_of, sums):
    """Add usable ones to the sums of their groups, which are numbered in the order in which they come; return how many."""
    moments, places = np.empty(8 * _AT_ONCE, np.float32), np.empty(3 * _AT_ONCE, np.float32)
    count = 0
    for first in range(0, len(opacities), _AT_ONCE):
        last = min(first + _AT_ONCE, len(opacities))
        _measure(means[3 * first : 3 * last], scales[3 * first : 3 * last], quats[4 * first : 4 * last],
                 opacities[first:last], moments[: 8 * (last - first)])
        polar(means[3 * first : 3 * last], places[: 3 * (last - first)])
        for i in range(last - first):
            if not moments[8 * i] > 0:
                continue
            layer = int((np.log(max(places[3 * i], np.float32(1e-9))) - np.float32(_NEAREST_LOG)) * np.float32(_BINS_PER_E))
            key = cell_in(places[3 * i + 1], places[3 * i + 2], starts) * _BINS + min(max(layer, 0), _BINS - 1)
            if number_of[key] < 0:
                number_of[key] = count
                count += 1
            _add(moments[8 * i : 8 * i + 8], means[3 * (first + i) : 3 * (first + i) + 3], sums[number_of[key]])
    return count


@kernel
@no_type_check
def _add(moments, mean, total):
    weight = np.float64(moments[0])
    x, y, z = np.float64(mean[0]), np.float64(mean[1]), np.float64(mean[2])
    total[0] += weight
    total[1] += weight * x
    total[2] += weight * y
    total[3] += weight * z
    for k in range(6):
        total[4 + k] += weight * moments[2 + k]
    total[10] += weight * x * x
    total[11] += weight * x * y
    total[12] += weight * x * z
    total[13] += weight * y * y
    total[14] += weight * y * z
    total[15] += weight * z * z
    total[16] += moments[1]
