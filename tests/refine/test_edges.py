import cv2
import numpy as np
import pytest

from spag4d.data import DepthMap, Panorama
from spag4d.errors import Cancelled
from spag4d.geometry.equirect import crop_sphere, pad_sphere
from spag4d.progress import Progress
from spag4d.refine.edges import refine_edges

SIGMA_PX = 4


def blurred(distance: np.ndarray, shift_px: int = 0, sigma_px: float = SIGMA_PX) -> np.ndarray:
    padded = pad_sphere(distance, 20)
    return np.roll(crop_sphere(cv2.GaussianBlur(padded, (0, 0), sigma_px), 20), shift_px, 1)


def window(distance: np.ndarray, radius_px: int, operation: int) -> np.ndarray:
    padded = pad_sphere(distance, radius_px)
    return crop_sphere(cv2.morphologyEx(padded, operation, np.ones([2 * radius_px + 1] * 2, np.uint8)), radius_px)


def edge_band(truth: np.ndarray, radius_px: int = int(2.5 * SIGMA_PX)) -> np.ndarray:
    jump = window(truth, 1, cv2.MORPH_DILATE) > 1.25 * window(truth, 1, cv2.MORPH_ERODE)
    return window(jump.astype(np.uint8), radius_px, cv2.MORPH_DILATE) > 0


