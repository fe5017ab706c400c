"""Facts from a scene's numbers: how many, how large, which way up, in which units, and what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.check.merge import Clouds
from spag4d.data import Gaussians

_DENORMAL = 1e-12
"""Length of a quaternion below which it is not a rotation: float32 keeps no digits of smaller products."""
_LARGEST_M, _SMALLEST_M = 1e4, 1e-9
"""Far beyond a sky dome at 200 m, and below any wavelength of light: no tool intends such sizes."""
_POLE_COS = float(np.cos(np.radians(30)))
"""Cosine of 30°: the cone around the nadir or the zenith in which a floor is looked for."""
_FLAT = 0.1
"""A floor: seen from the capture point its height differs by less than this part, from the 20th percentile to the 80th."""
_HIGHER = 2.5
"""The most that a room's ceiling is farther than its floor: 4 m above a camera at 1.6 m. Anything higher is not a room's."""
_FLOOR_M = (0.25, 12.0)
"""Usual heights of the capture point: from a camera on a table to one on a mast."""
_MEDIAN_M = (0.2, 500.0)
"""Usual distances: from a shelf to a valley. Both are wide, as they only have to reveal other units."""

UPRIGHT, TURNED, UNKNOWN = "upright", "upside down", "cannot tell"


@dataclass(frozen=True)
class Facts:
    """A scene in numbers.

    ``low_m`` and ``high_m`` are the corners of the box around all but the outermost 1 % of it along each axis; ``invalid``
    counts the Gaussians by fault, ``outside_colors`` the share of colours beyond 0–1. ``upright`` is one of `UPRIGHT`, `TURNED`
    and `UNKNOWN`; ``floor_m`` the height of the capture point above a floor that was found, else None, and ``median_m`` the
    distance of what is seen from there.
    """

    path: Path
    made_by: str
    count: int
    file_size: int
    low_m: tuple[float, float, float]
    high_m: tuple[float, float, float]
    median_scale_m: float
    mean_opacity: float
    invalid: Mapping[str, int]
    outside_colors: float
    upright: str
    floor_m: float | None
    median_m: float

    @property
    def invalid_count(self) -> int:
        """How many faults there are."""
        return sum(self.invalid.values())

    @property
    def metres_plausible(self) -> bool:
        """Whether the scene has the size of one in metres, as far as floor and median show."""
        if self.floor_m is not None:
            return _FLOOR_M[0] <= self.floor_m <= _FLOOR_M[1]
        return _MEDIAN_M[0] <= self.median_m <= _MEDIAN_M[1]


def find_facts(path: Path, raw: Gaussians, clouds: Clouds, comments: list[str]) -> Facts:
    """Return the facts of a scene, whose ``clouds`` are merged ones."""
    usable = np.isfinite(raw.means).all(1)
    box = np.percentile(raw.means[usable][:: max(1, usable.sum() // 200_000)], (0.5, 99.5), axis=0) if usable.any() \
        else np.zeros((2, 3))
    upright, floor_m = which_way_up(clouds)
    sizes = raw.scales[np.isfinite(raw.scales).all(1)][::7]
    opacities = raw.opacities[np.isfinite(raw.opacities)]
    colors = raw.colors[np.isfinite(raw.colors).all(1)]
    outside = (np.abs(colors - 0.5) > 0.502).any(1)
    low, high = (tuple(round(float(value), 3) for value in corner) for corner in box)
    return Facts(
        path=path,
        made_by=next((line for line in comments if "SPAG" in line and "settings" not in line), ""),
        count=len(raw.means),
        file_size=path.stat().st_size,
        low_m=low,  # type: ignore[arg-type]
        high_m=high,  # type: ignore[arg-type]
        median_scale_m=float(np.median(sizes)) if len(sizes) else 0.0,
        mean_opacity=float(opacities.mean(dtype=np.float64)) if len(opacities) else 0.0,
        invalid=invalid_values(raw),
        outside_colors=float(outside.mean()) if len(colors) else 0.0,
        upright=upright,
        floor_m=floor_m,
        median_m=median_distance_m(clouds),
    )


def invalid_values(raw: Gaussians) -> dict[str, int]:
    """Return fault → number of Gaussians with it, without faults that do not occur."""
    finite = np.isfinite(raw.scales)
    length = np.einsum("ij,ij->i", raw.quats_wxyz, raw.quats_wxyz)
    found = {
        "position is not a number": ~np.isfinite(raw.means).all(1),
        "size is not a number": np.isnan(raw.scales).any(1),
        "size is zero or less": (finite & (raw.scales <= 0)).any(1),
        "size is absurd": ((raw.scales > _LARGEST_M) | (raw.scales > 0) & (raw.scales < _SMALLEST_M)).any(1),
        "rotation is not a number": ~np.isfinite(raw.quats_wxyz).all(1),
        "rotation has no length": length < _DENORMAL,
        "opacity is not a number": np.isnan(raw.opacities),
        "opacity is outside 0-1": (raw.opacities < 0) | (raw.opacities > 1),
        "colour is not a number": ~np.isfinite(raw.colors).all(1),
    }
    return {fault: int(faulty.sum()) for fault, faulty in found.items() if faulty.any()}


def which_way_up(clouds: Clouds) -> tuple[str, float | None]:
    """Judge by the surfaces below and above the capture point: a floor is flat and near, what is above it farther or not flat.

    Returns one of `UPRIGHT`, `TURNED` and `UNKNOWN`, and the height above the floor in metres where one was found. Where both
    are flat and about as near, as in a room, or neither is, it stays `UNKNOWN`.
    """
    (below_m, below_flat), (above_m, above_flat) = (_pole(clouds, side) for side in (1, -1))
    if below_flat and (not above_flat or above_m > _HIGHER * below_m):
        return UPRIGHT, below_m
    if above_flat and (not below_flat or below_m > _HIGHER * above_m):
        return TURNED, above_m
    return UNKNOWN, below_m if below_flat and above_flat else None


def _pole(clouds: Clouds, side: int) -> tuple[float, bool]:
    """Return how far the nearest surface is below (1) or above (-1), and whether it is level."""
    distance = np.linalg.norm(clouds.means, axis=1)
    height = clouds.means[:, 1] * side
    cap = np.flatnonzero(height > _POLE_COS * distance)
    if len(cap) < 20:
        return float("inf"), False
    low, middle, high = _weighted(height[cap], _solid_angles(clouds, cap), (0.2, 0.5, 0.8))
    return middle, high - low < _FLAT * middle


def median_distance_m(clouds: Clouds) -> float:
    """Return the distance of half of what surrounds the capture point."""
    everything = np.arange(len(clouds))
    if not len(everything):
        return 0.0
    return _weighted(np.linalg.norm(clouds.means, axis=1), _solid_angles(clouds, everything), (0.5,))[0]


def _solid_angles(clouds: Clouds, members: np.ndarray) -> Float64[np.ndarray, " n"]:
    extent = np.trace(clouds.spread[members][:, [[0, 1, 2], [1, 3, 4], [2, 4, 5]]], axis1=1, axis2=2)
    square = np.einsum("ij,ij->i", clouds.means[members], clouds.means[members])
    return np.minimum(extent / np.maximum(square, 1e-12), 1.0).astype(np.float64)


def _weighted(values: Float32[np.ndarray, " n"], weights: np.ndarray, shares: tuple[float, ...]) -> list[float]:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return [float(values[order[min(np.searchsorted(reached, share * reached[-1]), len(order) - 1)]]) for share in shares]
