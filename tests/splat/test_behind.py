"""What a step aside uncovers: there, right, in the colours of the farther side, and not seen from the capture point."""

import numpy as np
import pytest

from benchmarks.known_scene import KnownRoom
from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.geometry.around import grown
from spag4d.geometry.equirect import directions, solid_angle_weights
from spag4d.render.view import render_panorama
from spag4d.splat.behind import behind_gaussians
from spag4d.splat.far_sides import far_sides
from spag4d.splat.grid import grid_gaussians

HEIGHT = 256
WALL_M, SCREEN_M = 4.0, 1.5
RED, BLUE = np.array([0.9, 0.1, 0.1], np.float32), np.array([0.1, 0.2, 0.9], np.float32)


def screen_before_walls(height: int = HEIGHT) -> tuple[Panorama, DepthMap]:
    """A blue cube of 8 m around the camera, and a red upright screen of 1 m × 1.2 m ahead at 1.5 m."""
    rays = directions(height).astype(np.float64)
    wall = WALL_M / np.abs(rays).max(-1)
    ahead = SCREEN_M / np.where(rays[..., 2] > 1e-6, rays[..., 2], np.inf)
    hit = (ahead > 0) & (np.abs(rays[..., 0] * ahead) < 0.5) & (np.abs(rays[..., 1] * ahead) < 0.6)
    distance = np.where(hit, ahead, wall).astype(np.float32)
    return Panorama(np.where(hit[..., None], RED, BLUE)), DepthMap(distance, np.zeros(hit.shape, bool))


@pytest.fixture(scope="module")
def room() -> tuple[KnownRoom, Gaussians, Gaussians]:
    known = KnownRoom()
    panorama, depth = known.capture(HEIGHT)
    front = grid_gaussians(panorama, depth, stride=1).joined
    return known, front, behind_gaussians(panorama, depth, stride=1, step_m=0.5)


