"""What moves before a camera that travels is told apart from what stands, and so is what it carries."""

from dataclasses import replace

import numpy as np
import pytest

from spag4d.data import Pose
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.motion.standing import Seen, standing_around
from spag4d.motion.travelling import moving_before, moving_masks
from tests.box_room import directions
from tests.world.rooms import distance_from

ROWS = 64
WAY = [Pose(rotation_from_yaw_pitch_roll(0.1 * k, 0.0, 0.0), np.array([0.25 * k, 0.02 * k, 0.1 * k])) for k in range(5)]
SHIRT = np.array([220, 40, 40], np.uint8)


def seen_from(pose: Pose) -> Seen:
    """A room painted in broad patterns, which a camera of 64 rows can tell, and its true distances."""
    distance = distance_from(pose, ROWS)
    points = directions(ROWS) * distance[..., None] @ pose.rotation.T + pose.translation
    rgb = 127 + 70 * np.sin(points @ np.array([[2.0, 0.5, 1.0], [1.0, 2.0, -0.5], [-0.5, 1.0, 2.0]]))
    grey = rgb.mean(-1, keepdims=True)
    return Seen((grey + 0.3 * (rgb - grey)).astype(np.uint8), distance, pose, np.ones((ROWS, 2 * ROWS), bool))


def with_shirt(seen: Seen, rows: slice, columns: slice) -> Seen:
    rgb = seen.rgb.copy()
    rgb[rows, columns] = SHIRT
    return replace(seen, rgb=rgb, distance=seen.distance.copy())


@pytest.fixture(scope="module")
def room() -> list[Seen]:
    return [seen_from(pose) for pose in WAY]


def test_nothing_moves_in_a_still_room(room: list[Seen]) -> None:
    assert not np.any(moving_masks(room))


def test_others_tell_what_stands(room: list[Seen]) -> None:
    stands = standing_around(with_shirt(room[2], slice(20, 40), slice(60, 70)), room[:2] + room[3:])
    assert stands.known.mean() > 0.9
    off = np.abs(np.log(stands.distance[stands.known] / room[2].distance[stands.known]))
    assert np.median(off) < 0.01 and np.quantile(off, 0.95) < 0.05


def test_someone_who_walks_is_found_whole_and_alone(room: list[Seen]) -> None:
    walking = [with_shirt(one, slice(24, 38), slice(10 + 20 * k, 18 + 20 * k)) for k, one in enumerate(room)]
    for k, mask in enumerate(moving_masks(walking)):
        someone = np.zeros(mask.shape, bool)
        someone[24:38, 10 + 20 * k : 18 + 20 * k] = True
        assert mask[someone].mean() > 0.95 and mask[~someone].mean() < 0.02  # a pixel of edge all around


def test_exposure_does_not_move(room: list[Seen]) -> None:
    darker = [replace(one, rgb=(one.rgb * (0.7 + 0.08 * k)).astype(np.uint8)) for k, one in enumerate(room)]
    assert np.mean(moving_masks(darker)) < 0.01


def test_what_the_camera_carries_is_found_down_to_what_it_hides_from_all(room: list[Seen]) -> None:
    """A shoulder in front of the floor, of which the others see the part farther out, but nobody what is straight below."""
    carrying = [with_shirt(one, slice(50, 64), slice(0, 128)) for one in room]
    for one in carrying:
        one.distance[50:] = 0.4  # as a single view tells
    for mask in moving_masks(carrying):
        assert mask[52:].mean() > 0.9 and mask[:44].mean() < 0.02


def test_distances_that_do_not_agree_tell_nothing(room: list[Seen]) -> None:
    """Each panorama has the still room in another size: all things would be elsewhere, and none of them moves."""
    wrong = [replace(one, distance=one.distance * np.float32(0.6 * 1.25**k)) for k, one in enumerate(room)]
    assert not np.any(moving_masks(wrong))


def test_two_cannot_outvote_each_other(room: list[Seen]) -> None:
    assert not np.any(moving_masks([with_shirt(room[0], slice(20, 40), slice(10, 20)), room[1]]))


def test_what_does_not_count_is_not_believed(room: list[Seen]) -> None:
    """All others show the same stain on a wall, but say that it does not count: nothing is known there, and nothing moves."""
    stained = np.zeros((ROWS, 2 * ROWS), bool)
    stained[20:40, 50:80] = True
    others = [replace(one, counts=~stained) for one in room[1:3]]
    stands = standing_around(room[0], others)
    assert 0.01 < (~stands.known).mean() < 0.3 and not moving_before(room[0], stands).any()
