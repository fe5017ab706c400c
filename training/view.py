"""What a grid of rays sees of a scene: which primitive, how far away, and the light that it sends back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from training import hits, lighting, sky
from training.raycast import Grid, cast
from training.scene import Scene


@dataclass(frozen=True)
class Quality:
    """How much is spent: number of shadow casters, coarseness of the shadow grid, reflections at all."""

    casters: int = 14
    shadow_step: int = 2
    reflections: bool = True


@dataclass(frozen=True)
class View:
    """The rays (3, rows, w) of a grid, the distance (rows, w) at which each ends, inf in the sky, and the primitive there.

    ``index`` (rows, w) int32 counts the scene's primitives; the terrain comes after all of them, then the solid panes; -1 is
    the sky. Where there are panes, ``glass`` has their distance and ``pane`` their number (-1: none) at each pixel, and
    ``behind`` is the view without them.
    """

    grid: Grid
    rays: torch.Tensor
    distance: torch.Tensor
    index: torch.Tensor
    glass: torch.Tensor | None = None
    pane: torch.Tensor | None = None
    behind: View | None = None

    @property
    def bare(self) -> View:
        """The view without panes."""
        return self.behind or self

    def every(self, step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Every ``step``-th pixel along both axes: rays (3, n), distance (n), index (n)."""
        rays = self.rays[:, ::step, ::step].reshape(3, -1)
        return rays, self.distance[::step, ::step].reshape(-1), self.index[::step, ::step].reshape(-1)


def look(scene: Scene, grid: Grid, water: float | None = None) -> View:
    """Follow the rays of ``grid``; ground that lies below the height ``water`` is not there."""
    rays = grid.directions()
    distance, index = cast(scene.primitives, grid, rays)
    if scene.terrain is not None:
        ground = scene.terrain.cast(grid, water=water)
        closer = ground < distance
        distance = torch.where(closer, ground, distance)
        index = index.masked_fill(closer, len(scene.primitives))
    bare = View(grid, rays, distance, index)
    return _through_panes(scene, bare) if scene.panes else bare


def _through_panes(scene: Scene, bare: View) -> View:
    """Put the panes in front of a view; solid ones end the rays."""
    glass, pane = cast([p.shape for p in scene.panes], bare.grid, bare.rays)
    pane = pane.masked_fill(glass >= bare.distance, -1)
    solid = torch.tensor([p.solid for p in scene.panes], device=pane.device)
    ends = (pane >= 0) & solid[pane.clamp_min(0).long()]
    distance = torch.where(ends, glass, bare.distance)
    index = torch.where(ends, len(scene.primitives) + 1 + pane, bare.index)
    return View(bare.grid, bare.rays, distance, index, glass, pane, bare)


def radiance(scene: Scene, view: View, quality: Quality) -> torch.Tensor:
    """The light (rows, w, 3) that arrives along the rays, linear; nothing mirrors anything yet."""
    grid = view.grid
    rays, distance, index = view.every(1)
    tables = hits.tables(scene, grid.device)
    seen, empty = (index >= 0).nonzero().squeeze(1), (index < 0).nonzero().squeeze(1)
    out = torch.zeros(len(index), 3, device=grid.device)
    if len(empty):
        out[empty] = sky.radiance(scene.atmosphere, rays[:, empty], grid.pixel_rad)
    if len(seen):
        d, r = distance[seen], rays[:, seen]
        points = hits.surface_points(tables, index[seen].long(), d, r, grid, scene.terrain)
        lit = [share.reshape(-1)[seen] for share in _coarse_shadows(scene, tables, view, quality)]
        out[seen] = lighting.shade(scene, tables, points, r, lit, grid.pixel_rad)
    return out.view(*view.distance.shape, 3)


def _coarse_shadows(scene: Scene, tables: hits.Tables, view: View, quality: Quality) -> list[torch.Tensor]:
    """Share (rows, w) of the sun's and of each lamp's light that arrives, asked for at every few pixels only."""
    step = quality.shadow_step
    shape = view.index[::step, ::step].shape
    rays, distance, index = view.every(step)
    seen = (index >= 0).nonzero().squeeze(1)
    d = distance[seen]
    points = hits.surface_points(tables, index[seen].long(), d, rays[:, seen], view.grid, scene.terrain)
    out = []
    for share in lighting.shadows(scene, points, d, quality.casters):
        if share is None:
            out.append(torch.ones_like(view.distance))
            continue
        full = torch.full((len(index),), math.nan, device=view.grid.device)
        full[seen] = share
        out.append(_enlarge(full.view(shape), view.distance.shape, step))
    return out


def _enlarge(share: torch.Tensor, shape: torch.Size, step: int) -> torch.Tensor:
    """Shares of light at full size; unknown ones (nan) do not bleed into their neighbours, they become 1 at last."""
    if step == 1:
        return share.nan_to_num(nan=1.0)
    known = ~share.isnan()
    both = torch.stack([share.nan_to_num(nan=0.0), known.float()])[None]
    large = F.interpolate(both, size=tuple(shape), mode="bilinear", align_corners=False)[0]
    return torch.where(large[1] > 1e-3, large[0] / large[1].clamp_min(1e-3), 1.0)
