import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d import SPAG4D, InputError
from spag4d.data import DepthMap, Layers, Panorama
from spag4d.errors import Cancelled, ResourceError
from spag4d.formats.ply import read_ply
from spag4d.formats.scene import read_layers
from spag4d.formats.scene_card import card_path
from spag4d.formats.splat import read_splat
from spag4d.progress import Event, Notice, Progress, Step
from spag4d.splat import density
from tests.box_room import BoxRoom

pytestmark = pytest.mark.usefixtures("quick_depth")

HEIGHT = 64


@pytest.fixture(scope="module")
def panorama(box_room: BoxRoom) -> Panorama:
    return box_room.panorama(HEIGHT)


@pytest.fixture(scope="module")
def truth(box_room: BoxRoom) -> DepthMap:
    return box_room.depth(HEIGHT)


def test_a_panorama_becomes_a_scene(panorama: Panorama, truth: DepthMap, tmp_path: Path) -> None:
    result = SPAG4D(sharp_refine=False).convert(panorama, tmp_path / "scene.ply", depth_map=truth)
    assert result.output_paths == (tmp_path / "scene.ply",)
    assert result.splat_count == len(read_ply(tmp_path / "scene.ply"))
    assert result.file_size == (tmp_path / "scene.ply").stat().st_size
    assert result.depth_model == "truth"
    assert sum(result.stage_times.values()) <= result.processing_time
    near, far = result.depth_range or (0, 0)
    assert near == pytest.approx(truth.distance.min(), rel=0.03)
    assert far == pytest.approx(truth.distance.max(), rel=0.03)
    assert result.warnings == ()


def test_array_path_and_panorama_give_the_same_scene(panorama: Panorama, truth: DepthMap, tmp_path: Path) -> None:
    from PIL import Image

    bytes_rgb = np.round(panorama.rgb * 255).astype(np.uint8)
    Image.fromarray(bytes_rgb).save(tmp_path / "photo.png")
    np.save(tmp_path / "depth.npy", truth.distance)
    converter = SPAG4D(stride=4)
    sources = {
        "path": (tmp_path / "photo.png", tmp_path / "depth.npy"),
        "text": (str(tmp_path / "photo.png"), str(tmp_path / "depth.npy")),
        "array": (bytes_rgb, truth.distance),
    }
    for name, (picture, depth) in sources.items():
        converter.convert(picture, tmp_path / f"{name}.splat", depth_map=depth)
    made = {(tmp_path / f"{name}.splat").read_bytes() for name in sources}
    assert len(made) == 1


def test_a_run_can_be_repeated_from_its_file(panorama: Panorama, truth: DepthMap, tmp_path: Path) -> None:
    first, second = tmp_path / "first.ply", tmp_path / "second.ply"
    SPAG4D(stride=3).convert(panorama, first, depth_map=truth, thickness=0.3)
    header = first.read_bytes().split(b"end_header\n")[0].decode()
    (record,) = [line.split(" ", 2)[2] for line in header.splitlines() if line.startswith("comment settings ")]
    SPAG4D(**json.loads(record)).convert(panorama, second, depth_map=truth)
    assert first.read_bytes() == second.read_bytes()


def test_settings_are_overridden_per_call(panorama: Panorama, truth: DepthMap) -> None:
    converter = SPAG4D(stride=8, backing=False)
    coarse = converter.to_gaussians(panorama, depth_map=truth)
    fine = converter.to_gaussians(panorama, depth_map=truth, stride=4)
    assert 3 * len(coarse) < len(fine) < 5 * len(coarse)
    assert converter.settings.stride == 8


def test_global_scale_scales_the_scene(panorama: Panorama, truth: DepthMap) -> None:
    converter = SPAG4D(stride=8)
    plain = converter.to_gaussians(panorama, depth_map=truth)
    double = converter.to_gaussians(panorama, depth_map=truth, global_scale=2)
    assert np.allclose(double.means, 2 * plain.means, rtol=1e-5)
    assert np.allclose(double.scales, 2 * plain.scales, rtol=1e-5)


