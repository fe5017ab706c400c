"""What stands nearest, and how it comes apart."""

from dataclasses import replace

import numpy as np
import pytest

from spag4d.check.front import front_of
from spag4d.check.tiles import TILE_SR, tiles_of
from spag4d.check.uncertainty import FARTHER_THAN_M, Uncertainty
from spag4d.data import Gaussians
from tests.box_room import directions
from tests.check.scenes import box_room_scene, scene_of

ALWAYS_A_TENTH = Uncertainty((0.1,) * len(FARTHER_THAN_M), (0.1,) * len(FARTHER_THAN_M))
ROWS = 256


def board(
    width_deg: float, near_m: float = 2.0, far_m: float = 8.0, ragged_deg: float = 0.0, contrast: float = 1.0
) -> Gaussians:
    """A sphere, and nearer an upright strip of it ahead, whose left and right outline may have teeth."""
    rays = directions(ROWS)
    azimuth, elevation = np.degrees(np.arctan2(rays[..., 0], rays[..., 2])), np.degrees(np.arcsin(-rays[..., 1]))
    teeth = ragged_deg * np.sign(np.sin(2 * np.pi * elevation / 4))
    return scene_of(np.where((np.abs(azimuth) < width_deg / 2 + teeth) & (np.abs(elevation) < 20), near_m, far_m), contrast)


def test_nothing_is_torn_at_the_capture_point_nor_in_an_empty_room() -> None:
    assert front_of(board(20), None).torn(np.zeros(3)).max() < 1e-6
    room = front_of(box_room_scene(), None)
    assert room.torn(np.array([0.4, 0, 0.2])).max() < 0.05


def test_a_gap_is_as_wide_as_the_parallax() -> None:
    aside = 0.1
    torn = front_of(board(20), None).torn(np.array([aside, 0, 0]))
    parallax_rad = aside * (1 / 2 - 1 / 8) * np.cos(np.radians(10))
    assert torn.sum() * TILE_SR == pytest.approx(parallax_rad * np.radians(40), rel=0.2)


def test_tearing_grows_with_the_way_with_nearness_and_with_rags() -> None:
    aside = np.array([0.2, 0, 0])
    scene = front_of(board(20), None)
    sums = [scene.torn(aside * part).sum() for part in (0.25, 0.5, 1.0)]
    assert sums[0] < sums[1] < sums[2]
    assert front_of(board(20, near_m=1.2), None).torn(aside).sum() > 1.3 * sums[2]
    upwards = np.array([0, -0.2, 0])
    assert front_of(board(20, ragged_deg=2), None).torn(upwards).sum() > 1.7 * scene.torn(upwards).sum()


def test_a_gap_that_another_panorama_has_seen_into_is_no_tear() -> None:
    there = np.array([0.2, 0, 0])
    alone, with_other = front_of(board(20), None), front_of(board(20), None, there[None])
    assert with_other.torn(there).max() < 1e-6 and with_other.torn(0.5 * there).max() < 1e-6
    np.testing.assert_array_equal(with_other.torn(-there), alone.torn(-there))
    assert with_other.torn(2 * there).sum() == pytest.approx(alone.torn(2 * there).sum() - alone.torn(there).sum(), rel=0.1)


def test_uncertain_depth_displaces_by_the_parallax_of_the_error() -> None:
    scene = front_of(scene_of(np.full((ROWS, 2 * ROWS), 4.0)), ALWAYS_A_TENTH)
    displaced = scene.displaced(np.array([0.2, 0, 0]))
    ahead, aside = tiles_of(np.array([[0.02, 0.02, 1.0], [1.0, 0.02, 0.02]]) / np.linalg.norm([0.02, 0.02, 1.0]))
    assert displaced[ahead] == pytest.approx(0.2 * 0.1 / 4, rel=0.05)
    assert displaced[aside] < 0.2 * displaced[ahead]
    measured = front_of(scene_of(np.full((ROWS, 2 * ROWS), 4.0)), None)
    assert not measured.displaced(np.array([0.2, 0, 0])).any()


@pytest.mark.parametrize(("contrast", "seen"), [(0.0, 0.0), (0.2, 2 / 3), (1.0, 50 / 51)])
def test_what_is_wrong_counts_as_far_as_there_is_anything_to_see(contrast: float, seen: float) -> None:
    """Half the contrast is the standard deviation; of a blank thing nobody sees that it is torn or stands elsewhere."""
    aside = np.array([0.2, 0, 0])
    scene = front_of(scene_of(np.full((ROWS, 2 * ROWS), 4.0), contrast), ALWAYS_A_TENTH)
    assert scene.displaced(aside).max() == pytest.approx(seen * 0.2 * 0.1 / 4, rel=0.2, abs=1e-6)
    torn, whole = (front_of(board(20, contrast=one), None).torn(aside).sum() for one in (contrast, 1.0))
    assert torn == pytest.approx(whole * seen * 51 / 50, rel=0.2, abs=1e-6)


def test_the_sky_and_nothing_are_not_displaced() -> None:
    scene = scene_of(np.full((ROWS, 2 * ROWS), 4.0))
    sky = replace(scene, means=scene.means * np.float32(100))
    for one in (sky, Gaussians.empty()):
        front = front_of(one, ALWAYS_A_TENTH)
        assert not front.displaced(np.array([0.5, 0, 0])).any() and not front.torn(np.array([0.5, 0, 0])).any()
