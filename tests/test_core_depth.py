"""What the converter does with depth models, scale and detail."""

from pathlib import Path

import numpy as np
import pytest

from spag4d import SPAG4D, InputError
from spag4d.data import DepthMap, Panorama
from spag4d.progress import Event, Progress, Step
from tests.box_room import BoxRoom

pytestmark = pytest.mark.usefixtures("quick_depth")

HEIGHT = 64


@pytest.fixture(scope="module")
def panorama(box_room: BoxRoom) -> Panorama:
    return box_room.panorama(HEIGHT)


@pytest.mark.usefixtures("small_models")
def test_the_result_and_the_file_say_whose_depth_and_whose_metres(panorama: Panorama, tmp_path: Path) -> None:
    result = SPAG4D(stride=8, device="cpu").convert(panorama, tmp_path / "scene.ply")
    assert (result.depth_model, result.metres_from, result.device) == ("panda", "dap", "cpu")
    header = (tmp_path / "scene.ply").read_bytes().split(b"end_header")[0].decode()
    assert "comment depth panda, metres from dap\n" in header and '"depth_model":"panda"' in header


def test_the_height_of_the_camera_scales_any_depth(panorama: Panorama, box_room: BoxRoom, tmp_path: Path) -> None:
    truth = box_room.depth(HEIGHT)
    converter = SPAG4D(stride=8, camera_height=3.2)
    result = converter.convert(panorama, tmp_path / "scene.ply", depth_map=truth)
    assert result.metres_from == "camera height"
    plain = SPAG4D(stride=8).to_gaussians(panorama, depth_map=truth)
    both = SPAG4D(stride=8, camera_height=3.2, global_scale=0.5)
    for other, factor in ((converter, 2), (both, 1)):
        means = other.to_gaussians(panorama, depth_map=truth).means
        away = np.linalg.norm(means - factor * plain.means, axis=1) / np.linalg.norm(factor * plain.means, axis=1)
        assert np.quantile(away, 0.98) < 0.01, "but for one at an edge"


def test_a_scene_without_a_floor_keeps_its_scale_with_a_warning(panorama: Panorama, tmp_path: Path) -> None:
    bowl = np.full((HEIGHT, 2 * HEIGHT), 3, np.float32)
    result = SPAG4D(stride=8, camera_height=1.6).convert(panorama, tmp_path / "scene.ply", depth_map=bowl)
    assert any("no floor" in warning for warning in result.warnings) and result.metres_from == ""


@pytest.mark.usefixtures("small_models")
def test_tiles_are_a_stage_of_their_own(panorama: Panorama, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[DepthMap, object]] = []

    def detail(base: DepthMap, panorama: Panorama, model: object, *, progress: Progress) -> DepthMap:
        called.append((base, model))
        return base.scaled(2.0)

    monkeypatch.setattr("spag4d.stages.add_detail", detail)
    seen: list[Event] = []
    converter = SPAG4D(depth_model="builtin", device="cpu", use_guided_filter=False, depth_tiles=True)
    found = converter.estimate_depth(panorama, progress=Progress(seen.append))
    ((base, model),) = called
    assert type(model).__name__ == "Da3Depth" and base.model == "builtin"
    ratio = found.distance / base.distance
    np.testing.assert_allclose(ratio, np.median(ratio), rtol=1e-5)
    assert 1 < np.median(ratio) < 2.2, "twice, but for what is held of its scale"
    assert "Detail" in {step.stage for step in seen if isinstance(step, Step)}


@pytest.mark.usefixtures("small_models")
def test_settings_of_a_model_load_it_anew(panorama: Panorama, monkeypatch: pytest.MonkeyPatch) -> None:
    from spag4d.registry import Registry

    made: list[dict[str, str]] = []

    class Model:
        name = "da3"

        def __init__(self, device: str = "cpu", **options: str) -> None:
            made.append(options)

        def estimate(self, panorama: Panorama, *, progress: Progress) -> DepthMap:
            return BoxRoom().depth(panorama.size_hw[0])

    monkeypatch.setattr(Registry, "load", lambda self, name: Model)
    converter = SPAG4D(depth_model="da3", device="cpu", use_guided_filter=False)
    for projection in ("cubemap", "cubemap", "icosahedral"):
        converter.estimate_depth(panorama, da3_projection=projection)
    assert made == [{"projection": "cubemap"}, {"projection": "icosahedral"}]


@pytest.mark.usefixtures("small_models")
def test_tiles_do_not_go_with_depth_of_ones_own(panorama: Panorama, box_room: BoxRoom) -> None:
    with pytest.raises(InputError, match="depth-tiles"):
        SPAG4D(stride=8).to_gaussians(panorama, depth_map=box_room.depth(HEIGHT), depth_tiles=True)
