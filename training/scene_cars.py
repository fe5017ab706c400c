"""Parked cars and vans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training import materials as m
from training.primitives import yaw_matrix
from training.scene import Scene

Random = np.random.Generator


@dataclass(frozen=True)
class _Paint:
    """Material numbers of a car."""

    body: int
    glass: int
    tyre: int
    metal: int
    front: int
    rear: int


def car(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A car or, one in five, a van; its front looks along ``yaw``."""
    look = _paint(s, rng)
    with s.at(x, z, yaw + rng.normal(0, 0.03)):
        long, wide = (_van if rng.random() < 0.2 else _saloon)(s, rng, look)
        for i in (-1, 1):
            for j in (-1, 1):
                hub = s.point(i * (wide / 2 - 0.06), 0.32, j * long * 0.31)
                axes = yaw_matrix(s.turn)
                s.disc(hub, axes, (0.11, 0.32, 0.32), look.tyre)
                s.disc(hub, axes, (0.12, 0.19, 0.19), look.metal)
        for j, lamps in ((1, look.front), (-1, look.rear)):
            for i in (-1, 1):
                s.box(i * wide * 0.37, 0.58, j * long * 0.493, (wide * 0.2, 0.12, 0.06), lamps)
            s.box(0, 0.36, j * long * 0.497, (0.5, 0.11, 0.03), look.metal)


def _paint(s: Scene, rng: Random) -> _Paint:
    grey = rng.random() < 0.65
    body = m.Material(
        a=m.hsv(rng.random(), 0.05 if grey else rng.uniform(0.4, 0.9), rng.uniform(0.08, 0.95)), grain=0.02, gloss=0.7
    )
    looks = (
        body, m.Material(a=(0.015, 0.02, 0.022), gloss=0.9), m.Material(a=(0.02, 0.02, 0.02)),
        m.Material(a=(0.45, 0.45, 0.46)), m.Material(a=(0.75, 0.74, 0.7), gloss=0.5), m.Material(a=(0.4, 0.02, 0.02)),
    )  # fmt: skip
    return _Paint(*(s.material(look) for look in looks))


def _saloon(s: Scene, rng: Random, look: _Paint) -> tuple[float, float]:
    """A low body, a cabin of glass that narrows to its roof, pillars; returns length and width."""
    long, wide, high = rng.uniform(3.6, 4.9), rng.uniform(1.66, 1.86), rng.uniform(1.38, 1.72)
    belt, back = rng.uniform(0.78, 0.95), rng.uniform(0.0, 0.1) * long
    cabin = long * rng.uniform(0.5, 0.68)
    s.box(0, 0.2, 0, (wide, 0.4, long), look.body)
    s.box(0, 0.6, 0, (wide, belt - 0.6, long), look.body, taper=rng.uniform(0.88, 0.96))
    s.box(0, belt, -back, (wide * 0.9, high - belt - 0.03, cabin), look.glass, taper=0.78)
    s.box(0, high - 0.05, -back, (wide * 0.73, 0.05, cabin * 0.81), look.body, taper=0.93)
    for i in (-1, 1):
        for j in (-1, 1):
            foot, tip = (
                s.point(i * wide * 0.44, belt, -back + j * cabin * 0.49),
                s.point(i * wide * 0.345, high - 0.03, -back + j * cabin * 0.385),
            )
            s.limb(foot, tip, (0.035, 0.03), look.body)
        s.limb(s.point(i * wide * 0.445, belt, -back), s.point(i * wide * 0.35, high - 0.03, -back), (0.035, 0.035), look.body)
        s.box(i * (wide / 2 + 0.06), belt - 0.02, -back + cabin * 0.36, (0.16, 0.12, 0.07), look.body)
    return long, wide


def _van(s: Scene, rng: Random, look: _Paint) -> tuple[float, float]:
    long, wide, high = rng.uniform(4.4, 5.8), rng.uniform(1.85, 2.05), rng.uniform(1.9, 2.6)
    s.box(0, 0.22, 0, (wide, 0.85, long), look.body)
    s.box(0, 1.07, -long * 0.08, (wide * 0.98, high - 1.07, long * 0.84), look.body, taper=0.93)
    s.box(0, 1.12, long * 0.315, (wide * 0.93, 0.6, 0.16), look.glass, pitch=-0.12)
    for i in (-1, 1):
        s.box(i * wide * 0.46, 1.15, long * 0.2, (0.09, 0.5, long * 0.17), look.glass)
        s.box(i * (wide / 2 + 0.1), 1.1, long * 0.3, (0.18, 0.25, 0.08), look.tyre)
    return long, wide
