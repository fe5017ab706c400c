from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.check.views import find_views, posed_photos, structural_similarity, summary
from spag4d.data import Gaussians, Panorama, Pose
from spag4d.errors import InputError
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.progress import Event, Notice, Progress
from spag4d.render.view import render_panorama
from spag4d.world.colmap_model import Points
from spag4d.world.known_poses import read_poses, write_poses
from tests.box_room import BoxRoom, directions
from tests.check.scenes import box_room_scene

AWAY = Pose(rotation_from_yaw_pitch_roll(0.7, 0.1, 0.0), np.array([0.3, 0.0, -0.2]))
HOME = Pose(np.eye(3), np.zeros(3))
NOTHING = Points(np.empty((0, 3)), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))


def save(path: Path, panorama: Panorama) -> Path:
    Image.fromarray(np.rint(np.clip(panorama.rgb, 0, 1) * 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def scene() -> Gaussians:
    return box_room_scene()


@pytest.fixture
def photos(tmp_path: Path, scene: Gaussians) -> Path:
    """The room from its capture point, and what the scene itself shows from a place aside, by a camera that is turned."""
    folder = tmp_path / "photos"
    folder.mkdir()
    save(folder / "home.png", BoxRoom().panorama(128))
    own = render_panorama(scene, 128, AWAY.translation).rgb
    rays = directions(128) @ AWAY.rotation.T
    row = np.clip((0.5 + np.arcsin(np.clip(rays[..., 1], -1, 1)) / np.pi) * 128, 0, 127).astype(int)
    column = ((0.5 + np.arctan2(rays[..., 0], rays[..., 2]) / (2 * np.pi)) * 256).astype(int) % 256
    save(folder / "away.png", Panorama(own[row, column]))
    write_poses(tmp_path / "poses", {"home.png": HOME, "away.png": AWAY}, NOTHING, (128, 256))
    return folder


def test_a_photo_is_compared_from_its_own_place_and_the_way_it_was_turned(scene: Gaussians, photos: Path) -> None:
    right = posed_photos(photos, read_poses(photos.parent / "poses"))
    found = {view.name: view for view in find_views(scene, right)}
    assert found["away.png"].psnr_db > 27 and found["away.png"].from_origin_m == pytest.approx(0.36, abs=0.01)
    assert found["home.png"].psnr_db > 24
    wrong = {path: HOME if path.name == "away.png" else AWAY for path in right}
    for view in find_views(scene, wrong):
        assert view.psnr_db < found[view.name].psnr_db - 6 and view.ssim < found[view.name].ssim - 0.1
    assert summary(tuple(found.values())).startswith("2 photographs: ")


def test_photos_without_a_pose_are_named_and_left_out(photos: Path) -> None:
    save(photos / "unknown.png", BoxRoom().panorama(16))
    heard: list[Event] = []
    found = posed_photos(photos, read_poses(photos.parent / "poses"), progress=Progress(on_event=heard.append))
    assert sorted(path.name for path in found) == ["away.png", "home.png"]
    assert [event.message for event in heard if isinstance(event, Notice)][0].endswith(": unknown.png")
    with pytest.raises(InputError, match="none of them"):
        posed_photos(photos / "unknown.png", read_poses(photos.parent / "poses"))


def test_structural_similarity_is_one_for_the_same_and_less_for_another_structure() -> None:
    room = BoxRoom().panorama(64).rgb
    assert structural_similarity(room, room).min() == pytest.approx(1, abs=1e-4)
    darker, blank = structural_similarity(room, 0.9 * room), structural_similarity(room, np.full_like(room, room.mean()))
    assert blank.mean() < darker.mean() - 0.2
