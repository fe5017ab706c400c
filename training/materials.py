"""What surfaces are made of: patterns of two colours in linear light.

``random_materials`` draws them, ``patterns`` paints them.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

PLAIN, CELLS, CHECKER, STRIPES, FACADE, MARBLE, SPOTS, ART, ROAD, BORDER, BOOKS, TEXT, MOSAIC = range(13)

Color = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """A pattern of two colours with grain; lengths in metres on the surface.

    ``cell`` is the size of one brick, plank, tile, stripe or window; rows are shifted by ``bond`` of a cell; ``gap`` is
    the joint, of colour ``b``; ``vary`` changes the brightness from cell to cell (``patterns`` says where a pattern reads
    one of them differently). ``grain`` and ``stain`` are the strengths of fine and of large noise, ``grain_m`` and
    ``stain_m`` the periods; ``stretch`` draws the grain out along x. ``shift`` and ``salt`` tell two alike pieces apart.
    """

    pattern: int = PLAIN
    a: Color = (0.5, 0.5, 0.5)
    b: Color = (0.2, 0.2, 0.2)
    cell: tuple[float, float] = (1.0, 1.0)
    bond: float = 0.0
    gap: float = 0.0
    vary: float = 0.0
    grain: float = 0.1
    grain_m: float = 2.0
    stain: float = 0.08
    stain_m: float = 9.0
    stretch: float = 1.0
    gloss: float = 0.0
    emission: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    salt: int = 0
    turn: int = 0
    """1 swaps the texture axes (planks that run the other way)."""


def hsv(hue: float, saturation: float, value: float) -> Color:
    """Linear RGB of an HSV colour given in sRGB."""
    r, g, b = (c**2.2 for c in colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0)))
    return (r, g, b)


def scaled(color: Color, factor: float) -> Color:
    """A colour made brighter or darker, at most 0.95."""
    r, g, b = (min(c * factor, 0.95) for c in color)
    return (r, g, b)
