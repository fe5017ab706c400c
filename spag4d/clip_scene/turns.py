"""Whether the camera of a clip travels, and how it turned where it does not."""

import numpy as np
from jaxtyping import Float64

from spag4d.clip_scene.film import Arrays, Film, spread
from spag4d.video.odometry import WORKING_HEIGHT, find_features, find_heading, parallax_rad

_COMPARED = 5
"""Pictures that are compared with the first one to see whether the camera travels."""
_TRAVELS_RAD = np.radians(0.3)
"""By which most things shift where a camera travels: 0.6 pixels of `WORKING_HEIGHT`, and more than turns are wrong by."""
_TURNS_RAD = np.radians(0.15)
"""Below, a camera is taken to stand: turning its pictures would only blur them."""

Rotations = Float64[np.ndarray, "n 3 3"]


def turns_of(film: Film) -> Rotations | None:
    """Return ``world_from_camera`` of the frames, the first of which is the world; None where the camera travels."""
    found = film.kept_or_made("turns", lambda: _found(film))
    return None if found["travels"] else found["turns"]


def _found(film: Film) -> Arrays:
    progress = film.run.between_stages
    heading = find_heading(film.read(range(film.count), height=WORKING_HEIGHT), film.count, progress=progress)
    turns = heading.world_from_camera
    if (np.einsum("nii->n", turns) > 1 + 2 * np.cos(_TURNS_RAD)).all():
        turns = np.tile(np.eye(3), (film.count, 1, 1))
    travels = _travels(film, turns)
    if heading.lost and not travels:
        progress.warn(f"in {len(heading.lost)} of {film.count} frames too little was recognised to find how the camera turned")
    return {"turns": turns, "travels": np.array(travels)}


def _travels(film: Film, turns: Rotations) -> bool:
    chosen = spread(film.count, _COMPARED + 1)
    first = None
    for number, frame in zip(chosen, film.read(chosen, height=WORKING_HEIGHT), strict=True):
        features = find_features(frame)
        first = first or features
        if parallax_rad(first, features, turns[number].T @ turns[chosen[0]]) > _TRAVELS_RAD:
            return True
    return False
