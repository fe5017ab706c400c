"""Streets between rows of houses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training import scene_cars as cars
from training import scene_foreground as foreground
from training import scene_objects as objects
from training import scene_paving as paving
from training import scene_people as people
from training import scene_plants as plants
from training.scene import Scene
from training.scene_houses import building
from training.scene_viewpoint import outdoor_camera

Random = np.random.Generator


def street(s: Scene, rng: Random) -> None:
    """A street along z with rows of houses on both sides, cars, trees, people, wires."""
    outdoor_camera(s, rng)
    road, walk = rng.uniform(4, 14), rng.uniform(1.2, 5)
    shift = rng.uniform(-0.45, 0.45) * (road + walk)
    asphalt = some.ground(rng, "asphalt")
    lane = replace(asphalt, pattern=m.ROAD, b=m.hsv(0.12, rng.choice([0.0, 0.6]), 0.85))
    s.slab(0, 0, (4000, 4000), -0.02, s.material(some.ground(rng, str(rng.choice(["grass", "asphalt", "soil"])))))
    s.slab(shift, 0, (road, 600), 0.0, s.material(lane if rng.random() < 0.7 else some.ground(rng, "paving")))
    pave = s.material(some.ground(rng, "paving"))
    kerb = float(rng.uniform(0.06, 0.16))
    raised = abs(shift) > road / 2
    if raised:
        s.camera[1] -= kerb
        s.foot = kerb
    for side in (-1, 1):
        s.box(shift + side * (road + walk) / 2, -0.5, 0, (walk, 0.5 + kerb, 600), pave, fixed=True, shadow=False)
        _row(s, rng, shift + side * (road / 2 + walk), side, kerb)
        _furniture_row(s, rng, shift + side * (road / 2 + 0.6), side, kerb)
    plants.hills(s, rng, 0.0, 0.4)
    for _ in range(int(rng.integers(0, 7))):
        side = rng.choice([-1, 1])
        first = len(s.primitives)
        cars.car(s, rng, shift + side * (road / 2 - 1.1), rng.uniform(-45, 45), 0.0 if side > 0 else math.pi)
        driving = rng.random() < 0.3
        for p in s.primitives[first:]:
            p.moves = driving
    for _ in range(int(rng.integers(0, 7))):
        people.person(s, rng, shift + rng.choice([-1, 1]) * (road / 2 + rng.uniform(0.3, walk)), rng.uniform(-25, 25))
    if rng.random() < 0.7:
        paving.marks(s, rng, s.foot)
    if rng.random() < 0.7:
        foreground.around(s, rng, s.foot)
    if rng.random() < 0.4:
        _wires(s, rng, shift, road)
    if rng.random() < 0.35:
        objects.crossing(s, rng, shift, rng.uniform(-15, 15), (road, rng.uniform(2.5, 4)))


def _row(s: Scene, rng: Random, edge: float, side: int, base: float) -> None:
    """Houses along one side; gaps here and there."""
    z = -70.0
    while z < 70.0:
        long, deep = rng.uniform(6, 26), rng.uniform(8, 14)
        if rng.random() < 0.14:
            z += rng.uniform(4, 15)
            continue
        building(s, rng, edge + side * (deep / 2 + rng.choice([0.0, 0.0, 1.0, 3.0])), z + long / 2, (deep, long), base, -side)
        z += long + rng.choice([0.0, 0.0, 0.0, 4.0])


def _furniture_row(s: Scene, rng: Random, x: float, side: int, base: float) -> None:
    green, bark = s.material(some.foliage(rng)), s.material(some.wood(rng, False))
    metal = s.material(some.solid(rng, True))
    draw = rng.random()
    step = rng.uniform(6, 14)
    start = rng.uniform(0, step)
    tall = rng.uniform(4, 9)
    for k in range(-3, 4):
        z = start + k * step
        if draw < 0.4 and rng.random() < 0.75:
            plants.tree(s, rng, x, z, green, bark, tall * rng.uniform(0.8, 1.2), base)
        elif draw < 0.7:
            with s.at(x, z, 0.0, base):
                s.column(0, 0, 0, 0.07, tall, metal, taper=0.7)
                s.box(-side * 0.6, tall - 0.1, 0, (1.4, 0.1, 0.2), metal)
    if rng.random() < 0.4:
        for k in range(10):
            with s.at(x, start + (k - 5) * 1.5, 0.0, base):
                s.column(0, 0, 0, 0.06, 0.9, metal)
    for _ in range(int(rng.integers(0, 5))):
        _on_pavement(s, rng, x + side * rng.uniform(0.2, 1.2), side, base, metal)


def _on_pavement(s: Scene, rng: Random, x: float, side: int, base: float, metal: int) -> None:
    z, draw = rng.uniform(-20, 20), rng.random()
    if draw < 0.25:
        with s.at(x, z, 0.0, base):
            s.column(0, 0, 0, 0.25, 0.95, metal)
    elif draw < 0.45:
        with s.at(x, z, 0.0, base):
            objects.bench(s, rng, 0, 0, side * math.pi / 2)
    elif draw < 0.65:
        objects.signpost(s, rng, x, z)
    elif draw < 0.8:
        objects.bicycle(s, rng, x, z, math.pi / 2)
    else:
        objects.bin_or_box(s, rng, x, z)


def _wires(s: Scene, rng: Random, shift: float, road: float) -> None:
    black = s.material(m.Material(a=(0.02, 0.02, 0.02), grain=0.0))
    for _ in range(int(rng.integers(1, 5))):
        x0, x1 = shift - road / 2 - rng.uniform(0, 2), shift + road / 2 + rng.uniform(0, 2)
        z0, h = rng.uniform(-20, 20), rng.uniform(4.5, 7.5)
        z1 = z0 + rng.choice([rng.normal(0, 1), rng.uniform(-30, 30)])
        sag, last = rng.uniform(0.1, 0.6), None
        for k in range(9):
            f = k / 8
            tip = s.point(x0 + (x1 - x0) * f, h - 4 * sag * f * (1 - f), z0 + (z1 - z0) * f)
            if last is not None:
                s.rod(last, tip, rng.uniform(0.015, 0.035), black)
            last = tip
