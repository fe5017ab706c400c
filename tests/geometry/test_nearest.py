import numpy as np
import pytest

from spag4d.geometry.equirect import directions
from spag4d.geometry.nearest import angles_to, nearest_of

HEIGHT = 32


def test_around_the_seam_and_away_from_the_poles_it_is_the_nearest_on_the_sphere() -> None:
    pixel = np.array([16 * 64 + 1, 15 * 64 + 30, 17 * 64 + 50])
    rays = directions(HEIGHT)
    away = np.einsum("hwk,nk->hwn", rays, rays.reshape(-1, 3)[pixel])
    band = slice(14, 19)
    found = nearest_of(pixel, HEIGHT)
    clear = np.sort(away, axis=-1)
    clear = (clear[..., -1] - clear[..., -2])[band] > 0.05
    np.testing.assert_array_equal(found[band][clear], away.argmax(-1)[band][clear])
    assert found[16, 63] == 0, "across the seam"


def test_over_a_pole() -> None:
    pixel = np.array([10, HEIGHT // 2 * 2 * HEIGHT])
    assert nearest_of(pixel, HEIGHT)[0, 10 + HEIGHT] == 0


def test_one_pixel_is_the_nearest_of_all() -> None:
    assert not nearest_of(np.array([77]), HEIGHT).any()


@pytest.mark.parametrize("row, column", [(0, 0), (13, 40), (31, 63)])
def test_angles_are_those_between_the_directions(row: int, column: int) -> None:
    pixel = np.full((HEIGHT, 2 * HEIGHT), row * 2 * HEIGHT + column)
    rays = directions(HEIGHT).astype(float)
    expected = np.arccos(np.clip(rays @ rays[row, column], -1, 1))
    np.testing.assert_allclose(angles_to(pixel), expected, atol=1e-3)
    assert angles_to(pixel)[row, column] == 0
