"""The picture straight below or above, in which what lies around a pole is continued."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import PinholeCamera
from spag4d.geometry.camera import camera_looking
from spag4d.geometry.equirect import column_azimuths_rad, row_elevations_rad
from spag4d.geometry.resample import views_from_panorama
from spag4d.refine.healing import healed

_REACH = 3.2
"""Half the width of the view in radii of the hole: a copy of the hole beside it ends at three."""
_WIDEST, _LEAST_MARGIN = 2.2, 0.25
"""Tangents: the view ends 65° from the pole, where a pixel covers a fourteenth of one at its centre (cos³); and around a
small hole it shows at least 14° more."""
_LARGEST_PX = 2048
"""Pixels across, which bounds time and memory: holes of 30° in more than 1740 rows are continued more coarsely."""
_BAND_ROWS = 256
"""Rows at a time: the directions of as many rows of 8192 pixels take 25 MB. The result does not depend on it."""

Mask = Bool[np.ndarray, "h w"]


def continued(
    rgb: Float32[np.ndarray, "h w 3"], hole: Mask, usable: Mask, *, below: bool
) -> Float32[np.ndarray, "h w 3"]:
    """Return a panorama (h, w, 3) whose ``hole`` around the pole ``below``, or above, shows what surrounds it, continued.

    Only ``usable`` pixels (h, w) are copied into it. The hole has to end well before the horizon.
    """
    camera = pole_camera(hole, below=below)
    views = [views_from_panorama(values, [camera])[0] for values in (rgb, hole, usable & ~hole)]
    view = healed(views[0], views[1] > 0, views[2] > 0.999)
    result = rgb.copy()
    for band in bands(hole):
        np.copyto(result[band], sampled(view, camera, len(rgb), band), where=hole[band, :, None])
    return result


def bands(mask: Mask) -> Iterator[slice]:
    """Yield the rows (h, w) that hold something of a mask, a few at a time."""
    rows = np.flatnonzero(mask.any(1))
    for start in range(rows[0], rows[-1] + 1, _BAND_ROWS):
        yield slice(start, min(start + _BAND_ROWS, rows[-1] + 1))


def sampled(
    view: Float32[np.ndarray, "n n *c"], camera: PinholeCamera, height: int, band: slice
) -> Float32[np.ndarray, "rows w *c"]:
    """Sample a view (n, n[, c]) straight up or down at the rows ``band`` of a panorama.

    There columns are directions, and rows distances from the middle. Values beyond the view's border are meaningless.
    """
    elevation, azimuth = row_elevations_rad(height)[band], column_azimuths_rad(2 * height)
    turn = camera.world_from_camera.rotation
    tangent = (np.cos(elevation) / (-np.sin(elevation) * turn[1, 2])).astype(np.float32)
    at = np.empty((len(elevation), 2 * height, 2), np.float32)
    for axis, focal_px, middle in ((0, camera.fx, camera.cx), (1, camera.fy, camera.cy)):
        along = focal_px * (np.sin(azimuth) * turn[0, axis] + np.cos(azimuth) * turn[2, axis])
        np.multiply.outer(tangent, along.astype(np.float32), out=at[..., axis])
        at[..., axis] += np.float32(middle - 0.5)
    return np.asarray(cv2.remap(view, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def pole_camera(hole: Mask, *, below: bool, largest_px: int = _LARGEST_PX) -> PinholeCamera:
    """Return the view that shows the hole and enough around it, as fine as the panorama is at the pole."""
    elevation = np.abs(row_elevations_rad(len(hole))[hole.any(1)])
    radius = 1 / np.tan(elevation.min())
    half = max(min(_REACH * radius, _WIDEST), radius + _LEAST_MARGIN)
    size = min(2 * int(np.ceil(half * len(hole) / np.pi)), largest_px)
    return camera_looking(np.array([0.0, 1.0 if below else -1.0, 0.0]), float(np.degrees(2 * np.arctan(half))), (size, size))
