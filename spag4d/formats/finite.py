"""Which Gaussians a file can hold: the one rule of all writers."""

import numpy as np
from jaxtyping import Bool

from spag4d.data import Gaussians
from spag4d.progress import Progress


def usable(gaussians: Gaussians, progress: Progress) -> Gaussians:
    """Return the Gaussians whose values are all finite, with a warning about how many others are left out.

    Everything else is written: opacities are brought to 0-1, scales to what the format holds, and a rotation without length is
    no rotation. Nothing is copied where nothing is left out.
    """
    keep = is_usable(gaussians)
    if keep.all():
        return gaussians
    left_out = len(keep) - int(np.count_nonzero(keep))
    progress.warn(f"{left_out:,} of {len(keep):,} Gaussians are left out because a value is not a finite number")
    return gaussians.select(keep)


def is_usable(gaussians: Gaussians) -> Bool[np.ndarray, " n"]:
    """Return which Gaussians have finite numbers only."""
    keep = np.isfinite(gaussians.opacities)
    for values in (gaussians.means, gaussians.scales, gaussians.quats_wxyz, gaussians.colors):
        if not _all_finite(values):
            keep &= np.isfinite(values).all(1)
    if gaussians.sh is not None and not _all_finite(gaussians.sh):
        keep &= np.isfinite(gaussians.sh).all((1, 2))
    return keep


def _all_finite(values: np.ndarray) -> bool:
    """Check in one pass: a sum is finite where every number is."""
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(values.sum(dtype=np.float64)))
