"""Lights on stands, as photographers use them, and the studio around them: bright things that are no windows and no sky."""

from __future__ import annotations

import math

import numpy as np

from training import materials as m
from training import random_materials as some
from training.primitives import FRUSTUM, pitch_matrix, yaw_matrix
from training.scene import Scene
from training.scene_lamps import lamp
from training.scene_shell import Room

Random = np.random.Generator

_HEADS = {"grid": 0.22, "softbox": 0.24, "octagon": 0.12, "ring": 0.12, "tube": 0.1, "spot": 0.12, "bulb": 0.08}


def studio(s: Scene, rng: Random, room: Room) -> None:
    """Two to five lights around the middle of the room, sometimes a roll of paper hung as a backdrop."""
    x, z = room.middle
    if rng.random() < 0.6:
        _backdrop(s, rng, room)
    for _ in range(int(rng.integers(2, 6))):
        far, az = rng.uniform(0.35, 0.9), rng.uniform(0, 2 * math.pi)
        px = float(np.clip(x + far * room.size[0] / 2 * math.sin(az), room.x0 + 0.6, room.x1 - 0.6))
        pz = float(np.clip(z + far * room.size[1] / 2 * math.cos(az), room.z0 + 0.6, room.z1 - 0.6))
        light_on_stand(s, rng, px, pz, math.atan2(x - px, z - pz) + rng.normal(0, 0.5))
    lamp(s, rng, room, (x + 1.0, z), room.height * 0.7, room.size[0] * room.size[1] * rng.uniform(0.05, 0.2))


