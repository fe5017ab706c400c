"""What a viewer shows: laws about rendered views, small enough for a slow rasteriser."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.known_scene import KnownRoom
from benchmarks.rasterise import rasterise
from benchmarks.scene_quality import enlarged_view, photo_view
from spag4d.data import DepthMap, Gaussians, Panorama, Pose
from spag4d.geometry.camera import camera_looking, view_directions
from spag4d.splat.dome import dome_gaussians
from spag4d.splat.grid import grid_gaussians
from spag4d.splat.look import Look

AHEAD, UP, DOWN, SLANTED = (np.array(v, float) for v in ((0, 0, 1), (0, -1, 0), (0, 1, 0), (0.6, 0.3, -0.7)))


def test_the_rasteriser_draws_one_gaussian_as_its_formula_says():
    gaussian = Gaussians(
        np.array([[0, 0, 2]], np.float32),
        np.full((1, 3), 0.1, np.float32),
        np.array([[1, 0, 0, 0]], np.float32),
        np.array([0.8], np.float32),
        np.array([[1, 0.5, 0]], np.float32),
    )
    camera = camera_looking(AHEAD, 53.130102, (33, 33))
    alpha = rasterise(gaussian, camera, compensated=False)[1]
    variance = (camera.fx * 0.1 / 2) ** 2 + 0.3
    x = np.arange(33) - 16
    np.testing.assert_allclose(alpha[16, 12:21], 0.8 * np.exp(-(x[12:21] ** 2) / 2 / variance), rtol=1e-4)
    ratio = rasterise(gaussian, camera, compensated=True)[1][16, 16] / alpha[16, 16]
    assert ratio == pytest.approx((variance - 0.3) / variance, rel=1e-4)


@pytest.mark.parametrize("direction", [AHEAD, UP, DOWN, SLANTED])
@pytest.mark.parametrize("compensated", [False, True])
def test_from_the_capture_point_the_photograph_is_seen(box_room, direction: np.ndarray, compensated: bool):
    height = 384
    panorama = box_room.panorama(height)
    gaussians = grid_gaussians(panorama, box_room.depth(height), look=Look(stride=1))
    camera = enlarged_view(direction, height, 2, 80)
    color, alpha = rasterise(gaussians, camera, compensated=compensated)
    assert -10 * np.log10(((color - photo_view(panorama, camera)) ** 2).mean()) > 33
    assert rasterise(gaussians, enlarged_view(direction, height, 4, 80), compensated=compensated)[1].min() > 0.985
    assert alpha.min() > 0.985


@pytest.mark.parametrize("stride", [1, 2])
def test_surfaces_that_were_seen_stay_closed_from_a_step_aside(stride: int):
    room, aside = KnownRoom(), np.array([0.3, 0, 0])
    gaussians = grid_gaussians(*room.capture(256), look=Look(stride=stride))
    camera = camera_looking(np.array([0.5, 0.35, 0.8]), 70.0, (112, 112))
    camera = replace(camera, world_from_camera=Pose(camera.world_from_camera.rotation, aside))
    rays = view_directions(camera)
    seen = room.sees(aside + rays * room.hit(rays, aside)[..., None])
    assert 0.5 < seen.mean() < 1
    assert (rasterise(gaussians, camera, compensated=False)[1][seen] < 0.8).mean() < 0.002


def test_no_dark_ring_between_surface_and_sky():
    height = 128
    rgb = np.full((height, 2 * height, 3), 0.6, np.float32)
    sky = np.zeros((height, 2 * height), bool)
    sky[:70] = True
    panorama, depth = Panorama(rgb), DepthMap(np.full(sky.shape, 15, np.float32), sky)
    parts = [grid_gaussians(panorama, depth, look=Look(stride=1)), dome_gaussians(panorama, depth, look=Look(stride=1))]
    color, _ = rasterise(Gaussians.concatenate(parts), enlarged_view(AHEAD, height, 2, 64), compensated=True)
    assert color.min() > 0.57
