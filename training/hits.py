"""The points at which rays end: where they lie, which way the surface faces, where they are on its texture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from training.material_table import MaterialTable
from training.primitives import BOX, ELLIPSOID, FRUSTUM, RECT, TERRAIN, Primitive
from training.raycast import Grid
from training.scene import Scene
from training.terrain import Terrain
from training.texture import Surface


@dataclass(frozen=True)
class Hits:
    """Surface points of n pixels: positions, unit normals toward the viewer (3, n); texture coordinates."""

    position: torch.Tensor
    normal: torch.Tensor
    surface: Surface


@dataclass(frozen=True)
class Tables:
    """A scene's numbers as tensors, gathered per pixel: one column per primitive or material."""

    matrix: torch.Tensor
    center: torch.Tensor
    half: torch.Tensor
    kind: torch.Tensor
    lean: torch.Tensor
    material: torch.Tensor
    looks: MaterialTable


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
        torch.tensor([(1.0 - p.taper) / 2 if p.kind == BOX else 0.0 for p in shapes], **f32),
        torch.tensor([p.material for p in shapes], device=device),
        MaterialTable.of(scene.materials, device),
    )


def surface_points(
    t: Tables, index: torch.Tensor, distance: torch.Tensor, rays: torch.Tensor, grid: Grid, terrain: Terrain | None
) -> Hits:
    """Positions, normals and texture coordinates of pixels that see primitive ``index`` (n) along ``rays`` (3, n)."""
    position = rays * distance + rays.new_tensor(grid.origin)[:, None]
    matrix = t.matrix.index_select(1, index).view(3, 3, -1)
    half, kind = t.half.index_select(1, index), t.kind[index]
    local = (matrix * (position - t.center.index_select(1, index))).sum(1)
    lean = t.lean[index]
    flat = _facing_axis(_straightened(local / half, lean), kind)
    facing = _local_normals(local, half, kind, flat)
    facing[1] -= torch.where(flat == 1, 0.0, lean * torch.where(flat == 0, half[0], half[2]) / half[1])
    normal = unit((matrix * facing[:, None]).sum(0))
    if terrain is not None:
        pick = (kind == TERRAIN).nonzero().squeeze(1)
        normal[:, pick] = terrain.normal(position[0, pick], position[2, pick])
    normal = normal * torch.where(((normal * rays).sum(0) > 0) & (kind != TERRAIN), -1.0, 1.0)
    slant = (normal * rays).sum(0).abs().clamp_min(0.05)
    pixel = distance * grid.pixel_rad / slant.sqrt()
    return Hits(position, normal, Surface(*_texture(local, half, kind, flat), pixel, t.material[index]))


def _straightened(scaled: torch.Tensor, lean: torch.Tensor) -> torch.Tensor:
    """Points of tapered boxes, in half sizes, as they would lie on straight ones."""
    edge = (1.0 - lean + lean * scaled[1]).clamp_min(1e-3)
    return torch.stack([scaled[0] / edge, scaled[1], scaled[2] / edge])


def _facing_axis(scaled: torch.Tensor, kind: torch.Tensor) -> torch.Tensor:
    """The local axis (n) along which the face of a box or rectangle looks."""
    size = scaled.abs()
    first, second = size[0] >= torch.maximum(size[1], size[2]), size[1] >= size[2]
    return (2 - second.int()).masked_fill(first, 0).masked_fill(kind == RECT, 2)


def _local_normals(local: torch.Tensor, half: torch.Tensor, kind: torch.Tensor, flat: torch.Tensor) -> torch.Tensor:
    """Normals (3, n) of any length in the primitives' frames: gradients of round shapes, axes of flat faces."""
    scaled = local / half
    upright = torch.tensor([[1.0], [0.0], [1.0]], device=local.device)
    curved = torch.where(kind == ELLIPSOID, scaled / half, scaled / half * upright)
    tube = (kind == FRUSTUM) & (scaled[1].abs() < 0.999)
    normal = torch.stack([flat == k for k in range(3)]) * torch.where(local < 0, -1.0, 1.0)
    return torch.where((kind == ELLIPSOID) | tube, curved, normal)


def _texture(
    local: torch.Tensor, half: torch.Tensor, kind: torch.Tensor, flat: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """u, v, half_u, half_v (n) in metres: across and along a face, or around and along a round shape."""
    scaled = local / half
    flat = flat.masked_fill(kind == TERRAIN, 1)
    round_ = (kind == ELLIPSOID) | (kind == FRUSTUM)
    around = torch.atan2(scaled[0], scaled[2]) * half[0]
    level = ~round_ & (flat == 1)
    u = torch.where(round_, around, torch.where(flat == 0, local[2], local[0]))
    v = torch.where(level, local[2], local[1])
    return u, v, torch.where(flat == 0, half[2], half[0]), torch.where(level, half[2], half[1])


def unit(vectors: torch.Tensor) -> torch.Tensor:
    """Vectors (3, n) brought to length one; zero stays zero."""
    return vectors * (vectors * vectors).sum(0).clamp_min(1e-20).rsqrt()
