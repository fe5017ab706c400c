"""Things that stand in rooms: tables, chairs, sofas, beds, shelves, lamps, plants."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training.scene import Scene

Random = np.random.Generator


def table(s: Scene, rng: Random, x: float, z: float, yaw: float, chairs: bool = True) -> None:
    """A table with legs, mostly with chairs and a few things on it."""
    w, d, h = rng.uniform(0.7, 2.2), rng.uniform(0.6, 1.1), rng.choice([0.4, 0.74, 0.75])
    top, leg = s.material(some.wood(rng, False)), s.material(some.solid(rng, True))
    with s.at(x, z, yaw):
        if rng.random() < 0.2:
            s.column(0, h - 0.04, 0, w / 2, 0.04, top)
            s.column(0, 0, 0, 0.05, h - 0.04, leg)
        else:
            s.box(0, h - 0.04, 0, (w, 0.04, d), top)
            for i in (-1, 1):
                for j in (-1, 1):
                    s.box(i * (w / 2 - 0.06), 0, j * (d / 2 - 0.06), (0.05, h - 0.04, 0.05), leg)
        clutter(s, rng, (-w / 2, w / 2), (-d / 2, d / 2), h, int(rng.integers(0, 5)))
    if not chairs or h < 0.6:
        return
    look = (s.material(some.fabric(rng)), leg)
    for k in range(int(rng.integers(0, 5))):
        side = 1 if k % 2 else -1
        along = (k // 2 - 0.5) * 0.7 * min(w / 1.4, 1.2)
        c, sn = math.cos(yaw), math.sin(yaw)
        dz = side * (d / 2 + rng.uniform(0.05, 0.35))
        chair(s, rng, x + c * along + sn * dz, z - sn * along + c * dz, yaw + (math.pi if side > 0 else 0), look)


def chair(s: Scene, rng: Random, x: float, z: float, yaw: float, look: tuple[int, int] | None = None) -> None:
    """A chair whose sitter looks along ``yaw``."""
    seat, leg = look or (s.material(some.fabric(rng)), s.material(some.solid(rng, True)))
    w, h = rng.uniform(0.4, 0.55), 0.45
    with s.at(x, z, yaw):
        s.box(0, h - 0.06, 0, (w, 0.07, w), seat)
        s.box(0, h, -w / 2, (w, rng.uniform(0.35, 0.6), 0.05), seat)
        for i in (-1, 1):
            for j in (-1, 1):
                s.box(i * w * 0.42, 0, j * w * 0.42, (0.035, h - 0.05, 0.035), leg)


def sofa(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A sofa or armchair with cushions, its back toward -``yaw``."""
    w, d = rng.uniform(0.9, 2.6), rng.uniform(0.8, 1.0)
    cover, cushion = s.material(some.fabric(rng)), s.material(some.fabric(rng))
    with s.at(x, z, yaw):
        s.box(0, 0.06, 0, (w, 0.36, d), cover)
        s.box(0, 0.4, -d / 2 + 0.12, (w, 0.42, 0.22), cover)
        for side in (-1, 1):
            s.box(side * (w / 2 - 0.09), 0.06, 0, (0.18, 0.55, d), cover)
        for _ in range(int(rng.integers(0, 4))):
            s.ellipsoid(
                rng.uniform(-w / 2 + 0.3, w / 2 - 0.3), 0.58, -d / 2 + 0.32, (0.22, 0.2, 0.1), cushion, rng.uniform(-0.5, 0.5)
            )


