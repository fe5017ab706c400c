"""Squares, courtyards and gardens: what stands around them and what stands in them."""

from __future__ import annotations

import math

import numpy as np

from training import random_materials as some
from training import scene_cars as cars
from training import scene_foreground as foreground
from training import scene_furniture as furniture
from training import scene_objects as objects
from training import scene_paving as paving
from training import scene_people as people
from training import scene_plants as plants
from training import scene_set_pieces as pieces
from training.scene import Scene
from training.scene_houses import building
from training.scene_viewpoint import outdoor_camera

Random = np.random.Generator


def square(s: Scene, rng: Random) -> None:
    """A courtyard, square or garden: walls or houses around, trees and things within."""
    outdoor_camera(s, rng)
    pattern = str(rng.choice(["grass", "paving", "paving", "soil", "asphalt"]))
    s.slab(0, 0, (4000, 4000), 0.0, s.material(some.ground(rng, pattern)))
    radius = float(np.exp(rng.uniform(math.log(4.5), math.log(35))))
    _sides(s, rng, radius)
    if rng.random() < 0.4:
        lawn = s.material(some.ground(rng, "grass"))
        x, z, size = rng.uniform(-4, 4), rng.uniform(-4, 4), (rng.uniform(3, 12), rng.uniform(3, 12))
        s.slab(x, z, size, 0.01, lawn, yaw=rng.uniform(0, 3))
    plants.hills(s, rng, 0.0, 0.5)
    if rng.random() < 0.15:
        pieces.canopy(s, rng)
    if pattern != "grass" and rng.random() < 0.6:
        paving.marks(s, rng)
    if rng.random() < 0.7:
        foreground.around(s, rng)
    scatter(s, rng, min(radius, 25.0), int(rng.integers(5, 26)))


def _sides(s: Scene, rng: Random, radius: float) -> None:
    """A ring of three to seven sides about ``radius`` away, with gaps or without."""
    sides, gaps = int(rng.integers(3, 8)), rng.choice([0.0, 0.1, 0.4])
    turn = rng.uniform(0, 6.28)
    for k in range(sides):
        az = turn + k * 2 * math.pi / sides
        far = radius * rng.uniform(0.7, 1.4)
        wide = 2 * far * math.tan(math.pi / sides) * rng.uniform(0.6, 1.1)
        deep = rng.uniform(6, 14)
        reach = far + deep / 2
        if rng.random() < gaps:
            continue
        with s.at(reach * math.sin(az), reach * math.cos(az), az - math.pi / 2):
            _side(s, rng, deep, wide)


def _side(s: Scene, rng: Random, deep: float, wide: float) -> None:
    """A house, sometimes behind an arcade; a hedge; or a wall; its front looks along local -x."""
    if rng.random() < 0.75:
        building(s, rng, 0, 0, (deep, wide), 0.0, -1)
        if rng.random() < 0.15:
            with s.at(-deep / 2 - 2.0, 0, math.pi / 2):
                objects.arcade(s, rng, wide, s.material(some.plaster(rng)))
    elif rng.random() < 0.4:
        with s.at(-deep / 2, 0, math.pi / 2):
            objects.hedge(s, rng, 0, 0, 0, s.material(some.foliage(rng)))
    else:
        s.box(-deep / 2, 0, 0, (0.35, rng.uniform(0.8, 3.5), wide), s.material(some.brick(rng)), fixed=True)


_SHARES = {
    "tree": 0.17, "conifer": 0.04, "palm": 0.04, "bush": 0.08, "hedge": 0.06, "person": 0.13, "car": 0.08, "table": 0.05,
    "post": 0.05, "box": 0.07, "fence": 0.05, "steps": 0.02, "parasol": 0.03, "sign": 0.04, "fountain": 0.02, "stall": 0.02,
    "bicycle": 0.02, "bench": 0.03,
}  # fmt: skip
_PLANTS = {"tree": plants.tree, "conifer": plants.conifer, "palm": plants.palm}
_TURNED = {
    "car": cars.car, "table": furniture.table, "fence": objects.fence, "stall": objects.stall, "bicycle": objects.bicycle,
    "bench": objects.bench,
}  # fmt: skip
_UPRIGHT = {
    "person": people.person, "post": objects.post, "box": objects.bin_or_box, "parasol": objects.parasol,
    "sign": objects.signpost, "fountain": objects.fountain,
}  # fmt: skip


def scatter(s: Scene, rng: Random, radius: float, count: int) -> None:
    """Trees, people, cars and all the things that stand around, at random places within ``radius``."""
    green, bark = s.material(some.foliage(rng)), s.material(some.wood(rng, False))
    for kind in map(str, rng.choice(list(_SHARES), count, p=list(_SHARES.values()))):
        near = 5.0 if kind in ("car", "stall", "fountain", "steps") else 1.4
        far, az, yaw = rng.uniform(near, max(near + 2, radius)), rng.uniform(0, 6.28), rng.uniform(0, 6.28)
        x, z = far * math.sin(az), far * math.cos(az)
        if kind in _PLANTS:
            _PLANTS[kind](s, rng, x, z, green, bark)
        elif kind in _TURNED:
            _TURNED[kind](s, rng, x, z, yaw)
        elif kind in _UPRIGHT:
            _UPRIGHT[kind](s, rng, x, z)
        elif kind == "bush":
            plants.bush(s, rng, x, z, green)
        elif kind == "hedge":
            objects.hedge(s, rng, x, z, yaw, green)
        else:
            objects.steps(s, rng, x, z, az)
