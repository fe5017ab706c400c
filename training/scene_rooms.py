"""Interiors: rooms with doors, windows, furniture and lamps; what lies behind the openings is a world too."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from training import scene_fittings as fittings
from training import scene_foreground as foreground
from training import scene_set_pieces as pieces
from training.scene import Scene
from training.scene_furnishing import furnish
from training.scene_lamps import daylight, lights
from training.scene_next_room import Openings
from training.scene_plants import backdrop
from training.scene_shell import Finish, Room, random_finish, shell
from training.scene_studio import light_on_stand, studio
from training.scene_walls import build_wall
from training.scene_windows import GLARE, random_glazing

Random = np.random.Generator

_USES = {"home": 0.58, "hall": 0.13, "corridor": 0.06, "office": 0.1, "bath": 0.05, "studio": 0.08}
_THINGS = {"home": 9, "hall": 14, "corridor": 3, "office": 4, "bath": 2, "studio": 3}
_WALLS = {"closed": 0.32, "window": 0.32, "door": 0.18, "open": 0.12, "glass": 0.06}
_OVERHEAD = {
    "flat": 0.46, "cove": 0.12, "barrel": 0.07, "slope": 0.05, "attic": 0.05, "coffer": 0.08, "glowing": 0.07, "skylight": 0.06,
    "strips": 0.04,
}  # fmt: skip
_WINDOWLESS = 0.15


def interior(s: Scene, rng: Random) -> None:
    """A furnished room (sometimes a hall, a corridor, a bathroom) and, behind its doors, one or two more."""
    use = str(rng.choice(list(_USES), p=list(_USES.values())))
    w, d = _plan(rng, use)
    room = _room(rng, use, (w, d))
    h = room.height
    s.camera = np.array([0.0, -float(np.clip(rng.normal(1.52, 0.15), 1.1, min(2.0, h - 0.5))), 0.0])
    _brighten_outside(s, rng)
    look = random_finish(s, rng)
    backdrop(s, rng, -rng.choice([0.15, 0.5, 3.0, 9.0]), 8.0 + max(w, d))
    ceiling = str(rng.choice(list(_OVERHEAD), p=list(_OVERHEAD.values())))
    s.rooms.append(room.space(float(np.exp(rng.uniform(-3.0, -1.0))) / s.atmosphere.indoor))
    _walls(s, rng, room, look)
    shell(s, rng, room, look, ceiling)
    if use != "hall" and min(w, d) > 3.5 and rng.random() < 0.3:
        _notch(s, rng, room, look)
    _fill(s, rng, room, use)
    lights(s, rng, room, panels=ceiling not in ("skylight", "glowing", "strips"))
    if use == "hall":
        _columns(s, rng, room, look)


def _brighten_outside(s: Scene, rng: Random) -> None:
    """Make the day outside up to four times as bright as the room's lamps would have it, now and then so that it blinds."""
    if s.atmosphere.night:
        return
    gain = float(rng.uniform(2.5 * GLARE, 6.0 * GLARE) if rng.random() < 0.15 else np.exp(rng.uniform(0.0, 1.4)))
    air = s.atmosphere
    colors = {name: getattr(air, name) * gain for name in ("zenith", "horizon", "ground", "cloud_color")}
    colors["sun_color"] = air.sun_color * min(gain, 3.0)  # patches of sun in the room need not blind as well
    s.atmosphere = replace(air, indoor=gain, **colors)


def _room(rng: Random, use: str, plan: tuple[float, float]) -> Room:
    """The room around the camera, which is at x = z = 0."""
    h = float(rng.uniform(3.5, 8)) if use == "hall" else float(np.clip(rng.normal(2.7, 0.35), 2.25, 4.2))
    cx, cz = (float(np.clip(rng.uniform(0.15, 0.85) * a, 0.5, a - 0.5)) for a in plan)
    return Room(-cx, plan[0] - cx, -cz, plan[1] - cz, h)


