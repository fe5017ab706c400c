"""Panes of glass and mirrors: what is seen through them, dimmed, and what they mirror, traced ray by ray.

A mirrored world is seen once: panes do not mirror one another, nor does the floor in them.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch

from training import hits, lighting, sky
from training.intersections import intersect, local_frame
from training.primitives import Pane, Primitive
from training.raycast import Grid
from training.scene import Scene
from training.view import Quality, View

_DULL = 0.25
"""What a mirror sends back of white light where reflections are not asked for."""
_CASTERS = 6


def glaze(scene: Scene, view: View, quality: Quality, plain: torch.Tensor) -> torch.Tensor:
    """Put the panes of ``view`` over the radiance ``plain`` (rows, w, 3) of the world behind them."""
    assert view.pane is not None and view.glass is not None
    flat, out = view.pane.reshape(-1), plain.reshape(-1, 3).clone()
    tables = hits.tables(scene, view.grid.device)
    for number, pane in enumerate(scene.panes):
        seen = (flat == number).nonzero().squeeze(1)
        if not len(seen):
            continue
        if pane.mirror == 0.0:
            out[seen] *= out.new_tensor(pane.through)
            continue
        rays, glass = view.rays.reshape(3, -1)[:, seen], view.glass.reshape(-1)[seen]
        facing = (rays * rays.new_tensor(pane.shape.axes[:, 2])[:, None]).sum(0).abs()
        share = pane.mirror + (1.0 - pane.mirror) * (1.0 - facing).clamp(0.0, 1.0) ** 5
        shown = torch.full_like(rays.T, _DULL)
        if quality.reflections:
            shown = _mirrored(scene, tables, pane, (rays, glass), view.grid)
        out[seen] = out[seen] * out.new_tensor(pane.through) * (1.0 - share)[:, None] + shown * share[:, None]
    return out.view(plain.shape)


def _mirrored(
    scene: Scene, tables: hits.Tables, pane: Pane, met: tuple[torch.Tensor, torch.Tensor], grid: Grid
) -> torch.Tensor:
    """Radiance (n, 3) that reaches the camera by way of the pane, ``met`` along rays (3, n) at distances (n)."""
    rays, glass = met
    normal = pane.shape.axes[:, 2]
    offset = float(normal @ (grid.origin - pane.shape.center))
    across = rays.new_tensor(normal)[:, None]
    turned = rays - 2.0 * (rays * across).sum(0) * across
    points = rays * glass + rays.new_tensor(grid.origin)[:, None]
    before = [_stands_before(p, pane.shape.center, normal * math.copysign(1.0, offset)) for p in scene.primitives]
    beyond, index = _nearest(scene.primitives, before, points, turned)
    image = replace(grid, origin=grid.origin - 2.0 * offset * normal)
    seen = replace(scene, camera=image.origin)
    return _lit(seen, tables, image, (turned, glass + beyond, index))


def _stands_before(p: Primitive, point: np.ndarray, normal: np.ndarray) -> bool:
    """Whether any of the primitive's bounding box lies on the side of a plane to which ``normal`` points."""
    reach = float(np.abs(normal @ p.axes) @ np.array(p.reach))
    return float(normal @ (p.center - point)) + reach > 0.02


def _nearest(
    primitives: list[Primitive], wanted: list[bool], points: torch.Tensor, rays: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Distance (n) of the first of the wanted primitives on each way from ``points`` along ``rays``, and its number."""
    nearest = torch.full_like(points[0], math.inf)
    index = torch.full_like(nearest, -1, dtype=torch.int64)
    for number, p in enumerate(primitives):
        if not wanted[number]:
            continue
        matrix, shift = local_frame(p, np.zeros(3), str(points.device))
        found = intersect(p, matrix @ rays, matrix @ points + points.new_tensor(shift)[:, None])
        closer = found < nearest
        nearest = torch.where(closer, found, nearest)
        index.masked_fill_(closer, number)
    return nearest, index


def _lit(scene: Scene, tables: hits.Tables, grid: Grid, ends: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Light (n, 3) from where rays (3, n) end: their lengths (n) from the grid's origin, the primitives there (n)."""
    rays, distance, index = ends
    out = torch.zeros_like(rays.T)
    hit, empty = (index >= 0).nonzero().squeeze(1), (index < 0).nonzero().squeeze(1)
    if len(empty):
        out[empty] = sky.radiance(scene.atmosphere, rays[:, empty], grid.pixel_rad)
    if len(hit):
        d, r = distance[hit], rays[:, hit]
        points = hits.surface_points(tables, index[hit], d, r, grid, None)
        shares = lighting.shadows(scene, points, d, _CASTERS)
        lit = [torch.ones_like(d) if share is None else share.nan_to_num(nan=1.0) for share in shares]
        out[hit] = lighting.shade(scene, tables, points, r, lit, grid.pixel_rad)
    return out
