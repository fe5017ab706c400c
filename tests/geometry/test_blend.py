import cv2
import numpy as np
import pytest

from spag4d.geometry import RIGS, blend, camera, equirect, resample
from tests.geometry.random_directions import random_directions


@pytest.mark.parametrize("fov_deg", [None, 92.0, 120.0])
def test_weights_sum_to_one_everywhere(name: str, fov_deg: float | None) -> None:
    cameras = RIGS.load(name)(64, fov_deg)
    vectors = np.concatenate([random_directions(50_000), equirect.directions(65).reshape(-1, 3), np.eye(3), -np.eye(3)])
    for dtype in (np.float32, np.float64):
        weights = blend.blend_weights(cameras, vectors.astype(dtype))
        assert weights.shape == (len(cameras), len(vectors)) and weights.min() >= 0
        np.testing.assert_allclose(weights.sum(0), 1, atol=1e-6)


def test_the_classic_cube_without_overlap_has_no_gaps_on_its_edges() -> None:
    cameras = RIGS.load("cubemap")(64, 90.0)
    edges = np.array([(1, 1, t) for t in np.linspace(-1, 1, 201)])
    vectors = np.concatenate([np.roll(edges, shift, axis=1) for shift in range(3)])
    for dtype in (np.float32, np.float64):
        np.testing.assert_allclose(blend.blend_weights(cameras, vectors.astype(dtype)).sum(0), 1, atol=1e-6)


def test_weights_are_zero_at_the_border_and_outside(name: str) -> None:
    cameras = RIGS.load(name)(64)
    t = np.linspace(-0.5, 63.5, 100)
    low, high = np.full(100, -0.5), np.full(100, 63.5)
    border = np.concatenate([np.stack(pair, -1) for pair in ((t, low), (t, high), (low, t), (high, t))])
    for k, view in enumerate(cameras):
        assert blend.blend_weights(cameras, camera.directions_from_view_pixels(view, border))[k].max() < 1e-6
        vectors = random_directions(5000)
        outside = ~camera.view_contains(view, camera.view_pixels_from_directions(view, vectors), 0.1)
        assert (blend.blend_weights(cameras, vectors)[k][outside] == 0).all()


def test_weights_are_smooth(name: str) -> None:
    """Along great circles neither the weight nor its slope jumps: both change in proportion to the step."""
    cameras = RIGS.load(name)(64)
    a, b = np.moveaxis(np.linalg.qr(random_directions(60).reshape(20, 3, 3)[..., :2])[0], -1, 0)
    jumps = []
    for count in (4000, 8000):
        angle = np.linspace(0, 2 * np.pi, count)[:, None, None]
        weights = blend.blend_weights(cameras, np.cos(angle) * a + np.sin(angle) * b)
        jumps.append([np.abs(np.diff(weights, n, axis=1)).max() for n in (1, 2)])
    (step, bend), (half_step, half_bend) = jumps
    assert half_step < 0.55 * step
    assert half_bend < 0.55 * bend


def test_depth_survives_panorama_to_views_to_panorama(name: str, box_room) -> None:
    height = 256
    distance = box_room.distance(height)
    cameras = RIGS.load(name)(256)
    back = blend.blend_views(resample.views_from_panorama(distance, cameras), cameras, height)
    _, normal = box_room.hit(equirect.directions(height).astype(np.float64))
    edge = np.abs(cv2.Laplacian(equirect.pad_sphere(normal, 8), cv2.CV_64F)).max(-1) > 0
    flat = ~equirect.crop_sphere(cv2.dilate(edge.astype(np.uint8), np.ones((5, 5))), 8).astype(bool)
    error = np.abs(back - distance) / distance
    assert back.dtype == np.float32 and back.shape == distance.shape and flat.mean() > 0.8
    assert error[flat].max() < 2e-3 and np.median(error) < 2e-4
    assert len(np.unique(back)) > 10_000


def test_a_ramp_comes_back_within_a_fiftieth_of_a_pixel(name: str) -> None:
    """Directions as data: what a pixel shows after the way there and back is where it came from."""
    height = 256
    grid = equirect.directions(height)
    cameras = RIGS.load(name)(300)
    back = blend.blend_views(resample.views_from_panorama(grid, cameras), cameras, height)
    back /= np.linalg.norm(back, axis=-1, keepdims=True)
    error_px = np.linalg.norm(np.cross(back.astype(np.float64), grid), axis=-1) * height / np.pi
    assert error_px.max() < 0.02


@pytest.mark.parametrize("channels", [(), (1,), (3,), (5,)])
def test_a_constant_stays_constant(name: str, channels: tuple) -> None:
    cameras = RIGS.load(name)(32)
    views = [np.full((32, 32, *channels), 12.34, np.float32) for _ in cameras]
    panorama = blend.blend_views(views, cameras, 60)
    assert panorama.shape == (60, 120, *channels)
    np.testing.assert_allclose(panorama, 12.34, rtol=1e-5)


def test_blending_equals_its_obvious_version(name: str) -> None:
    height, cameras = 30, RIGS.load(name)(24)
    views = [np.random.default_rng(k).random((24, 24), dtype=np.float32) for k in range(len(cameras))]
    weights = blend.blend_weights(cameras, equirect.directions(height))
    expected = np.zeros((height, 2 * height))
    for view, looking, weight in zip(views, cameras, weights, strict=True):
        pixels = np.nan_to_num(camera.view_pixels_from_directions(looking, equirect.directions(height)), posinf=-9, neginf=-9)
        i, j = np.clip(np.moveaxis(pixels.astype(np.float64), -1, 0), 0, 23)
        i0, j0 = np.minimum(i.astype(int), 22), np.minimum(j.astype(int), 22)
        fi, fj = i - i0, j - j0
        upper = view[j0, i0] * (1 - fi) + view[j0, i0 + 1] * fi
        lower = view[j0 + 1, i0] * (1 - fi) + view[j0 + 1, i0 + 1] * fi
        expected += weight * (upper * (1 - fj) + lower * fj)
    np.testing.assert_allclose(blend.blend_views(views, cameras, height), expected, atol=1e-4)


def test_gaps_are_reported() -> None:
    cameras = RIGS.load("icosahedron")(32, 62.6)
    with pytest.raises(ValueError, match="on no view"):
        blend.blend_views([np.ones((32, 32), np.float32)] * 20, cameras, 64)
    with pytest.raises(ValueError, match="on no view"):
        blend.blend_weights(cameras[:3], np.eye(3))