def _plan(rng: Random, use: str) -> tuple[float, float]:
    if use == "hall":
        return rng.uniform(9, 30), rng.uniform(8, 24)
    if use == "studio":
        return rng.uniform(4, 12), rng.uniform(4, 12)
    if use == "corridor":
        return rng.uniform(1.3, 2.6), rng.uniform(6, 26)
    if use == "office":
        return rng.uniform(5, 14), rng.uniform(5, 14)
    if use == "bath":
        return rng.uniform(1.8, 4), rng.uniform(1.8, 4)
    return rng.uniform(2.5, 9), rng.uniform(2.8, 10)


def _walls(s: Scene, rng: Random, room: Room, look: Finish) -> None:
    """Four walls; those with windows let the daylight in."""
    bright = float(rng.choice([0.1, 0.5, 1.0, 1.6])) / s.atmosphere.indoor
    kinds = rng.choice(list(_WALLS), 4, p=list(_WALLS.values()))
    windowless = rng.random() < _WINDOWLESS
    openings = Openings(random_glazing(s, rng, hidden=windowless), not windowless)
    for k, wall in enumerate(room.walls()):
        build_wall(s, rng, room, k, str(kinds[k]), look, openings)
        if kinds[k] == "window" and not s.atmosphere.night:
            daylight(s, room, wall, bright)


def _notch(s: Scene, rng: Random, room: Room, look: Finish) -> None:
    """Make the room L-shaped: a block from floor to ceiling fills a corner that the camera is not in."""
    (w, d), i, j = room.size, rng.integers(0, 2), rng.integers(0, 2)
    bw, bd = rng.uniform(0.2, 0.5) * w, rng.uniform(0.2, 0.5) * d
    x = room.x0 + bw / 2 if i else room.x1 - bw / 2
    z = room.z0 + bd / 2 if j else room.z1 - bd / 2
    if abs(x) > bw / 2 + 0.5 or abs(z) > bd / 2 + 0.5:
        s.box(x, 0, z, (bw, room.height, bd), look.wall, fixed=True)


def _fill(s: Scene, rng: Random, room: Room, use: str) -> None:
    """What the room is for, furniture, and now and then stairs."""
    (w, d), xs, zs = room.size, (room.x0, room.x1), (room.z0, room.z1)
    if use == "office":
        pieces.rows_of_tables(s, rng, xs, zs)
    if use == "bath":
        pieces.bathroom(s, rng, xs, zs)
    if use == "studio":
        studio(s, rng, room)
    elif rng.random() < 0.06:
        light_on_stand(
            s, rng, rng.uniform(xs[0] + 0.5, xs[1] - 0.5), rng.uniform(zs[0] + 0.5, zs[1] - 0.5), rng.uniform(0, 6.28)
        )
    if use in ("home", "hall", "office") and min(w, d) > 3.0 and rng.random() < 0.4:
        foreground.seats(s, rng, room)
    count = _THINGS[use]
    furnish(s, rng, room, int(rng.integers(count // 2, count + 3)))
    if rng.random() < 0.12 and min(w, d) > 4:
        x, z = rng.uniform(xs[0] + 1, xs[1] - 1), rng.uniform(zs[0] + 1, zs[1] - 1)
        fittings.stairs(s, rng, x, z, rng.integers(0, 4) * math.pi / 2, room.height)


def _columns(s: Scene, rng: Random, room: Room, look: Finish) -> None:
    round_ = rng.random() < 0.6
    r = rng.uniform(0.15, 0.45)
    for i in range(int(room.size[0] / 4)):
        for z in (room.z0 + room.size[1] * 0.25, room.z0 + room.size[1] * 0.75):
            with s.at(room.x0 + 2 + i * 4, z):
                if round_:
                    s.column(0, 0, 0, r, room.height, look.trim)
                else:
                    s.box(0, 0, 0, (2 * r, room.height, 2 * r), look.wall)
