"""Gaussians as a pinhole view sees them: ellipses, from front to back.

Elliptical weighted averaging as in 3D Gaussian Splatting (Kerbl et al. 2023, after Zwicker et al., EWA Splatting, 2002): a
Gaussian is projected with the Jacobian of the perspective at its centre, and 0.3 px² are added to its covariance. The
compensated kind also multiplies the opacity by sqrt(det / det') of the covariance without and with the added part (Yu et
al., Mip-Splatting, 2024), as web viewers do by default.
"""

import math
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int

from spag4d.data import Gaussians, PinholeCamera
from spag4d.geometry.quat_kernels import axis
from spag4d.kernels import in_parts, kernel

_NEAREST_M = np.float32(0.01)
"""In front of the camera, as gsplat's near plane."""
_LOW_PASS_PX2 = np.float32(0.3)
"""Added to the covariance, as above."""
_LEAST_ALPHA = np.float32(1 / 255)
"""Fainter Gaussians change no 8-bit picture and are left out, as in the original rasteriser."""
_MOST_SLANT = np.float32(1.3)
"""In half widths of the view: farther out the Jacobian is that of this place, or grazing Gaussians would fill the view."""
_NOWHERE = np.float32(3e38)
"""Depth of what is not drawn: nearly the largest float32, so that nothing finite lies beyond."""
_ONE, _TWO, _HALF = np.float32(1), np.float32(2), np.float32(0.5)
"""Python's own numbers would make float64 of a kernel's arithmetic."""


@dataclass(frozen=True)
class Splats:
    """The Gaussians that a view shows, from front to back.

    ``index`` (n,) numbers them in the scene, ``distance`` (n,) is from the camera in metres; ``ellipses`` (n, 8) are, in
    pixels: the centre u, v (that of the first pixel is at 0.5), the inverse covariance xx, xy, yy, how far across and down
    alpha is above 1/255, and alpha at the centre.
    """

    index: Int[np.ndarray, " n"]
    distance: Float32[np.ndarray, " n"]
    ellipses: Float32[np.ndarray, "n 8"]


def project(gaussians: Gaussians, camera: PinholeCamera, *, compensated: bool) -> Splats:
    """Return the Gaussians in view, nearest first; those with values that are not finite are left out."""
    count = len(gaussians)
    pose = np.concatenate([camera.world_from_camera.rotation, camera.world_from_camera.translation[None]]).astype(np.float32)
    view = np.array([camera.fx, camera.fy, camera.cx, camera.cy, camera.width, camera.height], np.float32)
    rows = np.empty((count, 10), np.float32)

    def fill(first: int, last: int) -> None:
        part = slice(first, last)
        _project(gaussians.means[part], gaussians.scales[part], gaussians.quats_wxyz[part], gaussians.opacities[part],
                 pose, view, compensated, rows[part])

    in_parts(fill, count)
    seen = np.flatnonzero(rows[:, 8] < _NOWHERE)
    index = seen[np.argsort(rows[seen, 8], kind="stable")]
    return Splats(index, rows[index, 9], rows[index, :8])


@kernel
@no_type_check
def _project(means, scales, quats, opacities, pose, view, compensated, rows):
    rotation, translation = pose[:3], pose[3]
    fx, fy, cx, cy, width, height = view
    most_x, most_y = _MOST_SLANT * _HALF * width / fx, _MOST_SLANT * _HALF * height / fy
    for i in range(len(rows)):
        rows[i, 8] = _NOWHERE
        dx, dy, dz = means[i, 0] - translation[0], means[i, 1] - translation[1], means[i, 2] - translation[2]
        z = rotation[0, 2] * dx + rotation[1, 2] * dy + rotation[2, 2] * dz
        if not _NEAREST_M < z < _NOWHERE:
            continue
        slant_x = (rotation[0, 0] * dx + rotation[1, 0] * dy + rotation[2, 0] * dz) / z
        slant_y = (rotation[0, 1] * dx + rotation[1, 1] * dy + rotation[2, 1] * dz) / z
        limited_x, limited_y = min(max(slant_x, -most_x), most_x), min(max(slant_y, -most_y), most_y)
        qw, qx, qy, qz = quats[i]
        double = _TWO / (qw * qw + qx * qx + qy * qy + qz * qz)
        a = b = c = np.float32(0)
        for k in range(3):  # axis by axis of the Gaussian: its direction in the world, then on the view
            ux, uy, uz = axis(qw, qx, qy, qz, double, k)
            ahead = rotation[0, 2] * ux + rotation[1, 2] * uy + rotation[2, 2] * uz
            right = rotation[0, 0] * ux + rotation[1, 0] * uy + rotation[2, 0] * uz - limited_x * ahead
            down = rotation[0, 1] * ux + rotation[1, 1] * uy + rotation[2, 1] * uz - limited_y * ahead
            right *= fx / z * scales[i, k]
            down *= fy / z * scales[i, k]
            a += right * right
            b += right * down
            c += down * down
        before = max(a * c - b * b, np.float32(0))
        a += _LOW_PASS_PX2
        c += _LOW_PASS_PX2
        after = a * c - b * b
        alpha = opacities[i]
        if compensated:
            alpha *= math.sqrt(before / after)
        if not (alpha > _LEAST_ALPHA and after < _NOWHERE):
            continue
        spread = _TWO * math.log(alpha / _LEAST_ALPHA)
        u, v = slant_x * fx + cx, slant_y * fy + cy
        reach_x, reach_y = math.sqrt(spread * a), math.sqrt(spread * c)
        if u + reach_x < 0 or u - reach_x > width or v + reach_y < 0 or v - reach_y > height:
            continue
        rows[i, 0], rows[i, 1] = u, v
        rows[i, 2], rows[i, 3], rows[i, 4] = c / after, -b / after, a / after
        rows[i, 5], rows[i, 6], rows[i, 7] = reach_x, reach_y, alpha
        rows[i, 8], rows[i, 9] = z, math.sqrt(dx * dx + dy * dy + dz * dz)
