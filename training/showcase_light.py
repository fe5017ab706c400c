"""The light of the hand-composed scenes: a summer day, lamps in rooms."""

from __future__ import annotations

import numpy as np

from training.light import Atmosphere, Lamp
from training.scene_air import sun_vector


def day(azimuth: float, elevation: float, cover: float) -> Atmosphere:
    """A blue sky with a warm sun in the given direction (radians) and clouds over the share ``cover``."""
    return Atmosphere(
        sun_direction=sun_vector(azimuth, elevation),
        sun_color=np.array([1.0, 0.92, 0.8]) * 2.1,
        zenith=np.array([0.11, 0.27, 0.68]),
        horizon=np.array([0.56, 0.72, 0.92]),
        ground=np.array([0.25, 0.22, 0.17]),
        cloud_cover=cover,
        cloud_scale=0.8,
        cloud_color=np.array([1.15, 1.15, 1.15]),
        cloud_offset=(0.3, 0.1),
        haze_m=2500.0,
        ambient=0.62,
    )


def lamp(
    at: tuple[float, float, float], color: tuple[float, float, float], power: float, room: tuple[float, ...], shadow: bool
) -> Lamp:
    """A lamp at (x, height, z) in a room of limits x0, x1, z0, z1 and height."""
    x0, x1, z0, z1, h = room
    low, high = np.array([x0 - 0.1, -h - 1, z0 - 0.1]), np.array([x1 + 0.1, 0.1, z1 + 0.1])
    return Lamp(np.array([at[0], -at[1], at[2]]), np.array(color) * power, low, high, shadow)
