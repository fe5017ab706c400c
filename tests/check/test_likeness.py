"""A scene beside its panorama: turned, mirrored, damaged."""

from dataclasses import replace

import numpy as np
import pytest

from spag4d.check.likeness import find_likeness, find_orientation
from spag4d.data import Gaussians, Panorama
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.render.view import render_panorama
from spag4d.splat.edit import rotated
from tests.box_room import BoxRoom
from tests.check.scenes import HEIGHT, box_room_scene, mirrored

SCENE, PHOTO = box_room_scene(), BoxRoom().panorama(HEIGHT)


def orientation(gaussians: Gaussians):
    return find_orientation(render_panorama(gaussians, HEIGHT), PHOTO)


def test_a_scene_is_like_its_panorama() -> None:
    found = find_likeness(SCENE, PHOTO, render_panorama(SCENE, HEIGHT))
    assert found.orientation.is_right and found.orientation.is_alike and str(found.orientation) == "like the panorama"
    assert found.compensated_db > 26 and found.classic_db > 25 and found.brightness == pytest.approx(1, abs=0.05)
    assert found.zenith_open == found.nadir_open == 0 and found.seam < 1.5
    assert found.error.shape == (HEIGHT, 2 * HEIGHT) and found.error.max() < 0.3


@pytest.mark.parametrize(("turn", "words"), [
    (np.diag([1.0, -1, -1]), "upside down"),
    (np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]), "lying on its back"),
    (np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]), "lying on its face"),
    (rotation_from_yaw_pitch_roll(float(np.radians(40)), 0.0, 0.0), "turned to the right by"),
])
def test_turned_scenes_are_recognised_and_compared_all_the_same(turn: np.ndarray, words: str) -> None:
    turned = rotated(SCENE, turn)
    found = find_likeness(turned, PHOTO, render_panorama(turned, HEIGHT))
    assert words in str(found.orientation) and not found.orientation.mirrored
    np.testing.assert_allclose(found.orientation.scene_from_photo, turn, atol=0.03)
    assert found.compensated_db > 25


def test_mirror_images_are_recognised() -> None:
    found = orientation(mirrored(SCENE))
    assert found.mirrored and not found.lies and "mirror" in str(found) and found.unturned < found.correlation - 0.2
    only_y = orientation(replace(SCENE, means=SCENE.means * np.array([1, -1, 1], np.float32)))
    assert only_y.mirrored and "only y was negated" in str(only_y)


def test_another_picture_is_not_it() -> None:
    rng = np.random.default_rng(0)
    noise = np.repeat(np.repeat(rng.random((8, 16, 3)), HEIGHT // 8, 0), HEIGHT // 8, 1).astype(np.float32)
    found = find_orientation(render_panorama(SCENE, HEIGHT), Panorama(noise))
    assert not found.is_alike and "does not look like" in str(found)


def test_what_the_panorama_does_not_show_does_not_count() -> None:
    valid = np.ones(PHOTO.size_hw, bool)
    valid[-20:] = False
    capped = replace(PHOTO, rgb=np.where(valid[..., None], PHOTO.rgb, np.float32(0)), valid=valid)
    shown = render_panorama(SCENE, HEIGHT)
    whole, without, counted = (find_likeness(SCENE, photo, shown) for photo in (PHOTO, capped, replace(capped, valid=None)))
    assert without.compensated_db == pytest.approx(whole.compensated_db, abs=1.5) and not without.error[-20:].any()
    assert counted.compensated_db < whole.compensated_db - 5


def test_a_hole_above_and_a_line_at_the_seam_are_seen() -> None:
    rays = SCENE.means / np.linalg.norm(SCENE.means, axis=1, keepdims=True)
    kept = rays[:, 1] > -np.cos(np.radians(14))
    open_above = SCENE.select(kept)
    at_seam = np.abs(np.arctan2(open_above.means[:, 0], -open_above.means[:, 2])) < np.radians(2)
    scene = replace(open_above, colors=np.where(at_seam[:, None], np.float32(0), open_above.colors))
    found = find_likeness(scene, PHOTO, render_panorama(scene, HEIGHT))
    assert found.zenith_open > 0.9 and found.nadir_open == 0 and found.seam > 4
