"""Where light comes from: sun and sky, lamps, and the rooms that keep it in or out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(slots=True)
class Lamp:
    """A point light: inverse square falloff, kept mostly inside the box ``low``-``high`` (its room)."""

    position: np.ndarray
    color: np.ndarray
    low: np.ndarray
    high: np.ndarray
    shadow: bool = False


@dataclass(frozen=True)
class Space:
    """A closed box (a room): inside, only ``daylight`` of the sky's ambient light arrives, and corners are darker."""

    low: np.ndarray
    high: np.ndarray
    daylight: float


@dataclass
class Atmosphere:
    """The light from outside: sun, sky colours, clouds; ``ambient`` multiplies the sky's light on surfaces.

    ``indoor`` is 0 out of doors; in rooms it says how many times brighter than the lamps' light alone it is outside.
    """

    sun_direction: np.ndarray
    sun_color: np.ndarray
    zenith: np.ndarray
    horizon: np.ndarray
    ground: np.ndarray
    cloud_cover: float = 0.3
    cloud_scale: float = 1.0
    cloud_color: np.ndarray = field(default_factory=lambda: np.array([1.0, 1.0, 1.0]))
    cloud_offset: tuple[float, float] = (0.0, 0.0)
    haze_m: float = 3000.0
    ambient: float = 1.0
    indoor: float = 0.0
    sun_disc: bool = True
    night: bool = False
