"""Perspective models on a sphere, with models whose answers are known."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from spag4d.data import DepthMap, Panorama, PinholeCamera
from spag4d.depth.perspective import joined_views, working_height
from spag4d.depth.tiles import add_detail
from spag4d.errors import Cancelled
from spag4d.geometry import RIGS
from spag4d.geometry.camera import view_contains, view_directions, view_pixels_from_directions, z_from_distance
from spag4d.geometry.equirect import directions
from spag4d.geometry.smooth import smooth_sphere
from spag4d.progress import Progress
from tests.box_room import BoxRoom

SIZE_PX = 96
ROOM = BoxRoom()
Distance = Callable[[np.ndarray], np.ndarray]


@dataclass
class KnownModel:
    """Sees a scene whose distance is known in every direction, each view with an error of its own."""

    distance: Distance
    error: Callable[[int, PinholeCamera], np.ndarray | float] = lambda number, camera: 0.0
    sky: Callable[[int, np.ndarray], np.ndarray] = lambda number, rays: np.zeros(rays.shape[:2])
    sky_from: float = 0.3
    looks: list[PinholeCamera] = field(default_factory=list)

    def look(self, rgb: np.ndarray, camera: PinholeCamera) -> tuple[np.ndarray, np.ndarray]:
        assert rgb.shape == (camera.height, camera.width, 3)
        number = len(self.looks)
        self.looks.append(camera)
        rays = view_directions(camera)
        distance = self.distance(rays) * np.exp(self.error(number, camera))
        return z_from_distance(camera, distance).astype(np.float32), self.sky(number, rays).astype(np.float32)


def room(rays: np.ndarray) -> np.ndarray:
    return ROOM.hit(rays)[0]


def black(height: int) -> np.ndarray:
    return np.zeros((height, 2 * height, 3), np.float32)


def smooth_error(number: int, camera: PinholeCamera) -> np.ndarray:
    """20 % of scale and 6 % of a wave."""
    rng = np.random.default_rng(number)
    x = np.linspace(-1, 1, camera.width)[None]
    y = np.linspace(-1, 1, camera.height)[:, None]
    a, b = rng.uniform(-1, 1, 2) * np.pi
    return np.log(rng.uniform(0.8, 1.2)) + 0.06 * np.sin(a * x + b * y + rng.uniform(0, 6))


@pytest.mark.parametrize("rig", RIGS)
def test_a_sphere_stays_a_sphere(rig: str) -> None:
    model = KnownModel(lambda rays: np.full(rays.shape[:2], 5.0))
    joined = joined_views(black(64), model, RIGS.load(rig)(SIZE_PX))
    np.testing.assert_allclose(np.exp(joined.log_distance), 5, rtol=1e-3)
    assert (joined.sky_score < 0).all()


@pytest.mark.parametrize("rig", RIGS)
def test_a_room_comes_back_in_place(rig: str) -> None:
    cameras = RIGS.load(rig)(SIZE_PX)
    joined = joined_views(black(64), KnownModel(room), cameras)
    height = working_height(cameras)
    assert joined.log_distance.shape == (height, 2 * height)
    error = np.abs(joined.log_distance - np.log(ROOM.distance(height)))
    assert np.median(error) < 2e-4 and error.max() < 0.02


@pytest.mark.parametrize("rig", RIGS)
def test_views_that_disagree_join_without_seams(rig: str) -> None:
    cameras = RIGS.load(rig)(SIZE_PX)
    height = working_height(cameras)
    truth = np.log(ROOM.distance(height)).astype(np.float32)
    joined = joined_views(black(64), KnownModel(room, smooth_error), cameras, reference=smooth_sphere(truth, 5.0))
    error = joined.log_distance - truth
    assert np.abs(error).mean() < 0.01
    across, beside = jumps(error, cameras)
    assert across <= 1.1 * beside + 1e-4


def jumps(error: np.ndarray, cameras: tuple[PinholeCamera, ...]) -> tuple[float, float]:
    """Return the mean step of a map along its rows where a view begins or ends, and one pixel beside it."""
    rays = directions(error.shape[0])
    steps = np.abs(np.diff(error, axis=1))
    at = np.zeros(steps.shape, bool)
    for camera in cameras:
        inside = view_contains(camera, view_pixels_from_directions(camera, rays))
        at |= inside[:, 1:] != inside[:, :-1]
    beside = np.roll(at, 2, 1) & ~at
    return float(steps[at].mean()), float(steps[beside].mean())


def test_sky_is_what_the_views_agree_on() -> None:
    cameras = RIGS.load("cubemap")(SIZE_PX)

    def up(number: int, rays: np.ndarray) -> np.ndarray:
        sky = (rays[..., 1] < -0.3).astype(float)
        if number == 1:
            sky[:, :2] = 1 - sky[:, :2]  # one view errs near its border
        return sky

    model = KnownModel(lambda rays: np.where(rays[..., 1] < -0.3, 50.0, 4.0), sky=up)
    joined = joined_views(black(64), model, cameras)
    rays = directions(joined.sky_score.shape[0])
    clear = np.abs(rays[..., 1] + 0.3) > 0.05
    np.testing.assert_array_equal((joined.sky_score >= 0)[clear], (rays[..., 1] < -0.3)[clear])
    ground = rays[..., 1] > -0.25
    np.testing.assert_allclose(np.exp(joined.log_distance)[ground], 4, rtol=0.01)


def test_it_can_be_stopped_between_views() -> None:
    model = KnownModel(room)
    answers = iter([False, False, True])
    with pytest.raises(Cancelled, match="2 of 6"):
        joined_views(black(64), model, RIGS.load("cubemap")(SIZE_PX), progress=Progress(is_cancelled=lambda: next(answers)))
    assert len(model.looks) == 2


def bumpy(rays: np.ndarray) -> np.ndarray:
    """The room with relief finer than what the base knows."""
    azimuth, elevation = np.arctan2(rays[..., 0], rays[..., 2]), np.arcsin(-rays[..., 1])
    return room(rays) * (1 + 0.03 * np.sin(60 * azimuth) * np.cos(elevation) ** 4)


def test_tiles_bring_detail_and_leave_low_frequencies() -> None:
    height = 256
    rays = directions(height).astype(np.float64)
    truth, base = bumpy(rays), room(rays)
    sky = np.zeros(base.shape, bool)
    sky[:30] = True
    coarse = DepthMap(np.where(sky, 300, base).astype(np.float32), sky, model="panda", metres_from="dap")
    found = add_detail(coarse, Panorama(black(height)), KnownModel(bumpy, smooth_error), view_px=160)
    assert (found.model, found.metres_from) == ("panda", "dap")
    np.testing.assert_array_equal(found.sky, sky)
    np.testing.assert_array_equal(found.distance[sky], coarse.distance[sky])
    wall = np.abs(np.arcsin(rays[..., 1])) < 0.4
    before, after = (np.abs(depth.distance / truth - 1)[wall] for depth in (coarse, found))
    assert after.mean() < 0.3 * before.mean()


def test_tiles_that_know_nothing_new_change_nothing() -> None:
    height = 128
    base = ROOM.depth(height)
    found = add_detail(base, Panorama(black(height)), KnownModel(room, smooth_error), view_px=120)
    error = np.abs(found.distance / base.distance - 1)
    assert error.mean() < 0.005
