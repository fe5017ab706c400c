import itertools
from dataclasses import replace

import numpy as np
import pytest

from spag4d import SPAG4D
from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.errors import InputError
from spag4d.geometry.camera import camera_looking
from spag4d.render.view import render_view
from spag4d.splat.budget import Plan, best_levels, planned, rows_for
from spag4d.splat.detail import Costs
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.sized_cells import LEVEL_CELLS
from spag4d.splat.tiles import STRIDES, TileGrid

HEIGHT = 256
WHOLE = 2 * HEIGHT**2


def sphere(rgb: np.ndarray, distance_m: float = 3.0) -> tuple[Panorama, DepthMap]:
    size = rgb.shape[:2]
    return Panorama(rgb), DepthMap(np.full(size, distance_m, np.float32), np.zeros(size, bool))


def flat(height: int = HEIGHT) -> np.ndarray:
    return np.full((height, 2 * height, 3), 0.5, np.float32)


def noise_on_the_right() -> np.ndarray:
    rgb = flat()
    rgb[:, HEIGHT:] = np.random.default_rng(0).random((HEIGHT, HEIGHT, 3))
    return rgb


def checkered(height: int, distance_m: float = 3.0) -> Plan:
    """Cells of all sizes beside each other."""
    panorama, depth = sphere(flat(height), distance_m)
    plan = planned(panorama, depth, height**2)
    levels = np.random.default_rng(1).integers(0, len(STRIDES), (len(plan.tiles), 1, 1), np.int8)
    levels = np.repeat(np.repeat(levels, LEVEL_CELLS, 1), LEVEL_CELLS, 2)
    levels[::3, :4, :4], levels[::3, 4:, 4:] = 1, 3
    levels[::3, :4, 4:], levels[::3, 4:, :4] = 4, 2
    levels[plan.tiles.starts[:-1][plan.tiles.is_cap]] = 3
    return replace(plan, levels=levels)


def areas_sr(plan: Plan) -> np.ndarray:
    """Solid angle of each fine cell."""
    found = []
    for ring in range(len(plan.tiles.rings)):
        for piece in plan._fine(plan.surfaces).pieces(ring * 16, (ring + 1) * 16):
            grid, stride = piece.surface.grid, round(piece.surface.grid.pitch_rad * plan.tiles.height / np.pi)
            rows = np.minimum(np.arange(len(grid) + 1) * stride, plan.tiles.height)
            sines = np.sin(np.pi / 2 - np.pi / plan.tiles.height * rows)
            bands = 2 * np.pi * (sines[:-1] - sines[1:])
            if plan.tiles.is_cap[ring]:
                found.append(bands[piece.cells.ring] / grid.counts[piece.cells.ring])
            else:
                place = np.searchsorted(plan.tiles.turns(ring, stride), piece.cells.turn)
                found.append(bands[piece.cells.ring] * plan.tiles.widths(ring, stride)[place])
    return np.concatenate(found)


