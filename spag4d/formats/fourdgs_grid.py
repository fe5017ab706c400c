"""Moving Gaussians as whole numbers on the grids of a .4dgs file, and back.

A velocity's grid is finer the longer its Gaussian lives, so that it is never farther off than a position; the grid of the
middle of a fade follows the fade's length. Both are computed from numbers that a reader has by then.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int64

from spag4d.data import Gaussians, Moving
from spag4d.formats.fourdgs_records import Steps
from spag4d.formats.fourdgs_streams import Bins
from spag4d.formats.records import unit_quats
from spag4d.formats.smallest_three import quats_from_smallest_three, smallest_three

POSITION, SCALE, LARGEST, ROTATION, COLOR, OPACITY, VELOCITY, CENTER, SIGMA, FLAGS, WINDOW = range(11)
"""Attributes by their numbers in the draft."""
CHANNELS = {POSITION: 3, SCALE: 3, LARGEST: 1, ROTATION: 3, COLOR: 3, OPACITY: 1, VELOCITY: 3, CENTER: 1, SIGMA: 1, FLAGS: 1,
            WINDOW: 1}
STORED_BYTES = 4 * sum(CHANNELS.values())
"""Of one Gaussian's unpacked numbers, at four bytes each."""
_LIFE_S, _SHORTEST_S, _LONGEST_S = 0.5, 0.02, 2.0
_CLASSES = (-4, 2)
_FINEST_CENTER = -10
_SIGMA_SHARE = 0.05
"""By the draft: half lives of the velocity grid, its range of powers of two, and that of a fade's middle and its share."""
_SHARE = 0.05
"""Of a Gaussian's usual size that its position may be off: a twentieth cannot be seen where Gaussians overlap by half."""
_SCALE_ERROR, _ROTATION_ERROR, _LEVEL_ERROR = 0.02, 0.003, 1 / 255
"""2 % of a size, 0.35° of a turn, one level of colours and opacities: half of what a SOG scene loses."""
_TIME_ERROR_S, _SIGMA_ERROR = 0.0005, 0.02
"""Half a millisecond is a hundredth of a picture."""
_LEAST_M = 1e-6
"""Of a position's grid, for scenes without size: a micrometre."""
_MOST_BINS = 1 << 29
"""Differences of two positions, with their sign, still fit into 32 bits."""
_SMALLEST = 1e-30


def steps_for(gaussians: Gaussians) -> Steps:
    """Return grids for scenes like this one, each twice as wide as the largest error."""
    usual_m = float(np.median(np.sort(gaussians.scales, 1)[:, 1])) if len(gaussians) else 0.0
    position_m = max(2 * _SHARE * usual_m, _LEAST_M)
    return Steps((0.0, 0.0, 0.0), position_m, 2 * math.log1p(_SCALE_ERROR), 2 * _ROTATION_ERROR, 2 * _LEVEL_ERROR,
                 2 * _LEVEL_ERROR, position_m / _LIFE_S, 2 * _TIME_ERROR_S, 2 * math.log1p(_SIGMA_ERROR))


def bounds_of(steps: Steps) -> dict[str, float]:
    """Return the largest errors by the draft's names."""
    return {"pos": steps.position_m / 2, "scale_rel": math.expm1(steps.log_scale / 2), "rot": steps.rotation / 2,
            "rgb": steps.color / 2, "alpha": steps.opacity / 2, "motion": steps.velocity / 2, "time": steps.time_s / 2,
            "sigma_rel": math.expm1(steps.log_sigma / 2), "sh": 0}


def fits(moving: Moving, steps: Steps) -> Bool[np.ndarray, " n"]:
    """Return which Gaussians are near enough to lie on the grid, and have finite motion."""
    finite = np.isfinite(moving.velocities).all(1) & np.isfinite(moving.centers_s) & ~np.isnan(moving.sigmas_s)
    return finite & (np.abs(moving.gaussians.means) < steps.position_m * _MOST_BINS).all(1)


