"""Deferred shading: what the visible surface points look like under sun, sky and lamps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from training import patterns, sky
from training.raycast import Grid, occluded
from training.scene import ELLIPSOID, FRUSTUM, RECT, TERRAIN, Primitive, Scene, Space
from training.terrain import Terrain


@dataclass(frozen=True)
class Hits:
    """Surface points of n pixels: positions, unit normals toward the viewer (3, n); texture coordinates."""

    position: torch.Tensor
    normal: torch.Tensor
    surface: patterns.Surface


@dataclass(frozen=True)
class Tables:
    """A scene's numbers as tensors, gathered per pixel: one column per primitive or material."""

    matrix: torch.Tensor
    center: torch.Tensor
    half: torch.Tensor
    kind: torch.Tensor
    material: torch.Tensor
    looks: torch.Tensor


def tables(scene: Scene, device: str) -> Tables:
    """Move the scene's primitives and materials to ``device``."""
    ground = Primitive(TERRAIN, np.zeros(3), np.eye(3), (1.0, 1.0, 1.0), scene.terrain_material, 0)
    shapes = [*scene.primitives, ground]
    f32 = {"dtype": torch.float32, "device": device}
    return Tables(
        torch.tensor(np.array([p.axes.T.reshape(9) for p in shapes]).T.copy(), **f32),
        torch.tensor(np.array([p.center for p in shapes]).T.copy(), **f32),
        torch.tensor(np.array([p.half for p in shapes]).T.copy(), **f32),
        torch.tensor([p.kind for p in shapes], device=device),
        torch.tensor([p.material for p in shapes], device=device),
        patterns.table(scene.materials, device),
    )


def surface_points(
    t: Tables, index: torch.Tensor, distance: torch.Tensor, rays: torch.Tensor, grid: Grid, terrain: Terrain | None
) -> Hits:
    """Positions, normals and texture coordinates of pixels that see primitive ``index`` (n) along ``rays`` (3, n)."""
    position = rays * distance + rays.new_tensor(grid.origin)[:, None]
    matrix = t.matrix.index_select(1, index).view(3, 3, -1)
    half, kind = t.half.index_select(1, index), t.kind[index]
    local = (matrix * (position - t.center.index_select(1, index))).sum(1)
    scaled = local / half
    size = scaled.abs()
    first, second = size[0] >= torch.maximum(size[1], size[2]), size[1] >= size[2]
    flat = (2 - second.int()).masked_fill(first, 0).masked_fill(kind == RECT, 2)
    round_ = (kind == ELLIPSOID) | (kind == FRUSTUM)
    tube = (kind == FRUSTUM) & (scaled[1].abs() < 0.999)
    normal = torch.stack([flat == k for k in range(3)]) * torch.where(local < 0, -1.0, 1.0)
    upright = torch.tensor([[1.0], [0.0], [1.0]], device=local.device)
    curved = torch.where(kind == ELLIPSOID, scaled / half, scaled / half * upright)
    normal = torch.where((kind == ELLIPSOID) | tube, curved, normal)
    normal = _unit((matrix * normal[:, None]).sum(0))
    flat = flat.masked_fill(kind == TERRAIN, 1)
    if terrain is not None:
        pick = (kind == TERRAIN).nonzero().squeeze(1)
        normal[:, pick] = terrain.normal(position[0, pick], position[2, pick])
    normal = normal * torch.where(((normal * rays).sum(0) > 0) & (kind != TERRAIN), -1.0, 1.0)
    around = torch.atan2(scaled[0], scaled[2]) * half[0]
    u = torch.where(round_, around, torch.where(flat == 0, local[2], local[0]))
    v = torch.where(~round_ & (flat == 1), local[2], local[1])
    half_u = torch.where(flat == 0, half[2], half[0])
    half_v = torch.where(~round_ & (flat == 1), half[2], half[1])
    slant = (normal * rays).sum(0).abs().clamp_min(0.05)
    pixel = distance * grid.pixel_rad / slant.sqrt()
    return Hits(position, normal, patterns.Surface(u, v, half_u, half_v, pixel, t.material[index]))


def _unit(vectors: torch.Tensor) -> torch.Tensor:
    return vectors * (vectors * vectors).sum(0).clamp_min(1e-20).rsqrt()


def shadow_casters(scene: Scene, limit: int) -> list[int]:
    """The primitives most worth testing for shadows: large, near the camera, not the floor."""
    size = []
    for p in scene.primitives:
        flat = sorted(p.half)
        away = float(np.linalg.norm(p.center - scene.camera)) + 1.0
        floor = p.kind == RECT and abs(p.axes[1, 2]) > 0.9 and p.center[1] > -0.05
        size.append(0.0 if floor or not p.shadow else flat[1] * flat[2] / away)
    order = np.argsort(size)[::-1][:limit]
    return [int(i) for i in order if size[i] > 0]


