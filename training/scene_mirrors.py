"""What mirrors on walls: mirrors in frames, mirrored doors and whole walls, dark screens; and walls of glass.

Truth: a mirror is a surface where it hangs, whatever it shows. Clear glass is not: what is seen through it counts. Frosted
glass is.
"""

from __future__ import annotations

import numpy as np

from training import materials as m
from training import random_materials as some
from training.primitives import Hole, Vec3
from training.scene import Scene
from training.scene_fittings import Side

Random = np.random.Generator


def hang(s: Scene, rng: Random, side: Side, trim: int) -> None:
    """A mirror or a screen on a wall without openings, now and then."""
    draw = rng.random()
    if draw < 0.07:
        mirror(s, rng, side, trim)
    elif draw < 0.1 and side.long > 1.6:
        _mirrored_doors(s, rng, side, trim)
    elif draw < 0.18 and side.long > 1.8:
        _screen(s, rng, side)


def mirror(s: Scene, rng: Random, side: Side, trim: int) -> None:
    """A framed mirror, from a basin's to one that reaches the floor."""
    wide, tall = rng.uniform(0.4, min(1.8, side.long - 0.3)), rng.uniform(0.6, 1.9)
    base = rng.uniform(0.05, 1.3)
    tall = min(tall, side.height - base - 0.1)
    left = rng.uniform(0.1, side.long - wide - 0.1)
    frame = s.material(some.wood(rng, False) if rng.random() < 0.5 else some.solid(rng))
    _framed(s, side, (left, base, wide, tall), frame if rng.random() < 0.7 else trim, float(rng.uniform(0.015, 0.08)))
    _silver(s, side, (left, base, wide, tall), 0.03)


def _mirrored_doors(s: Scene, rng: Random, side: Side, trim: int) -> None:
    """A wall, or a wardrobe before it, whose doors are mirrors."""
    wide, tall = float(side.long * rng.uniform(0.5, 0.98)), float(min(side.height - 0.05, rng.uniform(1.9, 2.7)))
    left = (side.long - wide) * rng.random()
    count = max(1, int(wide / rng.uniform(0.6, 1.4)))
    for k in range(count):
        hole = (left + k * wide / count, 0.03, wide / count, tall - 0.03)
        _framed(s, side, hole, trim, 0.02)
        _silver(s, side, hole, 0.03)


def _silver(s: Scene, side: Side, hole: Hole, off: float) -> None:
    left, base, wide, tall = hole
    s.pane(side.place(left, off), side.place(left + wide, off), (base, base + tall), (0.0, 0.0, 0.0), 0.88, solid=True)


def _framed(s: Scene, side: Side, hole: Hole, look: int, thick: float) -> None:
    """Four bars around a rectangle on a wall."""
    left, base, wide, tall = hole
    bars = [(left, base, thick, tall), (left + wide, base, thick, tall)]
    bars += [(left + wide / 2, base + up, wide + thick, thick) for up in (-thick / 2, tall - thick / 2)]
    for at, low, w, h in bars:
        x, z = side.place(at, 0.025)
        s.box(x, low, z, (w, h, 0.05), look, side.yaw, fixed=True)


def _screen(s: Scene, rng: Random, side: Side) -> None:
    """A dark screen or a black glass panel that mirrors the room faintly, sometimes a lit one."""
    wide = float(min(rng.uniform(0.8, 2.6), side.long - 0.4))
    tall, base = wide * rng.choice([0.5625, 0.5625, 0.42, 0.8]), rng.uniform(0.6, 1.1)
    tall = min(tall, side.height - base - 0.1)
    left = rng.uniform(0.2, max(0.2, side.long - wide - 0.2))
    x, z = side.place(left + wide / 2, 0.03)
    lit = rng.random() < 0.25
    black = m.Material(a=(0.01, 0.01, 0.012), grain=0.0, stain=0.0)
    if lit:
        black = m.Material(
            m.ART, m.hsv(rng.random(), 0.4, 0.6), (0.01, 0.01, 0.01), emission=rng.uniform(0.5, 4), salt=int(rng.integers(99))
        )
    s.box(x, base, z, (wide, tall, 0.05), s.material(black), side.yaw, fixed=True)
    if not lit:
        ends = side.place(left + 0.01, 0.058), side.place(left + wide - 0.01, 0.058)
        s.pane(*ends, (base + 0.01, base + tall - 0.01), (1.0, 1.0, 1.0), float(rng.uniform(0.03, 0.15)), solid=True)


def glass_wall(s: Scene, rng: Random, side: Side, hole: Hole, trim: int) -> None:
    """Panes between thin posts in a wide opening: clear, or frosted as a whole or in a band."""
    left, base, wide, tall = hole
    count = max(1, int(wide / rng.uniform(0.7, 1.8)))
    draw, tint = rng.random(), _tint(rng)
    frost = s.material(
        m.Material(a=m.hsv(rng.uniform(0.4, 0.6), 0.05, rng.uniform(0.75, 0.95)), grain=0.02, emission=rng.uniform(0, 0.4))
    )
    high = (base, base + tall) if draw < 0.15 else (0.9, min(1.5, tall))
    for k in range(count + 1):
        x, z = side.place(left + k * wide / count, 0.0)
        s.box(x, base, z, (0.05, tall, 0.08), trim, side.yaw, fixed=True)
    x, z = side.place(left + wide / 2, 0.0)
    s.box(x, base + tall - 0.05, z, (wide, 0.05, 0.08), trim, side.yaw, fixed=True)
    ends = side.place(left, 0.0), side.place(left + wide, 0.0)
    if draw > 0.15:
        s.pane(*ends, (base, base + tall), tint, float(rng.uniform(0.04, 0.14)))
    if draw < 0.35:
        s.wall(side.place(left, 0.012), side.place(left + wide, 0.012), high, frost, shadow=False)


def _tint(rng: Random) -> Vec3:
    clear, green = rng.uniform(0.7, 0.95), rng.uniform(0.93, 1.0)
    return (clear * green, clear, clear * (1 + green) / 2)
