"""Whole arrangements: rows of tables, a bathroom's fittings, a canopy or pergola overhead, an attic's second slope."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training import scene_furniture as furniture
from training.scene import Scene

Random = np.random.Generator


def rows_of_tables(s: Scene, rng: Random, xs: tuple[float, float], zs: tuple[float, float]) -> None:
    """An office, classroom or restaurant: equal tables with chairs in rows."""
    top, leg, seat = s.material(some.wood(rng, False)), s.material(some.solid(rng, True)), s.material(some.fabric(rng))
    w, d = rng.uniform(0.7, 1.8), rng.uniform(0.6, 0.9)
    step_x, step_z = w + rng.uniform(0.6, 1.5), d + rng.uniform(0.9, 1.6)
    screens = rng.random() < 0.4
    for x in np.arange(xs[0] + 0.9, xs[1] - 0.7, step_x)[:5]:
        for z in np.arange(zs[0] + 0.9, zs[1] - 0.7, step_z)[:5]:
            with s.at(float(x), float(z)):
                s.box(0, 0.71, 0, (w, 0.04, d), top)
                s.box(-w / 2 + 0.1, 0, 0, (0.05, 0.71, d * 0.8), leg)
                s.box(w / 2 - 0.1, 0, 0, (0.05, 0.71, d * 0.8), leg)
                if screens:
                    furniture.screen(s, rng, 0, 0.15, 0.75, 0.55)
                else:
                    furniture.clutter(s, rng, (-w / 2, w / 2), (-d / 2, d / 2), 0.75, int(rng.integers(0, 3)))
            furniture.chair(s, rng, float(x), float(z) - d / 2 - 0.2, rng.normal(0, 0.3), (seat, leg))


def bathroom(s: Scene, rng: Random, xs: tuple[float, float], zs: tuple[float, float]) -> None:
    """Basin, mirror cabinet, toilet and a tub along one wall."""
    white = s.material(m.Material(a=(0.82, 0.82, 0.8), grain=0.01, gloss=0.4))
    metal = s.material(some.solid(rng))
    z = zs[1] - 0.3
    with s.at(xs[0] + 0.6, z):
        s.box(0, 0.7, 0, (0.6, 0.16, 0.45), white)
        s.column(0, 0, 0, 0.12, 0.7, white)
        s.box(0, 1.2, 0.25, (0.6, 0.8, 0.1), metal)
    with s.at(xs[0] + 1.5, z):
        s.ellipsoid(0, 0.36, -0.15, (0.19, 0.1, 0.27), white)
        s.box(0, 0, 0, (0.25, 0.36, 0.4), white)
        s.box(0, 0.36, 0.18, (0.38, 0.42, 0.18), white)
    if xs[1] - xs[0] > 3.2:
        with s.at(xs[1] - 0.9, z - 0.1):
            s.box(0, 0, 0, (1.7, 0.55, 0.75), white)


def canopy(s: Scene, rng: Random) -> None:
    """A roof over the camera out of doors: a porch, pergola, station roof or arcade passage on posts."""
    w, d, h = rng.uniform(3, 14), rng.uniform(3, 20), rng.uniform(2.5, 5.5)
    x, z, yaw = rng.uniform(-0.3, 0.3) * w, rng.uniform(-0.3, 0.3) * d, rng.uniform(0, 6.28)
    look = s.material(some.wood(rng) if rng.random() < 0.5 else some.plaster(rng))
    post = s.material(some.wood(rng, False) if rng.random() < 0.5 else some.plaster(rng))
    open_roof = rng.random() < 0.35
    r = rng.uniform(0.06, 0.3)
    with s.at(x, z, yaw):
        if open_roof:
            for k in np.arange(-d / 2, d / 2, rng.uniform(0.4, 0.9))[:30]:
                s.box(0, h, float(k), (w, 0.18, 0.1), look, fixed=True)
        else:
            s.box(0, h, 0, (w, 0.3, d), look, fixed=True)
    steps = max(2, int(d / rng.uniform(2.5, 5)) + 1)
    c, sn = math.cos(yaw), math.sin(yaw)
    round_ = rng.random() < 0.5
    for side in (-1, 1):
        for k in range(steps):
            lx, lz = side * (w / 2 - r), -d / 2 + r + (d - 2 * r) * k / (steps - 1)
            with s.at(x + c * lx + sn * lz, z - sn * lx + c * lz, yaw):
                if round_:
                    s.column(0, 0, 0, r, h, post)
                else:
                    s.box(0, 0, 0, (2 * r, h, 2 * r), post)
    if rng.random() < 0.5:
        with s.at(x, z, yaw):
            wall = s.material(replace(some.plaster(rng)) if rng.random() < 0.6 else some.brick(rng))
            s.box(w / 2 + 0.15, 0, 0, (0.3, h + 0.3, d), wall, fixed=False)


def attic(s: Scene, center: tuple[float, float], size: tuple[float, float], heights: tuple[float, float], look: int) -> None:
    """Two slopes from the walls' tops (``heights`` first) up to a ridge along z (second)."""
    (x, z), (w, d), (low, high) = center, size, heights
    half, rise = w / 2, high - low
    long = math.hypot(half, rise)
    for side in (-1, 1):
        along = np.array([side * half, rise, 0.0]) / long
        axes = np.stack([along, np.array([0, 0, 1.0]), np.cross(along, [0, 0, 1.0])], axis=1)
        s.sheet(s.point(x + side * half / 2, low + rise / 2, z), axes, (long / 2, d / 2), look)
