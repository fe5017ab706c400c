"""Finer versions of things, for the pictures that people look at: real window recesses, leafy trees, chairs, lamps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from training import materials as m
from training.primitives import Hole
from training.scene import Scene

Random = np.random.Generator


@dataclass(frozen=True)
class Front:
    """Materials of a house front."""

    wall: int
    trim: int
    glass: int
    shutter: int
    door: int


def front_looks(s: Scene, wall: m.Material, shutter: m.Color) -> Front:
    """The materials of one house."""
    trim = m.Material(a=(0.62, 0.59, 0.53), grain=0.08, stain=0.12)
    glass = m.Material(a=(0.03, 0.04, 0.05), grain=0.0, stain=0.3, stain_m=3.0, gloss=1.0)
    leaf = m.Material(m.CELLS, shutter, m.scaled(shutter, 0.5), (3.0, 0.06), 0.0, 0.012, 0.05, 0.1)
    door = m.Material(
        m.CELLS, (0.16, 0.08, 0.04), (0.05, 0.025, 0.012), (0.16, 3.0), 0.0, 0.01, 0.2, 0.25, 0.7, 0.1, stretch=0.2
    )
    return Front(*(s.material(x) for x in (wall, trim, glass, leaf, door)))


def house(
    s: Scene, look: Front, start: tuple[float, float], end: tuple[float, float], storeys: int, doors: tuple[int, ...]
) -> None:
    """A front with recessed windows, shutters, sills, doors and a cornice; ``start`` is its left end as seen."""
    a, b = np.array(start), np.array(end)
    long = float(np.linalg.norm(b - a))
    along = (b - a) / long
    yaw = math.atan2(-along[1], along[0])
    storey, bays = 3.3, max(1, int(long / 2.7))
    bay, high = long / bays, storeys * 3.3 + 0.6
    holes: list[Hole] = []
    with s.at(a[0], a[1], yaw):
        for f in range(storeys):
            for k in range(bays):
                x = (k + 0.5) * bay
                if f == 0 and k in doors:
                    holes.append((x - 0.6, 0.0, 1.2, 2.5))
                    _door(s, look, x)
                else:
                    holes.append((x - 0.5, f * storey + 1.0, 1.0, 1.6))
                    _window(s, look, x, f * storey + 1.0, shutters=f > 0)
        s.wall((0, 0), (long, 0), (0, high), look.wall, holes)
        s.box(long / 2, high - 0.35, -0.12, (long + 0.2, 0.35, 0.4), look.trim, fixed=True)
        s.box(long / 2, 0, -0.03, (long, 0.55, 0.1), look.trim, fixed=True)
        s.box(long / 2, storey + 0.1, -0.03, (long, 0.16, 0.1), look.trim, fixed=True)


def _window(s: Scene, look: Front, x: float, sill: float, shutters: bool) -> None:
    s.box(x, sill, 0.2, (1.0, 1.6, 0.04), look.glass, fixed=True)
    for dx, w, base, h in (
        (0, 0.06, 0, 1.6),
        (-0.47, 0.07, 0, 1.6),
        (0.47, 0.07, 0, 1.6),
        (0, 1.0, 1.53, 0.07),
        (0, 1.0, 0, 0.07),
        (0, 1.0, 1.0, 0.05),
    ):
        s.box(x + dx, sill + base, 0.15, (w, h, 0.06), look.trim, fixed=True, shadow=False)
    for side in (-1, 1):
        s.box(x + side * 0.5, sill, 0.1, (0.02, 1.6, 0.2), look.trim, fixed=True, shadow=False)
        s.box(x + side * 0.58, sill - 0.05, -0.01, (0.12, 1.75, 0.06), look.trim, fixed=True, shadow=False)
        if shutters:
            s.box(x + side * 0.9, sill - 0.02, -0.05, (0.5, 1.64, 0.05), look.shutter, fixed=True)
    s.box(x, sill - 0.12, -0.06, (1.4, 0.1, 0.3), look.trim, fixed=True)
    s.box(x, sill + 1.6, -0.02, (1.3, 0.14, 0.1), look.trim, fixed=True)


def _door(s: Scene, look: Front, x: float) -> None:
    s.box(x, 0, 0.25, (1.2, 2.5, 0.06), look.door, fixed=True)
    for side in (-1, 1):
        s.box(x + side * 0.7, 0, -0.03, (0.2, 2.6, 0.14), look.trim, fixed=True)
        s.box(x + side * 0.6, 0, 0.12, (0.02, 2.5, 0.24), look.trim, fixed=True, shadow=False)
    s.box(x, 2.5, -0.05, (1.7, 0.22, 0.2), look.trim, fixed=True)
    s.box(x, 0, -0.25, (1.9, 0.14, 0.7), look.trim, fixed=True)
    s.ellipsoid(x + 0.42, 1.05, 0.2, (0.03, 0.03, 0.03), look.trim)


def leafy_tree(
    s: Scene, rng: Random, place: tuple[float, float], tall: float, spread: float, looks: tuple[int, int], blobs: int
) -> None:
    """A tree whose crown is many small tufts on branches."""
    green, bark = looks
    fork = tall * 0.33
    with s.at(*place):
        s.column(0, 0, 0, 0.03 * tall, fork * 1.15, bark, taper=0.65)
        tips = []
        for k in range(9):
            turn = k * 2.4 + rng.uniform(-0.3, 0.3)
            out, up = spread * rng.uniform(0.35, 0.75), tall * rng.uniform(0.5, 0.85)
            tip = s.point(out * math.sin(turn), up, out * math.cos(turn))
            s.rod(s.point(0, fork, 0), tip, 0.012 * tall, bark)
            tips.append((out, turn, up))
        for k in range(blobs):
            out, turn, up = tips[k % len(tips)]
            x, z = (
                out * math.sin(turn) + rng.uniform(-0.4, 0.4) * spread,
                out * math.cos(turn) + rng.uniform(-0.4, 0.4) * spread,
            )
            y = min(up + rng.uniform(-0.13, 0.15) * tall, tall)
            r = spread * rng.uniform(0.12, 0.24)
            s.ellipsoid(
                x,
                y,
                z,
                (r, r * rng.uniform(0.55, 0.85), r),
                green,
                rng.uniform(0, 3),
                leaf=rng.uniform(0.45, 0.62),
                leaf_m=0.09,
            )


def bistro_set(s: Scene, x: float, z: float, yaw: float, looks: tuple[int, int, int]) -> None:
    """A round table with three chairs and a cup."""
    top, metal, cup = looks
    with s.at(x, z, yaw):
        s.column(0, 0.72, 0, 0.4, 0.03, top)
        s.column(0, 0, 0, 0.03, 0.72, metal)
        s.column(0, 0, 0, 0.24, 0.02, metal)
        s.column(0.12, 0.75, 0.05, 0.04, 0.08, cup, taper=1.2)
        s.column(-0.1, 0.75, -0.1, 0.07, 0.015, cup, taper=1.4)
    for k in range(3):
        a = yaw + k * 2.1
        garden_chair(s, x + 0.75 * math.sin(a), z + 0.75 * math.cos(a), a + math.pi, (top, metal))


def garden_chair(s: Scene, x: float, z: float, yaw: float, looks: tuple[int, int]) -> None:
    """A chair of slats on thin legs."""
    slat, metal = looks
    with s.at(x, z, yaw):
        for k in range(5):
            s.box(0, 0.44, -0.18 + 0.09 * k, (0.42, 0.02, 0.075), slat)
        for k in range(3):
            s.box(0, 0.58 + 0.11 * k, -0.22, (0.42, 0.08, 0.02), slat)
        for i in (-1, 1):
            s.rod(s.point(i * 0.2, 0, -0.24), s.point(i * 0.2, 0.88, -0.22), 0.022, metal)
            s.rod(s.point(i * 0.2, 0, 0.2), s.point(i * 0.2, 0.44, 0.18), 0.022, metal)


def lamp_post(s: Scene, x: float, z: float, metal: int, glow: int) -> None:
    """An old street lamp."""
    with s.at(x, z):
        s.column(0, 0, 0, 0.14, 0.5, metal, taper=0.6)
        s.column(0, 0.5, 0, 0.05, 2.9, metal, taper=0.8)
        s.column(0, 3.4, 0, 0.12, 0.4, glow, taper=1.5)
        s.column(0, 3.8, 0, 0.24, 0.18, metal, taper=0.1)


def sign(s: Scene, center: tuple[float, float, float], yaw: float, width: float, colors: tuple[m.Color, m.Color]) -> None:
    """A board that reads "SPAG-4D" to whoever looks along ``yaw``."""
    x, height, z = center
    board = s.material(m.Material(m.TEXT, colors[0], colors[1], grain=0.08, grain_m=1.0, stain=0.05))
    rim = s.material(m.Material(a=m.scaled(colors[1], 0.6), grain=0.1))
    tall = width * 0.24
    with s.at(x, z, yaw):
        s.box(0, height - tall / 2 - 0.05, 0.03, (width + 0.1, tall + 0.1, 0.04), rim, fixed=True)
        s.wall((-width / 2, 0), (width / 2, 0), (height - tall / 2, height + tall / 2), board)


def rope(
    s: Scene, start: np.ndarray, end: np.ndarray, sag: float, thickness: float, look: int, pieces: int = 24
) -> list[np.ndarray]:
    """A sagging wire; returns its points."""
    share = np.linspace(0.0, 1.0, pieces + 1)[:, None]
    points = start + (end - start) * share + np.array([0.0, 4 * sag, 0.0]) * share * (1 - share)
    for a, b in zip(points[:-1], points[1:], strict=True):
        s.rod(a, b, thickness, look)
    return list(points)
