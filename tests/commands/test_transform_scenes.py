from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spag4d.commands.transform_scenes import Change, transform_scenes
from spag4d.data import Gaussians, Layers
from spag4d.errors import InputError
from spag4d.formats import FORMATS
from spag4d.formats.ply import read_ply, write_ply
from spag4d.formats.scene import read_layers, read_scene, read_scene_comments, write_scene
from spag4d.geometry.rotation import rotations_from_quats
from spag4d.progress import Notice, Progress
from spag4d.render.seen_colors import seen_colors
from tests.formats.gaussian_scenes import scene
from tests.formats.precision import differences, paired
from tests.formats.test_ply import columns_of, write_foreign

COMMENTS = ["SPAG-4D 0.1.0", "settings {}", "walking range m ..."]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_ply(tmp_path / "in.ply", scene(400), comments=COMMENTS)
    return tmp_path / "in.ply"


@pytest.mark.parametrize("name", list(FORMATS))
def test_from_each_format_to_each(source: Path, tmp_path: Path, name: str) -> None:
    path, count = transform_scenes([source], tmp_path / f"a.{name}")
    assert (path, count) == (tmp_path / f"a.{name}", 400)
    again, count = transform_scenes([path], tmp_path / "b.ply")
    assert count == 400
    off = differences(*paired(read_ply(again), FORMATS.load(name).read(path)))
    assert off.position_m.max() < 1e-5 and off.rotation_deg.max() < 0.05 and off.scale.max() < 1e-4


def test_comments_go_along_as_long_as_nothing_changes(source: Path, tmp_path: Path) -> None:
    for name in ("b.ply", "b.compressed.ply", "b.glb", "b.sog"):
        transform_scenes([source], tmp_path / name)
        assert read_scene_comments(tmp_path / name) == COMMENTS
    transform_scenes([source], tmp_path / "c.ply", Change(scale=2.0))
    assert read_scene_comments(tmp_path / "c.ply")[1:] == ["transformed"]
    transform_scenes([source, source], tmp_path / "c.ply")
    assert read_scene_comments(tmp_path / "c.ply")[1:] == ["transformed"]


def test_scale_then_turn_then_move(source: Path, tmp_path: Path) -> None:
    """A quarter turn to the right takes what is in front (z) to the right (x), and what is there behind."""
    transform_scenes([source], tmp_path / "b.ply", Change(scale=2.0, rotate_deg=(90.0, 0.0, 0.0), translate_m=(0.0, -1.0, 5.0)))
    x, y, z = scene(400).means.T * 2
    np.testing.assert_allclose(read_ply(tmp_path / "b.ply").means, np.stack([z, y - 1, 5 - x], -1), atol=1e-5)


def test_up_y_is_half_a_turn_about_x(source: Path, tmp_path: Path) -> None:
    transform_scenes([source], tmp_path / "b.spz", Change(y_up=True))
    read, written = read_scene(tmp_path / "b.spz"), scene(400)
    np.testing.assert_allclose(read.means, written.means * [1, -1, -1], atol=1 / 4096)
    axes = np.diag([1, -1, -1]) @ rotations_from_quats(written.quats_wxyz)
    np.testing.assert_allclose(rotations_from_quats(read.quats_wxyz), axes, atol=0.01)
    with pytest.raises(InputError, match="always y up"):
        transform_scenes([source], tmp_path / "b.glb", Change(y_up=True))


def test_joining_and_choosing(source: Path, tmp_path: Path) -> None:
    write_ply(tmp_path / "other.ply", scene(200, seed=7))
    _, count = transform_scenes([source, tmp_path / "other.ply"], tmp_path / "b.ply")
    assert count == 600
    change = Change(min_opacity=0.5, crop_sphere_m=(1.0, 0.0, 0.0, 4.0), max_splats=50)
    _, count = transform_scenes([source, tmp_path / "other.ply"], tmp_path / "c.ply", change)
    left = read_ply(tmp_path / "c.ply")
    assert count == len(left) == 50
    assert left.opacities.min() >= 0.499 and np.linalg.norm(left.means - [1, 0, 0], axis=1).max() <= 4.001


