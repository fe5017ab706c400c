"""The three scenes of ``TestImage``: composed by hand from the generator's parts, seeds fixed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from training import materials as m
from training import scene_fittings as fittings
from training import scene_furniture as furniture
from training import scene_objects as objects
from training import scene_plants as plants
from training import showcase_parts as parts
from training.render import sun_vector
from training.scene import Atmosphere, Lamp, Scene, Space
from training.terrain import Terrain

PLANKS = m.Material(
    m.CELLS, (0.33, 0.17, 0.075), (0.06, 0.03, 0.015), (1.4, 0.14), 0.37, 0.004, 0.22, 0.22, 0.9, 0.05, 6.0, 7.0, turn=1
)  # fmt: skip
PAVING = m.Material(m.CELLS, (0.42, 0.37, 0.3), (0.16, 0.14, 0.11), (0.62, 0.42), 0.43, 0.014, 0.22, 0.2, 1.7, 0.16, 9.0)
CLINKER = m.Material(m.CELLS, (0.45, 0.24, 0.16), (0.5, 0.45, 0.38), (0.27, 0.085), 0.5, 0.012, 0.3, 0.2, 1.5, 0.2)
WHITE = m.Material(a=(0.78, 0.76, 0.72), grain=0.02, stain=0.04)
IRON = m.Material(a=(0.02, 0.022, 0.024), grain=0.1, gloss=0.3)
OAK = m.Material(a=(0.3, 0.16, 0.07), grain=0.2, grain_m=0.9, stretch=6.0, gloss=0.1)
BARK = m.Material(m.SPOTS, (0.17, 0.12, 0.085), (0.07, 0.05, 0.035), grain=0.5, grain_m=0.8, stretch=0.3)
LEAVES = m.Material(m.SPOTS, (0.12, 0.2, 0.035), (0.035, 0.075, 0.012), grain=0.5, grain_m=1.3, stain=0.25, stain_m=4.0)


def _day(azimuth: float, height: float, cover: float) -> Atmosphere:
    blue, pale = np.array([0.11, 0.27, 0.68]), np.array([0.56, 0.72, 0.92])
    return Atmosphere(
        sun_vector(azimuth, height), np.array([1.0, 0.92, 0.8]) * 2.1, blue, pale, np.array([0.25, 0.22, 0.17]), cover, 0.8,
        np.array([1.15, 1.15, 1.15]), (0.3, 0.1), 2500.0, 0.62,
    )  # fmt: skip


def interior() -> Scene:
    """A living room: daylight through tall windows, a dining table, shelves, a second room behind an open door."""
    s, rng = Scene(_day(0.95, 0.6, 0.35)), np.random.default_rng(11)
    s.atmosphere.indoor = 1.0
    s.camera, s.yaw = np.array([0.0, -1.55, 0.0]), 0.35
    x0, x1, z0, z1, h = -3.4, 4.2, -2.9, 3.3, 2.95
    wall = s.material(m.Material(a=(0.66, 0.6, 0.5), grain=0.03, stain=0.06, grain_m=1.2))
    accent = s.material(m.Material(a=(0.07, 0.13, 0.15), grain=0.04, stain=0.08, grain_m=1.5))
    trim, oak, iron = s.material(WHITE), s.material(OAK), s.material(IRON)
    s.slab(0.4, 0.2, (x1 - x0, z1 - z0), 0.0, s.material(PLANKS))
    s.slab(0.4, 0.2, (x1 - x0, z1 - z0), h, s.material(WHITE))
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
        s.lamps.append(_lamp((x1 - 0.35, 1.5, z), (0.85, 0.92, 1.0), 1.5, (x0, x1, z0, z1, h), z == 0.45))
    s.lamps.append(_lamp((-0.9, 1.85, 1.6), (1.0, 0.72, 0.42), 1.7, (x0, x1, z0, z1, h), True))
    s.lamps.append(_lamp((3.3, 1.5, -2.2), (1.0, 0.7, 0.4), 0.7, (x0, x1, z0, z1, h), False))
    parts.sign(s, (1.6, 1.75, z1 - 0.03), 0.0, 1.9, ((0.72, 0.66, 0.52), (0.04, 0.03, 0.02)))
    return s


def _lamp(
    at: tuple[float, float, float], color: tuple[float, float, float], power: float, room: tuple[float, ...], shadow: bool
) -> Lamp:
    x0, x1, z0, z1, h = room
    low, high = np.array([x0 - 0.1, -h - 1, z0 - 0.1]), np.array([x1 + 0.1, 0.1, z1 + 0.1])
    return Lamp(np.array([at[0], -at[1], at[2]]), np.array(color) * power, low, high, shadow)


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
    wall, tile = (
        s.material(m.Material(a=(0.55, 0.42, 0.3), grain=0.04)),
        s.material(
            replace(m.tiles(rng, 0.35), pattern=m.CHECKER, a=(0.6, 0.57, 0.5), b=(0.08, 0.08, 0.08), bond=0.0, gloss=0.0)
        ),
    )
    trim = s.material(WHITE)
    for side in (-0.55, 0.55):
        s.box(x + side, 0, z, (0.1, 2.15, 0.2), trim, fixed=True)
    s.box(x, 2.1, z, (1.2, 0.1, 0.2), trim, fixed=True)
    s.slab(x + 0.5, z + 2.0, (4, 4), 0.0, tile)
    s.slab(x + 0.5, z + 2.0, (4, 4), 2.7, trim)
    s.wall((x - 1.5, z + 4), (x + 2.5, z + 4), (0, 2.7), wall, [(1.2, 0.9, 1.2, 1.3)])
    s.wall((x + 2.5, z + 4), (x + 2.5, z), (0, 2.7), wall)
    s.wall((x - 1.5, z), (x - 1.5, z + 4), (0, 2.7), wall)
    s.rooms.append(Space(np.array([x - 1.5, -2.7, z]), np.array([x + 2.5, 0, z + 4]), 0.3))
    s.lamps.append(_lamp((x + 0.4, 2.2, z + 2), (1.0, 0.8, 0.55), 1.6, (x - 1.5, x + 2.5, z, z + 4, 2.7), False))
    furniture.table(s, np.random.default_rng(5), x + 0.7, z + 2.6, 0.2)


def _garden(s: Scene, rng: np.random.Generator) -> None:
    grass = m.Material(m.SPOTS, (0.16, 0.24, 0.06), (0.07, 0.13, 0.03), grain=0.4, grain_m=1.5, stain=0.15)
    s.slab(0, 0, (4000, 4000), -0.25, s.material(grass))
    green, bark = s.material(LEAVES), s.material(BARK)
    parts.leafy_tree(s, rng, (11.5, 3.5), 6.5, 2.6, (green, bark), 70)
    parts.leafy_tree(s, rng, (15.0, -5.0), 8.0, 3.0, (green, bark), 70)
    objects.hedge(s, np.random.default_rng(2), 18.0, 0.0, math.pi / 2, green)
    parts.leafy_tree(s, rng, (-12.0, 3.0), 7.0, 2.8, (green, bark), 50)
    front = parts.front_looks(s, rng, m.Material(a=(0.6, 0.45, 0.3), grain=0.1, stain=0.15), (0.1, 0.2, 0.14))
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


def courtyard() -> Scene:
    """A paved courtyard with a café, old houses, an arcade, a big tree, people, a summer sky."""
    s, rng = Scene(_day(2.2, 0.75, 0.42)), np.random.default_rng(5)
    s.camera, s.yaw = np.array([0.0, -1.62, 0.0]), 0.2
    s.slab(0, 0, (4000, 4000), 0.0, s.material(PAVING))
    walls = [
        (m.Material(a=(0.62, 0.5, 0.33), grain=0.12, stain=0.2, stain_m=6), (0.07, 0.16, 0.12)),
        (m.Material(a=(0.55, 0.3, 0.2), grain=0.12, stain=0.2, stain_m=5), (0.12, 0.14, 0.16)),
        (CLINKER, (0.5, 0.48, 0.42)),
        (m.Material(a=(0.66, 0.62, 0.54), grain=0.1, stain=0.22, stain_m=7), (0.2, 0.07, 0.05)),
    ]  # fmt: skip
    fronts = [parts.front_looks(s, rng, wall, shutter) for wall, shutter in walls]
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
    green, bark, iron = s.material(LEAVES), s.material(BARK), s.material(IRON)
    parts.leafy_tree(s, rng, (-4.6, 4.4), 8.0, 3.3, (green, bark), 150)
    parts.leafy_tree(s, rng, (7.6, -5.0), 6.0, 2.4, (green, bark), 90)
    ring = s.material(m.Material(a=(0.35, 0.33, 0.3), grain=0.2))
    with s.at(-4.6, 4.4):
        s.column(0, 0, 0, 1.1, 0.42, ring)
    slat, cup = s.material(OAK), s.material(WHITE)
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
        furniture.person(s, np.random.default_rng(30 + k), x, z)
    objects.bicycle(s, np.random.default_rng(13), -7.9, 6.2, 0.3)
    objects.fountain(s, np.random.default_rng(12), -2.5, -6.8)
    for x, z in ((-5.5, -11.6), (-1.2, -11.6), (8.2, 10.7), (12.8, -2.0), (12.8, 2.2)):
        furniture.pot_plant(s, np.random.default_rng(int(10 + abs(x))), x, z, 1.8)
    objects.bin_or_box(s, np.random.default_rng(1), 10.3, -8.0)
    parts.sign(s, (1.2, 3.75, 10.9), 0.0, 3.4, ((0.05, 0.09, 0.07), (0.75, 0.68, 0.45)))
    _near_the_camera(s, looks=(slat, iron, cup, green))
    return s


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
    furniture.person(s, np.random.default_rng(77), -1.3, 3.6)
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


def hard() -> Scene:
    """A hard case: polished floor, thin rails and wires, foliage against the sky, an opening into a lit room."""
    s, rng = Scene(_day(-0.9, 0.42, 0.5)), np.random.default_rng(3)
    s.atmosphere.sun_color = np.array([1.0, 0.82, 0.6]) * 2.0
    s.camera, s.yaw = np.array([0.0, -1.58, 0.0]), -0.5
    s.terrain = Terrain((0.0, 0.0), 7.0, 2.5, 190.0, 45.0, 1100.0, 160.0, (0.21, 0.63))
    s.terrain_material = s.material(replace(LEAVES, stain=0.3, stain_m=30.0, grain_m=6.0))
    marble = m.Material(m.MARBLE, (0.3, 0.29, 0.27), (0.09, 0.085, 0.08), (0.9, 0.9), gap=0.006, grain=0.06, grain_m=2.2)
    s.slab(0.5, 0.0, (11, 9), 0.02, s.material(marble))
    s.box(0.5, -0.6, 0, (11.4, 0.6, 9.4), s.material(WHITE), fixed=True)
    s.reflector = (0.02, 0.16)
    white, iron, oak = s.material(replace(WHITE, stain=0.12)), s.material(IRON), s.material(OAK)
    for x in (-4.6, -1.0, 2.6, 5.6):
        with s.at(x, 3.9):
            s.column(0, 0.02, 0, 0.2, 3.3, white, taper=0.85)
            s.box(0, 0.02, 0, (0.5, 0.16, 0.5), white)
            s.box(0, 3.3, 0, (0.5, 0.14, 0.5), white)
    s.box(0.5, 3.44, 3.9, (11, 0.3, 0.4), white, fixed=True)
    for k in range(19):
        s.box(-4.8 + 0.59 * k, 3.55, 1.0, (0.09, 0.2, 6.4), oak, fixed=True)
    _rails(s, iron, oak)
    _opening(s, rng, white)
    green, bark = s.material(LEAVES), s.material(BARK)
    parts.leafy_tree(s, rng, (-6.8, 3.0), 7.5, 3.2, (green, bark), 130)
    parts.leafy_tree(s, rng, (8.5, 6.0), 8.5, 3.3, (green, bark), 90)
    for k in range(9):
        plants.conifer(
            s, rng, 14 + 5 * rng.random() * k, -8 + 4.0 * k, green, bark, base=s.terrain.at(14.0, -8 + 4.0 * k) - 2.0
        )
    for k, h in enumerate((5.6, 6.0, 6.5)):
        parts.rope(s, np.array([-30.0, -h - 1, 14.0 + k]), np.array([34.0, -h - 2, 9.0 + k]), 1.2, 0.022, iron, 40)
    points = parts.rope(s, np.array([-4.6, -3.3, 3.6]), np.array([5.6, -3.3, -3.2]), 0.35, 0.012, iron, 30)
    bulb = s.material(m.Material(a=(1.0, 0.78, 0.45), grain=0.0, emission=3.0))
    for p in points[2:-1:3]:
        s.rod(p, p + [0, 0.08, 0], 0.01, iron)
        s.ellipsoid(float(p[0]), float(-p[1]) - 0.12, float(p[2]), (0.04, 0.05, 0.04), bulb, shadow=False)
    slat = (oak, iron)
    parts.bistro_set(s, 2.4, 1.7, 0.5, (oak, iron, white))
    parts.garden_chair(s, -1.9, 1.5, 2.5, slat)
    furniture.pot_plant(s, np.random.default_rng(6), 4.9, 3.2, 1.7)
    furniture.pot_plant(s, np.random.default_rng(2), -4.2, -2.6, 1.5)
    return s


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
    iron = s.material(IRON)
    for left, wide in ((1.2, 3.0), (5.2, 2.4)):
        for k in range(5):
            s.box(6.0, 0.02, 4.6 - left - wide * k / 4, (0.07, 2.6, 0.035), iron, fixed=True)
        for up in (0.0, 0.9, 2.58):
            s.box(6.0, 0.02 + up, 4.6 - left - wide / 2, (0.07, 0.04, wide), iron, fixed=True)
    inner = s.material(m.Material(a=(0.6, 0.5, 0.36), grain=0.04))
    s.slab(9.0, 0, (6, 9), 0.02, s.material(PLANKS))
    s.slab(9.0, 0, (6, 9), 3.0, white)
    s.wall((12, 4.5), (12, -4.5), (0, 3), inner, [(3.0, 0.9, 2.0, 1.3)])
    s.wall((6, 4.5), (12, 4.5), (0, 3), inner)
    s.wall((12, -4.5), (6, -4.5), (0, 3), inner)
    s.rooms.append(Space(np.array([6.05, -3, -4.5]), np.array([12, 0, 4.5]), 0.25))
    s.lamps.append(_lamp((9, 2.5, 1.0), (1.0, 0.75, 0.45), 4.0, (6.02, 12, -4.5, 4.5, 3), False))
    furniture.table(s, np.random.default_rng(5), 9.0, 1.2, 0.3)
    furniture.sofa(s, np.random.default_rng(21), 11.3, -2.4, -math.pi / 2)
    furniture.floor_lamp(s, rng, 11.2, -0.9)
    s.box(-2.0, 0.9, -4.45, (1.7, 0.06, 0.3), white, fixed=True)
    for k in range(3):
        s.box(-2.8 + 0.8 * k, 0.95, -4.47, (0.05, 1.5, 0.06), iron, fixed=True)
    s.box(-2.0, 0.95, -4.75, (1.6, 1.5, 0.02), s.material(m.Material(a=(0.03, 0.04, 0.05), gloss=1.0)), fixed=True)
    parts.sign(s, (2.4, 2.0, -4.47), math.pi, 2.6, ((0.5, 0.44, 0.33), (0.06, 0.08, 0.1)))


SCENES: dict[str, tuple[Callable[[], Scene], float]] = {
    "interior": (interior, 0.0),
    "courtyard": (courtyard, 0.0),
    "hard": (hard, 17.0),
}
"""Name: the scene, and the radius in degrees of the black cap at its nadir."""
