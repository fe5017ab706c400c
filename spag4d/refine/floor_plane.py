"""The floor or the ceiling around a pole, as a plane that things standing on it do not sway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Float64

from spag4d.data import DepthMap
from spag4d.geometry.equirect import directions_from_pixels, row_elevations_rad, solid_angle_weights
from spag4d.geometry.fit import weighted_median
from spag4d.kernels import kernel

_ROWS = 512
"""Rows that are sampled, 0.35° apart: a plane has three numbers, and a ring of 20° then holds 50,000 pixels."""
_START_SHARE = 0.6
"""Quantile of the heights at which the fit starts: above the median, as what stands on a floor is nearer than the floor."""
_TOLERANCES = (0.2, 0.12, 0.08, 0.05, 0.05, 0.05, 0.05, 0.05)
"""Share of the distance, one per round: wide at first, for a tilted floor; five rounds at the narrowest let the fit settle."""
_INLIER = 0.08
"""Share of the distance within which a pixel lies on the plane: 1.6 of the last tolerance, nine tenths of a normal
distribution."""
_LEAST_SHARE = 0.35
"""Of the ring's solid angle. Judgement: with less on one plane a level one is the safer guess."""
_STEEPEST_DEG = 30.0
"""More than any ramp, roof or tilted camera; a steeper fit has found a wall."""
_GRAZING = 0.1
"""Of the plane's height over the distance: the plane ends at ten times its height, 6° below the horizon, instead of at
infinity."""
_FEW = 32
"""Pixels, ten for each of the plane's three numbers; fewer means the ring lies outside of the photo."""


@dataclass(frozen=True)
class PolePlane:
    """A plane ``normal · x = 1`` around a pole, and the share of the ring, by solid angle, that lies on it.

    ``normal`` is None where the ring is sky; ``fitted`` is False where the plane is only level at the median height.
    """

    normal: Float64[np.ndarray, " 3"] | None
    share: float = 0.0
    fitted: bool = False

    @property
    def tilt_deg(self) -> float:
        """Angle between the plane and a level one."""
        if self.normal is None:
            return 0.0
        return float(np.degrees(np.arccos(min(1.0, abs(self.normal[1]) / np.linalg.norm(self.normal)))))

    def distance(self, rays: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n"]:
        """Return the distance along unit rays (…, 3) from the origin to the plane, ten times its height at most."""
        assert self.normal is not None
        inverse = rays @ self.normal.astype(rays.dtype)
        return 1 / np.maximum(inverse, rays.dtype.type(_GRAZING * np.linalg.norm(self.normal)))


def plane_around(
    depth: DepthMap, known: Bool[np.ndarray, "h w"], inner_deg: float, outer_deg: float, *, below: bool
) -> PolePlane | None:
    """Return the plane of the ``known`` pixels (h, w) between two angles from the nadir (``below``) or the zenith.

    Inverse distance is linear in the direction on a plane, n · u / c; its three numbers are fitted with errors in proportion
    to the distance, and what lies far off loses its weight. Where most of the ring is off the plane, or it is steep, the
    plane is level at the ring's median height. None where nothing of the ring is known.
    """
    rays, inverse, sky, weights = _ring(depth, known, inner_deg, outer_deg, below=below)
    if len(sky) < _FEW:
        return None
    if weights[sky].sum() > 0.5 * weights.sum():
        return PolePlane(None)
    rays, inverse, weights = rays[~sky], inverse[~sky], weights[~sky]
    upright = np.array([0.0, 1.0 if below else -1.0, 0.0])
    heights = rays @ upright / inverse
    found = _fitted(rays, inverse, weights, upright / _quantile(heights, weights, _START_SHARE))
    off = np.abs(rays @ found / inverse - 1)
    result = PolePlane(found, float(weights[off < _INLIER].sum() / weights.sum()), True)
    if result.share < _LEAST_SHARE or result.tilt_deg > _STEEPEST_DEG or found @ upright <= 0:
        return PolePlane(upright / weighted_median(heights, weights), result.share)
    return result


def _ring(
    depth: DepthMap, known: np.ndarray, inner_deg: float, outer_deg: float, *, below: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return unit rays (n, 3), inverse distances, which are sky, and solid angles, thinned out in large maps."""
    height, width = depth.size_hw
    step = max(1, height // _ROWS)
    from_pole = 90 + np.degrees(row_elevations_rad(height)) * (1 if below else -1)
    rows = np.arange(step // 2, height, step)
    rows = rows[(from_pole[rows] >= inner_deg) & (from_pole[rows] <= outer_deg)]
    row, column = np.meshgrid(rows, np.arange(step // 2, width, step), indexing="ij")
    seen = known[row, column]
    row, column = row[seen], column[seen]
    rays = directions_from_pixels(np.stack([column, row], -1).astype(np.float64), height)
    return rays, 1 / depth.distance[row, column].astype(np.float64), depth.sky[row, column], solid_angle_weights(height)[row]


def _fitted(rays: np.ndarray, inverse: np.ndarray, weights: np.ndarray, normal: np.ndarray) -> np.ndarray:
    scaled = rays / inverse[:, None]
    for tolerance in _TOLERANCES:
        normal = np.linalg.lstsq(*_equations(scaled, weights, normal, tolerance), rcond=None)[0]
    return normal


@kernel
@no_type_check
def _equations(scaled, weights, normal, tolerance):
    """Return the normal equations of the fit, each point weighted by how near it is to the plane."""
    matrix, right = np.zeros((3, 3)), np.zeros(3)
    for i in range(len(scaled)):
        off = (scaled[i, 0] * normal[0] + scaled[i, 1] * normal[1] + scaled[i, 2] * normal[2] - 1) / tolerance
        weight = weights[i] * np.exp(-0.5 * off * off)
        for row in range(3):
            right[row] += weight * scaled[i, row]
            for column in range(3):
                matrix[row, column] += weight * scaled[i, row] * scaled[i, column]
    return matrix, right


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(total, share * total[-1])]])
