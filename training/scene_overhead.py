"""Ceilings that are easily taken for sky: coffers, glowing fields, strips of light, skylights and glass roofs.

Truth: under a skylight of clear glass the sky is sky; a frosted or glowing field is a ceiling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training import materials as m
from training import random_materials as some
from training.primitives import Hole
from training.scene import Scene
from training.scene_windows import GLARE, sky_level

if TYPE_CHECKING:
    from training.scene_shell import Room

Random = np.random.Generator


def coffers(s: Scene, rng: Random, room: Room, look: int) -> None:
    """A grid of beams under the ceiling."""
    (w, d), (x, z) = room.size, room.middle
    deep, wide = rng.uniform(0.08, 0.3), rng.uniform(0.08, 0.35)
    step = float(np.clip(rng.uniform(0.8, 2.5), min(w, d) / 7, None))
    for k in range(1, int(w / step) + 1):
        s.box(room.x0 + k * w / (int(w / step) + 1), room.height - deep, z, (wide, deep, d), look, fixed=True)
    for k in range(1, int(d / step) + 1):
        s.box(x, room.height - deep, room.z0 + k * d / (int(d / step) + 1), (w, deep, wide), look, fixed=True)


def glowing_field(s: Scene, rng: Random, room: Room) -> None:
    """A stretched or tiled white field, lit from within, over most of the ceiling, in one to six parts."""
    (w, d), glow = room.size, some.glowing(rng, rng.uniform(1.0, 6.0))
    if rng.random() < 0.5:
        size = rng.uniform(0.5, 1.4)
        glow = m.Material(
            m.CELLS, glow.a, (0.1, 0.1, 0.1), cell=(size, size), gap=0.02, vary=0.05, grain=0.0, emission=glow.emission
        )
    look, share = s.material(glow), rng.uniform(0.5, 0.93)
    nx, nz = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    for i in range(nx):
        for j in range(nz):
            x, z = room.x0 + (i + 0.5) * w / nx, room.z0 + (j + 0.5) * d / nz
            s.box(x, room.height - 0.03, z, (w / nx * share, 0.03, d / nz * share), look, fixed=True, shadow=False)


def strips(s: Scene, rng: Random, room: Room) -> None:
    """Long lines of light on or under the ceiling, along one direction."""
    (w, d), (x, z) = room.size, room.middle
    look = s.material(some.glowing(rng, rng.uniform(2.0, 12.0)))
    drop, wide, count = float(rng.choice([0.03, 0.05, 0.5])), rng.uniform(0.04, 0.2), int(rng.integers(1, 6))
    along = rng.random() < 0.5
    for k in range(count):
        at = (k + 0.5) / count
        if along:
            s.box(x, room.height - drop, room.z0 + at * d, (0.8 * w, 0.04, wide), look, fixed=True, shadow=False)
        else:
            s.box(room.x0 + at * w, room.height - drop, z, (wide, 0.04, 0.8 * d), look, fixed=True, shadow=False)


def skylights(rng: Random, room: Room) -> list[Hole]:
    """One to four openings (x0, z0, width, depth) for a flat ceiling, in metres from its middle."""
    (w, d), count = room.size, int(rng.integers(1, 5))
    wide, deep = rng.uniform(0.15, 0.6) * w / count, rng.uniform(0.15, 0.55) * d
    return [(-w / 2 + (k + 0.5) * w / count - wide / 2, -deep / 2, wide, deep) for k in range(count)]


def skylight_frames(s: Scene, rng: Random, room: Room, holes: list[Hole], look: int) -> None:
    """Shafts, bars and panes of the openings of a ceiling: clear to the sky, or frosted."""
    frosted = s.material(m.Material(a=(0.93, 0.95, 0.95), grain=0.02, stain=0.1, emission=sky_level(s) * rng.uniform(0.6, 1.2)))
    clear, deep, bars = rng.random() < 0.6 and s.atmosphere.indoor < GLARE, rng.uniform(0.15, 0.7), int(rng.integers(0, 4))
    x, z = room.middle
    for x0, z0, wide, long in holes:
        cx, cz = x + x0 + wide / 2, z + z0 + long / 2
        for k in (-1, 1):
            s.box(cx + k * (wide / 2 + 0.03), room.height, cz, (0.06, deep, long + 0.12), look, fixed=True)
            s.box(cx, room.height, cz + k * (long / 2 + 0.03), (wide, deep, 0.06), look, fixed=True)
        for k in range(1, bars + 1):
            s.box(cx, room.height + deep - 0.06, cz - long / 2 + k * long / (bars + 1), (wide, 0.06, 0.06), look, fixed=True)
        if not clear:
            s.slab(cx, cz, (wide, long), room.height + deep - 0.01, frosted, shadow=False)
