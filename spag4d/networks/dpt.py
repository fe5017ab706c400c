"""The head that turns tokens of a vision transformer into a map, with the official parameter names.

Ranftl, Bochkovskiy and Koltun, "Vision transformers for dense prediction", 2021.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def conv3(channels_in: int, channels_out: int, *, stride: int = 1, bias: bool = True) -> nn.Conv2d:
    """Return a 3 x 3 convolution that continues the map by zeros."""
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=bias)


class ResidualUnit(nn.Module):
    """Two convolutions added to what came in."""

    def __init__(self, channels: int) -> None:
        """``channels`` in and out."""
        super().__init__()
        self.conv1, self.conv2 = conv3(channels, channels), conv3(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, c, h, w) to the same shape."""
        return x + self.conv2(F.relu(self.conv1(F.relu(x))))


class Fusion(nn.Module):
    """Join a coarse map with the next finer one."""

    def __init__(self, channels: int, *, has_lateral: bool) -> None:
        """The coarsest fusion has no other map to join."""
        super().__init__()
        if has_lateral:
            self.resConfUnit1 = ResidualUnit(channels)
        self.resConfUnit2 = ResidualUnit(channels)
        self.out_conv = nn.Conv2d(channels, channels, 1)

    def forward(self, top: torch.Tensor, lateral: torch.Tensor | None, size_hw: tuple[int, int]) -> torch.Tensor:
        """Map (b, c, h, w), with ``lateral`` of its shape, to (b, c, *size_hw)."""
        if lateral is not None:
            top = top + self.resConfUnit1(lateral)
        top = F.interpolate(self.resConfUnit2(top), size_hw, mode="bilinear", align_corners=True)
        return self.out_conv(top)


class Scratch(nn.Module):
    """The part of the head that works on maps of equal width."""

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        """Maps of so many ``channels`` come in, finest first."""
        super().__init__()
        for level, count in enumerate(channels, 1):
            self.add_module(f"layer{level}_rn", conv3(count, width, bias=False))
            self.add_module(f"refinenet{level}", Fusion(width, has_lateral=level < len(channels)))
        self.output_conv1 = conv3(width, width // 2)
        self.output_conv2 = last_layers(width // 2)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Map four maps, each half as large as the one before, to one (b, width / 2, 2 h, 2 w)."""
        maps = [self.get_submodule(f"layer{level}_rn")(x) for level, x in enumerate(maps, 1)]
        sizes = [(2 * maps[0].shape[2], 2 * maps[0].shape[3]), *((x.shape[2], x.shape[3]) for x in maps)]
        fused = self.get_submodule("refinenet4")(maps[3], None, sizes[3])
        for level in (3, 2, 1):
            fused = self.get_submodule(f"refinenet{level}")(fused, maps[level - 1], sizes[level - 1])
        return self.output_conv1(fused)


def last_layers(channels: int) -> nn.Sequential:
    """Return what makes one value per pixel of ``channels``."""
    return nn.Sequential(conv3(channels, 32), nn.ReLU(), nn.Conv2d(32, 1, 1))


class DPTHead(nn.Module):
    """Maps (b, c, h, w) from four depths of the transformer to one value per pixel."""

    def __init__(self, width: int, channels: tuple[int, ...], features: int, patch: int) -> None:
        """``width`` of the tokens; ``channels`` per level, finest first; ``features`` of the fused maps."""
        super().__init__()
        self.patch = patch
        self.projects = nn.ModuleList(nn.Conv2d(width, count, 1) for count in channels)
        self.resize_layers = nn.ModuleList((
            nn.ConvTranspose2d(channels[0], channels[0], 4, 4), nn.ConvTranspose2d(channels[1], channels[1], 2, 2),
            nn.Identity(), conv3(channels[3], channels[3], stride=2)))
        self.scratch = Scratch(channels, features)

    def features(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Return (b, features / 2, patch h, patch w): what the last layers see."""
        size_hw = (self.patch * maps[0].shape[2], self.patch * maps[0].shape[3])
        levels = zip(self.resize_layers, self.projects, maps, strict=True)
        fused = self.scratch([resize(project(x)) for resize, project, x in levels])
        return F.interpolate(fused, size_hw, mode="bilinear", align_corners=True)

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Return the value of each pixel before the network's last activation, (b, patch h, patch w)."""
        return self.scratch.output_conv2(self.features(maps)).squeeze(1)
