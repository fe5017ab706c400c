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
from spag4d.splat.orient_kernels import lie_in
from spag4d.splat.sphere_grid import Cells, SphereGrid

Values = Float32[np.ndarray, " n"]


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
    shape = [wave(part * grid.elevations_rad).astype(np.float32) for part in (1.0, 0.5) for wave in (np.cos, np.sin)]
    values = patches.distance, patches.slope_right, patches.slope_down
    fields = out.means, out.scales, out.quats_wxyz
    lie_in((cells.ring, cells.turn), np.stack(shape, 1), values, sd_m, np.float32(thickness), fields)
