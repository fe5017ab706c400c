"""Outdoors among buildings: streets, squares, courtyards."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training import materials as m
from training import scene_furniture as furniture
from training import scene_objects as objects
from training import scene_plants as plants
from training import scene_set_pieces as pieces
from training.scene import Scene, yaw_matrix

Random = np.random.Generator


def outdoor_camera(s: Scene, rng: Random) -> None:
    """Mostly eye height, now and then a low or a raised tripod."""
    h = rng.normal(1.6, 0.13) if rng.random() < 0.88 else rng.uniform(0.8, 3.0)
    s.camera = np.array([0.0, -float(np.clip(h, 0.8, 3.0)), 0.0])


def street(s: Scene, rng: Random) -> None:
    """A street along z with rows of houses on both sides, cars, trees, people, wires."""
    outdoor_camera(s, rng)
    road, walk = rng.uniform(4, 14), rng.uniform(1.2, 5)
    shift = rng.uniform(-0.45, 0.45) * (road + walk)
    asphalt = m.ground(rng, "asphalt")
    lane = replace(asphalt, pattern=m.ROAD, b=m.hsv(0.12, rng.choice([0.0, 0.6]), 0.85))
    s.slab(0, 0, (4000, 4000), -0.02, s.material(m.ground(rng, str(rng.choice(["grass", "asphalt", "soil"])))))
    s.slab(shift, 0, (road, 600), 0.0, s.material(lane if rng.random() < 0.7 else m.ground(rng, "paving")))
    pave = s.material(m.ground(rng, "paving"))
    kerb = float(rng.uniform(0.06, 0.16))
    raised = abs(shift) > road / 2
    if raised:
        s.camera[1] -= kerb
    for side in (-1, 1):
        s.box(shift + side * (road + walk) / 2, -0.5, 0, (walk, 0.5 + kerb, 600), pave, fixed=True, shadow=False)
        _row(s, rng, shift + side * (road / 2 + walk), side, kerb)
        _furniture_row(s, rng, shift + side * (road / 2 + 0.6), side, kerb)
    plants.hills(s, rng, 0.0, 0.4)
    for _ in range(int(rng.integers(0, 7))):
        side = rng.choice([-1, 1])
        car(s, rng, shift + side * (road / 2 - 1.1), rng.uniform(-45, 45), 0.0 if side > 0 else math.pi)
    for _ in range(int(rng.integers(0, 7))):
        furniture.person(s, rng, shift + rng.choice([-1, 1]) * (road / 2 + rng.uniform(0.3, walk)), rng.uniform(-25, 25))
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


def building(s: Scene, rng: Random, x: float, z: float, size: tuple[float, float], base: float, front: int) -> None:
    """A house on a plan of (x extent, z extent); its front looks toward ``front`` along x."""
    storey = rng.uniform(2.8, 3.8)
    floors = int(np.clip(rng.lognormal(1.1, 0.55), 1, 14))
    h = floors * storey + rng.uniform(0.2, 1.0)
    look = replace(m.facade(rng, storey, s.atmosphere.night), shift=(rng.uniform(0, 3), storey * 0.5 - (h / 2) % storey))
    wall = s.material(look)
    with s.at(x, z, 0.0, base):
        s.box(0, 0, 0, (size[0], h, size[1]), wall, fixed=True)
        trim = s.material(replace(look, pattern=m.PLAIN, emission=0.0, a=m.scaled(look.a, rng.uniform(0.6, 1.5)), gloss=0.0))
        face = front * size[0] / 2
        if rng.random() < 0.6:
            s.box(0, h, 0, (size[0] + 0.5, 0.3, size[1] + 0.3), trim, fixed=True)
        if rng.random() < 0.45:
            _roof(s, rng, size, h, front)
        if rng.random() < 0.5:
            s.box(face, 0, 0, (0.14, storey * rng.uniform(0.25, 1), size[1]), s.material(m.plaster(rng)), fixed=True)
        door = s.material(m.solid(rng, rng.random() < 0.6))
        for _ in range(int(rng.integers(1, 5))):
            s.box(face, 0, rng.uniform(-0.45, 0.45) * size[1], (0.2, rng.uniform(2.0, 2.6), rng.uniform(0.9, 3.0)), door)
        if rng.random() < 0.35:
            _balconies(s, rng, face, front, size[1], storey, floors, trim)
        if rng.random() < 0.3:
            cloth = s.material(m.fabric(rng))
            s.box(
                face + front * 0.6, storey * 0.85, rng.uniform(-0.2, 0.2) * size[1], (1.2, 0.08, min(4.0, size[1] / 2)), cloth
            )


def _roof(s: Scene, rng: Random, size: tuple[float, float], h: float, front: int) -> None:
    rise, half = rng.uniform(0.25, 0.9) * size[0] / 2, size[0] / 2 + 0.4
    tile = s.material(replace(m.brick(rng), cell=(0.25, 0.35)))
    long = math.hypot(half, rise)
    turn = yaw_matrix(s._turn)
    for side in (-1, 1):
        x = np.array([side * half, rise, 0]) / long
        axes = turn @ np.stack([x, np.array([0, 0, 1.0]), np.cross(x, [0, 0, 1.0])], axis=1)
        s.sheet(s.point(side * half / 2, h + rise / 2 + 0.3, 0), axes, (long / 2, size[1] / 2 + 0.3), tile)
    if rng.random() < 0.5:
        s.box(0.2 * half, h + rise * 0.3, 0.2 * size[1], (0.6, rise + 0.6, 0.6), tile)


def _balconies(s: Scene, rng: Random, face: float, front: int, long: float, storey: float, floors: int, look: int) -> None:
    wide, step = rng.uniform(1.5, 3.5), rng.uniform(3.5, 6)
    for f in range(1, min(floors, 6)):
        for k in range(min(4, int(long / step))):
            z = -long / 2 + (k + 0.5) * step
            s.box(face + front * 0.5, f * storey - 0.15, z, (1.0, 0.15, wide), look)
            s.box(face + front * 1.0, f * storey, z, (0.05, rng.choice([0.9, 0.95]), wide), look)


def car(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    """A parked car: body, cabin, wheels."""
    paint = s.material(replace(m.solid(rng), gloss=0.7))
    glass = s.material(m.Material(a=(0.02, 0.025, 0.03), gloss=0.9))
    tyre = s.material(m.Material(a=(0.02, 0.02, 0.02)))
    long, h = rng.uniform(3.6, 5.0), rng.uniform(1.4, 1.9)
    with s.at(x, z, yaw + rng.normal(0, 0.03)):
        s.box(0, 0.25, 0, (1.74, 0.52, long * 0.94), paint)
        s.ellipsoid(0, 0.62, 0, (0.93, 0.32, long / 2), paint)
        if rng.random() < 0.75:
            s.ellipsoid(0, 0.72, -0.15, (0.78, h - 0.78, long * 0.36), glass)
            s.ellipsoid(0, h - 0.16, -0.15, (0.66, 0.17, long * 0.22), paint)
        else:
            s.box(0, 0.75, -0.1, (1.6, h - 0.6, long * 0.75), paint)
            s.box(0, 1.1, -0.05, (1.64, 0.45, long * 0.72), glass)
        light = s.material(m.Material(a=(0.75, 0.7, 0.65) if rng.random() < 0.5 else (0.5, 0.03, 0.02)))
        for i in (-1, 1):
            s.ellipsoid(i * 0.62, 0.68, long * 0.455, (0.14, 0.08, 0.06), light)
        for i in (-1, 1):
            for j in (-1, 1):
                s.ellipsoid(i * 0.8, 0.32, j * long * 0.31, (0.12, 0.32, 0.32), tyre)


def _furniture_row(s: Scene, rng: Random, x: float, side: int, base: float) -> None:
    green, bark = s.material(m.foliage(rng)), s.material(m.wood(rng, False))
    metal = s.material(m.solid(rng, True))
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
            _bench(s, rng, 0, 0, side * math.pi / 2)
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


def square(s: Scene, rng: Random) -> None:
    """A courtyard, square or garden: walls or houses around, trees and things within."""
    outdoor_camera(s, rng)
    s.slab(
        0, 0, (4000, 4000), 0.0, s.material(m.ground(rng, str(rng.choice(["grass", "paving", "paving", "soil", "asphalt"]))))
    )
    radius = float(np.exp(rng.uniform(math.log(4.5), math.log(35))))
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
            if rng.random() < 0.75:
                building(s, rng, 0, 0, (deep, wide), 0.0, -1)
                if rng.random() < 0.15:
                    with s.at(-deep / 2 - 2.0, 0, math.pi / 2):
                        objects.arcade(s, rng, wide, s.material(m.plaster(rng)))
            elif rng.random() < 0.4:
                with s.at(-deep / 2, 0, math.pi / 2):
                    objects.hedge(s, rng, 0, 0, 0, s.material(m.foliage(rng)))
            else:
                s.box(-deep / 2, 0, 0, (0.35, rng.uniform(0.8, 3.5), wide), s.material(m.brick(rng)), fixed=True)
    if rng.random() < 0.4:
        lawn = s.material(m.ground(rng, "grass"))
        s.slab(
            rng.uniform(-4, 4), rng.uniform(-4, 4), (rng.uniform(3, 12), rng.uniform(3, 12)), 0.01, lawn, yaw=rng.uniform(0, 3)
        )
    plants.hills(s, rng, 0.0, 0.5)
    if rng.random() < 0.15:
        pieces.canopy(s, rng)
    scatter(s, rng, min(radius, 25.0), int(rng.integers(5, 26)))


def scatter(s: Scene, rng: Random, radius: float, count: int) -> None:
    """Trees, people, cars and all the things that stand around, at random places within ``radius``."""
    green, bark = s.material(m.foliage(rng)), s.material(m.wood(rng, False))
    kinds = rng.choice(
        ["tree", "conifer", "palm", "bush", "hedge", "person", "car", "table", "post", "box", "fence", "steps", "parasol",
         "sign", "fountain", "stall", "bicycle", "bench"],
        count,
        p=[0.17, 0.04, 0.04, 0.08, 0.06, 0.13, 0.08, 0.05, 0.05, 0.07, 0.05, 0.02, 0.03, 0.04, 0.02, 0.02, 0.02, 0.03],
    )  # fmt: skip
    for kind in kinds:
        near = 5.0 if kind in ("car", "stall", "fountain", "steps") else 1.4
        far, az, yaw = rng.uniform(near, max(near + 2, radius)), rng.uniform(0, 6.28), rng.uniform(0, 6.28)
        x, z = far * math.sin(az), far * math.cos(az)
        place = {
            "tree": lambda x=x, z=z: plants.tree(s, rng, x, z, green, bark),
            "conifer": lambda x=x, z=z: plants.conifer(s, rng, x, z, green, bark),
            "palm": lambda x=x, z=z: plants.palm(s, rng, x, z, green, bark),
            "bush": lambda x=x, z=z: plants.bush(s, rng, x, z, green),
            "hedge": lambda x=x, z=z, yaw=yaw: objects.hedge(s, rng, x, z, yaw, green),
            "person": lambda x=x, z=z: furniture.person(s, rng, x, z),
            "car": lambda x=x, z=z, yaw=yaw: car(s, rng, x, z, yaw),
            "table": lambda x=x, z=z, yaw=yaw: furniture.table(s, rng, x, z, yaw),
            "post": lambda x=x, z=z: _post(s, rng, x, z),
            "box": lambda x=x, z=z: objects.bin_or_box(s, rng, x, z),
            "fence": lambda x=x, z=z, yaw=yaw: objects.fence(s, rng, x, z, yaw),
            "steps": lambda x=x, z=z, az=az: objects.steps(s, rng, x, z, az),
            "parasol": lambda x=x, z=z: objects.parasol(s, rng, x, z),
            "sign": lambda x=x, z=z: objects.signpost(s, rng, x, z),
            "fountain": lambda x=x, z=z: objects.fountain(s, rng, x, z),
            "stall": lambda x=x, z=z, yaw=yaw: objects.stall(s, rng, x, z, yaw),
            "bicycle": lambda x=x, z=z, yaw=yaw: objects.bicycle(s, rng, x, z, yaw),
            "bench": lambda x=x, z=z, yaw=yaw: _bench(s, rng, x, z, yaw),
        }
        place[str(kind)]()


def _post(s: Scene, rng: Random, x: float, z: float) -> None:
    with s.at(x, z):
        s.column(0, 0, 0, 0.06, rng.uniform(1, 7), s.material(m.solid(rng)))


def _bench(s: Scene, rng: Random, x: float, z: float, yaw: float) -> None:
    wood, metal = s.material(m.wood(rng)), s.material(m.solid(rng, True))
    with s.at(x, z, yaw):
        s.box(0, 0.42, 0, (1.8, 0.06, 0.5), wood)
        s.box(0, 0.5, 0.25, (1.8, 0.4, 0.05), wood)
        for side in (-0.7, 0.7):
            s.box(side, 0, 0, (0.08, 0.42, 0.4), metal)
