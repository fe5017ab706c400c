"""Things that stand outdoors, from fences and hedges to fountains, market stalls, benches and cars."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training.scene import Scene

Random = np.random.Generator


def fence(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A run of fence along local x: pales, rails or a mesh of posts."""
    look = s.material(some.wood(rng, False) if rng.random() < 0.5 else some.solid(rng))
    long, high, step = rng.uniform(3, 12), rng.uniform(0.7, 1.8), rng.choice([0.15, 0.3, 1.5])
    with s.at(x, z, yaw):
        for k in range(int(min(long / step, 40))):
            s.box(-long / 2 + k * step, 0, 0, (0.05 if step < 1 else 0.1, high, 0.04), look, shadow=False)
        for up in (0.2, 0.9):
            s.box(0, up * high, 0, (long, 0.06, 0.05), look)


def hedge(s: Scene, rng: Random, x: float, z: float, yaw: float, green: int) -> None:
    """A clipped hedge: a block with leaves swelling out of it."""
    long, high, deep = rng.uniform(2, 10), rng.uniform(0.5, 2.0), rng.uniform(0.4, 0.9)
    with s.at(x, z, yaw):
        s.box(0, 0, 0, (long, high * 0.93, deep * 0.8), green)
        for k in range(int(long / (0.9 * high) + 1)):
            s.ellipsoid(
                -long / 2 + k * 0.9 * high, high / 2, 0, (0.75 * high, high / 2, deep * 0.7), green, leaf=0.35, shadow=False
            )


