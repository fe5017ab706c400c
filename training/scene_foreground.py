"""Things with sharp outlines one to four metres from the camera: seats, tables, railings, bollards, bicycles, cars."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from training import materials as m
from training import random_materials as some
from training import scene_cars as cars
from training import scene_furniture as furniture
from training import scene_objects as objects
from training.scene import Scene
from training.scene_people import person
from training.scene_shell import Room

Random = np.random.Generator
Put = Callable[[Scene, Random, float, float, float], None]


def around(s: Scene, rng: Random, base: float | Callable[[float, float], float] = 0.0) -> None:
    """One to four things in different directions about the camera, on ground of height ``base``, at x and z if it varies."""
    for slot in rng.permutation(7)[: int(rng.integers(1, 5))]:
        az, far = (slot + rng.uniform(0.15, 0.85)) * 2 * math.pi / 7, float(np.exp(rng.uniform(math.log(1.1), math.log(4.0))))
        x, z = far * math.sin(az), far * math.cos(az)
        yaw = az + rng.choice([0.0, math.pi / 2, math.pi]) + rng.normal(0, 0.4)
        with s.at(x, z, yaw, base(x, z) if callable(base) else base):
            thing(s, rng, 0.0, 0.0, 0.0, far)


def seats(s: Scene, rng: Random, room: Room) -> None:
    """Light chairs and a small table or a plant near the camera in a room."""
    for slot in rng.permutation(6)[: int(rng.integers(1, 4))]:
        az, far = (slot + rng.uniform(0.2, 0.8)) * 2 * math.pi / 6, rng.uniform(0.9, 2.5)
        x, z = far * math.sin(az), far * math.cos(az)
        if room.x0 + 0.5 < x < room.x1 - 0.5 and room.z0 + 0.5 < z < room.z1 - 0.5:
            put = (spindle_chair, spindle_chair, bistro_table, bin_)[int(rng.integers(0, 4))]
            put(s, rng, x, z, rng.uniform(0, 6.28))


def thing(s: Scene, rng: Random, x: float, z: float, yaw: float, far: float = 0.0) -> None:
    """One thing of those that stand in streets, squares and halls; cars where there are ``far`` metres for them."""
    shares = dict(_SHARES) | ({"car": 0.1} if far > 2.8 else {})
    total = sum(shares.values())
    kind = str(rng.choice(list(shares), p=[share / total for share in shares.values()]))
    _PUT[kind](s, rng, x, z, yaw)


def slatted_bench(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A bench of thin slats with gaps, with or without a back and arms."""
    long, count, deep = rng.uniform(1.2, 2.4), int(rng.integers(3, 8)), rng.uniform(0.38, 0.55)
    wood, iron = s.material(some.wood(rng, False) if rng.random() < 0.6 else some.solid(rng)), s.material(some.solid(rng, True))
    step = deep / count
    with s.at(x, z, yaw):
        for k in range(count):
            s.box(0, 0.42, -deep / 2 + (k + 0.5) * step, (long, 0.035, step * 0.7), wood)
        backed = rng.random() < 0.65
        for side in (-1, 1):
            at = side * (long / 2 - 0.15)
            s.box(at, 0, -deep / 2 + 0.05, (0.05, 0.42, 0.05), iron)
            s.box(at, 0, deep / 2 - 0.05, (0.05, 0.42, 0.05), iron)
            s.box(at, 0.38, 0, (0.05, 0.04, deep), iron)
            if backed:
                s.box(at, 0.42, -deep / 2 - 0.03, (0.05, 0.45, 0.03), iron, pitch=-0.15)
            if rng.random() < 0.4:
                s.box(at, 0.64, 0, (0.05, 0.04, deep), iron)
        for k in range(int(rng.integers(2, 5)) if backed else 0):
            s.box(0, 0.52 + 0.13 * k, -deep / 2 - 0.02 * k, (long, 0.09, 0.025), wood, pitch=-0.15)


