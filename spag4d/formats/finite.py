"""Which Gaussians a file can hold: the one rule of all writers."""

import numpy as np
from jaxtyping import Bool

from spag4d.data import AnyScene, Gaussians
from spag4d.progress import Progress


def usable(scene: AnyScene, progress: Progress) -> AnyScene:
    """Return the Gaussians of a scene whose values are all finite, with a warning about how many others are left out.

    Everything else is written: opacities are brought to 0-1, scales to what the format holds, and a rotation without length is
    no rotation. Nothing is copied where nothing is left out.
    """
    keep = is_usable(scene.joined)
    tell_left_out(keep, progress)
    return scene.select(keep)


def tell_left_out(keep: Bool[np.ndarray, " n"], progress: Progress) -> None:
    """Warn of how many Gaussians are not kept, if there are any."""
    if left_out := len(keep) - int(np.count_nonzero(keep)):
        progress.warn(f"{left_out:,} of {len(keep):,} Gaussians are left out because a value is not a finite number")


def is_usable(gaussians: Gaussians) -> Bool[np.ndarray, " n"]:
    """Return which Gaussians have finite numbers only."""
    keep = np.ones(len(gaussians), bool)
    for values in gaussians.arrays.values():
        if not _all_finite(values):
            keep &= np.isfinite(values.reshape(len(gaussians), -1)).all(1)
    return keep


def _all_finite(values: np.ndarray) -> bool:
    """Check in one pass: a sum is finite where every number is."""
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(values.sum(dtype=np.float64)))
