"""What is built into rooms: closed doors, panelling, kitchens, stairs, lowered ceilings, shelves, pictures, radiators."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training.scene import Scene

Random = np.random.Generator


@dataclass(frozen=True)
class Side:
    """A wall seen from inside: its left end, unit vectors along it and out of the room, its length and height."""

    left: np.ndarray
    along: np.ndarray
    out: np.ndarray
    long: float
    height: float

    @property
    def yaw(self) -> float:
        """The turn that brings local x along the wall; local z then points out of the room."""
        return math.atan2(-self.along[1], self.along[0])

    def place(self, along: float, inward: float) -> tuple[float, float]:
        """Plan position at a distance along the wall and off it."""
        p = self.left + self.along * along - self.out * inward
        return float(p[0]), float(p[1])


def dress(s: Scene, rng: Random, side: Side, trim: int, door: int) -> None:
    """Fit out a wall without openings: a closed door, panelling, a kitchen, shelves, pictures, a radiator, skirting."""
    if rng.random() < 0.3:
        wide = float(rng.uniform(0.75, 1.0)) * (2 if rng.random() < 0.15 else 1)
        if side.long > wide + 0.8:
            closed_door(s, side, rng.uniform(0.2 + wide / 2, side.long - 0.2 - wide / 2), wide, trim, door)
    if rng.random() < 0.12:
        _panelling(s, rng, side, trim)
    draw = rng.random()
    if draw < 0.12 and side.long > 2.2:
        kitchen(s, rng, side)
    elif draw < 0.24:
        _shelves(s, rng, side)
    if rng.random() < 0.7:
        pictures(s, rng, side)
    if rng.random() < 0.15:
        _radiator(s, rng, side)
    x, z = side.place(side.long / 2, 0.01)
    if rng.random() < 0.6:
        s.box(x, 0, z, (side.long, 0.1, 0.025), trim, side.yaw, fixed=True)


def _panelling(s: Scene, rng: Random, side: Side, trim: int) -> None:
    high = rng.uniform(0.8, 1.4)
    x, z = side.place(side.long / 2, 0.01)
    panel = s.material(replace(some.wood(rng), turn=1) if rng.random() < 0.5 else some.paint(rng))
    s.box(x, 0, z, (side.long, high, 0.02), panel, side.yaw, fixed=True)
    s.box(x, high, z, (side.long, 0.05, 0.05), trim, side.yaw, fixed=True)


def _shelves(s: Scene, rng: Random, side: Side) -> None:
    board = s.material(some.wood(rng, False))
    for k in range(int(rng.integers(1, 4))):
        x, z = side.place(rng.uniform(0.3, 0.7) * side.long, 0.13)
        with s.at(x, z, side.yaw, 1.1 + 0.35 * k):
            s.box(0, 0, 0, (rng.uniform(0.5, 1.4), 0.03, 0.25), board)
            _books(s, rng, rng.uniform(0.2, 0.8))


def _radiator(s: Scene, rng: Random, side: Side) -> None:
    x, z = side.place(rng.uniform(0.2, 0.8) * side.long, 0.08)
    size = (rng.uniform(0.6, 1.4), 0.6, 0.1)
    s.box(x, 0.1, z, size, s.material(replace(some.solid(rng), pattern=m.STRIPES, cell=(0.06, 1))), side.yaw)


def _books(s: Scene, rng: Random, wide: float) -> None:
    look = some.wood(rng, False)
    s.box(0, 0.03, 0, (wide, 0.28, 0.18), s.material(replace(look, pattern=m.BOOKS, cell=(0.035, 0.4), bond=0.0)))


def closed_door(s: Scene, side: Side, at: float, wide: float, trim: int, door: int) -> None:
    """A door leaf 2.0 m high in its frame, with panels and a handle."""
    x, z = side.place(at, 0.015)
    with s.at(x, z, side.yaw):
        s.box(0, 0, 0, (wide, 2.0, 0.03), door)
        s.box(0, 2.0, 0, (wide + 0.16, 0.08, 0.06), trim)
        for k in (-1, 1):
            s.box(k * (wide / 2 + 0.04), 0, 0, (0.08, 2.0, 0.06), trim)
        s.box(wide / 2 - 0.1, 1.0, -0.05, (0.12, 0.025, 0.04), trim)
        for base, tall in ((0.2, 0.7), (1.1, 0.75)):
            s.box(0, base, -0.005, (wide * 0.7, tall, 0.035), door)


def kitchen(s: Scene, rng: Random, side: Side) -> None:
    """Base and wall cupboards with a worktop, a tiled strip between them, a tall fridge."""
    long = min(side.long - 0.4, rng.uniform(1.8, 4.5))
    front = s.material(
        replace(
            some.solid(rng) if rng.random() < 0.6 else some.wood(rng, False),
            pattern=m.CELLS,
            cell=(0.6, 3.0),
            gap=0.012,
            bond=0.0,
        )
    )
    top = s.material(some.solid(rng, rng.random() < 0.5))
    x, z = side.place(side.long / 2, 0.31)
    with s.at(x, z, side.yaw):
        s.box(0, 0, 0, (long, 0.88, 0.6), front)
        s.box(0, 0.88, 0, (long, 0.04, 0.63), top)
        s.box(0, 0.92, 0.3, (long, 0.5, 0.015), s.material(some.tiles(rng, 0.15)))
        if rng.random() < 0.75:
            s.box(-long * 0.1, 1.42, 0.13, (long * 0.8, 0.7, 0.34), front)
        s.box(long / 2 + 0.32, 0, 0, (0.6, rng.uniform(1.4, 2.0), 0.62), s.material(some.solid(rng)))
        s.box(0.2 * long, 0.92, 0, (0.02, 0.3, 0.02), top)


def pictures(s: Scene, rng: Random, side: Side) -> None:
    """Framed pictures and posters in a row: flat rectangles whose content has no depth."""
    size = rng.uniform(0.25, 1.1)
    count = int(rng.integers(1, 4)) if side.long > 4 * size else 1
    base, ratio, start = rng.uniform(1.1, 1.6), rng.uniform(0.6, 1.4), rng.uniform(0.15, 0.5) * side.long
    for k in range(count):
        at = start + k * size * 1.3
        if at + size > side.long:
            break
        look = m.Material(
            m.ART,
            m.hsv(rng.random(), rng.uniform(0, 0.5), rng.uniform(0.2, 0.9)),
            some.solid(rng).a,
            salt=int(rng.integers(1, 999)),
            grain=0.15,
            grain_m=size,
        )
        x, z = side.place(at, 0.015)
        s.box(x, base, z, (size, min(size * ratio, side.height - base - 0.1), 0.02), s.material(look), side.yaw)


def stairs(s: Scene, rng: Random, x: float, z: float, yaw: float, height: float) -> None:
    """A straight flight of steps climbing along ``yaw``, with a railing."""
    rise, tread, wide = 0.18, 0.27, rng.uniform(0.8, 1.6)
    look, rail = (
        s.material(some.wood(rng, False) if rng.random() < 0.6 else some.plaster(rng)),
        s.material(some.solid(rng, True)),
    )
    count = int(min(height / rise, 16))
    solid = rng.random() < 0.6
    with s.at(x, z, yaw):
        for k in range(count):
            s.box(0, 0 if solid else k * rise + 0.12, k * tread, (wide, (k + 1) * rise if solid else 0.06, tread), look)
        for k in range(0, count, 2):
            s.box(wide / 2, (k + 1) * rise, k * tread, (0.03, 0.9, 0.03), rail)
        s.rod(s.point(wide / 2, rise + 0.9, 0), s.point(wide / 2, count * rise + 0.9, (count - 1) * tread), 0.05, rail)


def cove(s: Scene, rng: Random, center: tuple[float, float], size: tuple[float, float], height: float, look: int) -> None:
    """A ceiling lowered along the walls, its edge sometimes lit."""
    wide, drop = rng.uniform(0.3, 1.0), rng.uniform(0.1, 0.3)
    (x, z), (w, d) = center, size
    glow = s.material(some.glowing(rng, rng.uniform(1, 4))) if rng.random() < 0.5 else look
    for k in (-1, 1):
        s.box(x + k * (w - wide) / 2, height - drop, z, (wide, drop, d), look, fixed=True)
        s.box(x, height - drop, z + k * (d - wide) / 2, (w - 2 * wide, drop, wide), look, fixed=True)
        s.box(x + k * (w / 2 - wide - 0.01), height - 0.06, z, (0.03, 0.05, d - 2 * wide), glow, fixed=True, shadow=False)
        s.box(x, height - 0.06, z + k * (d / 2 - wide - 0.01), (w - 2 * wide, 0.05, 0.03), glow, fixed=True, shadow=False)
