"""Gaussians that lie in a surface: position, shape and rotation from a direction, a distance and a slope, in closed form.

At direction ``u`` the local frame is that of a camera looking there: x along growing azimuth, y down, z = u. A surface whose
log distance grows by ``a`` per radian along x and by ``b`` along y is the plane through d·u with the normal (a, b, -1); its
slant i has tan i = hypot(a, b). A square cell of size p·d seen from the origin covers on that plane p·d across the slant and
p·d / cos i along it, so a Gaussian with these two axes closes the cell exactly, and from the origin it is round.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from spag4d.data import Gaussians
from spag4d.splat.sphere_grid import Cells, SphereGrid

Values = Float32[np.ndarray, " n"]
Quaternion = tuple[Values, Values, Values, Values]


@dataclass(frozen=True)
class Patches:
    """A piece of surface in each cell: ``distance`` along the ray, and its logarithm's growth per radian.

    ``slope_right`` is the growth along azimuth, ``slope_down`` towards the nadir; the tangents of the slant.
    """

    distance: Values
    slope_right: Values
    slope_down: Values


def place(out: Gaussians, grid: SphereGrid, cells: Cells, patches: Patches, sd_m: Values, thickness: float) -> None:
    """Fill means, scales and quaternions of ``out`` with Gaussians that lie in the patches.

    ``sd_m`` (n,) is the standard deviation across the slant. The axes are, in this order: across the slant, along it, and
    the normal, which faces the origin and has ``thickness`` times the extent across.
    """
    half_turn = (cells.turn - np.float32(0.5)) * np.float32(np.pi)
    sin_half, cos_half = np.sin(half_turn), np.cos(half_turn)
    cos_el, sin_el = _by_ring(grid.elevations_rad, cells)
    out.means[:, 0] = patches.distance * cos_el * (2 * sin_half * cos_half)
    out.means[:, 1] = patches.distance * -sin_el
    out.means[:, 2] = patches.distance * cos_el * (1 - 2 * sin_half * sin_half)

    tangent = np.sqrt(patches.slope_right**2 + patches.slope_down**2)
    cos_slant = 1 / np.sqrt(1 + tangent * tangent)
    out.scales[:, 0] = sd_m
    out.scales[:, 1] = sd_m / cos_slant
    out.scales[:, 2] = sd_m * np.float32(thickness)

    cos_tilt, sin_tilt = _by_ring(grid.elevations_rad / 2, cells)
    world_from_view = (cos_half * cos_tilt, cos_half * sin_tilt, sin_half * cos_tilt, -sin_half * sin_tilt)
    _multiply(out.quats_wxyz, world_from_view, _view_from_patch(patches, tangent, cos_slant))


def _by_ring(angle_rad: np.ndarray, cells: Cells) -> tuple[Values, Values]:
    return np.cos(angle_rad).astype(np.float32)[cells.ring], np.sin(angle_rad).astype(np.float32)[cells.ring]


def _view_from_patch(patches: Patches, tangent: Values, cos_slant: Values) -> Quaternion:
    """Return the rotation whose columns are (-b, a, 0) / t, (a / t, b / t, t) cos i and (a, b, -1) cos i, with t = tan i.

    It is a turn by φ = atan2(b, a) about z after the same matrix for (a, b) = (t, 0), whose quaternion is
    (sin i/2, cos i/2, cos i/2, sin i/2) / √2. Their product needs cos and sin of ψ = φ/2 + π/4, and cos 2ψ = -b / t.
    """
    towards_down = patches.slope_down / np.maximum(tangent, np.float32(1e-12))
    cos_psi = np.sqrt(np.maximum(1 - towards_down, 0) / 2)
    sin_psi = np.copysign(np.sqrt(np.maximum(1 + towards_down, 0) / 2), patches.slope_right)
    cos_half, sin_half = np.sqrt((1 + cos_slant) / 2), np.sqrt((1 - cos_slant) / 2)
    return cos_psi * sin_half, cos_psi * cos_half, sin_psi * cos_half, sin_psi * sin_half


def _multiply(out: np.ndarray, p: Quaternion, q: Quaternion) -> None:
    """Write the products p q of quaternions to ``out`` (n, 4)."""
    out[:, 0] = p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3]
    out[:, 1] = p[0] * q[1] + p[1] * q[0] + p[2] * q[3] - p[3] * q[2]
    out[:, 2] = p[0] * q[2] - p[1] * q[3] + p[2] * q[0] + p[3] * q[1]
    out[:, 3] = p[0] * q[3] + p[1] * q[2] - p[2] * q[1] + p[3] * q[0]
