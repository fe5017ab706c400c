"""The light outside, drawn at random: clear, cloudy, overcast, dusk, night."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training.light import Atmosphere
from training.materials import hsv

Random = np.random.Generator


def sun_vector(azimuth: float, elevation: float) -> np.ndarray:
    """Unit direction toward the sun; angles in radians."""
    c = math.cos(elevation)
    return np.array([c * math.sin(azimuth), -math.sin(elevation), c * math.cos(azimuth)])


def atmosphere(rng: Random) -> Atmosphere:
    """Weather and time of day: 55 % clear or fair, 27 % cloudy or overcast, 11 % dusk, 7 % night."""
    draw = rng.random()
    azimuth = rng.uniform(-math.pi, math.pi)
    offset = (float(rng.uniform(0, 9)), float(rng.uniform(0, 9)))
    soil = np.array(hsv(rng.uniform(0.05, 0.25), 0.2, 0.45))
    weather = _fair if draw < 0.55 else _overcast if draw < 0.82 else _dusk if draw < 0.93 else _night
    return replace(weather(rng, azimuth, soil), cloud_offset=offset)


def _fair(rng: Random, azimuth: float, soil: np.ndarray) -> Atmosphere:
    elevation = rng.uniform(0.25, 1.3)
    blue = np.array(hsv(rng.uniform(0.55, 0.63), rng.uniform(0.35, 0.8), rng.uniform(0.6, 0.95)))
    pale = np.array(hsv(rng.uniform(0.5, 0.62), rng.uniform(0.03, 0.3), rng.uniform(0.8, 1.0)))
    return Atmosphere(
        sun_direction=sun_vector(azimuth, elevation),
        sun_color=np.array([1.0, 0.93, 0.82]) * rng.uniform(1.0, 2.2),
        zenith=blue,
        horizon=pale,
        ground=soil,
        cloud_cover=float(rng.uniform(0, 0.75)),
        cloud_scale=float(rng.uniform(0.5, 2)),
        cloud_color=np.full(3, rng.uniform(0.9, 1.3)),
        haze_m=float(np.exp(rng.uniform(6, 9))),
        ambient=float(rng.uniform(0.35, 0.7)),
    )


def _overcast(rng: Random, azimuth: float, soil: np.ndarray) -> Atmosphere:
    grey = np.array(hsv(rng.uniform(0.5, 0.7), rng.uniform(0, 0.12), rng.uniform(0.75, 1.0)))
    return Atmosphere(
        sun_direction=sun_vector(azimuth, 0.9),
        sun_color=np.ones(3) * rng.choice([0.0, 0.1, 0.3]),
        zenith=grey * rng.uniform(0.7, 1),
        horizon=grey,
        ground=soil,
        cloud_cover=float(rng.uniform(0.5, 1.0)),
        cloud_scale=float(rng.uniform(0.5, 2)),
        cloud_color=grey * rng.uniform(0.8, 1.1),
        haze_m=float(np.exp(rng.uniform(5.5, 8.5))),
        ambient=float(rng.uniform(0.8, 1.0)),
        sun_disc=False,
    )


def _dusk(rng: Random, azimuth: float, soil: np.ndarray) -> Atmosphere:
    glow = np.array(hsv(rng.uniform(0.02, 0.13), rng.uniform(0.2, 0.6), 0.95))
    dark = np.array(hsv(rng.uniform(0.56, 0.75), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6)))
    return Atmosphere(
        sun_direction=sun_vector(azimuth, rng.uniform(0.03, 0.2)),
        sun_color=glow * rng.uniform(0.3, 1.5),
        zenith=dark,
        horizon=glow * 0.8,
        ground=soil * 0.6,
        cloud_cover=float(rng.uniform(0, 0.7)),
        cloud_scale=float(rng.uniform(0.5, 2)),
        cloud_color=glow * 0.8,
        haze_m=4000.0,
        ambient=0.6,
    )


def _night(rng: Random, azimuth: float, soil: np.ndarray) -> Atmosphere:
    dark = np.array(hsv(rng.uniform(0.58, 0.7), rng.uniform(0.3, 0.7), rng.uniform(0.05, 0.25)))
    return Atmosphere(
        sun_direction=sun_vector(azimuth, 0.8),
        sun_color=np.zeros(3),
        zenith=dark * 0.4,
        horizon=dark,
        ground=soil * 0.05,
        cloud_cover=float(rng.uniform(0, 0.6)),
        cloud_scale=1.0,
        cloud_color=dark * 1.5,
        haze_m=4000.0,
        ambient=0.5,
        sun_disc=False,
        night=True,
    )
