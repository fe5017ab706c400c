"""What is handed to gsplat, checked with a stand-in that draws on the CPU by gsplat's own conventions."""

import sys
import types

import numpy as np
import pytest
import torch

from spag4d.data import Gaussians, PinholeCamera, Pose
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.render.on_cuda import drawing_device
from spag4d.render.view import render_panorama, render_view


def rasterization(*, means, quats, scales, opacities, colors, viewmats, Ks, width, height, render_mode, rasterize_mode):
    """One camera, isotropic Gaussians: OpenCV axes, camera from world, pixel centres at 0.5, 0.3 px² dilation."""
    assert render_mode == "RGB+D" and rasterize_mode in ("classic", "antialiased")
    points = means @ viewmats[0, :3, :3].T + viewmats[0, :3, 3]
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    out, through = torch.zeros(height, width, 4), torch.ones(height, width)
    for i in torch.argsort(points[:, 2]).tolist():
        x, y, z = points[i]
        if z < 0.01:
            continue
        x, y = Ks[0, 0, 0] * x / z + Ks[0, 0, 2], Ks[0, 1, 1] * y / z + Ks[0, 1, 2]
        variance = (Ks[0, 0, 0] * scales[i, 0] / z) ** 2
        alpha = opacities[i] * torch.exp(-0.5 * ((u - x) ** 2 + (v - y) ** 2) / (variance + 0.3))
        alpha = alpha * (variance / (variance + 0.3) if rasterize_mode == "antialiased" else 1)
        out += (alpha * through)[..., None] * torch.cat([colors[i], z[None]])
        through = through * (1 - alpha)
    return out[None], (1 - through)[None, ..., None], {}


@pytest.fixture
def gsplat(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("gsplat")
    module.rasterization = rasterization  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gsplat", module)
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *_args, **_more: self)


def scene() -> Gaussians:
    rng = np.random.default_rng(1)
    rays = rng.normal(size=(60, 3))
    means = rays / np.linalg.norm(rays, axis=1, keepdims=True) * rng.uniform(2, 5, (60, 1))
    quats, scales = np.tile([1.0, 0, 0, 0], (60, 1)), np.repeat(rng.uniform(0.02, 0.06, (60, 1)), 3, 1)
    fields = (means, scales, quats, rng.uniform(0.3, 0.9, 60), rng.uniform(0, 1, (60, 3)))
    found = Gaussians(*(field.astype(np.float32) for field in fields))
    found.means[7] = np.nan
    return found


@pytest.mark.usefixtures("gsplat")
@pytest.mark.parametrize("compensated", [False, True])
def test_both_ways_draw_one_picture(compensated: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    real = torch.tensor
    monkeypatch.setattr(torch, "tensor", lambda value, dtype=None, device=None: real(value, dtype=dtype))
    pose = Pose(rotation_from_yaw_pitch_roll(0.4, -0.2, 0.1), np.array([0.1, 0.2, -0.3]))
    camera = PinholeCamera(50, 40, 40.0, 40.0, 26.0, 19.0, pose)
    ours, theirs = (render_view(scene(), camera, compensated=compensated, device=device) for device in ("cpu", "cuda"))
    assert ours.alpha.max() > 0.3
    np.testing.assert_allclose(theirs.rgb, ours.rgb, atol=0.03)
    np.testing.assert_allclose(theirs.alpha, ours.alpha, atol=0.04)
    seen = ours.alpha > 0.2
    np.testing.assert_allclose(theirs.distance[seen], ours.distance[seen], rtol=0.05)
    ours, theirs = (render_panorama(scene(), 48, compensated=compensated, device=device) for device in ("cpu", "cuda"))
    assert np.abs(theirs.rgb - ours.rgb).mean() < 0.01


def test_without_gsplat_drawing_stays_on_the_cpu() -> None:
    assert drawing_device("cpu") == drawing_device("auto") == "cpu"
