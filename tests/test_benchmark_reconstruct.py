"""The measure of doubled walls, which is quoted."""

import numpy as np

from benchmarks.reconstruct import once
from tests.world.rooms import PLACES, distance_from

HEIGHT = 256


def test_true_distances_agree_and_those_of_a_wall_that_stands_twice_do_not() -> None:
    first, second = (distance_from(pose, HEIGHT) for pose in PLACES[:2])
    places, rotations = (np.array([getattr(pose, name) for pose in PLACES[:2]]) for name in ("translation", "rotation"))
    assert once([first, second], places, rotations) > 0.95
    assert once([first, 1.03 * second], places, rotations) < 0.3