@pytest.mark.parametrize(("keywords", "words"), [
    ({"stried": 2}, "'stride'"), ({"stride": 0}, "stride = 0"), ({"depth_model": "nonsense"}, "builtin"),
])
def test_bad_settings_are_refused_where_they_are_given(panorama: Panorama, keywords: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        SPAG4D(**keywords)
    with pytest.raises(InputError, match=words):
        SPAG4D().to_gaussians(panorama, **keywords)


def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InputError, match="cuda:77.*cpu"):
        SPAG4D(device="cuda:77")


@pytest.mark.parametrize("settings", [{"stride": 3}, {"max_splats": 4000}])
def test_a_file_names_its_layers(box_room: BoxRoom, settings: dict[str, int], tmp_path: Path) -> None:
    """A wall close by hides a part of the room, and above there is sky; without the dome the rest is the same."""
    panorama, distance = box_room.panorama(96), box_room.depth(96).distance.copy()
    distance[40:60, 20:60] = 0.6
    distance[:24] = np.inf
    converter = SPAG4D(use_guided_filter=False, **settings)
    result = converter.convert(panorama, tmp_path / "a.ply", depth_map=distance)
    layers = read_layers(tmp_path / "a.ply")
    assert isinstance(layers, Layers) and len(layers) == result.splat_count
    assert min(len(layers.fine), len(layers.sky), len(layers.behind)) > 50
    assert np.linalg.norm(layers.sky.means, axis=1).min() > 199 > 20 > np.linalg.norm(layers.fine.means, axis=1).max()
    if "stride" in settings:
        without = converter.to_gaussians(panorama, depth_map=distance, sky_dome=False)
        np.testing.assert_allclose(layers.without(["sky"]).joined.means, without.means, atol=1e-6)
        alone = converter.to_gaussians(panorama, depth_map=distance, sky_dome=False, walk_range=0.0)
        np.testing.assert_allclose(layers.without(["sky", "behind"]).joined.means, alone.means, atol=1e-6)


