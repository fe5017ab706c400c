"""Nature: meadows, woods, rocks, lakes, hills."""

from __future__ import annotations

import math

import numpy as np

from training import materials as m
from training import scene_plants as plants
from training.scene import Scene
from training.scene_street import outdoor_camera

Random = np.random.Generator


def nature(s: Scene, rng: Random) -> None:
    """Open or wooded ground with rocks and bushes, sometimes at the water, hills behind."""
    outdoor_camera(s, rng)
    s.slab(0, 0, (4000, 4000), 0.0, s.material(m.ground(rng, str(rng.choice(["grass", "grass", "soil"])))))
    plants.hills(s, rng, 0.0, 0.8)
    if rng.random() < 0.3:
        wide = rng.uniform(10, 400)
        az, off = rng.uniform(0, 6.28), rng.uniform(2, 10)
        lake = s.material(m.Material(a=m.hsv(rng.uniform(0.4, 0.6), 0.5, 0.25), grain=0.2, stain=0.1))
        s.slab((off + wide / 2) * math.sin(az), (off + wide / 2) * math.cos(az), (wide * 3, wide), 0.015, lake, yaw=az)
        s.reflector = (0.015, float(rng.uniform(0.15, 0.5)))
    season = rng.random()
    greens = [s.material(m.foliage(rng, season)) for _ in range(3)]
    bark, rock = s.material(m.wood(rng, False)), s.material(m.plaster(rng))
    dense = rng.uniform(0.2, 1.0)
    for _ in range(int(22 * dense)):
        far, az = 2.0 + 60 * rng.random() ** 1.7, rng.uniform(0, 6.28)
        x, z, green = far * math.sin(az), far * math.cos(az), greens[rng.integers(0, 3)]
        draw = rng.random()
        if draw < 0.45:
            plants.tree(s, rng, x, z, green, bark)
        elif draw < 0.62:
            plants.conifer(s, rng, x, z, green, bark)
        elif draw < 0.82:
            plants.bush(s, rng, x, z, green)
        else:
            r = rng.uniform(0.2, 1.5)
            with s.at(x, z, rng.uniform(0, 3)):
                s.ellipsoid(0, r * 0.3, 0, (r, r * rng.uniform(0.5, 0.9), r * rng.uniform(0.6, 1)), rock)
