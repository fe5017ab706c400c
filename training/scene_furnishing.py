"""Where the furniture of a room goes."""

from __future__ import annotations

import math

import numpy as np

from training import random_materials as some
from training import scene_furniture as furniture
from training import scene_people as people
from training.scene import Scene
from training.scene_shell import Room

Random = np.random.Generator

_SHARES = {
    "table": 0.2, "chair": 0.12, "sofa": 0.18, "bed": 0.06, "cabinet": 0.2, "lamp": 0.07, "plant": 0.09, "person": 0.04,
    "clutter": 0.04,
}  # fmt: skip


def furnish(s: Scene, rng: Random, room: Room, count: int) -> None:
    """A rug now and then, and ``count`` random things."""
    w, d = room.size
    if min(w, d) < 1.2:
        return
    if rng.random() < 0.5 and min(w, d) > 2.5:
        rug = s.material(some.carpet(rng))
        s.slab(
            rng.uniform(room.x0 + 1, room.x1 - 1),
            rng.uniform(room.z0 + 1, room.z1 - 1),
            (min(w - 1, rng.uniform(1.2, 3)), min(d - 1, rng.uniform(1.2, 3))),
            0.008,
            rug,
        )
    for kind in rng.choice(list(_SHARES), count, p=list(_SHARES.values())):
        _stand(s, rng, room, str(kind))


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
        people.person(s, rng, x, z)
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