def test_depth_range_does_not_count_the_dome(panorama: Panorama, truth: DepthMap, tmp_path: Path) -> None:
    distance = truth.distance.copy()
    distance[:HEIGHT // 4] = np.inf
    result = SPAG4D(stride=4).convert(panorama, tmp_path / "scene.ply", depth_map=distance)
    farthest = np.linalg.norm(read_ply(tmp_path / "scene.ply").means, axis=1).max()
    assert result.depth_range is not None and result.depth_range[1] < 6 < 50 < farthest
    without = SPAG4D(stride=4).to_gaussians(panorama, depth_map=distance, sky_dome=False)
    assert np.linalg.norm(without.means, axis=1).max() < 7


def test_the_builtin_model_is_a_fallback_that_is_said(panorama: Panorama, tmp_path: Path) -> None:
    result = SPAG4D(stride=8, device="cpu").convert(panorama, tmp_path / "scene.ply")
    assert result.depth_model == "builtin" and result.device == "cpu"
    assert any("built-in" in warning for warning in result.warnings)
    named = SPAG4D(stride=8, device="cpu", depth_model="builtin", sharp_refine=False).convert(panorama, tmp_path / "scene.ply")
    assert named.warnings == ()


def test_the_model_is_loaded_once(panorama: Panorama, monkeypatch: pytest.MonkeyPatch) -> None:
    from spag4d.registry import Registry

    class Truth:
        name = "truth"
        made = 0

        def __init__(self, device: str = "cpu") -> None:
            Truth.made += 1

        def estimate(self, panorama: Panorama, *, progress: Progress) -> DepthMap:
            return BoxRoom().depth(panorama.size_hw[0])

    monkeypatch.setattr(Registry, "load", lambda self, name: Truth)
    converter = SPAG4D(device="cpu", use_guided_filter=False)
    for _ in range(2):
        assert np.array_equal(converter.estimate_depth(panorama).distance, BoxRoom().distance(HEIGHT))
    assert Truth.made == 1


def test_stages_are_told_in_order(panorama: Panorama, truth: DepthMap, tmp_path: Path) -> None:
    seen: list[Event] = []
    quiet = SPAG4D(stride=4, sharp_refine=False)
    quiet.convert(panorama, tmp_path / "scene.ply", depth_map=truth, progress=Progress(seen.append))
    steps = [event for event in seen if isinstance(event, Step)]
    stages = list(dict.fromkeys(step.stage for step in steps))
    assert stages == ["Reading", "Depth", "Edges", "Poles", "Gaussians", "Sky dome", "Walking range", "Writing"]
    for stage in stages:
        shares = [step.done / step.total for step in steps if step.stage == stage]
        assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert not any(isinstance(event, Notice) for event in seen)


def test_cancelling_anywhere_keeps_the_older_file(panorama: Panorama, truth: DepthMap, tmp_path: Path) -> None:
    target = tmp_path / "scene.ply"
    asked: list[Event] = []
    SPAG4D(stride=8).convert(
        panorama, target, depth_map=truth, progress=Progress(is_cancelled=lambda: bool(asked.append(Step("", 0, 0)))))
    card_path(target).unlink()
    target.write_text("older")
    for patience in range(len(asked)):
        answers = iter([False] * patience + [True])
        with pytest.raises(Cancelled):
            SPAG4D(stride=8).convert(
                panorama, target, depth_map=truth, progress=Progress(is_cancelled=lambda answers=answers: next(answers)))
        assert target.read_text() == "older"
        assert [path.name for path in tmp_path.iterdir()] == ["scene.ply"]


def test_targets_are_checked_before_any_work(panorama: Panorama, tmp_path: Path) -> None:
    def fail(event: Event) -> None:
        raise AssertionError(f"work began: {event}")

    for target, words in (("none/scene.ply", "does not exist"), ("scene.obj", ".ply or .splat"), ("scene", "--format")):
        with pytest.raises(InputError, match=words):
            SPAG4D().convert(panorama, tmp_path / target, progress=Progress(fail))
    with pytest.raises(InputError, match="ply"):
        SPAG4D(format="splat").convert(panorama, tmp_path / "scene.ply", progress=Progress(fail))
    (tmp_path / "both.splat").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        SPAG4D(format="both").convert(panorama, tmp_path / "both", progress=Progress(fail))
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"precious")
    with pytest.raises(InputError, match="destroy"):
        SPAG4D().convert(photo, tmp_path / "scene.ply", save_depth=photo, progress=Progress(fail))
    assert photo.read_bytes() == b"precious"


def test_both_formats_are_written_beside_each_other(panorama: Panorama, truth: DepthMap, tmp_path: Path) -> None:
    result = SPAG4D(format="both", stride=8).convert(panorama, tmp_path / "scene.ply", depth_map=truth)
    assert [path.name for path in result.output_paths] == ["scene.ply", "scene.splat"]
    assert all(path.is_file() for path in result.output_paths)