@pytest.mark.parametrize("height", [90, HEIGHT, 518])
def test_leaves_cover_the_sphere_exactly_once(height: int):
    assert areas_sr(checkered(height)).sum() == pytest.approx(4 * np.pi)
    panorama, depth = sphere(flat(height))
    assert areas_sr(planned(panorama, depth, height**2 // 3)).sum() == pytest.approx(4 * np.pi)


@pytest.mark.parametrize("most", [3000, 10_000, 30_000, 60_000])
@pytest.mark.parametrize("picture", [flat, noise_on_the_right])
def test_the_number_is_kept_and_used(most: int, picture):
    count = len(planned(*sphere(picture()), most).surface_gaussians())
    assert 0.95 * most <= count <= most


def test_detail_gets_more_and_a_flat_picture_is_even():
    def on_the_right(rgb: np.ndarray) -> float:
        gaussians = planned(*sphere(rgb), 15_000, look=Look(backing=False)).surface_gaussians().joined
        return float((gaussians.means[:, 0] > 0).mean())

    assert on_the_right(noise_on_the_right()) > 0.85
    assert on_the_right(flat()) == pytest.approx(0.5, abs=0.03)


def test_near_surfaces_get_more_than_far_ones():
    rgb = np.random.default_rng(2).random((HEIGHT, 2 * HEIGHT, 3)).astype(np.float32)
    panorama, depth = sphere(rgb)
    depth.distance[:, HEIGHT:] = 12
    means = planned(panorama, depth, 20_000, look=Look(backing=False)).surface_gaussians().fine.means
    assert (means[:, 0] < 0).mean() > 0.52


def test_depth_edges_stay_fine():
    panorama, depth = sphere(flat())
    depth.distance[:, 43:HEIGHT] = 6
    means = planned(panorama, depth, 12_000, look=Look(backing=False)).surface_gaussians().fine.means
    column = HEIGHT * (np.arctan2(means[:, 0], means[:, 2]) / np.pi + 1)
    level = np.abs(means[:, 1]) < 0.3 * np.linalg.norm(means, axis=1)
    at_edge, elsewhere = (((column > first) & (column < first + 16) & level).sum() for first in (32, 120))
    assert at_edge > 1.5 * elsewhere


def test_the_trees_are_the_best_there_are():
    """Twin: all trees of a tile with two sizes below the largest, by trying every one of them."""
    rng = np.random.default_rng(3)
    split = {stride: np.zeros((1, 16 // stride, 16 // stride), np.float32) for stride in STRIDES[:-1]}
    split[16][:], split[8][0] = 5, rng.random((2, 2)) * 4
    cells = {stride: np.ones((1, 16 // stride, 16 // stride), np.float32) for stride in STRIDES}
    costs = Costs(split, cells, np.zeros(0, int), np.zeros((0, 5)), np.zeros((0, 5)))
    gains = split[8].ravel().tolist()
    for most in (4, 7, 10, 13, 16):
        levels = best_levels(costs, most)
        assert levels is not None
        got = 5 * bool((levels > 0).all()) + sum(
            gain for gain, part in zip(gains, (levels[0, a : a + 4, b : b + 4] for a in (0, 4) for b in (0, 4)), strict=True)
            if (part > 1).all())
        best = max(5 + sum(chosen) for number in range((most - 4) // 3 + 1) for chosen in itertools.combinations(gains, number))
        assert got == pytest.approx(best)
    assert best_levels(costs, 0) is None


def alphas(gaussians: Gaussians, directions: list[tuple[float, float, float]]) -> list[float]:
    cameras = [camera_looking(np.array(direction, float), 20.0, (96, 96)) for direction in directions]
    return [float(render_view(gaussians, camera).alpha.min()) for camera in cameras]


def test_borders_between_sizes_and_the_poles_are_closed():
    gaussians = checkered(HEIGHT).surface_gaussians().joined
    assert min(alphas(gaussians, [(0, 0, 1), (1, 0.1, 0.2), (0, 0.6, -0.8), (0.1, -1, 0), (0, 1, 0.05)])) > 0.985
    plan = planned(*sphere(noise_on_the_right()), 20_000).surface_gaussians().joined
    assert min(alphas(plan, [(0, 0, 1), (0, 0, -1), (0, -1, 0), (0, 1, 0)])) > 0.985


def test_colors_are_those_of_the_picture():
    rgb = np.zeros((HEIGHT, 2 * HEIGHT, 3), np.float32)
    rgb[..., 0] = np.linspace(0.1, 0.9, HEIGHT)[:, None]
    rgb[..., 1] = 0.5 + 0.4 * np.sin(np.pi * (np.arange(2 * HEIGHT) + 0.5) / HEIGHT)
    gaussians = planned(*sphere(rgb), 20_000, look=Look(backing=False)).surface_gaussians().joined
    means = gaussians.means.astype(float) / np.linalg.norm(gaussians.means, axis=1, keepdims=True)
    row = HEIGHT * (np.arcsin(means[:, 1]) / np.pi + 0.5) - 0.5
    turn = np.arctan2(means[:, 0], means[:, 2]) + np.pi
    np.testing.assert_allclose(gaussians.colors[:, 0], 0.1 + 0.8 * row / (HEIGHT - 1), atol=0.01)
    away = np.abs(row - HEIGHT / 2) < HEIGHT / 3
    np.testing.assert_allclose(gaussians.colors[away, 1], 0.5 + 0.4 * np.sin(turn)[away], atol=0.03)


def test_sizes_of_cells_come_in_the_order_of_the_gaussians():
    plan = planned(*sphere(noise_on_the_right()), 15_000, look=Look(backing=False))
    gaussians, sizes = plan.surface_gaussians().fine, plan.cell_sizes_rad()
    assert len(sizes) == len(gaussians)
    pitches = gaussians.scales[:, 0] / (np.linalg.norm(gaussians.means, axis=1) * sizes)
    assert pitches.min() > 0.59 and pitches.max() < 0.76


def test_surfaces_and_sky_share_the_budget():
    panorama, depth = sphere(noise_on_the_right())
    depth.sky[: HEIGHT // 2, 100:400] = True
    converter = SPAG4D(sharp_refine=False, use_guided_filter=False, sky_threshold=0.0)
    for most in (8000, 30_000):
        gaussians = converter.to_gaussians(panorama, depth_map=depth, max_splats=most)
        in_sky = np.linalg.norm(gaussians.means, axis=1) > 100
        assert 0.95 * most <= len(gaussians) <= most and 0.1 < in_sky.mean() < 0.6


def test_a_large_budget_gives_a_gaussian_for_every_pixel():
    panorama, depth = sphere(noise_on_the_right())
    depth.sky[: HEIGHT // 3] = True
    converter = SPAG4D(sharp_refine=False, use_guided_filter=False, sky_threshold=0.0)
    ours = converter.to_gaussians(panorama, depth_map=depth, max_splats=2 * WHOLE)
    theirs = converter.to_gaussians(panorama, depth_map=depth, stride=1)
    for name in ("means", "scales", "colors"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


def test_a_small_budget_takes_fewer_pixels_and_too_small_a_one_is_refused():
    panorama, depth = sphere(noise_on_the_right())
    with pytest.raises(InputError, match="300 Gaussians are too few"):
        planned(panorama, depth, 300)
    assert rows_for(1000) >= 16
    panorama, depth = sphere(flat(1024))
    count = len(SPAG4D(sharp_refine=False, use_guided_filter=False).to_gaussians(panorama, depth_map=depth, max_splats=1000))
    assert 800 <= count <= 1000


def test_layers_of_sharp_have_no_budget():
    with pytest.raises(InputError, match="max_splats"):
        SPAG4D(max_splats=5000, sharp_mode="layers")


def test_tiny_panoramas_work():
    for height in (1, 5, 16, 37):
        panorama, depth = sphere(flat(height))
        assert 3 <= len(planned(panorama, depth, max(60, height**2)).surface_gaussians()) <= max(60, height**2)


def test_tile_grid_of_the_plan_is_that_of_the_picture():
    assert len(planned(*sphere(flat(90)), 5000).tiles.rings) == len(TileGrid(90).rings) == 6


def test_the_number_is_kept_where_the_backing_has_to_be_fine(box_room):
    panorama, depth = box_room.panorama(HEIGHT), box_room.depth(HEIGHT)
    for most in (6000, 25_000):
        assert 0.95 * most <= len(planned(panorama, depth, most).surface_gaussians()) <= most
