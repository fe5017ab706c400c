"""What a viewer shows: laws about rendered views, in small pictures."""


import numpy as np
import pytest

from benchmarks.known_scene import KnownRoom
from benchmarks.scene_quality import enlarged_view, photo_view
from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.geometry.camera import camera_looking, view_directions
from spag4d.render.view import render_view
from spag4d.splat.dome import dome_gaussians
from spag4d.splat.grid import grid_gaussians

AHEAD, UP, DOWN, SLANTED = (np.array(v, float) for v in ((0, 0, 1), (0, -1, 0), (0, 1, 0), (0.6, 0.3, -0.7)))


@pytest.mark.parametrize("direction", [AHEAD, UP, DOWN, SLANTED])
@pytest.mark.parametrize("compensated", [False, True])
def test_from_the_capture_point_the_photograph_is_seen(box_room, direction: np.ndarray, compensated: bool):
    height = 384
    panorama = box_room.panorama(height)
    gaussians = grid_gaussians(panorama, box_room.depth(height), stride=1).joined
    camera = enlarged_view(direction, height, 2, 80)
    drawn = render_view(gaussians, camera, compensated=compensated)
    assert -10 * np.log10(((drawn.rgb - photo_view(panorama, camera)) ** 2).mean()) > 33
    assert render_view(gaussians, enlarged_view(direction, height, 4, 80), compensated=compensated).alpha.min() > 0.985
    assert drawn.alpha.min() > 0.985


@pytest.mark.parametrize("stride", [1, 2])
def test_surfaces_that_were_seen_stay_closed_from_a_step_aside(stride: int):
    room, aside = KnownRoom(), np.array([0.3, 0, 0])
    gaussians = grid_gaussians(*room.capture(256), stride=stride).joined
    camera = camera_looking(np.array([0.5, 0.35, 0.8]), 70.0, (112, 112)).moved(aside)
    rays = view_directions(camera)
    seen = room.sees(aside + rays * room.hit(rays, aside)[..., None])
    assert 0.5 < seen.mean() < 1
    assert (render_view(gaussians, camera, compensated=False).alpha[seen] < 0.8).mean() < 0.002


def test_no_dark_ring_between_surface_and_sky():
    height = 128
    rgb = np.full((height, 2 * height, 3), 0.6, np.float32)
    sky = np.zeros((height, 2 * height), bool)
    sky[:70] = True
    panorama, depth = Panorama(rgb), DepthMap(np.full(sky.shape, 15, np.float32), sky)
    parts = [grid_gaussians(panorama, depth, stride=1).joined, dome_gaussians(panorama, depth, stride=1)]
    drawn = render_view(Gaussians.concatenate(parts), enlarged_view(AHEAD, height, 2, 64))
    assert drawn.rgb.min() > 0.57