def test_an_empty_scene_is_an_error_and_no_file(panorama: Panorama, truth: DepthMap, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--depth-min is 50 m"):
        SPAG4D(depth_min=50).convert(panorama, tmp_path / "scene.ply", depth_map=truth)
    with pytest.raises(InputError, match="is sky all over"):
        SPAG4D(sky_dome=False).convert(
            panorama, tmp_path / "scene.ply", depth_map=np.full((HEIGHT, 2 * HEIGHT), np.inf, np.float32))
    assert list(tmp_path.iterdir()) == []


def test_what_is_counted_is_what_is_written(
    panorama: Panorama, truth: DepthMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = density.grid_gaussians

    def spoilt(*args: Any, **keywords: Any) -> Layers:
        layers = made(*args, **keywords)
        layers.fine.means[:7] = np.inf
        return layers

    whole = SPAG4D(stride=8).convert(panorama, tmp_path / "a.ply", depth_map=truth)
    monkeypatch.setattr(density, "grid_gaussians", spoilt)
    result = SPAG4D(stride=8).convert(panorama, tmp_path / "b.ply", depth_map=truth)
    assert result.splat_count == len(read_ply(tmp_path / "b.ply")) == whole.splat_count - 7
    assert [warning for warning in result.warnings if "left out" in warning] == [
        f"7 of {whole.splat_count:,} Gaussians are left out because a value is not a finite number"]


def test_the_file_names_the_model_that_auto_chose(panorama: Panorama, tmp_path: Path) -> None:
    SPAG4D(stride=8, device="cpu").convert(panorama, tmp_path / "scene.ply")
    header = (tmp_path / "scene.ply").read_bytes().split(b"end_header")[0].decode()
    assert "comment depth builtin" in header and '"depth_model":"builtin"' in header


def test_running_out_of_memory_names_what_to_lower(panorama: Panorama, monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(*args: object, **kwargs: object) -> None:
        raise MemoryError

    monkeypatch.setattr(density, "grid_gaussians", hungry)
    with pytest.raises(ResourceError, match="--stride"):
        SPAG4D().to_gaussians(panorama, depth_map=np.ones((HEIGHT, 2 * HEIGHT), np.float32))


def test_a_first_look_is_there_before_the_scene_and_warns_of_nothing(
    box_room: BoxRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spag4d.core._FIRST_LOOK_ROWS", 64)
    steps: list[str] = []

    def hear(event: Event) -> None:
        if isinstance(event, Step) and event.done == event.total:
            steps.append(event.stage)
            if event.stage == "First look":
                assert (tmp_path / "look.splat").exists() and not (tmp_path / "scene.ply").exists()
        assert not isinstance(event, Notice) or event.message.startswith("made without SHARP")

    height = 128
    SPAG4D().convert(box_room.panorama(height), tmp_path / "scene.ply", depth_map=box_room.depth(height),
                     first_look=tmp_path / "look.splat", progress=Progress(hear))
    assert steps.index("First look") < steps.index("Edges") < steps.index("Writing")
    coarse, fine = read_splat(tmp_path / "look.splat"), read_ply(tmp_path / "scene.ply")
    assert 0.15 < len(coarse) / len(fine) < 0.4
    medians = [np.median(np.linalg.norm(scene.means, axis=1)) for scene in (coarse, fine)]
    assert medians[0] == pytest.approx(medians[1], rel=0.02)
    with pytest.raises(InputError, match="also an input"):
        SPAG4D().convert(tmp_path / "look.splat", tmp_path / "scene.ply", first_look=tmp_path / "look.splat")


def test_a_page_of_its_own(panorama: Panorama, truth: DepthMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "vendor" / "supersplat"
    folder.mkdir(parents=True)
    for name in ("index.js", "index.css", "LICENSE"):
        (folder / name).write_text(name)
    monkeypatch.setattr("spag4d.formats.viewer_page.static_folder", lambda: tmp_path)
    result = SPAG4D(stride=8).convert(panorama, tmp_path / "scene.spz", depth_map=truth, export_html=tmp_path / "page.html")
    assert [path.name for path in result.output_paths] == ["scene.spz"] and "Writing page" in result.stage_times
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    for wrong in ("page.txt", "scene.html/page.html"):
        with pytest.raises(InputError):
            SPAG4D(stride=8).convert(panorama, tmp_path / "other.spz", depth_map=truth, export_html=tmp_path / wrong)
    assert not (tmp_path / "other.spz").exists()


def test_a_scene_card_lies_beside_every_scene(panorama: Panorama, truth: DepthMap, tmp_path: Path) -> None:
    SPAG4D(stride=8, format="ply,compressed.ply").convert(panorama, tmp_path / "a", depth_map=truth)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.compressed.ply", "a.ply", "a.scene.json"]
    card = json.loads((tmp_path / "a.scene.json").read_text(encoding="utf-8"))
    assert card["files"] == ["a.ply", "a.compressed.ply"] and card["metric"] and len(card["walking_range_m"]) == 14
