"""PanDA: panoramic depth by a DINOv2 with a DPT head (Cao et al., "PanDA", 2025)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from spag4d.device import half_precision
from spag4d.networks.checkpoint import Sizes, State, built, not_of_this_network, official, read_checkpoint
from spag4d.networks.dpt import DPTHead
from spag4d.networks.vit import DinoV2

PATCH = 14
"""Pixels across that make a token, as published."""
_UNUSED = (r"epoch", r"pretrained\.mask_token", r"depth_head\.scratch\.refinenet4\.resConfUnit1\..*")


class PandaNetwork(nn.Module):
    """Relative distance along the ray.

    `forward` takes a normalised panorama (b, 3, h, w), h and w multiples of 14, and returns (b, h, w) in 0..1, larger where
    farther, up to an unknown scale and shift.
    """

    def __init__(self, sizes: Sizes) -> None:
        """Allocate a network of these sizes."""
        super().__init__()
        self.taps = sizes.taps
        self.pretrained = DinoV2(sizes.width, sizes.depth, PATCH, sizes.side)
        self.depth_head = DPTHead(sizes.width, sizes.channels, sizes.features, PATCH)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Return relative distance."""
        with half_precision(picture.device.type):
            maps = self.pretrained.maps(picture, self.taps)
        return self.depth_head(maps).sigmoid()


def load_panda(path: Path) -> PandaNetwork:
    """Load any of the published PanDA files; raises `WeightsError`."""
    return panda_from(read_checkpoint(path), path)


def panda_from(held: dict[str, Any], origin: object) -> PandaNetwork:
    """Build the network from what a checkpoint holds; ``origin`` names it in messages."""
    try:
        state = merged_lora(official(held, prefix=r"(module\.)?(core\.)?", dropped=_UNUSED))
    except (KeyError, RuntimeError) as error:
        raise not_of_this_network(origin, f"a low-rank update does not fit: {error}") from error
    return built(PandaNetwork, state, origin, backbone="pretrained", head="depth_head")


def merged_lora(state: State) -> State:
    """Return the state with the low-rank updates of queries and values added to their weights, under the plain names.

    Hu et al., "LoRA", 2021, without a factor. Products are summed in float64, so that only the last rounding differs. Raises
    `KeyError` where a part of an update is missing, and where a layer comes without one.
    """
    merged = dict(state)
    for name in [name for name in state if name.endswith(".attn.qkv.bias")]:
        raise KeyError(f"{name} instead of a layer with updates")
    for name in [name for name in state if name.endswith(".attn.qkv.qkv.weight")]:
        layer = name.removesuffix("qkv.weight")
        merged[f"{layer}bias"] = merged.pop(f"{layer}qkv.bias")
        update = {part: merged.pop(f"{layer}linear_{part}.weight").double() for part in ("a_q", "b_q", "a_v", "b_v")}
        query, key, value = merged.pop(name).double().chunk(3)
        query, value = query + update["b_q"] @ update["a_q"], value + update["b_v"] @ update["a_v"]
        merged[f"{layer}weight"] = torch.cat((query, key, value)).float()
    return merged
