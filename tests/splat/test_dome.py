import numpy as np
import pytest

from spag4d.data import DepthMap, Panorama
from spag4d.splat.dome import backdrop_of, dome_gaussians
from spag4d.splat.gaussian_shape import Look

HEIGHT = 128
SKYLINE = 60
SKY = np.array([0.5, 0.7, 0.9], np.float32)


def scene(mixed_rows: int = 0) -> tuple[Panorama, DepthMap]:
    """A bright sky over dark ground; ``mixed_rows`` of the sky are half dark, as the pixels at a real skyline are."""
    rgb = np.full((HEIGHT, 2 * HEIGHT, 3), 0.05, np.float32)
    rgb[:SKYLINE] = SKY
    rgb[SKYLINE - mixed_rows : SKYLINE] = 0.3
    sky = np.zeros((HEIGHT, 2 * HEIGHT), bool)
    sky[:SKYLINE] = True
    return Panorama(rgb), DepthMap(np.full((HEIGHT, 2 * HEIGHT), 20, np.float32), sky)


def rows(means: np.ndarray) -> np.ndarray:
    return HEIGHT * (np.arcsin(means[:, 1] / np.linalg.norm(means, axis=1)) / np.pi + 0.5)


def test_the_sphere_lies_beyond_everything():
    distance = np.linalg.norm(dome_gaussians(*scene(), radius_m=150.0).means, axis=1)
    assert distance.min() == pytest.approx(150, rel=1e-4) and distance.max() < 170


def test_no_ring_of_other_colors_at_the_skyline():
    colors = dome_gaussians(*scene(mixed_rows=2), stride=1).colors
    np.testing.assert_allclose(colors, np.broadcast_to(SKY, colors.shape), atol=0.01)


def test_below_the_skyline_the_colors_above_it_continue_at_sizes_that_no_block_divides():
    columns = np.linspace(0, 2 * np.pi, 206, endpoint=False)
    rgb = np.broadcast_to(0.5 + 0.3 * np.stack([np.sin(columns), np.cos(columns), 0 * columns], -1), (103, 206, 3)).copy()
    sky = np.zeros((103, 206), bool)
    sky[:50] = True
    rgb[50:] = 0
    found = backdrop_of(Panorama(rgb.astype(np.float32)), DepthMap(np.full(sky.shape, 20, np.float32), sky), 4, 0.5)
    assert found is not None and found.fine[:54].all() and not found.fine[54:].any()
    np.testing.assert_array_equal(found.picture.rgb[:48], rgb[:48].astype(np.float32))
    np.testing.assert_allclose(found.picture.rgb[48:54], rgb[:6], atol=0.06)


def test_sky_colors_are_those_of_the_photograph():
    panorama, depth = scene()
    height, width = panorama.size_hw
    waves = np.sin(np.arange(width)[:, None] * [1, 2, 3] * (2 * np.pi / width))  # slow ones: solving hardly changes them
    rgb = np.broadcast_to(0.5 + 0.4 * waves, (height, width, 3)).astype(np.float32)
    gaussians = dome_gaussians(Panorama(rgb), depth, stride=1, look=Look(backing=False))
    ring = np.abs(rows(gaussians.means) - 50.5) < 0.1
    np.testing.assert_allclose(gaussians.colors[ring], rgb[50], atol=2e-3)


def test_the_fine_layer_ends_a_few_cells_below_the_skyline_and_the_wide_one_degrees_below():
    gaussians = dome_gaussians(*scene(), stride=1)
    wide = np.linalg.norm(gaussians.means, axis=1) > 205
    below = rows(gaussians.means) - SKYLINE
    assert 1 < below[~wide].max() < 4
    assert 3 < below[wide].max() * 180 / HEIGHT < 9


def test_without_sky_there_is_no_dome():
    panorama, depth = scene()
    assert len(dome_gaussians(panorama, DepthMap(depth.distance, np.zeros_like(depth.sky)))) == 0


def test_a_whole_sky_closes_the_sphere():
    panorama, depth = scene()
    gaussians = dome_gaussians(panorama, DepthMap(depth.distance, np.ones_like(depth.sky)), stride=2)
    assert rows(gaussians.means).min() < 2 and rows(gaussians.means).max() > HEIGHT - 2


def test_a_sky_without_one_pure_pixel_keeps_its_own_colors():
    panorama, depth = scene()
    sky = np.zeros_like(depth.sky)
    sky[10:12, 10:12] = True
    colors = dome_gaussians(panorama, DepthMap(depth.distance, sky), stride=1).colors
    np.testing.assert_allclose(colors, np.broadcast_to(SKY, colors.shape), atol=0.01)


def test_invalid_pixels_get_no_sky():
    panorama, depth = scene()
    valid = np.ones_like(depth.sky)
    valid[:30] = False
    means = dome_gaussians(Panorama(panorama.rgb, valid=valid), depth, stride=1).means
    assert rows(means).min() > 29
