"""The walls of a room: windows, doors, passages, walls of glass, curtains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training.primitives import Hole
from training.scene import Scene
from training.scene_fittings import Side, dress
from training.scene_mirrors import glass_wall, hang
from training.scene_next_room import Openings, next_room
from training.scene_shell import Finish, Room, wall_side
from training.scene_windows import fill, window_holes

Random = np.random.Generator


def build_wall(s: Scene, rng: Random, room: Room, k: int, kind: str, look: Finish, openings: Openings) -> None:
    """The ``k``-th wall of a room; ``kind`` is closed, window, door, glass or open (a passage without a leaf)."""
    side = wall_side(room, k)
    holes = _openings(rng, kind, side.long, room.height)
    paper = s.material(some.paint(rng)) if rng.random() < 0.2 else look.wall
    s.wall(*room.walls()[k], (0.0, room.height), paper, holes)
    for hole in holes:
        _frame(s, side, hole, look.trim, window=kind == "window")
        if kind == "window":
            fill(s, side, hole, openings.glazing)
            if rng.random() < 0.35:
                _curtains(s, rng, side, hole)
            continue
        if kind == "glass":
            glass_wall(s, rng, side, hole, look.trim)
        least = max({"door": 1.4, "open": 3.5}.get(kind, 0.0), hole[2] + 0.4)
        next_room(s, rng, (side, k), hole, least, openings)
    if not holes:
        dress(s, rng, side, look.trim, look.door)
        hang(s, rng, side, look.trim)


def _openings(rng: Random, kind: str, long: float, height: float) -> list[Hole]:
    if kind == "window":
        return window_holes(rng, long, height)
    if kind == "closed":
        return []
    if kind == "glass":
        return [(0.15, 0.0, long - 0.3, float(min(height - 0.1, rng.uniform(2.1, 3.2))))]
    wide = min(rng.uniform(0.8, 1.1) if kind == "door" else rng.uniform(1.2, 4.0), long - 0.5)
    tall = min(2.05 if kind == "door" else rng.uniform(2.0, 2.6), height - 0.1)
    return [(rng.uniform(0.2, max(0.21, long - wide - 0.2)), 0.0, wide, tall)]


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
