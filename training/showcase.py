"""The three scenes of ``TestImage``: composed by hand from the generator's parts, seeds fixed."""

from __future__ import annotations

from collections.abc import Callable

from training.scene import Scene
from training.showcase_courtyard import courtyard
from training.showcase_interior import interior
from training.showcase_terrace import terrace

SCENES: dict[str, tuple[Callable[[], Scene], float]] = {
    "interior": (interior, 0.0),
    "courtyard": (courtyard, 0.0),
    "hard": (terrace, 17.0),
}
"""Name: the scene, and the radius in degrees of the black cap at its nadir."""
