"""Rotations as records store them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from spag4d.geometry.rotation import quats_from_rotations, rotations_from_quats

Wxyz = tuple[float, float, float, float]


def wxyz(rotations: Float64[np.ndarray, "n 3 3"]) -> list[Wxyz]:
    """Return rotations (n, 3, 3) as unit quaternions with w ≥ 0, to nine decimals."""
    quats = quats_from_rotations(rotations)
    quats = np.round(np.where(quats[:, :1] < 0, -quats, quats), 9) + 0.0
    return [(float(w), float(x), float(y), float(z)) for w, x, y, z in quats]


def new_from_old(world_from_camera: Sequence[Wxyz], number: int) -> Float64[np.ndarray, "3 3"]:
    """Return the rotation from the frame before to the frame ``number`` from 0; the first has none before it."""
    if number == 0:
        return np.eye(3)
    old, new = rotations_from_quats(np.array(world_from_camera[number - 1 : number + 1], np.float64))
    return new.T @ old


def file_from_camera(world_from_camera: Wxyz, world_from_file: Wxyz) -> Float64[np.ndarray, "3 3"]:
    """Return the rotation of a frame's Gaussians; exactly the identity where both poses are equal."""
    if world_from_camera == world_from_file:
        return np.eye(3)
    camera, file = rotations_from_quats(np.array([world_from_camera, world_from_file], np.float64))
    return file.T @ camera
