from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from benchmarks.scene_quality import enlarged_view, on_walls, photo_view
from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.geometry.equirect import directions
from spag4d.render.view import render_view
from spag4d.splat import color_solve
from spag4d.splat.color_solve import solved_colors
from spag4d.splat.grid import grid_gaussians

AHEAD, SLANTED, DOWN = (np.array(v, float) for v in ((0, 0, 1), (0.6, 0.1, 0.8), (0.3, 0.8, 0.3)))
BEYOND = 3 / 255


def picture(rgb: np.ndarray) -> Panorama:
    return Panorama(np.broadcast_to(rgb, (*rgb.shape[:2], 3)).astype(np.float32))


def texture(height: int, seed: int = 0) -> Panorama:
    """Blobs of some pixels: the same at both edges, and at the poles as fine as elsewhere on the sphere."""
    rng = np.random.default_rng(seed)
    waves, phases = rng.normal(size=(40, 3)) * height / 6, rng.uniform(0, 2 * np.pi, (40, 3))
    rays = directions(height) @ waves.T.astype(np.float32)
    return picture(np.clip(0.5 + np.sin(rays[..., None] + phases).sum(2) / 15, 0, 1))


def layers(panorama: Panorama, stride: int = 1, depth: DepthMap | None = None) -> tuple[Gaussians, Gaussians]:
    """Both layers of an empty room in mean colours, as they were before solving."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spag4d.splat.grid.solved_colors", lambda fine, *rest, **options: fine.colors.copy())
        both = grid_gaussians(panorama, depth or on_walls(panorama), stride=stride)
    return both.fine, both.backing


def rendered(fine: Gaussians, back: Gaussians, direction: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return colour over black and alpha of the view that enlarges the picture twice, the mean of both kinds of rasterisers."""
    camera, parts = enlarged_view(direction, height, 2, 64), Gaussians.concatenate([fine, back])
    classic, compensated = (render_view(parts, camera, compensated=kind) for kind in (False, True))
    return (classic.rgb + compensated.rgb) / 2, (classic.alpha + compensated.alpha) / 2


@pytest.mark.parametrize("stride", [1, 3])
def test_a_picture_of_one_color_stays_as_it_is(stride: int):
    panorama = picture(np.full((48, 96, 1), 0.3))
    np.testing.assert_allclose(solved_colors(*layers(panorama, stride), panorama), 0.3, atol=2e-5)


def some_gaussians(count: int, height: int, seed: int) -> Gaussians:
    """Round ones close to the centre of the picture, facing the origin, so that none is in front by its slope."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(-2, 2, (count, 2)) * np.pi / height
    rays = np.stack([np.sin(at[:, 0]), at[:, 1], np.cos(at[:, 0])], 1)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    half = np.stack([1 + rays[:, 2], -rays[:, 1], rays[:, 0], np.zeros(count)], 1)  # the shortest turn from z to the ray
    quats = half / np.linalg.norm(half, axis=1, keepdims=True)
    sd = rng.uniform(0.4, 0.9, (count, 1)) * np.pi / height
    fields = (rays * 5, np.repeat(sd * 5, 3, 1), quats, rng.uniform(0.3, 0.99, count), rng.uniform(0.2, 0.8, (count, 3)))
    return Gaussians(*(field.astype(np.float32) for field in fields))


def blended_in_every_order(alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what each of a few Gaussians (n, samples) shows, as a mean over all orders, and what all let through."""
    shown = np.zeros_like(alpha)
    orders = list(permutations(range(len(alpha))))
    for order in orders:
        through = np.ones(alpha.shape[1])
        for g in order:
            shown[g] += alpha[g] * through / len(orders)
            through = through * (1 - alpha[g])
    return shown, through


@pytest.mark.parametrize("seed", range(4))
def test_one_step_is_that_of_blending_in_every_order(seed: int, monkeypatch):
    height = 64
    monkeypatch.setattr(color_solve, "_MOST_BEYOND", 1.0)
    fine, panorama = some_gaussians(5, height, seed), texture(height, seed)
    rays = directions(height)[24:40, 48:80].reshape(-1, 3).astype(float)
    axes = fine.means / np.linalg.norm(fine.means, axis=1, keepdims=True)
    variance = (fine.scales[:, 0] / np.linalg.norm(fine.means, axis=1)) ** 2
    dilated = variance + 0.3 * (np.pi / height / 2) ** 2
    squared = ((axes[:, None] - rays) ** 2).sum(-1) / dilated[:, None]
    peak = fine.opacities * (1 + variance / dilated) / 2
    shown, through = blended_in_every_order(np.where(squared < 2.5**2, peak[:, None] * np.exp(-squared / 2), 0))
    source = panorama.rgb[24:40, 48:80].reshape(-1, 3)
    missing = source * (1 - through)[:, None] - shown.T @ fine.colors
    expected = fine.colors + shown @ missing / shown.sum(1, keepdims=True)
    solved = solved_colors(fine, Gaussians.empty(), panorama, steps=1)
    assert np.abs(expected - fine.colors).max() > 0.05
    np.testing.assert_allclose(solved, np.clip(expected, 0, 1), atol=0.012)


