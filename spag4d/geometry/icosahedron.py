"""Views spread evenly over the sphere: through the 20 faces of an icosahedron, or through its 12 vertices.

The solid stands with three golden rectangles in the coordinate planes. Its cells are neither squares nor level, so what a
square, upright view must span follows from neither the inscribed nor the circumscribed circle of a cell: 20 views leave no
direction uncovered from 70.92° on (at 62.6°, the angle across a face, 1 % of the sphere is seen by none), 12 from 72° on. This
orientation needs less than the one with vertices at the poles (74.75° and 72.59°), and no view looks straight up or down.
"""

import numpy as np

from spag4d.data import PinholeCamera
from spag4d.geometry.camera import camera_looking

DEFAULT_FOV_DEG = 80.0
"""Complete cover, and everywhere a band of some degrees in which neighbouring views blend."""

_GOLDEN = (1 + 5**0.5) / 2
"""The golden ratio: the vertices are the corners of three rectangles of these sides."""


def face_views(size_px: int, fov_deg: float | None = None) -> tuple[PinholeCamera, ...]:
    """Return 20 views through the face centres, each ``size_px`` square, from the zenith down and by rising azimuth."""
    cube = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
    return _views(np.concatenate([cube, _rectangles(1 / _GOLDEN, _GOLDEN)]), size_px, fov_deg)


def vertex_views(size_px: int, fov_deg: float | None = None) -> tuple[PinholeCamera, ...]:
    """Return 12 views through the vertices, each ``size_px`` square, from the zenith down and by rising azimuth."""
    return _views(_rectangles(_GOLDEN, 1.0), size_px, fov_deg)


def _rectangles(a: float, b: float) -> np.ndarray:
    """Return the 12 corners (0, ±b, ±a), (±a, 0, ±b), (±b, ±a, 0) of rectangles in the coordinate planes."""
    corners = np.array([(0, i * b, k * a) for i in (-1, 1) for k in (-1, 1)])
    return np.concatenate([np.roll(corners, shift, axis=1) for shift in range(3)])


def _views(directions: np.ndarray, size_px: int, fov_deg: float | None) -> tuple[PinholeCamera, ...]:
    fov_deg = DEFAULT_FOV_DEG if fov_deg is None else fov_deg
    x, y, z = np.round(directions, 9).T
    order = np.lexsort((np.arctan2(x, z), y))
    return tuple(camera_looking(direction, fov_deg, (size_px, size_px)) for direction in directions[order].astype(np.float64))
