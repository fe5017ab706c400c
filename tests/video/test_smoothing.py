from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spag4d.data import DepthMap, Gaussians, Layers, Panorama
from spag4d.geometry.equirect import directions
from spag4d.geometry.smooth import smooth_sphere
from spag4d.splat.edit import rotated
from spag4d.splat.grid import grid_gaussians
from spag4d.video.flow import Flow, look_up, sphere_flow
from spag4d.video.smoothing import steady
from spag4d.video.steadier import Steadier
from spag4d.video.steady_gaussians import remember, steadied
from tests.box_room import BoxRoom
from tests.formats.gaussian_scenes import scene

HEIGHT = 128


@pytest.fixture(scope="module")
def photo(interior: Panorama) -> Panorama:
    return Panorama(interior.rgb.reshape(HEIGHT, 4, 2 * HEIGHT, 4, 3).mean((1, 3)))


@pytest.fixture(scope="module")
def truth() -> DepthMap:
    return BoxRoom().depth(HEIGHT)


def disturbed(depth: DepthMap, seed: int) -> DepthMap:
    """Another scale and smooth noise, 5 % each."""
    rng = np.random.default_rng(seed)
    noise = smooth_sphere(rng.standard_normal(depth.size_hw).astype(np.float32), 15.0)
    return replace(depth, distance=depth.distance * np.exp(0.05 * noise / noise.std() + np.float32(rng.normal(0, 0.05))))


def test_flow_follows_a_turn_and_a_shift_at_every_latitude(interior: Panorama) -> None:
    turn = Rotation.from_rotvec([0.05, 0.3, -0.1]).as_matrix()
    further = Rotation.from_rotvec([0.02, -0.01, 0.015]).as_matrix()
    small = interior.rgb.reshape(256, 2, 512, 2, 3).mean((1, 3))
    rays = directions(256)
    newer = look_up(small, rays @ (turn.T @ further).T.astype(np.float32))
    flow = sphere_flow(small, newer, turn)
    true = rays @ (turn.T @ further).T.astype(np.float32)
    miss_deg = np.degrees(np.arccos(np.clip((flow.source * true).sum(-1), -1, 1)))
    trusted = flow.trust > 0.5
    assert trusted.mean() > 0.5
    assert np.median(miss_deg[trusted]) < 0.2
    assert np.median(miss_deg[-40:][trusted[-40:]]) < 0.3


def test_flicker_of_a_still_scene_is_taken_away(photo: Panorama, truth: DepthMap) -> None:
    memory, raw, calm = None, [], []
    for seed in range(8):
        depth = disturbed(truth, seed)
        done = steady(depth, photo, memory, np.eye(3), 0.3)
        memory = done.memory
        raw.append(np.log(depth.distance))
        calm.append(np.log(done.depth.distance))
    before, after = (np.sqrt(np.mean(np.diff(logs, axis=0) ** 2)) for logs in (raw, calm))
    assert after < 0.4 * before
    assert np.sqrt(np.mean((calm[-1] - np.log(truth.distance)) ** 2)) < 0.12


def test_true_depth_stays_true_while_the_camera_walks(truth: DepthMap) -> None:
    room, rays = BoxRoom(), directions(HEIGHT).astype(np.float64)
    memory = None
    for number in range(5):
        origin = (0.0, 0.0, 0.06 * number)
        distance = room.hit(rays, origin)[0]
        points = rays * distance[..., None] + origin
        fine = np.sin(9 * points) + np.sin(23 * points[..., [1, 2, 0]] + 1)
        panorama = Panorama((0.5 + 0.2 * fine).astype(np.float32))
        depth = replace(truth, distance=distance.astype(np.float32))
        done = steady(depth, panorama, memory, np.eye(3), 0.3)
        memory = done.memory
        assert np.median(np.abs(np.log(done.depth.distance / depth.distance))) < 0.004


def test_what_changed_is_new_at_once(photo: Panorama, truth: DepthMap) -> None:
    first = steady(truth, photo, None, np.eye(3), 0.3)
    rgb, distance = photo.rgb.copy(), truth.distance.copy()
    rgb[50:80, 100:140] = (0.9, 0.1, 0.1)
    distance[50:80, 100:140] = 0.7
    second = steady(replace(truth, distance=distance), replace(photo, rgb=rgb), first.memory, np.eye(3), 0.3)
    third = steady(truth, photo, second.memory, np.eye(3), 0.3)
    assert np.abs(second.depth.distance[52:78, 102:138] / 0.7 - 1).max() < 0.02
    assert np.abs(third.depth.distance / truth.distance - 1)[52:78, 102:138].max() < 0.02


def test_a_cut_starts_afresh(photo: Panorama, truth: DepthMap) -> None:
    first = steady(truth, photo, None, np.eye(3), 0.3)
    other = Panorama(np.random.default_rng(0).random(photo.rgb.shape, np.float32))
    doubled = replace(truth, distance=truth.distance * 2)
    second = steady(doubled, other, first.memory, np.eye(3), 0.3)
    assert second.flow is None
    assert second.depth is doubled