def steps(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """Outdoor steps up to a terrace, along local z."""
    look = s.material(some.ground(rng, "paving") if rng.random() < 0.5 else some.plaster(rng))
    wide, count = rng.uniform(1.5, 8), int(rng.integers(3, 12))
    with s.at(x, z, yaw):
        for k in range(count):
            s.box(0, 0, k * 0.32 + 1.5, (wide, (k + 1) * 0.16, 0.32 if k < count - 1 else 4.0), look)


def parasol(s: Scene, rng: Random, x: float, z: float) -> None:
    """An open parasol on its pole."""
    r, h = rng.uniform(0.9, 2.0), rng.uniform(2.0, 2.6)
    with s.at(x, z):
        s.column(0, 0, 0, 0.025, h + 0.3, s.material(some.solid(rng)))
        s.column(0, h, 0, r, r * 0.35, s.material(some.fabric(rng)), taper=0.03)


def signpost(s: Scene, rng: Random, x: float, z: float) -> None:
    """A traffic sign, a board with writing or a traffic light."""
    pole = s.material(some.solid(rng))
    h = rng.uniform(1.8, 3.2)
    with s.at(x, z, rng.uniform(0, 6.28)):
        s.column(0, 0, 0, 0.035, h, pole)
        draw = rng.random()
        if draw < 0.4:
            r = rng.uniform(0.25, 0.4)
            s.ellipsoid(0, h, -0.05, (r, r, 0.02), s.material(m.Material(a=m.hsv(rng.choice([0.0, 0.6, 0.14]), 0.85, 0.8))))
        elif draw < 0.8:
            board = m.Material(
                m.TEXT if rng.random() < 0.4 else m.ART,
                m.hsv(rng.random(), 0.6, 0.5),
                (0.8, 0.8, 0.8),
                salt=int(rng.integers(1, 99)),
            )
            s.box(0, h - 0.2, -0.05, (rng.uniform(0.5, 1.6), rng.uniform(0.3, 1.0), 0.03), s.material(board))
        else:
            s.box(0, h - 0.3, -0.1, (0.28, 0.85, 0.2), s.material(some.solid(rng, True)))
            s.ellipsoid(0, h + 0.35, -0.2, (0.09, 0.09, 0.03), s.material(replace(some.glowing(rng, 2.0), a=(0.9, 0.08, 0.03))))


def fountain(s: Scene, rng: Random, x: float, z: float) -> None:
    """A round basin or a monument on steps."""
    stone = s.material(some.plaster(rng))
    r = rng.uniform(0.8, 3.0)
    with s.at(x, z):
        for k in range(int(rng.integers(1, 4))):
            s.column(0, 0.16 * k, 0, r * (1 - 0.2 * k), 0.16, stone)
        s.column(0, 0, 0, r * 0.35, rng.uniform(0.8, 2.5), stone, taper=0.7)
        s.ellipsoid(0, rng.uniform(1.5, 3.0), 0, (r * 0.25, r * 0.5, r * 0.2), stone)


def stall(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A market stall or kiosk: counter, posts, roof, goods."""
    cloth, wood = s.material(some.fabric(rng)), s.material(some.wood(rng, False))
    w, d = rng.uniform(1.8, 3.5), rng.uniform(1.2, 2.2)
    with s.at(x, z, yaw):
        s.box(0, 0, 0, (w, 0.85, d * 0.7), wood)
        for i in (-1, 1):
            for j in (-1, 1):
                s.box(i * w / 2, 0, j * d / 2, (0.06, 2.3, 0.06), wood)
        s.box(0, 2.3, 0, (w + 0.3, 0.12, d + 0.4), cloth)
        for _ in range(6):
            s.box(
                rng.uniform(-0.4, 0.4) * w,
                0.85,
                rng.uniform(-0.25, 0.25) * d,
                (0.3, rng.uniform(0.08, 0.3), 0.3),
                s.material(some.solid(rng)),
            )


def bicycle(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """Two wheels and a frame."""
    dark, paint = s.material(some.solid(rng, True)), s.material(some.solid(rng))
    with s.at(x, z, yaw):
        for k in (-1, 1):
            hub = s.point(k * 0.52, 0.34, 0)
            rim = [s.point(k * 0.52 + 0.34 * math.cos(a), 0.34 + 0.34 * math.sin(a), 0) for a in np.linspace(0, 2 * math.pi, 9)]
            for a, b in zip(rim, rim[1:], strict=False):
                s.rod(a, b, 0.035, dark)
            s.rod(hub, s.point(k * 0.3, 0.85, 0), 0.03, paint)
        s.rod(s.point(-0.3, 0.85, 0), s.point(0.3, 0.85, 0), 0.035, paint)
        s.rod(s.point(-0.3, 0.8, 0), s.point(0.05, 0.3, 0), 0.035, paint)
        s.box(-0.32, 0.93, 0, (0.25, 0.06, 0.14), dark)
        s.box(0.34, 1.0, 0, (0.04, 0.04, 0.5), dark)


def bin_or_box(s: Scene, rng: Random, x: float, z: float) -> None:
    """A bin, planter, cabinet, crate or block."""
    look = s.material(some.solid(rng) if rng.random() < 0.6 else some.plaster(rng))
    with s.at(x, z, rng.uniform(0, 3)):
        if rng.random() < 0.35:
            s.column(0, 0, 0, rng.uniform(0.2, 0.5), rng.uniform(0.4, 1.1), look, taper=rng.uniform(0.8, 1.3))
        else:
            s.box(0, 0, 0, (rng.uniform(0.3, 2.5), rng.uniform(0.3, 1.3), rng.uniform(0.3, 1.0)), look)


def arcade(s: Scene, rng: Random, long: float, look: int) -> None:
    """A row of arches along local x with the passage behind, in front of a house."""
    bay, high = rng.uniform(2.2, 4.0), rng.uniform(3.2, 5.0)
    count = max(1, int(long / bay))
    wide = bay * rng.uniform(0.65, 0.85)
    for k in range(count + 1):
        x = -count * bay / 2 + k * bay
        s.column(x, 0, 0, (bay - wide) / 2, high * 0.6, look, fixed=False)
        if k < count:
            for j in (-2, -1, 1, 2):
                drop = wide / 2 * (1 - math.cos(0.42 * abs(j) * 1.55))
                s.box(x + bay / 2 + j * wide / 4, high - 0.3 - drop, 0, (wide / 4 + 0.02, 0.5 + drop, 0.5), look)
    s.box(0, high, 0, (count * bay + 0.6, 0.6, 0.6), look)


def crossing(s: Scene, rng: Random, x: float, z: float, size: tuple[float, float]) -> None:
    """Zebra stripes, a hatched field or a manhole cover: paint without depth."""
    white = m.Material(m.STRIPES, (0.75, 0.74, 0.7), m.hsv(0.1, 0.05, 0.4), (1.0, 1.0), grain=0.3, stain=0.15)
    s.slab(x, z, size, 0.004, s.material(white), yaw=0.0 if rng.random() < 0.7 else 0.7)


def post(s: Scene, rng: Random, x: float, z: float) -> None:
    """A post or mast, 1 to 7 m."""
    with s.at(x, z):
        s.column(0, 0, 0, 0.06, rng.uniform(1, 7), s.material(some.solid(rng)))


def bench(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A bench with a backrest."""
    wood, metal = s.material(some.wood(rng)), s.material(some.solid(rng, True))
    with s.at(x, z, yaw):
        s.box(0, 0.42, 0, (1.8, 0.06, 0.5), wood)
        s.box(0, 0.5, 0.25, (1.8, 0.4, 0.05), wood)
        for side in (-0.7, 0.7):
            s.box(side, 0, 0, (0.08, 0.42, 0.4), metal)
