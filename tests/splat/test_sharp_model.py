from typing import Any

import numpy as np
import pytest
import torch

from spag4d.errors import ResourceError
from spag4d.networks.sharp import sharp_from
from spag4d.splat.sharp_model import SharpModel, SharpPredictor, fov_deg
from tests.networks.tiny_sharp import tiny_sharp


@pytest.fixture(scope="module")
def predictor() -> SharpPredictor:
    return SharpPredictor(network=sharp_from(tiny_sharp(), "a file"))


@pytest.fixture(scope="module")
def picture(predictor: SharpPredictor) -> np.ndarray:
    size = predictor.network.size
    return np.random.default_rng(0).random((size, size, 3), np.float32)


def test_it_is_a_model_of_two_steps(predictor: SharpPredictor, picture: np.ndarray) -> None:
    assert isinstance(predictor, SharpModel)
    encoded = predictor.encode(picture, patch_overlap=False)
    size = picture.shape[0]
    assert encoded.disparity.shape == (2, size, size) and len(encoded.maps) == 5
    depth = np.full((2, size, size), 2.0, np.float32)
    depth[1] = 3.0
    found = predictor.decode(picture, encoded, depth, 90.0)
    assert found.means.shape == (2, size // 2, size // 2, 3)
    np.testing.assert_allclose(np.median(found.means[0, ..., 2]), 2.0, rtol=0.02)
    np.testing.assert_allclose(np.linalg.norm(found.quats_wxyz, axis=-1), 1, atol=1e-4)
    assert found.opacities.min() > 0 and found.opacities.max() < 1 and found.colors.min() >= 0 and found.colors.max() <= 1
    wide = predictor.decode(picture, encoded, depth, 100.0)
    stretch = np.tan(np.radians(50))
    np.testing.assert_allclose(wide.means, found.means * [stretch, stretch, 1], rtol=1e-4, atol=1e-5)


def test_too_little_memory_halves_the_tiles_before_it_gives_up(
    predictor: SharpPredictor, picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    encode, enough = predictor.network.encode, 8

    def scarce(image: torch.Tensor, *, tiles_at_once: int, **options: Any) -> Any:
        tried.append(tiles_at_once)
        if tiles_at_once > enough:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return encode(image, tiles_at_once=tiles_at_once, **options)

    monkeypatch.setattr(predictor.network, "encode", scarce)
    monkeypatch.setattr(predictor, "_tiles", 35)
    predictor.encode(picture, patch_overlap=False)
    predictor.encode(picture, patch_overlap=False)
    assert tried == [35, 17, 8, 8]
    enough = 0
    with pytest.raises(ResourceError, match="--sharp-cubemap-size"):
        predictor.encode(picture, patch_overlap=False)
    assert tried[-1] == 1


def test_other_errors_are_not_taken_for_lack_of_memory(predictor: SharpPredictor) -> None:
    with pytest.raises(RuntimeError):
        predictor.encode(np.zeros((10, 10, 3), np.float32), patch_overlap=False)


def test_a_field_of_view_of_90_degrees_is_exactly_that() -> None:
    assert fov_deg(768.0, 1536) == 90.0
    assert fov_deg(768 / np.tan(np.radians(50)), 1536) == pytest.approx(100)