def test_a_sky_that_flips_for_one_frame_stays(photo: Panorama, truth: DepthMap) -> None:
    sky = np.zeros(truth.size_hw, bool)
    sky[:30] = True
    whole = replace(truth, sky=sky)
    torn = sky.copy()
    torn[10:20, 60:90] = False
    memory = steady(whole, photo, None, np.eye(3), 0.3).memory
    done = steady(replace(truth, sky=torn), photo, memory, np.eye(3), 0.3)
    assert done.depth.sky[10:20, 60:90].mean() > 0.8
    again = steady(replace(truth, sky=torn), photo, done.memory, np.eye(3), 0.3)
    assert again.depth.sky[12:18, 65:85].mean() < 0.2


def still(height: int) -> Flow:
    return Flow(directions(height), np.ones((height, 2 * height), np.float32))


def test_looks_are_averaged_only_with_what_was_there(truth: DepthMap) -> None:
    layers = grid_gaussians(BoxRoom().panorama(HEIGHT), truth)
    gaussians = layers.joined
    before = remember(layers.changed(
        lambda seen: replace(seen, colors=np.zeros_like(seen.colors), opacities=seen.opacities * 0.5)), HEIGHT // 2)
    calm = steadied(gaussians, before, still(HEIGHT), 0.25)
    fine = gaussians.scales.max(1) < np.median(gaussians.scales.max(1)) * 2
    mixed = np.abs(calm.colors - 0.75 * gaussians.colors).max(1) < 1e-5
    assert mixed[fine].mean() > 0.95
    assert np.allclose(calm.opacities[mixed], 0.875 * gaussians.opacities[mixed], atol=1e-5)
    assert np.array_equal(calm.colors[~mixed], gaussians.colors[~mixed])
    assert np.array_equal(calm.means, gaussians.means)
    elsewhere = before.copy()
    elsewhere[..., 0] += 1
    assert np.array_equal(steadied(gaussians, elsewhere, still(HEIGHT), 0.25).colors, gaussians.colors)


def test_what_is_seen_from_the_capture_point_is_what_is_remembered() -> None:
    def in_front(distance_m: float) -> Gaussians:
        return replace(scene(1), means=np.array([[0, 0, distance_m]], np.float32))

    given = {"behind": in_front(9), "sky": in_front(200), "backing": in_front(2.1), "fine": in_front(2)}
    layers = Layers()
    for name, layer in given.items():
        layers = replace(layers, **{name: layer})
        known = remember(layers, 8)[..., 0]
        assert np.exp(known[np.isfinite(known)]) == pytest.approx(layer.means[:, 2])
    twice = Layers(fine=Gaussians.concatenate([in_front(3), in_front(2)]))
    assert np.exp(remember(twice, 8)[..., 0].max()) == pytest.approx(3)


def test_a_frame_without_gaussians_is_no_obstacle(truth: DepthMap) -> None:
    layers = grid_gaussians(BoxRoom().panorama(HEIGHT), truth)
    gaussians, nothing = layers.joined, remember(Layers(), HEIGHT // 2)
    assert np.array_equal(steadied(gaussians, nothing, still(HEIGHT), 0.5).colors, gaussians.colors)
    assert len(steadied(Gaussians.empty(), remember(layers, HEIGHT // 2), still(HEIGHT), 0.5)) == 0


def test_turned_gaussians_are_the_same_ones(truth: DepthMap) -> None:
    gaussians = grid_gaussians(BoxRoom().panorama(32), BoxRoom().depth(32)).joined
    turn = Rotation.from_rotvec([0.4, 1.0, -0.7])
    turned = rotated(gaussians, turn.as_matrix())
    assert np.allclose(turned.means, turn.apply(gaussians.means), atol=1e-5)
    axes = [Rotation.from_quat(g.quats_wxyz, scalar_first=True).as_matrix() for g in (gaussians, turned)]
    assert np.allclose(np.abs(np.einsum("nij,nij->nj", turn.as_matrix() @ axes[0], axes[1])), 1, atol=1e-5)
    assert rotated(gaussians, np.eye(3)) is gaussians


def test_a_state_goes_on_as_if_nothing_had_happened(photo: Panorama, truth: DepthMap) -> None:
    def two_more(steadier: Steadier) -> list[np.ndarray]:
        out = []
        for seed in (5, 6):
            depth = steadier.depth(disturbed(truth, seed), photo, np.eye(3))
            out.append(steadier.gaussians(grid_gaussians(photo, depth), HEIGHT // 2).joined.colors)
            out.append(depth.distance)
        return out

    first = Steadier(0.3)
    first.gaussians(grid_gaussians(photo, first.depth(disturbed(truth, 4), photo, np.eye(3))), HEIGHT // 2)
    second = Steadier(0.3)
    second.restore(first.state())
    assert all(np.array_equal(a, b) for a, b in zip(two_more(first), two_more(second), strict=True))
    assert Steadier(0.0).state() == {}
    assert Steadier(0.0).depth(truth, photo, np.eye(3)) is truth
