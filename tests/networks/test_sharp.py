"""Apple's network, run once with synthetic weights, gave the numbers of the goldens."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from spag4d.errors import WeightsError
from spag4d.networks.sharp import SharpNetwork, in_half, load_sharp, sharp_from
from spag4d.networks.sharp_encoder import joined, tiles
from spag4d.networks.sharp_gaussians import SharpGaussians, depth_layers, start, unprojected
from spag4d.progress import SILENT, Notice, Progress
from tests.networks.tiny_sharp import tiny_sharp, write_tiny_sharp

pytestmark = pytest.mark.usefixtures("without_gradients")


@pytest.fixture(scope="session")
def sharp_folder(golden_folder: Path) -> Path:
    return golden_folder / "sharp"


def synthetic(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("sharp_synthetic", folder / "synthetic.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def encoded(network: SharpNetwork, image: torch.Tensor, *, patch_overlap: bool) -> dict[str, torch.Tensor]:
    """Return what the goldens hold of a picture alone, under their names."""
    kept: dict[str, torch.Tensor] = {}
    for name, module in (("dec", "monodepth_model.monodepth_predictor.decoder"), ("delta", "prediction_head")):
        def keep(_: torch.nn.Module, inputs: Any, answer: torch.Tensor, name: str = name) -> None:
            kept.setdefault(name, answer)

        network.get_submodule(module).register_forward_hook(keep)
    encoding = network.encode(image, patch_overlap=patch_overlap, tiles_at_once=8)
    depth = depth_layers(encoding.disparity, 0.5)
    begin = start(image, depth)
    found = named("g", network.decode(image, encoding, depth)) | {f"enc{level}": one for level, one in enumerate(encoding.maps)}
    return found | kept | {"disparity": encoding.disparity, "global_scale": begin.near, "feature_input": begin.feature_input}


def fitted(network: SharpNetwork, image: torch.Tensor, metric: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what the goldens hold of a picture that is fitted to a known depth, and of a wider face."""
    encoding = network.encode(image, patch_overlap=False, tiles_at_once=8)
    depth = depth_layers(encoding.disparity, 0.5)
    scale = network.learned_scale(depth, metric)
    plain, aligned = network.decode(image, encoding, depth), network.decode(image, encoding, depth * scale)
    return {"aligned_map": scale} | named("aligned", aligned) | named("u100", unprojected(plain, 100.0))


def named(key: str, g: SharpGaussians) -> dict[str, torch.Tensor]:
    values = {"mean_vectors": g.means, "singular_values": g.scales, "quaternions": g.quats, "colors": g.colors,
              "opacities": g.opacities}
    return {f"{key}_{name}": value for name, value in values.items()}


def synthetic_network(folder: Path, name: str) -> tuple[ModuleType, SharpNetwork]:
    made = synthetic(folder)
    manifest = json.loads((folder / f"{name}_manifest.json").read_text())
    state = {key: torch.from_numpy(made.tensor(key, tuple(shape))) for key, shape in manifest.items()}
    return made, sharp_from(state, name, heads=2)


