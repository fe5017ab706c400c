from pathlib import Path

import numpy as np
import pytest

from spag4d.errors import InputError
from spag4d.geometry.rotation import rotations_from_quats
from spag4d.io import READERS, WRITERS
from spag4d.io.ply import read_ply, write_ply
from spag4d.io.scene import read_scene, read_scene_comments
from spag4d.transforming import Change, transform
from tests.io.gaussian_scenes import scene
from tests.io.precision import differences, paired

COMMENTS = ["SPAG-4D 0.1.0", "settings {}", "walking range m ..."]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_ply(tmp_path / "in.ply", scene(400), comments=COMMENTS)
    return tmp_path / "in.ply"


@pytest.mark.parametrize("name", list(WRITERS))
def test_from_each_format_to_each(source: Path, tmp_path: Path, name: str) -> None:
    path, count = transform([source], tmp_path / f"a.{name}")
    assert (path, count) == (tmp_path / f"a.{name}", 400)
    again, count = transform([path], tmp_path / "b.ply")
    assert count == 400
    off = differences(*paired(read_ply(again), READERS.load(name)(path)))
    assert off.position_m.max() < 1e-5 and off.rotation_deg.max() < 0.05 and off.scale.max() < 1e-4


def test_comments_go_along_as_long_as_nothing_changes(source: Path, tmp_path: Path) -> None:
    for name in ("b.ply", "b.compressed.ply", "b.glb", "b.sog"):
        transform([source], tmp_path / name)
        assert read_scene_comments(tmp_path / name) == COMMENTS
    transform([source], tmp_path / "c.ply", Change(scale=2.0))
    assert read_scene_comments(tmp_path / "c.ply")[1:] == ["transformed"]
    transform([source, source], tmp_path / "c.ply")
    assert read_scene_comments(tmp_path / "c.ply")[1:] == ["transformed"]


def test_scale_then_turn_then_move(source: Path, tmp_path: Path) -> None:
    """A quarter turn to the right takes what is in front (z) to the right (x), and what is there behind."""
    transform([source], tmp_path / "b.ply", Change(scale=2.0, rotate_deg=(90.0, 0.0, 0.0), translate_m=(0.0, -1.0, 5.0)))
    x, y, z = scene(400).means.T * 2
    np.testing.assert_allclose(read_ply(tmp_path / "b.ply").means, np.stack([z, y - 1, 5 - x], -1), atol=1e-5)


def test_up_y_is_half_a_turn_about_x(source: Path, tmp_path: Path) -> None:
    transform([source], tmp_path / "b.spz", Change(y_up=True))
    read, written = read_scene(tmp_path / "b.spz"), scene(400)
    np.testing.assert_allclose(read.means, written.means * [1, -1, -1], atol=1 / 4096)
    axes = np.diag([1, -1, -1]) @ rotations_from_quats(written.quats_wxyz)
    np.testing.assert_allclose(rotations_from_quats(read.quats_wxyz), axes, atol=0.01)
    with pytest.raises(InputError, match="y up in any case"):
        transform([source], tmp_path / "b.glb", Change(y_up=True))


def test_joining_and_choosing(source: Path, tmp_path: Path) -> None:
    write_ply(tmp_path / "other.ply", scene(200, seed=7))
    _, count = transform([source, tmp_path / "other.ply"], tmp_path / "b.ply")
    assert count == 600
    change = Change(min_opacity=0.5, crop_sphere_m=(1.0, 0.0, 0.0, 4.0), max_splats=50)
    _, count = transform([source, tmp_path / "other.ply"], tmp_path / "c.ply", change)
    left = read_ply(tmp_path / "c.ply")
    assert count == len(left) == 50
    assert left.opacities.min() >= 0.499 and np.linalg.norm(left.means - [1, 0, 0], axis=1).max() <= 4.001


def test_an_empty_scene_stays_one(tmp_path: Path) -> None:
    write_ply(tmp_path / "in.ply", scene(0))
    assert transform([tmp_path / "in.ply"], tmp_path / "b.glb")[1] == 0


@pytest.mark.parametrize(("target", "change", "words"), [
    ("b.ply", {"crop_sphere_m": (90.0, 0.0, 0.0, 1.0)}, "nothing is left"),
    ("b.obj", {}, "cannot tell the format"), ("none/b.ply", {}, "does not exist"), ("in.ply", {}, "also an input"),
])
def test_what_cannot_be_done_is_said(source: Path, target: str, change: dict, words: str) -> None:
    before = source.read_bytes()
    with pytest.raises(InputError, match=words):
        transform([source], source.parent / target, Change(**change))
    assert source.read_bytes() == before and [path.name for path in source.parent.iterdir()] == ["in.ply"]


@pytest.mark.parametrize("change", [
    {"scale": 0.0}, {"scale": -1.0}, {"scale": float("nan")}, {"crop_sphere_m": (0.0, 0.0, 0.0, 0.0)}])
def test_changes_that_make_no_scene(change: dict) -> None:
    with pytest.raises(InputError, match="above 0"):
        Change(**change)
