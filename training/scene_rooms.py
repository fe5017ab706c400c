"""Interiors: rooms with doors, windows, furniture and lamps; what lies behind the openings is a world too."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from training import materials as m
from training import scene_fittings as fittings
from training import scene_furniture as furniture
from training import scene_set_pieces as pieces
from training.scene import FRUSTUM, Hole, Lamp, Scene, Space
from training.scene_plants import backdrop

Random = np.random.Generator


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

    def walls(self) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """The four walls, each from its left to its right end as seen from inside: +z, +x, -z, -x."""
        a, b, c, d = (self.x0, self.z1), (self.x1, self.z1), (self.x1, self.z0), (self.x0, self.z0)
        return [(a, b), (b, c), (c, d), (d, a)]


def interior(s: Scene, rng: Random) -> None:
    """A furnished room (sometimes a hall, a corridor, a bathroom) and, behind its doors, one or two more."""
    use = str(rng.choice(["home", "hall", "corridor", "office", "bath"], p=[0.65, 0.13, 0.07, 0.1, 0.05]))
    hall = use == "hall"
    w, d = _plan(rng, use)
    h = float(rng.uniform(3.5, 8)) if hall else float(np.clip(rng.normal(2.7, 0.35), 2.25, 4.2))
    cx, cz = (float(np.clip(rng.uniform(0.15, 0.85) * a, 0.5, a - 0.5)) for a in (w, d))
    room = Room(-cx, w - cx, -cz, d - cz, h)
    s.camera = np.array([0.0, -float(np.clip(rng.normal(1.52, 0.15), 1.1, min(2.0, h - 0.5))), 0.0])
    look = _finish(s, rng)
    backdrop(s, rng, -rng.choice([0.15, 0.5, 3.0, 9.0]), 8.0 + max(w, d))
    draw = rng.random()
    ceiling = (
        "barrel" if draw < 0.08 else "slope" if draw < 0.13 else "attic" if draw < 0.19 else "cove" if draw < 0.3 else "flat"
    )
    _space(s, rng, room)
    bright = float(rng.choice([0.1, 0.5, 1.0, 1.6]))
    kinds = rng.choice(["closed", "window", "door", "open"], 4, p=[0.32, 0.34, 0.19, 0.15])
    for k, wall in enumerate(room.walls()):
        _wall(s, rng, room, k, wall, str(kinds[k]), look)
        if kinds[k] == "window" and not s.atmosphere.night:
            _daylight(s, room, wall, bright)
    _shell(s, rng, room, look, ceiling)
    if not hall and min(w, d) > 3.5 and rng.random() < 0.3:
        _notch(s, rng, room, look)
    if use == "office":
        pieces.rows_of_tables(s, rng, (room.x0, room.x1), (room.z0, room.z1))
    if use == "bath":
        pieces.bathroom(s, rng, (room.x0, room.x1), (room.z0, room.z1))
    count = {"hall": 14, "home": 9, "office": 4, "corridor": 3, "bath": 2}[use]
    _furnish(s, rng, room, int(rng.integers(count // 2, count + 3)))
    if rng.random() < 0.12 and min(w, d) > 4:
        fittings.stairs(
            s,
            rng,
            rng.uniform(room.x0 + 1, room.x1 - 1),
            rng.uniform(room.z0 + 1, room.z1 - 1),
            rng.integers(0, 4) * math.pi / 2,
            h,
        )
    _lights(s, rng, room)
    if hall:
        _columns(s, rng, room, look)


def _plan(rng: Random, use: str) -> tuple[float, float]:
    if use == "hall":
        return rng.uniform(9, 30), rng.uniform(8, 24)
    if use == "corridor":
        return rng.uniform(1.3, 2.6), rng.uniform(6, 26)
    if use == "office":
        return rng.uniform(5, 14), rng.uniform(5, 14)
    if use == "bath":
        return rng.uniform(1.8, 4), rng.uniform(1.8, 4)
    return rng.uniform(2.5, 9), rng.uniform(2.8, 10)


def _space(s: Scene, rng: Random, room: Room) -> None:
    low, high = np.array([room.x0, -room.height - 3.0, room.z0]), np.array([room.x1, 0.0, room.z1])
    s.rooms.append(Space(low, high, float(np.exp(rng.uniform(-3.0, -1.0)))))


def _daylight(s: Scene, room: Room, wall: tuple[tuple[float, float], tuple[float, float]], bright: float) -> None:
    """What a wall of windows sends into the room, as a lamp just inside it."""
    (ax, az), (bx, bz) = wall
    x, z = (ax + bx) / 2, (az + bz) / 2
    inward = np.array([(room.x0 + room.x1) / 2 - x, (room.z0 + room.z1) / 2 - z])
    x, z = np.array([x, z]) + inward / max(float(np.linalg.norm(inward)), 1e-6) * 0.35
    air = s.atmosphere
    color = (np.asarray(air.zenith) + np.asarray(air.horizon)) * air.ambient * bright
    low, high = np.array([room.x0 - 0.1, -room.height - 4, room.z0 - 0.1]), np.array([room.x1 + 0.1, 0.1, room.z1 + 0.1])
    s.lamps.append(Lamp(np.array([x, -1.5, z]), color, low, high, bright > 0.7))


def _notch(s: Scene, rng: Random, room: Room, look: Finish) -> None:
    """Make the room L-shaped: a block from floor to ceiling fills a corner that the camera is not in."""
    (w, d), i, j = room.size, rng.integers(0, 2), rng.integers(0, 2)
    bw, bd = rng.uniform(0.2, 0.5) * w, rng.uniform(0.2, 0.5) * d
    x = room.x0 + bw / 2 if i else room.x1 - bw / 2
    z = room.z0 + bd / 2 if j else room.z1 - bd / 2
    if abs(x) > bw / 2 + 0.5 or abs(z) > bd / 2 + 0.5:
        s.box(x, 0, z, (bw, room.height, bd), look.wall, fixed=True)


@dataclass(frozen=True)
class Finish:
    """Material numbers of a room."""

    wall: int
    floor: int
    ceiling: int
    trim: int
    door: int


def _finish(s: Scene, rng: Random) -> Finish:
    floor = (m.wood, m.tiles, m.tiles, m.carpet)[rng.integers(0, 4)](rng)
    floor = replace(floor, turn=int(rng.integers(0, 2)), gloss=0.0)
    if floor.pattern == m.BORDER:
        floor = replace(floor, pattern=m.PLAIN)
    pale = m.Material(a=m.hsv(rng.uniform(0.05, 0.2), rng.uniform(0, 0.12), rng.uniform(0.75, 0.97)), grain=0.02, stain=0.05)
    ceiling = pale if rng.random() < 0.75 else (m.wood(rng) if rng.random() < 0.5 else replace(m.tiles(rng, 0.6), gloss=0.0))
    trim = m.solid(rng) if rng.random() < 0.4 else m.Material(a=m.hsv(0.1, 0.05, rng.uniform(0.7, 0.95)), grain=0.02)
    draw = rng.random()
    wall = m.brick(rng) if draw < 0.08 else m.tiles(rng) if draw < 0.14 else m.paint(rng)
    if rng.random() < 0.2:
        s.reflector = (0.0, float(rng.uniform(0.03, 0.3)))
    return Finish(*(s.material(x) for x in (wall, floor, ceiling, trim, m.wood(rng, False))))


def _shell(s: Scene, rng: Random, room: Room, look: Finish, vault: str) -> None:
    (w, d), x, z = room.size, (room.x0 + room.x1) / 2, (room.z0 + room.z1) / 2
    s.slab(x, z, (w, d), 0.0, look.floor)
    _ceiling(s, rng, room, look, vault)
    if vault in ("flat", "slope") and rng.random() < 0.2:
        beam = s.material(m.wood(rng, False))
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
    (w, d), x, z = room.size, (room.x0 + room.x1) / 2, (room.z0 + room.z1) / 2
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
        s.slab(x, z, (w, d), room.height, look.ceiling)
        if vault == "cove" and min(w, d) > 2.5:
            fittings.cove(s, rng, (x, z), (w, d), room.height, look.ceiling)
    if rise > 0.0:
        for start, end in gables:
            s.wall(start, end, (room.height, room.height + rise), look.wall)


def _wall(
    s: Scene, rng: Random, room: Room, k: int, ends: tuple[tuple[float, float], tuple[float, float]], kind: str, look: Finish
) -> None:
    long = room.size[k % 2]
    holes: list[Hole] = []
    if kind == "window":
        holes = _windows(rng, long, room.height)
    elif kind in ("door", "open"):
        wide = min(rng.uniform(0.8, 1.1) if kind == "door" else rng.uniform(1.2, 4.0), long - 0.5)
        tall = min(2.05 if kind == "door" else rng.uniform(2.0, 2.6), room.height - 0.1)
        holes = [(rng.uniform(0.2, max(0.21, long - wide - 0.2)), 0.0, wide, tall)]
    look_wall = s.material(m.paint(rng)) if rng.random() < 0.2 else look.wall
    s.wall(*ends, (0.0, room.height), look_wall, holes)
    (ax, az), (bx, bz) = ends
    along = np.array([bx - ax, bz - az]) / long
    out = np.array([along[1] * -1, along[0]])
    for left, sill, wide, tall in holes:
        frame = [
            (left, sill, 0.06, tall), (left + wide, sill, 0.06, tall), (left + wide / 2, sill + tall - 0.03, wide, 0.06),
        ]  # fmt: skip
        if kind == "window":
            frame.append((left + wide / 2, sill - 0.03, wide + 0.1, 0.05))
            frame += [(left + wide * i / 2, sill, 0.05, tall) for i in ([1] if wide > 0.9 else [])]
        for at, base, fw, fh in frame:
            p = np.array([ax, az]) + along * at
            s.box(p[0], base, p[1], (fw, fh, 0.16), look.trim, yaw=math.atan2(-along[1], along[0]), fixed=True)
        middle = np.array([ax, az]) + along * (left + wide / 2)
        if kind != "window":
            _next_room(s, rng, room, k, middle, out, kind == "door")
        elif rng.random() < 0.35:
            cloth = s.material(replace(m.fabric(rng), pattern=m.STRIPES, cell=(0.12, 1), b=m.fabric(rng).a))
            for side in (-1, 1):
                p = middle + along * side * (wide / 2 + 0.1) - out * 0.08
                s.box(p[0], 0.05, p[1], (0.4, sill + tall + 0.1, 0.07), cloth, yaw=math.atan2(-along[1], along[0]))
    if not holes:
        fittings.dress(s, rng, fittings.Side(np.array([ax, az]), along, out, long, room.height), look.trim, look.door)


def _windows(rng: Random, long: float, height: float) -> list[Hole]:
    wide = float(rng.uniform(0.6, 2.2))
    count = max(1, min(4, int((long - 0.4) / (wide + 0.5))))
    wide = min(wide, long - 0.5)
    sill = float(rng.choice([0.05, 0.9, 0.9, 1.0]))
    tall = float(np.clip(rng.uniform(1.1, 2.2), 0.6, height - sill - 0.2))
    step = long / count
    return [(step * (i + 0.5) - wide / 2, sill, wide, tall) for i in range(count)]


def _next_room(s: Scene, rng: Random, room: Room, k: int, middle: np.ndarray, out: np.ndarray, narrow: bool) -> None:
    """A simple room behind an opening: floor, ceiling, three walls, a thing or two."""
    deep, wide = rng.uniform(2, 7), rng.uniform(1.4 if narrow else 3.5, 6)
    side = np.array([-out[1], out[0]])
    c = middle + out * (deep / 2 + 0.05)
    look = _finish_next(s, rng)
    half = np.abs(out) * deep / 2 + np.abs(side) * wide / 2
    back = Room(c[0] - half[0], c[0] + half[0], c[1] - half[1], c[1] + half[1], min(room.height, rng.uniform(2.3, 3.0)))
    s.slab(c[0], c[1], back.size, 0.0, look[1])
    s.slab(c[0], c[1], back.size, back.height, look[2])
    for j, (start, end) in enumerate(back.walls()):
        if j == (k + 2) % 4:
            continue
        holes = _windows(rng, back.size[j % 2], back.height) if rng.random() < 0.3 else []
        s.wall(start, end, (0.0, back.height), look[0], holes)
    _space(s, rng, back)
    _furnish(s, rng, back, int(rng.integers(0, 4)))
    if rng.random() < 0.7:
        _lamp(s, rng, back, (float(c[0]), float(c[1])), back.height - 0.3, rng.uniform(1, 6))


def _finish_next(s: Scene, rng: Random) -> tuple[int, int, int]:
    floor = replace(m.wood(rng) if rng.random() < 0.5 else m.tiles(rng), gloss=0.0)
    pale = m.Material(a=m.hsv(0.1, 0.05, rng.uniform(0.7, 0.95)), grain=0.02)
    return s.material(m.paint(rng)), s.material(floor), s.material(pale)


def _furnish(s: Scene, rng: Random, room: Room, count: int) -> None:
    w, d = room.size
    if min(w, d) < 1.2:
        return
    if rng.random() < 0.5 and min(w, d) > 2.5:
        rug = s.material(m.carpet(rng))
        s.slab(
            rng.uniform(room.x0 + 1, room.x1 - 1),
            rng.uniform(room.z0 + 1, room.z1 - 1),
            (min(w - 1, rng.uniform(1.2, 3)), min(d - 1, rng.uniform(1.2, 3))),
            0.008,
            rug,
        )
    for kind in rng.choice(list(_THINGS), count, p=list(_THINGS.values())):
        _stand(s, rng, room, str(kind))


_THINGS = {
    "table": 0.2, "chair": 0.12, "sofa": 0.18, "bed": 0.06, "cabinet": 0.2, "lamp": 0.07, "plant": 0.09, "person": 0.04,
    "clutter": 0.04,
}  # fmt: skip


def _stand(s: Scene, rng: Random, room: Room, kind: str) -> None:
    x, z = rng.uniform(room.x0 + 0.6, room.x1 - 0.6), rng.uniform(room.z0 + 0.6, room.z1 - 0.6)
    yaw = float(rng.integers(0, 4)) * math.pi / 2 + (rng.normal(0, 0.3) if rng.random() < 0.3 else 0.0)
    against_wall = {"sofa": (furniture.sofa, 0.5), "bed": (furniture.bed, 1.1), "cabinet": (furniture.cabinet, 0.3)}
    if kind in against_wall:
        put, off = against_wall[kind]
        put(s, rng, *_against(rng, room, off))
    elif kind == "table":
        furniture.table(s, rng, x, z, yaw)
    elif kind == "chair":
        furniture.chair(s, rng, x, z, yaw)
    elif kind == "lamp":
        furniture.floor_lamp(s, rng, x, z)
    elif kind == "plant":
        furniture.pot_plant(s, rng, x, z, rng.uniform(0.7, 1.6))
    elif kind == "person":
        furniture.person(s, rng, x, z)
    else:
        with s.at(x, z, yaw):
            furniture.clutter(s, rng, (-0.5, 0.5), (-0.5, 0.5), 0.0, 3)


def _against(rng: Random, room: Room, off: float) -> tuple[float, float, float]:
    """A place at a wall, looking into the room: x, z, yaw."""
    k = int(rng.integers(0, 4))
    x, z = rng.uniform(room.x0 + 0.5, room.x1 - 0.5), rng.uniform(room.z0 + 0.5, room.z1 - 0.5)
    if k == 0:
        return x, room.z1 - off, math.pi
    if k == 1:
        return room.x1 - off, z, -math.pi / 2
    if k == 2:
        return x, room.z0 + off, 0.0
    return room.x0 + off, z, math.pi / 2


def _lamp(
    s: Scene, rng: Random, room: Room, at: tuple[float, float], height: float, power: float, shadow: bool = False
) -> None:
    warm = np.array([1.0, rng.uniform(0.7, 1.0), rng.uniform(0.45, 1.0)])
    low, high = np.array([room.x0 - 0.1, -room.height - 4.0, room.z0 - 0.1]), np.array([room.x1 + 0.1, 0.5, room.z1 + 0.1])
    s.lamps.append(Lamp(np.array([at[0], -height, at[1]]), power * warm, low, high, shadow))


def _lights(s: Scene, rng: Random, room: Room) -> None:
    (w, d), h = room.size, room.height
    style = rng.random()
    area = w * d
    if style < 0.35:
        x, z = (room.x0 + room.x1) / 2, (room.z0 + room.z1) / 2
        drop = rng.uniform(0.1, 0.9)
        glow = s.material(m.glowing(rng, rng.uniform(1.5, 6)))
        r = rng.uniform(0.1, 0.3)
        with s.at(x, z):
            s.ellipsoid(0, h - drop, 0, (r, r * rng.uniform(0.4, 1), r), glow, shadow=False)
            s.rod(s.point(0, h - drop, 0), s.point(0, h, 0), 0.015, s.material(m.solid(rng, True)))
        _lamp(s, rng, room, (x, z), h - drop - 0.1, area * rng.uniform(0.15, 0.5), True)
        return
    panel = style < 0.75
    glow = s.material(m.glowing(rng, rng.uniform(2, 8)))
    nx, nz = max(1, min(5, int(w / rng.uniform(1.2, 3)))), max(1, min(5, int(d / rng.uniform(1.2, 3))))
    size = rng.uniform(0.08, 0.2) if not panel or rng.random() < 0.5 else rng.uniform(0.3, 1.2)
    for i in range(nx):
        for j in range(nz):
            x, z = room.x0 + (i + 0.5) * w / nx, room.z0 + (j + 0.5) * d / nz
            s.box(x, h - 0.02, z, (size, 0.03, size), glow, fixed=True, shadow=False)
    if panel:
        for fx, fz in ((0.27, 0.27), (0.73, 0.73)):
            _lamp(s, rng, room, (room.x0 + fx * w, room.z0 + fz * d), h - 0.25, area * rng.uniform(0.05, 0.25), fx < 0.5)


def _columns(s: Scene, rng: Random, room: Room, look: Finish) -> None:
    round_ = rng.random() < 0.6
    r = rng.uniform(0.15, 0.45)
    for i in range(int(room.size[0] / 4)):
        for z in (room.z0 + room.size[1] * 0.25, room.z0 + room.size[1] * 0.75):
            with s.at(room.x0 + 2 + i * 4, z):
                if round_:
                    s.column(0, 0, 0, r, room.height, look.trim)
                else:
                    s.box(0, 0, 0, (2 * r, room.height, 2 * r), look.wall)
