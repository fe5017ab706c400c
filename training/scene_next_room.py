"""The room next door, as far as an opening shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training.primitives import Hole
from training.scene import Scene
from training.scene_fittings import Side
from training.scene_furnishing import furnish
from training.scene_lamps import lamp
from training.scene_shell import Room, wall_side
from training.scene_windows import Glazing, fill, window_holes

Random = np.random.Generator


@dataclass(frozen=True)
class Openings:
    """What the walls of a room have: how windows are filled, and whether the rooms next door have any."""

    glazing: Glazing
    windows_beyond: bool = True


def next_room(s: Scene, rng: Random, wall: tuple[Side, int], hole: Hole, least: float, openings: Openings) -> None:
    """A simple room behind an opening of a wall (and the wall's number): floor, ceiling, three walls, a thing or two.

    It is at least ``least`` wide.
    """
    side, k = wall
    back = _plan(rng, side, hole, least)
    paint, floor, ceiling = _finish(s, rng)
    s.slab(*back.middle, back.size, 0.0, floor)
    s.slab(*back.middle, back.size, back.height, ceiling)
    for j, (start, end) in enumerate(back.walls()):
        if j == (k + 2) % 4:
            continue
        lit = openings.windows_beyond and rng.random() < 0.3
        holes = window_holes(rng, back.size[j % 2], back.height) if lit else []
        s.wall(start, end, (0.0, back.height), paint, holes)
        for opening in holes:
            fill(s, wall_side(back, j), opening, openings.glazing)
    s.rooms.append(back.space(float(np.exp(rng.uniform(-3.0, -1.0))) / max(s.atmosphere.indoor, 1.0)))
    furnish(s, rng, back, int(rng.integers(0, 4)))
    if rng.random() < 0.7:
        lamp(s, rng, back, back.middle, back.height - 0.3, rng.uniform(1, 4))


def _plan(rng: Random, side: Side, hole: Hole, least: float) -> Room:
    """A room that begins at the wall and is higher than the opening, so that nothing shows past it."""
    deep, wide = rng.uniform(2, 7), rng.uniform(least, max(6, least))
    middle = side.left + side.along * (hole[0] + hole[2] / 2) + side.out * deep / 2
    half = np.abs(side.out) * deep / 2 + np.abs(side.along) * wide / 2
    height = max(min(side.height, rng.uniform(2.3, 3.0)), hole[1] + hole[3] + 0.02)
    return Room(middle[0] - half[0], middle[0] + half[0], middle[1] - half[1], middle[1] + half[1], height)


def _finish(s: Scene, rng: Random) -> tuple[int, int, int]:
    floor = replace(some.wood(rng) if rng.random() < 0.5 else some.tiles(rng), gloss=0.0)
    pale = m.Material(a=m.hsv(0.1, 0.05, rng.uniform(0.7, 0.95)), grain=0.02)
    return s.material(some.paint(rng)), s.material(floor), s.material(pale)
