"""The rows of a 3DGS PLY, encoded: logarithms by numpy, everything else of a row in one pass of a kernel."""

from typing import no_type_check

import numpy as np
from jaxtyping import Float32

from spag4d.color import SH0
from spag4d.data import Gaussians
from spag4d.kernels import exact_kernel

_SMALLEST_SCALE_M = 1e-8
"""A hundredth of a micrometre, only to take the logarithm of flat Gaussians."""
_OPACITY_MARGIN = 1e-6  # keeps the logit finite


def encoded(gaussians: Gaussians, rows: slice) -> Float32[np.ndarray, "n k"]:
    """Return some Gaussians as rows: mean, normal, colour, its view-dependent part by channel, logit, log scales, wxyz."""
    means, sh = gaussians.means[rows], gaussians.sh
    sh = np.empty((len(means), 0, 3), np.float32) if sh is None else sh[rows]
    log_scales = np.maximum(gaussians.scales[rows], _SMALLEST_SCALE_M)
    np.log(log_scales, out=log_scales)
    out = np.empty((len(means), 17 + 3 * sh.shape[1]), np.float32)
    parts = (means, gaussians.colors[rows], sh, _logit(gaussians.opacities[rows]), log_scales, gaussians.quats_wxyz[rows])
    _interleave(*map(np.ascontiguousarray, parts), out)
    return out


def _logit(opacities: Float32[np.ndarray, " n"]) -> Float32[np.ndarray, " n"]:
    alpha = np.clip(opacities, _OPACITY_MARGIN, 1 - _OPACITY_MARGIN)
    alpha /= 1 - alpha
    return np.log(alpha, out=alpha)


@exact_kernel
@no_type_check
def _interleave(means, colors, sh, logits, log_scales, quats, out):
    half, sh0, root2 = np.float32(0.5), np.float32(SH0), np.float32(np.sqrt(2))
    count = sh.shape[1]
    after = 9 + 3 * count
    for i in range(len(out)):
        x, y, z = log_scales[i, 0], log_scales[i, 1], log_scales[i, 2]
        w, q1, q2, q3 = quats[i, 0] * root2, quats[i, 1] * root2, quats[i, 2] * root2, quats[i, 3] * root2
        if x <= y and x < z:
            nx, ny, nz = _rotated(w, q1, q2, q3)
        elif y < x and y < z:
            ny, nz, nx = _rotated(w, q2, q3, q1)
        else:
            nz, nx, ny = _rotated(w, q3, q1, q2)
        away = np.float32(0) + nx * means[i, 0] + ny * means[i, 1] + nz * means[i, 2]
        facing = np.copysign(np.float32(1), -away)
        out[i, 3], out[i, 4], out[i, 5] = nx * facing, ny * facing, nz * facing
        for k in range(3):
            out[i, k] = means[i, k]
            out[i, 6 + k] = (colors[i, k] - half) / sh0
            out[i, after + 1 + k] = log_scales[i, k]
            for j in range(count):
                out[i, 9 + k * count + j] = sh[i, j, k]
        out[i, after] = logits[i]
        for k in range(4):
            out[i, after + 4 + k] = quats[i, k]


@exact_kernel
@no_type_check
def _rotated(w, a, b, c):
    """Return a column of the rotation matrix, its own axis first: 1 - 2 (b² + c²), 2 (a b + w c), 2 (a c - w b)."""
    return np.float32(1) - b * b - c * c, a * b + w * c, a * c - w * b
