"""What a panorama shows of the two or more lenses that took it: vignettes, colour fringes, seams.

Pictures are (b, 3, h, w) sRGB 0..1. None of this moves a surface by more than a pixel.
"""

from __future__ import annotations

import math

import torch


def rig(rgb: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Give a third of the pictures the marks of a pair of lenses that look along opposite azimuths."""
    count = len(rgb)
    chosen = (torch.rand(count, generator=generator, device=generator.device) < 1 / 3).nonzero().squeeze(1).to(rgb.device)
    if not len(chosen):
        return rgb
    marked = fringed(seamed(rgb[chosen], generator), generator)
    return rgb.index_copy(0, chosen, marked)


def seamed(rgb: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Two lenses of slightly different brightness, each darker toward its edge; at their seams the picture is off by a row."""
    b, _, h, w = rgb.shape
    turn, step, dark, off, width = _draw(rgb, generator, 5)
    azimuth = (torch.arange(w, device=rgb.device) + 0.5) * (2 * math.pi / w) - 2 * math.pi * turn
    elevation = (0.5 - (torch.arange(h, device=rgb.device) + 0.5) / h)[:, None] * math.pi
    across = elevation.cos() * azimuth.cos()  # of the axis of the first lens, -1 on that of the second
    side = (across / (0.02 + 0.1 * width)).clamp(-1.0, 1.0)
    gain = (1.0 + (0.12 * step - 0.06) * side) * (1.0 - 0.3 * dark.square() * (1.0 - across.abs()).square())
    near = (1.0 - across.abs() * 4.0).clamp(0.0, 1.0) * (across > 0) * (2.0 * off - 1.0)
    lower, upper = rgb.roll(1, 2), rgb.roll(-1, 2)
    lower[:, :, 0], upper[:, :, -1] = rgb[:, :, 0], rgb[:, :, -1]
    shifted = rgb + near.clamp_min(0.0) * (lower - rgb) + (-near).clamp_min(0.0) * (upper - rgb)
    return (shifted * gain).clamp(0.0, 1.0)


def fringed(rgb: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Red and blue moved apart along the rows by up to a pixel each, one way left and the other way right of a lens's axis."""
    turn, far = _draw(rgb, generator, 2)
    w = rgb.shape[-1]
    azimuth = (torch.arange(w, device=rgb.device) + 0.5) * (2 * math.pi / w) - 2 * math.pi * turn
    share = ((far - 0.3).clamp_min(0.0) * (2 * azimuth).sin()).squeeze(1)
    red, green, blue = rgb.unbind(1)
    return torch.stack((_moved(red, share), green, _moved(blue, -share)), 1)


def _moved(channel: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """One channel (b, h, w) moved right by a share of a pixel, left where it is negative."""
    right, left = channel.roll(1, -1), channel.roll(-1, -1)
    return channel + share.clamp_min(0.0) * (right - channel) + (-share).clamp_min(0.0) * (left - channel)


def _draw(rgb: torch.Tensor, generator: torch.Generator, count: int) -> tuple[torch.Tensor, ...]:
    """Random numbers 0..1, one of each kind for every picture: ``count`` times (b, 1, 1, 1)."""
    numbers = torch.rand((count, len(rgb), 1, 1, 1), generator=generator, device=generator.device).to(rgb)
    return tuple(numbers)
