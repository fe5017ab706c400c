import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from plyfile import PlyData

from spag4d.depth.from_file import depth_from_file
from spag4d.formats.scene import read_scene
from spag4d.world.colmap_model import Points
from spag4d.world.known_poses import read_poses, write_poses
from spag4d.world.sources import find_sources
from tests.commands.running import run
from tests.world.rooms import PLACES, panorama_from

pytestmark = pytest.mark.usefixtures("quick_depth")


def save(path: Path, value: int = 90) -> Path:
    Image.fromarray(np.full((64, 128, 3), value, np.uint8)).save(path)
    return path


def test_one_picture_is_for_convert(tmp_path: Path) -> None:
    done = run("reconstruct", save(tmp_path / "a.png"), tmp_path / "out.ply")
    assert done.exit_code == 2 and "spag4d convert" in done.stderr and not (tmp_path / "out.ply").exists()


def test_the_same_picture_twice_is_one(tmp_path: Path) -> None:
    picture = save(tmp_path / "a.png")
    done = run("reconstruct", picture, picture, tmp_path / "out.ply")
    assert done.exit_code == 2 and "one panorama" in done.stderr


def test_a_folder_is_its_pictures_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", ".hidden.png"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a picture")
    sources, in_order = find_sources([tmp_path], every_s=0.5)
    assert [source.name for source in sources] == ["a.png", "b.png"] and not in_order


def test_an_output_that_is_an_input_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.png").rename(tmp_path / "a.ply")
    done = run("reconstruct", tmp_path / "a.ply", save(tmp_path / "b.png"), tmp_path / "a.ply")
    assert done.exit_code == 2 and "also an input" in done.stderr


def test_pictures_of_nothing_are_said_so(tmp_path: Path) -> None:
    inputs = [save(tmp_path / "a.png"), save(tmp_path / "b.png", 120)]
    done = run("reconstruct", *inputs, tmp_path / "out.ply", "--device", "cpu")
    assert done.exit_code == 2 and "overlap" in done.stderr


