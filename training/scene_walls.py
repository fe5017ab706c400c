"""The walls of a room: windows, doors, passages, what is seen through them, curtains, skirting and pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training.primitives import Hole
from training.scene import Scene
from training.scene_fittings import Side, dress
from training.scene_furnishing import furnish
from training.scene_lamps import lamp
from training.scene_shell import Finish, Room

Random = np.random.Generator


def build_wall(s: Scene, rng: Random, room: Room, k: int, kind: str, look: Finish) -> None:
    """The ``k``-th wall of a room; ``kind`` is closed, window, door or open (a passage without a leaf)."""
    start, end = room.walls()[k]
    long = room.size[k % 2]
    holes = _openings(rng, kind, long, room.height)
    paper = s.material(some.paint(rng)) if rng.random() < 0.2 else look.wall
    s.wall(start, end, (0.0, room.height), paper, holes)
    left = np.array(start)
    along = (np.array(end) - left) / long
    side = Side(left, along, np.array([along[1] * -1, along[0]]), long, room.height)
    for hole in holes:
        _frame(s, side, hole, look.trim, window=kind == "window")
        middle = left + along * (hole[0] + hole[2] / 2)
        if kind != "window":
            _next_room(s, rng, room, k, middle, side.out, kind == "door")
        elif rng.random() < 0.35:
            _curtains(s, rng, side, hole)
    if not holes:
        dress(s, rng, side, look.trim, look.door)


def _openings(rng: Random, kind: str, long: float, height: float) -> list[Hole]:
    if kind == "window":
        return _windows(rng, long, height)
    if kind == "closed":
        return []
    wide = min(rng.uniform(0.8, 1.1) if kind == "door" else rng.uniform(1.2, 4.0), long - 0.5)
    tall = min(2.05 if kind == "door" else rng.uniform(2.0, 2.6), height - 0.1)
    return [(rng.uniform(0.2, max(0.21, long - wide - 0.2)), 0.0, wide, tall)]


def _windows(rng: Random, long: float, height: float) -> list[Hole]:
    wide = float(rng.uniform(0.6, 2.2))
    count = max(1, min(4, int((long - 0.4) / (wide + 0.5))))
    wide = min(wide, long - 0.5)
    sill = float(rng.choice([0.05, 0.9, 0.9, 1.0]))
    tall = float(np.clip(rng.uniform(1.1, 2.2), 0.6, height - sill - 0.2))
    step = long / count
    return [(step * (i + 0.5) - wide / 2, sill, wide, tall) for i in range(count)]


def _frame(s: Scene, side: Side, hole: Hole, trim: int, window: bool) -> None:
    """Jambs and lintel of an opening; for windows a sill and, if they are wide, a bar."""
    left, sill, wide, tall = hole
    bars = [(left, sill, 0.06, tall), (left + wide, sill, 0.06, tall), (left + wide / 2, sill + tall - 0.03, wide, 0.06)]
    if window:
        bars.append((left + wide / 2, sill - 0.03, wide + 0.1, 0.05))
        bars += [(left + wide / 2, sill, 0.05, tall)] if wide > 0.9 else []
    for at, base, w, h in bars:
        p = side.left + side.along * at
        s.box(p[0], base, p[1], (w, h, 0.16), trim, yaw=side.yaw, fixed=True)


def _curtains(s: Scene, rng: Random, side: Side, hole: Hole) -> None:
    left, sill, wide, tall = hole
    cloth = s.material(replace(some.fabric(rng), pattern=m.STRIPES, cell=(0.12, 1), b=some.fabric(rng).a))
    middle = side.left + side.along * (left + wide / 2)
    for k in (-1, 1):
        p = middle + side.along * k * (wide / 2 + 0.1) - side.out * 0.08
        s.box(p[0], 0.05, p[1], (0.4, sill + tall + 0.1, 0.07), cloth, yaw=side.yaw)


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
    s.rooms.append(back.space(float(np.exp(rng.uniform(-3.0, -1.0)))))
    furnish(s, rng, back, int(rng.integers(0, 4)))
    if rng.random() < 0.7:
        lamp(s, rng, back, (float(c[0]), float(c[1])), back.height - 0.3, rng.uniform(1, 6))


def _finish_next(s: Scene, rng: Random) -> tuple[int, int, int]:
    floor = replace(some.wood(rng) if rng.random() < 0.5 else some.tiles(rng), gloss=0.0)
    pale = m.Material(a=m.hsv(0.1, 0.05, rng.uniform(0.7, 0.95)), grain=0.02)
    return s.material(some.paint(rng)), s.material(floor), s.material(pale)
