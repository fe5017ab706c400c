"""What the built-in network says of how wrong it may be."""

import numpy as np
import pytest

from spag4d.data import Panorama
from spag4d.depth.builtin import BuiltinDepth
from spag4d.depth.doubt import APART, BETWEEN, ROWS, doubt
from spag4d.networks.builtin_arrays import Answers

H, W = 64, 128


def answers(apart: np.ndarray | float, gap: float = 0.0, choice: float = 0.0, sky: np.ndarray | float = -5.0) -> Answers:
    """Answers (H, W) at 1 m; the context's answers differ by ``apart``, at a quarter of the size."""
    every, small = np.zeros((H, W), np.float32), np.zeros((H // 4, W // 4), np.float32)
    return every, every + np.float32(gap), every + np.float32(choice), every + np.float32(sky), small + np.float32(apart)


def test_who_says_twice_the_same_has_no_doubt_and_a_scale_is_none() -> None:
    assert doubt(answers(0.0)).shape == (ROWS, 2 * ROWS)
    assert not doubt(answers(0.0)).any()
    assert doubt(answers(0.5)).max() < 1e-6


def test_two_answers_that_differ_are_doubtful_there() -> None:
    apart = np.zeros((H // 4, W // 4))
    apart[:4, :8] = 0.2
    found = doubt(answers(apart))
    np.testing.assert_allclose(found[:4, :8], APART * 0.2, rtol=1e-4)
    assert found[4:].max() < 1e-6 and found[:, 8:].max() < 1e-6


@pytest.mark.parametrize("choice", [0.0, 4.0, -4.0])
def test_two_distances_are_the_more_doubtful_the_less_sure_the_choice(choice: float) -> None:
    likely = 1 / (1 + np.exp(-choice))
    np.testing.assert_allclose(doubt(answers(0.0, 0.8, choice)),
                               BETWEEN * 0.8 * np.sqrt(likely * (1 - likely)), rtol=1e-4)


def test_the_sky_has_no_doubt_of_its_own() -> None:
    apart = np.zeros((H // 4, W // 4))
    apart[:2], apart[-2:] = 3, 0.2
    sky = np.full((H, W), -5.0)
    sky[:8] = 5
    found = doubt(answers(apart, sky=sky))
    np.testing.assert_allclose(found[-2:], APART * 0.2, rtol=1e-4)
    np.testing.assert_allclose(found[:2], APART * 0.2 * 8 / (H - 8), rtol=1e-4, err_msg="the mean of the surfaces")
    assert not doubt(answers(apart, sky=np.full((H, W), 5.0))).any(), "nothing but sky"


def test_the_model_tells_its_doubt() -> None:
    rgb = np.random.default_rng(0).random((256, 512, 3), np.float32)
    found = BuiltinDepth().estimate(Panorama(rgb)).doubt
    assert found is not None and found.shape == (ROWS, 2 * ROWS) and (found > 0).all()