def shade(scene: Scene, t: Tables, hits: Hits, rays: torch.Tensor, lit: list[torch.Tensor], pixel_rad: float) -> torch.Tensor:
    """Outgoing radiance (n, 3) of surface points; ``lit`` holds the share of sun and of each lamp that arrives."""
    air = scene.atmosphere
    look = patterns.shade(scene.materials, t.looks, hits.surface)
    n = hits.normal
    side = (0.5 - 0.5 * n[1])[:, None]
    zenith, horizon, ground = (n.new_tensor(c) for c in (air.zenith, air.horizon, air.ground))
    dome = zenith * 0.5 + horizon * 0.5
    dome = 0.35 * dome + 0.65 * dome.mean()
    open_sky = _openness(scene, hits)
    light = (air.ambient * open_sky)[:, None] * torch.lerp(ground * 0.5 + dome * 0.25, dome, side)
    sun = n.new_tensor(air.sun_direction)
    light = light + ((n * sun[:, None]).sum(0).clamp_min(0.0) * lit[0])[:, None] * n.new_tensor(air.sun_color)
    for lamp, share in zip(scene.lamps, lit[1:], strict=True):
        light = light + _lamp(lamp.position, lamp.low, lamp.high, hits, share)[:, None] * n.new_tensor(lamp.color)
    if scene.rooms:
        light = light * _corners(scene.rooms[0], hits)[:, None]
    color = look.albedo * light + look.emission
    if any(m.gloss > 0.05 for m in scene.materials):
        color = _gloss(scene, hits, rays, look.gloss, color, pixel_rad)
    away = hits.position - n.new_tensor(scene.camera)[:, None]
    haze = (-(away * away).sum(0).sqrt() / air.haze_m).exp()[:, None]
    return torch.lerp(horizon.expand_as(color), color, haze)


def _openness(scene: Scene, hits: Hits) -> torch.Tensor:
    p = hits.position
    share = torch.ones_like(p[0])
    for room in scene.rooms:
        low, high = p.new_tensor(room.low)[:, None] - 0.02, p.new_tensor(room.high)[:, None] + 0.02
        inside = ((p >= low) & (p <= high)).all(0)
        share = share.masked_fill(inside, room.daylight)
    return share * (1.0 - 0.35 * (p[1].clamp(max=0.0) * 4.0).exp() * (1.0 - hits.normal[1].abs()))


def _corners(room: Space, hits: Hits) -> torch.Tensor:
    """Less light near the edges where walls, floor and ceiling meet (0..1)."""
    low, high = hits.position.new_tensor(room.low)[:, None], hits.position.new_tensor(room.high)[:, None]
    gap = torch.minimum((hits.position - low).abs(), (high - hits.position).abs())
    near = (-gap / 0.35).exp() * (1.0 - hits.normal.abs())
    return (1.0 - 0.45 * near).prod(0)


def _lamp(position: np.ndarray, low: np.ndarray, high: np.ndarray, hits: Hits, share: torch.Tensor) -> torch.Tensor:
    to_lamp = hits.normal.new_tensor(position)[:, None] - hits.position
    square = (to_lamp * to_lamp).sum(0) + 0.4
    facing = ((hits.normal * to_lamp).sum(0) * square.rsqrt() + 0.15).clamp_min(0.0) / 1.15
    p = hits.position
    outside = (p < p.new_tensor(low)[:, None]) | (p > p.new_tensor(high)[:, None])
    return share * facing / square * (1.0 - 0.85 * outside.any(0).float())


def _gloss(
    scene: Scene, hits: Hits, rays: torch.Tensor, gloss: torch.Tensor, color: torch.Tensor, pixel_rad: float
) -> torch.Tensor:
    """Panes and polish: the sky where they would mirror it (outdoors), highlights of lamps and sun."""
    pick = (gloss > 0.05).nonzero().squeeze(1)
    if not len(pick):
        return color
    n, d = hits.normal[:, pick], rays[:, pick]
    mirrored = d - 2.0 * (d * n).sum(0) * n
    fresnel = 0.06 + 0.94 * (1.0 + (d * n).sum(0)).clamp(0.0, 1.0) ** 5
    shine = sky.radiance(scene.atmosphere, mirrored, pixel_rad * 3, sharp=False) * (0.1 if scene.atmosphere.indoor else 1.0)
    for lamp in scene.lamps:
        to_lamp = _unit(n.new_tensor(lamp.position)[:, None] - hits.position[:, pick])
        spot = (((mirrored * to_lamp).sum(0) - 1.0) * 200.0).exp()
        shine = shine + spot[:, None] * n.new_tensor(lamp.color) * 0.6
    out = color.clone()
    out[pick] = color[pick] + (gloss[pick] * fresnel)[:, None] * shine
    return out


def shadows(scene: Scene, hits: Hits, distance: torch.Tensor, limit: int) -> list[torch.Tensor | None]:
    """Share (n) of the light of the sun and of each lamp that reaches the points; nan: not asked; None: all of it."""
    p = hits.position + hits.normal * (0.01 + 0.002 * distance)
    chosen = [scene.primitives[i] for i in shadow_casters(scene, limit)]
    sun = torch.full_like(distance, math.nan)
    if scene.atmosphere.sun_color.max() > 0.02:
        toward = p.new_tensor(scene.atmosphere.sun_direction)[:, None]
        facing = ((hits.normal * toward).sum(0) > 0).nonzero().squeeze(1)
        sun[facing] = (~occluded(chosen, p[:, facing], toward, math.inf)).float()
    shares: list[torch.Tensor | None] = [sun]
    solid = [q for q in chosen if q.kind != RECT]
    for lamp in scene.lamps:
        if not lamp.shadow:
            shares.append(None)
            continue
        toward = p.new_tensor(lamp.position)[:, None] - p
        shares.append(1.0 - 0.8 * occluded(solid, p, toward, 0.97).float())
    return shares
