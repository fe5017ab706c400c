"""The light outside, drawn at random: clear, cloudy, overcast, dusk, night."""

from __future__ import annotations

import math

import numpy as np

from training.materials import hsv
from training.render import sun_vector
from training.scene import Atmosphere

Random = np.random.Generator


def atmosphere(rng: Random) -> Atmosphere:
    """Weather and time of day: 45 % clear or fair, 30 % cloudy or overcast, the rest dusk and night."""
    draw = rng.random()
    az = rng.uniform(-math.pi, math.pi)
    offset = (float(rng.uniform(0, 9)), float(rng.uniform(0, 9)))
    soil = np.array(hsv(rng.uniform(0.05, 0.25), 0.2, 0.45))
    if draw < 0.55:
        high = rng.uniform(0.25, 1.3)
        blue = np.array(hsv(rng.uniform(0.55, 0.63), rng.uniform(0.35, 0.8), rng.uniform(0.6, 0.95)))
        pale = np.array(hsv(rng.uniform(0.5, 0.62), rng.uniform(0.03, 0.3), rng.uniform(0.8, 1.0)))
        sun = np.array([1.0, 0.93, 0.82]) * rng.uniform(1.0, 2.2)
        return Atmosphere(
            sun_vector(az, high),
            sun,
            blue,
            pale,
            soil,
            float(rng.uniform(0, 0.75)),
            float(rng.uniform(0.5, 2)),
            np.full(3, rng.uniform(0.9, 1.3)),
            offset,
            float(np.exp(rng.uniform(6, 9))),
            float(rng.uniform(0.35, 0.7)),
        )
    if draw < 0.82:
        grey = np.array(hsv(rng.uniform(0.5, 0.7), rng.uniform(0, 0.12), rng.uniform(0.75, 1.0)))
        sun = np.ones(3) * rng.choice([0.0, 0.1, 0.3])
        return Atmosphere(
            sun_vector(az, 0.9),
            sun,
            grey * rng.uniform(0.7, 1),
            grey,
            soil,
            float(rng.uniform(0.5, 1.0)),
            float(rng.uniform(0.5, 2)),
            grey * rng.uniform(0.8, 1.1),
            offset,
            float(np.exp(rng.uniform(5.5, 8.5))),
            float(rng.uniform(0.8, 1.0)),
            sun_disc=False,
        )
    if draw < 0.93:
        glow = np.array(hsv(rng.uniform(0.02, 0.13), rng.uniform(0.2, 0.6), 0.95))
        dark = np.array(hsv(rng.uniform(0.56, 0.75), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6)))
        return Atmosphere(
            sun_vector(az, rng.uniform(0.03, 0.2)),
            glow * rng.uniform(0.3, 1.5),
            dark,
            glow * 0.8,
            soil * 0.6,
            float(rng.uniform(0, 0.7)),
            float(rng.uniform(0.5, 2)),
            glow * 0.8,
            offset,
            4000.0,
            0.6,
        )
    dark = np.array(hsv(rng.uniform(0.58, 0.7), rng.uniform(0.3, 0.7), rng.uniform(0.05, 0.25)))
    return Atmosphere(
        sun_vector(az, 0.8),
        np.zeros(3),
        dark * 0.4,
        dark,
        soil * 0.05,
        float(rng.uniform(0, 0.6)),
        1.0,
        dark * 1.5,
        offset,
        4000.0,
        0.5,
        sun_disc=False,
        night=True,
    )
