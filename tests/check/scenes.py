"""Scenes of which the answers are known."""

from dataclasses import replace

import numpy as np

from benchmarks.known_scene import KnownRoom
from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.splat.grid import grid_gaussians
from tests.box_room import BoxRoom, directions

HEIGHT = 128


def box_room_scene() -> Gaussians:
    return grid_gaussians(BoxRoom().panorama(HEIGHT), BoxRoom().depth(HEIGHT), stride=2).joined


def furnished_scene() -> Gaussians:
    panorama, depth = KnownRoom().capture(512)
    return grid_gaussians(panorama, depth, stride=2).joined


def floor_scene(height_m: float = 1.6, side: int = 1) -> Gaussians:
    """A floor 40 m wide, below (1) or above (-1), and nothing else."""
    rays = directions(HEIGHT)
    down = np.maximum(rays[..., 1] * side, 1e-6)
    distance = np.minimum(height_m / down, 100)
    sky = distance > 20
    rgb = np.repeat((0.5 + 0.4 * np.sin(3 * distance * rays[..., 0]))[..., None], 3, -1).astype(np.float32)
    return grid_gaussians(Panorama(rgb), DepthMap(distance.astype(np.float32), sky), stride=2).joined


def mirrored(gaussians: Gaussians) -> Gaussians:
    """The scene as in a mirror: x negated in means and rotations."""
    w, x, y, z = gaussians.quats_wxyz.T
    means = gaussians.means * np.array([-1, 1, 1], np.float32)
    return replace(gaussians, means=means, quats_wxyz=np.stack([w, x, -y, -z], -1))


def scene_of(distance_m: np.ndarray, contrast: float = 1.0) -> Gaussians:
    """A scene of these distances, chequered."""
    row, column = np.indices(distance_m.shape) // 4
    shade = 0.5 + contrast * ((row + column) % 2 - 0.5)
    depth = DepthMap(distance_m.astype(np.float32), np.zeros(distance_m.shape, bool))
    return grid_gaussians(Panorama(np.repeat(shade[..., None], 3, -1).astype(np.float32)), depth, stride=2).joined
