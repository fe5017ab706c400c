"""What a GPU does for SPAG-4D: seconds, memory, and how far its answers are from the processor's.

    sh benchmarks/on_gpu.sh [--device cuda] [--tiny] [--json FILE]

Networks have random weights of the official sizes: one pass in float32, as shipped (bfloat16 in the transformers), and that
compiled by torch; SHARP a face of 1536 pixels. ``apart`` is the 99th percentile of the relative difference to float32 on the
processor. Then a million Gaussians are drawn on the device and on the processor, and TestImage/courtyard.jpg is converted with
its depth given, stage by stage. ``--tiny --device cpu`` shows in a minute that all of it runs. Parts whose packages are
missing are named and left out.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import nn

from spag4d.networks.builtin import load_builtin
from spag4d.networks.sharp import SharpNetwork, SharpSizes

SHARP = SharpSizes(width=1024, depth=24, heads=16, side=24, channels=(256, 256, 512, 1024, 1024), depth_width=256,
                   depth_between=32, gaussian_width=128, gaussian_channels=32, align_width=16, align_steps=4)
"""Of the published file."""
TINY_SHARP = SharpSizes(width=64, depth=4, heads=1, side=4, channels=(16, 16, 16, 32, 32), depth_width=16, depth_between=32,
                        gaussian_width=16, gaussian_channels=32, align_width=8, align_steps=4)
RUNS = 5
Row = dict[str, Any]
Call = Callable[[], torch.Tensor]


def finished(device: str) -> None:
    """Wait for what the device was asked to do."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def timed(call: Callable[[], Any], device: str, runs: int = RUNS) -> tuple[float, float]:
    """Return the first call's seconds and the best of some later ones'."""
    times = []
    for _ in range(1 + runs):
        begin = time.perf_counter()
        call()
        finished(device)
        times.append(time.perf_counter() - begin)
    return times[0], min(times[1:])


@contextmanager
def single_precision() -> Iterator[None]:
    """Let nothing run in bfloat16, whatever a network asks for."""
    with patch("torch.autocast.__enter__", lambda self: self), patch("torch.autocast.__exit__", lambda self, *why: None):
        yield


@torch.inference_mode()
def network_rows(name: str, network: nn.Module, picture: torch.Tensor, options: argparse.Namespace) -> Iterator[Row]:
    """Yield what a network costs on the device in each precision, and how far it is from the processor's answer."""
    begin = time.perf_counter()
    exact = _answer(network, picture)
    cpu_s = time.perf_counter() - begin
    network, on_device = network.to(options.device), picture.to(options.device)
    modes: dict[str, Call] = {"float32": lambda: _answer(network, on_device), "as shipped": lambda: _answer(network, on_device)}
    if not options.no_compile:
        compiled = torch.compile(network)
        modes["compiled"] = lambda: _answer(compiled, on_device)
    for mode, call in modes.items():
        if options.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
        if mode == "float32":
            with single_precision():
                first_s, best_s = timed(call, options.device)
                found = call()
        else:
            first_s, best_s = timed(call, options.device)
            found = call()
        apart = ((found.cpu() - exact).abs() / exact.abs().clamp_min(1e-3)).float().flatten()
        row = {"part": name, "mode": mode, "first_s": first_s, "best_s": best_s, "cpu_s": cpu_s,
               "apart": float(np.quantile(apart.numpy(), 0.99))}
        if options.device.startswith("cuda"):
            row["gpu_mb"] = torch.cuda.max_memory_allocated() / 1e6
        yield row


def _answer(network: Callable[..., Any], picture: torch.Tensor) -> torch.Tensor:
    """Return the first map of whatever a network gives, in float32."""
    found = network(picture)
    while not isinstance(found, torch.Tensor):
        found = next(iter(vars(found).values())) if hasattr(found, "__dict__") else found[0]
    return found.float()


