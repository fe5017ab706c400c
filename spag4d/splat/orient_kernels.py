"""The loop of `orient`."""

import math
from typing import no_type_check

import numpy as np

from spag4d.kernels import exact_kernel

_HALF, _ONE, _TWO, _HALF_TURN = np.float32(0.5), np.float32(1), np.float32(2), np.float32(math.pi)
"""Python's own numbers would make float64 of a kernel's arithmetic."""
_LEAST = np.float32(1e-12)
"""Tangent: against division by zero."""


@exact_kernel
@no_type_check
def lie_in(cells, rings, patches, sd_m, thickness, out):
    """Write means, scales and quaternions, the three arrays of ``out``, of Gaussians in patches; see `orient.place`.

    ``cells`` are ring and turn, ``rings`` the cosines and sines of elevations and of their halves (rings, 4), ``patches``
    distances and slopes. The rotation of a patch within its view has the columns (-b, a, 0) / t, (a / t, b / t, t) cos i and
    (a, b, -1) cos i, with t = tan i: a turn by φ = atan2(b, a) about z after the same matrix for (a, b) = (t, 0), whose
    quaternion is (sin i/2, cos i/2, cos i/2, sin i/2) / √2. Their product needs cos and sin of ψ = φ/2 + π/4, and
    cos 2ψ = -b / t.
    """
    means, scales, quats_wxyz = out
    for g in range(len(sd_m)):
        ring, distance, right, down = cells[0][g], patches[0][g], patches[1][g], patches[2][g]
        half_turn = (cells[1][g] - _HALF) * _HALF_TURN
        sin_half, cos_half = math.sin(half_turn), math.cos(half_turn)
        level = distance * rings[ring, 0]
        means[g, 0] = level * (_TWO * sin_half * cos_half)
        means[g, 1] = -distance * rings[ring, 1]
        means[g, 2] = level * (_ONE - _TWO * sin_half * sin_half)

        tangent = math.sqrt(right * right + down * down)
        slant = math.sqrt(_ONE + tangent * tangent)
        scales[g, 0], scales[g, 1], scales[g, 2] = sd_m[g], sd_m[g] * slant, sd_m[g] * thickness

        w, x = cos_half * rings[ring, 2], cos_half * rings[ring, 3]
        y, z = sin_half * rings[ring, 2], -sin_half * rings[ring, 3]
        towards_down = down / max(tangent, _LEAST)
        cos_psi = math.sqrt(max(_ONE - towards_down, np.float32(0)) * _HALF)
        sin_psi = math.copysign(math.sqrt(max(_ONE + towards_down, np.float32(0)) * _HALF), right)
        cos_slant = _ONE / slant
        cos_i, sin_i = math.sqrt((_ONE + cos_slant) * _HALF), math.sqrt((_ONE - cos_slant) * _HALF)
        a, b, c, d = cos_psi * sin_i, cos_psi * cos_i, sin_psi * cos_i, sin_psi * sin_i
        quats_wxyz[g, 0] = w * a - x * b - y * c - z * d
        quats_wxyz[g, 1] = w * b + x * a + y * d - z * c
        quats_wxyz[g, 2] = w * c - x * d + y * a + z * b
        quats_wxyz[g, 3] = w * d + x * c - y * b + z * a
