"""Gaussians moved as a whole, and some of them chosen."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from spag4d.data import Gaussians
from spag4d.geometry.harmonics import turned_sh
from spag4d.geometry.rotation import turned_quats

_NEAREST_M = 1e-3
"""1 mm: against division by zero at the place itself."""


def rotated(gaussians: Gaussians, rotation: Float64[np.ndarray, "3 3"]) -> Gaussians:
    """Return the Gaussians turned about the origin: means, quaternions and view-dependent colours alike."""
    if np.array_equal(rotation, np.eye(3)):
        return gaussians
    means = gaussians.means @ rotation.T.astype(np.float32)
    sh = None if gaussians.sh is None else turned_sh(rotation, gaussians.sh)
    return replace(gaussians, means=means, quats_wxyz=turned_quats(rotation, gaussians.quats_wxyz), sh=sh)


def scaled(gaussians: Gaussians, factor: float) -> Gaussians:
    """Return the Gaussians ``factor`` times as large and as far from the origin."""
    if factor == 1:
        return gaussians
    return replace(gaussians, means=gaussians.means * np.float32(factor), scales=gaussians.scales * np.float32(factor))


def within(gaussians: Gaussians, centre_m: Float64[np.ndarray, "3"], radius_m: float) -> Gaussians:
    """Return those whose means lie within a sphere."""
    offsets = gaussians.means - centre_m.astype(np.float32)
    return taken(gaussians, np.einsum("ij,ij->i", offsets, offsets) <= np.float32(radius_m) ** 2)


def opaque(gaussians: Gaussians, least: float) -> Gaussians:
    """Return those whose opacity is ``least`` or more."""
    return taken(gaussians, gaussians.opacities >= np.float32(least))


def most_visible(gaussians: Gaussians, count: int, eye_m: Float64[np.ndarray, "3"]) -> Gaussians:
    """Return the ``count`` that cover most of what is seen from a place, in the order they have.

    That is the product of the two largest scales over the square of the distance, times the opacity.
    """
    if len(gaussians) <= count:
        return gaussians
    offsets = gaussians.means - eye_m.astype(np.float32)
    square = np.maximum(np.einsum("ij,ij->i", offsets, offsets), np.float32(_NEAREST_M ** 2))
    sizes = np.sort(gaussians.scales, axis=1)
    seen = gaussians.opacities * sizes[:, 1] * sizes[:, 2] / square
    return taken(gaussians, np.sort(np.argpartition(-seen, count - 1)[:count]))


def taken(gaussians: Gaussians, members: Bool[np.ndarray, " n"] | Int64[np.ndarray, " k"]) -> Gaussians:
    """Return some of the Gaussians: those that a mask (n,) marks, or whose indices (k,) are given."""
    if members.dtype == bool and members.all():
        return gaussians
    return gaussians.select(members)
