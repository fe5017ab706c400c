"""Gaussians moved as a whole, and some of a scene chosen."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from spag4d.data import AnyScene, Gaussians
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


def moved(gaussians: Gaussians, offset_m: Float64[np.ndarray, "3"]) -> Gaussians:
    """Return the Gaussians with an offset added to their means."""
    return replace(gaussians, means=gaussians.means + offset_m.astype(np.float32))


def scaled(gaussians: Gaussians, factor: float) -> Gaussians:
    """Return the Gaussians ``factor`` times as large and as far from the origin."""
    if factor == 1:
        return gaussians
    return replace(gaussians, means=gaussians.means * np.float32(factor), scales=gaussians.scales * np.float32(factor))


def within(scene: AnyScene, centre_m: Float64[np.ndarray, "3"], radius_m: float) -> AnyScene:
    """Return the Gaussians whose means lie within a sphere."""
    offsets = scene.joined.means - centre_m.astype(np.float32)
    return scene.select(np.einsum("ij,ij->i", offsets, offsets) <= np.float32(radius_m) ** 2)


def opaque(scene: AnyScene, least: float) -> AnyScene:
    """Return the Gaussians whose opacity is ``least`` or more."""
    return scene.select(scene.joined.opacities >= np.float32(least))


def most_visible(scene: AnyScene, count: int, eye_m: Float64[np.ndarray, "3"]) -> AnyScene:
    """Return the ``count`` Gaussians that cover most of what is seen from a place, in the order they have.

    That is the product of the two largest scales over the square of the distance, times the opacity.
    """
    gaussians = scene.joined
    if len(gaussians) <= count:
        return scene
    offsets = gaussians.means - eye_m.astype(np.float32)
    square = np.maximum(np.einsum("ij,ij->i", offsets, offsets), np.float32(_NEAREST_M ** 2))
    sizes = np.sort(gaussians.scales, axis=1)
    seen = gaussians.opacities * sizes[:, 1] * sizes[:, 2] / square
    chosen = np.zeros(len(seen), bool)
    chosen[np.argpartition(-seen, count - 1)[:count]] = True
    return scene.select(chosen)
