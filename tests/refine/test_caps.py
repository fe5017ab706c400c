from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from spag4d import SPAG4D
from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.geometry.camera import camera_looking
from spag4d.photos.image import panorama_from_array, read_panorama
from spag4d.refine.caps import fill_caps, paint_caps, polar_caps
from spag4d.render.view import render_view
from tests.box_room import BoxRoom, directions

HEIGHT = 128
BELOW, ABOVE = 1, -1


def from_pole_deg(pole: int, height: int = HEIGHT) -> np.ndarray:
    return np.degrees(np.arccos(np.clip(pole * directions(height)[..., 1], -1, 1)))


def capped(panorama: Panorama, hole: np.ndarray) -> Panorama:
    rgb = np.where(hole[..., None], np.float32(0), panorama.rgb)
    return replace(panorama, rgb=rgb, valid=~hole)


def spoilt(depth: DepthMap, hole: np.ndarray) -> DepthMap:
    """The depth as a model might guess it in a black disc."""
    return replace(depth, distance=np.where(hole, np.float32(0.7), depth.distance))


def filled(panorama: Panorama, depth: DepthMap, *, keep: bool = False) -> tuple[Panorama, DepthMap]:
    return fill_caps(paint_caps(panorama), depth, keep=keep)


@pytest.fixture(scope="module")
def truth(box_room: BoxRoom) -> DepthMap:
    return box_room.depth(HEIGHT)


def grey(height: int = HEIGHT) -> Panorama:
    return Panorama(np.full((height, 2 * height, 3), 0.4, np.float32))


@pytest.mark.parametrize("pole", [BELOW, ABOVE])
@pytest.mark.parametrize("radius_deg", [6, 20, 35])
def test_floor_and_ceiling_go_on_as_planes(truth: DepthMap, pole: int, radius_deg: float) -> None:
    hole = from_pole_deg(pole) < radius_deg
    panorama, depth = filled(capped(grey(), hole), spoilt(truth, hole))
    assert panorama.valid is None
    np.testing.assert_allclose(depth.distance, truth.distance, rtol=2e-3)
    assert np.array_equal(depth.distance[~hole], truth.distance[~hole])
    np.testing.assert_allclose(panorama.rgb, 0.4, atol=1e-5)


def test_a_slope_goes_on_as_a_slope() -> None:
    normal = np.array([0.2, 1.0, -0.1])
    rays = directions(HEIGHT)
    distance = (1.5 / np.maximum(rays @ normal, 0.02)).astype(np.float32)
    truth = DepthMap(distance, np.zeros(distance.shape, bool))
    hole = from_pole_deg(BELOW) < 25
    depth = filled(capped(grey(), hole), spoilt(truth, hole))[1]
    np.testing.assert_allclose(depth.distance[hole], distance[hole], rtol=2e-3)


def test_legs_around_do_not_lift_the_floor(truth: DepthMap) -> None:
    hole = from_pole_deg(BELOW) < 15
    azimuth = np.arctan2(directions(HEIGHT)[..., 0], directions(HEIGHT)[..., 2])
    leg = ~hole & (from_pole_deg(BELOW) < 60) & (np.cos(3 * azimuth) > 0.7)
    standing = replace(truth, distance=np.where(leg, truth.distance * np.float32(0.5), truth.distance))
    depth = filled(capped(grey(), hole), spoilt(standing, hole))[1]
    np.testing.assert_allclose(depth.distance[hole], truth.distance[hole], rtol=0.02)


def test_a_cap_that_crosses_the_seam_is_one(truth: DepthMap) -> None:
    azimuth = np.arctan2(directions(HEIGHT)[..., 0], directions(HEIGHT)[..., 2])
    hole = from_pole_deg(BELOW) < np.where(np.abs(azimuth) > 2.5, 30, 12)
    both = [filled(capped(grey(), mask), spoilt(truth, mask)) for mask in (hole, np.roll(hole, HEIGHT, 1))]
    for panorama, depth in both:
        assert panorama.valid is None
        np.testing.assert_allclose(depth.distance, truth.distance, rtol=5e-3)


def test_the_sky_goes_on_as_sky(truth: DepthMap) -> None:
    above = from_pole_deg(ABOVE) < 90
    open_air = DepthMap(np.where(above, np.float32(300), truth.distance), above)
    hole = from_pole_deg(ABOVE) < 20
    guessed = replace(spoilt(open_air, hole), sky=above & ~hole)
    panorama, depth = filled(capped(grey(), hole), guessed)
    assert panorama.valid is None and np.array_equal(depth.sky, above)
    assert (depth.distance[hole] == 300).all()


def test_measured_depth_under_a_cap_stays(truth: DepthMap) -> None:
    hole = from_pole_deg(BELOW) < 20
    lost = hole & (directions(HEIGHT)[..., 0] > 0)
    given = DepthMap(np.where(lost, np.float32(9), truth.distance * np.float32(1.01) ** hole), lost)
    panorama, depth = filled(capped(grey(), hole), given, keep=True)
    assert panorama.valid is None and not depth.sky.any()
    assert np.array_equal(depth.distance[~lost], given.distance[~lost])
    np.testing.assert_allclose(depth.distance[lost], truth.distance[lost], rtol=2e-3)


