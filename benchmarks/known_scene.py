"""A furnished room whose distances are known exactly from everywhere: boxes in a box."""

from dataclasses import dataclass

import numpy as np

from spag4d.data import DepthMap, Panorama
from spag4d.geometry.equirect import directions

_ROOM = ((-2.6, -1.4, -3.1), (3.3, 1.5, 4.2))
_FURNITURE = (
    ((0.6, 0.6, 1.2), (1.8, 1.5, 2.2)),
    ((-2.6, -0.6, 2.0), (-2.0, 1.5, 3.4)),
    ((-1.2, 0.8, -2.2), (0.4, 1.5, -1.4)),
    ((1.9, -1.4, -1.4), (2.1, 1.5, -1.2)),
    ((-1.6, 0.35, 0.9), (-0.9, 0.4, 1.6)),
    ((0.1, -1.4, 3.0), (0.14, 1.5, 3.04)),
)


@dataclass(frozen=True)
class KnownRoom:
    """A room of 5.9 × 2.9 × 7.3 m with a table, a cupboard, a bench, a pillar, a floating board and a thin pole."""

    def hit(self, rays: np.ndarray, origin: np.ndarray) -> np.ndarray:
        """Return the distance (…) at which unit ``rays`` (…, 3) from ``origin`` (3,) meet a surface."""
        with np.errstate(divide="ignore"):
            inverse = 1 / rays
        low, high = ((np.array(corner) - origin) * inverse for corner in _ROOM)
        nearest = np.maximum(low, high).min(-1)
        for corners in _FURNITURE:
            low, high = ((np.array(corner) - origin) * inverse for corner in corners)
            enter, leave = np.minimum(low, high).max(-1), np.maximum(low, high).min(-1)
            nearest = np.where((enter < leave) & (enter > 0), np.minimum(nearest, enter), nearest)
        return nearest

    def sees(self, points: np.ndarray) -> np.ndarray:
        """Return which surface points (…, 3) the capture point sees."""
        length = np.linalg.norm(points, axis=-1)
        return self.hit(points / length[..., None], np.zeros(3)) > length * (1 - 1e-4)

    def capture(self, height: int) -> tuple[Panorama, DepthMap]:
        """Return the panorama, patterned, and the exact depth map of this height."""
        rays = directions(height).astype(np.float64)
        distance = self.hit(rays, np.zeros(3))
        points = rays * distance[..., None]
        waves = np.sin(9 * points) + np.sin(23 * points[..., [1, 2, 0]] + 1)
        rgb = (0.5 + 0.2 * waves).astype(np.float32)
        sky = np.zeros(distance.shape, bool)
        return Panorama(rgb, name="known room"), DepthMap(distance.astype(np.float32), sky, "metric", "truth")