def test_what_is_counted_was_written(source: Path, tmp_path: Path) -> None:
    spoilt = scene(300)
    spoilt.means[:5] = np.nan
    _write_as_it_is(tmp_path / "spoilt.ply", spoilt)
    path, count = transform_scenes([source, tmp_path / "spoilt.ply"], tmp_path / "b.spz")
    assert count == len(read_scene(path)) == 695


@pytest.mark.parametrize(("count", "words"), [(0, "a scene of no Gaussians"), (30, "no usable Gaussian: all 30")])
def test_a_scene_without_a_usable_gaussian_is_an_error(tmp_path: Path, count: int, words: str) -> None:
    spoilt = scene(count)
    spoilt.means[:] = np.inf
    _write_as_it_is(tmp_path / "in.ply", spoilt)
    with pytest.raises(InputError, match=words):
        transform_scenes([tmp_path / "in.ply"], tmp_path / "b.glb")
    assert not (tmp_path / "b.glb").exists()


def _write_as_it_is(path: Path, gaussians: Gaussians) -> None:
    """Write a PLY by a writer that lets everything pass."""
    write_ply(path, replace(gaussians, means=np.zeros_like(gaussians.means)))
    data = bytearray(path.read_bytes())
    rows = np.frombuffer(data, np.float32, 17 * len(gaussians), len(data) - 68 * len(gaussians)).reshape(-1, 17)
    rows[:, :3] = gaussians.means
    path.write_bytes(data)


def test_what_is_too_large_for_float32_is_said(tmp_path: Path) -> None:
    far = scene(20)
    _write_as_it_is(tmp_path / "far.ply", replace(far, means=np.full_like(far.means, 1e36)))
    with pytest.raises(InputError, match="too large"):
        transform_scenes([tmp_path / "far.ply"], tmp_path / "b.ply", Change(scale=1e6))


def test_places_in_map_coordinates_are_moved_before_they_are_rounded(tmp_path: Path) -> None:
    """A scan 5,400 km from the origin of its map, in doubles; float32 has steps of half a metre there."""
    exact = scene(400).means.astype(np.float64) + (448_262.0, 5_411_932.0, 120.0)
    write_foreign(tmp_path / "in.ply", columns_of(scene(400)) | dict(zip("xyz", exact.T, strict=True)))
    heard: list[str] = []
    progress = Progress(lambda event: heard.append(event.message) if isinstance(event, Notice) else None)
    moved, _ = transform_scenes([tmp_path / "in.ply"], tmp_path / "moved.ply",
                         Change(scale=2.0, rotate_deg=(90.0, 0.0, 0.0), translate_m=(-240.0, -10_823_864.0, 896_524.0)),
                         progress=progress)
    x, y, z = scene(400).means.T * 2
    np.testing.assert_allclose(read_ply(moved).means, np.stack([z, y, -x], -1), atol=2e-5)
    assert not heard
    far, _ = transform_scenes([tmp_path / "in.ply"], tmp_path / "far.ply", progress=progress)
    assert np.abs(read_ply(far).means - exact).max() > 0.1
    assert len(heard) == 1 and "rounded by up to 0.25 m" in heard[0] and "--translate -448262,-5411932,-120" in heard[0]


def test_view_dependent_colour_turns_with_the_scene(tmp_path: Path) -> None:
    """From the place that goes along with the scene, it looks the same."""
    written = scene(300, sh_degree=3)
    write_ply(tmp_path / "in.ply", written)
    change = Change(scale=2.0, rotate_deg=(70.0, 20.0, -130.0), translate_m=(1.0, -2.0, 0.5))
    path, _ = transform_scenes([tmp_path / "in.ply"], tmp_path / "b.glb", change)
    eye, everyone = np.array([0.3, 0.1, -0.2]), np.arange(300)
    there = 2 * change.rotation @ eye + change.translate_m
    np.testing.assert_allclose(seen_colors(read_scene(path), everyone, there), seen_colors(written, everyone, eye), atol=1e-4)


COUNTS = {"fine": 300, "backing": 20, "sky": 50, "behind": 30}
HOLD_LAYERS = [name for name in FORMATS if FORMATS.load(name).holds_layers]