def truth(known: KnownRoom, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rays = directions(HEIGHT).astype(np.float64)
    points = rays * known.hit(rays, position)[..., None] + position
    waves = np.sin(9 * points) + np.sin(23 * points[..., [1, 2, 0]] + 1)
    return (0.5 + 0.2 * waves).astype(np.float32), known.sees(points)


def decibels(error: np.ndarray, where: np.ndarray) -> float:
    area = np.broadcast_to(solid_angle_weights(HEIGHT)[:, None], where.shape)
    return float(-10 * np.log10((error.mean(-1) * area)[where].sum() / area[where].sum()))


@pytest.mark.parametrize("compensated", [False, True])
def test_from_the_capture_point_it_is_not_seen(room: tuple[KnownRoom, Gaussians, Gaussians], compensated: bool) -> None:
    known, front, behind = room
    picture, _ = truth(known, np.zeros(3))
    everywhere = np.ones(picture.shape[:2], bool)
    alone, both = (render_panorama(scene, HEIGHT, compensated=compensated).rgb
                   for scene in (front, Gaussians.concatenate([front, behind])))
    assert decibels((both - picture) ** 2, everywhere) > decibels((alone - picture) ** 2, everywhere) - 0.1


@pytest.mark.parametrize("position", [(0.5, 0, 0), (-0.3, 0, 0.4), (0, -0.4, 0.3)])
def test_aside_it_closes_what_opens(room: tuple[KnownRoom, Gaussians, Gaussians], position: tuple[float, ...]) -> None:
    known, front, behind = room
    place = np.array(position, float)
    picture, seen_before = truth(known, place)
    alone, both = (render_panorama(scene, HEIGHT, place) for scene in (front, Gaussians.concatenate([front, behind])))
    area = np.broadcast_to(solid_angle_weights(HEIGHT)[:, None], seen_before.shape) / (4 * np.pi)
    assert area[alone.alpha < 0.5].sum() > 0.001 > 0.0003 > area[both.alpha < 0.5].sum()
    better = decibels((both.rgb - picture) ** 2, ~seen_before) - decibels((alone.rgb - picture) ** 2, ~seen_before)
    assert better > 2, "the blur of so small a picture takes a decibel of it"


def test_it_costs_little(room: tuple[KnownRoom, Gaussians, Gaussians]) -> None:
    _, front, behind = room
    assert 0 < len(behind) < 0.05 * len(front)


def test_the_farther_surface_goes_on_as_the_plane_that_it_is_in_its_own_colors() -> None:
    behind = behind_gaussians(*screen_before_walls(), stride=1, step_m=0.5)
    off = np.abs(behind.means).max(1) / WALL_M - 1
    assert np.median(np.abs(off)) < 0.05 and np.quantile(np.abs(off), 0.95) < 0.1
    np.testing.assert_allclose(behind.colors, np.broadcast_to(BLUE, behind.colors.shape), atol=0.02)
    assert (behind.means[:, 2] > SCREEN_M).all(), "all of it is behind the screen"


@pytest.mark.parametrize("step_m", [0.2, 0.5])
def test_the_band_is_as_wide_as_the_parallax(step_m: float) -> None:
    behind = behind_gaussians(*screen_before_walls(), stride=1, step_m=step_m).means
    level = behind[np.abs(behind[:, 1] / behind[:, 2]) < 0.1]
    inward = np.arctan(0.5 / SCREEN_M) - np.abs(np.arctan2(level[:, 0], level[:, 2]))
    expected = np.arcsin(step_m / np.hypot(SCREEN_M, 0.5)) - np.arcsin(step_m / (WALL_M * np.hypot(1, 0.5 / SCREEN_M)))
    assert inward.max() == pytest.approx(min(expected, np.arctan(0.5 / SCREEN_M)), abs=0.04)


def test_an_edge_of_two_steps_uncovers_as_much_as_one() -> None:
    """Depth models put a rim of some pixels between a thing and what is behind it."""
    panorama, depth = screen_before_walls()
    rim = grown(depth.distance < 2, 4) & (depth.distance > 2)
    stepped = DepthMap(np.where(rim, np.float32(2.2), depth.distance), depth.sky)
    place, open_to_sight = np.array([0.5, 0, 0]), {}
    for name, measured in (("one", depth), ("two", stepped)):
        layers = grid_gaussians(panorama, measured, stride=1).joined, \
            behind_gaussians(panorama, measured, stride=1, step_m=0.5)
        open_to_sight[name] = (render_panorama(Gaussians.concatenate(layers), HEIGHT, place).alpha < 0.5).mean()
    assert open_to_sight["two"] < open_to_sight["one"] + 2e-4


def test_behind_a_thing_before_the_sky_there_is_nothing() -> None:
    panorama, depth = screen_before_walls()
    sky = depth.distance >= WALL_M
    assert len(behind_gaussians(panorama, DepthMap(depth.distance, sky), stride=1, step_m=0.5)) == 0


def test_without_a_step_or_without_edges_there_is_nothing(box_room) -> None:
    panorama, depth = screen_before_walls()
    assert len(behind_gaussians(panorama, depth, stride=1, step_m=0.0)) == 0
    plain = behind_gaussians(box_room.panorama(HEIGHT), box_room.depth(HEIGHT), stride=1, step_m=0.5)
    assert len(plain) == 0, "corners of a room are no edges"


def test_around_the_seam_it_is_as_elsewhere() -> None:
    panorama, depth = screen_before_walls()
    ahead = behind_gaussians(panorama, depth, stride=1, step_m=0.5)
    turned = behind_gaussians(
        Panorama(np.roll(panorama.rgb, HEIGHT, 1)), DepthMap(np.roll(depth.distance, HEIGHT, 1), depth.sky),
        stride=1, step_m=0.5)
    assert len(turned) == pytest.approx(len(ahead), rel=0.02)
    assert (turned.means[:, 2] < -SCREEN_M).all()


def test_far_sides_are_planes() -> None:
    panorama, depth = screen_before_walls()
    sides = far_sides(1 / depth.distance, panorama.rgb, 0.5)
    rays = directions(HEIGHT).reshape(-1, 3)[sides.pixel]
    np.testing.assert_allclose(sides.near, rays[:, 2] / SCREEN_M, rtol=0.05)
    at = np.einsum("nk,nk->n", sides.plane, rays)
    np.testing.assert_allclose(at, np.abs(rays).max(1) / WALL_M, rtol=0.01)
    np.testing.assert_allclose(np.median(sides.plane, 0), [0, 0, 1 / WALL_M], atol=0.01)
