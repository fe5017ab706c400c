"""Places of Gaussians as float32, which are exact near the origin only."""

import numpy as np
from jaxtyping import Float, Float32, Float64

from spag4d.progress import Progress

ORIGIN = np.zeros(3)
"""The capture point."""
_COARSE_M = 1e-3
"""Coarser rounding is reported: a scan in map coordinates suffers it 8 km from their origin."""


def placed(
    means: Float[np.ndarray, "n 3"], shift_m: Float64[np.ndarray, "3"], progress: Progress
) -> Float32[np.ndarray, "n 3"]:
    """Return means moved by ``shift_m`` as float32: added in float64 before rounding.

    Where means have more digits than float32 keeps, a warning states the rounding and how to avoid it.
    """
    if not shift_m.any() and means.dtype == np.float32:
        return means
    with np.errstate(over="ignore", invalid="ignore"):
        exact = means.astype(np.float64) + shift_m
        cut = exact.astype(np.float32)
    if means.dtype == np.float64:
        _warn_of_rounding(exact, cut, progress)
    return cut


def _warn_of_rounding(exact: Float64[np.ndarray, "n 3"], cut: Float32[np.ndarray, "n 3"], progress: Progress) -> None:
    finite = np.isfinite(exact).all(1) & np.isfinite(cut).all(1)
    if not finite.any():
        return
    off_m = float(np.abs(exact[finite] - cut[finite]).max())
    if off_m > _COARSE_M:
        back = ",".join(f"{value:.0f}" for value in -np.median(exact[finite], axis=0) + 0.0)
        progress.warn(f"the scene lies so far from the origin that places are rounded by up to {off_m:.2g} m. They stay exact "
                      f"where it is moved to the origin first: spag4d transform with --translate {back}")
