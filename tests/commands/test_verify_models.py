from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d.commands.verify_models import ROOM, ROOM_CAMERA_M, verify
from spag4d.data import DepthMap, Panorama
from spag4d.depth.from_file import depth_from_file
from spag4d.errors import WeightsError
from spag4d.models.weights import WEIGHTS, weights_file
from spag4d.photos.image import read_panorama
from spag4d.progress import SILENT, Progress
from spag4d.registry import Registry


def seeing(heights: dict[str, float], metres_from: str = "") -> Any:
    """A depth model to whose eyes the floor lies so far below, by normalisation."""

    class Model:
        def __init__(self, device: str, normalization: str = "") -> None:
            self.height = heights[normalization]

        def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
            distance = np.full(panorama.size_hw, self.height, np.float32)
            return DepthMap(distance, np.zeros(panorama.size_hw, bool), metres_from=metres_from)

    return Model


def answers(name: str, model: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(Registry, "load", lambda self, name: model)
    return list(verify(name))


def test_the_known_room_is_known() -> None:
    truth = depth_from_file(Path(__file__).parents[2] / "TestImage" / "interior.depth.npz", (512, 1024))
    assert np.median(truth.distance[-8:]) == pytest.approx(ROOM_CAMERA_M, rel=0.01)
    assert read_panorama(ROOM).size_hw == (512, 1024)


@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize("name", [name for name in WEIGHTS if name != "sharp"])
def test_the_file_and_its_parameters_are_checked_before_the_room(name: str) -> None:
    found, verdict = [], ""
    try:
        for line in verify(name):
            found.append(line)
    except WeightsError as error:
        verdict = str(error)
    assert "complete and as expected" in found[0] and "every parameter" in found[1]
    assert all("in a known room it sees the camera" in line for line in found[2:]) and len(found) > 2
    assert verdict == "" or verdict.startswith(f"{name} ")


@pytest.mark.usefixtures("small_models")
def test_a_model_that_is_right_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1.60 m above the floor (1.55 m)" in answers("da3", seeing({"": 1.6}), monkeypatch)[-1]
    both = answers("dap", seeing({"imagenet": 1.5, "none": 0.3}), monkeypatch)
    assert "--dap-normalization none" in both[-1] and "0.30 m" in both[-1]


@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize("imagenet", [0.3, 0.9, float("nan")])
def test_dap_that_is_right_without_normalisation_says_so(imagenet: float, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match="right with --dap-normalization none, not with --dap-normalization imagenet"):
        answers("dap", seeing({"imagenet": imagenet, "none": 1.5}), monkeypatch)


@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize("height", [0.7, 4.0])
def test_a_model_that_is_wrong_fails_unless_the_metres_are_anothers(height: float, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match="times too large or too small"):
        answers("da3", seeing({"": height}), monkeypatch)
    assert "with metres from dap: verify that model" in answers("panda", seeing({"": height}, "dap"), monkeypatch)[-1]


@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize("height", [float("nan"), float("inf"), 0.0])
def test_a_model_without_a_floor_fails(height: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, metres_from in (("da3", ""), ("panda", "dap")):
        with pytest.raises(WeightsError, match="no floor"):
            answers(name, seeing({"": height}, metres_from), monkeypatch)


def test_what_is_not_installed_fails() -> None:
    with pytest.raises(WeightsError, match="not installed"):
        list(verify("dap"))


@pytest.mark.usefixtures("small_models")
def test_what_is_no_checkpoint_fails_after_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path))
    path = weights_file("dap")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    found = verify("dap")
    assert "complete" in next(found)
    with pytest.raises(WeightsError, match="not a checkpoint"):
        next(found)
