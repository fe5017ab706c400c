"""The hand-composed courtyard of ``TestImage``."""

from __future__ import annotations

import math

import numpy as np

from training import materials as m
from training import scene_furniture as furniture
from training import scene_objects as objects
from training import scene_people as people
from training import showcase_materials as fixed
from training import showcase_parts as parts
from training.scene import Scene
from training.showcase_light import day


def courtyard() -> Scene:
    """A paved courtyard with a café, old houses, an arcade, a big tree, people, a summer sky."""
    s, rng = Scene(day(2.2, 0.75, 0.42)), np.random.default_rng(5)
    s.camera, s.yaw = np.array([0.0, -1.62, 0.0]), 0.2
    s.slab(0, 0, (4000, 4000), 0.0, s.material(fixed.PAVING))
    _houses(s)
    green, bark, iron = s.material(fixed.LEAVES), s.material(fixed.BARK), s.material(fixed.IRON)
    parts.leafy_tree(s, rng, (-4.6, 4.4), 8.0, 3.3, (green, bark), 150)
    parts.leafy_tree(s, rng, (7.6, -5.0), 6.0, 2.4, (green, bark), 90)
    ring = s.material(m.Material(a=(0.35, 0.33, 0.3), grain=0.2))
    with s.at(-4.6, 4.4):
        s.column(0, 0, 0, 1.1, 0.42, ring)
    slat, cup = s.material(fixed.OAK), s.material(fixed.WHITE)
    for x, z, yaw in ((4.2, 4.6, 0.3), (6.8, 6.4, 1.2), (3.0, 7.6, 2.0)):
        parts.bistro_set(s, x, z, yaw, (slat, iron, cup))
    cloth = s.material(m.Material(a=(0.62, 0.1, 0.06), grain=0.08))
    for x, z in ((4.3, 4.7), (6.9, 6.5)):
        with s.at(x, z):
            s.column(0, 0, 0, 0.03, 2.7, iron)
            s.column(0, 2.25, 0, 1.45, 0.55, cloth, taper=0.03)
    for x, z in ((-1.5, 8.5), (9.8, 0.5), (-7.5, -6.5)):
        parts.lamp_post(s, x, z, iron, s.material(m.Material(a=(0.8, 0.75, 0.6), emission=0.2)))
    for k, (x, z) in enumerate(((2.3, -4.2), (2.9, -4.5), (-7.2, -1.5), (8.3, 8.2), (-1.2, 9.6))):
        people.person(s, np.random.default_rng(30 + k), x, z)
    objects.bicycle(s, np.random.default_rng(13), -7.9, 6.2, 0.3)
    objects.fountain(s, np.random.default_rng(12), -2.5, -6.8)
    for x, z in ((-5.5, -11.6), (-1.2, -11.6), (8.2, 10.7), (12.8, -2.0), (12.8, 2.2)):
        furniture.pot_plant(s, np.random.default_rng(int(10 + abs(x))), x, z, 1.8)
    objects.bin_or_box(s, np.random.default_rng(1), 10.3, -8.0)
    parts.sign(s, (1.2, 3.75, 10.9), 0.0, 3.4, ((0.05, 0.09, 0.07), (0.75, 0.68, 0.45)))
    _near_the_camera(s, looks=(slat, iron, cup, green))
    return s


