import numpy as np
import pytest

from benchmarks.novel_truth import View, beside_jumps, edge_band, jumps, newly_seen, true_distance, world_from_panorama
from spag4d.geometry.equirect import directions, pixels_from_directions
from training.materials import Material
from training.raycast import Grid
from training.scene import Scene
from training.scene_air import atmosphere
from training.view import look

pytestmark = pytest.mark.usefixtures("single_thread")

ASIDE_M = np.array([0.4, 0.0, -0.3])
SCREEN_Z_M, SCREEN_HALF_M, WALL_Z_M = 1.5, 0.5, 4.0


def screen_scene() -> Scene:
    """A wall far ahead of a camera that is turned by 0.9 rad, and a square screen before it; nothing else."""
    scene = Scene(atmosphere(np.random.default_rng(1)))
    look = scene.material(Material())
    scene.camera, scene.yaw = np.array([0.7, -1.6, -0.2]), 0.9
    turn = np.stack([world_from_panorama(scene, axis) for axis in np.eye(3)], axis=1)
    for z, half in ((WALL_Z_M, 20.0), (SCREEN_Z_M, SCREEN_HALF_M)):
        scene.sheet(scene.camera + turn @ np.array([0, 0, z]), turn, (half, half), look)
    return scene


def centroid_px(scene: Scene, position_m: np.ndarray, height: int) -> np.ndarray:
    """Mean pixel (u, v) of the scene's only primitive."""
    origin = scene.camera + world_from_panorama(scene, position_m)
    index = look(scene, Grid(height, 0, height, origin, scene.yaw, "cpu")).index.numpy()
    return np.argwhere(index == 0).mean(0)[::-1]


@pytest.mark.parametrize("yaw", [0.0, 0.9, -2.5])
@pytest.mark.parametrize("ball_m", [(1.0, 0.3, 2.0), (-1.5, -0.4, 0.7), (0.6, 0.8, -1.9)])
def test_a_point_lands_where_the_panorama_s_frame_says(yaw: float, ball_m: tuple[float, float, float]):
    height = 512
    scene = Scene(atmosphere(np.random.default_rng(1)))
    scene.camera, scene.yaw = np.array([0.7, -1.6, -0.2]), yaw
    x, y, z = scene.camera + world_from_panorama(scene, np.array(ball_m))
    scene.ellipsoid(x, -y, z, (0.05, 0.05, 0.05), scene.material(Material()))
    for position_m in (np.zeros(3), ASIDE_M):
        expected = pixels_from_directions(np.array(ball_m) - position_m, height)
        np.testing.assert_allclose(centroid_px(scene, position_m, height), expected, atol=0.25)


def test_distances_from_aside_are_those_of_the_wall():
    height = 64
    distance = true_distance(screen_scene(), ASIDE_M, height)
    rays = directions(height)
    at_wall = (rays[..., 2] > 0.5) & (distance > 2.5)
    expected = (WALL_Z_M - ASIDE_M[2]) / rays[..., 2]
    np.testing.assert_allclose(distance[at_wall], expected[at_wall], rtol=1e-4)


def test_newly_seen_is_what_the_screen_hid():
    height, scene = 256, screen_scene()
    distance = true_distance(scene, ASIDE_M, height)
    view = View(np.zeros((height, 2 * height, 3), np.float32), distance, ASIDE_M)
    found = newly_seen(view, true_distance(scene, np.zeros(3), height))
    point = directions(height) * np.where(np.isfinite(distance), distance, 0)[..., None] + ASIDE_M
    at_wall = np.isfinite(distance) & (point[..., 2] > WALL_Z_M - 0.1)
    crossing = point[..., :2] * (SCREEN_Z_M / WALL_Z_M)
    depth_px = (SCREEN_HALF_M - np.abs(crossing).max(-1)) / SCREEN_Z_M * height / np.pi  # behind the screen's border
    assert found[at_wall & (depth_px > 2.5)].all() and (at_wall & (depth_px > 2.5)).sum() > 400
    assert not found[np.isfinite(distance) & ~(at_wall & (depth_px > 0))].any()


def test_only_edges_count_as_jumps_and_not_slanted_walls():
    height = 128
    room = Scene(atmosphere(np.random.default_rng(1)))
    look = room.material(Material())
    room.slab(0, 0, (60, 60), 0.0, look)
    room.wall((-30, 4), (30, 4), (0, 9), look)
    assert not beside_jumps(true_distance(room, np.zeros(3), height))[height // 2 + 6 :].any()
    distance = true_distance(screen_scene(), np.zeros(3), height)
    right, down = jumps(distance)
    half_px = np.arctan(SCREEN_HALF_M / SCREEN_Z_M) * height / np.pi
    middle = right[height // 2]
    np.testing.assert_allclose(np.flatnonzero(middle)[[1, -2]] + 0.5, height - 0.5 + half_px * np.array([-1, 1]), atol=0.5)
    assert middle.sum() == 4, "two borders of the screen and the two of the wall before the sky"
    assert down[:, height].sum() == 4
    assert (edge_band(distance, 3)[height // 2, height:].sum()) == 2 * 6


def test_the_sky_that_an_obstacle_hid_is_newly_seen():
    height = 64
    scene = Scene(atmosphere(np.random.default_rng(1)))
    scene.camera = np.zeros(3)
    scene.ellipsoid(0, 0, 1.0, (0.4, 0.4, 0.4), scene.material(Material()))
    position_m = np.array([1.0, 0.0, 0.0])
    view = View(np.zeros((height, 2 * height, 3), np.float32), true_distance(scene, position_m, height), position_m)
    found = newly_seen(view, true_distance(scene, np.zeros(3), height))
    angle = np.arccos(directions(height)[..., 2])
    limit = np.arcsin(0.4)
    pixel = np.pi / height
    assert found[(angle < limit - 2.2 * pixel) & np.isinf(view.distance)].all()
    assert not found[(angle > limit) & np.isinf(view.distance)].any()