class _SharpFace(nn.Module):
    """A whole face: encoding, and the Gaussians at the depth that was found."""

    def __init__(self, network: SharpNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        encoding = self.network.encode(picture, patch_overlap=self.network.size >= 384)
        depth = torch.ones(1, 2, self.network.size, self.network.size, device=picture.device) * 3
        return self.network.decode(picture, encoding, depth).opacities


def networks(options: argparse.Namespace) -> Iterator[tuple[str, nn.Module, torch.Tensor]]:
    """Yield each network with a picture of its size."""
    from benchmarks.depth_models import INPUTS, LOADERS
    from benchmarks.synthetic_checkpoints import LARGE, SMALL, TINY, write_checkpoint

    torch.manual_seed(0)
    yield "builtin", load_builtin(), torch.rand(1, 3, 256, 512) if options.tiny else torch.rand(1, 3, 512, 1024)
    with tempfile.TemporaryDirectory() as folder:
        for name, size in INPUTS.items():
            sizes = TINY if options.tiny else SMALL if name.endswith("small") else LARGE
            path = write_checkpoint(name, Path(folder), sizes)
            h, w = (length // 4 // 14 * 14 for length in size) if options.tiny else size
            yield name, LOADERS[name](path), torch.randn(1, 3, h, w)
            path.unlink()
    network = SharpNetwork(TINY_SHARP if options.tiny else SHARP).eval()
    yield "sharp, a face", _SharpFace(network), torch.rand(1, 3, network.size, network.size)


def drawing_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Yield the seconds of a view on the device and on the processor."""
    from benchmarks.render import in_view
    from spag4d.geometry.camera import camera_looking
    from spag4d.render.on_cuda import drawing_device
    from spag4d.render.view import render_view

    gaussians = in_view(10_000 if options.tiny else 1_000_000)
    camera = camera_looking(np.array([0.0, 0.0, 1.0]), 90.0, (1024, 1024))
    exact = render_view(gaussians, camera).rgb
    for device in dict.fromkeys(("cpu", drawing_device(options.device))):
        first_s, best_s = timed(lambda device=device: render_view(gaussians, camera, device=device), device)
        apart = np.quantile(np.abs(render_view(gaussians, camera, device=device).rgb - exact), 0.99)
        yield {"part": "a view", "mode": device, "first_s": first_s, "best_s": best_s, "apart": float(apart)}


def stage_rows(options: argparse.Namespace) -> Iterator[Row]:
    """Yield the seconds of each stage of a conversion whose depth is given."""
    from spag4d import SPAG4D

    pictures = Path(__file__).parents[1] / "TestImage"
    name = "interior" if options.tiny else "courtyard"
    converter = SPAG4D(device=options.device, stride=8 if options.tiny else 2, sharp_refine=False)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            done = converter.convert(pictures / f"{name}.jpg", Path(folder) / "a.ply", depth_map=pictures / f"{name}.depth.npz")
    yield {"part": "conversion", "mode": "all, depth given", "best_s": done.processing_time}
    for stage, seconds in done.stage_times.items():
        yield {"part": "conversion", "mode": stage, "best_s": seconds}


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Yield everything that can be measured here."""
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "networks": lambda: (row for found in networks(options) for row in network_rows(*found, options)),
        "drawing": lambda: drawing_rows(options),
        "stages": lambda: stage_rows(options),
    }
    for name, part in parts.items():
        try:
            yield from part()
        except ImportError as error:
            print(f"{name}: left out, as {error.name} is not installed", flush=True)
        gc.collect()


def main() -> None:
    """Print a line for each row as it comes, and write all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="small networks and pictures, to see that all of it runs")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit(f"torch {torch.__version__} sees no CUDA device. --device cpu --tiny shows that all of it runs.")
    name = torch.cuda.get_device_name(options.device) if options.device.startswith("cuda") else "the processor"
    print(f"torch {torch.__version__} on {name}", flush=True)
    found = []
    for row in rows(options):
        found.append(row)
        print(f"{row['part']:16}{row['mode']:18}" + "".join(
            f"{key} {value:.4g}  " for key, value in row.items() if isinstance(value, float)), flush=True)
    if options.json:
        options.json.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
