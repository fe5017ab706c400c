"""The shell of a room: its plan, the materials of its surfaces, floor and ceiling (flat, coved, sloped, vaulted)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training import scene_fittings as fittings
from training import scene_overhead as overhead
from training import scene_set_pieces as pieces
from training.light import Space
from training.primitives import FRUSTUM
from training.scene import Scene

Random = np.random.Generator
Wall = tuple[tuple[float, float], tuple[float, float]]
"""Plan positions (x, z) of a wall's left and right end as seen from inside."""


@dataclass(frozen=True)
class Room:
    """A box room: plan limits x0..x1, z0..z1 and the height of its walls."""

    x0: float
    x1: float
    z0: float
    z1: float
    height: float

    @property
    def size(self) -> tuple[float, float]:
        """Extent along x and z."""
        return self.x1 - self.x0, self.z1 - self.z0

    def walls(self) -> list[Wall]:
        """The four walls, each in the order +z, +x, -z, -x."""
        a, b, c, d = (self.x0, self.z1), (self.x1, self.z1), (self.x1, self.z0), (self.x0, self.z0)
        return [(a, b), (b, c), (c, d), (d, a)]

    @property
    def middle(self) -> tuple[float, float]:
        """Middle of the plan."""
        return (self.x0 + self.x1) / 2, (self.z0 + self.z1) / 2

    def space(self, daylight: float) -> Space:
        """The air of the room, up to 3 m above its walls where a vault may rise."""
        low, high = np.array([self.x0, -self.height - 3.0, self.z0]), np.array([self.x1, 0.0, self.z1])
        return Space(low, high, daylight)


@dataclass(frozen=True)
class Finish:
    """Material numbers of a room."""

    wall: int
    floor: int
    ceiling: int
    trim: int
    door: int


def wall_side(room: Room, k: int) -> fittings.Side:
    """The ``k``-th wall seen from inside."""
    start, end = (np.array(p) for p in room.walls()[k])
    long = room.size[k % 2]
    along = (end - start) / long
    return fittings.Side(start, along, np.array([-along[1], along[0]]), long, room.height)


def random_finish(s: Scene, rng: Random) -> Finish:
    """Materials that go together; now and then a polished floor."""
    floor = (some.wood, some.tiles, some.tiles, some.carpet)[rng.integers(0, 4)](rng)
    floor = replace(floor, turn=int(rng.integers(0, 2)), gloss=0.0)
    if floor.pattern == m.BORDER:
        floor = replace(floor, pattern=m.PLAIN)
    pale = m.Material(a=m.hsv(rng.uniform(0.05, 0.2), rng.uniform(0, 0.12), rng.uniform(0.75, 0.97)), grain=0.02, stain=0.05)
    ceiling = (
        pale if rng.random() < 0.75 else (some.wood(rng) if rng.random() < 0.5 else replace(some.tiles(rng, 0.6), gloss=0.0))
    )
    trim = some.solid(rng) if rng.random() < 0.4 else m.Material(a=m.hsv(0.1, 0.05, rng.uniform(0.7, 0.95)), grain=0.02)
    draw = rng.random()
    wall = some.brick(rng) if draw < 0.08 else some.tiles(rng) if draw < 0.14 else some.paint(rng)
    if rng.random() < 0.2:
        s.reflector = (0.0, float(rng.uniform(0.03, 0.3)))
    return Finish(*(s.material(x) for x in (wall, floor, ceiling, trim, some.wood(rng, False))))


def shell(s: Scene, rng: Random, room: Room, look: Finish, vault: str) -> None:
    """Floor, ceiling, beams and cornices.

    ``vault`` is flat, cove, slope, attic, barrel, coffer, glowing (a lit field), skylight or strips (of light).
    """
    (w, d), (x, z) = room.size, room.middle
    s.slab(x, z, (w, d), 0.0, look.floor)
    _ceiling(s, rng, room, look, vault)
    if vault in ("flat", "slope") and rng.random() < 0.2:
        beam = s.material(some.wood(rng, False))
        for k in range(int(d / rng.uniform(0.7, 1.6))):
            s.box(x, room.height - 0.2, room.z0 + 0.5 + k * 1.2, (w, 0.2, 0.15), beam, fixed=True)
    for k, (start, end) in enumerate(room.walls()):
        if rng.random() < 0.7:
            long = w if k % 2 == 0 else d
            mid = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            size = (long, 0.1, 0.03) if k % 2 == 0 else (0.03, 0.1, long)
            s.box(mid[0], room.height - 0.1, mid[1], size, look.trim, fixed=True)


def _ceiling(s: Scene, rng: Random, room: Room, look: Finish, vault: str) -> None:
    """Close the room above; under a vault or a slope some walls go on up to it."""
    (w, d), (x, z) = room.size, room.middle
    gables = [room.walls()[0], room.walls()[2]]
    rise = 0.0
    if vault == "barrel":
        rise = float(rng.uniform(0.3, 0.6) * min(w, 6) / 2)
        axes = np.stack([np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), np.array([0, 1.0, 0])], axis=1)
        half = (w / 2, d / 2, rise)
        s.add(FRUSTUM, s.point(x, room.height, z), axes, half, look.ceiling, capped=False, clip=0.0, fixed=True)
    elif vault == "attic":
        rise = float(rng.uniform(0.3, 0.9) * min(w, 8) / 2)
        pieces.attic(s, (x, z), (w, d), (room.height, room.height + rise), look.ceiling)
    elif vault == "slope":
        rise = float(rng.uniform(0.15, 0.5) * w)
        long = math.hypot(w, rise)
        axes = np.stack([np.array([w, -rise, 0]) / long, np.array([0, 0, 1.0]), np.array([-rise, -w, 0]) / long], axis=1)
        s.sheet(s.point(x, room.height + rise / 2, z), axes, (long / 2, d / 2), look.ceiling)
        gables = room.walls()[:3]
    else:
        _flat(s, rng, room, look, vault)
    if rise > 0.0:
        for start, end in gables:
            s.wall(start, end, (room.height, room.height + rise), look.wall)


def _flat(s: Scene, rng: Random, room: Room, look: Finish, style: str) -> None:
    """A level ceiling with what is built into it."""
    (w, d), middle = room.size, room.middle
    holes = overhead.skylights(rng, room) if style == "skylight" else []
    cut = tuple((x, -z - long, x + wide, -z) for x, z, wide, long in holes)
    s.slab(*middle, (w, d), room.height, look.ceiling, holes=cut)
    if style == "cove" and min(w, d) > 2.5:
        fittings.cove(s, rng, middle, (w, d), room.height, look.ceiling)
    elif style == "coffer":
        overhead.coffers(s, rng, room, look.trim if rng.random() < 0.5 else look.ceiling)
    elif style == "glowing":
        overhead.glowing_field(s, rng, room)
    elif style == "strips":
        overhead.strips(s, rng, room)
    elif style == "skylight":
        overhead.skylight_frames(s, rng, room, holes, look.trim)