@pytest.mark.parametrize("name", HOLD_LAYERS)
def test_layers_are_dropped_and_the_others_keep_their_names(tmp_path: Path, name: str) -> None:
    layers = Layers.split(scene(400), COUNTS)
    write_scene(tmp_path / f"in.{name}", layers, name)
    path, count = transform_scenes([tmp_path / f"in.{name}"], tmp_path / f"b.{name}", Change(drop=("sky", "behind")))
    left = read_layers(path)
    assert count == 320 and isinstance(left, Layers) and left.counts == COUNTS | {"sky": 0, "behind": 0}
    np.testing.assert_allclose(left.joined.means, layers.joined.means[:320], atol=1e-6)
    turned = Change(drop=("fine",), min_opacity=0.4, max_splats=40, scale=2.0, rotate_deg=(90.0, 0.0, 0.0))
    left = read_layers(transform_scenes([tmp_path / f"in.{name}"], tmp_path / f"c.{name}", turned)[0])
    assert isinstance(left, Layers) and len(left) == 40 and left.counts["fine"] == 0
    sky = {tuple(row) for row in np.round(2 * layers.sky.means, 4).tolist()}
    z, y, x = left.sky.means.T
    assert len(left.sky) > 5 and {tuple(row) for row in np.round(np.stack([-x, y, z], -1), 4).tolist()} <= sky
    spz, count = transform_scenes([path], tmp_path / "c.spz", Change(drop=("backing",)))
    assert count == len(read_scene(spz)) == 300


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in HOLD_LAYERS])
def test_where_a_file_does_not_name_its_layers_none_is_dropped(tmp_path: Path, name: str) -> None:
    write_scene(tmp_path / f"in.{name}", Layers.split(scene(400), COUNTS), name)
    with pytest.raises(InputError, match=r"in\..* does not say which of its Gaussians are sky or behind.*\.ply and \.glb"):
        transform_scenes([tmp_path / f"in.{name}"], tmp_path / "b.ply", Change(drop=("sky", "behind")))


def test_layers_go_along_with_one_scene_and_are_dropped_of_each_that_is_joined(source: Path, tmp_path: Path) -> None:
    write_scene(tmp_path / "a.ply", Layers.split(scene(400), COUNTS), "ply", comments=COMMENTS)
    again, _ = transform_scenes([tmp_path / "a.ply"], tmp_path / "again.ply")
    assert read_scene_comments(again) == read_scene_comments(tmp_path / "a.ply")
    transform_scenes([again], tmp_path / "b.sog")
    assert read_scene_comments(tmp_path / "b.sog") == COMMENTS
    joined, count = transform_scenes([again, tmp_path / "a.ply"], tmp_path / "joined.ply", Change(drop=("fine",)))
    assert count == 200 and isinstance(read_layers(joined), Gaussians)
    with pytest.raises(InputError, match=r"in\.ply does not say"):
        transform_scenes([again, source], tmp_path / "joined.ply", Change(drop=("sky",)))
    with pytest.raises(InputError, match="fine, backing, sky, behind, and not 'roof'"):
        Change(drop=("sky", "roof"))
    with pytest.raises(InputError, match="nothing is left: no Gaussian passes --drop"):
        transform_scenes([again], tmp_path / "none.ply", Change(drop=tuple(COUNTS)))


@pytest.mark.parametrize(("target", "change", "words"), [
    ("b.ply", {"crop_sphere_m": (90.0, 0.0, 0.0, 1.0)}, "nothing is left"),
    ("b.obj", {}, "cannot tell the format"), ("none/b.ply", {}, "does not exist"), ("in.ply", {}, "also an input"),
])
def test_what_cannot_be_done_is_said(source: Path, target: str, change: dict, words: str) -> None:
    before = source.read_bytes()
    with pytest.raises(InputError, match=words):
        transform_scenes([source], source.parent / target, Change(**change))
    assert source.read_bytes() == before and [path.name for path in source.parent.iterdir()] == ["in.ply"]


@pytest.mark.parametrize("change", [
    {"scale": 0.0}, {"scale": -1.0}, {"scale": float("nan")}, {"crop_sphere_m": (0.0, 0.0, 0.0, 0.0)}])
def test_changes_that_make_no_scene(change: dict) -> None:
    with pytest.raises(InputError, match="a factor from|above 0"):
        Change(**change)
