"""From a scene to a picture: linear radiance, exact distance, primitive index."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F

from training import lighting, sky
from training.raycast import Grid, cast
from training.scene import BOX, RECT, Primitive, Scene


@dataclass(frozen=True)
class Rendered:
    """Radiance (rows, w, 3) linear; distance (rows, w) in metres, inf in the sky; primitive index, -1 in the sky."""

    radiance: torch.Tensor
    distance: torch.Tensor
    index: torch.Tensor


@dataclass(frozen=True)
class Quality:
    """How much is spent: number of shadow casters, coarseness of the shadow grid, reflections at all."""

    casters: int = 14
    shadow_step: int = 2
    reflections: bool = True


def render(scene: Scene, grid: Grid, quality: Quality) -> Rendered:
    """Render the rows of ``grid``."""
    rays = grid.directions()
    distance, index = cast(scene.primitives, grid, rays)
    if scene.terrain is not None:
        _merge(distance, index, scene.terrain.cast(grid), len(scene.primitives))
    radiance = _shade(scene, grid, quality, rays, distance, index)
    if scene.reflector is not None and quality.reflections:
        radiance = _mirror(scene, grid, quality, rays, distance, index, radiance)
    return Rendered(radiance, distance, index)


def _merge(distance: torch.Tensor, index: torch.Tensor, ground: torch.Tensor, number: int) -> None:
    """Let the terrain, numbered after all primitives, cover what it hides."""
    closer = ground < distance
    distance.copy_(torch.where(closer, ground, distance))
    index.masked_fill_(closer, number)


def _shade(
    scene: Scene, grid: Grid, quality: Quality, rays: torch.Tensor, distance: torch.Tensor, index: torch.Tensor
) -> torch.Tensor:
    t = lighting.tables(scene, grid.device)
    flat = rays.reshape(3, -1)
    seen = (index.view(-1) >= 0).nonzero().squeeze(1)
    empty = (index.view(-1) < 0).nonzero().squeeze(1)
    radiance = torch.zeros(flat.shape[1], 3, device=grid.device)
    if len(empty):
        radiance[empty] = sky.radiance(scene.atmosphere, flat[:, empty], grid.pixel_rad)
    if len(seen):
        d, r = distance.view(-1)[seen], flat[:, seen]
        hits = lighting.surface_points(t, index.view(-1)[seen].long(), d, r, grid, scene.terrain)
        lit = _coarse_shadows(scene, t, grid, quality, rays, distance, index)
        lit = [share.reshape(-1)[seen] for share in lit]
        radiance[seen] = lighting.shade(scene, t, hits, r, lit, grid.pixel_rad)
    return radiance.view(*distance.shape, 3)


def _coarse_shadows(
    scene: Scene,
    t: lighting.Tables,
    grid: Grid,
    quality: Quality,
    rays: torch.Tensor,
    distance: torch.Tensor,
    index: torch.Tensor,
) -> list[torch.Tensor]:
    step = quality.shadow_step
    part = index[::step, ::step]
    shape = part.shape
    seen = (part.reshape(-1) >= 0).nonzero().squeeze(1)
    d = distance[::step, ::step].reshape(-1)[seen]
    r = rays[:, ::step, ::step].reshape(3, -1)[:, seen]
    hits = lighting.surface_points(t, part.reshape(-1)[seen].long(), d, r, grid, scene.terrain)
    out = []
    for share in lighting.shadows(scene, hits, d, quality.casters):
        if share is None:
            out.append(torch.ones_like(distance))
            continue
        full = torch.full((shape[0] * shape[1],), math.nan, device=grid.device)
        full[seen] = share
        out.append(_enlarge(full.view(shape), distance.shape, step))
    return out


def _enlarge(share: torch.Tensor, shape: torch.Size, step: int) -> torch.Tensor:
    """Shares of light at full size; unknown ones (nan) do not bleed into their neighbours, they become 1 at last."""
    if step == 1:
        return share.nan_to_num(nan=1.0)
    known = ~share.isnan()
    both = torch.stack([share.nan_to_num(nan=0.0), known.float()])[None]
    large = F.interpolate(both, size=tuple(shape), mode="bilinear", align_corners=False)[0]
    return torch.where(large[1] > 1e-3, large[0] / large[1].clamp_min(1e-3), 1.0)


def _mirror(
    scene: Scene,
    grid: Grid,
    quality: Quality,
    rays: torch.Tensor,
    distance: torch.Tensor,
    index: torch.Tensor,
    radiance: torch.Tensor,
) -> torch.Tensor:
    """Blend in what the mirroring plane shows: the world seen from the camera's image below it."""
    assert scene.reflector is not None
    height, strength = scene.reflector
    flat = torch.tensor(
        [p.kind == RECT and abs(p.axes[1, 2]) > 0.99 and abs(p.center[1] + height) < 0.005 for p in scene.primitives] + [False],
        device=grid.device,
    )
    on_plane = (index >= 0) & flat[index.clamp_min(0).long()]
    rows = on_plane.any(1).nonzero().squeeze(1)
    if not len(rows):
        return radiance
    first, last = int(rows[0]), int(rows[-1]) + 1
    step = 1 if quality.shadow_step == 1 else 2
    low = max((grid.row0 + first) // step * step, 0)
    image = np.array([scene.camera[0], -2 * height - scene.camera[1], scene.camera[2]])
    total = grid.height // step
    top, bottom = total - (grid.row0 + last + step - 1) // step, total - low // step
    below = Grid(total, max(top, 0), bottom, image, grid.yaw, grid.device)
    upward = below.directions()
    above = [p for p in scene.primitives if p.center[1] - abs(p.axes[1] @ np.array(p.half)) < -height - 0.02]
    above = [_sunk(p, -height) for p in above]
    kept = replace(scene, camera=image, primitives=above)
    far, seen = cast(above, below, upward)
    if scene.terrain is not None:
        _merge(far, seen, scene.terrain.cast(below, water=height), len(above))
    cheap = Quality(casters=0, shadow_step=4, reflections=False)
    shown = _shade(kept, below, cheap, upward, far, seen).flip(0)
    shown = (
        F.interpolate(shown.permute(2, 0, 1)[None], scale_factor=float(step), mode="bilinear")
        if step > 1
        else shown.permute(2, 0, 1)[None]
    )
    start = below_start(below, step)
    shown = shown[0].permute(1, 2, 0)
    offset = grid.row0 - start
    picked = torch.zeros_like(radiance)
    a, b = max(first, -offset), min(last, shown.shape[0] - offset)
    picked[a:b] = shown[a + offset : b + offset]
    fresnel = strength + (1.0 - strength) * (1.0 - rays[1].abs()).clamp(0.0, 1.0) ** 5
    share = (fresnel * on_plane)[..., None]
    return radiance * (1.0 - 0.7 * share) + picked * share


def _sunk(p: Primitive, plane_y: float) -> Primitive:
    """An upright thing that stands on the plane, made to reach below it: no light leaks in at its foot."""
    tall = p.half[1]
    bottom = float(p.center[1]) + tall
    if p.kind not in (BOX, RECT) or abs(p.axes[1, 1]) < 0.999 or abs(bottom - plane_y) > 0.15:
        return p
    deeper = min(0.15, tall)
    center = p.center + np.array([0.0, deeper, 0.0])
    holes = tuple((x0, y0 - deeper, x1, y1 - deeper) for x0, y0, x1, y1 in p.holes)
    return replace(p, center=center, half=(p.half[0], tall + deeper, p.half[2]), holes=holes)


def below_start(below: Grid, step: int) -> int:
    """Full-resolution row of the picture at which the flipped image of ``below`` begins."""
    return (below.height - below.row1) * step


def full_grid(scene: Scene, height: int, device: str) -> Grid:
    """The grid of the whole picture seen by the scene's camera."""
    return Grid(height, 0, height, scene.camera, scene.yaw, device)


def sun_vector(azimuth: float, elevation: float) -> np.ndarray:
    """Unit direction toward the sun."""
    c = math.cos(elevation)
    return np.array([c * math.sin(azimuth), -math.sin(elevation), c * math.cos(azimuth)])