def error(distance: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.abs(np.log(distance / truth))


def largest_step(distance: np.ndarray) -> float:
    return float(np.abs(np.diff(np.log(distance), axis=1)).max())


def hanging(distance: np.ndarray, truth: np.ndarray, radius_px: int = int(2.5 * SIGMA_PX)) -> np.ndarray:
    """Pixels farther than 5 % from every surface that is really there within the radius."""
    off = np.full(distance.shape, np.inf, np.float32)
    padded = pad_sphere(truth, radius_px)
    height, width = truth.shape
    for y in range(0, 2 * radius_px + 1):
        for x in range(0, 2 * radius_px + 1):
            np.minimum(off, np.abs(np.log(distance / padded[y : y + height, x : x + width])), out=off)
    return off > 0.05


@pytest.mark.parametrize("shift_px", [0, 4])
def test_halves_the_error_around_edges_and_leaves_nothing_hanging(room, shift_px):
    truth = room.truth.distance
    before = blurred(truth, shift_px)
    after = refine_edges(DepthMap(before, room.truth.sky), room.panorama).distance
    band = edge_band(truth)
    assert error(after, truth)[band].mean() < 0.3 * error(before, truth)[band].mean()
    assert np.abs(after - truth)[band].mean() < 0.3 * np.abs(before - truth)[band].mean()
    assert hanging(before, truth)[band].mean() > 0.2
    assert hanging(after, truth)[band].mean() < 0.02
    assert error(after, truth)[~band].mean() < error(before, truth)[~band].mean() + 2e-4


@pytest.mark.parametrize("grain", [0.0, 0.03])
def test_an_edge_without_contrast_stays_one_connected_surface(grain):
    truth = np.full((256, 512), 5, np.float32)
    truth[60:200, 100:300] = 2
    before = blurred(truth)
    rgb = 0.5 + grain * np.random.default_rng(2).random((256, 512, 3)).astype(np.float32)
    after = refine_edges(DepthMap(before, np.zeros(truth.shape, bool)), Panorama(rgb)).distance
    assert largest_step(after) < 2.5 * largest_step(before) < 0.4 * largest_step(truth)


def test_an_edge_with_contrast_is_a_step_without_islands():
    """A disc, whose depth is blurred and whose outline is one line of the picture."""
    y, x = np.mgrid[:256, :512]
    disc = np.hypot(x - 200, y - 120) < 40
    truth = np.where(disc, 2.0, 5.0).astype(np.float32)
    noise = np.random.default_rng(2).normal(0, 0.03, (256, 512, 3))
    rgb = (np.where(disc, 0.7, 0.4)[..., None] + noise).clip(0, 1).astype(np.float32)
    after = refine_edges(DepthMap(blurred(truth, 0, 3), np.zeros(truth.shape, bool)), Panorama(rgb)).distance
    near = after < np.sqrt(10)
    assert np.mean(np.abs(np.log(after / truth))[edge_band(truth, 6)] > 0.1) < 0.03
    for side in (near, ~near):
        assert cv2.connectedComponents(side.astype(np.uint8))[0] == 2
    outline = np.count_nonzero(near & ~cv2.erode(near.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool))
    assert outline < 1.15 * np.count_nonzero(disc & ~cv2.erode(disc.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool))


def test_a_thin_pole_is_not_swallowed_by_what_is_behind(room):
    truth = np.full((256, 512), 6, np.float32)
    truth[60:200, 255:258] = 2
    rgb = np.where(truth < 3, 0.1, 0.6).astype(np.float32)[..., None].repeat(3, 2)
    before = np.exp(blurred(np.log(truth), 0, 1))
    after = refine_edges(DepthMap(before, np.zeros(truth.shape, bool)), Panorama(rgb)).distance
    assert (after[70:190, 256] < 1.05 * before[70:190, 256]).all()


def test_texture_does_not_print_into_the_depth(box_room):
    distance = box_room.distance(512)
    y, x = np.mgrid[:512, :1024]
    checker = ((x // 16 + y // 16) % 2).astype(np.float32)
    noise = np.random.default_rng(1).integers(0, 255, (512, 1024), np.uint8)
    cv2.putText(noise, "TEXT ON A WALL", (300, 260), cv2.FONT_HERSHEY_SIMPLEX, 2, (0.0,), 8)
    for pattern in (checker, noise / np.float32(255)):
        panorama = Panorama(np.repeat(pattern[..., None], 3, 2))
        for before in (distance, blurred(distance)):
            after = refine_edges(DepthMap(before, np.zeros(before.shape, bool)), panorama).distance
            assert error(after, before).max() < 0.002


@pytest.mark.parametrize("name", ["room", "outdoors", "dull_room"])
def test_exact_depth_stays_exact(name, request):
    scene = request.getfixturevalue(name)
    after = refine_edges(scene.truth, scene.panorama)
    np.testing.assert_array_equal(after.distance, scene.truth.distance)
    np.testing.assert_array_equal(after.sky, scene.truth.sky)


def test_a_ground_plane_to_the_horizon_is_no_edge(outdoors):
    truth = outdoors.truth.distance
    after = refine_edges(DepthMap(blurred(truth), outdoors.truth.sky), outdoors.panorama).distance
    ground = np.zeros(truth.shape, bool)
    ground[290:] = True
    open_ground = ground & ~edge_band(truth, 16)
    assert open_ground.mean() > 0.3
    np.testing.assert_array_equal(after[open_ground], blurred(truth)[open_ground])


def test_the_skyline_moves_to_the_colours(outdoors):
    truth = outdoors.truth
    displaced = np.roll(truth.sky, 4, 1)
    surface = np.roll(np.where(truth.sky, 30.0, truth.distance).astype(np.float32), 4, 1)
    before = np.where(displaced, np.float32(500), np.exp(blurred(np.log(surface))))
    after = refine_edges(DepthMap(before, displaced), outdoors.panorama)
    assert (after.sky != truth.sky).sum() < 0.35 * (displaced != truth.sky).sum()
    assert (after.distance[after.sky] > 400).all()
    regained = ~after.sky & displaced & ~truth.sky & (truth.distance < 30)
    assert regained.sum() > 300
    errors = [np.median(error(distance, truth.distance)[regained]) for distance in (before, after.distance)]
    assert errors[1] < 0.15 * errors[0]


def test_far_sky_does_not_bleed_into_the_foreground(outdoors):
    truth = outdoors.truth
    before = blurred(truth.distance, sigma_px=2)
    after = refine_edges(DepthMap(before, truth.sky), outdoors.panorama)
    building = edge_band(truth.distance, 4) & ~truth.sky & (truth.distance < 30)
    assert np.mean(error(before, truth.distance)[building] > 0.2) > 0.5
    assert np.mean(error(after.distance, truth.distance)[building & ~after.sky] > 0.2) < 0.2
    assert after.sky[building].mean() < 0.05


@pytest.mark.parametrize("shift_px", [1, 300, 512])
def test_turning_the_panorama_turns_the_result(room, shift_px):
    before = blurred(room.truth.distance, 3)
    straight = refine_edges(DepthMap(before, room.truth.sky), room.panorama).distance
    turned = Panorama(np.roll(room.panorama.rgb, shift_px, 1))
    after = refine_edges(DepthMap(np.roll(before, shift_px, 1), room.truth.sky), turned).distance
    np.testing.assert_allclose(after, np.roll(straight, shift_px, 1), rtol=1e-4)


def test_edges_across_a_pole_are_refined():
    y, x = (np.mgrid[:512, :1024] + 0.5) * (np.pi / 512)
    beyond_zenith = np.sin(y) * np.cos(x) > 0.05  # a border that passes near both poles
    truth = np.where(beyond_zenith, 3.0, 1.5).astype(np.float32)
    rgb = np.where(beyond_zenith, 0.8, 0.2).astype(np.float32)[..., None].repeat(3, 2)
    before = blurred(truth)
    after = refine_edges(DepthMap(before, np.zeros(truth.shape, bool)), Panorama(rgb)).distance
    band = edge_band(truth)
    band[40:-40] = False
    assert error(after, truth)[band].mean() < 0.55 * error(before, truth)[band].mean()


def test_strength_scales_the_effect(room):
    before = DepthMap(blurred(room.truth.distance), room.truth.sky)
    full = refine_edges(before, room.panorama).distance
    half = refine_edges(before, room.panorama, strength=0.5).distance
    assert refine_edges(before, room.panorama, strength=0.0) is before
    np.testing.assert_allclose(half, np.sqrt(full * before.distance), rtol=1e-5)


def test_a_small_radius_leaves_wide_ramps_alone(room):
    before = DepthMap(blurred(room.truth.distance), room.truth.sky)
    after = refine_edges(before, room.panorama, radius_deg=0.5).distance
    assert np.mean(after != before.distance) < 0.01


def test_excluded_pixels_neither_change_nor_matter(room):
    valid = np.ones(room.truth.size_hw, bool)
    valid[200:330, 500:560] = False
    before = blurred(room.truth.distance, 2)
    results = []
    for seed in (1, 2):
        noise = np.random.default_rng(seed).random((*valid.shape, 4), np.float32)
        rgb = np.where(valid[..., None], room.panorama.rgb, noise[..., :3])
        distance = np.where(valid, before, 1 + 20 * noise[..., 3])
        after = refine_edges(DepthMap(distance, room.truth.sky), Panorama(rgb, valid=valid)).distance
        np.testing.assert_array_equal(after[~valid], distance[~valid])
        results.append(after[valid])
    np.testing.assert_allclose(*results, rtol=1e-5)
    assert np.mean(results[0] != before[valid]) > 0.02


def test_large_maps_are_refined_at_full_resolution():
    step = np.zeros((2048, 4096), bool)
    step[900:1200, 1001:2003] = True
    truth = np.where(step, 2.0, 4.0).astype(np.float32)
    panorama = Panorama(np.where(step, 0.7, 0.3).astype(np.float32)[..., None].repeat(3, 2))
    after = refine_edges(DepthMap(blurred(truth, 3), np.zeros(truth.shape, bool)), panorama).distance
    beside = edge_band(truth, 4)
    assert np.mean(error(after, truth)[~beside] > 0.02) < 2e-4


def test_sizes_must_agree(room):
    with pytest.raises(ValueError, match="256"):
        refine_edges(DepthMap(np.ones((256, 512), np.float32), np.zeros((256, 512), bool)), room.panorama)


def test_can_be_cancelled(room):
    with pytest.raises(Cancelled):
        refine_edges(room.truth, room.panorama, progress=Progress(is_cancelled=lambda: True))