@pytest.mark.parametrize("stride", [1, 2])
def test_views_are_nearer_to_the_photograph(stride: int):
    height = 96
    panorama = texture(height)
    fine, back = layers(panorama, stride)
    solved = replace(fine, colors=solved_colors(fine, back, panorama))
    gains_db = []
    for direction in (AHEAD, SLANTED, DOWN):
        photo = photo_view(panorama, enlarged_view(direction, height, 2, 64))
        before, after = (((rendered(layer, back, direction, height)[0] - photo) ** 2).mean() for layer in (fine, solved))
        gains_db.append(10 * np.log10(before / after))
    assert min(gains_db) > 0.3 and np.mean(gains_db) > 1


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("axis", [0, 1])
def test_no_halo_along_an_edge(stride: int, axis: int):
    height = 96
    far = np.indices((height, 2 * height))[axis] // 12 % 2
    panorama = picture(np.where(far, 0.75, 0.25)[..., None])
    fine, back = layers(panorama, stride)
    solved = replace(fine, colors=solved_colors(fine, back, panorama))
    view, alpha = rendered(solved, back, SLANTED, height)
    assert (view >= (0.25 - BEYOND) * alpha[..., None] - 1e-3).all() and (view <= 0.75 + BEYOND).all()
    before = rendered(fine, back, SLANTED, height)[0]
    between, between_before = (np.minimum(np.abs(v - 0.25), np.abs(v - 0.75)).mean() for v in (view, before))
    assert between < between_before  # less of the one color beside the other


@pytest.mark.parametrize("stride", [1, 2, 5])
def test_colors_stay_in_the_range_of_the_photograph_around(stride: int):
    height = 64
    panorama = picture(np.random.default_rng(2).random((height, 2 * height, 3)))
    fine, back = layers(panorama, stride)
    solved = solved_colors(fine, back, panorama)
    assert solved.min() >= 0 and solved.max() <= 1
    rays = directions(height).reshape(-1, 3)
    reach = 2.6 * np.sqrt((fine.scales[:, 0] / np.linalg.norm(fine.means, axis=1)) ** 2 + 0.075 * (np.pi / height) ** 2)
    reach += np.pi / height  # windows are square, and where rows are shorter a sample is a mean of pixels
    for g in np.random.default_rng(0).choice(len(fine), 100):
        near = rays @ (fine.means[g] / np.linalg.norm(fine.means[g])) > np.cos(1.5 * reach[g])
        around = panorama.rgb.reshape(-1, 3)[near]
        assert (solved[g] >= around.min(0) - BEYOND - 1e-6).all() and (solved[g] <= around.max(0) + BEYOND + 1e-6).all()


def test_invalid_pixels_have_no_influence():
    height = 64
    valid = np.ones((height, 2 * height), bool)
    valid[20:30, 40:60] = valid[56:] = False
    panorama = replace(texture(height), valid=valid)
    fine, back = layers(panorama)
    expected = solved_colors(fine, back, panorama)
    for other in (0.0, 1.0, np.nan):
        changed = np.where(valid[..., None], panorama.rgb, np.float32(other))
        np.testing.assert_array_equal(solved_colors(fine, back, Panorama(changed, valid=valid)), expected)


def test_nothing_valid_changes_nothing():
    panorama = texture(32)
    fine, back = layers(panorama)
    nothing = replace(panorama, valid=np.zeros((32, 64), bool))
    np.testing.assert_array_equal(solved_colors(fine, back, nothing), fine.colors)


def test_the_picture_has_no_edge_in_azimuth():
    height = 64
    panorama, size_hw = texture(height), (height, 2 * height)
    depth = DepthMap(np.full(size_hw, 3, np.float32), np.zeros(size_hw, bool))
    turned = replace(panorama, rgb=np.roll(panorama.rgb, height, axis=1))
    straight, half = (solved_colors(*layers(p, depth=depth), p) for p in (panorama, turned))
    fine, _ = layers(panorama, depth=depth)
    elevation = np.arcsin(-fine.means[:, 1] / 3)
    middle = np.abs(elevation) < np.radians(60)
    rings = np.split(np.flatnonzero(middle), np.flatnonzero(np.diff(elevation[middle]) < -1e-3) + 1)
    even = [ring for ring in rings if len(ring) % 2 == 0]
    assert len(even) > 20
    for ring in even:
        difference = np.roll(straight[ring], len(ring) // 2, axis=0) - half[ring]
        whole_cells = len(ring) == 2 * height
        assert np.abs(difference).max() < (1e-3 if whole_cells else 0.05)


def test_order_bands_and_calls_make_no_difference(monkeypatch):
    height = 96
    panorama = texture(height)
    fine, back = layers(panorama, 2)
    expected = solved_colors(fine, back, panorama)
    np.testing.assert_array_equal(solved_colors(fine, back, panorama), expected)
    mixed = np.random.default_rng(1).permutation(len(fine))
    np.testing.assert_allclose(solved_colors(fine.select(mixed), back, panorama), expected[mixed], atol=1e-4)
    monkeypatch.setattr(color_solve, "_BAND_SAMPLES", 1)
    monkeypatch.setattr(color_solve, "_MARGINS_PER_BAND", 2)
    banded = solved_colors(fine, back, panorama)
    middle = np.abs(fine.means[:, 1]) < 0.3 * np.linalg.norm(fine.means, axis=1)  # elsewhere bands differ in their samples
    assert np.abs(banded - expected)[middle].max() < 0.01


def test_without_gaussians_or_backing():
    panorama = texture(48)
    fine, _ = layers(panorama)
    assert solved_colors(Gaussians.empty(), Gaussians.empty(), panorama).shape == (0, 3)
    alone = solved_colors(fine, Gaussians.empty(), panorama)
    assert np.isfinite(alone).all() and alone.std() > fine.colors.std()
