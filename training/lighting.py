"""Deferred shading: what the visible surface points look like under sun, sky and lamps."""

from __future__ import annotations

import math

import numpy as np
import torch

from training import sky, surfaces
from training.hits import Hits, Tables, unit
from training.light import Lamp, Space
from training.primitives import RECT
from training.raycast import occluded
from training.scene import Scene


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
    look = surfaces.shade(scene.materials, t.looks, hits.surface)
    color = look.albedo * _arriving(scene, hits, lit) + look.emission
    if any(m.gloss > 0.05 for m in scene.materials):
        color = _gloss(scene, hits, rays, look.gloss, color, pixel_rad)
    away = hits.position - hits.position.new_tensor(scene.camera)[:, None]
    haze = (-(away * away).sum(0).sqrt() / air.haze_m).exp()[:, None]
    return torch.lerp(color.new_tensor(air.horizon).expand_as(color), color, haze)


def _arriving(scene: Scene, hits: Hits, lit: list[torch.Tensor]) -> torch.Tensor:
    """Light (n, 3) that falls on the points: of the sky and the ground around, of the sun, of the lamps."""
    air, n = scene.atmosphere, hits.normal
    zenith, horizon, ground = (n.new_tensor(c) for c in (air.zenith, air.horizon, air.ground))
    dome = zenith * 0.5 + horizon * 0.5
    dome = 0.35 * dome + 0.65 * dome.mean()
    upward = (0.5 - 0.5 * n[1])[:, None]
    light = (air.ambient * _openness(scene, hits))[:, None] * torch.lerp(ground * 0.5 + dome * 0.25, dome, upward)
    sun = n.new_tensor(air.sun_direction)
    light = light + ((n * sun[:, None]).sum(0).clamp_min(0.0) * lit[0])[:, None] * n.new_tensor(air.sun_color)
    for lamp, share in zip(scene.lamps, lit[1:], strict=True):
        light = light + _lamp(lamp, hits, share)[:, None] * n.new_tensor(lamp.color)
    return light * _corners(scene.rooms[0], hits)[:, None] if scene.rooms else light


def _openness(scene: Scene, hits: Hits) -> torch.Tensor:
    """Share (n) of the sky's ambient light that reaches the points: little in rooms, less close to the ground."""
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


def _lamp(lamp: Lamp, hits: Hits, share: torch.Tensor) -> torch.Tensor:
    """Strength (n) of a lamp's light: inverse square, by the cosine, weak outside the lamp's room."""
    to_lamp = hits.normal.new_tensor(lamp.position)[:, None] - hits.position
    square = (to_lamp * to_lamp).sum(0) + 0.4
    facing = ((hits.normal * to_lamp).sum(0) * square.rsqrt() + 0.15).clamp_min(0.0) / 1.15
    p = hits.position
    outside = (p < p.new_tensor(lamp.low)[:, None]) | (p > p.new_tensor(lamp.high)[:, None])
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
    shine = sky.radiance(scene.atmosphere, mirrored, pixel_rad * 3, sharp=False) * (
        0.1 / scene.atmosphere.indoor if scene.atmosphere.indoor else 1.0
    )
    for lamp in scene.lamps:
        to_lamp = unit(n.new_tensor(lamp.position)[:, None] - hits.position[:, pick])
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