def bed(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A bed, head toward -``yaw``."""
    w = rng.uniform(0.9, 2.0)
    frame, sheet, pillow = s.material(some.wood(rng, False)), s.material(some.fabric(rng)), s.material(some.fabric(rng))
    with s.at(x, z, yaw):
        s.box(0, 0.1, 0, (w, 0.22, 2.0), frame)
        s.box(0, 0.32, 0.0, (w - 0.04, 0.2, 1.96), sheet)
        s.box(0, 0.1, -1.03, (w, rng.uniform(0.6, 1.2), 0.06), frame)
        for side in (-0.25, 0.25) if w > 1.3 else (0.0,):
            s.ellipsoid(side * w, 0.57, -0.75, (0.33, 0.1, 0.22), pillow)


def cabinet(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A shelf with books, a wardrobe or a sideboard; its front looks along ``yaw``."""
    w, h, d = rng.uniform(0.6, 2.4), rng.choice([rng.uniform(0.5, 1.0), rng.uniform(1.4, 2.3)]), rng.uniform(0.3, 0.6)
    body = s.material(some.wood(rng, False) if rng.random() < 0.7 else some.solid(rng))
    with s.at(x, z, yaw):
        if rng.random() < 0.45:
            look = some.wood(rng, False)
            books = s.material(
                replace(look, pattern=m.BOOKS, a=look.a, b=look.a, cell=(rng.uniform(0.03, 0.06), 0.32), grain=0.05)
            )
            s.box(0, 0, -0.05, (w - 0.04, h - 0.04, d - 0.1), books)
            for side in (-1, 1):
                s.box(side * w / 2, 0, 0, (0.04, h, d), body)
            for k in range(int(h / 0.32) + 1):
                s.box(0, k * 0.32, 0, (w, 0.025, d), body)
        else:
            s.box(0, 0, 0, (w, h, d), body)
            line = s.material(some.solid(rng, True))
            for k in range(1, int(w / 0.5) + 1):
                s.box(-w / 2 + k * w / (int(w / 0.5) + 1), 0.08, d / 2, (0.012, h - 0.16, 0.012), line)
        if h < 1.3:
            clutter(s, rng, (-w / 2, w / 2), (-d / 2, d / 2), h, int(rng.integers(0, 4)))
            if rng.random() < 0.3:
                screen(s, rng, 0, 0, h, rng.uniform(0.8, 1.4))


def screen(s: Scene, rng: Random, x: float, z: float, base: float, w: float) -> None:
    """A television or monitor, dark or showing a picture."""
    look = (
        m.Material(m.ART, m.hsv(rng.random(), 0.4, 0.5), (0.01, 0.01, 0.01), emission=rng.uniform(0.5, 2))
        if rng.random() < 0.3
        else m.Material(a=(0.012, 0.012, 0.014), gloss=0.8)
    )
    s.box(x, base + 0.06, z, (w, w * 0.58, 0.05), s.material(look))
    s.box(x, base, z, (0.3, 0.07, 0.15), s.material(some.solid(rng, True)))


def clutter(s: Scene, rng: Random, xs: tuple[float, float], zs: tuple[float, float], base: float, count: int) -> None:
    """Small things on a surface: boxes, vases, bowls, stacks."""
    for _ in range(count):
        x, z = rng.uniform(xs[0] * 0.8, xs[1] * 0.8), rng.uniform(zs[0] * 0.7, zs[1] * 0.7)
        look = s.material(some.solid(rng))
        draw = rng.random()
        if draw < 0.4:
            s.box(x, base, z, (rng.uniform(0.08, 0.3), rng.uniform(0.02, 0.2), rng.uniform(0.08, 0.3)), look, rng.uniform(0, 3))
        elif draw < 0.75:
            s.column(x, base, z, rng.uniform(0.03, 0.1), rng.uniform(0.06, 0.3), look, taper=rng.uniform(0.4, 1.3))
        else:
            r = rng.uniform(0.05, 0.13)
            s.ellipsoid(x, base + r, z, (r, r, r), look)


def floor_lamp(s: Scene, rng: Random, x: float, z: float) -> None:
    """A standing lamp with a lit shade."""
    h = rng.uniform(1.3, 1.8)
    with s.at(x, z):
        s.column(0, 0, 0, 0.14, 0.03, s.material(some.solid(rng, True)))
        s.column(0, 0.03, 0, 0.015, h, s.material(some.solid(rng, True)))
        s.column(
            0,
            h,
            0,
            rng.uniform(0.15, 0.25),
            0.28,
            s.material(some.glowing(rng, rng.uniform(0.5, 4))),
            taper=rng.uniform(0.5, 0.9),
        )


def pot_plant(s: Scene, rng: Random, x: float, z: float, scale: float = 1.0) -> None:
    """A plant in a pot: a cloud of leaves, or long blades."""
    green, pot = s.material(some.foliage(rng, 0.5)), s.material(some.solid(rng))
    h = rng.uniform(0.2, 0.5) * scale
    with s.at(x, z):
        s.column(0, 0, 0, 0.14 * scale, h, pot, taper=rng.uniform(1.0, 1.4))
        if rng.random() < 0.4:
            for k in range(int(rng.integers(5, 10))):
                turn, lean, tall = k * 2.4, rng.uniform(0.1, 0.5), rng.uniform(0.4, 1.1) * scale
                tip = s.point(math.sin(turn) * lean, h + tall, math.cos(turn) * lean)
                s.rod(s.point(0, h, 0), tip, 0.015, green, width=0.07)
        else:
            for _ in range(int(rng.integers(3, 8))):
                r = rng.uniform(0.12, 0.3) * scale
                s.ellipsoid(
                    rng.normal(0, 0.15) * scale,
                    h + rng.uniform(0.1, 0.8) * scale,
                    rng.normal(0, 0.15) * scale,
                    (r, r * 0.8, r),
                    green,
                    leaf=rng.uniform(0.3, 0.65),
                )
