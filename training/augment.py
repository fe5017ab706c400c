"""Make many pictures of one: turn, mirror and tilt the sphere, then photograph it with a worse camera.

Pictures are (b, 3, h, w) sRGB 0..1, log distances (b, h, w) with +inf for sky and NaN for unknown. Turning about the
capture point moves distances without changing them. All randomness comes from the generator that is passed in.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from spag4d.networks.builtin import pad_sphere
from training.lenses import rig

_LUMA = (0.299, 0.587, 0.114)
# Annex K of the JPEG standard (ITU-T T.81), luminance and chrominance.
_QUANT_LUMA = torch.tensor([
    [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
], dtype=torch.float32)  # fmt: skip
_QUANT_CHROMA = torch.full((8, 8), 99.0)
_QUANT_CHROMA[:4, :4] = torch.tensor([[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]])


def augment(
    rgb: torch.Tensor, log_distance: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Apply a random turn, mirror, tilt and camera to each picture of a batch; shapes stay."""
    turned = [turn_randomly(rgb[i], log_distance[i], generator) for i in range(len(rgb))]
    rgb, log_distance = (torch.stack(parts) for parts in zip(*turned, strict=True))
    return photograph(rgb, generator), log_distance


def turn_randomly(
    rgb: torch.Tensor, log_distance: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Roll by any number of columns, mirror half of the time, tilt a third of the time by up to about 8 degrees."""
    shift = int(torch.randint(rgb.shape[-1], (), generator=generator))
    rgb, log_distance = rgb.roll(shift, -1), log_distance.roll(shift, -1)
    if _chance(0.5, generator):
        rgb, log_distance = rgb.flip(-1), log_distance.flip(-1)
    if _chance(0.33, generator):
        return tilt(rgb, log_distance, math.radians(3.0) * _normal(generator), math.radians(3.0) * _normal(generator))
    return rgb, log_distance


def tilt(
    rgb: torch.Tensor, log_distance: torch.Tensor, pitch_rad: float, roll_rad: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn the camera about the x axis, then about the z axis; distances are taken from the nearest pixel."""
    h, w = log_distance.shape
    grid = _source_pixels(h, w, pitch_rad, roll_rad, rgb.device)
    margin = 2
    scale = torch.tensor([w + 2 * margin, h + 2 * margin], dtype=torch.float32, device=rgb.device)
    normalised = (2 * (grid + margin) / scale - 1)[None]
    known = torch.nan_to_num(log_distance, nan=-1e4, posinf=1e4)[None, None]
    picture = F.grid_sample(pad_sphere(rgb[None], margin), normalised, align_corners=False)[0]
    moved = F.grid_sample(pad_sphere(known, margin), normalised, mode="nearest", align_corners=False)[0, 0]
    return picture, moved.masked_fill(moved > 1e3, math.inf).masked_fill(moved < -1e3, math.nan)


def _source_pixels(h: int, w: int, pitch_rad: float, roll_rad: float, device: torch.device) -> torch.Tensor:
    """Where each pixel of the tilted picture lay before: (h, w, 2) x and y, pixel centres at half-integers."""
    azimuth = (torch.arange(w, device=device) + 0.5) * (2 * math.pi / w) - math.pi
    elevation = math.pi / 2 - (torch.arange(h, device=device) + 0.5)[:, None] * (math.pi / h)
    x, z = elevation.cos() * azimuth.sin(), elevation.cos() * azimuth.cos()
    y = (-elevation.sin()).expand(h, w)
    x, y = math.cos(roll_rad) * x - math.sin(roll_rad) * y, math.sin(roll_rad) * x + math.cos(roll_rad) * y
    y, z = math.cos(pitch_rad) * y - math.sin(pitch_rad) * z, math.sin(pitch_rad) * y + math.cos(pitch_rad) * z
    column = (torch.atan2(x, z) + math.pi) * (w / (2 * math.pi))
    row = (math.pi / 2 + torch.asin(y.clamp(-1, 1))) * (h / math.pi)
    return torch.stack((column, row), -1)


def photograph(rgb: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Give each picture its own lenses, exposure, white balance, gamma, saturation, softness, noise and compression.

    Softness may be negative: sharpened, with halos. Noise is strongest in the shadows and sometimes comes in grains.
    """
    b = len(rgb)

    def spread(deviation: float, channels: int = 1) -> torch.Tensor:
        return torch.randn((b, channels, 1, 1), generator=generator, device=generator.device).to(rgb) * deviation

    rgb = rig(rgb, generator)
    rgb = (rgb * (spread(0.2) * (1.0 + spread(0.5).abs()) + spread(0.06, 3)).exp()).clamp(1e-4, 1)
    rgb = rgb.pow(spread(0.2).exp())
    grey = luma(rgb)
    rgb = grey + (rgb - grey) * (spread(0.25).exp())
    rgb = torch.lerp(rgb, soften(rgb), spread(0.7).clamp(-1.2, 1.0)).clamp(0, 1)
    noise = torch.randn(rgb.shape, generator=generator, device=generator.device).to(rgb)
    if _chance(0.3, generator):
        noise = 1.8 * soften(noise) + 0.3 * noise
    rgb = (rgb + noise * spread(0.018).abs() * (1.5 - rgb)).clamp(0, 1)
    compressed = [i for i in range(b) if _chance(0.4, generator)]
    if compressed:
        quality = 30 + int(torch.randint(65, (), generator=generator))
        rgb = rgb.index_copy(0, torch.tensor(compressed, device=rgb.device), compress(rgb[compressed], quality))
    return rgb


def luma(rgb: torch.Tensor) -> torch.Tensor:
    """Weighted mean of the channels: (b, 1, h, w)."""
    return (rgb * rgb.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)


def soften(rgb: torch.Tensor) -> torch.Tensor:
    """Blur with the binomial kernel 1 4 6 4 1 in both directions (a deviation of one pixel)."""
    row = rgb.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = torch.outer(row, row).expand(3, 1, 5, 5)
    return F.conv2d(pad_sphere(rgb, 2), kernel, groups=3)


def compress(rgb: torch.Tensor, quality: int) -> torch.Tensor:
    """What JPEG of this quality (1..100) leaves of a picture whose sides are multiples of 8, chroma at full size."""
    scale = (5000 / quality if quality < 50 else 200 - 2 * quality) / 100
    y = luma(rgb)
    colour = torch.cat((y, (rgb[:, 2:] - y) * 0.564, (rgb[:, :1] - y) * 0.713), 1) * 255
    step = torch.stack((_QUANT_LUMA, _QUANT_CHROMA, _QUANT_CHROMA)).to(rgb).mul(scale).round().clamp_min(1)
    dct = _dct_matrix().to(rgb)
    blocks = colour.unflatten(3, (-1, 8)).unflatten(2, (-1, 8)).transpose(3, 4)
    levels = (dct @ blocks @ dct.T / step[:, None, None]).round() * step[:, None, None]
    y, blue, red = (dct.T @ levels @ dct).transpose(3, 4).flatten(4, 5).flatten(2, 3).div(255).split(1, 1)
    red, blue = y + red / 0.713, y + blue / 0.564
    green = (y - _LUMA[0] * red - _LUMA[2] * blue) / _LUMA[1]
    return torch.cat((red, green, blue), 1).clamp(0, 1)


def _dct_matrix() -> torch.Tensor:
    """Orthonormal DCT-II of length 8: (8 frequencies, 8 samples)."""
    index = torch.arange(8, dtype=torch.float32)
    matrix = torch.cos(math.pi / 8 * (index + 0.5) * index[:, None]) / 2
    return torch.cat((matrix[:1] / math.sqrt(2), matrix[1:]))


def _chance(probability: float, generator: torch.Generator) -> bool:
    return bool(torch.rand((), generator=generator) < probability)


def _normal(generator: torch.Generator) -> float:
    return float(torch.randn((), generator=generator))
