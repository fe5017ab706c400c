"""DA360: panoramic disparity by a DINOv2 with a DPT head that knows the sphere ("Depth Anything in 360°", 2025)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from spag4d.device import half_precision
from spag4d.networks.builtin import pad_sphere
from spag4d.networks.checkpoint import Sizes, built, official, read_checkpoint
from spag4d.networks.dpt import DPTHead
from spag4d.networks.vit import DinoV2, as_map

PATCH = 14
"""Pixels across that make a token, as published."""
_LEAST_DISPARITY = 1e-4
"""As published: keeps its inverse finite."""
_UNUSED = (
    r"net", r"dinov2_encoder", r"height", r"width", r"depth_anything\.pretrained\.mask_token",
    r".*\.conv\.(weight|bias)",  # the same tensors under a second name
    r"depth_anything\.depth_head\.scratch\.refinenet4\.resConfUnit1\..*")


class SphereConv(nn.Conv2d):
    """A convolution that continues the map over its borders as the sphere does."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Map (b, c, h, w) to (b, c', h / stride, w / stride)."""
        return F.conv2d(pad_sphere(input, 1), self.weight, self.bias, self.stride)


class DepthAnything(nn.Module):
    """Transformer and head under their official names."""

    def __init__(self, sizes: Sizes) -> None:
        """Allocate both."""
        super().__init__()
        self.pretrained = DinoV2(sizes.width, sizes.depth, PATCH, sizes.side)
        self.depth_head = DPTHead(sizes.width, sizes.channels, sizes.features, PATCH)
        for module in self.depth_head.modules():
            if isinstance(module, nn.Conv2d) and module.padding == (1, 1):
                module.__class__ = SphereConv


class ShiftMlp(nn.Module):
    """One number per picture, from its class token."""

    def __init__(self, width: int) -> None:
        """``width`` of the token, halved by each layer."""
        super().__init__()
        widths = (width, width // 2, width // 4)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in zip(widths, widths[1:], strict=False))
        self.norms = nn.ModuleList(nn.BatchNorm1d(count) for count in widths[1:])
        self.output_layer = nn.Linear(widths[-1], 1)

    def forward(self, token: torch.Tensor) -> torch.Tensor:
        """Map (b, c) to (b, 1)."""
        for layer, norm in zip(self.layers, self.norms, strict=True):
            token = F.relu(norm(layer(token)))
        return self.output_layer(token)


class Da360Network(nn.Module):
    """Inverse distance along the ray.

    `forward` takes a normalised panorama (b, 3, h, w), h and w multiples of 14, and returns (b, h, w) positive disparity, up to
    an unknown factor.
    """

    def __init__(self, sizes: Sizes) -> None:
        """Allocate a network of these sizes."""
        super().__init__()
        self.taps = sizes.taps
        self.depth_anything = DepthAnything(sizes)
        self.shift_mlp = ShiftMlp(sizes.width)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Return disparity."""
        size_hw = [size // PATCH for size in picture.shape[2:]]
        with half_precision(picture.device.type):
            tapped = self.depth_anything.pretrained(picture, self.taps)
        shift = F.softplus(self.shift_mlp(tapped[-1][:, 0].float()))[..., None]
        maps = [as_map(tokens[:, 1:], size_hw) for tokens in tapped]
        return F.relu(self.depth_anything.depth_head(maps)) + shift + _LEAST_DISPARITY


def load_da360(path: Path) -> Da360Network:
    """Load any of the published DA360 files; raises `WeightsError`."""
    return da360_from(read_checkpoint(path), path)


def da360_from(held: dict[str, Any], origin: object) -> Da360Network:
    """Build the network from what a checkpoint holds; ``origin`` names it in messages."""
    state = official(held, prefix="", dropped=_UNUSED)
    return built(Da360Network, state, origin, backbone="depth_anything.pretrained", head="depth_anything.depth_head")