NO_POINTS = Points(np.empty((0, 3)), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three panoramas of a room, the second and third half a metre aside, a fourth picture, and the poses of the three."""
    folder = tmp_path_factory.mktemp("room")
    for name, pose in zip(("a.png", "b.png", "c.png", "d.png"), (*PLACES, PLACES[0]), strict=True):
        Image.fromarray((255 * panorama_from(pose, 64).rgb).astype(np.uint8)).save(folder / name)
    write_poses(folder / "known", dict(zip(("a.png", "b.png", "c.png"), PLACES, strict=True)), NO_POINTS, (64, 128))
    return folder


def test_known_poses_are_not_sought_and_are_saved_again(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spag4d.reconstruction.places.place_finder", None)
    saving = "--save-poses", tmp_path / "saved", "--save-depth", tmp_path / "depth", "--mesh", tmp_path / "mesh.ply"
    done = run("reconstruct", room, tmp_path / "out.ply", "--poses", room / "known", *saving, "--max-splats", 6000, "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["metres_from"] == "the poses in poses.json" and result["scale_sigma"] is None
    assert [line for line in result["warnings"] if "hold" in line and line.endswith("no pose for them: d.png")]
    assert len(read_scene(tmp_path / "out.ply")) == result["splat_count"]
    saved = read_poses(tmp_path / "saved").places(["a.png", "c.png"]).world_from_camera
    assert saved[0] is not None and saved[1] is not None
    np.testing.assert_allclose(saved[0].translation, 0, atol=1e-6)
    assert np.linalg.norm(saved[1].translation) == pytest.approx(np.linalg.norm(PLACES[2].translation), abs=1e-5)
    assert 5000 < result["splat_count"] <= 6000
    check_viewpoints(result["viewpoints"], tmp_path)
    mesh = PlyData.read(str(tmp_path / "mesh.ply"))
    far = np.linalg.norm([mesh["vertex"].data[name] for name in "xyz"], axis=0)
    assert 5000 < len(mesh["face"].data) < 40_000 and 0.5 < np.median(far) < 5


def check_viewpoints(viewpoints: list[dict[str, Any]], folder: Path) -> None:
    """Those of the result, which the card repeats and whose depth is saved."""
    assert [one["name"] for one in viewpoints] == ["a.png", "b.png", "c.png"]
    assert viewpoints[0]["position_m"] == [0, 0, 0] and all(0 <= one["measured"] <= 1 for one in viewpoints)
    card = json.loads((folder / "out.scene.json").read_text(encoding="utf-8"))
    assert card["viewpoints"] == viewpoints and card["walking_range_m"] == viewpoints[0]["walking_range_m"]
    assert viewpoints[1]["walking_range_m"] != card["walking_range_m"]
    depths = json.loads((folder / "depth" / "depths.json").read_text(encoding="utf-8"))["panoramas"]
    for one in viewpoints:
        assert depths[one["name"]] == {"file": f"{one['name']}.npy", "measured": one["measured"]}
        depth = depth_from_file(folder / "depth" / f"{one['name']}.npy", (64, 128))
        assert 0.5 < np.median(depth.distance) < 5


def test_a_model_without_points_has_its_unit_taken_for_a_metre(room: Path, tmp_path: Path) -> None:
    write_poses(tmp_path, dict(zip(("a.png", "b.png"), PLACES, strict=False)), NO_POINTS, (64, 128))
    (tmp_path / "poses.json").unlink()
    done = run("reconstruct", room / "a.png", room / "b.png", tmp_path / "out.ply", "--poses", tmp_path)
    assert done.exit_code == 0 and "taken for a metre" in done.stderr


def test_poses_of_other_pictures_are_refused_before_any_work(room: Path, tmp_path: Path) -> None:
    inputs = [save(tmp_path / "x.png"), save(tmp_path / "y.png")]
    done = run("reconstruct", *inputs, tmp_path / "out.ply", "--poses", room / "known")
    assert done.exit_code == 2 and "belong to the input: x.png, y.png" in done.stderr and "Depth" not in done.stderr


def test_two_pictures_of_one_name_cannot_have_poses(room: Path, tmp_path: Path) -> None:
    twin = tmp_path / "a.png"
    twin.write_bytes((room / "a.png").read_bytes())
    done = run("reconstruct", room / "a.png", twin, tmp_path / "out.ply", "--poses", room / "known")
    assert done.exit_code == 2 and "two panoramas are called a.png" in done.stderr


def test_a_file_in_the_place_of_a_folder_is_refused_before_any_work(room: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = run("reconstruct", room, tmp_path / "out.ply", "--poses", room / "known", "--save-depth", tmp_path / "taken")
    assert done.exit_code == 2 and "is a file, and a folder is needed" in done.stderr and not (tmp_path / "out.ply").exists()


def test_a_known_distance_sets_the_scale(room: Path, tmp_path: Path) -> None:
    """Of a model whose unit is unknown: the same room in two sizes, by two distances between the same points."""
    write_poses(tmp_path, dict(zip(("a.png", "b.png"), PLACES, strict=False)), NO_POINTS, (64, 128))
    (tmp_path / "poses.json").unlink()
    ways = []
    for metres in (2, 4):
        distance = "--distance", "a.png:10,40", "a.png:40,34", metres
        saved = tmp_path / f"saved{metres}"
        done = run("reconstruct", room / "a.png", room / "b.png", tmp_path / "out.ply", "--poses", tmp_path, *distance,
                   "--save-poses", saved, "--json")
        assert done.exit_code == 0 and json.loads(done.stdout)["metres_from"] == "a known distance"
        pose = read_poses(saved).places(["b.png"]).world_from_camera[0]
        assert pose is not None
        ways.append(np.linalg.norm(pose.translation))
    assert ways[1] == pytest.approx(2 * ways[0], rel=1e-4)


def test_poses_of_held_out_pictures_are_saved_in_the_axes_of_the_scene(room: Path, tmp_path: Path) -> None:
    """The scene begins at b, and a, which was given none, is where it is from there."""
    done = run("reconstruct", room / "b.png", room / "c.png", tmp_path / "out.ply", "--poses", room / "known",
               "--save-poses", tmp_path / "saved")
    assert done.exit_code == 0
    known = read_poses(tmp_path / "saved")
    assert sorted(known.model.poses) == ["a.png", "b.png", "c.png"]
    one, other = known.model.poses["b.png"], known.model.poses["a.png"]
    np.testing.assert_allclose(one.to_camera(other.translation), PLACES[1].to_camera(PLACES[0].translation), atol=1e-5)


@pytest.mark.parametrize(("arguments", "says"), [
    (("--distance", "a.png:1,2", "b.png:3,4", 2), "--distance and poses in metres each set the scale"),
    (("--camera-height", 1.6), "--camera-height and poses in metres each set the scale"),
])
def test_two_scales_are_refused(room: Path, tmp_path: Path, arguments: tuple[object, ...], says: str) -> None:
    done = run("reconstruct", room, tmp_path / "out.ply", "--poses", room / "known", *arguments)
    assert done.exit_code == 2 and says in done.stderr
