"""Nature: meadows, woods, rocks, lakes, hills."""

from __future__ import annotations

import math

import numpy as np

from training import materials as m
from training import random_materials as some
from training import scene_foreground as foreground
from training import scene_people as people
from training import scene_plants as plants
from training.scene import Scene
from training.scene_viewpoint import outdoor_camera
from training.terrain import Terrain, random_terrain

Random = np.random.Generator


def nature(s: Scene, rng: Random) -> None:
    """Open or wooded ground with rocks and bushes, sometimes at the water, hills behind."""
    outdoor_camera(s, rng)
    terrain = random_terrain(rng)
    s.terrain = terrain
    s.terrain_material = s.material(some.ground(rng, str(rng.choice(["grass", "grass", "soil"]))))
    plants.hills(s, rng, 3.0, 0.3)
    if rng.random() < 0.35:
        _lake(s, rng, -float(rng.uniform(0.15, 1.0)) * terrain.roll - 0.08)
    if rng.random() < 0.4:
        _fence(s, rng, terrain)
    if rng.random() < 0.2:
        foreground.around(s, rng, lambda x, z: terrain.at(x, z) - 0.03)
    season = rng.random()
    greens = [s.material(some.foliage(rng, season)) for _ in range(3)]
    bark, rock = s.material(some.wood(rng, False)), s.material(some.plaster(rng))
    for _ in range(int(30 * rng.uniform(0.1, 1.0))):
        far, az = 2.0 + 60 * rng.random() ** 1.7, rng.uniform(0, 6.28)
        x, z, green = far * math.sin(az), far * math.cos(az), greens[rng.integers(0, 3)]
        base = terrain.at(x, z) - 0.1
        if s.reflector is None or base >= s.reflector[0] - 0.3:
            _stand(s, rng, (x, z, base), (green, bark, rock))


def _lake(s: Scene, rng: Random, level: float) -> None:
    water = s.material(m.Material(a=m.hsv(rng.uniform(0.4, 0.6), 0.4, 0.22), grain=0.2, stain=0.1))
    s.slab(0, 0, (3000, 3000), level, water)
    s.reflector = (level, float(rng.uniform(0.15, 0.5)))


def _stand(s: Scene, rng: Random, place: tuple[float, float, float], looks: tuple[int, int, int]) -> None:
    """A plant, a person or a rock at x, z and the height of the ground there."""
    (x, z, base), (green, bark, rock) = place, looks
    draw = rng.random()
    if draw < 0.4:
        plants.tree(s, rng, x, z, green, bark, base=base)
    elif draw < 0.55:
        plants.conifer(s, rng, x, z, green, bark, base=base)
    elif draw < 0.75:
        plants.bush(s, rng, x, z, green, base=base)
    elif draw < 0.8:
        with s.at(x, z, 0.0, base):
            people.person(s, rng, 0, 0)
    elif draw < 0.9:
        _tufts(s, rng, x, z, green, base)
    else:
        r = rng.uniform(0.2, 1.5)
        with s.at(x, z, rng.uniform(0, 3), base):
            s.ellipsoid(0, r * 0.3, 0, (r, r * rng.uniform(0.5, 0.9), r * rng.uniform(0.6, 1)), rock)
            s.ellipsoid(r * 0.7, r * 0.1, r * 0.3, (r * 0.6, r * 0.5, r * 0.5), rock)


def _tufts(s: Scene, rng: Random, x: float, z: float, green: int, base: float) -> None:
    """Tall grass or reed."""
    with s.at(x, z, 0.0, base):
        for _ in range(12):
            a, b = rng.normal(0, 0.3), rng.normal(0, 0.3)
            s.rod(
                s.point(a, 0, b),
                s.point(a + rng.normal(0, 0.15), rng.uniform(0.3, 0.9), b + rng.normal(0, 0.15)),
                0.01,
                green,
                width=0.03,
            )


def _fence(s: Scene, rng: Random, terrain: Terrain) -> None:
    """A row of fence posts with rails across the land."""
    look = s.material(some.wood(rng, False))
    az, off = rng.uniform(0, 6.28), rng.uniform(2, 8)
    last = None
    for k in range(-9, 10):
        x, z = off * math.sin(az) + 2.5 * k * math.cos(az), off * math.cos(az) - 2.5 * k * math.sin(az)
        foot = np.array([x, -terrain.at(x, z) + 0.1, z])
        s.rod(foot, foot + [0, -1.2, 0], 0.1, look)
        for up in (0.5, 1.0):
            if last is not None:
                s.rod(last - [0, up, 0], foot - [0, up, 0], 0.05, look)
        last = foot
