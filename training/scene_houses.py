"""Houses: a box with a window pattern, a roof, doors, balconies, an awning."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training.primitives import yaw_matrix
from training.scene import Scene

Random = np.random.Generator


def building(s: Scene, rng: Random, x: float, z: float, size: tuple[float, float], base: float, front: int) -> None:
    """A house on a plan of (x extent, z extent); its front looks toward ``front`` along x."""
    storey = rng.uniform(2.8, 3.8)
    floors = int(np.clip(rng.lognormal(1.1, 0.55), 1, 14))
    h = floors * storey + rng.uniform(0.2, 1.0)
    look = replace(some.facade(rng, storey, s.atmosphere.night), shift=(rng.uniform(0, 3), storey * 0.5 - (h / 2) % storey))
    wall = s.material(look)
    with s.at(x, z, 0.0, base):
        s.box(0, 0, 0, (size[0], h, size[1]), wall, fixed=True)
        trim = s.material(replace(look, pattern=m.PLAIN, emission=0.0, a=m.scaled(look.a, rng.uniform(0.6, 1.5)), gloss=0.0))
        face = front * size[0] / 2
        if rng.random() < 0.6:
            s.box(0, h, 0, (size[0] + 0.5, 0.3, size[1] + 0.3), trim, fixed=True)
        if rng.random() < 0.45:
            _roof(s, rng, size, h, front)
        if rng.random() < 0.5:
            s.box(face, 0, 0, (0.14, storey * rng.uniform(0.25, 1), size[1]), s.material(some.plaster(rng)), fixed=True)
        door = s.material(some.solid(rng, rng.random() < 0.6))
        for _ in range(int(rng.integers(1, 5))):
            s.box(face, 0, rng.uniform(-0.45, 0.45) * size[1], (0.2, rng.uniform(2.0, 2.6), rng.uniform(0.9, 3.0)), door)
        if rng.random() < 0.4:
            _shops(s, rng, face, front, size[1], storey)
        if rng.random() < 0.35:
            _balconies(s, rng, face, front, size[1], storey, floors, trim)
        if rng.random() < 0.3:
            cloth = s.material(some.fabric(rng))
            s.box(
                face + front * 0.6, storey * 0.85, rng.uniform(-0.2, 0.2) * size[1], (1.2, 0.08, min(4.0, size[1] / 2)), cloth
            )


def _roof(s: Scene, rng: Random, size: tuple[float, float], h: float, front: int) -> None:
    rise, half = rng.uniform(0.25, 0.9) * size[0] / 2, size[0] / 2 + 0.4
    tile = s.material(replace(some.brick(rng), cell=(0.25, 0.35)))
    long = math.hypot(half, rise)
    turn = yaw_matrix(s._turn)
    for side in (-1, 1):
        x = np.array([side * half, rise, 0]) / long
        axes = turn @ np.stack([x, np.array([0, 0, 1.0]), np.cross(x, [0, 0, 1.0])], axis=1)
        s.sheet(s.point(side * half / 2, h + rise / 2 + 0.3, 0), axes, (long / 2, size[1] / 2 + 0.3), tile)
    if rng.random() < 0.5:
        s.box(0.2 * half, h + rise * 0.3, 0.2 * size[1], (0.6, rise + 0.6, 0.6), tile)


def _shops(s: Scene, rng: Random, face: float, front: int, long: float, storey: float) -> None:
    """Shop windows along the foot of a house, dark or lit, under boards with letters or colours."""
    bay, frame = rng.uniform(2.5, 5.0), s.material(some.solid(rng, rng.random() < 0.6))
    dark = s.material(m.Material(a=(0.02, 0.025, 0.03), gloss=0.9))
    lit = s.material(
        m.Material(m.ART, m.hsv(0.1, 0.3, 0.8), (0.1, 0.1, 0.1), emission=rng.uniform(0.2, 1.0), salt=int(rng.integers(99)))
    )
    plain = m.Material(m.TEXT if rng.random() < 0.4 else m.PLAIN, m.hsv(rng.random(), 0.6, 0.6), (0.85, 0.85, 0.8))
    board = s.material(plain)
    for k in range(min(5, int(long / bay))):
        z = -long / 2 + (k + 0.5) * bay
        s.box(face, 0.35, z, (0.1, min(2.3, storey - 0.9), bay * 0.8), lit if rng.random() < 0.3 else dark)
        s.box(face, 0.0, z, (0.16, 0.35, bay * 0.84), frame)
        s.box(face + front * 0.05, min(2.75, storey - 0.5), z, (0.18, 0.45, bay * 0.86), board)


def _balconies(s: Scene, rng: Random, face: float, front: int, long: float, storey: float, floors: int, look: int) -> None:
    wide, step = rng.uniform(1.5, 3.5), rng.uniform(3.5, 6)
    for f in range(1, min(floors, 6)):
        for k in range(min(4, int(long / step))):
            z = -long / 2 + (k + 0.5) * step
            s.box(face + front * 0.5, f * storey - 0.15, z, (1.0, 0.15, wide), look)
            s.box(face + front * 1.0, f * storey, z, (0.05, rng.choice([0.9, 0.95]), wide), look)