def _houses(s: Scene) -> None:
    """Fronts all around and behind each other, and the roofs over the near ones."""
    walls = [
        (m.Material(a=(0.62, 0.5, 0.33), grain=0.12, stain=0.2, stain_m=6), (0.07, 0.16, 0.12)),
        (m.Material(a=(0.55, 0.3, 0.2), grain=0.12, stain=0.2, stain_m=5), (0.12, 0.14, 0.16)),
        (fixed.CLINKER, (0.5, 0.48, 0.42)),
        (m.Material(a=(0.66, 0.62, 0.54), grain=0.1, stain=0.22, stain_m=7), (0.2, 0.07, 0.05)),
    ]  # fmt: skip
    fronts = [parts.front_looks(s, wall, shutter) for wall, shutter in walls]
    parts.house(s, fronts[0], (-9, 11), (5, 11), 3, (1,))
    parts.house(s, fronts[1], (5, 11.6), (13.5, 11.6), 4, (1,))
    parts.house(s, fronts[3], (13.5, 12), (13.5, -6), 2, (0, 3))
    parts.house(s, fronts[2], (9.5, -12.5), (-6, -12.5), 3, (2,))
    parts.house(s, fronts[0], (-11.5, -5), (-11.5, 2), 3, (1,))
    parts.house(s, fronts[3], (-24, 20), (-9, 20), 4, (2,))
    parts.house(s, fronts[1], (-26, -20), (-26, 22), 3, (2,))
    parts.house(s, fronts[1], (30, -16), (9.5, -20), 3, (2,))
    roof = s.material(m.Material(m.CELLS, (0.4, 0.17, 0.09), (0.13, 0.06, 0.04), (0.2, 0.34), 0.5, 0.02, 0.3, 0.25, 1.5, 0.2))
    for x, z, size, base in (
        (-2, 14, (14.6, 6), 10.4),
        (9.2, 14.6, (9, 6), 13.7),
        (16.5, 3, (6, 18.6), 7.1),
        (1.7, -15.5, (16, 6), 10.4),
        (-14.5, -1.5, (6, 7.4), 10.4),
    ):
        _gable(s, x, z, size, base, roof)


def _near_the_camera(s: Scene, looks: tuple[int, int, int, int]) -> None:
    """A bench, planters, chairs and a friend within a few steps."""
    slat, iron, white, green = looks
    with s.at(-2.6, -0.9, 1.9):
        for k in range(4):
            s.box(0, 0.43, -0.2 + 0.13 * k, (1.9, 0.03, 0.11), slat)
            s.box(0, 0.52 + 0.1 * k, 0.27, (1.9, 0.08, 0.03), slat)
        for side in (-0.75, 0.75):
            s.box(side, 0, 0, (0.05, 0.43, 0.45), iron)
            s.rod(s.point(side, 0.4, 0.27), s.point(side, 0.95, 0.31), 0.04, iron)
    tub = s.material(m.Material(a=(0.4, 0.19, 0.1), grain=0.15, stain=0.15))
    for k, (x, z) in enumerate(((1.9, 2.6), (3.1, -1.9), (-3.4, 1.3))):
        with s.at(x, z, 0.4 * k):
            s.column(0, 0, 0, 0.3, 0.5, tub, taper=1.25)
            for j in range(12):
                turn, up = 2.4 * j, 0.6 + 0.05 * j
                s.ellipsoid(0.2 * math.sin(turn), up, 0.2 * math.cos(turn), (0.18, 0.14, 0.18), green, leaf=0.5, leaf_m=0.06)
    parts.bistro_set(s, 2.6, 0.6, 0.9, (slat, iron, white))
    people.person(s, np.random.default_rng(77), -1.3, 3.6)
    objects.bicycle(s, np.random.default_rng(3), -0.4, -3.4, 0.5)


def _gable(s: Scene, x: float, z: float, size: tuple[float, float], base: float, tile: int) -> None:
    """A pitched roof whose ridge runs along the longer side."""
    along_x = size[0] > size[1]
    half, long = (size[1] / 2, size[0]) if along_x else (size[0] / 2, size[1])
    rise = 0.5 * half
    slope = math.hypot(half, rise)
    with s.at(x, z, math.pi / 2 if along_x else 0.0):
        for side in (-1, 1):
            to = s.point(0, base + rise, 0) - s.point(side * half, base, 0)
            u = to / np.linalg.norm(to)
            v = s.point(0, 0, 1) - s.point(0, 0, 0)
            axes = np.stack([v, u, np.cross(v, u)], axis=1)
            s.sheet((s.point(side * half, base, 0) + s.point(0, base + rise, 0)) / 2, axes, (long / 2, slope / 2), tile)
