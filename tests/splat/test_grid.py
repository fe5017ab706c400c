from dataclasses import replace

import numpy as np
import pytest

from spag4d.color import linear_from_srgb
from spag4d.data import DepthMap, Panorama
from spag4d.errors import Cancelled, InputError
from spag4d.geometry.rotation import rotations_from_quats
from spag4d.progress import Progress
from spag4d.splat.colors import colors_of_rings, light_of_rows
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.grid import grid_gaussians
from spag4d.splat.sphere_grid import SphereGrid
from spag4d.splat.surface import inverse_map

ALONE = Look(backing=False)


def step_scene(height: int, jump: float = 3.0) -> tuple[Panorama, DepthMap]:
    """A sphere of 2 m, red, in the middle of the picture and one ``jump`` times as far, blue, beside it."""
    near = np.zeros((height, 2 * height), bool)
    near[:, height // 2 : height + height // 2] = True
    rgb = np.where(near[..., None], [0.9, 0.1, 0.1], [0.1, 0.1, 0.9]).astype(np.float32)
    return Panorama(rgb), DepthMap(np.where(near, 2, 2 * jump).astype(np.float32), np.zeros_like(near))


def fine_count(panorama: Panorama, stride: int) -> int:
    return int(SphereGrid.of_rows(panorama.size_hw[0], stride).counts.sum())


@pytest.mark.parametrize("stride", [1, 2, 3, 8])
def test_fine_gaussians_lie_on_the_walls(box_room, stride: int):
    height = 192
    panorama = box_room.panorama(height)
    means = grid_gaussians(panorama, box_room.depth(height), stride=stride).fine.means.astype(float)
    assert len(means) == fine_count(panorama, stride)
    distance = np.linalg.norm(means, axis=1)
    error = np.abs(distance / box_room.hit(means / distance[:, None])[0] - 1)
    assert np.median(error) < 1e-6 + 2e-5 * (stride**2 - 1)
    assert (error > 0.05).mean() < 0.01 * stride


def test_fine_gaussians_lie_in_the_walls(box_room):
    gaussians = grid_gaussians(box_room.panorama(128), box_room.depth(128), stride=1, look=ALONE).fine
    means = gaussians.means.astype(float)
    normals = box_room.hit(means / np.linalg.norm(means, axis=1, keepdims=True))[1]
    cosine = np.einsum("ni,ni->n", rotations_from_quats(gaussians.quats_wxyz)[:, :, 2], normals)
    assert np.quantile(cosine, 0.05) > 0.999


def test_all_values_are_usable(box_room):
    gaussians = grid_gaussians(box_room.panorama(96), box_room.depth(96), stride=2).joined
    assert all(np.isfinite(values).all() for values in gaussians.arrays.values())
    assert gaussians.scales.min() > 0
    np.testing.assert_allclose(np.linalg.norm(gaussians.quats_wxyz, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(gaussians.opacities, np.float32(0.99))
    assert gaussians.colors.min() >= 0 and gaussians.colors.max() <= 1


def test_the_right_of_the_picture_is_at_positive_x_and_its_top_at_negative_y(box_room):
    rgb = np.zeros((64, 128, 3), np.float32)
    rgb[:, 64:, 0] = 1
    rgb[:32, :, 1] = 1
    gaussians = grid_gaussians(Panorama(rgb), box_room.depth(64), stride=1, look=ALONE).fine
    assert (gaussians.means[gaussians.colors[:, 0] > 0.9, 0] > -1e-3).all()
    assert (gaussians.means[gaussians.colors[:, 1] > 0.9, 1] < 0).all()


def test_turning_the_picture_turns_the_scene(box_room):
    panorama, depth = box_room.panorama(64), box_room.depth(64)
    turned = grid_gaussians(
        Panorama(np.roll(panorama.rgb, 32, 1)), replace(depth, distance=np.roll(depth.distance, 32, 1)), stride=1, look=ALONE
    ).fine
    straight = grid_gaussians(panorama, depth, stride=1, look=ALONE).fine
    quarter = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], np.float32)
    starts = SphereGrid.of_rows(64, 1).starts
    middle = slice(starts[30], starts[34])  # rings of as many cells as pixels, and so are those around: turned onto themselves
    for name, theirs in (("means", straight.means @ quarter.T), ("scales", straight.scales), ("colors", straight.colors)):
        ours, theirs = getattr(turned, name)[middle], theirs[middle]
        np.testing.assert_allclose(ours, np.roll(theirs.reshape(4, 128, 3), 32, 1).reshape(-1, 3), atol=1e-4)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_no_surface_is_put_between_a_foreground_and_its_background(stride: int):
    panorama, depth = step_scene(96)
    distance = np.linalg.norm(grid_gaussians(panorama, depth, stride=stride, look=ALONE).fine.means, axis=1)
    assert np.minimum(np.abs(distance - 2), np.abs(distance - 6)).max() < 1e-4


def test_gaussians_at_a_depth_edge_are_not_stretched_across_it():
    panorama, depth = step_scene(96)
    scales = grid_gaussians(panorama, depth, stride=1, look=ALONE).fine.scales
    assert (scales[:, 1] / scales[:, 0]).max() < 1.01


def test_backing_lies_behind_its_surface_and_never_in_front_of_the_background_beside_it():
    panorama, depth = step_scene(256)
    backing = grid_gaussians(panorama, depth, stride=1).backing
    back = backing.means
    distance = np.linalg.norm(back, axis=1)
    near = distance < 4
    expected = np.where(near, 2, 6)
    assert (distance / expected).min() >= 1.05 and (distance / expected).max() <= 1.1
    side = np.abs(np.arctan2(back[:, 0], back[:, 2]))
    level = np.abs(back[:, 1]) < 0.5 * distance
    assert side[near & level].max() < np.pi / 2 - 6 * np.pi / 256
    assert side[~near & level].min() < np.pi / 2 + 3 * np.pi / 256
    assert (backing.colors[near, 0] > 0.8).all() and (backing.colors[~near, 2] > 0.8).all()


def test_backing_adds_a_few_per_cent():
    height = 128
    panorama = Panorama(np.full((height, 2 * height, 3), 0.5, np.float32))
    depth = DepthMap(np.full((height, 2 * height), 3, np.float32), np.zeros((height, 2 * height), bool))
    counts = [len(grid_gaussians(panorama, depth, stride=1, look=Look(backing=backing))) for backing in (True, False)]
    assert 1.05 < counts[0] / counts[1] < 1.07


def test_colors_are_area_means_in_linear_light():
    rng = np.random.default_rng(0)
    rgb = rng.random((64, 128, 3)).astype(np.float32)
    grid, light = SphereGrid.of_rows(64, 4), linear_from_srgb(rgb)
    for row, expected in ((32, light[32:36].reshape(4, 32, 4, 3).mean((0, 2))), (0, light[:4].mean((0, 1))[None])):
        keep = np.ones(grid.counts[row // 4], bool)
        colors = colors_of_rings(light_of_rows(Panorama(rgb), row, row + 4), grid, row // 4, 4, keep)
        found = linear_from_srgb(colors)
        np.testing.assert_allclose(found if row else found.mean(0)[None], expected, atol=2e-5)


def test_only_kept_cells_and_valid_pixels_have_colors():
    grid, rgb = SphereGrid.of_rows(8, 2), np.full((8, 16, 3), 0.25, np.float32)
    rgb[4, :4], rgb[5, :4] = np.nan, 0.75
    valid = np.ones((8, 16), bool)
    valid[4, :4] = False
    keep = np.arange(8) < 3
    colors = colors_of_rings(light_of_rows(Panorama(rgb, valid=valid), 4, 6), grid, 2, 2, keep)
    np.testing.assert_allclose(colors, np.repeat([0.75, 0.75, 0.25], 3).reshape(3, 3), atol=1e-6)


def test_sky_and_invalid_pixels_become_nothing(box_room):
    depth = box_room.depth(64)
    sky = depth.sky.copy()
    sky[:20] = True
    valid = np.ones_like(sky)
    valid[50:] = False
    panorama = replace(box_room.panorama(64), valid=valid)
    means = grid_gaussians(panorama, replace(depth, sky=sky), stride=1, look=ALONE).fine.means
    row = 64 * (np.arcsin(means[:, 1] / np.linalg.norm(means, axis=1)) / np.pi + 0.5)
    assert row.min() > 20 and row.max() < 50
    assert np.unique(np.floor(row)).size == 30


def test_invalid_pixels_do_not_darken_their_neighbours():
    valid = np.ones((32, 64), bool)
    valid[:, ::5] = False
    rgb = np.where(valid[..., None], np.float32(0.8), np.float32(0))
    rgb = np.repeat(rgb, 3, axis=2) if rgb.shape[2] == 1 else rgb
    depth = DepthMap(np.full((32, 64), 2, np.float32), np.zeros((32, 64), bool))
    np.testing.assert_allclose(grid_gaussians(Panorama(rgb, valid=valid), depth, stride=4).joined.colors, 0.8, atol=1e-3)


def test_nearer_than_the_minimum_is_dropped_and_farther_than_the_maximum_is_moved():
    panorama, depth = step_scene(64)
    kept = grid_gaussians(panorama, depth, stride=1, look=ALONE, near_m=3.0).fine
    np.testing.assert_allclose(np.linalg.norm(kept.means, axis=1), 6, rtol=1e-5)
    moved = np.linalg.norm(grid_gaussians(panorama, depth, stride=1, look=ALONE, far_m=5.0).fine.means, axis=1)
    assert len(moved) == fine_count(panorama, 1) and moved.max() == pytest.approx(5)


def test_a_larger_scene_has_larger_gaussians(box_room):
    panorama, depth = box_room.panorama(48), box_room.depth(48)
    one, ten = (grid_gaussians(panorama, depth.scaled(factor)).joined for factor in (1.0, 10.0))
    np.testing.assert_allclose(ten.means, one.means * 10, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ten.scales, one.scales * 10, rtol=1e-3)
    assert len(grid_gaussians(panorama, depth.scaled(100.0), near_m=800.0, far_m=1000.0)) == 0
    assert len(grid_gaussians(panorama, depth, near_m=0.0)) == len(one)


def test_a_scene_without_surfaces_is_empty():
    depth = DepthMap(np.ones((32, 64), np.float32), np.ones((32, 64), bool))
    assert len(grid_gaussians(Panorama(np.ones((32, 64, 3), np.float32)), depth)) == 0


@pytest.mark.parametrize("height", [1, 2, 5, 16, 37])
def test_any_size_and_stride_work(height: int):
    shape = (height, 2 * height)
    depth = DepthMap(np.full(shape, 2, np.float32), np.zeros(shape, bool))
    for stride in (1, 3, 16):
        gaussians = grid_gaussians(Panorama(np.full((*shape, 3), 0.5, np.float32)), depth, stride=stride).joined
        assert len(gaussians) >= 3
        np.testing.assert_allclose(gaussians.colors, 0.5, atol=1e-5)


@pytest.mark.parametrize("wrong", [{"scale_factor": 0.0}, {"thickness": -1.0}, {"opacity": 1.5}])
def test_impossible_looks_are_refused(wrong: dict):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Look(**wrong)


def test_sizes_must_agree(box_room):
    with pytest.raises(ValueError, match="32.*64"):
        grid_gaussians(box_room.panorama(32), box_room.depth(64))


def test_cancelling_stops_the_work(box_room):
    with pytest.raises(Cancelled):
        grid_gaussians(box_room.panorama(32), box_room.depth(32), progress=Progress(is_cancelled=lambda: True))


def test_one_surface_per_block_agrees_with_its_obvious_twin():
    rng = np.random.default_rng(1)
    near = rng.random((12, 24)) < 0.5
    depth = DepthMap(np.where(near, 1.0, 9.0).astype(np.float32), np.zeros((12, 24), bool))
    surface = inverse_map(Panorama(np.zeros((12, 24, 3), np.float32)), depth, 3, (0.1, 100.0))
    for row in range(4):
        for column in range(8):
            majority = near[3 * row : 3 * row + 3, 3 * column : 3 * column + 3].mean() > 0.5
            assert surface.inverse[row, column] == pytest.approx(1 if majority else 1 / 9)


def test_slopes_agree_with_the_derivative_of_the_distance(box_room):
    """Twin by finite differences along the two local axes, away from the edges of the room."""
    gaussians = grid_gaussians(box_room.panorama(256), box_room.depth(256), stride=1, look=ALONE).fine
    stretch = gaussians.scales[:, 1] / gaussians.scales[:, 0]
    means = gaussians.means.astype(float)
    ray = means / np.linalg.norm(means, axis=1, keepdims=True)
    slant = 1 / np.abs(np.einsum("ni,ni->n", ray, box_room.hit(ray)[1]))
    assert np.quantile(np.abs(stretch / slant - 1), 0.95) < 0.01


@pytest.mark.parametrize("stride", [2, 3, 4])
@pytest.mark.parametrize("jump", [1.03, 1.1, 1.3])
def test_no_cell_mixes_a_thing_with_the_wall_close_behind_it(stride: int, jump: float):
    """The border runs aslant, so that blocks hold every share of both."""
    height = 192
    row, column = np.indices((height, 2 * height))
    near = column + row // 3 < height + 7
    depth = DepthMap(np.where(near, 2, 2 * jump).astype(np.float32), np.zeros_like(near))
    surface = inverse_map(Panorama(np.zeros((height, 2 * height, 3), np.float32)), depth, stride, (0.1, 100.0))
    between = (1 / surface.inverse - 2) / (2 * jump - 2)
    assert np.minimum(np.abs(between), np.abs(between - 1)).max() < 1e-3
    assert 0.3 < (between > 0.5).mean() < 0.7


def test_a_slanted_floor_is_averaged_and_not_cut(box_room):
    height, stride = 192, 2
    surface = inverse_map(box_room.panorama(height), box_room.depth(height), stride, (0.1, 100.0))
    error = surface.inverse * box_room.distance(height // stride) - 1
    assert np.median(np.abs(error)) < 1e-4
    assert np.quantile(np.abs(error), 0.97) < 1e-3
