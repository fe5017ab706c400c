"""What a scene's mirroring plane shows: the world seen from the camera's image on its other side, turned upside down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from training.primitives import BOX, RECT, Primitive
from training.raycast import Grid
from training.scene import Scene
from training.view import Quality, View, look, radiance

_CHEAP = Quality(casters=0, shadow_step=4, reflections=False)


def mirror(scene: Scene, view: View, quality: Quality, plain: torch.Tensor) -> torch.Tensor:
    """Blend the reflection into the radiance ``plain`` (rows, w, 3) of the pixels that lie on the scene's ``reflector``."""
    assert scene.reflector is not None
    height, strength = scene.reflector
    on_plane = _on_plane(scene, view, height)
    rows = on_plane.any(1).nonzero().squeeze(1)
    if not len(rows):
        return plain
    first, last = int(rows[0]), int(rows[-1]) + 1
    step = 1 if quality.shadow_step == 1 else 2
    below = _grid_below(scene, view.grid, height, (first, last), step)
    shown = _seen_from_below(scene, below, height, step)
    offset = view.grid.row0 - (below.height - below.row1) * step
    picked = torch.zeros_like(plain)
    a, b = max(first, -offset), min(last, shown.shape[0] - offset)
    picked[a:b] = shown[a + offset : b + offset]
    fresnel = strength + (1.0 - strength) * (1.0 - view.rays[1].abs()).clamp(0.0, 1.0) ** 5
    share = (fresnel * on_plane)[..., None]
    return plain * (1.0 - 0.7 * share) + picked * share


def _on_plane(scene: Scene, view: View, height: float) -> torch.Tensor:
    """Which pixels (rows, w) show a horizontal rectangle at the height of the plane."""
    level = [p.kind == RECT and abs(p.axes[1, 2]) > 0.99 and abs(p.center[1] + height) < 0.005 for p in scene.primitives]
    flat = torch.tensor([*level, False], device=view.grid.device)
    return (view.index >= 0) & flat[view.index.clamp_min(0).long()]


def _grid_below(scene: Scene, grid: Grid, height: float, rows: tuple[int, int], step: int) -> Grid:
    """The rays from the camera's image that mirror the ``rows`` of ``grid``, ``step`` times as coarse."""
    first, last = rows
    low = max((grid.row0 + first) // step * step, 0)
    total = grid.height // step
    top, bottom = total - (grid.row0 + last + step - 1) // step, total - low // step
    image = np.array([scene.camera[0], -2 * height - scene.camera[1], scene.camera[2]])
    return Grid(total, max(top, 0), bottom, image, grid.yaw, grid.device)


def _seen_from_below(scene: Scene, below: Grid, height: float, step: int) -> torch.Tensor:
    """Radiance (rows, w, 3) at full size of what stands above the plane, its first row the lowest of ``below``."""
    above = [p for p in scene.primitives if p.center[1] - abs(p.axes[1] @ np.array(p.half)) < -height - 0.02]
    kept = replace(scene, camera=below.origin, primitives=[_sunk(p, -height) for p in above], panes=[])
    shown = radiance(kept, look(kept, below, water=height), _CHEAP).flip(0).permute(2, 0, 1)[None]
    if step > 1:
        shown = F.interpolate(shown, scale_factor=float(step), mode="bilinear")
    return shown[0].permute(1, 2, 0)


def _sunk(p: Primitive, plane_y: float) -> Primitive:
    """An upright thing that stands on the plane, made to reach below it: no light leaks in at its foot."""
    tall = p.half[1]
    bottom = float(p.center[1]) + tall
    if p.kind not in (BOX, RECT) or p.taper != 1.0 or abs(p.axes[1, 1]) < 0.999 or abs(bottom - plane_y) > 0.15:
        return p
    deeper = min(0.15, tall)
    center = p.center + np.array([0.0, deeper, 0.0])
    holes = tuple((x0, y0 - deeper, x1, y1 - deeper) for x0, y0, x1, y1 in p.holes)
    return replace(p, center=center, half=(p.half[0], tall + deeper, p.half[2]), holes=holes)
