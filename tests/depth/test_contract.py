"""What every depth model promises, whichever it is."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spag4d.data import DepthMap, Panorama
from spag4d.depth import DEPTH_MODELS
from spag4d.depth.base import DepthModel
from spag4d.errors import Cancelled, WeightsError
from spag4d.progress import Progress
from tests.small_models import install_small_models


@pytest.fixture(scope="module", params=list(DEPTH_MODELS))
def model(request: pytest.FixtureRequest, quick_depth: None, small_checkpoints: Path) -> Iterator[DepthModel]:
    """The model with small random weights, so that its code is tested where the published weights are absent."""
    with pytest.MonkeyPatch.context() as patch:
        install_small_models(small_checkpoints, patch)
        yield DEPTH_MODELS.load(request.param)("cpu")


def picture(height: int) -> Panorama:
    rows = np.linspace(1, 0, height, dtype=np.float32)[:, None, None]
    noise = np.random.default_rng(2).random((height, 2 * height, 3), np.float32)
    return Panorama(0.7 * rows + 0.3 * noise)


def check(depth: DepthMap, name: str, height: int) -> None:
    assert depth.size_hw == (height, 2 * height)
    assert np.isfinite(depth.distance).all() and (depth.distance > 0).all()
    assert depth.model == name
    assert depth.kind == "metric"


def test_it_has_its_name_and_the_methods_of_one(model: DepthModel) -> None:
    assert isinstance(model, DepthModel)
    assert model.name in DEPTH_MODELS


def test_its_maps_have_the_size_of_the_picture_and_are_finite(model: DepthModel) -> None:
    check(model.estimate(picture(16)), model.name, 16)


def test_it_repeats_itself_and_takes_odd_sizes(model: DepthModel) -> None:
    first, second = model.estimate(picture(97)), model.estimate(picture(97))
    check(first, model.name, 97)
    assert np.array_equal(first.distance, second.distance) and np.array_equal(first.sky, second.sky)


def test_it_can_be_cancelled(model: DepthModel) -> None:
    with pytest.raises(Cancelled):
        model.estimate(picture(32), progress=Progress(is_cancelled=lambda: True))


@pytest.mark.usefixtures("published_models")
@pytest.mark.parametrize("name", list(DEPTH_MODELS))
def test_published_weights_keep_the_promises(name: str) -> None:
    try:
        published = DEPTH_MODELS.load(name)("cpu")
    except WeightsError as error:
        pytest.skip(str(error))
    check(published.estimate(picture(256)), name, 256)
