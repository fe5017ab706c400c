"""People: standing, walking, sitting, and the one who holds the camera; and what the camera stands on."""

from __future__ import annotations

import math

import numpy as np

from training import materials as m
from training import random_materials as some
from training.scene import Scene

Random = np.random.Generator


def person(s: Scene, rng: Random, x: float, z: float, yaw: float | None = None) -> tuple[int, int]:
    """A standing or walking person, 1.5 to 1.95 m, now and then with a bag; returns the materials of clothes and skin."""
    k = rng.uniform(1.5, 1.95) / 1.75
    cloth, trousers, skin, hair, shoe = _looks(s, rng)
    stride, girth = rng.uniform(0.0, 0.28), rng.uniform(0.85, 1.25)
    first, walks = len(s.primitives), stride > 0.12
    with s.at(x, z, rng.uniform(0, 6.28) if yaw is None else yaw):
        for side in (-1, 1):
            hip, ankle = s.point(side * 0.09, 0.88 * k, 0), s.point(side * 0.1, 0.08 * k, side * stride)
            knee = (hip + ankle) / 2 + s.point(0, 0, 0.06 + 0.2 * stride) - s.point(0, 0, 0)
            s.limb(hip, knee, (0.085 * girth, 0.06 * girth), trousers)
            s.limb(knee, ankle, (0.06 * girth, 0.045), trousers)
            s.box(side * 0.1, 0, side * stride + 0.06, (0.09, 0.08, 0.26), shoe)
            shoulder, elbow = (
                s.point(side * 0.19 * girth, 1.42 * k, 0),
                s.point(side * 0.26 * girth, 1.13 * k, -0.03 - side * stride * 0.5),
            )
            hand = s.point(side * 0.25 * girth, 0.88 * k, 0.08 - side * stride)
            s.limb(shoulder, elbow, (0.055 * girth, 0.045 * girth), cloth)
            s.limb(elbow, hand, (0.043, 0.03), cloth if rng.random() < 0.6 else skin)
        _trunk(s, k, girth, (cloth, trousers, skin, hair))
        if rng.random() < 0.3:
            bag = s.material(some.fabric(rng))
            if rng.random() < 0.5:
                s.box(0, 1.0 * k, -0.2 * girth, (0.3, 0.42, 0.16), bag)
            else:
                s.box(0.33, 0.55 * k, 0, (0.12, 0.3, 0.35), bag)
    for p in s.primitives[first:]:
        p.moves = walks
    return cloth, skin


def _trunk(s: Scene, k: float, girth: float, looks: tuple[int, int, int, int]) -> None:
    """Hips, chest, neck and head, upright over the current frame's origin; the face looks along local z."""
    cloth, trousers, skin, hair = looks
    s.ellipsoid(0, 0.93 * k, 0, (0.165 * girth, 0.13 * k, 0.115 * girth), trousers)
    s.ellipsoid(0, 1.22 * k, 0, (0.19 * girth, 0.29 * k, 0.12 * girth), cloth)
    s.ellipsoid(0, 1.4 * k, 0, (0.22 * girth, 0.08 * k, 0.1 * girth), cloth)
    s.column(0, 1.42 * k, 0, 0.055, 0.12 * k, skin)
    s.ellipsoid(0, 1.62 * k, 0.01, (0.078, 0.12, 0.098), skin)
    s.ellipsoid(0, 1.67 * k, -0.012, (0.088, 0.1, 0.1), hair)


def _looks(s: Scene, rng: Random) -> tuple[int, int, int, int, int]:
    skin = m.Material(a=m.hsv(rng.uniform(0.04, 0.09), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.9)), grain=0.03)
    hair = m.Material(a=m.hsv(rng.uniform(0.03, 0.12), rng.uniform(0.2, 0.6), rng.uniform(0.05, 0.5)), grain=0.1)
    made = some.fabric(rng), some.fabric(rng), skin, hair, some.solid(rng, True)
    cloth, trousers, skin_, hair_, shoe = (s.material(look) for look in made)
    return cloth, trousers, skin_, hair_, shoe


def behind_the_camera(s: Scene, rng: Random, base: float = 0.0) -> bool:
    """What carries the camera: most often nothing that shows, else a tripod, a pole, or somebody with a stick.

    Returns whether something does.
    """
    draw, first = rng.random(), len(s.primitives)
    if draw < 0.16:
        _tripod(s, rng, base)
    elif draw < 0.24:
        _pole(s, rng, base)
    elif draw < 0.32 and -s.camera[1] - base > 1.3:
        _operator(s, rng, base)
    for p in s.primitives[first:]:
        p.fixed = True  # it may come nearer to the camera than other things may
    return len(s.primitives) > first


_HIDDEN_M = 0.2
"""What is nearer below the camera is hidden by its own body."""


def _tripod(s: Scene, rng: Random, base: float) -> None:
    look, high, turn = s.material(some.solid(rng, True)), -float(s.camera[1]) - base, rng.uniform(0, 6.28)
    spread, hub, r = rng.uniform(0.25, 0.6), rng.uniform(0.45, 0.8) * high, rng.uniform(0.008, 0.018)
    with s.at(float(s.camera[0]), float(s.camera[2]), turn, base):
        s.column(0, 0.5 * hub, 0, r * 1.2, high - _HIDDEN_M - 0.5 * hub, look)
        for k in range(3):
            a = k * 2 * math.pi / 3
            s.limb(s.point(0, hub, 0), s.point(spread * math.sin(a), 0.01, spread * math.cos(a)), (r * 1.3, r), look)


def _pole(s: Scene, rng: Random, base: float) -> None:
    """One thin pole on a foot with short legs."""
    look, high = s.material(some.solid(rng, True)), -float(s.camera[1]) - base
    with s.at(float(s.camera[0]), float(s.camera[2]), rng.uniform(0, 6.28), base):
        s.column(0, 0.0, 0, rng.uniform(0.008, 0.02), high - _HIDDEN_M, look)
        for k in range(3):
            a = k * 2 * math.pi / 3
            s.limb(s.point(0, 0.12, 0), s.point(0.2 * math.sin(a), 0.01, 0.2 * math.cos(a)), (0.01, 0.01), look)


def _operator(s: Scene, rng: Random, base: float) -> None:
    """Somebody who stands half a metre off and holds the camera up on a stick."""
    away, az = rng.uniform(0.4, 0.75), rng.uniform(0, 6.28)
    x, z = float(s.camera[0]) + away * math.sin(az), float(s.camera[2]) + away * math.cos(az)
    with s.at(0, 0, 0.0, base):
        sleeve, skin = person(s, rng, x, z, az + math.pi + rng.normal(0, 0.4))
        dark = s.material(some.solid(rng, True))
        across = np.array([math.cos(az), 0.0, -math.sin(az)]) * rng.choice([-0.2, 0.2])
        shoulder = s.point(x, 1.38, z) + across
        hand = np.array([s.camera[0], s.camera[1] + rng.uniform(0.3, 0.6), s.camera[2]]) * 0.85 + 0.15 * shoulder
        s.limb(shoulder, hand, (0.05, 0.032), sleeve)
        s.disc(hand, np.eye(3), (0.045, 0.045, 0.045), skin)
        s.limb(hand, s.camera + np.array([0.0, _HIDDEN_M, 0.0]), (0.014, 0.01), dark)
