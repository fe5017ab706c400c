"""What lies flat on streets and squares: manholes, grates, painted lines, bays, arrows, letters, tactile strips, puddles."""

from __future__ import annotations

import math

import numpy as np

from training import materials as m
from training import random_materials as some
from training.primitives import FRUSTUM, yaw_matrix
from training.scene import Scene

Random = np.random.Generator

_LIFT_M = 0.004
"""Paint and lids lie so much higher than the ground, which decides what is seen and is no step."""


def marks(s: Scene, rng: Random, base: float = 0.0) -> None:
    """Two to nine flat things within 12 m of the camera."""
    for _ in range(int(rng.integers(2, 10))):
        far, az = rng.uniform(0.8, 12.0), rng.uniform(0, 2 * math.pi)
        with s.at(far * math.sin(az), far * math.cos(az), float(rng.integers(0, 4)) * math.pi / 2 + rng.normal(0, 0.1), base):
            _MARKS[int(rng.integers(0, len(_MARKS)))](s, rng)


def _lid(s: Scene, rng: Random, radius: float, look: int) -> None:
    center = s.point(0, _LIFT_M / 2, 0)
    s.add(FRUSTUM, center, yaw_matrix(s.turn), (radius, _LIFT_M / 2, radius), look, shadow=False, fixed=True)


def _manhole(s: Scene, rng: Random) -> None:
    size = rng.uniform(0.03, 0.09)
    iron = m.Material(m.CHECKER, m.hsv(0.08, 0.1, rng.uniform(0.2, 0.5)), m.hsv(0.08, 0.15, 0.25), (size, size), grain=0.3)
    r = rng.uniform(0.25, 0.4)
    _lid(s, rng, r * 1.15, s.material(some.plaster(rng)))
    center = s.point(0, _LIFT_M, 0)
    s.add(FRUSTUM, center, yaw_matrix(s.turn), (r, _LIFT_M, r), s.material(iron), shadow=False, fixed=True)


def _grate(s: Scene, rng: Random) -> None:
    bars = m.Material(m.STRIPES, m.hsv(0.08, 0.1, 0.4), (0.004, 0.004, 0.004), (rng.uniform(0.03, 0.06), 1.0))
    s.slab(0, 0, (rng.uniform(0.3, 0.6), float(rng.choice([0.35, 0.5, 6.0]))), _LIFT_M, s.material(bars))


def _paint(s: Scene, rng: Random) -> int:
    return s.material(m.Material(a=m.hsv(0.12, rng.choice([0.03, 0.03, 0.75]), rng.uniform(0.7, 0.92)), grain=0.25, stain=0.25))


def _bays(s: Scene, rng: Random) -> None:
    """Parking bays: parallel lines and one across."""
    paint, count = _paint(s, rng), int(rng.integers(2, 6))
    for k in range(count):
        s.slab((k - count / 2) * 2.4, 0, (0.1, 4.8), _LIFT_M, paint)
    s.slab(-1.2, 2.4, ((count - 1) * 2.4, 0.1), _LIFT_M, paint)


def _arrow(s: Scene, rng: Random) -> None:
    paint = _paint(s, rng)
    s.slab(0, 0, (0.15, 2.0), _LIFT_M, paint)
    for side in (-1, 1):
        s.slab(side * 0.2, 0.8, (0.14, 0.75), _LIFT_M, paint, yaw=-side * 0.6)


def _letters(s: Scene, rng: Random) -> None:
    white = (0.75, 0.75, 0.72)
    s.slab(0, 0, (2.8, 0.8), _LIFT_M, s.material(m.Material(m.TEXT, white, m.hsv(0.1, 0.05, 0.35), grain=0.2, stain=0.2)))


def _tactile(s: Scene, rng: Random) -> None:
    """A strip of ribbed or studded slabs."""
    color = m.hsv(0.13, rng.choice([0.0, 0.7]), 0.85)
    look = m.Material(m.CHECKER, color, m.scaled(color, 0.6), (0.05, 0.05), grain=0.1, stain=0.15)
    s.slab(0, 0, (0.6, rng.uniform(3, 12)), _LIFT_M, s.material(look))


def _patch(s: Scene, rng: Random) -> None:
    look = some.ground(rng, str(rng.choice(["asphalt", "paving", "soil"])))
    s.slab(0, 0, (rng.uniform(0.5, 4.0), rng.uniform(0.5, 5.0)), _LIFT_M, s.material(look))


def _puddle(s: Scene, rng: Random) -> None:
    dark = m.Material(a=m.hsv(0.1, 0.1, 0.22), grain=0.1, gloss=0.9)
    for k in range(3):
        r, center = rng.uniform(0.2, 0.7), s.point(0.35 * k, _LIFT_M / 2, rng.normal(0, 0.2))
        s.add(
            FRUSTUM,
            center,
            yaw_matrix(s.turn),
            (r, _LIFT_M / 2, r * rng.uniform(0.4, 1)),
            s.material(dark),
            shadow=False,
            fixed=True,
        )


def _line(s: Scene, rng: Random) -> None:
    """A painted line, whole or dashed, or a strip of steel or stone."""
    look = _paint(s, rng) if rng.random() < 0.6 else s.material(some.solid(rng))
    count, wide = int(rng.choice([1, 5])), rng.uniform(0.05, 0.2)
    for k in range(count):
        s.slab(0, k * 2.0, (wide, 14.0 / count if count == 1 else 1.0), _LIFT_M, look)


_MARKS = (_manhole, _grate, _bays, _arrow, _letters, _tactile, _patch, _puddle, _line)
