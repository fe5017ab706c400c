"""A box room with a rich pattern, as panoramas from several places show it."""

import numpy as np

from spag4d.data import Panorama, Pose
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.world.sweep import View
from tests.box_room import BoxRoom, directions

_RANDOM = np.random.default_rng(7)
_WAVES = _RANDOM.normal(0, 14, (60, 3)).astype(np.float32)
_PHASES = _RANDOM.uniform(0, 2 * np.pi, 60).astype(np.float32)
PLACES = (
    Pose(np.eye(3), np.zeros(3)),
    Pose(rotation_from_yaw_pitch_roll(0.3, 0.0, 0.0), np.array([0.4, 0.0, 0.1])),
    Pose(rotation_from_yaw_pitch_roll(-0.5, 0.02, 0.01), np.array([-0.1, 0.05, 0.5])),
)


def grey_at(points: np.ndarray) -> np.ndarray:
    """The pattern (…) of the walls at points (…, 3): waves of all directions, 10 cm to 1 m long."""
    points = points.astype(np.float32)
    waves = sum(np.sin(points @ wave + phase) for wave, phase in zip(_WAVES, _PHASES, strict=True))
    return 0.5 + np.float32(0.45) * np.tanh(waves / 6)


def distance_from(pose: Pose, height: int) -> np.ndarray:
    """The exact distance (h, w) along the rays of a panorama."""
    return BoxRoom().hit(directions(height) @ pose.rotation.T, tuple(pose.translation))[0].astype(np.float32)


def panorama_from(pose: Pose, height: int, *, coarse: float = 1.0) -> Panorama:
    """What a camera at ``pose`` takes: each pixel is the mean of 2 x 2 rays. The pattern may be ``coarse`` times as large."""
    rays = directions(2 * height) @ pose.rotation.T
    points = pose.translation + rays * BoxRoom().hit(rays, tuple(pose.translation))[0][..., None]
    grey = grey_at(points / coarse)
    grey = grey.reshape(height, 2, 2 * height, 2).mean((1, 3))
    return Panorama(np.repeat(grey[..., None], 3, -1).astype(np.float32), name="room")


def view_from(pose: Pose, height: int, prior: np.ndarray) -> View:
    """The same as a view for the sweep."""
    grey = panorama_from(pose, height).rgb[..., 0].copy()
    return View(grey, pose, prior.astype(np.float32), np.ones(grey.shape, bool))
