"""Which frames of a clip whose camera travels tell what the place is like."""

import numpy as np

from spag4d.data import Pose
from spag4d.world.poses import Places

_STEP = 0.05
"""Of the distance of most things, between keyframes: 3° of parallax, from which a sweep knows distances to 2 %."""
_FEWEST, _MOST = 7, 24
"""Fewer show the same people in the same place; each costs as much as several frames."""


def keyframes_of(places: Places) -> list[int]:
    """Return the numbers of the keyframes, evenly spread half by the way that the camera goes and half by time."""
    found = np.array(places.found)
    poses = [pose for pose in places.world_from_camera if pose is not None]
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff([pose.translation for pose in poses], axis=0), axis=1))])
    count = int(np.clip(round(way[-1] / max(_STEP * _usual_distance(places, poses), 1e-9)), _FEWEST, _MOST))
    progress = way / max(way[-1], 1e-9) + (found - found[0]) / max(found[-1] - found[0], 1)
    wanted = np.linspace(0, progress[-1], min(count, len(found)))
    return found[np.unique(np.abs(progress[:, None] - wanted).argmin(0))].tolist()


def _usual_distance(places: Places, poses: list[Pose]) -> float:
    """Return how far most points are from the middle of the way."""
    middle = np.mean([pose.translation for pose in poses], axis=0)
    return float(np.median(np.linalg.norm(places.points.xyz - middle, axis=1))) if len(places.points.xyz) else 0.0
