"""Vegetation and distance: trees, bushes, the ground and the hills around everything."""

from __future__ import annotations

import math

import numpy as np

from training import random_materials as some
from training.primitives import ELLIPSOID, FRUSTUM, yaw_matrix
from training.scene import Scene

Random = np.random.Generator


def tree(
    s: Scene, rng: Random, x: float, z: float, green: int, bark: int, tall: float | None = None, base: float = 0.0
) -> None:
    """A broad-leaved tree: trunk, a few branches, a crown of cut ellipsoids."""
    h = tall or rng.uniform(3.5, 12)
    trunk = h * rng.uniform(0.2, 0.45)
    spread = h * rng.uniform(0.2, 0.38)
    leaf, leaf_m = rng.uniform(0.15, 0.55), rng.uniform(0.1, 0.3)
    with s.at(x, z, rng.uniform(0, 6.28), base):
        s.column(0, 0, 0, 0.02 * h + 0.06, trunk + 0.3 * h, bark, taper=0.5)
        for _ in range(int(rng.integers(7, 17))):
            turn, out = rng.uniform(0, 6.28), spread * math.sqrt(rng.uniform(0, 1)) * 0.8
            up = rng.uniform(trunk, h * 0.93)
            r = spread * rng.uniform(0.28, 0.55)
            px, pz = out * math.sin(turn), out * math.cos(turn)
            s.ellipsoid(px, up, pz, (r, r * rng.uniform(0.6, 0.9), r), green, rng.uniform(0, 3), leaf=leaf, leaf_m=leaf_m)
            if out > 0.4 * spread or rng.random() < 0.4:
                s.rod(s.point(0, trunk * 0.9, 0), s.point(px * 0.8, up, pz * 0.8), 0.012 * h, bark)


def conifer(s: Scene, rng: Random, x: float, z: float, green: int, bark: int, base: float = 0.0) -> None:
    """A spruce or cypress: stacked cones."""
    h, slim = rng.uniform(4, 16), rng.uniform(0.1, 0.28)
    with s.at(x, z, rng.uniform(0, 6.28), base):
        s.column(0, 0, 0, 0.015 * h + 0.05, h * 0.5, bark)
        parts = int(rng.integers(3, 6))
        for k in range(parts):
            low = h * (0.1 + 0.8 * k / parts)
            s.column(0, low, 0, slim * (h - low) + 0.15, (h - low) * (0.6 if k < parts - 1 else 1.0), green, taper=0.15)


def palm(s: Scene, rng: Random, x: float, z: float, green: int, bark: int, base: float = 0.0) -> None:
    """A palm: a trunk and arching fronds."""
    h = rng.uniform(1.5, 8)
    with s.at(x, z, rng.uniform(0, 6.28), base):
        s.column(0, 0, 0, 0.18, h, bark, taper=0.8)
        for k in range(14):
            turn, long = k * 2.4, rng.uniform(1.2, 2.2)
            last = s.point(0, h, 0)
            for j, (out, up) in enumerate(((0.4, 0.45), (0.8, 0.5), (1.0, 0.1))):
                tip = s.point(math.sin(turn) * out * long, h + up * long * (0.3 + 0.6 * (k % 3)), math.cos(turn) * out * long)
                s.rod(last, tip, 0.03, green, width=(0.22, 0.3, 0.12)[j])
                last = tip


def bush(s: Scene, rng: Random, x: float, z: float, green: int, base: float = 0.0) -> None:
    """A bush or a piece of hedge."""
    r = rng.uniform(0.3, 1.1)
    with s.at(x, z, rng.uniform(0, 6.28), base):
        for _ in range(int(rng.integers(1, 5))):
            q = r * rng.uniform(0.6, 1.0)
            s.ellipsoid(
                rng.normal(0, 0.4) * r, q * 0.7, rng.normal(0, 0.4) * r, (q, q * 0.9, q), green, leaf=rng.uniform(0.1, 0.4)
            )


def backdrop(s: Scene, rng: Random, level: float, clear_m: float) -> None:
    """Ground at ``level`` to the horizon, hills, and trees and houses from ``clear_m`` on: what windows show."""
    base = s.material(some.ground(rng, str(rng.choice(["grass", "paving", "asphalt", "soil"]))))
    s.slab(0, 0, (4000, 4000), level, base)
    hills(s, rng, level)
    for _ in range(int(rng.integers(2, 7))):
        turn, far = rng.uniform(0, 6.28), clear_m + rng.uniform(2, 40)
        x, z = far * math.sin(turn), far * math.cos(turn)
        if rng.random() < 0.5:
            tree(s, rng, x, z, s.material(some.foliage(rng)), s.material(some.wood(rng, False)), base=level)
        else:
            wall = s.material(some.facade(rng, 3.0, s.atmosphere.night))
            with s.at(x, z, rng.uniform(0, 3), level):
                s.box(0, 0, 0, (rng.uniform(5, 15), rng.uniform(4, 20), rng.uniform(5, 12)), wall)


def hills(s: Scene, rng: Random, level: float = 0.0, chance: float = 0.5) -> None:
    """Far hills or mountains: broad ellipsoids and cones on the horizon."""
    if rng.random() > chance:
        return
    look = s.material(some.foliage(rng)) if rng.random() < 0.6 else s.material(some.plaster(rng))
    for _ in range(int(rng.integers(3, 12))):
        turn, far = rng.uniform(0, 6.28), rng.uniform(120, 900)
        wide = far * rng.uniform(0.15, 0.5)
        tall = far * rng.uniform(0.02, 0.25)
        center = np.array([far * math.sin(turn), -level, far * math.cos(turn)])
        if rng.random() < 0.7:
            s.add(ELLIPSOID, center, yaw_matrix(rng.uniform(0, 3)), (wide, tall, wide * 0.6), look, fixed=True, shadow=False)
        else:
            s.add(
                FRUSTUM,
                center,
                yaw_matrix(rng.uniform(0, 3)),
                (wide, tall, wide * 0.7),
                look,
                fixed=True,
                taper=0.05,
                shadow=False,
            )
