"""The ray caster: which primitive does each pixel of an equirectangular picture see, and how far along the ray.

Each primitive is intersected only in the window of rows and columns that it can cover; a z-buffer keeps the nearest hit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from training.noise import leaf_cut
from training.scene import BOX, ELLIPSOID, FRUSTUM, RECT, Primitive

NEAR_M = 1e-3
_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
_PAIRS = np.array([(i, j) for i in range(8) for j in range(i + 1, 8)])


@dataclass(frozen=True)
class Grid:
    """Rows ``row0`` to ``row1`` of an equirectangular picture seen from ``origin`` with its centre at azimuth ``yaw``."""

    height: int
    row0: int
    row1: int
    origin: np.ndarray
    yaw: float
    device: str

    @property
    def width(self) -> int:
        """Columns of the whole picture."""
        return 2 * self.height

    @property
    def pixel_rad(self) -> float:
        """Angle between neighbouring rows."""
        return math.pi / self.height

    def directions(self) -> torch.Tensor:
        """World ray directions, (3, rows, w) float32."""
        column = torch.arange(self.width, dtype=torch.float64) + 0.5
        row = torch.arange(self.row0, self.row1, dtype=torch.float64) + 0.5
        azimuth = column * (2 * math.pi / self.width) - math.pi + self.yaw
        elevation = math.pi / 2 - row * self.pixel_rad
        cos = torch.cos(elevation)[:, None]
        down = (-torch.sin(elevation))[:, None].expand(-1, self.width)
        rays = torch.stack([cos * torch.sin(azimuth), down, cos * torch.cos(azimuth)])
        return rays.to(torch.float32).to(self.device)


@dataclass(frozen=True)
class Windows:
    """Per primitive: rows [row0, row1), first column, number of columns (possibly past the right edge: it wraps)."""

    row0: np.ndarray
    row1: np.ndarray
    column: np.ndarray
    columns: np.ndarray


def windows(primitives: list[Primitive], grid: Grid) -> Windows:
    """Conservative angular windows of the primitives' bounding boxes in ``grid``."""
    center = np.array([p.center for p in primitives]) - grid.origin
    axes = np.array([p.axes for p in primitives])
    half = np.array([p.half for p in primitives])
    corners = center[:, None] + np.einsum("pij,pkj->pki", axes, _CORNERS * half[:, None])
    plan = corners[:, :, [0, 2]]
    azimuth = np.sort(np.arctan2(plan[..., 0], plan[..., 1]), axis=1)
    gaps = np.diff(azimuth, axis=1, append=azimuth[:, :1] + 2 * math.pi)
    widest = gaps.argmax(axis=1)
    each = np.arange(len(primitives))
    gap = gaps[each, widest]
    around = gap <= math.pi + 1e-6
    start = azimuth[each, (widest + 1) % 8] - grid.yaw
    near = np.where(around, 0.0, _nearest_on_segments(plan))
    far = np.linalg.norm(plan, axis=2).max(axis=1)
    up, low = -corners[..., 1].min(axis=1), -corners[..., 1].max(axis=1)
    top = np.arctan2(up, np.where(up > 0, near, far) + 1e-9)
    bottom = np.arctan2(low, np.where(low > 0, far, near) + 1e-9)
    row0 = np.floor((math.pi / 2 - top) / grid.pixel_rad - 1.5).astype(int)
    row1 = np.ceil((math.pi / 2 - bottom) / grid.pixel_rad + 1.5).astype(int)
    column = np.floor((start + math.pi) / grid.pixel_rad - 1.5).astype(int) % grid.width
    columns = np.ceil((2 * math.pi - gap) / grid.pixel_rad + 3.0).astype(int)
    full = around | (columns >= grid.width)
    return Windows(
        np.clip(row0, grid.row0, grid.row1) - grid.row0,
        np.clip(row1, grid.row0, grid.row1) - grid.row0,
        np.where(full, 0, column),
        np.where(full, grid.width, columns),
    )


def _nearest_on_segments(plan: np.ndarray) -> np.ndarray:
    a, b = plan[:, _PAIRS[:, 0]], plan[:, _PAIRS[:, 1]]
    along = b - a
    share = -(a * along).sum(2) / np.maximum((along * along).sum(2), 1e-12)
    nearest = a + np.clip(share, 0.0, 1.0)[..., None] * along
    return np.linalg.norm(nearest, axis=2).min(axis=1)


def cast(primitives: list[Primitive], grid: Grid, rays: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Nearest hits: distance along the ray (rows, w), inf where nothing; index of the primitive, -1 where nothing."""
    shape = rays.shape[1:]
    distance = torch.full(shape, math.inf, device=grid.device)
    index = torch.full(shape, -1, dtype=torch.int32, device=grid.device)
    if not primitives:
        return distance, index
    frame = windows(primitives, grid)
    for i, p in enumerate(primitives):
        row0, row1 = int(frame.row0[i]), int(frame.row1[i])
        if row1 <= row0:
            continue
        rows, first, count = slice(row0, row1), int(frame.column[i]), int(frame.columns[i])
        stop = min(first + count, grid.width)
        spans = [slice(first, stop)] + ([slice(0, first + count - grid.width)] if first + count > grid.width else [])
        to_local, start = local_frame(p, grid.origin, grid.device)
        for span in spans:
            part = rays[:, rows, span]
            found = intersect(p, to_local @ part.reshape(3, -1), start).view(part.shape[1:])
            behind = distance[rows, span]
            closer = found < behind
            distance[rows, span] = torch.where(closer, found, behind)
            index[rows, span].masked_fill_(closer, i)
    return distance, index


def local_frame(p: Primitive, origin: np.ndarray, device: str) -> tuple[torch.Tensor, list[float]]:
    """Matrix world direction -> local direction, and the local origin; curved shapes are scaled to unit radii."""
    scale = np.asarray(p.half) if p.kind in (ELLIPSOID, FRUSTUM) else np.ones(3)
    matrix = p.axes.T / scale[:, None]
    start = (matrix @ (origin - p.center)).tolist()
    return torch.tensor(matrix, dtype=torch.float32, device=device), start


Start = list[float] | torch.Tensor


def intersect(p: Primitive, d: torch.Tensor, o: Start) -> torch.Tensor:
    """Ray parameter (n) of the nearest hit in front, inf for a miss; ``d`` (3, n) and ``o`` are local."""
    if p.kind == BOX:
        return _box(p, d, o)
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


def occluded(primitives: list[Primitive], points: torch.Tensor, toward: torch.Tensor, reach: float) -> torch.Tensor:
    """Whether (n) points (3, n) have a primitive on their way along ``toward`` (3, n or 1) before ``reach`` times it."""
    dark = torch.zeros(points.shape[1], dtype=torch.bool, device=points.device)
    for p in primitives:
        matrix, shift = local_frame(p, np.zeros(3), str(points.device))
        start = matrix @ points + points.new_tensor(shift)[:, None]
        direction = (matrix @ toward).expand(3, points.shape[1])
        dark |= intersect(p, direction, start) < reach
    return dark
