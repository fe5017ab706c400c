"""What the converter does with SHARP, whose place a predictor of known behaviour takes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d import SPAG4D, InputError, WeightsError
from spag4d.data import DepthMap, Panorama
from spag4d.formats.ply import read_ply
from spag4d.models.weights import WEIGHTS, weights_file
from spag4d.splat.sharp_faces import sharp_faces
from tests.box_room import BoxRoom
from tests.splat.sharp_scene import KnownSharp

pytestmark = pytest.mark.usefixtures("quick_depth")

HEIGHT = 64


@pytest.fixture(scope="module")
def panorama(box_room: BoxRoom) -> Panorama:
    return box_room.panorama(HEIGHT)


@pytest.fixture(scope="module")
def depth(box_room: BoxRoom) -> DepthMap:
    return box_room.depth(HEIGHT)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """SHARP is installed, and is a predictor that knows the room; returns those that were made."""
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path))
    monkeypatch.setitem(WEIGHTS, "sharp", replace(WEIGHTS["sharp"], size=0, sha256=None))
    weights_file("sharp").parent.mkdir(parents=True)
    weights_file("sharp").touch()
    made: list[Any] = []

    class Known(KnownSharp):
        def __init__(self, device: str) -> None:
            super().__init__(sharp_faces("cubemap").cameras, lambda rays: BoxRoom().hit(rays)[0], size_px=64)
            self.device = device
            made.append(self)

    monkeypatch.setattr("spag4d.splat.sharp_model.SharpPredictor", Known)
    return made


def test_without_its_weights_there_is_one_warning_and_a_geometric_scene(
    panorama: Panorama, depth: DepthMap, tmp_path: Path
) -> None:
    result = SPAG4D(stride=4).convert(panorama, tmp_path / "scene.ply", depth_map=depth)
    (warning,) = result.warnings
    assert warning == "made without SHARP, which refines the Gaussians" and result.sharp == ""
    plain = SPAG4D(stride=4, sharp_refine=False).convert(panorama, tmp_path / "plain.ply", depth_map=depth)
    assert plain.warnings == ()
    np.testing.assert_array_equal(read_ply(tmp_path / "scene.ply").scales, read_ply(tmp_path / "plain.ply").scales)
    assert b"comment SHARP not used\n" in (tmp_path / "scene.ply").read_bytes()


def test_asked_for_without_its_weights_it_is_an_error_before_any_work() -> None:
    requests: list[dict[str, Any]] = [
        {"sharp_refine": True}, {"sharp_mode": "layers"}, {"sharp_mode": "refine"}, {"opacity_blend": 0.5}
    ]
    for named in requests:
        with pytest.raises(WeightsError, match="download-models --model sharp"):
            SPAG4D(**named)
        with pytest.raises(WeightsError, match="download-models --model sharp"):
            SPAG4D().convert("is not read.jpg", "scene.ply", **named)
        with pytest.raises(InputError, match="commercial-ok"):
            SPAG4D(commercial_ok=True, **named)
    SPAG4D(sharp_mode="layers", sharp_refine=False)


def test_installed_it_is_used_and_the_result_and_the_file_say_so(
    installed: list[Any], panorama: Panorama, depth: DepthMap, tmp_path: Path
) -> None:
    converter = SPAG4D(stride=4, device="cpu")
    result = converter.convert(panorama, tmp_path / "scene.ply", depth_map=depth)
    assert result.sharp == "refine" and result.warnings == () and "SHARP" in result.stage_times
    assert b"comment SHARP refine, for research only\n" in (tmp_path / "scene.ply").read_bytes()
    without = converter.to_gaussians(panorama, depth_map=depth, sharp_refine=False)
    assert not np.allclose(read_ply(tmp_path / "scene.ply").opacities, without.opacities, atol=0.1)
    converter.to_gaussians(panorama, depth_map=depth)
    assert len(installed) == 1


def test_layers_are_sharps_own_two(installed: list[Any], panorama: Panorama, depth: DepthMap) -> None:
    scene = SPAG4D(stride=4, device="cpu", sharp_mode="layers", sky_dome=False).to_gaussians(panorama, depth_map=depth)
    assert len(scene) > 5000
    distance = np.linalg.norm(scene.means, axis=1)
    unit = (scene.means / distance[:, None]).astype(np.float64)
    ratio = distance / BoxRoom().hit(unit)[0]
    assert 0.4 < (ratio < 1.2).mean() < 0.6


def test_for_sale_it_is_left_out_or_refused(installed: list[Any], panorama: Panorama, depth: DepthMap) -> None:
    SPAG4D(stride=4, commercial_ok=True).to_gaussians(panorama, depth_map=depth)
    assert installed == []
    with pytest.raises(InputError, match="commercial-ok"):
        SPAG4D(sharp_refine=True, commercial_ok=True)
