"""The light in rooms: hanging lamps, ceiling panels, and the daylight that windows send in."""

from __future__ import annotations

import numpy as np

from training import random_materials as some
from training.light import Lamp
from training.scene import Scene
from training.scene_shell import Room, Wall

Random = np.random.Generator


def lamp(s: Scene, rng: Random, room: Room, at: tuple[float, float], height: float, power: float, shadow: bool = False) -> None:
    """A lamp of a warm or white colour whose light stays in its room."""
    warm = np.array([1.0, rng.uniform(0.7, 1.0), rng.uniform(0.45, 1.0)])
    low, high = np.array([room.x0 - 0.1, -room.height - 4.0, room.z0 - 0.1]), np.array([room.x1 + 0.1, 0.5, room.z1 + 0.1])
    s.lamps.append(Lamp(np.array([at[0], -height, at[1]]), power * warm, low, high, shadow))


def lights(s: Scene, rng: Random, room: Room, panels: bool = True) -> None:
    """Hanging lamps, spots, or where there may be ``panels`` a grid of them, sometimes dark."""
    style = rng.random()
    if style < 0.3:
        _hanging(s, rng, room)
    elif style < 0.4:
        _cluster(s, rng, room)
    elif style < 0.48:
        _rail(s, rng, room)
    elif panels:
        _panels(s, rng, room, lit=style < 0.8)
    else:
        lamp(s, rng, room, room.middle, room.height - 0.4, room.size[0] * room.size[1] * rng.uniform(0.1, 0.4), True)


def _cluster(s: Scene, rng: Random, room: Room) -> None:
    """A chandelier, or bare bulbs or globes that hang in a row or a bunch."""
    (w, d), h, (x, z) = room.size, room.height, room.middle
    glow, wire = s.material(some.glowing(rng, float(rng.choice([3.0, 8.0, 20.0])))), s.material(some.solid(rng, True))
    count, r, bunch = int(rng.integers(3, 10)), rng.uniform(0.03, 0.12), rng.random() < 0.5
    reach, drop = rng.uniform(0.15, 0.5), rng.uniform(0.4, max(0.5, h - 2.2))
    with s.at(x, z):
        for k in range(count):
            a = k * 2 * np.pi / count
            px, pz = (reach * np.sin(a), reach * np.cos(a)) if bunch else (0.0, (k - (count - 1) / 2) * 0.35)
            s.ellipsoid(px, h - drop, pz, (r, r, r), glow, shadow=False)
            s.rod(s.point(px, h - drop, pz), s.point(0, h, 0) if bunch else s.point(px, h, pz), 0.012, wire)
    lamp(s, rng, room, (x, z), h - drop - 0.1, w * d * rng.uniform(0.15, 0.5), True)


def _rail(s: Scene, rng: Random, room: Room) -> None:
    """Spots on a rail under the ceiling: dark cylinders with bright lenses that look down."""
    (w, d), h, (x, z) = room.size, room.height, room.middle
    glow, dark = s.material(some.glowing(rng, rng.uniform(8, 30))), s.material(some.solid(rng, rng.random() < 0.6))
    long, drop = 0.7 * d, rng.uniform(0.04, 0.4)
    s.box(x, h - drop, z, (0.04, 0.03, long), dark, fixed=True, shadow=False)
    for _ in range(int(rng.integers(2, 8))):
        at, side = z + rng.uniform(-0.5, 0.5) * long, rng.uniform(-0.6, 0.6)
        foot, tip = np.array([x, drop - h + 0.02, at]), np.array([x + side * 0.16, drop - h + 0.16, at])
        s.rod(foot, tip, 0.09, dark)
        along = (tip - foot) / np.linalg.norm(tip - foot)
        lens = tip + along * 0.01
        s.ellipsoid(lens[0], -lens[1], lens[2], (0.04, 0.02, 0.04), glow, shadow=False)
    lamp(s, rng, room, (x, z), h - drop - 0.3, w * d * rng.uniform(0.1, 0.4), True)


def _hanging(s: Scene, rng: Random, room: Room) -> None:
    (w, d), h, (x, z) = room.size, room.height, room.middle
    drop = rng.uniform(0.1, 0.9)
    glow = s.material(some.glowing(rng, rng.uniform(1.5, 6)))
    r = rng.uniform(0.1, 0.3)
    with s.at(x, z):
        s.ellipsoid(0, h - drop, 0, (r, r * rng.uniform(0.4, 1), r), glow, shadow=False)
        s.rod(s.point(0, h - drop, 0), s.point(0, h, 0), 0.015, s.material(some.solid(rng, True)))
    lamp(s, rng, room, (x, z), h - drop - 0.1, w * d * rng.uniform(0.15, 0.5), True)


def _panels(s: Scene, rng: Random, room: Room, lit: bool) -> None:
    (w, d), h = room.size, room.height
    glow = s.material(some.glowing(rng, rng.uniform(2, 8)))
    nx, nz = max(1, min(5, int(w / rng.uniform(1.2, 3)))), max(1, min(5, int(d / rng.uniform(1.2, 3))))
    size = rng.uniform(0.08, 0.2) if not lit or rng.random() < 0.5 else rng.uniform(0.3, 1.2)
    for i in range(nx):
        for j in range(nz):
            x, z = room.x0 + (i + 0.5) * w / nx, room.z0 + (j + 0.5) * d / nz
            s.box(x, h - 0.02, z, (size, 0.03, size), glow, fixed=True, shadow=False)
    if lit:
        for fx, fz in ((0.27, 0.27), (0.73, 0.73)):
            lamp(s, rng, room, (room.x0 + fx * w, room.z0 + fz * d), h - 0.25, w * d * rng.uniform(0.05, 0.25), fx < 0.5)


def daylight(s: Scene, room: Room, wall: Wall, bright: float) -> None:
    """What a wall of windows sends into the room, as a lamp just inside it."""
    (ax, az), (bx, bz) = wall
    x, z = (ax + bx) / 2, (az + bz) / 2
    inward = np.array([room.middle[0] - x, room.middle[1] - z])
    x, z = np.array([x, z]) + inward / max(float(np.linalg.norm(inward)), 1e-6) * 0.35
    air = s.atmosphere
    color = (np.asarray(air.zenith) + np.asarray(air.horizon)) * air.ambient * bright
    low, high = np.array([room.x0 - 0.1, -room.height - 4, room.z0 - 0.1]), np.array([room.x1 + 0.1, 0.1, room.z1 + 0.1])
    s.lamps.append(Lamp(np.array([x, -1.5, z]), color, low, high, bright > 0.7))
