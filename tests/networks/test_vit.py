import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.synthetic_checkpoints import checkpoint
from spag4d.networks.checkpoint import official
from spag4d.networks.da3 import da3_from
from spag4d.networks.da360 import da360_from
from spag4d.networks.dap import dap_from, stretched, without_key_bias
from spag4d.networks.panda import merged_lora, panda_from
from spag4d.networks.vit import DinoV2, RopeEmbed, normalised, rotated

pytestmark = pytest.mark.usefixtures("without_gradients")
BUILDERS = {"panda": panda_from, "dap": dap_from, "da3": da3_from, "da360": da360_from}


def test_normalised_pictures_have_the_mean_and_spread_of_imagenet() -> None:
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    picture = (mean + 2 * std).view(1, 3, 1, 1).expand(1, 3, 4, 8)
    assert torch.allclose(normalised(picture), torch.full((1, 3, 4, 8), 2.0), atol=1e-5)


def some_positions(height: int, width: int) -> tuple[DinoV2, torch.Tensor]:
    network = DinoV2(64, 1, 14, 37)
    network.pos_embed.copy_(torch.randn(network.pos_embed.shape, generator=torch.Generator().manual_seed(0)))
    return network, network.positions(height, width)


def test_positions_at_the_size_of_the_table_are_the_table() -> None:
    network, positions = some_positions(37, 37)
    assert torch.equal(positions, network.pos_embed)


def test_positions_elsewhere_are_cubic_at_the_scale_of_a_grid_a_tenth_larger() -> None:
    network, positions = some_positions(9, 18)
    table = network.pos_embed[0, 1:].reshape(37, 37, 64).double()

    def weights(size: int) -> torch.Tensor:
        rows = torch.zeros(size, 37, dtype=torch.float64)
        for index in range(size):
            at = (index + 0.5) * 37 / (size + 0.1) - 0.5
            for tap in range(math.floor(at) - 1, math.floor(at) + 3):
                t = abs(at - tap)
                near, far = (1.25 * t - 2.25) * t * t + 1, ((-0.75 * t + 3.75) * t - 6) * t + 3
                rows[index, min(max(tap, 0), 36)] += near if t <= 1 else far
        return rows

    expected = torch.einsum("ij,jkc,lk->ilc", weights(9), table, weights(18)).reshape(162, 64)
    assert torch.allclose(positions[0, 1:].double(), expected, atol=1e-4)
    assert torch.equal(positions[0, 0], network.pos_embed[0, 0])


def test_rotary_positions_turn_pairs_of_channels() -> None:
    embed = RopeEmbed()
    embed.periods.copy_(100 ** (torch.arange(16) / 16))
    height, width = 3, 5
    x = torch.randn(1, 2, 5 + height * width, 64, generator=torch.Generator().manual_seed(1))
    turned = rotated(x, embed(height, width))
    assert torch.equal(turned[:, :, :5], x[:, :, :5])
    for patch in (0, 7, 14):
        row, column = divmod(patch, width)
        at = [2 * (row + 0.5) / height - 1] * 16 + [2 * (column + 0.5) / width - 1] * 16
        for channel in (0, 9, 16, 31):
            angle = 2 * math.pi * at[channel] / 100 ** (channel % 16 / 16)
            a, b = (float(x[0, 1, 5 + patch, index]) for index in (channel, channel + 32))
            expected = (a * math.cos(angle) - b * math.sin(angle), b * math.cos(angle) + a * math.sin(angle))
            found = turned[0, 1, 5 + patch, [channel, channel + 32]].tolist()
            assert found == pytest.approx(expected, abs=1e-5)


def test_merged_updates_do_what_separate_ones_do() -> None:
    state = official(checkpoint("panda"), prefix=r"(module\.)?(core\.)?", dropped=["epoch"])
    layer = "pretrained.blocks.3.attn.qkv."
    x = torch.randn(5, 64, generator=torch.Generator().manual_seed(2))
    query, key, value = F.linear(x, state[f"{layer}qkv.weight"], state[f"{layer}qkv.bias"]).chunk(3, -1)
    query = query + x @ state[f"{layer}linear_a_q.weight"].T @ state[f"{layer}linear_b_q.weight"].T
    value = value + x @ state[f"{layer}linear_a_v.weight"].T @ state[f"{layer}linear_b_v.weight"].T
    merged = merged_lora(state)
    found = F.linear(x, merged[f"{layer}weight"], merged[f"{layer}bias"])
    assert torch.allclose(found, torch.cat((query, key, value), -1), atol=1e-5)


def test_masked_biases_are_zero_whatever_stands_there() -> None:
    state = without_key_bias({
        "0.attn.qkv.bias": torch.tensor([1.0, torch.nan, 3.0]), "0.attn.qkv.bias_mask": torch.tensor([1.0, 0.0, 1.0])})
    assert {name: value.tolist() for name, value in state.items()} == {"0.attn.qkv.bias": [1.0, 0.0, 3.0]}


@pytest.mark.parametrize("size_hw", [(3, 6), (2, 5)])
def test_dap_stretches_its_maps_over_the_token_it_drops(size_hw: tuple[int, int]) -> None:
    count = size_hw[0] * size_hw[1]
    ramp = torch.arange(count, dtype=torch.float32).view(1, count, 1)
    expected = [min(max((i + 0.5) * (count - 1) / count - 0.5, 0), count - 2) + 1 for i in range(count)]
    if size_hw == (2, 5):  # nine tokens fill a square
        square = torch.arange(1, 10, dtype=torch.float32).view(1, 1, 3, 3)
        expected = F.interpolate(square, (2, 5), mode="bilinear").flatten().tolist()
    assert stretched(ramp, size_hw).flatten().tolist() == pytest.approx(expected)


class NoDoubles(TorchDispatchMode):
    """Fails where a result has 64 bits per number, which some devices do not have."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, list | tuple) else [result]:
            assert not (isinstance(value, torch.Tensor) and value.dtype == torch.float64), func
        return result


@pytest.mark.parametrize("name", BUILDERS)
def test_no_number_has_64_bits_on_the_device(name: str) -> None:
    network = BUILDERS[name](checkpoint(name), "a file")
    patch = 16 if name == "dap" else 14
    with NoDoubles():
        network(normalised(torch.rand(1, 3, 3 * patch, 6 * patch)))
