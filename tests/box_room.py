"""A box room, whose picture, depth and normals are known exactly from any point."""

from dataclasses import dataclass

import numpy as np

from spag4d.data import DepthMap, Panorama


def directions(height: int) -> np.ndarray:
    """Unit directions of an equirectangular grid, written down once more and independently of the product."""
    azimuth = 2 * np.pi * (np.arange(2 * height) + 0.5) / (2 * height) - np.pi
    elevation = np.pi / 2 - np.pi * (np.arange(height) + 0.5) / height
    az, el = np.meshgrid(azimuth, elevation)
    return np.stack([np.cos(el) * np.sin(az), -np.sin(el), np.cos(el) * np.cos(az)], -1)


@dataclass(frozen=True)
class BoxRoom:
    """An empty box around the capture point: x from -2 to 3 m, y from -1.4 (ceiling) to 1.6 (floor), z from -2.5 to 4 m."""

    low: tuple[float, float, float] = (-2.0, -1.4, -2.5)
    high: tuple[float, float, float] = (3.0, 1.6, 4.0)

    def hit(self, rays: np.ndarray, origin: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> tuple[np.ndarray, np.ndarray]:
        """Return distance (…) and inward unit normal (…, 3) where unit ``rays`` (…, 3) from ``origin`` meet the walls."""
        with np.errstate(divide="ignore"):
            wall = np.where(rays > 0, self.high, self.low)
            t = np.where(rays == 0, np.inf, (wall - np.asarray(origin)) / rays)
        axis = t.argmin(-1)
        distance = np.take_along_axis(t, axis[..., None], -1)[..., 0]
        normal = -np.sign(np.take_along_axis(rays, axis[..., None], -1)) * np.eye(3)[axis]
        return distance, normal

    def distance(self, height: int) -> np.ndarray:
        """Exact distance (h, w) along the ray, float32 metres."""
        return self.hit(directions(height))[0].astype(np.float32)

    def color(self, points: np.ndarray) -> np.ndarray:
        """sRGB (…, 3) of surface points (…, 3): a smooth pattern with a different phase along each axis."""
        phase = np.stack([points @ v for v in ((2.0, 1.1, 0.3), (0.4, 2.3, 1.2), (1.5, 0.2, 2.1))], -1)
        return (0.5 + 0.4 * np.sin(phase)).astype(np.float32)

    def panorama(self, height: int) -> Panorama:
        """The textured room as seen from the capture point."""
        rays = directions(height)
        return Panorama(self.color(rays * self.hit(rays)[0][..., None]), name="box room")

    def depth(self, height: int) -> DepthMap:
        """The true depth map."""
        distance = self.distance(height)
        return DepthMap(distance, np.zeros(distance.shape, bool), "metric", "truth")
