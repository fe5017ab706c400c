from dataclasses import replace

import numpy as np

from spag4d.data import Gaussians
from spag4d.reconstruction.followed import followed
from spag4d.reconstruction.world import World
from spag4d.world.agree import Whole
from spag4d.world.join import captured_world
from tests.box_room import directions
from tests.world.rooms import PLACES, distance_from, view_from

HEIGHT = 64


def test_depth_follows_the_surfaces_that_the_fit_has_moved() -> None:
    """The scene takes the upper half from the first panorama, where the fit moves it by 2 %, and the rest from the second."""
    distances = [distance_from(pose, HEIGHT) for pose in PLACES[:2]]
    everywhere = np.ones((HEIGHT, 2 * HEIGHT), bool)
    wholes = {number: Whole(view_from(PLACES[number], HEIGHT, distance), distance, everywhere, ~everywhere)
              for number, distance in enumerate(distances)}
    world = World(*captured_world(wholes, {number: np.full((*everywhere.shape, 3), 0.5, np.float32) for number in wholes}))
    parts = [gaussians(number, distances[number], rows) for number, rows in ((0, slice(HEIGHT // 2)), (1, slice(40, HEIGHT)))]
    after = [replace(parts[0], means=(1.02 * parts[0].means).astype(np.float32)), parts[1]]
    assert not PLACES[0].translation.any()
    found = followed(world, parts, after)
    ratio = [found.captured[number].distance / distances[number] for number in (0, 1)]
    assert abs(np.median(ratio[0][: HEIGHT // 2 - 2]) - 1.02) < 0.004
    assert 1.008 < np.median(ratio[1][:20]) < 1.03  # seen by both: the second follows
    assert abs(np.median(ratio[1][45:]) - 1) < 0.004


def gaussians(number: int, distance: np.ndarray, rows: slice) -> Gaussians:
    rays = directions(HEIGHT) @ PLACES[number].rotation.T
    means = (rays * distance[..., None] + PLACES[number].translation)[rows].reshape(-1, 3).astype(np.float32)
    count = len(means)
    return Gaussians(means, np.full((count, 3), 0.01, np.float32), np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
                     np.ones(count, np.float32), np.full((count, 3), 0.5, np.float32))
