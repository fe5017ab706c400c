"""What hangs or stands in window openings: clear, frosted and leaded glass, sheer curtains, blinds, paper screens.

Truth: the world outside where it can be seen through the glass; the pane where frost, cloth or glare hides what is behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training import materials as m
from training import random_materials as some
from training.primitives import Hole
from training.scene import Scene
from training.scene_fittings import Side

Random = np.random.Generator

_DAY = {"open": 0.36, "clear": 0.2, "frosted": 0.16, "sheer": 0.12, "blind": 0.08, "leaded": 0.04, "paper": 0.04}
_NIGHT = {"open": 0.3, "clear": 0.1, "mirroring": 0.4, "blind": 0.1, "sheer": 0.1}


@dataclass(frozen=True)
class Glazing:
    """How all windows of a wall are filled; ``look`` is the material of what hides the outside."""

    kind: str
    look: int = 0


def window_holes(rng: Random, long: float, height: float) -> list[Hole]:
    """One to four equal windows in a wall."""
    wide = float(rng.uniform(0.6, 2.2))
    count = max(1, min(4, int((long - 0.4) / (wide + 0.5))))
    wide = min(wide, long - 0.5)
    sill = float(rng.choice([0.05, 0.9, 0.9, 1.0]))
    tall = float(np.clip(rng.uniform(1.1, 2.2), 0.6, height - sill - 0.2))
    step = long / count
    return [(step * (i + 0.5) - wide / 2, sill, wide, tall) for i in range(count)]


def random_glazing(s: Scene, rng: Random, hidden: bool = False) -> Glazing:
    """Draw a filling; where ``hidden``, one that hides the outside."""
    shares = _NIGHT if s.atmosphere.night else _DAY
    kinds = {kind: share for kind, share in shares.items() if not hidden or kind not in ("open", "clear")}
    total = sum(kinds.values())
    kind = str(rng.choice(list(kinds), p=[share / total for share in kinds.values()]))
    if kind in ("open", "clear") and s.atmosphere.indoor > GLARE:
        kind = "white"
    look = _LOOKS[kind](s, rng) if kind in _LOOKS else None
    return Glazing(kind, s.material(look) if look else 0)


def fill(s: Scene, side: Side, hole: Hole, glazing: Glazing) -> None:
    """Fill one opening of a wall."""
    left, sill, wide, tall = hole
    if glazing.kind == "open":
        return
    inward = {"sheer": 0.12, "blind": 0.05}.get(glazing.kind, -0.03)
    ends = side.place(left, inward), side.place(left + wide, inward)
    over = 2 * abs(inward)  # what hangs before or behind the wall hides the opening from aside too
    reach = (max(sill - over, 0.0), sill + tall + over)
    cloth = side.place(left - over, inward), side.place(left + wide + over, inward)
    if glazing.kind == "clear":
        s.pane(*ends, (sill, sill + tall))
    elif glazing.kind == "mirroring":
        s.pane(*cloth, reach, through=(0.8, 0.8, 0.8), mirror=0.2, solid=True)
    else:
        s.wall(*cloth, reach, glazing.look, shadow=False)


GLARE = 5.0
"""Windows so many times brighter than the room show nothing but glare."""


def sky_level(s: Scene) -> float:
    """Mean radiance of the sky, which a white cloth before a window passes on."""
    air = s.atmosphere
    return float(np.mean(air.zenith) + np.mean(air.horizon)) / 2


def _frosted(s: Scene, rng: Random) -> m.Material:
    white = m.hsv(rng.uniform(0.45, 0.65), rng.uniform(0.0, 0.12), 0.97)
    glow = sky_level(s) * rng.uniform(0.5, 1.3)
    return m.Material(
        m.SPOTS, white, m.scaled(white, rng.uniform(0.55, 0.97)), grain=0.02, grain_m=rng.uniform(2, 5), stain=0.1,
        emission=glow, shift=(rng.uniform(0, 9), rng.uniform(0, 9)),
    )  # fmt: skip


def _white(s: Scene, rng: Random) -> m.Material:
    """Glare: nothing that lies outside shows."""
    return m.Material(
        a=m.hsv(rng.uniform(0.5, 0.65), 0.03, 0.98), grain=0.0, stain=0.05, emission=sky_level(s) * rng.uniform(0.5, 1.0)
    )


def _sheer(s: Scene, rng: Random) -> m.Material:
    """Cloth in folds, with the day behind it."""
    white = m.hsv(rng.uniform(0.05, 0.2), rng.uniform(0.0, 0.15), 0.97)
    return m.Material(
        m.STRIPES, white, m.scaled(white, rng.uniform(0.6, 0.9)), cell=(rng.uniform(0.05, 0.14), 1.0), grain=0.05,
        emission=sky_level(s) * rng.uniform(0.25, 0.9), shift=(rng.uniform(0, 9), 0.0),
    )  # fmt: skip


def _blind(s: Scene, rng: Random) -> m.Material:
    """Slats, half closed."""
    slat = m.hsv(rng.uniform(0.05, 0.15), rng.uniform(0, 0.2), rng.uniform(0.6, 0.97))
    high = rng.uniform(0.03, 0.09)
    return m.Material(
        m.STRIPES, slat, m.scaled(slat, rng.uniform(0.3, 0.8)), cell=(high, 1.0), grain=0.02, turn=1,
        emission=sky_level(s) * rng.uniform(0.1, 0.7),
    )  # fmt: skip


def _leaded(s: Scene, rng: Random) -> m.Material:
    """Small coloured panes between strips of lead."""
    tint = m.hsv(rng.random(), rng.uniform(0.1, 0.7), 0.95)
    size = rng.uniform(0.08, 0.25)
    return m.Material(
        m.CELLS, tint, (0.02, 0.02, 0.02), cell=(size, size * rng.uniform(1, 2)), gap=0.012, vary=0.6, grain=0.1,
        emission=sky_level(s) * rng.uniform(0.4, 1.0), salt=int(rng.integers(1, 99)),
    )  # fmt: skip


def _paper(s: Scene, rng: Random) -> m.Material:
    """White paper between thin bars."""
    size = rng.uniform(0.2, 0.5)
    return m.Material(
        m.CELLS, (0.93, 0.92, 0.88), some.wood(rng, False).b, cell=(size, size * rng.uniform(0.6, 1.4)), gap=0.03,
        grain=0.03, emission=sky_level(s) * rng.uniform(0.4, 1.0),
    )  # fmt: skip


_LOOKS = {"white": _white, "frosted": _frosted, "sheer": _sheer, "blind": _blind, "leaded": _leaded, "paper": _paper}
