import numpy as np
import pytest

from spag4d.data import DepthMap
from spag4d.depth.floor import camera_above_floor, scaled_to_camera_height
from spag4d.progress import Event, Notice, Progress
from tests.box_room import BoxRoom, directions

HEIGHT = 128
RAYS = directions(HEIGHT)
ELEVATION, AZIMUTH = np.arcsin(-RAYS[..., 1]), np.arctan2(RAYS[..., 0], RAYS[..., 2])
DOWN = RAYS[..., 1]
ROOM = BoxRoom()
FLOOR_M = ROOM.high[1]


def as_map(distance: np.ndarray, sky: np.ndarray | None = None) -> DepthMap:
    none = np.zeros(distance.shape, bool)
    return DepthMap(distance.astype(np.float32), none if sky is None else sky, model="test")


def found(distance: np.ndarray, valid: np.ndarray | None = None) -> float | None:
    return camera_above_floor(as_map(distance), valid)


@pytest.mark.parametrize("height", [16, 64, 300])
def test_the_floor_of_a_room(height: int) -> None:
    assert camera_above_floor(ROOM.depth(height)) == pytest.approx(FLOOR_M, rel=0.005)


@pytest.mark.parametrize("wave", [np.sin(2 * AZIMUTH + 1) * np.cos(ELEVATION), np.sin(3 * ELEVATION + 1) * np.cos(AZIMUTH)])
def test_the_floor_of_a_room_seen_with_a_smooth_error(wave: np.ndarray) -> None:
    assert found(ROOM.distance(HEIGHT) * (1 + 0.05 * wave)) == pytest.approx(FLOOR_M, rel=0.01)


def test_the_floor_below_a_table_that_hides_much_of_it() -> None:
    hidden = (DOWN > 0.45) & (np.abs(AZIMUTH) < 1.5)
    distance = ROOM.distance(HEIGHT)
    distance[hidden] = np.minimum(distance, 0.8 / np.maximum(DOWN, 0.1))[hidden]
    assert hidden[DOWN > 0.26].mean() > 0.35
    assert found(distance) == pytest.approx(FLOOR_M, rel=0.01)


def test_a_camera_that_leans() -> None:
    cosine, sine = np.cos(np.radians(5)), np.sin(np.radians(5))
    lean = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    assert found(ROOM.hit(RAYS @ lean.T)[0]) == pytest.approx(FLOOR_M, rel=0.005)


def test_nothing_is_made_of_what_the_picture_does_not_show() -> None:
    distance = ROOM.distance(HEIGHT)
    nadir = np.radians(-65) > ELEVATION
    distance[nadir] = 0.3
    assert found(distance, ~nadir) == pytest.approx(FLOOR_M, rel=0.01)


def test_the_ground_from_a_drone() -> None:
    distance = np.where(DOWN > 0.02, 50 / np.maximum(DOWN, 0.02), 300)
    assert camera_above_floor(as_map(distance, DOWN <= 0.02)) == pytest.approx(50, rel=0.005)


def test_where_nothing_is_level_there_is_no_floor() -> None:
    assert found(np.full_like(DOWN, 3)) is None
    assert found(3 * (1 + 0.05 * np.sin(3 * AZIMUTH))) is None
    clutter = np.exp(0.5 * np.random.default_rng(0).normal(size=DOWN.shape))
    assert found(clutter) is None
    assert camera_above_floor(as_map(np.ones_like(DOWN), np.ones(DOWN.shape, bool))) is None


def test_a_scene_is_scaled_to_the_height_of_its_camera() -> None:
    scaled = scaled_to_camera_height(as_map(ROOM.distance(HEIGHT)), 3.2)
    np.testing.assert_allclose(scaled.distance, 2 * ROOM.distance(HEIGHT), rtol=0.005)
    assert scaled.metres_from == "camera height" and scaled.kind == "metric"


def test_without_a_floor_the_scene_keeps_its_scale_and_the_user_is_told() -> None:
    heard: list[Event] = []
    bowl = as_map(np.full_like(DOWN, 3))
    assert scaled_to_camera_height(bowl, 1.6, progress=Progress(heard.append)) is bowl
    (notice,) = heard
    assert isinstance(notice, Notice) and "no floor" in notice.message and "test" in notice.message
