"""The panoramas' depth after the scene was fitted to them: saved depth and meshes are of the surfaces that the scene shows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spag4d.data import Gaussians
from spag4d.geometry.equirect import nearest_pixels
from spag4d.reconstruction.world import World, nearest
from spag4d.world.agree import Whole
from spag4d.world.join import Captured
from spag4d.world.one_depth import brought_together


def followed(world: World, before: Sequence[Gaussians], after: Sequence[Gaussians]) -> World:
    """Return the world with the distances to which the surfaces of each panorama, in its order, have moved.

    What the scene takes from another panorama follows that one.
    """
    moved: dict[int, Whole] = {number: _moved(captured, old, new) for (number, captured), old, new in zip(
        world.captured.items(), before, after, strict=True)}
    views = {number: captured.view for number, captured in world.captured.items()}
    found = brought_together(moved, {number: nearest(number, views) for number in moved})
    return replace(world, captured={number: replace(captured, distance=found[number].distance)
                                    for number, captured in world.captured.items()})


def _moved(captured: Captured, before: Gaussians, after: Gaussians) -> Captured:
    """Return a panorama with the distances of its own Gaussians after the fit, of which it is sure."""
    pose, shape = captured.view.pose, captured.distance.shape
    ways = [one.means - pose.translation.astype(np.float32) for one in (before, after)]
    rows, columns = nearest_pixels(pose.to_camera(before.means), shape[0])
    farther = np.log(np.linalg.norm(ways[1], axis=1) / np.maximum(np.linalg.norm(ways[0], axis=1), 1e-6))
    weight, total = (np.bincount(rows * shape[1] + columns, values, captured.distance.size).reshape(shape)
                     for values in (after.opacities, after.opacities * farther))
    change = total / np.maximum(weight, 1e-6)
    return replace(captured, distance=(captured.distance * np.exp(change)).astype(np.float32), sure=weight > 0)
