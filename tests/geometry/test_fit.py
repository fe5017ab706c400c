import numpy as np
import pytest

from spag4d.geometry.fit import fit_affine, fit_factor, weighted_median


def scene(count: int = 20000) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng, np.exp(rng.uniform(np.log(1), np.log(40), count))


@pytest.mark.parametrize(("scale", "shift"), [(30.0, 0.8), (12.0, -0.5), (90.0, 0.0)])
def test_scale_and_shift_come_back_in_spite_of_noise_and_outliers(scale: float, shift: float) -> None:
    rng, distance = scene()
    relative = (distance - shift) / scale
    reference = distance * np.exp(rng.normal(0, 0.1, distance.size))
    wrong = rng.random(distance.size) < 0.3
    reference[wrong] = rng.uniform(1, 100, wrong.sum())
    affine = fit_affine(relative, reference, np.ones_like(distance))
    assert affine is not None
    assert affine.scale == pytest.approx(scale, rel=0.02)
    assert np.median(np.abs(affine(relative) / distance - 1)) < 0.01


def test_an_exact_fit_is_exact_and_pixels_without_weight_do_not_count() -> None:
    _, distance = scene()
    weights = np.ones_like(distance)
    weights[::2] = 0
    relative = distance / 50
    relative[::2] = 7
    affine = fit_affine(relative, distance, weights)
    assert affine is not None and (affine.scale, affine.shift) == pytest.approx((50, 0), abs=1e-6)


def test_without_a_rising_relation_there_is_no_fit() -> None:
    _, distance = scene()
    ones = np.ones_like(distance)
    assert fit_affine(np.full_like(distance, 0.5), distance, ones) is None
    assert fit_affine(-distance, distance, ones) is None
    assert fit_affine(distance, distance, np.zeros_like(distance)) is None


def test_the_factor_is_the_median_ratio_of_what_counts() -> None:
    _, distance = scene()
    relative = distance / 3
    relative[:9000] *= 10
    assert fit_factor(relative, distance, np.ones_like(distance)) == pytest.approx(3, rel=1e-3)
    assert fit_factor(relative, distance, np.zeros_like(distance)) == 1.0


def test_a_weighted_median_is_that_of_repeated_values() -> None:
    values, weights = np.array([5.0, 1.0, 9.0, 2.0]), np.array([3, 1, 2, 1])
    assert weighted_median(values, weights) == np.median(np.repeat(values, weights))
