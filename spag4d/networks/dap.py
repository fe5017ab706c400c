"""DAP: metric panoramic depth by a DINOv3 with two DPT heads (Insta360 Research, "Depth any panoramas", 2025)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from spag4d.device import half_precision
from spag4d.networks.checkpoint import Sizes, State, built, official, read_checkpoint
from spag4d.networks.dpt import DPTHead
from spag4d.networks.vit import DinoV3

PATCH = 16
"""Pixels across that make a token, as published."""
_UNUSED = (
    r"epoch", r"pretrained\.blocks\..*",  # the same tensors under a second name
    r"pretrained\.model\.mask_token", r"(depth|mask)_head\.scratch\.refinenet4\.resConfUnit1\..*")


class Backbone(nn.Module):
    """The transformer, and what stands between it and the heads: another norm, and maps that lost their first patch.

    The published network drops one token too many and stretches the rest over its place; its heads learned from such maps.
    """

    def __init__(self, sizes: Sizes) -> None:
        """Allocate a transformer of these sizes."""
        super().__init__()
        self.taps = sizes.taps
        self.model = DinoV3(sizes.width, sizes.depth, PATCH)
        self.norm = nn.LayerNorm(sizes.width, 1e-5)

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        """Map a normalised picture (b, 3, 16 h, 16 w) to four maps (b, c, h, w)."""
        size_hw = (picture.shape[2] // PATCH, picture.shape[3] // PATCH)
        patches = (tokens[:, self.model.prefix :] for tokens in self.model(picture, self.taps))
        return [stretched(self.norm(tokens.float()), size_hw) for tokens in patches]


def stretched(tokens: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """Drop the first of the tokens (b, h w, c) and interpolate the others to a map (b, c, h, w).

    Along the row-major sequence; where the others would fill a square, across that square, which scrambles the picture:
    sizes such as 464 x 928 pixels are not for use.
    """
    kept = tokens[:, 1:].transpose(1, 2)
    side = math.isqrt(kept.shape[2])
    if side * side == kept.shape[2]:
        return F.interpolate(kept.unflatten(2, (side, side)), size_hw, mode="bilinear")
    return F.interpolate(kept, size_hw[0] * size_hw[1], mode="linear").unflatten(2, size_hw)


class DapNetwork(nn.Module):
    """Distance along the ray, and what is too far for it.

    `forward` takes a normalised panorama (b, 3, h, w), h and w multiples of 16, and returns two (b, h, w) tensors in 0..1:
    distance in units of 100 m, and the probability of lying beyond that or in the sky. Trained at 512 x 1024.
    """

    def __init__(self, sizes: Sizes) -> None:
        """Allocate a network of these sizes."""
        super().__init__()
        self.pretrained = Backbone(sizes)
        self.depth_head, self.mask_head = (
            DPTHead(sizes.width, sizes.channels, sizes.features, PATCH) for _ in ("depth", "mask"))

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return distance and mask."""
        with half_precision(picture.device.type):
            maps = self.pretrained(picture)
        return self.depth_head(maps).sigmoid(), self.mask_head(maps).sigmoid()


def load_dap(path: Path) -> DapNetwork:
    """Load the published DAP file; raises `WeightsError`."""
    return dap_from(read_checkpoint(path), path)


def dap_from(held: dict[str, Any], origin: object) -> DapNetwork:
    """Build the network from what a checkpoint holds; ``origin`` names it in messages."""
    state = official(held, prefix=r"(module\.)?(core\.)?", dropped=_UNUSED)
    return built(DapNetwork, without_key_bias(state), origin, backbone="pretrained.model", head="depth_head")


def without_key_bias(state: State) -> State:
    """Return the state with its masks of biases carried out: what they mask is zero, whatever stands there."""
    masked = dict(state)
    for name in [name for name in state if name.endswith(".attn.qkv.bias_mask")]:
        mask, bias = masked.pop(name), name.removesuffix("_mask")
        if bias in masked:
            masked[bias] = torch.where(mask == 0, torch.zeros_like(mask), masked[bias] * mask)
    return masked
