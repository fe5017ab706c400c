"""Real spherical harmonics of degree 1 to 3, in the order and with the signs of 3DGS files.

They are the ones with the Condon-Shortley phase, written out in x, y, z (Sloan, "Stupid spherical harmonics tricks", 2008,
appendix A2): degree by degree, within each from order -l to l.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32, Float64

from spag4d.data import SH_COUNTS

_ROOT_PI = float(np.sqrt(np.pi))
_DIRECTIONS = 64
"""On which a turn of the coefficients is found: several times more than the 15 coefficients, spread evenly."""
_BLOCK = 16384  # Gaussians whose products stay in the processor's cache


def harmonics(directions: Float[np.ndarray, "n 3"], count: int) -> Float[np.ndarray, "n k"]:
    """Return the first ``count`` harmonics from degree 1 on (3, 8 or 15) in unit ``directions`` (n, 3)."""
    x, y, z = directions.T
    xx, yy, zz = x * x, y * y, z * z
    values = [y * -_C1, z * _C1, x * -_C1]
    if count > SH_COUNTS[1]:
        values += [x * y * _C2, y * z * -_C2, (2 * zz - xx - yy) * _C20, x * z * -_C2, (xx - yy) * (_C2 / 2)]
    if count > SH_COUNTS[2]:
        values += [y * (3 * xx - yy) * -_C33, x * y * z * _C32, y * (4 * zz - xx - yy) * -_C31,
                   z * (2 * zz - 3 * xx - 3 * yy) * _C30, x * (4 * zz - xx - yy) * -_C31, z * (xx - yy) * (_C32 / 2),
                   x * (xx - 3 * yy) * -_C33]
    return np.stack(values, 1)


_C1 = np.sqrt(3) / 2 / _ROOT_PI  # these make the mean square over the sphere 1 / 4π, as 3DGS files have it
_C2, _C20 = np.sqrt(15) / 2 / _ROOT_PI, np.sqrt(5) / 4 / _ROOT_PI  # degree 2
_C30, _C31 = np.sqrt(7) / 4 / _ROOT_PI, np.sqrt(21 / 2) / 4 / _ROOT_PI  # degree 3
_C32, _C33 = np.sqrt(105) / 2 / _ROOT_PI, np.sqrt(35 / 2) / 4 / _ROOT_PI  # degree 3


def sh_turn(rotation: Float64[np.ndarray, "3 3"], count: int) -> Float64[np.ndarray, "k k"]:
    """Return the matrix that turns ``count`` coefficients (3, 8 or 15) as ``rotation``, which may be a reflection, turns the
    scene.

    The function of the turned coefficients in a direction d is that of the coefficients in ``rotationᵀ d``. As the harmonics of
    a degree only mix among themselves, that is a system of linear equations with an exact solution.
    """
    directions = _spread()
    return np.linalg.pinv(harmonics(directions, count)) @ harmonics(directions @ rotation, count)


def turned_sh(rotation: Float64[np.ndarray, "3 3"], sh: Float32[np.ndarray, "n k 3"]) -> Float32[np.ndarray, "n k 3"]:
    """Return the coefficients (n, k, 3) turned, or mirrored, by ``rotation``."""
    turn = sh_turn(rotation, sh.shape[1]).astype(np.float32)
    turned = np.empty(sh.shape, np.float32)
    for start in range(0, len(sh), _BLOCK):
        np.matmul(turn, sh[start:start + _BLOCK], out=turned[start:start + _BLOCK])
    return turned


@lru_cache(maxsize=1)
def _spread() -> Float64[np.ndarray, "n 3"]:
    """Return directions spread evenly over the sphere, on a Fibonacci spiral."""
    place = np.arange(_DIRECTIONS) + 0.5
    height, azimuth = 1 - 2 * place / _DIRECTIONS, place * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - height * height)
    return np.stack([ring * np.cos(azimuth), ring * np.sin(azimuth), height], 1)
