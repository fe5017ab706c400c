"""Apple's GPUs (MPS) know no float64: nothing that runs on the device may make or take such a tensor, and no network hold one.

A stand-in for the device on any machine: it sees every operation of PyTorch, those behind ``nn.functional`` too.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from spag4d.data import Panorama
from spag4d.depth import BUILTIN, DEPTH_MODELS
from spag4d.depth.builtin import BuiltinDepth
from spag4d.depth.da3 import Da3Depth
from spag4d.depth.panoramic import both_turns
from spag4d.models.weights import WEIGHTS
from spag4d.networks.builtin import Answer, load_builtin
from spag4d.networks.sharp import sharp_from
from spag4d.splat.sharp_model import SharpPredictor
from tests.networks.tiny_sharp import tiny_sharp

FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"
TOO_WIDE = {torch.float64, torch.complex128}


class LikeMps(TorchDispatchMode):
    """Refuses what MPS refuses."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        seen = tree_leaves((args, kwargs, found))
        if any(isinstance(leaf, torch.Tensor) and leaf.dtype in TOO_WIDE for leaf in seen):
            raise TypeError(f"MPS has no float64, which {func} meets")
        return found


def held(network: torch.nn.Module) -> Iterable[torch.dtype]:
    return (tensor.dtype for tensor in [*network.parameters(), *network.buffers()])


@pytest.mark.parametrize("call", [
    lambda: torch.zeros(2, dtype=torch.float64), lambda: torch.ones(2).double(), lambda: torch.from_numpy(np.zeros(2)) + 1,
    lambda: torch.tensor([0.5], dtype=torch.float64)])
def test_the_stand_in_refuses_float64(call: Any) -> None:
    with LikeMps(), pytest.raises(TypeError, match="MPS has no float64"):
        call()
    with LikeMps():
        assert float((torch.ones(2) * 0.5).sum()) == 1


@pytest.mark.parametrize("name", [name for name in DEPTH_MODELS if name in WEIGHTS or name == BUILTIN])
def test_networks_run_in_single_precision(name: str, small_models: Path) -> None:
    network: torch.nn.Module = load_builtin() if name == BUILTIN else DEPTH_MODELS.load(name)("cpu").network  # pyright: ignore
    assert not TOO_WIDE & set(held(network))
    height = 256 if name == BUILTIN else 112  # which all patches divide
    picture = torch.rand(1, 3, height, 2 * height, generator=torch.Generator().manual_seed(0))
    with LikeMps(), torch.inference_mode():
        found = network(picture)
    leaves = found.parts if isinstance(found, Answer) else tree_leaves(found)
    assert all(torch.isfinite(leaf).all() for leaf in leaves)


def test_what_surrounds_them_does_too(small_models: Path) -> None:
    panorama = Panorama(np.random.default_rng(0).random((256, 512, 3), np.float32))
    with LikeMps():
        for values in (both_turns(lambda picture: picture[:, 0], panorama, "cpu")[1][0],
                       BuiltinDepth(network=load_builtin()).estimate(panorama).distance,
                       Da3Depth("cpu", projection="equirectangular").estimate(panorama).distance):
            assert np.isfinite(values).all()


def test_sharp_runs_in_single_precision() -> None:
    predictor = SharpPredictor(network=sharp_from(tiny_sharp(), "a file"))
    assert not TOO_WIDE & set(held(predictor.network))
    size = predictor.network.size
    picture = np.random.default_rng(0).random((size, size, 3), np.float32)
    with LikeMps():
        encoded = predictor.encode(picture, patch_overlap=False)
        found = predictor.decode(picture, encoded, np.full((2, size, size), 2, np.float32), 90.0)
    assert np.isfinite(found.means).all()


@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("0", "0")])
def test_what_mps_cannot_do_the_processor_does_unless_told_otherwise(before: str | None, after: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != FALLBACK}
    environment |= {FALLBACK: before} if before else {}
    program = f"import spag4d, os, sys; print(os.environ[{FALLBACK!r}], 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [after, "False"]  # PyTorch reads it when it is imported
