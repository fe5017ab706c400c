"""Unstitched pictures from the lenses of a 360° camera: circles in black corners."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLACK = 20 / 255
"""Brightest value outside of the circles; lenses scatter a little light there."""
_LEAST_PX = 32
"""Height and width below which a circle cannot be recognised."""
_SAMPLES = 256
"""Pixels along the side of a square that are looked at."""
_INSIDE, _OUTSIDE = (0.60, 0.80), 1.12
"""A radius that certainly shows the scene, and one beyond every lens's circle, in halves of the square's side."""
_STUDIOS = {"arashi": "Insta360 Studio", "insta360": "Insta360 Studio", "ricoh": "the app of RICOH THETA",
            "samsung": "Gear 360 ActionDirector", "gopro": "GoPro Player"}


def circles_in(rgb: NDArray[Any]) -> int:
    """Count the fisheye circles that a picture (h, w, 3), integers or 0–1, consists of.

    Either 1 in a square, 2 beside or above each other, or 0.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < _LEAST_PX:
        return 0
    if 0.98 < width / height < 1.02:
        return int(_is_circle(rgb))
    if 1.96 < width / height < 2.04:
        return 2 * int(_is_circle(rgb[:, :width // 2]) and _is_circle(rgb[:, -(width // 2):]))
    if 0.49 < width / height < 0.51:
        return 2 * int(_is_circle(rgb[:height // 2]) and _is_circle(rgb[-(height // 2):]))
    return 0


def _is_circle(square: NDArray[Any]) -> bool:
    height, width = square.shape[:2]
    step = max(1, min(height, width) // _SAMPLES)
    white = 1 if square.dtype.kind == "f" else np.iinfo(square.dtype).max
    bright = square[::step, ::step].max(2) > _BLACK * white
    y, x = (np.abs(np.linspace(-1, 1, size)) for size in bright.shape)
    radius = np.hypot(y[:, None], x)
    ring, corners = (radius > _INSIDE[0]) & (radius < _INSIDE[1]), radius > _OUTSIDE
    return bool(bright[ring].mean() > 0.5 and bright[corners].mean() < 0.02)


def what_to_export(maker: str) -> str:
    """Return what to do with unstitched pictures, naming the software of the camera's ``maker`` where that is known."""
    studio = next((name for known, name in _STUDIOS.items() if known in maker.lower()), "the software of the camera")
    return f"Export it from {studio} as 360° (equirectangular, 2:1), which joins the lenses as they are calibrated."
