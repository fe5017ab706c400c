"""The place is what is farthest among what stays; what differs from it moves."""

import numpy as np

from spag4d.data import DepthMap
from spag4d.motion.lasting import lasting_picture, smooth_offset
from spag4d.motion.split import depth_of_moving, moving_region

COUNT, ROWS = 10, 64
WALL, GUEST = np.array([120, 130, 140]), np.array([200, 60, 40])


def clip(stays: slice, columns: slice, guest_m: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """A noisy wall 4 m away, whose distances are badly scaled, in some pictures of which a guest stands nearer."""
    rng = np.random.default_rng(0)
    pictures = np.clip(rng.normal(WALL, 2.5, (COUNT, ROWS, 2 * ROWS, 3)), 0, 255)
    distances = np.full((COUNT, ROWS, 2 * ROWS), 4.0)
    pictures[stays, 20:50, columns] = rng.normal(GUEST, 2.5, pictures[stays, 20:50, columns].shape)
    distances[stays, 20:50, columns] = guest_m
    distances *= np.exp(rng.normal(0, 0.1, (COUNT, 1, 1)))
    return pictures.astype(np.uint8), np.log(distances).astype(np.float32)


def test_someone_who_stays_for_most_of_the_clip_is_not_the_place() -> None:
    lasting = lasting_picture(*clip(slice(0, 7), slice(30, 50)))
    assert np.abs(lasting.rgb.astype(int) - WALL).max() < 8 and lasting.noise.max() < 12


def test_someone_who_never_leaves_is() -> None:
    lasting = lasting_picture(*clip(slice(0, 10), slice(30, 50)))
    assert np.abs(lasting.rgb[20:50, 30:50].astype(int) - GUEST).max() < 8


def test_what_is_seen_once_far_away_is_no_place() -> None:
    lasting = lasting_picture(*clip(slice(4, 5), slice(30, 50), guest_m=40.0))
    assert np.abs(lasting.rgb.astype(int) - WALL).max() < 8


def test_one_picture_is_what_lasts() -> None:
    pictures, distances = clip(slice(0, 1), slice(30, 50))
    np.testing.assert_array_equal(lasting_picture(pictures[:1], distances[:1]).rgb, pictures[0])


def test_a_region_is_whole_and_reaches_over_the_seam() -> None:
    pictures, distances = clip(slice(0, 3), slice(120, 128))
    pictures[0, 20:50, :6] = GUEST
    lasting = lasting_picture(pictures, distances)
    moves = moving_region(pictures[0], lasting)
    guest = np.zeros((ROWS, 2 * ROWS), bool)
    guest[20:50, 120:] = guest[20:50, :6] = True
    assert moves[guest].all() and moves.sum() <= (30 + 4) * (14 + 4)  # two pixels of edge all around
    assert not moving_region(pictures[5], lasting).any()


def test_what_moves_is_never_behind_what_stands() -> None:
    sky = np.zeros((ROWS, 2 * ROWS), bool)
    sky[:10] = True
    stands = DepthMap(np.full((ROWS, 2 * ROWS), 4, np.float32), sky)
    frame = np.full((ROWS, 2 * ROWS), 5, np.float32)  # the same wall, by a frame whose scale is off
    frame[20:50, 30:50] = 2.5
    moves = np.zeros_like(sky)
    moves[5:55, 30:50] = True
    found = depth_of_moving(DepthMap(frame, sky), stands, moves)
    np.testing.assert_array_equal(found.sky, ~moves)
    np.testing.assert_allclose(found.distance[30, 40], 2.0, rtol=0.02)
    np.testing.assert_allclose(found.distance[52, 40], 3.6, rtol=0.02)  # a shadow: its depth is the wall's
    assert found.distance[6, 40] > 1000


def test_a_smooth_offset_follows_scale_and_not_things() -> None:
    wanted = np.zeros((ROWS, 2 * ROWS), np.float32)
    one = wanted - 0.2
    one[20:30, 20:30] -= 1
    np.testing.assert_allclose(smooth_offset(one, wanted, np.ones(one.shape, bool)), 0.2, atol=0.01)
    assert not smooth_offset(one, wanted, np.zeros(one.shape, bool)).any()
