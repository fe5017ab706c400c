import numpy as np
import pytest

from spag4d.geometry.equirect import directions, solid_angle_weights
from spag4d.geometry.smooth import low_pass, smooth_sphere


def test_it_is_a_gaussian_on_the_sphere() -> None:
    height, sigma_deg = 64, 6.0
    rays = directions(height).reshape(-1, 3).astype(np.float64)
    values = np.exp(3 * rays @ np.array([0.3, 0.2, 0.5])) + 0.2 * (rays[:, 0] > 0.7)
    weights = np.repeat(solid_angle_weights(height), 2 * height)
    smooth = smooth_sphere(values.reshape(height, 2 * height).astype(np.float32), sigma_deg)
    for row in (10, 25, 32, 50):
        angle = np.arccos(np.clip(rays @ rays[row * 128 + 40], -1, 1))
        kernel = weights * np.exp(-0.5 * (angle / np.radians(sigma_deg)) ** 2)
        assert smooth[row, 40] == pytest.approx(kernel @ values / kernel.sum(), rel=0.01)


def test_a_constant_stays_and_turning_the_map_turns_the_result() -> None:
    np.testing.assert_allclose(smooth_sphere(np.full((32, 64), 3, np.float32), 5.0), 3, rtol=1e-5)
    values = np.random.default_rng(0).random((32, 64)).astype(np.float32)
    turned = smooth_sphere(np.roll(values, 20, 1), 5.0)
    np.testing.assert_allclose(np.roll(turned, -20, 1), smooth_sphere(values, 5.0), atol=1e-5)


def test_columns_agree_next_to_the_poles() -> None:
    values = np.random.default_rng(0).random((64, 128)).astype(np.float32)
    smooth = smooth_sphere(values, 10.0)
    assert np.ptp(smooth[0]) < 0.02 < np.ptp(values[0])


def test_only_what_counts_has_a_say_and_far_from_it_nothing_is_left() -> None:
    values = np.full((64, 128), 5, np.float32)
    counted = np.zeros((64, 128), bool)
    counted[20:44, 40:60] = True
    values[~counted] = np.nan
    low = low_pass(values, counted, 4.0)
    np.testing.assert_allclose(low[18:46, 38:62], 5, rtol=1e-4)
    assert np.abs(low[30, 100:]).max() < 1e-3
