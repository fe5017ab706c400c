"""The names and shapes of the official files, of every published size, without their values."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from benchmarks.synthetic_checkpoints import checkpoint
from spag4d.errors import WeightsError
from spag4d.networks.da3 import da3_from
from spag4d.networks.da360 import da360_from
from spag4d.networks.dap import dap_from
from spag4d.networks.panda import panda_from

Build = Callable[[dict[str, Any], object], nn.Module]

MANIFESTS = {
    "panda/manifest_small": panda_from, "panda/manifest_base": panda_from, "panda/manifest_large": panda_from,
    "dap/manifest_large": dap_from,
    "da3/manifest_metric_large": da3_from, "da3/manifest_mono_large": da3_from,
    "da360/manifest_small": da360_from, "da360/manifest_base": da360_from, "da360/manifest_large": da360_from,
}
BUILDERS: dict[str, Build] = {"panda": panda_from, "dap": dap_from, "da3": da3_from, "da360": da360_from}


@pytest.mark.parametrize(("name", "build"), MANIFESTS.items())
def test_every_name_of_the_official_file_is_taken(golden_folder: Path, name: str, build: Build) -> None:
    manifest = json.loads((golden_folder / f"{name}.json").read_text())
    with torch.device("meta"):
        held: dict[str, Any] = {
            key: torch.empty(shape, dtype=getattr(torch, dtype)) for key, (shape, dtype) in manifest["tensors"].items()}
    network = build(held | manifest["non_tensor_keys"], name)
    assert all(value.is_meta for value in network.state_dict().values())
    loaded = {tuple(value.shape) for value in network.state_dict().values()}
    assert sum(value.numel() for value in network.parameters()) <= manifest["params"]
    assert {tuple(shape) for key, (shape, _) in manifest["tensors"].items() if key.endswith("mlp.fc1.weight")} <= loaded


@pytest.mark.parametrize("name", BUILDERS)
def test_a_missing_an_unknown_and_a_misshapen_name_are_named(name: str) -> None:
    build = BUILDERS[name]
    held = checkpoint(name)
    victim = next(key for key in held if key.endswith("blocks.3.mlp.fc1.weight"))  # in dap the alias comes later
    with pytest.raises(WeightsError, match=r"a file .*missing: .*blocks\.3\.mlp\.fc1\.weight"):
        build({key: value for key, value in held.items() if key != victim}, "a file")
    with pytest.raises(WeightsError, match="unknown: .*surplus"):
        build(held | {"surplus": torch.zeros(1)}, "a file")
    with pytest.raises(WeightsError, match=r"of another shape: .*mlp\.fc1\.weight \(3, 3\) instead of \(256, 64\)"):
        build(held | {victim: torch.zeros(3, 3)}, "a file")
    with pytest.raises(WeightsError, match="download-models"):
        build({}, "a file")


def test_panda_without_its_updates_is_refused() -> None:
    held = checkpoint("panda")
    victim = next(key for key in held if key.endswith("blocks.0.attn.qkv.linear_b_v.weight"))
    with pytest.raises(WeightsError, match="linear_b_v"):
        panda_from({key: value for key, value in held.items() if key != victim}, "a file")
    plain = {key.replace("qkv.qkv.", "qkv."): value for key, value in held.items() if "linear_" not in key}
    with pytest.raises(WeightsError, match="low-rank"):
        panda_from(plain, "a file")
