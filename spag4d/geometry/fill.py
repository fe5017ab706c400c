"""Unknown parts of a picture as smooth as can be: nearly harmonic between what is known around them."""

from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.kernels import kernel

_SMOOTHING_STEPS = 12
"""So many 3 × 3 means spread a value by 2.8 pixels (√(12 · 2/3)), more than the two that came from one coarser pixel."""
_COARSEST_PX = 2
"""Pixels of the shorter side: such a level is filled with its mean. Below a picture half red and half blue the result is
then off the harmonic one by 0.011 (root mean square); at 4 pixels by 0.072, at 8 by 0.15."""
_LEAST_WEIGHT = np.float32(1e-3)
"""Below this a pixel of a coarser level holds next to nothing that is known: rounding would decide its colour."""
_NINTH = np.float32(1 / 9)
"""Python's own numbers would make float64 of a kernel's arithmetic."""

Values = Float32[np.ndarray, "h w c"]


def smooth_fill(values: Values, known: Bool[np.ndarray, "h w"]) -> Values:
    """Return values (h, w, c) whose unknown pixels are nearly harmonic between the known ones; those stay."""
    weight = known.astype(np.float32)
    return weighted_fill(values * weight[..., None], weight)


def weighted_fill(weighted: Values, weight: Float32[np.ndarray, "h w"], margin_px: int = 0) -> Values:
    """Return the same for values times their weights (h, w), which are 0 where nothing is known.

    Each level is filled from the next coarser one, then relaxed: a multigrid cascade. The outermost ``margin_px`` pixels are
    only there for those inside, and need not be smooth.
    """
    if weight.min() > _LEAST_WEIGHT or min(weight.shape) <= _COARSEST_PX:
        mean = weighted.sum((0, 1)) / max(float(weight.sum()), float(_LEAST_WEIGHT))
        values = np.broadcast_to(mean, weighted.shape).astype(np.float32)
        _put_known(weighted, weight, values)
        return values
    size = ((weight.shape[1] + 1) // 2, (weight.shape[0] + 1) // 2)
    rough_px = max(0, margin_px - _SMOOTHING_STEPS)  # a step reaches one pixel
    coarse = weighted_fill(_planes(cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)),
                           cv2.resize(weight, size, interpolation=cv2.INTER_AREA), max(0, rough_px // 2 - 1))
    values = _planes(cv2.resize(coarse, weight.shape[::-1], interpolation=cv2.INTER_LINEAR))
    _put_known(weighted, weight, values)
    fixed = np.repeat(weight > _LEAST_WEIGHT, values.shape[2], axis=1)
    _relax(values.reshape(len(values), -1), fixed, values.shape[2], rough_px)
    return values


def _planes(values: np.ndarray) -> np.ndarray:
    return values if values.ndim == 3 else values[..., None]


@kernel
@no_type_check
def _put_known(weighted, weight, values):
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            if weight[row, column] > _LEAST_WEIGHT:
                for c in range(values.shape[2]):
                    values[row, column, c] = weighted[row, column, c] / weight[row, column]


@kernel
@no_type_check
def _relax(values, fixed, planes, skip):
    """Replace what is not ``fixed`` by the mean of 3 × 3 pixels, some times; ``values`` (h, w planes) reflect at their edges.

    Each step follows one row behind the step before it, while the rows are in the cache. The outermost ``skip`` pixels stay.
    """
    values, fixed = values[skip : len(values) - skip], fixed[skip : len(fixed) - skip]
    start, end = skip * planes, values.shape[1] - skip * planes
    height, width = len(values), end - start
    earlier = np.empty((_SMOOTHING_STEPS, 2, width), np.float32)  # the last two rows, as they were before each step
    sums = np.empty(width + 2 * planes, np.float32)
    left, middle, right = sums[:width], sums[planes : planes + width], sums[2 * planes :]
    fills = np.empty(height, np.bool_)
    for row in range(height):
        fills[row] = not fixed[row, start:end].all()
    for front in range(height + _SMOOTHING_STEPS - 1):
        for step in range(max(0, front - height + 1), min(_SMOOTHING_STEPS, front + 1)):
            row = front - step
            here, keep = values[row, start:end], fixed[row, start:end]
            before, above = earlier[step, row % 2], earlier[step, (row + 1) % 2]
            before[:] = here
            if fills[row]:
                below = values[row + 1, start:end] if row + 1 < height else above
                above = above if row > 0 else below
                for i in range(width):
                    middle[i] = above[i] + before[i] + below[i]
                for c in range(planes):
                    sums[c], sums[planes + width + c] = middle[planes + c], middle[width - 2 * planes + c]
                for i in range(width):
                    here[i] = before[i] if keep[i] else (left[i] + middle[i] + right[i]) * _NINTH
