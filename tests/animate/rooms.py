"""A room with regions painted on its panorama."""

import numpy as np

from spag4d.data import DepthMap
from tests.box_room import BoxRoom, directions

ROWS = 128


def cap(direction: tuple[float, float, float], radius_deg: float, rows: int = ROWS) -> np.ndarray:
    """A round region."""
    middle = np.array(direction) / np.linalg.norm(direction)
    return directions(rows) @ middle > np.cos(np.radians(radius_deg))


def under_sky(rows: int = ROWS) -> DepthMap:
    """The room's depth, of which everything above 20° is sky at 50 m."""
    depth = BoxRoom().depth(rows)
    sky = directions(rows)[..., 1] < -np.sin(np.radians(20))
    return DepthMap(np.where(sky, np.float32(50), depth.distance), sky, "metric", "truth")