def test_the_border_of_a_crop_is_no_cap(truth: DepthMap) -> None:
    shown = np.zeros(truth.sky.shape, bool)
    shown[20:110, 40:200] = True
    for valid in (shown, from_pole_deg(BELOW) > 75, ~((from_pole_deg(BELOW) > 30) & (from_pole_deg(BELOW) < 40))):
        assert not list(polar_caps(valid))
        panorama, depth = filled(capped(grey(), ~valid), truth)
        assert panorama.valid is not None and np.array_equal(panorama.valid, valid) and depth is truth


def test_other_gaps_stay_where_a_cap_is_filled(truth: DepthMap) -> None:
    hole, gap = from_pole_deg(BELOW) < 15, np.zeros(truth.sky.shape, bool)
    gap[60:70, 30:50] = True
    panorama = filled(capped(grey(), hole | gap), truth)[0]
    assert panorama.valid is not None and np.array_equal(panorama.valid, ~gap)


def test_stripes_go_on_through_a_cap() -> None:
    """A floor whose pattern repeats is continued in step; the smooth mean alone would be off by the stripes' contrast."""
    height = 256
    rays = directions(height)
    x = rays[..., 0] / np.maximum(np.abs(rays[..., 1]), 0.1)
    light = 0.5 + 0.3 * np.sin(2 * np.pi * x / 0.4)
    striped = Panorama(np.repeat(light[..., None], 3, -1).astype(np.float32))
    hole = from_pole_deg(BELOW, height) < 18
    error = paint_caps(capped(striped, hole)).rgb[hole] - striped.rgb[hole]
    assert np.sqrt((error**2).mean()) < 0.03
    assert np.sqrt(striped.rgb[hole].var()) > 0.15


def test_what_ends_at_the_rim_does_not_bleed_into_the_cap() -> None:
    height = 256
    rays = directions(height)
    mark = (np.abs(rays[..., 0]) < 0.04) & (rays[..., 2] > 0.2) & (from_pole_deg(BELOW, height) < 40)
    rgb = np.where(mark[..., None], (0.9, 0.8, 0.1), 0.4).astype(np.float32)
    hole = from_pole_deg(BELOW, height) < 20
    painted = paint_caps(capped(Panorama(rgb), hole)).rgb[from_pole_deg(BELOW, height) < 17]
    np.testing.assert_allclose(painted, 0.4, atol=0.02)


def least_alpha(gaussians: Gaussians, direction: tuple[float, float, float], *, compensated: bool) -> float:
    camera = camera_looking(np.array(direction), 48.0, (48, 48))
    return float(render_view(gaussians, camera, compensated=compensated).alpha.min())


@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize("hidden", [(), (BELOW, ABOVE)])
def test_no_holes_at_the_poles(box_room: BoxRoom, hidden: tuple[int, ...], measured: bool) -> None:
    """Caps are as solid as a wall; compensated viewers thin all surfaces a little that are seen at the grid's own fineness."""
    height = 256
    rgb = np.round(box_room.panorama(height).rgb * 255).astype(np.uint8)
    for pole in hidden:
        rgb[from_pole_deg(pole, height) < 20] = 0
    panorama = panorama_from_array(rgb)
    assert (panorama.valid is None) == (not hidden)
    depth = box_room.depth(height) if measured else None
    converter = SPAG4D(stride=1, sharp_refine=False, sky_dome=False, depth_model="builtin")
    gaussians = converter.to_gaussians(panorama, depth_map=depth)
    wall = least_alpha(gaussians, (0.0, 0.0, 1.0), compensated=True)
    for pole in (BELOW, ABOVE):
        assert least_alpha(gaussians, (0.0, float(pole), 0.0), compensated=False) >= 0.98
        assert least_alpha(gaussians, (0.0, float(pole), 0.0), compensated=True) >= wall - 0.01
    if hidden:
        left = converter.to_gaussians(panorama, depth_map=depth, fill_nadir=False)
        assert least_alpha(left, (0.0, 1.0, 0.0), compensated=False) == 0


def test_the_picture_with_a_cap_is_near_the_truth_that_it_hides() -> None:
    picture = Path(__file__).parents[2] / "TestImage" / "hard.jpg"
    with np.load(picture.with_suffix(".depth.npz")) as arrays:
        truth = arrays["distance_m"]
    height = len(truth)
    rgb = cv2.resize(read_panorama(picture).rgb, (2 * height, height), interpolation=cv2.INTER_AREA)
    small = panorama_from_array(np.round(rgb * 255).astype(np.uint8))
    assert small.valid is not None and not small.valid[-1].any()
    depth = SPAG4D(depth_model="builtin").estimate_depth(small).distance
    ratio = depth[~small.valid] / truth[~small.valid]
    around = (from_pole_deg(BELOW, height) > 25) & (from_pole_deg(BELOW, height) < 50)
    seen = depth[around] / truth[around]
    hidden_error, seen_error = (np.abs(part / np.median(seen) - 1) for part in (ratio, seen))
    assert np.median(hidden_error) < 0.03
    assert np.quantile(hidden_error, 0.95) < 1.2 * np.quantile(seen_error, 0.95)  # as good as the estimate that it continues
