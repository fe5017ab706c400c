from dataclasses import replace

import numpy as np

from spag4d.world.agree import Whole, seen_from
from spag4d.world.one_depth import brought_together, outlined
from tests.box_room import directions
from tests.world.rooms import PLACES, distance_from, view_from

HEIGHT = 64
NEAR = {number: [other for other in range(3) if other != number] for number in range(3)}


def bent() -> dict[int, Whole]:
    """Three panoramas of a room, each wrong by up to 4 % in its own way, and noisy."""
    random, wholes = np.random.default_rng(1), {}
    for number, pose in enumerate(PLACES):
        bend = 0.04 * directions(HEIGHT)[..., number] + random.normal(0, 0.005, (HEIGHT, 2 * HEIGHT))
        distance = (distance_from(pose, HEIGHT) * np.exp(bend)).astype(np.float32)
        wholes[number] = Whole(view_from(pose, HEIGHT, distance), distance, np.ones(distance.shape, bool),
                               np.zeros(distance.shape, bool))
    return wholes


def apart(first: Whole, second: Whole) -> np.ndarray:
    """The log ratio (h, w) of what two panoramas say about the points of the first."""
    place, away = seen_from(first.view, first.distance, second.view)
    return np.abs(np.log(second.distance[place] / away))


def test_walls_that_stood_twice_stand_once_and_nearer_to_where_they_are() -> None:
    before = bent()
    after = brought_together(before, NEAR)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        assert np.median(apart(after[first], after[second])) < 0.4 * np.median(apart(before[first], before[second]))
    errors = [[np.abs(np.log(whole.distance / distance_from(pose, HEIGHT))).mean()
               for whole, pose in zip(wholes.values(), PLACES, strict=True)] for wholes in (before, after)]
    assert np.mean(errors[1]) < 0.75 * np.mean(errors[0])


def test_measured_distances_hardly_follow_guessed_ones() -> None:
    true = {number: replace(whole, distance=distance_from(PLACES[number], HEIGHT)) for number, whole in bent().items()}
    guess = replace(true[0], distance=(1.05 * true[0].distance).astype(np.float32), sure=np.zeros_like(true[0].sure))
    after = brought_together({**true, 0: guess}, NEAR)
    assert np.median(after[0].distance / true[0].distance) < 1.01
    assert np.median(np.abs(after[1].distance / true[1].distance - 1)) < 0.005


def test_what_moves_and_what_is_elsewhere_draws_nothing() -> None:
    """In the second panorama a thing 20 % before the wall is something else, and one 5 % before it is known to move."""
    wholes = {number: replace(whole, distance=distance_from(PLACES[number], HEIGHT)) for number, whole in bent().items()}
    other, moving = wholes[1].distance.copy(), wholes[1].moving.copy()
    other[20:30, 20:50] *= 0.8
    other[40:50, 20:50] *= 0.95
    moving[38:52, 18:52] = True
    after = brought_together({**wholes, 1: replace(wholes[1], distance=other, moving=moving)}, NEAR)
    change = np.abs(np.log(after[0].distance / wholes[0].distance))
    assert change.max() < 0.06 and (change > 0.01).mean() < 0.05  # the room's corners, blunt between so few pixels


def test_outlines_may_move_and_nothing_else() -> None:
    joint, finished = np.full((2, 4), 2.0, np.float32), np.full((2, 4), 2.1, np.float32)
    finished[0, 0] = 3.0
    found = outlined(joint, finished)
    assert found[0, 0] == 3 and (found.ravel()[1:] == 2).all()
