import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from spag4d.errors import WeightsError
from spag4d.geometry.equirect import pad_sphere as pad_array
from spag4d.networks.builtin import (
    CONTEXT_WIDTHS,
    DETAIL_WIDTHS,
    STRIDE,
    WEIGHTS_PATH,
    WEIGHTS_SHA256,
    Answer,
    BuiltinNetwork,
    elevation_features,
    load_builtin,
    pad_sphere,
    turn_by_azimuth,
)


def random_network() -> BuiltinNetwork:
    torch.manual_seed(0)
    network = BuiltinNetwork()
    for parameter in network.parameters():
        if parameter.ndim == 4:  # blocks begin as the identity: give every path something to do
            torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
    return network.eval()


def test_padding_is_that_of_the_geometry() -> None:
    image = np.random.default_rng(0).random((8, 16, 3), np.float32)
    padded = pad_sphere(torch.from_numpy(image).permute(2, 0, 1)[None], 3)
    np.testing.assert_array_equal(padded[0].permute(1, 2, 0).numpy(), pad_array(image, 3))


@pytest.mark.parametrize(("pixels", "width"), [(1, 8), (3, 8), (2, 7)])
def test_gradients_of_padding_return_to_where_pixels_were_copied_from(pixels: int, width: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 6, width, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda image: pad_sphere(image, pixels), (x,))


def test_a_level_plane_and_a_cylinder_are_known_by_row() -> None:
    sine, cosine, plane, cylinder = elevation_features(64).double().numpy()
    np.testing.assert_allclose(np.hypot(sine, cosine), 1, atol=1e-6)
    assert sine[0] > 0.99 and sine[-1] < -0.99
    np.testing.assert_allclose(np.exp(plane) * np.abs(sine), 1, rtol=1e-5)  # 64 rows stay clear of the horizon's limit
    np.testing.assert_allclose(np.exp(cylinder) * cosine, 1, rtol=1e-4)


def test_turned_vectors_agree_by_difference_of_azimuth_alone() -> None:
    torch.manual_seed(0)
    query, key = (turn_by_azimuth(torch.randn(32).expand(16, 32)) for _ in range(2))
    products = query @ key.T
    for column in range(16):
        torch.testing.assert_close(products[column].roll(-column), products[0], atol=1e-4, rtol=0)


@pytest.mark.parametrize("height", [256])
def test_rolling_the_panorama_rolls_the_result(height: int) -> None:
    network, rgb = random_network(), torch.rand(1, 3, height, 2 * height)
    with torch.inference_mode():
        before, after = network(rgb), network(rgb.roll(STRIDE, 3))
    for was, now in zip(before.parts, after.parts, strict=True):
        assert was.std() > 0.05
        torch.testing.assert_close(now, was.roll(STRIDE, 2), atol=1e-3, rtol=0)


def test_shipped_weights_are_small_and_load() -> None:
    assert WEIGHTS_PATH.stat().st_size <= 40e6
    network = load_builtin()
    assert not network.training
    assert all(parameter.isfinite().all() and not parameter.requires_grad for parameter in network.parameters())


def test_missing_weights_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nothing\.safetensors.*[Rr]einstall"):
        load_builtin(tmp_path / "nothing.safetensors")


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    content = bytearray(WEIGHTS_PATH.read_bytes())
    content[-1] ^= 1
    altered = tmp_path / "altered.safetensors"
    altered.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"altered\.safetensors is damaged.*{WEIGHTS_SHA256}"):
        load_builtin(altered)


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", (2**40).to_bytes(8, "little") + b"{}"])
def test_other_files_are_refused_even_with_their_own_hash(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(content)
    with pytest.raises(WeightsError, match=r"other\.safetensors does not hold"):
        load_builtin(other, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("change", ["missing", "misnamed", "misshapen"])
def test_weights_of_another_network_are_refused(tmp_path: Path, change: str) -> None:
    weights = dict(BuiltinNetwork().state_dict())
    bias = weights.pop("context.head.bias")
    if change != "missing":
        weights["context.head.bias" if change == "misshapen" else "tail.bias"] = bias[:-1] if change == "misshapen" else bias
    save_file({name: value.contiguous() for name, value in weights.items()}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="does not hold weights of the built-in network"):
        load_builtin(tmp_path / "other.safetensors", None)


def test_widths_and_stride_belong_together() -> None:
    assert 4 * 2 ** len(CONTEXT_WIDTHS) == STRIDE  # the context looks at a quarter of the resolution
    assert STRIDE % 2 ** len(DETAIL_WIDTHS) == 0


def test_the_likelier_distance_is_one_of_the_two() -> None:
    answer = Answer(torch.tensor([0.5, 0.5]), torch.tensor([1.0, 1.0]), torch.tensor([-0.1, 0.1]), torch.zeros(2))
    assert answer.log_distance.tolist() == [0.5, 1.5]
