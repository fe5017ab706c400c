"""What lenses and software do to the light before it becomes a photograph: glow, local tone mapping, the blur of what moves."""

from __future__ import annotations

import torch
import torch.nn.functional as F

_CELLS = 32
"""Rows of the coarse picture on which glow and local brightness are taken: cells of 5.6 degrees."""


def coarse(values: torch.Tensor) -> torch.Tensor:
    """Means of (h, w, c) over cells of the sphere, brought back to full size without steps; it wraps."""
    height, width = values.shape[:2]
    rows = min(_CELLS, height)
    small = F.adaptive_avg_pool2d(values.permute(2, 0, 1)[None], (rows, 2 * rows))
    padded = F.pad(F.pad(small, (1, 1, 0, 0), mode="circular"), (0, 0, 1, 1), mode="replicate")
    padded = F.avg_pool2d(padded, 3, stride=1)
    padded = F.pad(F.pad(padded, (1, 1, 0, 0), mode="circular"), (0, 0, 1, 1), mode="replicate")
    step = height // rows
    size = ((rows + 2) * step, (2 * rows + 2) * step)
    large = F.interpolate(padded, size=size, mode="bilinear")[0, :, step:-step, step:-step]
    if large.shape[1:] != (height, width):
        large = F.interpolate(large[None], size=(height, width), mode="bilinear")[0]
    return large.permute(1, 2, 0)


def glow(radiance: torch.Tensor, white: float, strength: float) -> torch.Tensor:
    """Let what is brighter than ``white`` shine into its surroundings (h, w, 3)."""
    return radiance + strength * coarse((radiance - white).clamp(0.0, 4.0 * white))


def even_out(radiance: torch.Tensor, strength: float) -> torch.Tensor:
    """Local tone mapping: bright regions darker, dark ones brighter, by ``strength`` of their log; edges get halos."""
    base = coarse(radiance.mean(-1, keepdim=True).clamp(1e-4, 20.0).log())
    return radiance * (-strength * (base - base.mean())).exp()


def smear(radiance: torch.Tensor, moving: torch.Tensor, reach: int) -> torch.Tensor:
    """Blur what moves (h, w) along the rows by ``2 reach + 1`` pixels (h, w, 3), and what it sweeps over with it."""
    both = torch.cat((radiance.clamp(max=8.0), moving[..., None].to(radiance)), -1).permute(2, 0, 1)[None]
    mean = F.avg_pool2d(F.pad(both, (reach, reach, 0, 0), mode="circular"), (1, 2 * reach + 1), stride=1)[0].permute(1, 2, 0)
    return torch.lerp(radiance, mean[..., :3], (3.0 * mean[..., 3:]).clamp(max=1.0))
