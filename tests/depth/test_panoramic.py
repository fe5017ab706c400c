import numpy as np
import pytest
import torch

from spag4d.data import Panorama
from spag4d.depth.base import SKY_DISTANCE_M
from spag4d.depth.panoramic import blend_turns, both_turns, depth_map, level_poles
from spag4d.errors import Cancelled
from spag4d.progress import Progress


def test_shares_of_both_turns_are_one_and_end_at_the_border() -> None:
    ones, zeros = np.ones((2, 64), np.float32), np.zeros((2, 64), np.float32)
    first = blend_turns(ones, zeros)
    np.testing.assert_allclose(first + blend_turns(zeros, ones), 1, atol=1e-6)
    assert first[0, 0] < 1e-3 and first[0, 31] > 0.999
    np.testing.assert_allclose(np.roll(first, 32, 1), 1 - first, atol=1e-6)


def bordered(picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A network whose first answer goes wrong towards the edges of its picture, and whose second is the picture."""
    x = torch.linspace(-1, 1, picture.shape[3])
    return picture[:, 0] + 0.3 * x**8, picture[:, 1]


def room(height: int = 32) -> Panorama:
    azimuth = (np.arange(2 * height) + 0.5) * np.pi / height
    rgb = np.repeat((0.5 + 0.2 * np.sin(azimuth))[None, :, None], height, 0)
    return Panorama(np.repeat(rgb, 3, 2).astype(np.float32))


def test_errors_at_the_border_leave_no_seam() -> None:
    first, second = both_turns(bordered, room(), "cpu", normalise=lambda picture: picture)
    truth = room().rgb[..., 0]
    np.testing.assert_array_equal(first[1], truth)
    np.testing.assert_array_equal(second[1], truth)
    error = blend_turns(first[0], second[0]) - truth
    assert np.abs(first[0] - truth).max() > 0.25
    assert np.abs(error).max() < 0.05
    steps = np.abs(np.diff(np.concatenate([error, error[:, :1]], 1), axis=1))
    assert steps[:, -1].max() <= 1.1 * steps[:, [0, -2]].max()
    turned = Panorama(np.roll(room().rgb, 32, 1))
    again = blend_turns(*(maps[0] for maps in both_turns(bordered, turned, "cpu", normalise=lambda picture: picture)))
    np.testing.assert_allclose(np.roll(again, 32, 1), error + truth, atol=1e-6)


def test_it_can_be_stopped_between_the_turns() -> None:
    answers = iter([False, True])
    with pytest.raises(Cancelled, match="1 of 2"):
        both_turns(bordered, room(), "cpu", progress=Progress(is_cancelled=lambda: next(answers)))


def test_columns_agree_at_the_poles_and_nothing_else_changes() -> None:
    values = np.random.default_rng(0).random((16, 32)).astype(np.float32)
    levelled = level_poles(values)
    for pole in (0, -1):
        np.testing.assert_allclose(levelled[pole], values[pole].mean(), atol=1e-6)
    np.testing.assert_array_equal(levelled[3:-3], values[3:-3])
    assert np.ptp(levelled[1]) < np.ptp(values[1])
    flat = np.repeat(np.linspace(1, 2, 16, dtype=np.float32)[:, None], 32, 1)
    np.testing.assert_allclose(level_poles(flat), flat, atol=1e-6)


def test_what_does_not_count_sways_no_pole() -> None:
    values = np.ones((16, 32), np.float32)
    values[0, :16] = 50
    counts = values == 1
    np.testing.assert_allclose(level_poles(values, counts)[0], 1, atol=1e-6)
    np.testing.assert_array_equal(level_poles(values, np.zeros(values.shape))[0], values[0])


def test_nothing_lies_behind_the_sky() -> None:
    far = depth_map(np.full((16, 32), 20, np.float32), np.full((16, 32), -1, np.float32), room(), model="dap")
    assert far.distance.max() <= SKY_DISTANCE_M * 1.001


def test_a_depth_map_has_the_size_of_the_panorama_and_sky_behind_everything() -> None:
    panorama = room(64)
    sky = np.full((16, 32), -1, np.float32)
    sky[:4] = 1
    found = depth_map(np.full((16, 32), np.log(5), np.float32), sky, panorama, model="dap", metres_from="x")
    assert found.size_hw == (64, 128) and found.model == "dap" and found.metres_from == "x" and found.kind == "metric"
    np.testing.assert_array_equal(found.sky[:, 0], np.arange(64) < 16)
    np.testing.assert_allclose(found.distance[~found.sky], 5, rtol=1e-5)
    assert (found.distance[found.sky] == SKY_DISTANCE_M).all()
