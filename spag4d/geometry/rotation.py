"""Rotations: angles, matrices and quaternions (wxyz), in the frame x right, y down, z forward."""

import numpy as np
from jaxtyping import Float, Float64

_BLOCK = 8192  # frames whose intermediate results stay in the processor's cache: twice as fast as all at once


def rotation_from_yaw_pitch_roll(yaw_rad: float, pitch_rad: float, roll_rad: float) -> Float64[np.ndarray, "3 3"]:
    """Return ``world_from_camera`` of a camera that was rolled, then pitched, then yawed.

    Positive yaw turns right (+z to +x), positive pitch looks up (+z to -y), positive roll tilts the head to the right
    (+x to +y). Without roll the camera looks along azimuth = yaw, elevation = pitch.
    """
    (cy, cp, cr), (sy, sp, sr) = np.cos([yaw_rad, pitch_rad, roll_rad]), np.sin([yaw_rad, pitch_rad, roll_rad])
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return yaw @ pitch @ roll


def cross_matrices(vectors: Float64[np.ndarray, "n 3"]) -> Float64[np.ndarray, "n 3 3"]:
    """Return the matrices (n, 3, 3) that multiply like v × for vectors v (n, 3)."""
    x, y, z = vectors.T
    cross = np.zeros((len(vectors), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
    return cross - cross.transpose(0, 2, 1)


def rotations_from_quats(quats_wxyz: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 3 3"]:
    """Return the rotation matrices (n, 3, 3) of quaternions (n, 4) of any length but zero."""
    rotations = np.empty((quats_wxyz.shape[0], 3, 3), quats_wxyz.dtype)
    for start in range(0, rotations.shape[0], _BLOCK):
        block = slice(start, start + _BLOCK)
        quats = quats_wxyz[block].T.copy()
        quats *= np.sqrt(2 / np.einsum("in,in->n", quats, quats))
        for axis in range(3):
            rotations[block, :, axis] = rotated_axis(quats, axis).T
    return rotations


def rotated_axis(quats: Float[np.ndarray, "4 n"], axis: int) -> Float[np.ndarray, "3 n"]:
    """Return column ``axis`` of the rotation matrices of quaternions wxyz of length √2: 1 - b² - c², a b + w c, a c - w b.

    Components stand in rows of contiguous memory, where this is fastest.
    """
    second, third = (axis + 1) % 3, (axis + 2) % 3
    w, a, b, c = quats[0], quats[1 + axis], quats[1 + second], quats[1 + third]
    rotated = np.empty((3, quats.shape[1]), quats.dtype)
    product = b * b
    np.subtract(1, product, out=rotated[axis])
    rotated[axis] -= np.multiply(c, c, out=product)
    np.multiply(a, b, out=rotated[second])
    rotated[second] += np.multiply(w, c, out=product)
    np.multiply(a, c, out=rotated[third])
    rotated[third] -= np.multiply(w, b, out=product)
    return rotated


def quats_from_rotations(rotations: Float[np.ndarray, "n 3 3"]) -> Float[np.ndarray, "n 4"]:
    """Return unit quaternions wxyz (n, 4) of rotation matrices (n, 3, 3), as accurate near 180° as anywhere.

    Either of q and -q may come. Slightly non-orthonormal matrices give a unit quaternion, too.
    """
    x_axis, y_axis, z_axis = np.moveaxis(rotations, 2, 0)
    return quats_from_frames(x_axis, y_axis, z_axis)


def quats_from_frames(
    x_axis: Float[np.ndarray, "n 3"], y_axis: Float[np.ndarray, "n 3"], z_axis: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 4"]:
    """Return unit quaternions wxyz (n, 4) of right-handed orthonormal frames, given by their axes (n, 3) in the world.

    The matrix 4 q qᵀ is linear in the rotation's entries; each of its rows is a multiple of q, and the row with the greatest
    diagonal is the well-conditioned one (Shepperd, "Quaternion from rotation matrix", 1978).
    """
    quats = np.empty((x_axis.shape[0], 4), x_axis.dtype)
    for start in range(0, quats.shape[0], _BLOCK):
        block = slice(start, start + _BLOCK)
        outer = _outer_products(x_axis[block].T.copy(), y_axis[block].T.copy(), z_axis[block].T.copy())
        best = outer[range(4), range(4)].argmax(0)
        rows = outer[best, :, np.arange(best.size)]
        quats[block] = rows / np.sqrt(np.einsum("ni,ni->n", rows, rows))[:, None]
    return quats


def _outer_products(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return 4 q qᵀ as (4, 4, n) from the columns x, y, z (3, n) of the rotations."""
    outer = np.empty((4, 4, x.shape[1]), x.dtype)
    plus, minus = y[1] + z[2], y[1] - z[2]
    outer[0, 0] = 1 + x[0] + plus
    outer[1, 1] = 1 + x[0] - plus
    outer[2, 2] = 1 - x[0] + minus
    outer[3, 3] = 1 - x[0] - minus
    outer[0, 1] = outer[1, 0] = y[2] - z[1]
    outer[0, 2] = outer[2, 0] = z[0] - x[2]
    outer[0, 3] = outer[3, 0] = x[1] - y[0]
    outer[1, 2] = outer[2, 1] = x[1] + y[0]
    outer[1, 3] = outer[3, 1] = x[2] + z[0]
    outer[2, 3] = outer[3, 2] = y[2] + z[1]
    return outer


def turned_quats(rotation: Float64[np.ndarray, "3 3"], quats_wxyz: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
    """Return the quaternions (n, 4) followed by ``rotation``."""
    w, x, y, z = quats_from_rotations(rotation[None])[0]
    product = np.array([[w, -x, -y, -z], [x, w, -z, y], [y, z, w, -x], [z, -y, x, w]], quats_wxyz.dtype)
    return quats_wxyz @ product.T
