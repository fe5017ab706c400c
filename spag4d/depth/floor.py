"""The scale of a scene from one known length: how high above the floor the camera stood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from spag4d.data import DepthMap
from spag4d.geometry.equirect import directions_from_pixels, row_elevations_rad, solid_angle_weights
from spag4d.progress import SILENT, Progress

_ROWS = 256
"""Rows that are sampled, 0.7° apart: a floor spans many of them."""
_BELOW_DEG = -15.0
"""A floor 1.6 m below the camera is looked at out to 6 m; farther out, an error of depth hides its height."""
_NADIR_DEG = -60.0
"""Elevation of the cone's edge, 30° from the nadir: 0.9 m around the point 1.6 m below. A bowl, a table or a tripod ends in
it."""
_BIN, _TOLERANCE = 0.01, 0.04
"""In log height: 1 % and 4 %, which is 6 cm of 1.6 m. A wider tolerance takes rugs and doorsteps along."""
_LEAST_SHARE, _SHARE_OF_BEST, _LEAST_OUTER_SHARE = 0.12, 0.5, 0.06
"""Of the sphere below `_BELOW_DEG`, of which the cone around the nadir is 18 %. The first two trade floors hidden by furniture
against table tops taken for floors, and were not tuned; the last excludes what lies in the cone alone."""
_STEEPEST_DEG = 10.0
"""More than a hand-held camera is tilted, less than a ramp or a roof."""
_ITERATIONS = 20
"""A bound only: the fit ends earlier, when it stands still to 1e-7."""


def scaled_to_camera_height(
    depth: DepthMap, height_m: float, valid: Bool[np.ndarray, "h w"] | None = None, *, progress: Progress = SILENT
) -> DepthMap:
    """Return the scene at the size at which its floor lies ``height_m`` below the camera.

    ``valid`` (h, w) is False where the picture shows nothing. Without a floor the scene stays as it is, with a warning.
    """
    found = camera_above_floor(depth, valid)
    if found is None:
        progress.warn(f"no floor was found below the camera: --camera-height {height_m:g} was not used, so the scale is that "
                      f"of {depth.metres_from or depth.model}")
        return depth
    return replace(depth.scaled(height_m / found), kind="metric", metres_from="camera height")


def camera_above_floor(depth: DepthMap, valid: Bool[np.ndarray, "h w"] | None = None) -> float | None:
    """Return the distance from the camera to the floor in the map's units, or None where nothing level is wide enough.

    The floor is the lowest of the levels below the camera that many directions agree on. It has to reach beyond the cone
    of 30° around the nadir, which a floor does and the bottom of a bowl does not; then a plane is fitted that may tilt by 10°.
    """
    points, weights, outer = _below(depth, valid)
    if not len(points):
        return None
    log_height = np.log(points[:, 1])
    level = _lowest_level(log_height, weights)
    if level is None:
        return None
    normal = _plane(points, weights, np.exp(level))
    inside = np.abs(points @ normal - 1) < _TOLERANCE
    tilt_deg = np.degrees(np.arccos(normal[1] / np.linalg.norm(normal)))
    if tilt_deg > _STEEPEST_DEG or weights[inside & outer].sum() < _LEAST_OUTER_SHARE:
        return None
    return float(1 / np.linalg.norm(normal))


def _below(depth: DepthMap, valid: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points (n, 3) well below the horizon, their shares of that part of the sphere, which are not near the nadir."""
    height, width = depth.size_hw
    step = max(1, height // _ROWS)
    elevation = np.degrees(row_elevations_rad(height))
    rows, columns = (np.arange(step // 2, size, step) for size in (height, width))
    rows = rows[elevation[rows] < _BELOW_DEG]
    pick = np.ix_(rows, columns)
    seen = ~depth.sky[pick] if valid is None else ~depth.sky[pick] & valid[pick]
    weights = np.broadcast_to(solid_angle_weights(height)[rows, None], seen.shape)
    outer = np.broadcast_to(elevation[rows, None] > _NADIR_DEG, seen.shape)
    pixels = np.stack(np.broadcast_arrays(columns.astype(np.float64), rows[:, None].astype(np.float64)), -1)
    points = directions_from_pixels(pixels, height)[seen] * depth.distance[pick][seen, None]
    return points, weights[seen] / weights.sum(), outer[seen]


def _lowest_level(log_height: np.ndarray, weights: np.ndarray) -> float | None:
    """Return the log height of the lowest of the levels that hold much of the weight."""
    start = log_height.min() - 2 * _TOLERANCE
    bins = ((log_height - start) / _BIN).astype(int)
    counts = np.bincount(bins, weights, minlength=int(bins.max() + 3 * _TOLERANCE / _BIN))
    reach = int(_TOLERANCE / _BIN)
    held = np.convolve(counts, np.ones(2 * reach + 1), mode="same")
    peak = held >= np.maximum(_LEAST_SHARE, _SHARE_OF_BEST * held.max())
    if not peak.any():
        return None
    last = int(np.flatnonzero(peak)[-1])
    first = last
    while first > 0 and peak[first - 1]:
        first -= 1
    best = first + int(np.argmax(held[first : last + 1]))
    near = np.abs(bins - best) <= reach
    return float(np.average(log_height[near], weights=weights[near]))


def _plane(points: np.ndarray, weights: np.ndarray, height: float) -> np.ndarray:
    """Return m with m x = 1 on the plane that points (n, 3) near the given level fit best, outliers without weight."""
    normal = np.array([0.0, 1 / height, 0.0])
    for _ in range(_ITERATIONS):
        residual = points @ normal - 1
        v = weights * np.exp(-0.5 * (residual / _TOLERANCE) ** 2) / (points**2).sum(1)
        step = np.linalg.lstsq(points.T @ (points * v[:, None]), points.T @ v, rcond=None)[0]
        if np.abs(step - normal).max() < 1e-7 / height:
            return step
        normal = step
    return normal
