"""Uneven ground: a height field seen column by column, exact between its radial samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from training import noise
from training.raycast import Grid

_SAMPLES = 144
_FAR_M = 1500.0


@dataclass(frozen=True)
class Terrain:
    """Height above the camera's foot: a slope, rolling ground of period ``roll_m``, mountains beyond
    ``rise_m``; a few metres off, everything lies ``drop_m`` lower (a hilltop, a terrace)."""

    slope: tuple[float, float] = (0.0, 0.0)
    drop_m: float = 0.0
    roll: float = 0.5
    roll_m: float = 60.0
    peak: float = 0.0
    peak_m: float = 900.0
    rise_m: float = 120.0
    offset: tuple[float, float] = (0.0, 0.0)

    def height(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Height in metres at plan positions (n); zero and level at the origin."""
        square = x * x + z * z
        near = 1.0 - (-square / 36.0).exp()
        far = (square.sqrt() / self.rise_m - 1.0).clamp(0.0, 4.0)
        pixel = square.sqrt() * 0.005 + self.roll_m / 40
        roll = self._rolling(x, z, pixel) - self._origin()
        up = near * (self.roll * roll - self.drop_m + self.slope[0] * x.clamp(-40, 40) + self.slope[1] * z.clamp(-40, 40))
        if self.peak > 0.0:
            field = self._field(x, z, self.peak_m, pixel)
            up = up + far * self.peak * (0.8 + field[:, noise.RIDGE] * 0.3 + 0.5 * field[:, noise.FBM]).clamp_min(0.0)
        return up

    def at(self, x: float, z: float) -> float:
        """Height at one plan position."""
        return float(self.height(torch.tensor([x], dtype=torch.float32), torch.tensor([z], dtype=torch.float32)))

    def _origin(self) -> float:
        zero = torch.zeros(1)
        return float(self._rolling(zero, zero, zero + self.roll_m / 40))

    def _rolling(self, x: torch.Tensor, z: torch.Tensor, pixel: torch.Tensor) -> torch.Tensor:
        u, v = x / self.roll_m + self.offset[0], z / self.roll_m + self.offset[1]
        return noise.sample_fbm(u, v, pixel / self.roll_m)

    def _field(self, x: torch.Tensor, z: torch.Tensor, period: float, pixel: torch.Tensor) -> torch.Tensor:
        return noise.sample(x / period + self.offset[0], z / period + self.offset[1], pixel / period)

    def normal(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Upward unit normals (3, n) at plan positions (n)."""
        step = 0.02 * (x * x + z * z).sqrt() + 0.1
        here = self.height(x, z)
        dx, dz = (self.height(x + step, z) - here) / step, (self.height(x, z + step) - here) / step
        normal = torch.stack([-dx, torch.full_like(dx, -1.0), -dz])
        return normal * (normal * normal).sum(0).rsqrt()

    def cast(self, grid: Grid, water: float | None = None) -> torch.Tensor:
        """Distance along the ray (rows, w) to the ground, inf above it; ground below ``water`` lets rays pass."""
        radii = torch.cat([torch.zeros(1), torch.logspace(math.log10(0.4), math.log10(_FAR_M), _SAMPLES)])
        radii = radii.to(grid.device)
        column = torch.arange(grid.width, device=grid.device) + 0.5
        azimuth = column * (2 * math.pi / grid.width) - math.pi + grid.yaw
        x = float(grid.origin[0]) + azimuth.sin()[:, None] * radii
        z = float(grid.origin[2]) + azimuth.cos()[:, None] * radii
        h = self.height(x.reshape(-1), z.reshape(-1)).view(x.shape) + float(grid.origin[1])
        if water is not None:
            h = torch.where(h - float(grid.origin[1]) > water, h, -1e4)
        slope = torch.cat([torch.full_like(h[:, :1], -1e9), h[:, 1:] / radii[1:]], dim=1).cummax(1).values
        rows = torch.arange(grid.row0, grid.row1, device=grid.device) + 0.5
        elevation = math.pi / 2 - rows * grid.pixel_rad
        target = elevation.tan().expand(grid.width, -1).contiguous()
        after = torch.searchsorted(slope, target).clamp(1, _SAMPLES)
        seen = slope.gather(1, after) >= target
        h0, h1 = h.gather(1, after - 1), h.gather(1, after)
        r0, r1 = radii[after - 1], radii[after]
        share = (target * r0 - h0) / ((h1 - h0) - target * (r1 - r0))
        radius = r0 + share.clamp(0.0, 1.0) * (r1 - r0)
        distance = torch.where(seen, radius / elevation.cos(), math.inf)
        return distance.T.contiguous()


def random_terrain(rng: np.random.Generator) -> Terrain:
    """Gentle to hilly ground, half of the time with mountains far away."""
    return Terrain(
        slope=(float(rng.normal(0, 0.05)), float(rng.normal(0, 0.05))),
        roll=float(np.exp(rng.uniform(-2.5, 1.6))),
        roll_m=float(rng.uniform(50, 220)),
        peak=float(rng.uniform(4, 70)) if rng.random() < 0.6 else 0.0,
        peak_m=float(rng.uniform(500, 1800)),
        rise_m=float(rng.uniform(60, 250)),
        offset=(float(rng.random()), float(rng.random())),
    )
