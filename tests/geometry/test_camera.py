import numpy as np
import pytest

from spag4d.data import PinholeCamera, Pose
from spag4d.geometry import camera as views
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from tests.geometry.random_directions import random_directions

FRONT = np.array([0.0, 0.0, 1.0])


def odd_camera() -> PinholeCamera:
    """Unequal focal lengths, an off-centre principal point, roll."""
    return PinholeCamera(320, 200, 190.0, 150.0, 151.3, 104.9, Pose(rotation_from_yaw_pitch_roll(2.0, -0.7, 0.4), np.zeros(3)))


def test_centre_of_the_view_is_half_a_pixel_off_an_index() -> None:
    camera = views.camera_looking(FRONT, 90.0, (4, 6))
    np.testing.assert_allclose(views.view_pixels_from_directions(camera, FRONT), [2.5, 1.5])
    right_border = views.view_pixels_from_directions(camera, np.array([1.0, 0.0, 1.0]))
    np.testing.assert_allclose(right_border, [5.5, 1.5])


def test_pixel_to_direction_is_the_pinhole_formula() -> None:
    camera = odd_camera()
    for u, v in ((0, 0), (319, 0), (17.25, 80.5)):
        x, y = (u + 0.5 - camera.cx) / camera.fx, (v + 0.5 - camera.cy) / camera.fy
        ray = camera.world_from_camera.rotation @ [x, y, 1]
        np.testing.assert_allclose(
            views.directions_from_view_pixels(camera, np.array([u, v], np.float64)), ray / np.linalg.norm(ray), atol=1e-12
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("camera", [odd_camera(), views.camera_looking(FRONT, 170.0, (4096, 4096))], ids=["odd", "wide"])
def test_round_trip_of_directions(camera: PinholeCamera, dtype: type) -> None:
    vectors = random_directions(100_000).astype(dtype)
    pixels = views.view_pixels_from_directions(camera, vectors)
    shown = views.view_contains(camera, pixels)
    assert shown.mean() > 0.05 and pixels.dtype == dtype
    back = views.directions_from_view_pixels(camera, pixels[shown])
    again = views.view_pixels_from_directions(camera, back)
    assert np.abs(again - pixels[shown]).max() < 0.02
    np.testing.assert_allclose(back, vectors[shown], atol=1e-6)


def test_length_of_the_vector_does_not_matter_and_behind_is_nan() -> None:
    camera = odd_camera()
    vectors = random_directions(1000)
    pixels = views.view_pixels_from_directions(camera, vectors)
    np.testing.assert_allclose(views.view_pixels_from_directions(camera, vectors * 7.5), pixels, rtol=1e-9)
    behind = vectors @ camera.world_from_camera.rotation[:, 2] <= 0
    np.testing.assert_array_equal(np.isnan(pixels).all(1), behind)
    assert not views.view_contains(camera, pixels)[behind].any()


@pytest.mark.parametrize("direction", random_directions(50))
def test_views_are_upright(direction: np.ndarray) -> None:
    camera = views.camera_looking(direction, 70.0, (32, 48))
    right, down, forward = camera.world_from_camera.rotation.T
    np.testing.assert_allclose(forward, direction, atol=1e-12)
    assert right[1] == pytest.approx(0) and down[1] > 0
    assert np.linalg.det(camera.world_from_camera.rotation) == pytest.approx(1)


@pytest.mark.parametrize(("direction", "down"), [((0, -1, 0), (0, 0, 1)), ((0, 1, 0), (0, 0, -1)), ((1e-12, -2, 0), (0, 0, 1))])
def test_at_the_poles_right_stays_right(direction: tuple, down: tuple) -> None:
    rotation = views.camera_looking(np.array(direction, np.float64), 90.0, (8, 8)).world_from_camera.rotation
    np.testing.assert_allclose(rotation[:, 0], [1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(rotation[:, 1], down, atol=1e-9)


@pytest.mark.parametrize("fov_deg", [30.0, 90.0, 150.0])
def test_field_of_view_spans_the_outer_borders(fov_deg: float) -> None:
    camera = views.camera_looking(FRONT, fov_deg, (50, 100))
    left, right = views.directions_from_view_pixels(camera, np.array([[-0.5, 24.5], [99.5, 24.5]]))
    assert np.degrees(np.arccos(left @ right)) == pytest.approx(fov_deg)


@pytest.mark.parametrize("fov_deg", [0.0, -10.0, 180.0, 360.0])
def test_impossible_fields_of_view_are_refused(fov_deg: float) -> None:
    with pytest.raises(ValueError, match="field of view"):
        views.camera_looking(FRONT, fov_deg, (8, 8))


def test_a_wall_is_flat_in_z_and_round_in_distance() -> None:
    camera = odd_camera()
    rays = views.view_directions(camera) @ camera.world_from_camera.rotation
    wall_distance = 5.0 / rays[..., 2]
    np.testing.assert_allclose(views.distance_from_z(camera, np.full(rays.shape[:2], 5.0)), wall_distance, rtol=1e-12)
    np.testing.assert_allclose(views.z_from_distance(camera, wall_distance), 5.0, rtol=1e-12)
    assert views.z_from_distance(camera, wall_distance.astype(np.float32)).dtype == np.float32