def block_bench(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A bench of slabs: stone, concrete or painted steel, its ends sometimes leaning outward."""
    long, look = (
        rng.uniform(1.2, 2.6),
        s.material(replace(some.solid(rng), gloss=0.2) if rng.random() < 0.6 else some.plaster(rng)),
    )
    high, deep, lean = rng.uniform(0.38, 0.5), rng.uniform(0.4, 0.8), rng.choice([0.0, 0.6])
    with s.at(x, z, yaw):
        s.box(0, high - 0.1, 0, (long, 0.1, deep), look)
        for side in (-1, 1):
            s.box(side * long / 2, 0, 0, (0.1, high, deep), look)
            if lean:
                foot, tip = s.point(side * long / 2, high - 0.05, 0), s.point(side * (long / 2 + 0.3), high + 0.4, 0)
                s.rod(
                    foot,
                    tip,
                    0.08 if abs(math.sin(s.turn)) < 0.7 else deep,
                    look,
                    width=deep if abs(math.sin(s.turn)) < 0.7 else 0.08,
                )
        if rng.random() < 0.5:
            s.box(0, 0, 0, (0.1, high - 0.1, deep * 0.9), look)


def spindle_chair(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A light chair of tubes: round or square seat, open back of bars, thin splayed legs."""
    frame, seat = (
        s.material(some.solid(rng, rng.random() < 0.6)),
        s.material(some.wood(rng, False) if rng.random() < 0.5 else some.solid(rng)),
    )
    w, high = rng.uniform(0.36, 0.48), rng.uniform(0.43, 0.48)
    with s.at(x, z, yaw):
        if rng.random() < 0.4:
            s.column(0, high - 0.03, 0, w / 2, 0.03, seat)
        else:
            s.box(0, high - 0.03, 0, (w, 0.03, w), seat)
        for i in (-1, 1):
            for j in (-1, 1):
                s.limb(
                    s.point(i * w * 0.38, high - 0.02, j * w * 0.38),
                    s.point(i * w * 0.5, 0, j * w * 0.52),
                    (0.013, 0.012),
                    frame,
                )
            s.limb(s.point(i * w * 0.42, high, -w * 0.45), s.point(i * w * 0.46, high + 0.42, -w * 0.62), (0.013, 0.012), frame)
        s.limb(s.point(-w * 0.46, high + 0.42, -w * 0.62), s.point(w * 0.46, high + 0.42, -w * 0.62), (0.014, 0.014), frame)
        bars = int(rng.integers(0, 5))
        for k in range(bars):
            at = w * 0.8 * ((k + 0.5) / bars - 0.5)
            s.limb(s.point(at, high, -w * 0.46), s.point(at, high + 0.42, -w * 0.62), (0.008, 0.008), frame)
        if bars == 0:
            s.box(0, high + 0.22, -w * 0.55, (w * 0.9, 0.18, 0.02), seat, pitch=-0.3)


def bistro_table(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A small round or square table on one leg with two or three chairs."""
    r, high = rng.uniform(0.3, 0.45), rng.uniform(0.7, 0.76)
    top, iron = s.material(some.wood(rng, False) if rng.random() < 0.5 else some.solid(rng)), s.material(some.solid(rng, True))
    with s.at(x, z, yaw):
        if rng.random() < 0.6:
            s.column(0, high - 0.025, 0, r, 0.025, top)
        else:
            s.box(0, high - 0.025, 0, (2 * r, 0.025, 2 * r), top)
        s.column(0, 0.02, 0, 0.025, high - 0.04, iron)
        s.column(0, 0, 0, r * 0.6, 0.025, iron)
        furniture.clutter(s, rng, (-r / 2, r / 2), (-r / 2, r / 2), high, int(rng.integers(0, 4)))
    for k in range(int(rng.integers(1, 4))):
        a = yaw + k * 2.1 + rng.normal(0, 0.3)
        spindle_chair(s, rng, x + (r + 0.25) * math.sin(a), z + (r + 0.25) * math.cos(a), a + math.pi)


def railing(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A handrail on posts with balusters, wires or plain rails between."""
    long, high, look = rng.uniform(2.0, 6.0), rng.uniform(0.9, 1.15), s.material(some.solid(rng, rng.random() < 0.5))
    style = rng.integers(0, 3)
    with s.at(x, z, yaw):
        s.box(0, high - 0.04, 0, (long, 0.045, 0.05), look)
        posts = max(2, int(long / 1.4) + 1)
        for k in range(posts):
            s.box(-long / 2 + k * long / (posts - 1), 0, 0, (0.05, high - 0.03, 0.04), look)
        if style == 0:
            count = min(30, int(long / 0.12))
            for k in range(count):
                s.column(-long / 2 + (k + 0.5) * long / count, 0.1, 0, 0.008, high - 0.14, look, shadow=False)
            s.box(0, 0.08, 0, (long, 0.03, 0.03), look)
        else:
            for up in np.linspace(0.15, high - 0.2, 3 if style == 1 else 6):
                s.box(0, float(up), 0, (long, 0.03 if style == 1 else 0.008, 0.02), look, shadow=False)


def bollards(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """Two to five bollards in a row, of iron, stone or striped."""
    dark = replace(
        some.solid(rng, True), pattern=m.STRIPES if rng.random() < 0.2 else m.PLAIN, b=(0.7, 0.7, 0.7), cell=(0.2, 1), turn=1
    )
    look, high, r = (
        s.material(dark if rng.random() < 0.7 else some.plaster(rng)),
        rng.uniform(0.5, 1.1),
        rng.uniform(0.04, 0.16),
    )
    with s.at(x, z, yaw):
        for k in range(int(rng.integers(2, 6))):
            s.column(k * 1.4, 0, 0, r, high, look, taper=rng.choice([1.0, 0.75]))
            s.ellipsoid(k * 1.4, high, 0, (r, r * 0.6, r), look)


def board(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A sandwich board, an information board on two posts, a parking meter or a letter box."""
    frame, draw = s.material(some.solid(rng, rng.random() < 0.5)), rng.random()
    art = m.Material(
        m.TEXT if rng.random() < 0.3 else m.ART,
        m.hsv(rng.random(), 0.6, 0.6),
        (0.85, 0.85, 0.85),
        salt=int(rng.integers(1, 99)),
    )
    face = s.material(art)
    with s.at(x, z, yaw):
        if draw < 0.35:
            for side in (-1, 1):
                s.box(0, 0.02, side * 0.17, (0.6, 1.0, 0.02), face, pitch=side * 0.17)
        elif draw < 0.7:
            wide, tall = rng.uniform(0.6, 1.6), rng.uniform(0.5, 1.2)
            for side in (-1, 1):
                s.box(side * wide / 2, 0, 0, (0.06, 0.9 + tall, 0.06), frame)
            s.box(0, 0.8, 0, (wide, tall, 0.04), face)
        else:
            s.box(0, 0, 0, (0.08, 0.95, 0.08), frame)
            s.box(0, 0.95, 0, (rng.uniform(0.2, 0.4), rng.uniform(0.35, 0.6), 0.22), s.material(some.solid(rng)))


def bin_(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A litter bin with a hood, a wheeled bin or a planter with something in it."""
    look, dark, draw = s.material(some.solid(rng)), s.material(some.solid(rng, True)), rng.random()
    with s.at(x, z, yaw):
        if draw < 0.4:
            s.column(0, 0.05, 0, 0.2, 0.75, look, taper=1.15)
            for side in (-1, 1):
                s.box(side * 0.2, 0.75, 0, (0.03, 0.25, 0.03), dark)
            s.column(0, 1.0, 0, 0.24, 0.05, dark, taper=0.6)
        elif draw < 0.7:
            s.column(0, 0.08, 0, 0.27, 0.85, look, taper=1.12)
            s.box(0, 0.93, 0.02, (0.6, 0.06, 0.66), dark, pitch=0.06)
            for side in (-1, 1):
                s.disc(s.point(side * 0.25, 0.1, -0.25), np.eye(3), (0.04, 0.1, 0.1), dark)
        else:
            r = rng.uniform(0.25, 0.5)
            s.column(0, 0, 0, r, 0.5, look, taper=rng.uniform(1.0, 1.4))
            furniture.pot_plant(s, rng, 0, 0, rng.uniform(1.2, 1.8))


def _bicycle(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    objects.bicycle(s, rng, x, z, yaw)


def _person(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    person(s, rng, x, z)


_PUT: dict[str, Put] = {
    "slats": slatted_bench, "block": block_bench, "chair": spindle_chair, "bistro": bistro_table, "railing": railing,
    "bollards": bollards, "board": board, "bin": bin_, "bicycle": _bicycle, "person": _person, "car": cars.car,
}  # fmt: skip
_SHARES = {
    "slats": 0.14, "block": 0.1, "chair": 0.1, "bistro": 0.1, "railing": 0.12, "bollards": 0.08, "board": 0.08, "bin": 0.08,
    "bicycle": 0.07, "person": 0.13,
}  # fmt: skip
