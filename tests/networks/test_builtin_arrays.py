"""The built-in network in numpy is that in PyTorch, to rounding."""

import numpy as np
import pytest
import torch

from spag4d.depth.builtin import BuiltinDepth
from spag4d.errors import WeightsError
from spag4d.networks import builtin_weights
from spag4d.networks.builtin import BuiltinNetwork, load_builtin
from spag4d.networks.builtin_arrays import BuiltinArrays
from tests.networks.test_builtin import random_network


def by_torch(network: BuiltinNetwork, rgb: np.ndarray) -> list[np.ndarray]:
    with torch.inference_mode():
        answer, apart = network.both_ways(torch.from_numpy(rgb).permute(2, 0, 1)[None])
        return [part[0].numpy() for part in (*answer.parts, apart)]


@pytest.mark.parametrize("height", [256, 384])
def test_agrees_with_pytorch_whatever_the_weights(height: int) -> None:
    network = random_network()
    for name, parameter in network.named_parameters():
        if "norm" in name or name.endswith("bias"):
            torch.nn.init.normal_(parameter, 1.0 if name.endswith("norm.weight") else 0.0, 0.1)
    rgb = np.random.default_rng(0).random((height, 2 * height, 3), np.float32)
    arrays = BuiltinArrays({name: value.detach().numpy() for name, value in network.state_dict().items()})
    for expected, found in zip(by_torch(network, rgb), arrays(rgb), strict=True):
        assert expected.std() > 0.05
        np.testing.assert_allclose(found, expected, atol=1e-4)  # float32, after some forty layers


def test_what_ships_answers_as_in_pytorch() -> None:
    ramp = np.linspace(0, 1, 512, dtype=np.float32)
    rgb = np.stack(np.broadcast_arrays(ramp[:256, None], ramp, 0.5 * ramp), -1).astype(np.float32)
    answers = [BuiltinDepth(network=network).answers(rgb) for network in (None, load_builtin())]
    for found, expected in zip(*answers, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_altered_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spag4d.networks.builtin_arrays.weights_content", lambda: builtin_weights.weights_content(sha256="0"))
    with pytest.raises(WeightsError, match="is damaged"):
        BuiltinArrays()
