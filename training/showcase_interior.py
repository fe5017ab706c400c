"""The hand-composed living room of ``TestImage``."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training import scene_fittings as fittings
from training import scene_furniture as furniture
from training import scene_objects as objects
from training import showcase_materials as fixed
from training import showcase_parts as parts
from training.light import Space
from training.scene import Scene
from training.showcase_light import day, lamp


def interior() -> Scene:
    """A living room: daylight through tall windows, a dining table, shelves, a second room behind an open door."""
    s, rng = Scene(day(0.95, 0.6, 0.35)), np.random.default_rng(11)
    s.atmosphere.indoor = 1.0
    s.camera, s.yaw = np.array([0.0, -1.55, 0.0]), 0.35
    x0, x1, z0, z1, h = -3.4, 4.2, -2.9, 3.3, 2.95
    wall = s.material(m.Material(a=(0.66, 0.6, 0.5), grain=0.03, stain=0.06, grain_m=1.2))
    accent = s.material(m.Material(a=(0.07, 0.13, 0.15), grain=0.04, stain=0.08, grain_m=1.5))
    trim, oak, iron = s.material(fixed.WHITE), s.material(fixed.OAK), s.material(fixed.IRON)
    s.slab(0.4, 0.2, (x1 - x0, z1 - z0), 0.0, s.material(fixed.PLANKS))
    s.slab(0.4, 0.2, (x1 - x0, z1 - z0), h, s.material(fixed.WHITE))
    s.reflector = (0.0, 0.05)
    s.rooms.append(Space(np.array([x0, -h - 1, z0]), np.array([x1, 0, z1]), 0.16))
    windows = [(0.6, 0.12, 1.5, 2.4), (2.35, 0.12, 1.5, 2.4), (4.1, 0.12, 1.5, 2.4)]
    s.wall((x1, z1), (x1, z0), (0, h), wall, windows)
    s.wall((x0, z1), (x1, z1), (0, h), accent, [(0.7, 0.0, 1.0, 2.1)])
    s.wall((x1, z0), (x0, z0), (0, h), wall)
    s.wall((x0, z0), (x0, z1), (0, h), wall, [(1.6, 1.0, 1.5, 1.35)])
    _window_frames(s, x1, z1, windows, trim)
    _window_frames(s, x0, 0.0, [(-(z0 + 1.6 + 1.5), 1.0, 1.5, 1.35)], trim)
    _skirting(s, (x0, x1, z0, z1, h), trim)
    fittings.cove(s, np.random.default_rng(3), (0.4, 0.2), (x1 - x0, z1 - z0), h, trim)
    _behind_the_door(s, rng, x0 + 1.2, z1)
    _garden(s, rng)
    _living(s, (oak, iron, trim))
    for z in (-1.3, 0.45, 2.2):
        s.lamps.append(lamp((x1 - 0.35, 1.5, z), (0.85, 0.92, 1.0), 1.5, (x0, x1, z0, z1, h), z == 0.45))
    s.lamps.append(lamp((-0.9, 1.85, 1.6), (1.0, 0.72, 0.42), 1.7, (x0, x1, z0, z1, h), True))
    s.lamps.append(lamp((3.3, 1.5, -2.2), (1.0, 0.7, 0.4), 0.7, (x0, x1, z0, z1, h), False))
    parts.sign(s, (1.6, 1.75, z1 - 0.03), 0.0, 1.9, ((0.72, 0.66, 0.52), (0.04, 0.03, 0.02)))
    return s


def _window_frames(s: Scene, x: float, z1: float, windows: list[tuple[float, float, float, float]], trim: int) -> None:
    for left, sill, wide, tall in windows:
        z = z1 - left
        for dz, w, base, high in (
            (0, 0.07, 0, tall),
            (-wide, 0.07, 0, tall),
            (-wide / 2, 0.05, 0, tall),
            (-wide / 2, wide, tall - 0.07, 0.07),
            (-wide / 2, wide, 0, 0.07),
            (-wide / 2, wide, tall * 0.72, 0.04),
        ):
            s.box(x, sill + base, z + dz, (0.14, high, w), trim, fixed=True)


def _skirting(s: Scene, room: tuple[float, ...], trim: int) -> None:
    x0, x1, z0, z1, _ = room
    for z in (z0, z1):
        s.box(x0 + 5.0 if z == z1 else (x0 + x1) / 2, 0, z, (5.2 if z == z1 else x1 - x0, 0.12, 0.03), trim, fixed=True)
    s.box(x0, 0, (z0 + z1) / 2, (0.03, 0.12, z1 - z0), trim, fixed=True)


def _behind_the_door(s: Scene, rng: np.random.Generator, x: float, z: float) -> None:
    wall = s.material(m.Material(a=(0.55, 0.42, 0.3), grain=0.04))
    checker = replace(some.tiles(rng, 0.35), pattern=m.CHECKER, a=(0.6, 0.57, 0.5), b=(0.08, 0.08, 0.08), bond=0.0, gloss=0.0)
    tile = s.material(checker)
    trim = s.material(fixed.WHITE)
    for side in (-0.55, 0.55):
        s.box(x + side, 0, z, (0.1, 2.15, 0.2), trim, fixed=True)
    s.box(x, 2.1, z, (1.2, 0.1, 0.2), trim, fixed=True)
    s.slab(x + 0.5, z + 2.0, (4, 4), 0.0, tile)
    s.slab(x + 0.5, z + 2.0, (4, 4), 2.7, trim)
    s.wall((x - 1.5, z + 4), (x + 2.5, z + 4), (0, 2.7), wall, [(1.2, 0.9, 1.2, 1.3)])
    s.wall((x + 2.5, z + 4), (x + 2.5, z), (0, 2.7), wall)
    s.wall((x - 1.5, z), (x - 1.5, z + 4), (0, 2.7), wall)
    s.rooms.append(Space(np.array([x - 1.5, -2.7, z]), np.array([x + 2.5, 0, z + 4]), 0.3))
    s.lamps.append(lamp((x + 0.4, 2.2, z + 2), (1.0, 0.8, 0.55), 1.6, (x - 1.5, x + 2.5, z, z + 4, 2.7), False))
    furniture.table(s, np.random.default_rng(5), x + 0.7, z + 2.6, 0.2)


def _garden(s: Scene, rng: np.random.Generator) -> None:
    grass = m.Material(m.SPOTS, (0.16, 0.24, 0.06), (0.07, 0.13, 0.03), grain=0.4, grain_m=1.5, stain=0.15)
    s.slab(0, 0, (4000, 4000), -0.25, s.material(grass))
    green, bark = s.material(fixed.LEAVES), s.material(fixed.BARK)
    parts.leafy_tree(s, rng, (11.5, 3.5), 6.5, 2.6, (green, bark), 70)
    parts.leafy_tree(s, rng, (15.0, -5.0), 8.0, 3.0, (green, bark), 70)
    objects.hedge(s, np.random.default_rng(2), 18.0, 0.0, math.pi / 2, green)
    parts.leafy_tree(s, rng, (-12.0, 3.0), 7.0, 2.8, (green, bark), 50)
    front = parts.front_looks(s, m.Material(a=(0.6, 0.45, 0.3), grain=0.1, stain=0.15), (0.1, 0.2, 0.14))
    parts.house(s, front, (26, 12), (26, -14), 3, (4,))
    parts.house(s, front, (-22, -12), (-22, 14), 2, (2,))


def _living(s: Scene, looks: tuple[int, int, int]) -> None:
    oak, iron, white = looks
    rug = m.Material(m.BORDER, (0.5, 0.42, 0.32), (0.22, 0.06, 0.04), (0.09, 0.09), grain=0.2, grain_m=0.35)
    s.slab(1.6, -0.9, (2.9, 2.2), 0.009, s.material(rug))
    furniture.sofa(s, np.random.default_rng(21), 1.6, -2.35, 0.0)
    with s.at(1.6, -0.85):
        s.column(0, 0.38, 0, 0.5, 0.04, oak)
        for k in range(3):
            s.rod(
                s.point(0.32 * math.sin(k * 2.1), 0, 0.32 * math.cos(k * 2.1)),
                s.point(0.2 * math.sin(k * 2.1), 0.38, 0.2 * math.cos(k * 2.1)),
                0.04,
                iron,
            )
        furniture.clutter(s, np.random.default_rng(4), (-0.4, 0.4), (-0.4, 0.4), 0.42, 4)
    furniture.cabinet(s, np.random.default_rng(40), -1.6, -2.7, 0.0)
    furniture.cabinet(s, np.random.default_rng(9), -3.15, 2.2, math.pi / 2)
    furniture.pot_plant(s, np.random.default_rng(6), 3.6, 2.8, 1.7)
    furniture.pot_plant(s, np.random.default_rng(17), -3.0, -2.4, 1.3)
    furniture.floor_lamp(s, np.random.default_rng(8), 3.4, -2.45)
    for k, (x, tone) in enumerate(((0.9, 0.1), (1.65, 0.58), (2.4, 0.04))):
        art = m.Material(m.ART, m.hsv(tone, 0.45, 0.6), (0.02, 0.02, 0.02), salt=11 + 7 * k, grain=0.15, grain_m=0.6)
        s.box(x, 1.45, -2.88, (0.56, 0.74, 0.03), s.material(art), fixed=True)
    _dining(s, oak, iron, white)


def _dining(s: Scene, oak: int, iron: int, white: int) -> None:
    """A table with a bowl of fruit and a vase under three lamps, and five chairs."""
    with s.at(-0.9, 1.6):
        s.box(0, 0.72, 0, (1.9, 0.045, 0.95), oak)
        for i in (-0.8, 0.8):
            for j in (-0.36, 0.36):
                s.box(i, 0, j, (0.07, 0.72, 0.07), oak)
        s.column(-0.3, 0.765, 0, 0.16, 0.09, white, taper=1.5)
        for i, color in ((-0.36, (0.5, 0.07, 0.03)), (-0.25, (0.55, 0.35, 0.03)), (-0.3, (0.2, 0.3, 0.04))):
            s.ellipsoid(i, 0.88, (i + 0.3) * 0.9, (0.045, 0.045, 0.045), s.material(m.Material(a=color, gloss=0.3)))
        s.column(0.45, 0.765, 0.1, 0.05, 0.28, s.material(m.Material(a=(0.05, 0.16, 0.19), gloss=0.6)), taper=0.7)
        glow = s.material(m.Material(a=(0.95, 0.8, 0.55), grain=0.0, emission=2.2))
        for dx in (-0.55, 0.0, 0.55):
            s.ellipsoid(dx, 2.0, 0, (0.13, 0.13, 0.13), glow, shadow=False)
            s.rod(s.point(dx, 2.13, 0), s.point(dx, 2.95, 0), 0.012, iron)
    seat = (s.material(m.Material(a=(0.09, 0.11, 0.1), grain=0.2, grain_m=0.4)), oak)
    for x, z, yaw in ((-1.4, 0.9, 0.1), (-0.4, 0.85, -0.1), (-1.45, 2.35, 3.1), (-0.35, 2.3, 3.3), (0.4, 1.6, -1.6)):
        furniture.chair(s, np.random.default_rng(12), x, z, yaw, seat)
