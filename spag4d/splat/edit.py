"""Gaussians moved as a whole."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from spag4d.data import Gaussians
from spag4d.geometry.rotation import turned_quats


def rotated(gaussians: Gaussians, rotation: Float64[np.ndarray, "3 3"]) -> Gaussians:
    """Return the Gaussians turned about the origin: means and quaternions alike."""
    if np.array_equal(rotation, np.eye(3)):
        return gaussians
    means = gaussians.means @ rotation.T.astype(np.float32)
    return replace(gaussians, means=means, quats_wxyz=turned_quats(rotation, gaussians.quats_wxyz))