def to_bins(
    moving: Moving, windows: Int64[np.ndarray, " n"], steps: Steps, cutoff: float
) -> dict[int, Bins]:
    """Return every attribute as whole numbers; ``windows`` are the numbers of the windows."""
    gaussians, lasting = moving.gaussians, ~np.isfinite(moving.sigmas_s)
    largest, others = smallest_three(np.ascontiguousarray(unit_quats(gaussians.quats_wxyz)[:, [1, 2, 3, 0]]))
    red, green, blue = _rounded(np.clip(gaussians.colors, 0, 1), steps.color).T
    sigmas = np.where(lasting, 0, _rounded(np.log(np.maximum(np.where(lasting, 1, moving.sigmas_s), _SMALLEST)),
                                           steps.log_sigma))
    lengths_s = moving.windows_s[:, 1] - moving.windows_s[:, 0]
    at_rest = lasting & ~moving.velocities.any(1)
    centers_s = np.where(at_rest, 0, moving.centers_s)
    velocity = _velocity_steps(sigmas, lasting, lengths_s, steps, cutoff)[:, None]
    bins = {
        POSITION: _rounded(gaussians.means - np.array(steps.origin_m), steps.position_m),
        SCALE: _rounded(np.log(np.maximum(gaussians.scales, _SMALLEST)), steps.log_scale), LARGEST: largest,
        ROTATION: _rounded(others / math.sqrt(2), steps.rotation), COLOR: np.stack([green, red - green, blue - green], 1),
        OPACITY: _rounded(np.clip(gaussians.opacities, 0, 1), steps.opacity), VELOCITY: _rounded(moving.velocities, velocity),
        CENTER: _rounded(centers_s, _center_steps(sigmas, lasting, steps)), SIGMA: sigmas, FLAGS: lasting, WINDOW: windows,
    }
    return {name: values.astype(np.int64).reshape(len(values), -1) for name, values in bins.items()}


def from_bins(
    bins: Mapping[int, Bins], windows_s: Sequence[tuple[float, float]], steps: Steps, cutoff: float
) -> Moving:
    """Return the Gaussians of whole numbers; the numbers of their windows must be valid."""
    lasting, sigmas = bins[FLAGS][:, 0] != 0, bins[SIGMA][:, 0]
    windows = np.array(windows_s, np.float64).reshape(-1, 2)[bins[WINDOW][:, 0]]
    green, red, blue = bins[COLOR].T
    colors = np.stack([red + green, green, blue + green], 1)
    rest = np.clip(bins[ROTATION] * steps.rotation, -1, 1) * math.sqrt(2)
    xyzw = quats_from_smallest_three(bins[LARGEST][:, 0].astype(np.uint8), rest.astype(np.float32))
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is no usable Gaussian, and left out where it is read
        gaussians = Gaussians(
            means=(bins[POSITION] * steps.position_m + np.array(steps.origin_m)).astype(np.float32),
            scales=np.exp(bins[SCALE] * steps.log_scale).astype(np.float32),
            quats_wxyz=np.ascontiguousarray(xyzw[:, [3, 0, 1, 2]]),
            opacities=np.clip(bins[OPACITY][:, 0] * steps.opacity, 0, 1).astype(np.float32),
            colors=np.clip(colors * steps.color, 0, 1).astype(np.float32))
        velocity = _velocity_steps(sigmas, lasting, windows[:, 1] - windows[:, 0], steps, cutoff)[:, None]
        return Moving(gaussians, (bins[VELOCITY] * velocity).astype(np.float32),
                      bins[CENTER][:, 0] * _center_steps(sigmas, lasting, steps),
                      np.where(lasting, np.inf, np.exp(sigmas * steps.log_sigma)), windows)


def _rounded(values: np.ndarray, step: float | Float64[np.ndarray, "..."]) -> Int64[np.ndarray, "..."]:
    return np.rint(values.astype(np.float64) / step).astype(np.int64)


def _velocity_steps(
    sigmas: Int64[np.ndarray, " n"], lasting: Bool[np.ndarray, " n"], lengths_s: Float64[np.ndarray, " n"], steps: Steps,
    cutoff: float,
) -> Float64[np.ndarray, " n"]:
    reach = math.sqrt(-2 * math.log(cutoff))
    half_s = np.where(lasting, lengths_s, reach * np.exp(sigmas * steps.log_sigma))
    half_s = np.clip(np.nan_to_num(half_s, nan=_SHORTEST_S), _SHORTEST_S, _LONGEST_S)
    classes = np.clip(np.ceil(np.log2(half_s / _LIFE_S)), *_CLASSES)
    return steps.velocity * np.exp2(-classes)


def _center_steps(
    sigmas: Int64[np.ndarray, " n"], lasting: Bool[np.ndarray, " n"], steps: Steps
) -> Float64[np.ndarray, " n"]:
    finest = np.minimum(steps.time_s, _SIGMA_SHARE * np.exp(sigmas * steps.log_sigma))
    with np.errstate(divide="ignore"):
        classes = np.floor(np.log2(np.where(lasting, steps.time_s, finest) / steps.time_s))
    return steps.time_s * np.exp2(np.clip(classes, _FINEST_CENTER, 0))
