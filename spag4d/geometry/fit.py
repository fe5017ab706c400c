"""Fits that a third of wrong values does not sway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_ITERATIONS = 30
"""Reweighted steps: with 30 % of wrong values 15 end within 1e-4 of where 60 do."""
_BINS = 24
"""Groups, which make 276 slopes: enough for a median, at no cost."""
_ENOUGH = 40_000
"""Pixels: the error of their median is 0.6 % of their spread."""
_LEAST_SPREAD = 1e-3
"""Of relative depth, which runs from 0 to 1: with less there is no slope to find."""
_SCALE_FLOOR = 0.01
"""Relative error that is never an outlier: no two depth models agree better."""


@dataclass(frozen=True)
class Affine:
    """``metres = scale * relative + shift``."""

    scale: float
    shift: float

    def __call__(self, relative: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Return metres for relative depth of any shape."""
        return relative * np.float32(self.scale) + np.float32(self.shift)


def fit_affine(
    relative: Float[np.ndarray, "*n"], reference: Float[np.ndarray, "*n"], weights: Float[np.ndarray, "*n"]
) -> Affine | None:
    """Return the robust fit of relative depth to positive reference distances, or None if no rising fit exists.

    Residuals count in proportion to the reference, as errors of depth do; those beyond the usual lose their weight (Cauchy),
    with the median as the usual. It starts from the median slope between medians of groups (Theil and Sen), which
    nearly a third of wrong values does not sway.
    """
    counted = np.flatnonzero(weights > 0)
    counted = counted[:: 1 + counted.size // _ENOUGH]
    x, y, w = (np.asarray(values.flat[counted], np.float64) for values in (relative, reference, weights))
    start = _median_line(x, y, w)
    if start is None:
        return None
    a, b = start
    for _ in range(_ITERATIONS):
        residual = np.abs(a * x + b - y) / y
        usual = max(weighted_median(residual, w), _SCALE_FLOOR)
        v = w / (y * y * (1 + (residual / usual) ** 2))
        mean_x, mean_y = np.average(x, weights=v), np.average(y, weights=v)
        spread = np.average((x - mean_x) ** 2, weights=v)
        if spread < _LEAST_SPREAD**2:
            return None
        a = np.average((x - mean_x) * (y - mean_y), weights=v) / spread
        b = mean_y - a * mean_x
    return Affine(float(a), float(b)) if a > 0 else None


def _median_line(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[float, float] | None:
    if x.size < 2 * _BINS:
        return None
    order = np.argsort(x, kind="stable")
    share = np.cumsum(w[order]) / w.sum()
    groups = np.split(order, np.searchsorted(share, np.arange(1, _BINS) / _BINS))
    groups = [group for group in groups if group.size]
    mx, my = (np.array([weighted_median(values[group], w[group]) for group in groups]) for values in (x, y))
    first, second = np.triu_indices(len(groups), 1)
    run = mx[second] - mx[first]
    apart = run > _LEAST_SPREAD
    if not apart.any():
        return None
    slope = float(np.median((my[second] - my[first])[apart] / run[apart]))
    return slope, float(np.median(my - slope * mx))


def fit_factor(
    relative: Float[np.ndarray, "*n"], reference: Float[np.ndarray, "*n"], weights: Float[np.ndarray, "*n"]
) -> float:
    """Return the factor from positive relative to reference distances: their median ratio, or 1 without weights."""
    counted = weights > 0
    if not counted.any():
        return 1.0
    return weighted_median(reference[counted] / relative[counted], weights[counted])


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the value below which half of the weight lies."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(total, total[-1] / 2)]])
