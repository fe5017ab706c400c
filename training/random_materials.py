"""Materials drawn at random: walls, floors, cloth, metal, leaves, ground, house fronts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from training.materials import BORDER, CELLS, CHECKER, FACADE, MARBLE, MOSAIC, PLAIN, SPOTS, STRIPES, Material, hsv, scaled

Random = np.random.Generator


def _unique(rng: Random, material: Material) -> Material:
    x, y = rng.uniform(0, 50, 2)
    return replace(material, shift=(float(x), float(y)), salt=int(rng.integers(1, 9999)))


def paint(rng: Random) -> Material:
    """Painted or papered wall: mostly light and hardly coloured, sometimes strong."""
    if rng.random() < 0.7:
        color = hsv(rng.uniform(0.02, 0.18), rng.uniform(0.0, 0.22), rng.uniform(0.65, 0.96))
    else:
        color = hsv(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.2, 0.85))
    base = Material(a=color, grain=rng.uniform(0.0, 0.06), stain=rng.uniform(0.0, 0.1), grain_m=rng.uniform(0.7, 4))
    draw = rng.random()
    if draw < 0.1:
        cell = float(rng.uniform(0.04, 0.4))
        base = replace(base, pattern=STRIPES, b=scaled(color, rng.uniform(0.6, 1.3)), cell=(cell, 1.0))
    elif draw < 0.18:
        cell = float(rng.uniform(0.3, 1.2))
        base = replace(base, pattern=CELLS, b=scaled(color, 0.6), cell=(cell, cell * rng.uniform(0.6, 3)), gap=0.012)
    elif draw < 0.22:
        base = replace(base, pattern=SPOTS, b=scaled(color, rng.uniform(0.75, 1.2)), grain_m=rng.uniform(1.5, 5))
    return _unique(rng, base)


def plaster(rng: Random) -> Material:
    """Outdoor render or concrete, stained."""
    color = hsv(rng.uniform(0.0, 0.16), rng.uniform(0.02, 0.4), rng.uniform(0.45, 0.93))
    return _unique(
        rng, Material(a=color, grain=rng.uniform(0.03, 0.15), stain=rng.uniform(0.05, 0.3), grain_m=rng.uniform(1, 6))
    )


def brick(rng: Random) -> Material:
    """Brick or rubble masonry."""
    color = hsv(rng.uniform(0.0, 0.1), rng.uniform(0.15, 0.6), rng.uniform(0.35, 0.75))
    long = float(rng.uniform(0.2, 0.5))
    joint = hsv(0.1, rng.uniform(0, 0.2), rng.uniform(0.3, 0.85))
    return _unique(
        rng,
        Material(CELLS, color, joint, (long, long * rng.uniform(0.3, 0.6)), 0.5, 0.012, rng.uniform(0.1, 0.5), 0.2, 1.5, 0.2),
    )


def wood(rng: Random, planks: bool = True) -> Material:
    """Wood, dark to light, as planks or solid."""
    color = hsv(rng.uniform(0.04, 0.11), rng.uniform(0.15, 0.7), rng.uniform(0.15, 0.82))
    width = float(rng.uniform(0.07, 0.22))
    cell = (width * rng.uniform(5, 14), width) if planks else (50.0, 50.0)
    return _unique(
        rng,
        Material(
            pattern=CELLS,
            a=color,
            b=scaled(color, 0.35),
            cell=cell,
            bond=rng.uniform(0.3, 0.6),
            gap=0.004,
            vary=rng.uniform(0.05, 0.35) if planks else 0.0,
            grain=rng.uniform(0.05, 0.3),
            grain_m=0.9,
            stain=0.05,
            stain_m=6.0,
            stretch=7.0,
            gloss=rng.uniform(0, 0.3),
            turn=int(rng.integers(0, 2)),
        ),
    )


def tiles(rng: Random, size: float | None = None) -> Material:
    """Floor or wall tiles, plain, checkered or marbled."""
    color = hsv(rng.uniform(0.0, 0.7), rng.uniform(0, 0.25), rng.uniform(0.2, 0.92))
    edge = float(size or rng.uniform(0.15, 0.9))
    pattern = (CELLS, CELLS, CELLS, CHECKER, MARBLE)[rng.integers(0, 5)]
    other = scaled(color, rng.uniform(0.2, 0.8)) if rng.random() < 0.7 else scaled(color, 1.6)
    bond = 0.5 if rng.random() < 0.25 else 0.0
    return _unique(
        rng,
        Material(
            pattern=pattern,
            a=color,
            b=other,
            cell=(edge, edge * (1 if rng.random() < 0.7 else 0.5)),
            bond=bond,
            gap=0.006,
            vary=rng.uniform(0, 0.2),
            grain=0.08,
            grain_m=1.5,
            stain=0.08,
            gloss=rng.uniform(0, 0.5),
        ),
    )


def carpet(rng: Random) -> Material:
    """Rug with borders, fitted carpet, or a patterned one."""
    a, b = (
        hsv(rng.random(), rng.uniform(0, 0.5), rng.uniform(0.15, 0.75)),
        hsv(rng.random(), rng.uniform(0, 0.4), rng.uniform(0.2, 0.8)),
    )
    pattern = (PLAIN, BORDER, BORDER, STRIPES, SPOTS, CHECKER)[rng.integers(0, 6)]
    cell = float(rng.uniform(0.08, 0.4))
    return _unique(rng, Material(pattern, a, b, (cell, cell), grain=0.15, grain_m=0.5))


def fabric(rng: Random) -> Material:
    """Upholstery, curtains, clothes: mostly greys, browns, blues."""
    strong = rng.random() < 0.3
    hue = rng.random() if strong else rng.choice([0.03, 0.07, 0.1, 0.58, 0.62]) + rng.normal(0, 0.02)
    color = hsv(hue, rng.uniform(0.2, 0.8) if strong else rng.uniform(0, 0.4), rng.uniform(0.08, 0.9))
    if rng.random() < 0.2:
        cell = float(rng.uniform(0.03, 0.15))
        return _unique(rng, Material(STRIPES, color, scaled(color, rng.uniform(0.3, 1.6)), (cell, 1.0), grain=0.1))
    return _unique(rng, Material(a=color, grain=rng.uniform(0.02, 0.2), grain_m=rng.uniform(0.3, 1.5)))


def solid(rng: Random, dark: bool = False) -> Material:
    """Metal, plastic, lacquer: one colour, little grain."""
    value = rng.uniform(0.04, 0.3) if dark else rng.uniform(0.05, 0.95)
    color = hsv(rng.random(), rng.uniform(0, 0.15) if rng.random() < 0.7 else rng.uniform(0.15, 0.85), value)
    return _unique(rng, Material(a=color, grain=0.03, stain=0.03, gloss=rng.uniform(0, 0.3)))


def foliage(rng: Random, season: float | None = None) -> Material:
    """Leaves: mostly green, now and then autumn or blossom."""
    hue = rng.uniform(0.2, 0.33) if (season is None or season > 0.15) else rng.uniform(0.02, 0.16)
    color = hsv(hue, rng.uniform(0.3, 0.65), rng.uniform(0.2, 0.6))
    return _unique(
        rng,
        Material(
            SPOTS, color, scaled(color, rng.uniform(0.15, 0.5)), grain=0.5, grain_m=rng.uniform(1.5, 4), stain=0.3, stain_m=5
        ),
    )


def ground(rng: Random, kind: str) -> Material:
    """Outdoor ground: grass, paving, asphalt; any other ``kind`` is soil, sand or snow."""
    draw = {"grass": _grass, "paving": _paving, "asphalt": _asphalt}.get(kind, _soil)
    return _unique(rng, draw(rng))


def _grass(rng: Random) -> Material:
    color = hsv(rng.uniform(0.14, 0.27), rng.uniform(0.25, 0.55), rng.uniform(0.25, 0.6))
    other = scaled(color, rng.uniform(0.3, 0.8))
    return Material(SPOTS, color, other, grain=0.4, grain_m=rng.uniform(0.8, 2.5), stain=0.15, stain_m=17)


def _paving(rng: Random) -> Material:
    if rng.random() < 0.3:
        return _mosaic(rng)
    color = hsv(rng.uniform(0.03, 0.15), rng.uniform(0, 0.25), rng.uniform(0.35, 0.8))
    edge = float(np.exp(rng.uniform(np.log(0.09), np.log(1.6))))
    return Material(
        pattern=CELLS,
        a=color,
        b=scaled(color, rng.uniform(0.3, 0.8)),
        cell=(edge, edge * rng.uniform(0.5, 1)),
        bond=rng.choice([0, 0.5]),
        gap=rng.uniform(0.006, 0.03),
        vary=rng.uniform(0.05, 0.3),
        grain=0.12,
        grain_m=2.5,
        stain=rng.uniform(0.02, 0.15),
        stain_m=13,
        turn=int(rng.integers(0, 2)),
    )


def _mosaic(rng: Random) -> Material:
    """Setts or small slabs of two colours."""
    color, edge = hsv(rng.uniform(0.03, 0.15), rng.uniform(0, 0.3), rng.uniform(0.35, 0.85)), float(rng.uniform(0.08, 0.6))
    other = (
        scaled(color, rng.uniform(0.25, 0.75)) if rng.random() < 0.7 else hsv(rng.uniform(0, 0.1), rng.uniform(0.1, 0.5), 0.6)
    )
    return Material(
        MOSAIC, color, other, (edge, edge * rng.uniform(0.5, 1.0)), float(rng.choice([0.0, 0.0, 0.5])), 0.012,
        rng.uniform(0.05, 0.3), 0.12, 2.5, rng.uniform(0.02, 0.15), 13,
    )  # fmt: skip


def _asphalt(rng: Random) -> Material:
    """Smooth, or mended in patches with dark seams."""
    color = hsv(rng.uniform(0, 0.7), rng.uniform(0, 0.1), rng.uniform(0.25, 0.6))
    grain, grain_m = rng.uniform(0.05, 0.2), rng.uniform(0.5, 2)
    plain = Material(a=color, grain=grain, grain_m=grain_m, stain=rng.uniform(0.02, 0.15), stain_m=rng.uniform(6, 30))
    if rng.random() > 0.3:
        return plain
    cell = (float(rng.uniform(2, 9)), float(rng.uniform(1.2, 5)))
    return replace(plain, pattern=CELLS, b=scaled(color, 0.5), cell=cell, bond=0.37, gap=0.03, vary=rng.uniform(0.05, 0.2))


def _soil(rng: Random) -> Material:
    color = hsv(rng.uniform(0.05, 0.13), rng.uniform(0.05, 0.55), rng.uniform(0.3, 0.85))
    pattern = SPOTS if rng.random() < 0.5 else PLAIN
    return Material(pattern, color, scaled(color, 0.6), grain=0.3, grain_m=rng.uniform(1, 3), stain=0.15, stain_m=21)


def facade(rng: Random, storey_m: float, night: bool) -> Material:
    """A wall with a grid of windows (cell = one bay of one storey), or one of glass between bars."""
    if not night and rng.random() < 0.18:
        return _curtain_wall(rng, storey_m)
    wall = brick(rng).a if rng.random() < 0.3 else plaster(rng).a
    glass = hsv(rng.uniform(0.5, 0.65), rng.uniform(0.05, 0.4), rng.uniform(0.1, 0.45))
    return _unique(
        rng,
        Material(
            pattern=FACADE,
            a=wall,
            b=glass,
            cell=(rng.uniform(1.4, 4.0), storey_m),
            bond=rng.uniform(0.35, 0.75),
            gap=rng.uniform(0.3, 0.7),
            vary=0.4,
            grain=0.1,
            grain_m=3,
            stain=0.15,
            gloss=0.6,
            emission=rng.uniform(0.15, 0.6) if night else 0.0,
        ),
    )


def _curtain_wall(rng: Random, storey_m: float) -> Material:
    glass = hsv(rng.uniform(0.45, 0.65), rng.uniform(0.1, 0.5), rng.uniform(0.15, 0.6))
    frame = hsv(0.6, 0.05, rng.choice([0.15, 0.5, 0.85]))
    cell = (float(rng.uniform(0.9, 2.2)), storey_m / float(rng.choice([1, 2, 3])))
    return _unique(
        rng, Material(CELLS, glass, frame, cell, 0.0, rng.uniform(0.06, 0.2), rng.uniform(0.1, 0.6), 0.05, gloss=0.9)
    )


def glowing(rng: Random, strength: float) -> Material:
    """Lamp shades, screens, light panels."""
    return _unique(
        rng, Material(a=hsv(rng.uniform(0.08, 0.16), rng.uniform(0, 0.3), 0.98), grain=0.0, stain=0.0, emission=strength)
    )
