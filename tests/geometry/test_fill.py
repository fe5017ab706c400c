import cv2
import numpy as np
import pytest

from spag4d.geometry.fill import smooth_fill, weighted_fill


def test_what_is_known_stays_and_between_it_values_go_over_evenly() -> None:
    values = np.broadcast_to(np.linspace(0, 1, 90, dtype=np.float32)[None, :, None], (40, 90, 1)).copy()
    known = np.ones((40, 90), bool)
    known[:, 30:60] = False
    filled = smooth_fill(np.where(known[..., None], values, 9).astype(np.float32), known)
    np.testing.assert_array_equal(filled[known], values[known])
    np.testing.assert_allclose(filled, values, atol=0.02)


def test_a_level_is_the_mean_of_three_by_three_pixels_twelve_times() -> None:
    """The obvious version, for a gap so small that the level below it has none."""
    values = np.random.default_rng(0).random((9, 13, 2)).astype(np.float32)
    known = np.ones((9, 13), bool)
    known[0, 4], known[5, 12], known[3, 6:8] = False, False, False
    weight = known.astype(np.float32)
    expected = cv2.resize(weighted_fill(cv2.resize(values * weight[..., None], (7, 5), interpolation=cv2.INTER_AREA),
                                        cv2.resize(weight, (7, 5), interpolation=cv2.INTER_AREA)), (13, 9))
    for _ in range(12):
        expected = cv2.blur(np.where(known[..., None], values, expected), (3, 3))
    np.testing.assert_allclose(smooth_fill(values, known), np.where(known[..., None], values, expected), atol=1e-6)


def test_beside_what_is_known_its_own_color_continues() -> None:
    top = np.zeros((64, 128, 3), np.float32)
    top[:32, :64, 0], top[:32, 64:, 2] = 1, 1
    weight = np.zeros((64, 128), np.float32)
    weight[:32] = 1
    filled = weighted_fill(top, weight)
    assert filled[36, 32, 0] > 0.9 and filled[36, 96, 2] > 0.9
    assert np.abs(filled.sum(-1) - 1).max() < 1e-5


def test_a_pixel_that_is_known_in_part_has_the_color_of_that_part() -> None:
    weight = np.zeros((20, 40), np.float32)
    weight[:10], weight[10] = 1, 0.1
    filled = weighted_fill(np.full((20, 40, 1), 0.7, np.float32) * weight[..., None], weight)
    np.testing.assert_allclose(filled, 0.7, atol=1e-5)


@pytest.mark.parametrize("margin_px", [5, 20, 60])
def test_inside_of_a_margin_it_is_the_same_as_without_one(margin_px: int) -> None:
    values = np.random.default_rng(1).random((150, 190, 3)).astype(np.float32)
    weight = cv2.resize((np.random.default_rng(2).random((15, 19)) < 0.3).astype(np.float32), (190, 150))
    whole, inside = (weighted_fill(values * weight[..., None], weight, px)[margin_px:-margin_px, margin_px:-margin_px]
                     for px in (0, margin_px))
    np.testing.assert_array_equal(whole, inside)


def test_nothing_known_is_nothing() -> None:
    assert not smooth_fill(np.ones((12, 20, 3), np.float32), np.zeros((12, 20), bool)).any()
