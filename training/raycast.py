"""The ray caster: which primitive does each pixel of an equirectangular picture see, and how far along the ray.

Each primitive is intersected only in the window of rows and columns that it can cover; a z-buffer keeps the nearest hit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from training.intersections import intersect, local_frame
from training.primitives import Primitive

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
    half = np.array([p.reach for p in primitives])
    corners = center[:, None] + np.einsum("pij,pkj->pki", axes, _CORNERS * half[:, None])
    start, span, around = _azimuths(corners)
    row0, row1 = _rows(corners, around, grid)
    column = np.floor((start - grid.yaw + math.pi) / grid.pixel_rad - 1.5).astype(int) % grid.width
    columns = np.ceil(span / grid.pixel_rad + 3.0).astype(int)
    full = around | (columns >= grid.width)
    return Windows(row0, row1, np.where(full, 0, column), np.where(full, grid.width, columns))


def _azimuths(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The least azimuth, the extent, and whether it is all around (the box stands over or under the viewer)."""
    azimuth = np.sort(np.arctan2(corners[..., 0], corners[..., 2]), axis=1)
    gaps = np.diff(azimuth, axis=1, append=azimuth[:, :1] + 2 * math.pi)
    widest = gaps.argmax(axis=1)
    each = np.arange(len(corners))
    gap = gaps[each, widest]
    return azimuth[each, (widest + 1) % 8], 2 * math.pi - gap, gap <= math.pi + 1e-6


def _rows(corners: np.ndarray, around: np.ndarray, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """First and last + 1 row of each box, counted from the first row of ``grid``."""
    plan = corners[:, :, [0, 2]]
    near = np.where(around, 0.0, _nearest_on_segments(plan))
    far = np.linalg.norm(plan, axis=2).max(axis=1)
    up, low = -corners[..., 1].min(axis=1), -corners[..., 1].max(axis=1)
    top = np.arctan2(up, np.where(up > 0, near, far) + 1e-9)
    bottom = np.arctan2(low, np.where(low > 0, far, near) + 1e-9)
    row0 = np.floor((math.pi / 2 - top) / grid.pixel_rad - 1.5).astype(int)
    row1 = np.ceil((math.pi / 2 - bottom) / grid.pixel_rad + 1.5).astype(int)
    return np.clip(row0, grid.row0, grid.row1) - grid.row0, np.clip(row1, grid.row0, grid.row1) - grid.row0


def _nearest_on_segments(plan: np.ndarray) -> np.ndarray:
    """Plan distance from the viewer to the nearest of the segments between any two corners."""
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
        rows = slice(row0, row1)
        to_local, start = local_frame(p, grid.origin, grid.device)
        for span in _spans(int(frame.column[i]), int(frame.columns[i]), grid.width):
            part = rays[:, rows, span]
            found = intersect(p, to_local @ part.reshape(3, -1), start).view(part.shape[1:])
            behind = distance[rows, span]
            closer = found < behind
            distance[rows, span] = torch.where(closer, found, behind)
            index[rows, span].masked_fill_(closer, i)
    return distance, index


def _spans(first: int, count: int, width: int) -> list[slice]:
    """The columns of a window: one run, or two where it goes past the right edge."""
    over = first + count - width
    return [slice(first, first + count)] if over <= 0 else [slice(first, width), slice(0, over)]


def occluded(primitives: list[Primitive], points: torch.Tensor, toward: torch.Tensor, reach: float) -> torch.Tensor:
    """Whether (n) points (3, n) have a primitive on their way along ``toward`` (3, n or 1) before ``reach`` times it."""
    dark = torch.zeros(points.shape[1], dtype=torch.bool, device=points.device)
    for p in primitives:
        matrix, shift = local_frame(p, np.zeros(3), str(points.device))
        start = matrix @ points + points.new_tensor(shift)[:, None]
        direction = (matrix @ toward).expand(3, points.shape[1])
        dark |= intersect(p, direction, start) < reach
    return dark
