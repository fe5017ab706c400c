import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spag4d.geometry import equirect
from tests.geometry.random_directions import random_directions


def test_directions_follow_the_stated_convention() -> None:
    height = 6
    grid = equirect.directions(height)
    for j in range(height):
        for i in range(2 * height):
            az = 2 * np.pi * (i + 0.5) / (2 * height) - np.pi
            el = np.pi / 2 - np.pi * (j + 0.5) / height
            expected = [np.cos(el) * np.sin(az), -np.sin(el), np.cos(el) * np.cos(az)]
            np.testing.assert_allclose(grid[j, i], expected, atol=1e-7)


def test_a_band_of_directions_is_that_of_the_whole_and_computes_no_more() -> None:
    equirect._cached_directions.cache_clear()
    band = equirect.directions(64, slice(10, 20))
    assert equirect._cached_directions.cache_info().currsize == 0
    np.testing.assert_array_equal(band, equirect.directions(64)[10:20])


@pytest.mark.parametrize(
    ("direction", "uv"),
    [((0, 0, 1), (0.5, 0.5)), ((1, 0, 0), (0.75, 0.5)), ((-1, 0, 0), (0.25, 0.5)), ((0, 0, -1), (0.0, 0.5)),
     ((0, -1, 1e-9), (0.5, 0.0)), ((0, 1, 1e-9), (0.5, 1.0))],
)
def test_axes_fall_where_a_person_expects_them(direction: tuple, uv: tuple) -> None:
    height = 100
    u, v = equirect.pixels_from_directions(np.array(direction, np.float64), height)
    np.testing.assert_allclose([u + 0.5, v + 0.5], [uv[0] * 200, uv[1] * 100], atol=1e-6)


@pytest.mark.parametrize("height", [1, 7, 64, 2049])
def test_pixel_centres_are_integers(height: int) -> None:
    rows = slice(max(0, height - 8), height)
    pixels = equirect.pixels_from_directions(equirect.directions(height, rows), height)
    i, j = np.meshgrid(np.arange(2 * height), np.arange(height)[rows])
    np.testing.assert_allclose(pixels, np.stack([i, j], -1), atol=2e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("height", [64, 1024, 8192])
def test_round_trip_of_directions(height: int, dtype: type) -> None:
    vectors = random_directions(100_000).astype(dtype)
    pixels = equirect.pixels_from_directions(vectors, height)
    assert pixels.dtype == dtype
    off = pixels - equirect.pixels_from_directions(vectors.astype(np.float64), height)
    assert np.abs((off + height) % (2 * height) - height).max() < 0.003
    assert pixels[:, 0].min() >= -0.5 and pixels[:, 0].max() < 2 * height - 0.5
    back = equirect.directions_from_pixels(pixels, height).astype(np.float64)
    error_px = np.linalg.norm(np.cross(back, vectors.astype(np.float64)), axis=1) * height / np.pi
    assert error_px.max() < 0.02 and (dtype == np.float32 or error_px.max() < 1e-9)


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.integers(1, 4096))
@settings(max_examples=200, deadline=None)
def test_every_vector_falls_on_the_picture(x: float, y: float, z: float, height: int) -> None:
    for dtype in (np.float32, np.float64):
        u, v = equirect.pixels_from_directions(np.array([x, y, z], dtype), height)
        assert -0.5 <= u < 2 * height - 0.5
        assert -0.5 <= v <= height - 0.5


def test_bands_equal_the_whole_and_are_read_only() -> None:
    small, tall = 32, equirect._LARGEST_CACHED_HEIGHT + 2
    np.testing.assert_array_equal(equirect.directions(small, slice(5, 9)), equirect.directions(small)[5:9])
    band = equirect.directions(tall, slice(10, 12))
    assert band.shape == (2, 2 * tall, 3)
    np.testing.assert_allclose(band[0, :, 1], -np.sin(np.pi / 2 - np.pi * 10.5 / tall), atol=1e-7)
    assert equirect.directions(small) is equirect.directions(small)
    for grid in (equirect.directions(small), band):
        assert not grid.flags.writeable
        np.testing.assert_allclose(np.linalg.norm(grid, axis=-1), 1, atol=1e-6)


@pytest.mark.parametrize("height", [1, 2, 33, 1024])
def test_solid_angles_fill_the_sphere(height: int) -> None:
    weights = equirect.solid_angle_weights(height)
    assert (weights > 0).all()
    assert weights.sum() * 2 * height == pytest.approx(4 * np.pi, rel=1e-12)


def test_solid_angle_of_a_cap_is_the_analytic_one() -> None:
    height, rows = 90, 20
    cap = equirect.solid_angle_weights(height)[:rows].sum() * 2 * height
    assert cap == pytest.approx(2 * np.pi * (1 - np.cos(np.pi * rows / height)), rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, bool, np.float64])
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_padding_shows_what_the_sphere_shows(channels: tuple, dtype: type) -> None:
    height, pad = 12, 5
    image = np.random.default_rng(0).uniform(0, 255, (height, 2 * height, *channels)).astype(dtype)
    padded = equirect.pad_sphere(image, pad)
    assert padded.dtype == dtype and padded.shape == (height + 2 * pad, 2 * height + 2 * pad, *channels)
    for j in range(-pad, height + pad):
        for i in range(-pad, 2 * height + pad):
            direction = equirect.directions_from_pixels(np.array([i, j], np.float64), height)
            u, v = np.rint(equirect.pixels_from_directions(direction, height)).astype(int)
            np.testing.assert_array_equal(padded[j + pad, i + pad], image[v, u % (2 * height)])
    np.testing.assert_array_equal(equirect.crop_sphere(padded, pad), image)


def test_smooth_data_stays_smooth_over_the_edges() -> None:
    padded = equirect.pad_sphere(equirect.directions(64), 64)
    steps = [np.abs(np.diff(padded, axis=axis)).max() for axis in (0, 1)]
    assert max(steps) <= np.pi / 64 * 1.01


@pytest.mark.parametrize(("shape", "pad"), [((4, 8), 5), ((4, 8), -1), ((4, 7), 2)])
def test_impossible_margins_are_refused(shape: tuple, pad: int) -> None:
    with pytest.raises(ValueError, match="cannot pad"):
        equirect.pad_sphere(np.zeros(shape), pad)


@pytest.mark.parametrize("height", [16, 45])
def test_the_nearest_pixel_of_a_pixels_direction_is_the_pixel(height: int) -> None:
    rows, columns = equirect.nearest_pixels(3 * equirect.directions(height), height)
    expected = np.indices((height, 2 * height))
    np.testing.assert_array_equal(np.stack([rows, columns]), expected)


def test_straight_back_and_the_poles_have_a_nearest_pixel() -> None:
    back_and_poles = np.array([[0.0, 0.0, -1.0], [-1e-12, 0.0, -1.0], [0.0, -1.0, 0.0], [0.0, 1.0, 0.0]])
    rows, columns = equirect.nearest_pixels(back_and_poles, 32)
    assert set(columns[:2]) <= {0, 63} and list(rows[2:]) == [0, 31] and (columns >= 0).all() and (columns < 64).all()