def compare(found: dict[str, torch.Tensor], golden: Path, *, without: tuple[str, ...]) -> None:
    """Assert that all arrays of a golden are found but those whose names begin as ``without`` does."""
    with np.load(golden) as arrays:
        names = [name for name in arrays if not name.startswith(without)]
        assert len(names) >= 5
        for name in names:
            expected = arrays[name]
            if name == "u100_quaternions":
                assert_same_axes(found[name].reshape(-1, 4), expected)
                continue
            flat = found[name].flatten()
            flat = flat[:: max(1, len(flat) // expected.size)][: expected.size].numpy()
            assert np.abs(flat - expected.ravel()).max() <= 1e-4 * np.abs(expected).max(), name


FITTED = ("aligned", "u100")


@pytest.mark.parametrize(("name", "size"), [("tiny256", 256), ("tiny1536", 1536)])
def test_every_array_is_that_of_the_published_network(sharp_folder: Path, name: str, size: int) -> None:
    made, network = synthetic_network(sharp_folder, name)
    found = encoded(network, torch.from_numpy(made.image(size)), patch_overlap=size == 1536)
    compare(found, sharp_folder / f"{name}.npz", without=FITTED)


def test_a_known_depth_and_a_wider_face_change_them_as_in_the_published_network(sharp_folder: Path) -> None:
    made, network = synthetic_network(sharp_folder, "tiny256")
    found = fitted(network, torch.from_numpy(made.image(256)), torch.from_numpy(made.depth(256)))
    compare(found, sharp_folder / "tiny256.npz", without=("g_", "enc", "dec", "delta", "disparity", "global_", "feature_"))


def assert_same_axes(quats: torch.Tensor, expected: np.ndarray) -> None:
    """Compare rotations whose axes may point either way: that exchanges the four numbers of a quaternion, or their signs."""
    step = quats.numel() // expected.size
    index = torch.arange(expected.size) * step
    distance = (quats[index // 4].abs() - torch.from_numpy(np.abs(expected)).reshape(-1, 1)).abs().amin(1)
    assert np.isclose(distance.numpy(), 0, atol=1e-4).mean() > 0.999  # but where two axes are equally long


def test_every_name_of_the_official_file_is_taken(sharp_folder: Path) -> None:
    manifest = json.loads((sharp_folder / "manifest_full.json").read_text())
    with torch.device("meta"):
        held: dict[str, Any] = {key: torch.empty(entry["shape"]) for key, entry in manifest.items()}
    network = sharp_from(held, "the file")
    taken = network.state_dict()
    assert network.size == 1536 and all(value.is_meta for value in taken.values())
    left = held.keys() - taken.keys()
    assert not taken.keys() - held.keys()
    assert all(".head." in name and "coder.head" in name or "fusions.4.resnet1" in name for name in left) and len(left) == 12


def test_a_missing_an_unknown_and_a_misshapen_name_are_named() -> None:
    held = tiny_sharp()
    victim = "feature_model.decoder.convs.2.weight"
    with pytest.raises(WeightsError, match=rf"missing: {victim}"):
        sharp_from({key: value for key, value in held.items() if key != victim}, "a file")
    with pytest.raises(WeightsError, match="unknown: surplus"):
        sharp_from(held | {"surplus": torch.zeros(1)}, "a file")
    with pytest.raises(WeightsError, match=rf"of another shape: {victim} \(3, 3\)"):
        sharp_from(held | {victim: torch.zeros(3, 3)}, "a file")
    with pytest.raises(WeightsError, match="download-models"):
        sharp_from({}, "a file")


def test_encoding_and_decoding_of_several_pictures_is_that_of_each(tmp_path: Path) -> None:
    network = load_sharp(write_tiny_sharp(tmp_path / "sharp.pt"))
    images = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(1))

    def run(picture: torch.Tensor) -> SharpGaussians:
        encoding = network.encode(picture, patch_overlap=False, tiles_at_once=5)
        return network.decode(picture, encoding, depth_layers(encoding.disparity, 0.5))

    both, second = run(images), run(images[1:])
    assert both.means.shape == (2, 2, 128, 128, 3)
    for name in ("means", "scales", "quats", "colors", "opacities"):
        assert torch.allclose(getattr(both, name)[1:], getattr(second, name), atol=1e-4), name


@pytest.mark.parametrize(("count", "side", "size"), [(5, 24, 96), (3, 24, 48), (4, 24, 96)])
def test_tiles_join_to_what_they_were_cut_from(count: int, side: int, size: int) -> None:
    whole = torch.rand(2, 3, size, size)
    assert torch.equal(joined(tiles(whole, count, side), count, size), whole)


def test_numbers_that_are_not_finite_are_computed_again() -> None:
    events: list[Any] = []

    def compute() -> list[torch.Tensor]:
        return [torch.full((4, 4), 300.0) @ torch.full((4, 4), 300.0)]

    found = in_half(compute, "cpu", torch.float16, Progress(on_event=events.append))
    assert found[0].dtype == torch.float32 and bool((found[0] == 360000).all())
    assert [type(event) for event in events] == [Notice]
    assert in_half(compute, "cpu", torch.bfloat16, SILENT)[0].dtype == torch.bfloat16
    assert in_half(compute, "cpu", None, SILENT)[0].dtype == torch.float32


def test_unprojection_stretches_covariances() -> None:
    generator = torch.Generator().manual_seed(2)
    quats = torch.randn(1, 2, 3, 4, 4, generator=generator)
    means, scales = torch.randn(1, 2, 3, 4, 3, generator=generator), torch.rand(1, 2, 3, 4, 3, generator=generator) + 0.01
    flat = SharpGaussians(means, scales, quats, torch.rand(1, 2, 3, 4, 3), torch.rand(1, 2, 3, 4))
    stretch = torch.diag(torch.tensor([np.tan(np.radians(50.0))] * 2 + [1.0], dtype=torch.float32))
    there = unprojected(flat, 100.0)
    assert torch.allclose(covariances(there), stretch @ covariances(flat) @ stretch, atol=1e-5)
    assert torch.allclose(there.means, flat.means @ stretch)
    assert torch.allclose(covariances(unprojected(flat, 90.0)), covariances(flat), atol=1e-6)


def covariances(gaussians: SharpGaussians) -> torch.Tensor:
    """Turn the three axes by the sandwich product of each quaternion, one at a time."""
    w, v = gaussians.quats[..., :1], gaussians.quats[..., 1:]
    w, v = (x / gaussians.quats.norm(dim=-1, keepdim=True) for x in (w, v))
    axes = []
    for axis, size in zip(torch.eye(3), gaussians.scales.unbind(-1), strict=True):
        turn = 2 * torch.linalg.cross(v, axis.expand(v.shape))
        axes.append((axis + w * turn + torch.linalg.cross(v, turn)) * size[..., None])
    return sum(axis[..., :, None] * axis[..., None, :] for axis in axes)  # pyright: ignore[reportReturnType]
