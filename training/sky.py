"""Sky radiance in any direction: gradient, sun, clouds, haze at the horizon, stars' worth of night."""

from __future__ import annotations

import torch

from training import noise
from training.light import Atmosphere


def radiance(air: Atmosphere, d: torch.Tensor, pixel_rad: float, sharp: bool = True) -> torch.Tensor:
    """Linear radiance (n, 3) of the sky along unit directions ``d`` (3, n); below the horizon the hazy ground."""
    color = [d.new_tensor(c)[:, None] for c in (air.zenith, air.horizon, air.ground)]
    up = -d[1]
    lift = up.clamp_min(0.0)
    sky = torch.lerp(color[1], color[0], 1.0 - (1.0 - lift) ** 3)
    if sharp and air.cloud_cover > 0.0:
        sky = _clouds(air, d, lift, sky, pixel_rad)
    sun = d.new_tensor(air.sun_direction)
    cos = (d * sun[:, None]).sum(0).clamp(-1.0, 1.0)
    glow = 0.25 * ((cos - 1.0) * 12.0).exp() + (0.8 * ((cos - 1.0) * 300.0).exp() if sharp else 0.0)
    sky = sky + glow * d.new_tensor(air.sun_color)[:, None] * 0.5
    if sharp and air.sun_disc:
        disc = ((cos - 0.9997) * 20000.0).clamp(0.0, 1.0)
        sky = sky + disc * d.new_tensor(air.sun_color)[:, None] * 30.0
    below = (-up * 30.0).clamp(0.0, 1.0)
    return torch.lerp(sky, color[2], below).T


def _clouds(air: Atmosphere, d: torch.Tensor, lift: torch.Tensor, sky: torch.Tensor, pixel_rad: float) -> torch.Tensor:
    scale = 0.12 * air.cloud_scale / (lift + 0.12)
    u, v = d[0] * scale + air.cloud_offset[0], d[2] * scale + air.cloud_offset[1]
    pixel = pixel_rad * scale / (lift + 0.12)
    field = noise.sample(u, v, pixel)
    wisp = noise.sample(u * 3.1 + 0.4, v * 3.1, 3.1 * pixel)
    height = field[:, noise.FBM] + 0.35 * wisp[:, noise.FBM]
    cover = ((height + 2.6 * air.cloud_cover - 1.3) * 0.8).clamp(0.0, 1.0)
    cover = cover * cover * (3 - 2 * cover) * (lift * 6.0).clamp(0.3, 1.0)
    dark = (1.0 - 0.35 * (height + 2.6 * air.cloud_cover - 1.6).clamp(0.0, 1.0)) * (1.0 + 0.03 * wisp[:, noise.FINE])
    return torch.lerp(sky, d.new_tensor(air.cloud_color)[:, None] * dark, cover)
