"""Pictures of Gaussians against an obvious twin, and cases that can be worked out by hand."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from spag4d.data import Gaussians, PinholeCamera, Pose
from spag4d.geometry.camera import camera_looking, view_directions
from spag4d.geometry.equirect import directions, pixels_from_directions
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll, rotations_from_quats
from spag4d.render.view import render_panorama, render_view

FRONT = np.array([0.0, 0.0, 1.0])


def random_scene(count: int, seed: int = 0) -> Gaussians:
    rng = np.random.default_rng(seed)
    quats = rng.normal(size=(count, 4))
    rays = rng.normal(size=(count, 3))
    means = rays / np.linalg.norm(rays, axis=1, keepdims=True) * rng.uniform(1, 6, (count, 1))
    fields = (means, np.exp(rng.normal(-2.5, 0.7, (count, 3))), quats / np.linalg.norm(quats, axis=1, keepdims=True),
              rng.uniform(0.05, 1, count), rng.uniform(0, 1, (count, 3)))
    return Gaussians(*(field.astype(np.float32) for field in fields))


def one(mean=(0, 0, 2.0), scale=(0.1, 0.1, 0.1), quat=(1, 0, 0, 0), opacity=0.8, color=(0.2, 0.5, 0.9)) -> Gaussians:
    return Gaussians(*(np.array([value], np.float32) for value in (mean, scale, quat, opacity, color)))


def twin(gaussians: Gaussians, camera: PinholeCamera, compensated: bool) -> np.ndarray:
    """Colour, distance × alpha and alpha (h, w, 5), Gaussian by Gaussian over the whole picture, by the formulas of 3DGS."""
    pose = camera.world_from_camera
    points = (gaussians.means.astype(float) - pose.translation) @ pose.rotation
    u, v = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    out, through = np.zeros((camera.height, camera.width, 5)), np.ones((camera.height, camera.width))
    limits = 1.3 * np.array([camera.width / 2 / camera.fx, camera.height / 2 / camera.fy])
    for i in np.argsort(points[:, 2], kind="stable"):
        x, y, z = points[i]
        if z <= 0.01:
            continue
        slant = np.clip([x / z, y / z], -limits, limits)
        jacobian = np.array([[camera.fx / z, 0, -camera.fx * slant[0] / z], [0, camera.fy / z, -camera.fy * slant[1] / z]])
        turn = pose.rotation.T @ rotations_from_quats(gaussians.quats_wxyz[i : i + 1].astype(float))[0]
        covariance = jacobian @ turn @ np.diag(gaussians.scales[i].astype(float) ** 2) @ turn.T @ jacobian.T
        blurred = covariance + 0.3 * np.eye(2)
        opacity = gaussians.opacities[i]
        if compensated:
            opacity = opacity * np.sqrt(np.linalg.det(covariance) / np.linalg.det(blurred))
        offset = np.stack([u - (x / z * camera.fx + camera.cx), v - (y / z * camera.fy + camera.cy)], -1)
        alpha = opacity * np.exp(-0.5 * np.einsum("hwi,ij,hwj->hw", offset, np.linalg.inv(blurred), offset))
        alpha = np.where(alpha < 1 / 255, 0, np.minimum(alpha, 0.999))
        out += (alpha * through)[..., None] * np.array([*gaussians.colors[i], np.linalg.norm(points[i]), 1])
        through *= 1 - alpha
    return out


@pytest.mark.parametrize("compensated", [False, True])
def test_a_view_is_what_the_formulas_say(compensated: bool) -> None:
    scene = random_scene(300)
    pose = Pose(rotation_from_yaw_pitch_roll(0.7, 0.3, 0.2), np.array([0.2, -0.1, 0.3]))
    camera = PinholeCamera(45, 37, 30.0, 33.0, 20.0, 19.5, pose)
    drawn, expected = render_view(scene, camera, compensated=compensated), twin(scene, camera, compensated)
    off = np.abs(np.concatenate([drawn.rgb, drawn.alpha[..., None]], -1) - expected[..., [0, 1, 2, 4]])
    assert off.max() < 5e-3, "float32 may only decide otherwise about an alpha of 1/255"
    assert off.mean() < 2e-5
    mean = expected[..., 3] / np.maximum(expected[..., 4], 1e-9)
    seen = expected[..., 4] > 0.5
    np.testing.assert_allclose(drawn.distance[seen], mean[seen], rtol=0.02)


def test_one_gaussian_has_the_peak_and_the_width_that_can_be_worked_out() -> None:
    camera = camera_looking(FRONT, 90.0, (101, 101))
    drawn = render_view(one(opacity=0.8), camera, compensated=False)
    variance = (0.1 / 2 * camera.fx) ** 2 + 0.3
    expected = 0.8 * np.exp(-0.5 * np.arange(-8, 9) ** 2 / variance)
    expected[expected < 1 / 255] = 0
    np.testing.assert_allclose(drawn.alpha[50, 42:59], expected, atol=1e-5)
    np.testing.assert_allclose(drawn.rgb[50, 50], 0.8 * np.array([0.2, 0.5, 0.9]), atol=1e-5)
    assert drawn.distance[50, 50] == pytest.approx(2.0, abs=1e-5)
    assert np.isinf(drawn.distance[0, 0])


def test_compensation_keeps_the_sum_of_a_tiny_gaussian() -> None:
    camera = camera_looking(FRONT, 90.0, (41, 41))
    sd_px = 0.2
    scene = one(scale=(2 * sd_px / camera.fx,) * 3, opacity=0.9)
    sums = {kind: float(render_view(scene, camera, compensated=kind).alpha.sum()) for kind in (False, True)}
    assert sums[True] == pytest.approx(0.9 * 2 * np.pi * sd_px**2, rel=0.05)
    assert sums[False] / sums[True] == pytest.approx((sd_px**2 + 0.3) / sd_px**2, rel=0.05)


def test_the_nearer_covers_whatever_its_place_in_the_file() -> None:
    near, far = one((0, 0, 1), (0.3,) * 3, opacity=1, color=(1, 0, 0)), one((0, 0, 3), (0.9,) * 3, opacity=1, color=(0, 1, 0))
    camera = camera_looking(FRONT, 60.0, (21, 21))
    for scene in (Gaussians.concatenate([near, far]), Gaussians.concatenate([far, near])):
        np.testing.assert_allclose(render_view(scene, camera, compensated=False).rgb[10, 10], (0.999, 0.001, 0), atol=2e-3)


def test_nothing_is_seen_of_what_is_behind_or_invalid() -> None:
    camera = camera_looking(FRONT, 60.0, (9, 9))
    bad = [one((0, 0, -2)), one((np.nan, 0, 2)), one((0, 0, np.inf)), one(scale=(np.nan,) * 3), one(opacity=np.nan)]
    for scene in (*bad, Gaussians.empty()):
        drawn = render_view(scene, camera)
        assert not drawn.alpha.any() and not drawn.rgb.any()


@pytest.mark.parametrize("direction", [(0, 0, 1), (1, 0, 0.02), (-1, -0.9, 1), (0, -1, 0), (0.1, 1, 0), (-0.01, 0, -1)])
def test_a_panorama_shows_a_gaussian_where_it_is(direction: tuple[float, float, float]) -> None:
    ray = np.array(direction) / np.linalg.norm(direction)
    position = np.array([0.3, -0.2, 0.5])
    drawn = render_panorama(one(position + 3 * ray, (0.08,) * 3), 64, position)
    weights = drawn.alpha * np.cos(np.pi / 2 - np.pi * (np.arange(64)[:, None] + 0.5) / 64)
    centre = np.einsum("hw,hwk->k", weights, directions(64))
    assert np.degrees(np.arccos(np.clip(centre @ ray / np.linalg.norm(centre), -1, 1))) < 0.1 * 180 / 64
    np.testing.assert_allclose(drawn.distance[drawn.alpha > 0.3], 3, rtol=0.01)


@pytest.mark.parametrize("direction", [(0, 0, 1), (1, 0, 0), (0.9, 0.8, 1), (0, 1, 0)])
def test_a_panorama_and_a_view_are_one_picture(direction: tuple[float, float, float]) -> None:
    scene, height = random_scene(3000, seed=3), 256
    scene = replace(scene, scales=scene.scales * np.float32(0.3))  # small ones look alike in views that are turned
    camera = camera_looking(np.array(direction, float), 50.0, (90, 90))
    view, panorama = render_view(scene, camera), render_panorama(scene, height)
    place = pixels_from_directions(view_directions(camera), height).astype(np.float32)
    inner = place[2:-2, 2:-2]
    wide = np.concatenate([panorama.rgb, panorama.rgb[:, :2]], 1)
    sampled = cv2.remap(wide, inner[..., 0], inner[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    off = np.abs(sampled - view.rgb[2:-2, 2:-2])
    assert off.mean() < 0.2 * np.abs(sampled - view.rgb[2:-2, -3:1:-1]).mean(), "mirrored it would not fit"


def test_the_same_scene_gives_the_same_picture() -> None:
    scene = random_scene(5000)
    first, second = (render_panorama(scene, 96).rgb for _ in range(2))
    np.testing.assert_array_equal(first, second)