def light_on_stand(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """One light that shines along ``yaw``, on a stand with three legs."""
    high, dark = rng.uniform(1.2, 2.3), s.material(some.solid(rng, True))
    glow = s.material(some.glowing(rng, float(rng.choice([1.0, 3.0, 8.0, 20.0]))))
    pitch = float(np.clip(rng.normal(0.15, 0.2), -0.2, 0.7))
    kind = str(rng.choice(list(_HEADS), p=list(_HEADS.values())))
    with s.at(x, z, yaw):
        s.column(0, 0.2, 0, 0.016, high - 0.2, dark)
        for k in range(3):
            a = k * 2 * math.pi / 3 + 0.5
            s.rod(s.point(0, 0.55, 0), s.point(0.5 * math.sin(a), 0.01, 0.5 * math.cos(a)), 0.022, dark)
            s.rod(s.point(0, 0.22, 0), s.point(0.27 * math.sin(a), 0.26, 0.27 * math.cos(a)), 0.015, dark)
        _HEAD[kind](s, rng, high, pitch, (dark, glow))


def _grid(s: Scene, rng: Random, high: float, pitch: float, look: tuple[int, int]) -> None:
    """A black panel with rows of round lamps."""
    columns, rows, step = int(rng.integers(2, 6)), int(rng.integers(1, 5)), float(rng.uniform(0.14, 0.22))
    wide, tall = columns * step + 0.08, rows * step + 0.08
    front = s.point(0, high, 0)
    axes = yaw_matrix(s.turn) @ pitch_matrix(pitch)
    s.box(0, high - tall / 2, 0, (wide, tall, 0.1), look[0], pitch=pitch)
    for i in range(columns):
        for j in range(rows):
            at = axes @ np.array([(i - (columns - 1) / 2) * step, (j - (rows - 1) / 2) * step, 0.055])
            x, y, z = front + at
            s.disc(np.array([x, y, z]), axes, (step * 0.38, step * 0.38, 0.012), look[1] if rng.random() < 0.93 else look[0])


def _softbox(s: Scene, rng: Random, high: float, pitch: float, look: tuple[int, int]) -> None:
    """A glowing cloth in a dark frame, before a dark body."""
    wide, tall = rng.uniform(0.3, 0.9), rng.uniform(0.5, 1.4)
    for size, off, which in (
        ((wide, tall, 0.16), 0.0, 0),
        ((wide * 0.5, tall * 0.5, 0.2), -0.16, 0),
        ((0.12, 0.12, 0.25), -0.3, 0),
    ):
        s.box(0, high - size[1] / 2 + off * math.sin(-pitch), off * math.cos(pitch), size, look[which], pitch=pitch)
    size = (wide - 0.05, tall - 0.05, 0.165)
    s.box(0, high - size[1] / 2 - 0.004 * pitch, 0.004, size, look[1], pitch=pitch)


def _octagon(s: Scene, rng: Random, high: float, pitch: float, look: tuple[int, int]) -> None:
    """A round softbox or an umbrella: a glowing disc over a dark cone."""
    r = rng.uniform(0.3, 0.75)
    turn = yaw_matrix(s.turn) @ pitch_matrix(pitch)
    cone = np.stack([turn[:, 0], -turn[:, 2], turn[:, 1]], axis=1)
    front = s.point(0, high, 0)
    s.add(FRUSTUM, front - turn[:, 2] * r * 0.35, cone, (r * 0.3, r * 0.35, r * 0.3), look[0], taper=3.3)
    s.disc(front, turn, (r * 0.97, r * 0.97, 0.04), look[1])


def _ring(s: Scene, rng: Random, high: float, pitch: float, look: tuple[int, int]) -> None:
    """A ring light: sixteen short glowing bars."""
    r, thick = rng.uniform(0.13, 0.3), rng.uniform(0.03, 0.07)
    turn = yaw_matrix(s.turn) @ pitch_matrix(pitch)
    angles = np.linspace(0, 2 * math.pi, 17)
    rim = [s.point(0, high + r, 0) + turn @ np.array([r * math.cos(a), r * math.sin(a), 0.0]) for a in angles]
    for a, b in zip(rim, rim[1:], strict=False):
        s.rod(a, b, 0.03, look[1], width=thick)


def _tube(s: Scene, rng: Random, high: float, pitch: float, look: tuple[int, int]) -> None:
    """A glowing tube, upright or lying across the stand."""
    half, lean = rng.uniform(0.3, 0.7), rng.choice([0.0, 1.57, rng.uniform(0, 1.5)])
    along = np.array([math.sin(lean), math.cos(lean)]) * half
    s.rod(s.point(-along[0], high - along[1], 0.03), s.point(along[0], high + along[1], 0.03), 0.04, look[1])


def _spot(s: Scene, rng: Random, high: float, pitch: float, look: tuple[int, int]) -> None:
    """A lamp house with a round lens between four flaps."""
    r = rng.uniform(0.08, 0.16)
    turn = yaw_matrix(s.turn) @ pitch_matrix(pitch)
    s.box(0, high - r * 1.2, -r, (2.4 * r, 2.4 * r, 3 * r), look[0], pitch=pitch)
    front = s.point(0, high, -r) + turn[:, 2] * 1.5 * r
    s.disc(front, turn, (r, r, 0.02), look[1])
    for side in (-1, 1):
        for axis in (0, 1):
            tip = turn[:, axis] * side * r * 1.2
            s.rod(front + tip, front + tip * 1.9 + turn[:, 2] * 1.3 * r, 0.01, look[0], width=2.2 * r)


def _bulb(s: Scene, rng: Random, high: float, pitch: float, look: tuple[int, int]) -> None:
    """A bare bulb, or a paper lantern."""
    r = rng.uniform(0.04, 0.07) if rng.random() < 0.5 else rng.uniform(0.2, 0.35)
    s.ellipsoid(0, high + r, 0, (r, r, r), look[1], shadow=False)


_HEAD = {
    "grid": _grid, "softbox": _softbox, "octagon": _octagon, "ring": _ring, "tube": _tube, "spot": _spot, "bulb": _bulb,
}  # fmt: skip


def _backdrop(s: Scene, rng: Random, room: Room) -> None:
    """A roll of paper hung before the +z wall and drawn out over the floor."""
    wide = min(rng.uniform(1.8, 3.5), room.size[0] - 0.6)
    paper = s.material(
        m.Material(a=m.hsv(rng.random(), rng.choice([0.0, 0.1, 0.6]), rng.uniform(0.3, 0.97)), grain=0.02, stain=0.02)
    )
    x, tall = rng.uniform(room.x0 + wide / 2 + 0.2, room.x1 - wide / 2 - 0.2), min(room.height - 0.3, 2.8)
    dark = s.material(some.solid(rng, True))
    z = room.z1 - 0.5
    with s.at(x, z):
        s.box(0, 0.1, 0, (wide, tall - 0.1, 0.01), paper)
        s.box(0, 0.0, -0.9, (wide, 0.008, 1.7), paper)
        s.box(0, 0.03, -0.06, (wide, 0.01, 0.18), paper, pitch=-0.8)
        s.rod(s.point(-wide / 2 - 0.1, tall, 0), s.point(wide / 2 + 0.1, tall, 0), 0.06, paper)
        for side in (-1, 1):
            s.column(side * (wide / 2 + 0.12), 0, 0, 0.02, tall, dark)
