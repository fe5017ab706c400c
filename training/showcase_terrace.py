"""The hand-composed hard case of ``TestImage``: a terrace in the hills."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training import materials as m
from training import scene_furniture as furniture
from training import scene_plants as plants
from training import showcase_materials as fixed
from training import showcase_parts as parts
from training.light import Space
from training.scene import Scene
from training.showcase_light import day, lamp
from training.terrain import Terrain


def terrace() -> Scene:
    """A hard case: polished floor, thin rails and wires, foliage against the sky, an opening into a lit room."""
    s, rng = Scene(day(-0.9, 0.42, 0.5)), np.random.default_rng(3)
    s.atmosphere.sun_color = np.array([1.0, 0.82, 0.6]) * 2.0
    s.camera, s.yaw = np.array([0.0, -1.58, 0.0]), -0.5
    s.terrain = Terrain(drop_m=7.0, roll=2.5, roll_m=190.0, peak=45.0, peak_m=1100.0, rise_m=160.0, offset=(0.21, 0.63))
    s.terrain_material = s.material(replace(fixed.LEAVES, stain=0.3, stain_m=30.0, grain_m=6.0))
    marble = m.Material(m.MARBLE, (0.3, 0.29, 0.27), (0.09, 0.085, 0.08), (0.9, 0.9), gap=0.006, grain=0.06, grain_m=2.2)
    s.slab(0.5, 0.0, (11, 9), 0.02, s.material(marble))
    s.box(0.5, -0.6, 0, (11.4, 0.6, 9.4), s.material(fixed.WHITE), fixed=True)
    s.reflector = (0.02, 0.16)
    white, iron, oak = s.material(replace(fixed.WHITE, stain=0.12)), s.material(fixed.IRON), s.material(fixed.OAK)
    _pergola(s, white, oak)
    _rails(s, iron, oak)
    _opening(s, rng, white)
    green, bark = s.material(fixed.LEAVES), s.material(fixed.BARK)
    parts.leafy_tree(s, rng, (-6.8, 3.0), 7.5, 3.2, (green, bark), 130)
    parts.leafy_tree(s, rng, (8.5, 6.0), 8.5, 3.3, (green, bark), 90)
    for k in range(9):
        plants.conifer(
            s, rng, 14 + 5 * rng.random() * k, -8 + 4.0 * k, green, bark, base=s.terrain.at(14.0, -8 + 4.0 * k) - 2.0
        )
    _wires(s, iron)
    slat = (oak, iron)
    parts.bistro_set(s, 2.4, 1.7, 0.5, (oak, iron, white))
    parts.garden_chair(s, -1.9, 1.5, 2.5, slat)
    furniture.pot_plant(s, np.random.default_rng(6), 4.9, 3.2, 1.7)
    furniture.pot_plant(s, np.random.default_rng(2), -4.2, -2.6, 1.5)
    return s


def _pergola(s: Scene, white: int, oak: int) -> None:
    """Four columns, a lintel and slats overhead."""
    for x in (-4.6, -1.0, 2.6, 5.6):
        with s.at(x, 3.9):
            s.column(0, 0.02, 0, 0.2, 3.3, white, taper=0.85)
            s.box(0, 0.02, 0, (0.5, 0.16, 0.5), white)
            s.box(0, 3.3, 0, (0.5, 0.14, 0.5), white)
    s.box(0.5, 3.44, 3.9, (11, 0.3, 0.4), white, fixed=True)
    for k in range(19):
        s.box(-4.8 + 0.59 * k, 3.55, 1.0, (0.09, 0.2, 6.4), oak, fixed=True)


def _wires(s: Scene, iron: int) -> None:
    """Three power lines across the valley, and a string of bulbs across the terrace."""
    for k, h in enumerate((5.6, 6.0, 6.5)):
        parts.rope(s, np.array([-30.0, -h - 1, 14.0 + k]), np.array([34.0, -h - 2, 9.0 + k]), 1.2, 0.022, iron, 40)
    points = parts.rope(s, np.array([-4.6, -3.3, 3.6]), np.array([5.6, -3.3, -3.2]), 0.35, 0.012, iron, 30)
    bulb = s.material(m.Material(a=(1.0, 0.78, 0.45), grain=0.0, emission=3.0))
    for p in points[2:-1:3]:
        s.rod(p, p + [0, 0.08, 0], 0.01, iron)
        s.ellipsoid(float(p[0]), float(-p[1]) - 0.12, float(p[2]), (0.04, 0.05, 0.04), bulb, shadow=False)


def _rails(s: Scene, iron: int, oak: int) -> None:
    for (xa, za), (xb, zb) in (((-4.8, 4.2), (5.8, 4.2)), ((-4.9, -4.2), (-4.9, 4.2))):
        start, end = np.array([xa, -0.02, za]), np.array([xb, -0.02, zb])
        count = int(np.linalg.norm(end - start) / 0.12)
        for k in range(count + 1):
            foot = start + (end - start) * k / count
            s.rod(foot, foot + [0, -0.95, 0], 0.016, iron)
        s.rod(start + [0, -0.98, 0], end + [0, -0.98, 0], 0.05, oak, width=0.07)
        s.rod(start + [0, -0.12, 0], end + [0, -0.12, 0], 0.02, iron)


def _opening(s: Scene, rng: np.random.Generator, white: int) -> None:
    """The house at the terrace's edge: wide glazed openings into a room, their thin bars, and a plain wall with a sign."""
    front = s.material(m.Material(a=(0.56, 0.42, 0.3), grain=0.1, stain=0.15, stain_m=5))
    s.wall((6.0, 4.6), (6.0, -4.6), (0.0, 4.2), front, [(1.2, 0.02, 3.0, 2.6), (5.2, 0.02, 2.4, 2.6)])
    s.wall((6.0, -4.5), (-5.2, -4.5), (0.0, 4.2), front, [(7.2, 0.95, 1.6, 1.5)])
    iron = s.material(fixed.IRON)
    for left, wide in ((1.2, 3.0), (5.2, 2.4)):
        for k in range(5):
            s.box(6.0, 0.02, 4.6 - left - wide * k / 4, (0.07, 2.6, 0.035), iron, fixed=True)
        for up in (0.0, 0.9, 2.58):
            s.box(6.0, 0.02 + up, 4.6 - left - wide / 2, (0.07, 0.04, wide), iron, fixed=True)
    inner = s.material(m.Material(a=(0.6, 0.5, 0.36), grain=0.04))
    s.slab(9.0, 0, (6, 9), 0.02, s.material(fixed.PLANKS))
    s.slab(9.0, 0, (6, 9), 3.0, white)
    s.wall((12, 4.5), (12, -4.5), (0, 3), inner, [(3.0, 0.9, 2.0, 1.3)])
    s.wall((6, 4.5), (12, 4.5), (0, 3), inner)
    s.wall((12, -4.5), (6, -4.5), (0, 3), inner)
    s.rooms.append(Space(np.array([6.05, -3, -4.5]), np.array([12, 0, 4.5]), 0.25))
    s.lamps.append(lamp((9, 2.5, 1.0), (1.0, 0.75, 0.45), 4.0, (6.02, 12, -4.5, 4.5, 3), False))
    furniture.table(s, np.random.default_rng(5), 9.0, 1.2, 0.3)
    furniture.sofa(s, np.random.default_rng(21), 11.3, -2.4, -math.pi / 2)
    furniture.floor_lamp(s, rng, 11.2, -0.9)
    s.box(-2.0, 0.9, -4.45, (1.7, 0.06, 0.3), white, fixed=True)
    for k in range(3):
        s.box(-2.8 + 0.8 * k, 0.95, -4.47, (0.05, 1.5, 0.06), iron, fixed=True)
    s.box(-2.0, 0.95, -4.75, (1.6, 1.5, 0.02), s.material(m.Material(a=(0.03, 0.04, 0.05), gloss=1.0)), fixed=True)
    parts.sign(s, (2.4, 2.0, -4.47), math.pi, 2.6, ((0.5, 0.44, 0.33), (0.06, 0.08, 0.1)))
