"""Atria and malls: high halls with galleries on several floors under a roof of glass, of light, or of neither.

Truth: a roof of glass whose bars stand close, or that is frosted, is a roof; between bars that stand far apart is sky.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from training import materials as m
from training import random_materials as some
from training import scene_fittings as fittings
from training import scene_foreground as foreground
from training import scene_furniture as furniture
from training import scene_objects as objects
from training import scene_people as people
from training import scene_plants as plants
from training.light import Lamp
from training.scene import Scene
from training.scene_fittings import Side
from training.scene_mirrors import glass_wall
from training.scene_shell import Room, wall_side
from training.scene_windows import sky_level

Random = np.random.Generator

_ROOFS = {"bars": 0.35, "glass": 0.25, "frosted": 0.12, "strips": 0.13, "solid": 0.15}


@dataclass(frozen=True)
class Hall:
    """The court of an atrium: its plan and height, its storeys, how far the galleries stand in front of the outer walls."""

    court: Room
    storey: float
    floors: int
    deep: float

    @property
    def outer(self) -> Room:
        """The court and the galleries around it."""
        c, d = self.court, self.deep
        return Room(c.x0 - d, c.x1 + d, c.z0 - d, c.z1 + d, c.height)


def atrium(s: Scene, rng: Random) -> None:
    """A court of 7 to 40 m between galleries, what stands in it, and the roof over it."""
    hall = _plan(rng)
    court, outer = hall.court, hall.outer
    s.camera = np.array([0.0, -float(np.clip(rng.normal(1.6, 0.12), 1.1, 2.0)), 0.0])
    plants.backdrop(s, rng, -0.3, 12.0 + max(outer.size))
    floor = (some.tiles, some.tiles, some.wood)[rng.integers(0, 3)](rng)
    s.slab(*outer.middle, outer.size, 0.0, s.material(floor))
    if rng.random() < 0.4:
        s.reflector = (0.0, float(rng.uniform(0.05, 0.3)))
    s.rooms.append(outer.space(float(rng.uniform(0.3, 0.9))))
    _galleries(s, rng, hall)
    _roof(s, rng, hall, str(rng.choice(list(_ROOFS), p=list(_ROOFS.values()))))
    _light(s, rng, outer)
    _stand(s, rng, court)


def _plan(rng: Random) -> Hall:
    w, d = rng.uniform(7, 24), rng.uniform(8, 40)
    storey, floors = rng.uniform(3.2, 5.0), int(rng.integers(2, 6))
    cx, cz = (float(rng.uniform(0.2, 0.8)) * a for a in (w, d))
    return Hall(Room(-cx, w - cx, -cz, d - cz, storey * floors), storey, floors, float(rng.uniform(2.0, 6.0)))


def _galleries(s: Scene, rng: Random, hall: Hall) -> None:
    """Per floor: outer walls, and where there is a gallery its slab, parapet and columns."""
    white = s.material(m.Material(a=m.hsv(rng.uniform(0.05, 0.2), rng.uniform(0, 0.15), rng.uniform(0.7, 0.97)), grain=0.03))
    wall = s.material(some.paint(rng) if rng.random() < 0.6 else some.tiles(rng))
    trim = s.material(some.solid(rng))
    fence = str(rng.choice(["glass", "bars", "wall"], p=[0.4, 0.3, 0.3]))
    sides = rng.random(4) < 0.7
    for k in range(4):
        side = wall_side(hall.court, k)
        if not sides[k]:
            _front(s, rng, hall, side, wall, trim)
            continue
        _shops(s, rng, hall, k, wall, trim)
        for floor in range(1, hall.floors):
            with s.at(0, 0, 0.0, floor * hall.storey):
                _gallery(s, hall, side, (white, trim), fence)
        _columns(s, rng, hall, side, white)
    if hall.court.size[0] > 9 and rng.random() < 0.4:
        fittings.stairs(
            s, rng, hall.court.middle[0], hall.court.middle[1], float(rng.integers(0, 4)) * math.pi / 2, hall.storey
        )


def _front(s: Scene, rng: Random, hall: Hall, side: Side, wall: int, trim: int) -> None:
    """A side without galleries: a wall with rows of windows, or a wall of glass over all floors."""
    (ax, az), (bx, bz) = side.place(0, 0), side.place(side.long, 0)
    if rng.random() < 0.4:
        hole = (0.4, 0.0, side.long - 0.8, hall.court.height - 0.5)
        s.wall((ax, az), (bx, bz), (0.0, hall.court.height), wall, [hole])
        glass_wall(s, rng, side, hole, trim)
        return
    night = s.atmosphere.night
    front = some.facade(rng, hall.storey, night)
    s.wall((ax, az), (bx, bz), (0.0, hall.court.height), s.material(front) if rng.random() < 0.6 else wall)


def _shops(s: Scene, rng: Random, hall: Hall, k: int, wall: int, trim: int) -> None:
    """The wall at the back of the galleries: lit shop windows, doors, signs, on every floor."""
    outer = wall_side(hall.outer, k)
    s.wall(*hall.outer.walls()[k], (0.0, hall.court.height), wall)
    bay = rng.uniform(3.0, 6.0)
    looks = [s.material(_shop_front(rng)) for _ in range(3)]
    for floor in range(hall.floors):
        for i in range(min(6, int(outer.long / bay))):
            if rng.random() < 0.3:
                continue
            x, z = outer.place((i + 0.5) * bay, 0.03)
            low = floor * hall.storey
            s.box(x, low + 0.1, z, (bay * 0.8, 2.4, 0.05), looks[rng.integers(0, 3)], outer.yaw, fixed=True, shadow=False)
            if rng.random() < 0.4:
                s.box(x, low + 2.5, z, (bay * 0.7, 0.45, 0.12), trim, outer.yaw, fixed=True)


def _shop_front(rng: Random) -> m.Material:
    draw = rng.random()
    if draw < 0.4:
        glow = some.glowing(rng, rng.uniform(0.4, 2.5))
        return m.Material(m.ART, glow.a, (0.05, 0.05, 0.05), emission=glow.emission, salt=int(rng.integers(1, 99)), grain=0.2)
    if draw < 0.7:
        return m.Material(a=(0.03, 0.035, 0.04), gloss=0.8)
    return some.wood(rng)


def _gallery(s: Scene, hall: Hall, side: Side, looks: tuple[int, int], fence: str) -> None:
    """One floor of a gallery along a side of the court: its slab, and what keeps people from falling."""
    white, trim = looks
    long = side.long + 2 * hall.deep
    x, z = side.place(side.long / 2, -hall.deep / 2)
    s.box(x, -0.4, z, (long, 0.4, hall.deep), white, side.yaw, fixed=True)
    x, z = side.place(side.long / 2, -0.05)
    if fence == "wall":
        s.box(x, 0, z, (side.long, 1.05, 0.12), white, side.yaw, fixed=True)
        return
    s.box(x, 1.05, z, (side.long, 0.05, 0.06), trim, side.yaw, fixed=True)
    step = 1.5 if fence == "glass" else max(0.25, side.long / 40)
    for k in range(int(side.long / step) + 1):
        px, pz = side.place(k * step, -0.05)
        s.box(px, 0, pz, (0.03, 1.05, 0.03), trim, side.yaw, fixed=True, shadow=False)
    if fence == "glass":
        s.pane(side.place(0, -0.05), side.place(side.long, -0.05), (0.05, 1.02), (0.8, 0.9, 0.87), 0.0)


def _columns(s: Scene, rng: Random, hall: Hall, side: Side, look: int) -> None:
    step, r = rng.uniform(3.5, 7.0), rng.uniform(0.15, 0.4)
    for k in range(int(side.long / step) + 1):
        x, z = side.place(k * step, -0.6)
        with s.at(x, z):
            s.column(0, 0, 0, r, hall.court.height, look)


def _roof(s: Scene, rng: Random, hall: Hall, kind: str) -> None:
    """Roof over the galleries, and over the court as ``kind`` says."""
    court, outer = hall.court, hall.outer
    (w, d), (x, z), high = court.size, court.middle, court.height
    solid = s.material(m.Material(a=m.hsv(0.1, 0.04, rng.uniform(0.5, 0.97)), grain=0.03))
    holes = () if kind == "solid" else ((-w / 2, -d / 2, w / 2, d / 2),)
    if kind == "strips":
        count = int(rng.integers(2, 6))
        holes = tuple((-w / 2, -d / 2 + (k + 0.25) * d / count, w / 2, -d / 2 + (k + 0.75) * d / count) for k in range(count))
    s.slab(x, z, outer.size, high, solid, holes=holes)
    beam = s.material(some.solid(rng, rng.random() < 0.4))
    spacing = {"bars": rng.uniform(0.8, 2.2), "frosted": rng.uniform(0.8, 2.5)}.get(kind, rng.uniform(3.0, 6.0))
    if kind != "solid":
        _beams(s, court, max(spacing, w / 16, d / 16), beam, rng.uniform(0.05, 0.3))
    if kind == "bars":
        s.skylight(x, z, (w, d), high + 0.05, (0.85, 0.9, 0.9), solid=True)
    elif kind == "frosted":
        glow = m.Material(a=(0.92, 0.95, 0.95), grain=0.02, stain=0.1, emission=sky_level(s) * rng.uniform(0.5, 1.1))
        s.slab(x, z, (w, d), high + 0.05, s.material(glow), shadow=False)


def _beams(s: Scene, court: Room, spacing: float, look: int, deep: float) -> None:
    """Bars along both directions under a glass roof."""
    (w, d), (x, z) = court.size, court.middle
    for k in range(1, int(w / spacing) + 1):
        s.box(court.x0 + k * w / (int(w / spacing) + 1), court.height, z, (0.08, deep, d), look, fixed=True)
    for k in range(1, int(d / spacing) + 1):
        s.box(x, court.height, court.z0 + k * d / (int(d / spacing) + 1), (w, deep * 0.7, 0.08), look, fixed=True)


def _light(s: Scene, rng: Random, room: Room) -> None:
    """Lamps among the galleries, so that they are not dark, and lights that hang into the court."""
    low, high = np.array([room.x0, -room.height - 3, room.z0]), np.array([room.x1, 0.5, room.z1])
    area = room.size[0] * room.size[1]
    for k in range(2):
        at = np.array([room.middle[0], -room.height * (0.25 + 0.45 * k), room.middle[1]])
        s.lamps.append(Lamp(at, np.array([1.0, 0.93, 0.83]) * area * rng.uniform(0.03, 0.12), low, high))
    if rng.random() < 0.5:
        glow = s.material(some.glowing(rng, rng.uniform(2, 10)))
        wire = s.material(some.solid(rng, True))
        for _ in range(int(rng.integers(1, 8))):
            x, z = rng.uniform(room.x0 + 3, room.x1 - 3), rng.uniform(room.z0 + 3, room.z1 - 3)
            up, r = rng.uniform(3.0, room.height - 0.5), rng.uniform(0.15, 0.6)
            with s.at(x, z):
                s.ellipsoid(0, up, 0, (r, r * rng.uniform(0.3, 1.0), r), glow, shadow=False)
                s.rod(s.point(0, up, 0), s.point(0, room.height, 0), 0.015, wire)


def _stand(s: Scene, rng: Random, court: Room) -> None:
    """People, trees in tubs, benches, kiosks and banners in the court."""
    green, bark, tub = s.material(some.foliage(rng, 0.5)), s.material(some.wood(rng, False)), s.material(some.plaster(rng))
    for _ in range(int(rng.integers(4, 13))):
        x, z = rng.uniform(court.x0 + 1, court.x1 - 1), rng.uniform(court.z0 + 1, court.z1 - 1)
        yaw, draw = float(rng.integers(0, 4)) * math.pi / 2, rng.random()
        if draw < 0.35:
            people.person(s, rng, x, z)
        elif draw < 0.5:
            with s.at(x, z):
                s.box(0, 0, 0, (1.1, 0.6, 1.1), tub)
                plants.tree(s, rng, 0, 0, green, bark, tall=rng.uniform(2.5, 5.0), base=0.5)
        elif draw < 0.7:
            foreground.thing(s, rng, x, z, yaw)
        elif draw < 0.8:
            furniture.pot_plant(s, rng, x, z, rng.uniform(1.0, 2.0))
        elif draw < 0.9:
            objects.stall(s, rng, x, z, yaw)
        else:
            furniture.table(s, rng, x, z, yaw)
    if rng.random() < 0.4:
        for _ in range(int(rng.integers(1, 4))):
            x, z = rng.uniform(court.x0 + 1, court.x1 - 1), rng.uniform(court.z0 + 1, court.z1 - 1)
            cloth = s.material(m.Material(m.ART, m.hsv(rng.random(), 0.7, 0.7), (0.8, 0.8, 0.8), salt=int(rng.integers(1, 99))))
            with s.at(x, z, rng.uniform(0, 6.28)):
                s.box(0, max(3.5, court.height * 0.45), 0, (1.5, court.height * 0.4, 0.02), cloth)
