"""The camera: exposure, tone, white balance, flare, softened edges, noise, black caps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from training.raycast import Grid
from training.render import Rendered


@dataclass(frozen=True)
class Film:
    """How a photograph is developed; ``exposure`` is relative to a mid-grey mean of the log radiance.

    ``glow`` and ``even`` are the strengths of glare around lights and of local tone mapping, ``blur_rad`` is how far what
    moves went while the shutter was open.
    """

    exposure: float = 1.0
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    saturation: float = 1.0
    noise: float = 0.0
    flare: float = 0.0
    nadir_deg: float = 0.0
    zenith_deg: float = 0.0
    shoulder: float = 0.6
    glow: float = 0.0
    even: float = 0.0
    blur_rad: float = 0.0


def random_film(rng: np.random.Generator) -> Film:
    """A camera in a random mood."""
    warm, tint = rng.normal(0, 0.07), rng.normal(0, 0.03)
    return Film(
        exposure=float(np.exp(rng.normal(0.0, 0.3) + (rng.uniform(0.3, 1.0) if rng.random() < 0.12 else 0.0))),
        white=(float(np.exp(warm)), float(np.exp(tint)), float(np.exp(-warm))),
        contrast=float(rng.uniform(0.85, 1.25)),
        saturation=float(rng.uniform(0.7, 1.1)),
        noise=float(rng.choice([0.0, 0.004, 0.01, 0.02], p=[0.3, 0.4, 0.2, 0.1])),
        flare=float(rng.uniform(0.1, 1.0)) if rng.random() < 0.3 else 0.0,
        nadir_deg=float(rng.uniform(8, 38)) if rng.random() < 0.15 else 0.0,
        zenith_deg=float(rng.uniform(5, 20)) if rng.random() < 0.03 else 0.0,
        shoulder=float(rng.uniform(0.4, 0.9)),
        glow=float(rng.uniform(0.05, 0.35)) if rng.random() < 0.5 else 0.0,
        even=float(rng.uniform(0.1, 0.6)) if rng.random() < 0.35 else 0.0,
        blur_rad=float(rng.uniform(0.01, 0.05)) if rng.random() < 0.2 else 0.0,
    )


def exposure_of(image: Rendered, film: Film) -> float:
    """Factor that brings the solid-angle mean of the log radiance (sky at a fifth of its weight) to mid-grey."""
    luminance = image.radiance.mean(-1).clamp(1e-4, 20.0).log()
    rows = torch.arange(luminance.shape[0], device=luminance.device, dtype=torch.float32)
    weight = torch.sin((rows + 0.5) * (math.pi / len(rows)))[:, None] * torch.where(image.index < 0, 0.2, 1.0)
    mean = float((luminance * weight).sum() / weight.sum())
    return film.exposure * 0.16 / math.exp(mean)


def soften(radiance: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Anti-alias the borders between primitives: a small blur there, nowhere else (h, w, 3)."""
    edge = torch.zeros(index.shape, dtype=torch.bool, device=index.device)
    edge[:-1] |= index[1:] != index[:-1]
    edge[1:] |= index[1:] != index[:-1]
    across = index != index.roll(1, 1)
    edge |= across | across.roll(-1, 1)
    image = radiance.permute(2, 0, 1)[None].clamp(max=4.0)
    padded = F.pad(F.pad(image, (1, 1, 0, 0), mode="circular"), (0, 0, 1, 1), mode="replicate")
    mean = F.avg_pool2d(padded, 3, stride=1)[0].permute(1, 2, 0)
    return torch.where(edge[..., None], 0.35 * radiance + 0.65 * mean, radiance)


def develop(radiance: torch.Tensor, factor: float, film: Film, generator: torch.Generator | None = None) -> torch.Tensor:
    """Linear radiance (h, w, 3) to sRGB 0..1 with a soft shoulder."""
    x = radiance * (factor * radiance.new_tensor(film.white))
    grey = x.mean(-1, keepdim=True)
    x = (grey + film.saturation * (x - grey)).clamp_min(0.0)
    knee = film.shoulder
    over = (x - knee).clamp_min(0.0)
    x = x.clamp(max=knee) + (1.0 - knee) * (1.0 - (-over / (1.0 - knee)).exp())
    srgb = torch.where(x <= 0.0031308, 12.92 * x, 1.055 * x.clamp_min(1e-6) ** (1 / 2.4) - 0.055)
    srgb = srgb + (film.contrast - 1.0) * srgb * (1 - srgb) * (2 * srgb - 1) * 2.0
    if film.noise > 0.0 and generator is not None:
        grain = torch.randn(srgb.shape, generator=generator).to(srgb.device)
        srgb = srgb + film.noise * (1.6 - 1.2 * srgb) * grain  # the curve lifts the shadows' noise most
    return srgb.clamp(0.0, 1.0)


def flare(grid: Grid, rays: torch.Tensor, sun: np.ndarray, color: np.ndarray, strength: float, seed: int) -> torch.Tensor:
    """Glare around the sun with rays, and ghosts on the great circle through it (rows, w, 3)."""
    toward = rays.new_tensor(sun)
    cos = (rays * toward[:, None, None]).sum(0).clamp(-1.0, 1.0)
    side = np.cross(sun, [0.0, 1.0, 0.0])
    side = side / max(float(np.linalg.norm(side)), 1e-6)
    up = np.cross(side, sun)
    x = (rays * rays.new_tensor(side)[:, None, None]).sum(0)
    y = (rays * rays.new_tensor(up)[:, None, None]).sum(0)
    spikes = (torch.cos(torch.atan2(y, x) * 7.0 + seed % 6) * 0.5 + 0.5) ** 6
    light = 0.5 * ((cos - 1.0) * 40.0).exp() * (0.6 + 0.8 * spikes) + 3.0 * ((cos - 1.0) * 900.0).exp()
    return (strength * light)[..., None] * rays.new_tensor(color)
