"""Depth Anything 3, the metric and the monocular network: perspective depth and sky (Lin et al., "Depth Anything 3", 2025)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from spag4d.device import half_precision
from spag4d.networks.checkpoint import Sizes, built, official, read_checkpoint
from spag4d.networks.dpt import DPTHead, last_layers
from spag4d.networks.vit import DinoV2

PATCH = 14
"""Pixels across that make a token, as published."""
FOCAL_PX = 300.0
"""Depth in metres is the network's times the focal length, in pixels of the picture that it sees, over this."""


class Backbone(nn.Module):
    """The transformer under its official name."""

    def __init__(self, sizes: Sizes) -> None:
        """Allocate a transformer of these sizes."""
        super().__init__()
        self.pretrained = DinoV2(sizes.width, sizes.depth, PATCH, sizes.side, final_eps=1e-5)


class Head(DPTHead):
    """A head with a second ending, for the sky."""

    def __init__(self, sizes: Sizes) -> None:
        """Allocate a head of these sizes."""
        super().__init__(sizes.width, sizes.channels, sizes.features, PATCH)
        self.scratch.sky_output_conv2 = last_layers(sizes.features // 2)

    def endings(self, maps: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both values of each pixel before the last activations."""
        features = self.features(maps)
        depth, sky = (self.scratch.get_submodule(name)(features) for name in ("output_conv2", "sky_output_conv2"))
        return depth.squeeze(1), sky.squeeze(1)


class Da3Network(nn.Module):
    """Depth along the optical axis, and sky.

    `forward` takes a normalised perspective picture (b, 3, h, w), h and w multiples of 14, and returns two (b, h, w) tensors:
    depth for a focal length of `FOCAL_PX` (in the sky it means nothing), and a score, 0 on surfaces and about 1 in the sky.
    """

    def __init__(self, sizes: Sizes) -> None:
        """Allocate a network of these sizes."""
        super().__init__()
        self.taps = sizes.taps
        self.backbone = Backbone(sizes)
        self.head = Head(sizes)

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return depth and sky."""
        with half_precision(picture.device.type):
            maps = self.backbone.pretrained.maps(picture, self.taps)
        depth, sky = self.head.endings(maps)
        return depth.exp(), F.relu(sky)


def load_da3(path: Path) -> Da3Network:
    """Load DA3METRIC-LARGE; DA3MONO-LARGE has the same names and cannot be distinguished from it. Raises `WeightsError`."""
    return da3_from(read_checkpoint(path), path)


def da3_from(held: dict[str, Any], origin: object) -> Da3Network:
    """Build the network from what a checkpoint holds; ``origin`` names it in messages."""
    return built(Da3Network, official(held, prefix=r"model\."), origin, backbone="backbone.pretrained", head="head")
