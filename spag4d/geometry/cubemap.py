"""The six views along the axes."""

import numpy as np

from spag4d.data import PinholeCamera
from spag4d.geometry.camera import camera_looking

DEFAULT_FOV_DEG = 95.0
"""90° covers the sphere without overlap; 5° more give neighbouring views a band in which to blend."""

_AXES = ((0, 0, 1), (1, 0, 0), (0, 0, -1), (-1, 0, 0), (0, -1, 0), (0, 1, 0))
"""Ahead, right, behind, left, up, down."""


def cubemap(size_px: int, fov_deg: float | None = None) -> tuple[PinholeCamera, ...]:
    """Return the views front, right, back, left, up, down, each ``size_px`` square.

    ``fov_deg=90`` is the classic cube map. The bottom row of the view up and the top row of the view down meet the front view.
    """
    fov_deg = DEFAULT_FOV_DEG if fov_deg is None else fov_deg
    return tuple(camera_looking(np.array(axis, np.float64), fov_deg, (size_px, size_px)) for axis in _AXES)
