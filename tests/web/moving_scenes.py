"""A small scene that moves, to be played: before a background that stands a ball crosses, and another one comes and fades."""

import numpy as np

from spag4d.data import Gaussians, Moving
from spag4d.formats.moving import Timeline
from spag4d.geometry.equirect import directions

LINE = Timeline(2.0, 10.0)


def background() -> Gaussians:
    """A sphere of 5 m in soft colours, a Gaussian for each of 32 x 64 directions."""
    rays = directions(32).reshape(-1, 3).astype(np.float32)
    colors = (0.35 + 0.15 * rays[:, [2, 0, 1]]).astype(np.float32)
    return _round(5 * rays, 0.3, 0.95, colors)


def crossing(center_m: float, velocity_m: float, first_s: float, last_s: float) -> Moving:
    """A bright ball that is at ``center_m`` to the right, 2 m ahead, in the middle of its time, and moves to the right."""
    rng = np.random.default_rng(1)
    means = rng.normal(size=(60, 3)).astype(np.float32) * np.float32(0.12) + np.array([center_m, 0, 2], np.float32)
    ball = _round(means, 0.08, 0.9, np.tile(np.array([[0.95, 0.9, 0.2]], np.float32), (60, 1)))
    velocities = np.tile(np.array([[velocity_m, 0, 0]], np.float32), (60, 1))
    middle_s = (first_s + last_s) / 2
    return Moving(ball, velocities, np.full(60, middle_s), np.full(60, np.inf), np.tile([[first_s, last_s]], (60, 1)))


def fading() -> Moving:
    """A blue ball above, which is brightest at 1 s."""
    given = crossing(0.0, 0.0, 0.5, 1.5)
    means = given.gaussians.means - np.array([0, 0.8, 0], np.float32)
    ball = _round(means, 0.08, 0.9, np.tile(np.array([[0.1, 0.3, 1.0]], np.float32), (60, 1)))
    return Moving(ball, given.velocities, np.full(60, 1.0), np.full(60, 0.2), given.windows_s)


def parts() -> list[Moving]:
    """The background, the crossing ball in two pieces, as longer motion is stored, and the fading one."""
    standing = Moving.still(background(), 0.0, LINE.duration_s)
    return [standing, crossing(-0.5, 1.0, 0.0, 1.0), crossing(0.5, 1.0, 1.0, 2.0), fading()]


def _round(means: np.ndarray, scale_m: float, opacity: float, colors: np.ndarray) -> Gaussians:
    count = len(means)
    return Gaussians(means, np.full((count, 3), scale_m, np.float32), np.tile(np.array([[1, 0, 0, 0]], np.float32), (count, 1)),
                     np.full(count, opacity, np.float32), colors)
