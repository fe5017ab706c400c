import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spag4d.data import Panorama
from spag4d.geometry.equirect import directions
from spag4d.video.flow import look_up
from spag4d.video.odometry import find_features, find_heading, match, steady_view
from spag4d.video.poses import file_from_camera, new_from_old, wxyz
from spag4d.video.relative_rotation import relative_rotation


def angles_deg(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.degrees(np.linalg.norm(Rotation.from_matrix(first @ second.transpose(0, 2, 1)).as_rotvec(), axis=1))


def turned(panorama: Panorama, world_from_camera: np.ndarray) -> Panorama:
    rays = directions(panorama.size_hw[0]) @ world_from_camera.T.astype(np.float32)
    return Panorama(look_up(panorama.rgb, rays))


def points(rng: np.random.Generator, count: int = 600) -> np.ndarray:
    """A room: a floor 1.6 m below, other things 1 to 8 m away."""
    rays = rng.normal(size=(count, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    distance = rng.uniform(1, 8, count)
    below = rays[:, 1] > 0.3
    distance[below] = 1.6 / rays[below, 1]
    return rays * distance[:, None]


@pytest.mark.parametrize("motion_m", [0.0, 0.02, 0.3])
def test_a_rotation_is_found_beside_motion_noise_and_mistakes(motion_m: float) -> None:
    rng = np.random.default_rng(1)
    first = points(rng)
    rotation = Rotation.from_rotvec([0.1, -0.2, 0.05]).as_matrix()
    second = first @ rotation.T + motion_m * np.array([0.2, 0.1, 0.97])
    a, b = (p / np.linalg.norm(p, axis=1, keepdims=True) for p in (first, second))
    b += rng.normal(scale=2e-3, size=b.shape)
    b[:150] = rng.normal(size=(150, 3))
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    found = relative_rotation(a, b)
    assert found is not None
    assert angles_deg(found.rotation[None], rotation[None])[0] < 0.05
    assert found.noise_rad == pytest.approx(2e-3, rel=0.5)


def test_too_little_in_common_is_no_rotation() -> None:
    rng = np.random.default_rng(2)
    a, b = (rng.normal(size=(40, 3)) for _ in range(2))
    a, b = (p / np.linalg.norm(p, axis=1, keepdims=True) for p in (a, b))
    assert relative_rotation(a, b) is None
    assert relative_rotation(a[:3], a[:3]) is None


def test_the_camera_s_turns_are_found_on_pictures(interior: Panorama) -> None:
    rotvecs = np.radians([[0, 0, 0], [3, -4, 2], [-2, 10, 5], [1, 175, -3], [0, -178, 4]])
    truth = Rotation.from_rotvec(rotvecs).as_matrix()
    heading = find_heading((turned(interior, rotation) for rotation in truth), len(truth))
    assert not heading.lost
    assert angles_deg(heading.world_from_camera, truth).max() < 0.05
    again = find_heading((turned(interior, rotation) for rotation in truth), len(truth))
    assert np.array_equal(again.world_from_camera, heading.world_from_camera)


def test_a_frame_without_features_goes_on_turning(interior: Panorama) -> None:
    truth = Rotation.from_rotvec(np.radians([[0, 5.0 * k, 0] for k in range(5)])).as_matrix()
    frames = [turned(interior, rotation) for rotation in truth]
    frames[3] = Panorama(np.full_like(interior.rgb, 0.5))
    heading = find_heading(iter(frames), len(frames))
    assert heading.lost == {3}
    assert angles_deg(heading.world_from_camera, truth).max() < 0.1


def test_nothing_is_found_in_what_is_not_valid(interior: Panorama) -> None:
    valid = np.zeros(interior.size_hw, bool)
    assert len(find_features(Panorama(interior.rgb, valid=valid)).directions) == 0
    empty = find_features(Panorama(np.zeros_like(interior.rgb)))
    assert match(empty, empty) is None


def test_lock_keeps_nothing_and_smooth_keeps_the_intended() -> None:
    seconds = np.arange(60) / 10
    yaw, shake = 20 * seconds, 5 * np.sin(2 * np.pi * 2 * seconds)
    intended = Rotation.from_euler("y", yaw[:, None], degrees=True).as_matrix()
    shaken = intended @ Rotation.from_euler("x", shake[:, None], degrees=True).as_matrix()
    assert np.array_equal(steady_view(shaken, "lock", 10.0), np.tile(np.eye(3), (60, 1, 1)))
    assert np.array_equal(steady_view(shaken, "off", 10.0), shaken)
    smooth = steady_view(shaken, "smooth", 10.0)
    assert angles_deg(smooth, intended)[10:-10].max() < 0.4
    assert angles_deg(smooth, intended).max() < 3


def test_poses_survive_being_written() -> None:
    rotations = Rotation.from_rotvec([[0, 0, 0], [0.1, 3.0, 0.2], [1, -1, 0.5]]).as_matrix()
    written = wxyz(rotations)
    assert written[0] == (1.0, 0.0, 0.0, 0.0)
    assert np.allclose(new_from_old(written, 2), rotations[2].T @ rotations[1], atol=1e-8)
    assert np.array_equal(new_from_old(written, 0), np.eye(3))
    assert np.array_equal(file_from_camera(written[1], written[1]), np.eye(3))
    assert np.allclose(file_from_camera(written[2], written[0]), rotations[2], atol=1e-8)
