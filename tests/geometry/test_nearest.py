import numpy as np
import pytest

from spag4d.geometry.equirect import directions
from spag4d.geometry.nearest import nearest_of

HEIGHT = 32


def angles(pixel: np.ndarray, height: int = HEIGHT) -> np.ndarray:
    """Return the angles (h, w, n) between every pixel of a panorama and the given ones."""
    rays = directions(height).astype(float)
    chords = np.linalg.norm(rays[:, :, None] - rays.reshape(-1, 3)[pixel], axis=-1)
    return 2 * np.arcsin(np.minimum(chords / 2, 1))


@pytest.mark.parametrize("count", [1, 2, 7, 60, 500])
@pytest.mark.parametrize("height", [2, 8, 31, HEIGHT])
def test_it_is_the_nearest_of_all_wherever_they_lie(count: int, height: int) -> None:
    pixel = np.random.default_rng(count).permutation(2 * height**2)[:count]
    found, away_rad = nearest_of(pixel, height)
    expected = angles(pixel, height)
    np.testing.assert_allclose(np.take_along_axis(expected, found[..., None], -1)[..., 0], expected.min(-1), atol=1e-6)
    np.testing.assert_allclose(away_rad, expected.min(-1), atol=1e-3)  # as exact as that opposite


def test_across_the_seam_and_over_a_pole() -> None:
    pixel = np.array([10, 16 * 64 + 1, 15 * 64 + 30, 17 * 64 + 50])
    found, _ = nearest_of(pixel, HEIGHT)
    assert found[16, 63] == 1 and found[0, 10 + HEIGHT] == 0


def test_a_pixel_is_nearest_to_itself() -> None:
    pixel = np.arange(0, 2 * HEIGHT**2, 3)
    found, away_rad = nearest_of(pixel, HEIGHT)
    np.testing.assert_array_equal(found.ravel()[pixel], np.arange(len(pixel)))
    assert not away_rad.ravel()[pixel].any()
