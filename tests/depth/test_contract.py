"""What every depth model promises, whichever it is."""

import numpy as np
import pytest

from spag4d.data import Panorama
from spag4d.depth import DEPTH_MODELS
from spag4d.depth.base import DepthModel
from spag4d.errors import Cancelled
from spag4d.progress import Progress


@pytest.fixture(scope="module", params=list(DEPTH_MODELS))
def model(request: pytest.FixtureRequest) -> DepthModel:
    return DEPTH_MODELS.load(request.param)("cpu")


def picture(height: int) -> Panorama:
    rows = np.linspace(1, 0, height, dtype=np.float32)[:, None, None]
    noise = np.random.default_rng(2).random((height, 2 * height, 3), np.float32)
    return Panorama(0.7 * rows + 0.3 * noise)


def test_it_has_its_name_and_the_methods_of_one(model: DepthModel) -> None:
    assert isinstance(model, DepthModel)
    assert model.name in DEPTH_MODELS


@pytest.mark.parametrize("height", [16, 97, 256])
def test_its_maps_have_the_size_of_the_picture_and_are_finite(model: DepthModel, height: int) -> None:
    depth = model.estimate(picture(height))
    assert depth.size_hw == (height, 2 * height)
    assert np.isfinite(depth.distance).all() and (depth.distance > 0).all()
    assert depth.model == model.name


def test_it_repeats_itself(model: DepthModel) -> None:
    first, second = model.estimate(picture(64)), model.estimate(picture(64))
    assert np.array_equal(first.distance, second.distance) and np.array_equal(first.sky, second.sky)


def test_it_can_be_cancelled(model: DepthModel) -> None:
    with pytest.raises(Cancelled):
        model.estimate(picture(32), progress=Progress(is_cancelled=lambda: True))
