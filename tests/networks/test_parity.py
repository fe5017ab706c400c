"""The published networks, run once with synthetic weights, gave these numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from spag4d.networks.da3 import load_da3
from spag4d.networks.da360 import load_da360
from spag4d.networks.dap import load_dap, stretched
from spag4d.networks.panda import load_panda
from tests.networks.golden import cases, features, network_input

pytestmark = pytest.mark.usefixtures("without_gradients")
ABSOLUTE, RELATIVE = 5e-5, 3e-4  # 1e-5 and 1e-4 on the machine that made the numbers
FEATURE_STEP = 7


def assert_near(found: torch.Tensor, expected: np.ndarray, *, atol: float = 0.0, rtol: float = 0.0) -> None:
    np.testing.assert_allclose(found.squeeze().numpy(), expected.squeeze(), atol=atol, rtol=rtol)


def test_panda(golden_folder: Path) -> None:
    network = load_panda(golden_folder / "panda" / "panda_tiny.pth")
    for case in cases(golden_folder / "panda" / "panda_tiny.npz"):
        picture = network_input(case)
        depth = network(picture)
        assert_near(depth, case["depth"], atol=ABSOLUTE)
        if "depth_full" in case:
            full = F.interpolate(depth[None], case["depth_full"].shape, mode="bilinear")
            assert_near(full, case["depth_full"], atol=ABSOLUTE)
        if "depth_max10" in case:
            assert_near(10 * depth, case["depth_max10"], atol=10 * ABSOLUTE)
        tokens = network.pretrained(picture, network.taps)
        for level, expected in enumerate(features(case, "feat")):
            assert_near(tokens[level][0, 1::FEATURE_STEP], expected, atol=1e-4, rtol=1e-4)
        for level, expected in enumerate(features(case, "cls")):
            assert_near(tokens[level][0, 0], expected, atol=1e-4, rtol=1e-4)


def test_dap(golden_folder: Path) -> None:
    network = load_dap(golden_folder / "dap" / "dap_tiny.pth")
    for case in cases(golden_folder / "dap" / "dap_tiny.npz"):
        picture = network_input(case)
        depth, mask = network(picture)
        assert_near(depth, case["depth"], atol=ABSOLUTE)
        assert_near(mask, case["mask"], atol=ABSOLUTE)
        sure = np.abs(case["mask"] - 0.5) > ABSOLUTE
        np.testing.assert_allclose(np.where(mask[0] < 0.5, depth[0], 1)[sure], case["final"][sure], atol=ABSOLUTE)
        backbone = network.pretrained
        tokens = [found[:, 5:] for found in backbone.model(picture, backbone.taps)]
        for level, expected in enumerate(features(case, "vit")):
            assert_near(tokens[level][0, ::FEATURE_STEP], expected, atol=1e-4, rtol=1e-4)
        for level, expected in enumerate(features(case, "map")):
            found = stretched(backbone.norm(tokens[level]), expected.shape[1:])
            assert_near(found[0, ::5], expected, atol=1e-4, rtol=1e-4)


def test_da3(golden_folder: Path) -> None:
    network = load_da3(golden_folder / "da3" / "da3_tiny.safetensors")
    for case in cases(golden_folder / "da3" / "da3_tiny.npz"):
        picture = network_input(case)
        depth, sky = network(picture)
        assert_near(depth, case["depth_raw"], rtol=RELATIVE)
        assert_near(sky, case["sky"], atol=RELATIVE, rtol=RELATIVE)
        ground = sky[0].numpy() < 0.3
        assert_near(depth[0][ground], case["depth"].squeeze()[ground], rtol=RELATIVE)
        tokens = network.backbone.pretrained(picture, network.taps)
        for level, expected in enumerate(features(case, "feat")):
            assert_near(tokens[level][0, 1::FEATURE_STEP], expected, atol=1e-4, rtol=1e-4)


def test_da360(golden_folder: Path) -> None:
    network = load_da360(golden_folder / "da360" / "da360_tiny.pth")
    for case in cases(golden_folder / "da360" / "da360_tiny.npz"):
        assert_near(network(network_input(case)), case["disp"], rtol=RELATIVE)
