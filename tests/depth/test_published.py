"""What the published panoramic models make of their networks' answers, which are known here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from spag4d.data import DepthMap, Panorama
from spag4d.depth.da360 import Da360Depth
from spag4d.depth.dap import DapDepth
from spag4d.depth.panda import PandaDepth, PandaMatterportDepth
from spag4d.networks.vit import normalised
from spag4d.progress import SILENT, Event, Notice, Progress, Step
from tests.box_room import BoxRoom

HEIGHT = 128
Answer = Callable[[torch.Tensor], Any]


class Known(torch.nn.Module):
    """A network that reads the answer off the red channel of its picture."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, picture: torch.Tensor) -> Any:
        red = picture[:, 0] * 0.229 + 0.485
        return self.answer(red)


def known(answer: Answer) -> Any:
    return Known(answer)


@pytest.fixture(scope="module")
def truth() -> DepthMap:
    return BoxRoom().depth(HEIGHT)


@pytest.fixture(scope="module")
def panorama(truth: DepthMap) -> Panorama:
    """A picture whose red channel is a tenth of the distance, which is at most 5.5 m."""
    rgb = np.zeros((*truth.size_hw, 3), np.float32)
    rgb[..., 0] = truth.distance / 10
    return Panorama(rgb)


class Reference:
    """A metric model that knows the room, but is wrong by half on a fifth of it."""

    name = "reference"

    def __init__(self, device: str = "cpu") -> None:
        del device

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        size = panorama.size_hw[::-1]
        distance = cv2.resize(BoxRoom().distance(HEIGHT), size, interpolation=cv2.INTER_LINEAR)
        distance[:, : size[0] // 5] *= 1.5
        sky = np.zeros(distance.shape, bool)
        sky[: size[1] // 8] = True
        return DepthMap(distance, sky, model=self.name)


def error(found: DepthMap, truth: DepthMap) -> float:
    return float(np.median(np.abs(found.distance / truth.distance - 1)[~found.sky]))


@pytest.mark.parametrize(("scale", "shift"), [(8.0, 0.9), (20.0, -0.4), (10.0, 0.0)])
def test_panda_finds_scale_and_shift(panorama: Panorama, truth: DepthMap, scale: float, shift: float) -> None:
    network = known(lambda red: (red * 10 - shift) / scale)
    found = PandaDepth(network=network, reference=Reference()).estimate(panorama)
    assert error(found, truth) < 0.01
    assert found.metres_from == "reference" and found.model == "panda" and found.kind == "metric"


def test_panda_finds_them_for_each_turn(panorama: Panorama, truth: DepthMap) -> None:
    answers = iter([(8.0, 0.9), (14.0, 0.2)])

    def answer(red: torch.Tensor) -> torch.Tensor:
        scale, shift = next(answers)
        return (red * 10 - shift) / scale

    assert error(PandaDepth(network=known(answer), reference=Reference()).estimate(panorama), truth) < 0.01


def test_pandas_sky_is_what_both_take_for_far(panorama: Panorama) -> None:
    near = PandaDepth(network=known(lambda red: red), reference=Reference()).estimate(panorama)
    assert not near.sky.any()
    far = PandaDepth(network=known(lambda red: red.clamp(max=0.05) + 0.93), reference=Reference()).estimate(panorama)
    np.testing.assert_array_equal(far.sky[:, 0], np.arange(HEIGHT) < HEIGHT // 8)


def test_a_picture_without_depth_is_scaled_with_a_warning(panorama: Panorama) -> None:
    heard: list[Event] = []
    flat = PandaDepth(network=known(lambda red: torch.full_like(red, 0.5)), reference=Reference())
    found = flat.estimate(panorama, progress=Progress(heard.append))
    assert np.ptp(found.distance) < 1e-3 and 1 < found.distance[0, 0] < 6
    assert ["only the scale" in event.message for event in heard if isinstance(event, Notice)] == [True]


def test_progress_never_goes_back_while_it_estimates(panorama: Panorama) -> None:
    heard: list[Event] = []
    PandaDepth(network=known(lambda red: red)).estimate(panorama, progress=Progress(heard.append))
    shares = [step.done / step.total for step in heard if isinstance(step, Step) and step.stage == "Estimating depth"]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1 and len(shares) == 5


def test_panda_for_rooms_has_metres_of_its_own(panorama: Panorama, truth: DepthMap) -> None:
    found = PandaMatterportDepth(network=known(lambda red: red)).estimate(panorama)
    assert error(found, truth) < 0.005
    assert found.metres_from == "" and not found.sky.any()


def test_da360_finds_its_one_factor(panorama: Panorama, truth: DepthMap) -> None:
    found = Da360Depth(network=known(lambda red: 0.37 / red), reference=Reference()).estimate(panorama)
    assert error(found, truth) < 0.01
    assert found.metres_from == "reference"
    np.testing.assert_array_equal(found.sky[:, 0], np.arange(HEIGHT) < HEIGHT // 8)


def test_daps_unit_is_100_m_and_its_mask_the_sky(panorama: Panorama, truth: DepthMap) -> None:
    found = DapDepth(network=known(lambda red: (red / 10, (red > 0.4).float()))).estimate(panorama)
    clear = np.abs(truth.distance - 4) > 0.2
    np.testing.assert_array_equal(found.sky[clear], (truth.distance > 4)[clear])
    assert error(found, truth) < 0.005 and found.metres_from == ""


def test_daps_normalisation_can_be_left_out(panorama: Panorama) -> None:
    seen: list[torch.Tensor] = []

    def answer(red: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(red)
        return torch.full_like(red, 0.1), torch.zeros_like(red)

    for normalization in ("imagenet", "none"):
        DapDepth(network=known(answer), normalization=normalization).estimate(panorama)
    imagenet, _, plain, _ = ((red - 0.485) / 0.229 for red in seen)
    picture = torch.zeros(1, 3, *plain.shape[1:])
    picture[:, 0] = plain
    torch.testing.assert_close(normalised(picture)[:, 0], imagenet)


@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize("model", [PandaDepth, PandaMatterportDepth, DapDepth, Da360Depth])
def test_a_panorama_turned_by_half_gives_the_turned_depth(model: Any, panorama: Panorama) -> None:
    loaded = model(**({"reference": Reference()} if model in (PandaDepth, Da360Depth) else {}))
    if model in (PandaDepth, Da360Depth):
        loaded.reference = Turning()
    straight = loaded.estimate(panorama)
    turned = loaded.estimate(replace(panorama, rgb=np.roll(panorama.rgb, HEIGHT, 1)))
    np.testing.assert_allclose(np.roll(turned.distance, HEIGHT, 1), straight.distance, rtol=1e-3)


class Turning:
    """A reference that turns with the picture."""

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        distance = 1 + 10 * panorama.rgb[..., 0]
        return DepthMap(distance, np.zeros(distance.shape, bool), model="turning")


@pytest.mark.usefixtures("small_models")
@pytest.mark.parametrize(("missing", "expected"), [([], "dap"), (["dap"], "da3"), (["dap", "da3"], "builtin")])
def test_metres_come_from_the_best_metric_model(
    missing: list[str], expected: str, panorama: Panorama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spag4d.depth.scale.is_installed", lambda name: name not in missing)
    assert PandaDepth(network=known(lambda red: red)).estimate(panorama).metres_from == expected


