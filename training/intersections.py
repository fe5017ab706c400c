"""Where a ray meets a primitive: one closed formula for each shape, in the primitive's local frame."""

from __future__ import annotations

import math

import numpy as np
import torch

from training.noise import leaf_cut
from training.primitives import BOX, ELLIPSOID, FRUSTUM, RECT, Primitive

NEAR_M = 1e-3

Start = list[float] | torch.Tensor
"""Where rays begin, in the local frame: one point for all of them, or (3, n)."""


def local_frame(p: Primitive, origin: np.ndarray, device: str) -> tuple[torch.Tensor, list[float]]:
    """Matrix world direction -> local direction, and the local origin; curved shapes are scaled to unit radii."""
    scale = np.asarray(p.half) if p.kind in (ELLIPSOID, FRUSTUM) else np.ones(3)
    matrix = p.axes.T / scale[:, None]
    start = (matrix @ (origin - p.center)).tolist()
    return torch.tensor(matrix, dtype=torch.float32, device=device), start


def intersect(p: Primitive, d: torch.Tensor, o: Start) -> torch.Tensor:
    """Ray parameter (n) of the nearest hit in front, inf for a miss; ``d`` (3, n) and ``o`` are local."""
    if p.kind == BOX:
        return _box(p, d, o) if p.taper == 1.0 else _tapered_box(p, d, o)
    if p.kind == RECT:
        return _rect(p, d, o)
    if p.kind == ELLIPSOID:
        return _ellipsoid(p, d, o)
    return _frustum(p, d, o)


def _box(p: Primitive, d: torch.Tensor, o: Start) -> torch.Tensor:
    half = d.new_tensor(p.half)[:, None]
    start = o if isinstance(o, torch.Tensor) else d.new_tensor(o)[:, None]
    inverse = d.reciprocal()
    middle, reach = start * inverse, half * inverse.abs()
    near = (-middle - reach).amax(0)
    far = (reach - middle).amin(0)
    return near.masked_fill_((near > far) | (near < NEAR_M), math.inf)


def _tapered_box(p: Primitive, d: torch.Tensor, o: Start) -> torch.Tensor:
    """Six planes; those of the sides lean by as much as the top is smaller than the bottom."""
    start = o if isinstance(o, torch.Tensor) else d.new_tensor(o)[:, None]
    mean, lean = (1.0 + p.taper) / 2, (1.0 - p.taper) / 2 / p.half[1]
    x, y, z = p.half
    planes = [(0, 1, 0), (0, -1, 0), (1, -lean * x, 0), (-1, -lean * x, 0), (0, -lean * z, 1), (0, -lean * z, -1)]
    normals, away = d.new_tensor(planes), d.new_tensor([y, y, x * mean, x * mean, z * mean, z * mean])[:, None]
    toward = normals @ d
    t = (away - normals @ start) / toward
    enters = toward < 0
    near, far = t.masked_fill(~enters, -math.inf).amax(0), t.masked_fill(enters, math.inf).amin(0)
    return near.masked_fill_(~((near <= far) & (near > NEAR_M)), math.inf)


def _rect(p: Primitive, d: torch.Tensor, o: Start) -> torch.Tensor:
    t = -o[2] / d[2]
    x, y = o[0] + t * d[0], o[1] + t * d[1]
    miss = (x.abs() > p.half[0]) | (y.abs() > p.half[1]) | (t < NEAR_M)
    for x0, y0, x1, y1 in p.holes:
        miss |= (x > x0) & (x < x1) & (y > y0) & (y < y1)
    return t.masked_fill_(miss, math.inf)


def _ellipsoid(p: Primitive, d: torch.Tensor, o: Start) -> torch.Tensor:
    a = (d * d).sum(0)
    b = o[0] * d[0] + o[1] * d[1] + o[2] * d[2]
    c = o[0] * o[0] + o[1] * o[1] + o[2] * o[2] - 1.0
    root = (b * b - a * c).sqrt()  # nan where the ray misses
    near = (-b - root) / a
    if p.leaf == 0.0 and p.clip == math.inf:
        return near.masked_fill_(~(near > NEAR_M), math.inf)
    far = (root - b) / a
    keep_near = (near > NEAR_M) & _kept(p, d, o, near)
    keep_far = (far > NEAR_M) & _kept(p, d, o, far)
    return torch.where(keep_near, near, far.masked_fill_(~keep_far, math.inf))


def _kept(p: Primitive, d: torch.Tensor, o: Start, t: torch.Tensor) -> torch.Tensor:
    x, y, z = (o[k] + t * d[k] for k in range(3))
    kept = z <= p.clip
    if p.leaf > 0.0:
        kept &= ~leaf_cut(x * p.half[0], y * p.half[1], z * p.half[2], p.leaf, p.leaf_m)
    return kept


def _frustum(p: Primitive, d: torch.Tensor, o: Start) -> torch.Tensor:
    mean, slope = (1.0 + p.taper) / 2, (1.0 - p.taper) / 2
    edge, change = mean + slope * o[1], slope * d[1]
    a = d[0] * d[0] + d[2] * d[2] - change * change
    b = o[0] * d[0] + o[2] * d[2] - edge * change
    c = o[0] * o[0] + o[2] * o[2] - edge * edge
    root = (b * b - a * c).sqrt()
    best = torch.full_like(a, math.inf)
    for t in ((-b - root) / a, (root - b) / a):
        y = o[1] + t * d[1]
        good = (t > NEAR_M) & (t < best) & (y.abs() <= 1.0)
        if p.clip != math.inf:
            good &= o[2] + t * d[2] <= p.clip
        best = torch.where(good, t, best)
    if p.capped:
        for end in (-1.0, 1.0):
            t = (end - o[1]) / d[1]
            x, z = o[0] + t * d[0], o[2] + t * d[2]
            good = (t > NEAR_M) & (t < best) & (x * x + z * z <= (mean + slope * end) ** 2)
            best = torch.where(good, t, best)
    return best
