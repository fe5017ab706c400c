from typing import cast

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmarks.synthetic_checkpoints import checkpoint
from spag4d.geometry.equirect import pad_sphere
from spag4d.networks.da360 import SphereConv, da360_from
from spag4d.networks.dpt import DPTHead, Fusion

pytestmark = pytest.mark.usefixtures("without_gradients")


@pytest.mark.parametrize("size_hw", [(4, 8), (5, 9), (1, 2)])
def test_the_head_gives_a_value_per_pixel(size_hw: tuple[int, int]) -> None:
    head = DPTHead(64, (8, 8, 16, 16), 16, 14)
    maps = [torch.randn(2, 64, *size_hw) for _ in range(4)]
    assert head(maps).shape == (2, 14 * size_hw[0], 14 * size_hw[1])
    assert head.features(maps).shape == (2, 8, 14 * size_hw[0], 14 * size_hw[1])


def test_fusion_adds_the_finer_map_and_meets_its_corners() -> None:
    fusion = Fusion(1, has_lateral=True)
    for conv in (fusion.resConfUnit1.conv2, fusion.resConfUnit2.conv2):
        torch.nn.init.zeros_(conv.weight)
        torch.nn.init.zeros_(cast(torch.Tensor, conv.bias))
    torch.nn.init.ones_(fusion.out_conv.weight)
    torch.nn.init.zeros_(cast(torch.Tensor, fusion.out_conv.bias))
    top, lateral = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.tensor([[[[10.0, 20.0], [30.0, 40.0]]]])
    fused = fusion(top, lateral, (3, 3))
    assert torch.allclose(fused, torch.tensor([[[[11, 16.5, 22], [22, 27.5, 33], [33, 38.5, 44]]]]))


@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_on_the_sphere_sees_what_lies_beyond_the_border(stride: int) -> None:
    conv = SphereConv(2, 3, 3, stride, padding=1)
    image = torch.randn(1, 2, 6, 12)
    padded = np.stack([pad_sphere(channel.numpy(), 1) for channel in image[0]])
    expected = F.conv2d(torch.from_numpy(padded)[None], conv.weight, conv.bias, stride)
    assert torch.allclose(conv(image), expected, atol=1e-6)


def test_every_padded_convolution_of_da360_knows_the_sphere() -> None:
    head = da360_from(checkpoint("da360"), "a file").depth_anything.depth_head
    padded = [module for module in head.modules() if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (3, 3)]
    assert len(padded) == 1 + 4 + 3 * 4 + 2 + 2 and all(isinstance(module, SphereConv) for module in padded)
