"""Where a camera goes to show that a scene has depth."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from spag4d.data import PinholeCamera
from spag4d.geometry.camera import camera_looking

_ROUNDS = 4
"""Rounds on the circle while the view turns once: each part of the scene is seen from several sides."""
_UP_AND_DOWN = 0.4
"""Of the circle's radius, by eye: enough that floors and table tops move against what is behind them."""

Vector = Float64[np.ndarray, "3"]


def view_from(position_m: Vector, look_at_m: Vector, fov_deg: float, size_hw: tuple[int, int]) -> PinholeCamera:
    """Return the upright view from a place to a point; raises `ValueError` where both are one."""
    ahead = look_at_m - position_m
    if not np.linalg.norm(ahead) > 0:
        raise ValueError("the camera and the point it looks at are in the same place")
    return camera_looking(ahead, fov_deg, size_hw).moved(position_m)


def parallax_path(
    position_m: Vector, look_at_m: Vector | None, radius_m: float, count: int, fov_deg: float, size_hw: tuple[int, int]
) -> Iterator[PinholeCamera]:
    """Yield the views of a camera that circles around a place, so that near things move in front of far ones.

    It looks at ``look_at_m``, or without one turns once all the way round. The last view leads to the first.
    """
    for turn in np.arange(count) / count:
        angle = 2 * np.pi * turn
        round_ = _ROUNDS * angle
        ahead = np.array([np.sin(angle), 0.0, np.cos(angle)])
        aside = np.array([ahead[2], 0.0, -ahead[0]])
        down = np.array([0.0, 1.0, 0.0])
        place = position_m + radius_m * (np.sin(round_) * aside + 0.5 * (np.cos(round_) - 1) * ahead
                                         + _UP_AND_DOWN * np.sin(round_) * np.cos(round_) * down)
        yield view_from(place, place + ahead if look_at_m is None else look_at_m, fov_deg, size_hw)
