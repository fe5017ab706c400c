"""Random checkpoints in the official form: names, aliases, low-rank updates, entries that are no tensors."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from spag4d.models.weights import WEIGHTS
from spag4d.networks.checkpoint import Sizes
from spag4d.networks.da3 import Da3Network
from spag4d.networks.da360 import Da360Network
from spag4d.networks.dap import DapNetwork
from spag4d.networks.panda import PandaNetwork

TINY = Sizes(width=64, depth=12, side=37, channels=(8, 8, 16, 16), features=16)
SMALL = Sizes(width=384, depth=12, side=37, channels=(48, 96, 192, 384), features=64)
LARGE = Sizes(width=1024, depth=24, side=37, channels=(256, 512, 1024, 1024), features=256)
RANK = 4

Held = dict[str, Any]


def write_checkpoint(name: str, folder: Path, sizes: Sizes = TINY) -> Path:
    """Write a checkpoint of the depth model ``name`` under its official file name."""
    path = folder / WEIGHTS[name].file
    held = checkpoint(name, sizes)
    if path.suffix == ".safetensors":
        save_file(held, path)
    else:
        torch.save(held, path)
    return path


def checkpoint(name: str, sizes: Sizes = TINY) -> Held:
    """Return what a checkpoint of the depth model ``name`` holds."""
    return _MAKERS[name.split("-")[0]](sizes)


def _panda(sizes: Sizes) -> Held:
    held = {}
    for name, value in _random_state(PandaNetwork, sizes).items():
        if found := re.fullmatch(r"(.*\.attn\.qkv\.)(weight|bias)", name):
            held[f"{found[1]}qkv.{found[2]}"] = value
            for part in "qv":
                held[f"{found[1]}linear_a_{part}.weight"] = 0.1 * torch.randn(RANK, sizes.width)
                held[f"{found[1]}linear_b_{part}.weight"] = 0.1 * torch.randn(sizes.width, RANK)
        else:
            held[name] = value
    held |= _unused(sizes, "pretrained", ["depth_head"])
    return {f"module.core.{name}": value for name, value in held.items()} | {"epoch": 7}


def _dap(sizes: Sizes) -> Held:
    held = _random_state(DapNetwork, sizes)
    held["pretrained.model.rope_embed.periods"] = 100 ** (torch.arange(16) / 16)
    for name in [name for name in held if name.endswith(".attn.qkv.bias")]:
        held[f"{name}_mask"] = torch.cat((torch.ones(sizes.width), torch.zeros(sizes.width), torch.ones(sizes.width)))
        held[name][sizes.width : 2 * sizes.width] = torch.nan
    held |= _unused(sizes, "pretrained.model", ["depth_head", "mask_head"])
    alias = "pretrained.blocks."
    held |= {name.replace("pretrained.model.blocks.", alias): value for name, value in held.items()
             if name.startswith("pretrained.model.blocks.")}
    return {f"module.core.{name}": value for name, value in held.items()}


def _da3(sizes: Sizes) -> Held:
    held = {f"model.{name}": value for name, value in _random_state(Da3Network, sizes).items()}
    held["model.head.scratch.sky_output_conv2.2.bias"] -= 1.0
    return held


def _da360(sizes: Sizes) -> Held:
    held = _random_state(Da360Network, sizes) | _unused(sizes, "depth_anything.pretrained", ["depth_anything.depth_head"])
    for name in [name for name in held if ".depth_head." in name and held[name].shape[2:] != (4, 4)]:
        module, _, kind = name.rpartition(".")
        if not re.search(r"resize_layers\.[01]\.", name):
            held[f"{module}.conv.{kind}"] = held[name]
    return held | {"net": "DA360", "dinov2_encoder": "vits", "height": 518, "width": 1036}


_MAKERS = {"panda": _panda, "dap": _dap, "da3": _da3, "da360": _da360}


def _random_state(make: Callable[[Sizes], nn.Module], sizes: Sizes) -> dict[str, torch.Tensor]:
    """Return the parameters of a network, the same ones every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = make(sizes)
        with torch.no_grad():
            for parameter in network.parameters():
                if parameter.ndim < 2:
                    parameter.add_(0.1 * torch.randn_like(parameter))
        return {name: value.clone() for name, value in network.state_dict().items()}


def _unused(sizes: Sizes, backbone: str, heads: list[str]) -> Held:
    """Return what the official files hold beside what the networks use."""
    held: Held = {f"{backbone}.mask_token": torch.zeros(1, sizes.width)}
    for head in heads:
        for conv in ("conv1", "conv2"):
            unit = f"{head}.scratch.refinenet4.resConfUnit1.{conv}"
            held[f"{unit}.weight"] = torch.zeros(sizes.features, sizes.features, 3, 3)
            held[f"{unit}.bias"] = torch.zeros(sizes.features)
    return held
