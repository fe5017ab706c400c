import json
from pathlib import Path

import numpy as np
import pytest

from spag4d.data import Pose
from spag4d.errors import InputError
from spag4d.world.colmap_model import Points
from spag4d.world.known_poses import read_poses, write_poses
from tests.world.rooms import PLACES
from tests.world.test_colmap_model import POINTS, in_binary

POSES = {"a photo.jpg": PLACES[1], "b.png": PLACES[2]}


def same(found: Pose | None, true: Pose) -> bool:
    return found is not None and np.allclose(found.rotation, true.rotation, atol=1e-6) and np.allclose(
        found.translation, true.translation, atol=1e-6)


def stated(folder: Path, rotation: list[list[float]]) -> Path:
    path = folder / "poses.json"
    path.write_text(json.dumps({"panoramas": {"a.jpg": {"position_m": [0, 1, 2], "rotation": rotation}}}), encoding="utf-8")
    return path


def test_saved_poses_come_back_in_metres(tmp_path: Path) -> None:
    write_poses(tmp_path / "out", POSES, POINTS, (512, 1024))
    for path in (tmp_path / "out", tmp_path / "out" / "poses.json"):
        known = read_poses(path)
        assert known.in_metres and known.path.name == "poses.json"
        places = known.places(["b.png", "a photo.jpg"]).world_from_camera
        assert same(places[0], PLACES[2]) and same(places[1], PLACES[1])


def test_without_the_json_the_saved_model_is_read(tmp_path: Path) -> None:
    write_poses(tmp_path, POSES, POINTS, (512, 1024))
    (tmp_path / "poses.json").unlink()
    known = read_poses(tmp_path)
    places = known.places(["b.png"])
    assert not known.in_metres and same(places.world_from_camera[0], PLACES[2])
    np.testing.assert_array_equal(places.points.which, [0, 1])  # what only the other picture sees is not there
    np.testing.assert_array_equal(places.points.seen_by, [0, 0])


@pytest.mark.parametrize("place", ["0", "sparse/0", "sparse"])
def test_a_model_is_found_in_the_folder_of_a_project(tmp_path: Path, place: str) -> None:
    (tmp_path / place).mkdir(parents=True)
    in_binary(tmp_path / place)
    assert same(read_poses(tmp_path).places(["b.png"]).world_from_camera[0], PLACES[2])


def test_names_may_have_a_folder_before_them(tmp_path: Path) -> None:
    write_poses(tmp_path, {"left/a.jpg": PLACES[0], "left/b.jpg": PLACES[1], "right/b.jpg": PLACES[2]}, POINTS, (8, 16))
    known = read_poses(tmp_path)
    assert known.named("a.jpg") == "left/a.jpg"
    assert known.named("b.jpg") is None  # there are two
    assert known.named("right/b.jpg") == "right/b.jpg"


def test_names_that_match_nothing_are_said(tmp_path: Path) -> None:
    write_poses(tmp_path, POSES, POINTS, (8, 16))
    with pytest.raises(InputError, match=r"are of a photo\.jpg, b\.png, and fewer than two .* input: c\.jpg, b\.png"):
        read_poses(tmp_path).check(["c.jpg", "b.png"])


def test_axes_that_mirror_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'a\.jpg' mirrors.*right-handed"):
        read_poses(stated(tmp_path, [[1, 0, 0], [0, -1, 0], [0, 0, 1]]))


def test_what_is_no_rotation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stretches by 1 to 2"):
        read_poses(stated(tmp_path, [[1, 0, 0], [0, 2, 0], [0, 0, 1]]))


def test_three_decimals_are_enough(tmp_path: Path) -> None:
    rotation = PLACES[2].rotation.round(4).tolist()
    np.testing.assert_allclose(read_poses(stated(tmp_path, rotation)).model.poses["a.jpg"].rotation, rotation, atol=2e-4)


@pytest.mark.parametrize("text", ["{", '{"panoramas": {"a": {"position_m": [0, 0], "rotation": [[1,0,0],[0,1,0],[0,0,1]]}}}'])
def test_a_damaged_file_is_said_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "poses.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="list of poses"):
        read_poses(tmp_path)


def test_what_holds_no_poses_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("poses")
    with pytest.raises(InputError, match="neither poses.json nor a COLMAP model"):
        read_poses(tmp_path)
    with pytest.raises(InputError, match="holds no poses"):
        read_poses(tmp_path / "a.txt")
    with pytest.raises(InputError, match="there is no file"):
        read_poses(tmp_path / "missing.json")


def test_points_are_optional(tmp_path: Path) -> None:
    nothing = Points(np.empty((0, 3)), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))
    write_poses(tmp_path, POSES, nothing, (8, 16))
    (tmp_path / "poses.json").unlink()
    assert len(read_poses(tmp_path).places(["b.png"]).points.xyz) == 0
