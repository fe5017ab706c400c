"""Time and memory of the published depth models: ``python -m benchmarks.depth_models`` (Linux and macOS).

Weights are random, of the official sizes and in the official form, so that loading is measured as well. Each model runs in
a process of its own; `peak` is the largest resident size of that process, the file's pages included. `pass` is one forward
pass of the network at its official input, `panorama` the whole model on 4096 x 2048 pixels: two passes, the views of a cube
for da3, and for panda and da360 the built-in model that lends them its metres.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.depth_builtin import peak_mb
from benchmarks.synthetic_checkpoints import LARGE, SMALL, write_checkpoint
from spag4d.data import Panorama
from spag4d.depth import DEPTH_MODELS
from spag4d.depth.builtin import BuiltinDepth
from spag4d.models.weights import WEIGHTS
from spag4d.networks.da3 import load_da3
from spag4d.networks.da360 import load_da360
from spag4d.networks.dap import load_dap
from spag4d.networks.panda import load_panda

INPUTS = {"panda": (504, 1008), "panda-small": (504, 1008), "dap": (512, 1024), "da3": (504, 504), "da360": (518, 1036)}
LOADERS: dict[str, Callable[[Path], nn.Module]] = {
    "panda": load_panda, "panda-small": load_panda, "dap": load_dap, "da3": load_da3, "da360": load_da360}


def seconds(call: Callable[[], Any], device: str) -> float:
    """Wall time of a call, until the device has finished."""
    start = time.perf_counter()
    call()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter() - start


@torch.inference_mode()
def measure(name: str, path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Load a model, run its network and the whole of it, and return what that cost."""
    torch.set_num_threads(options.threads)
    start, before = time.perf_counter(), peak_mb()
    network = LOADERS[name](path).to(options.device)
    row: dict[str, Any] = {"model": name, "load_s": time.perf_counter() - start, "load_mb": peak_mb() - before}
    picture = torch.randn(1, 3, *INPUTS[name], device=options.device)
    run = torch.compile(network) if options.compile else network
    bf16 = options.precision == "bf16" and not options.device.startswith("cuda")
    with torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext():
        row["first_s"] = seconds(lambda: run(picture), options.device)
        times = [seconds(lambda: run(picture), options.device) for _ in range(options.runs)]
    row |= {"best_s": min(times), "median_s": float(np.median(times)), "peak_mb": peak_mb()}
    if options.panorama:
        others = {"reference": BuiltinDepth(options.device)} if name in ("panda", "panda-small", "da360") else {}
        model = DEPTH_MODELS.load(name)(options.device, network=network, **others)
        panorama = Panorama(np.random.default_rng(0).random((2048, 4096, 3), np.float32))
        row["panorama_s"] = seconds(lambda: model.estimate(panorama), options.device)
        row["panorama_peak_mb"] = peak_mb()
    if options.device.startswith("cuda"):
        row["gpu_peak_mb"] = torch.cuda.max_memory_allocated() / 1e6
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}


def in_a_process_of_its_own(step: str, name: str, folder: Path) -> dict[str, Any]:
    """Take a step where no other has been; a process starts with the peak of the one that started it."""
    command = [sys.executable, "-m", "benchmarks.depth_models", *sys.argv[1:], "--folder", str(folder), "--step", step, name]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def take(step: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Write a model's checkpoint, or measure the model."""
    path = options.folder / WEIGHTS[name].file
    if step == "measure":
        return measure(name, path, options)
    if not path.exists():
        write_checkpoint(name, options.folder, SMALL if name.endswith("small") else LARGE)
    return {}


def main() -> None:
    """Print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=INPUTS, default=list(INPUTS))
    parser.add_argument("--folder", type=Path, help="where the checkpoints are kept (default: a temporary folder)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="on the CPU; on CUDA the ViT has bf16")
    parser.add_argument("--compile", action="store_true", help="by torch.compile")
    parser.add_argument("--panorama", action="store_true", help="the whole model too")
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step, name = options.step
        print(json.dumps(take(step, name, options)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        for name in options.models:
            in_a_process_of_its_own("write", name, folder)
        rows = [in_a_process_of_its_own("measure", name, folder) for name in options.models]
    columns = list(rows[0])
    print("".join(f"{column:>18}" for column in columns))
    for row in rows:
        print("".join(f"{row[column]:>18}" for column in columns))
    print(json.dumps({"threads": options.threads, "device": options.device, "precision": options.precision,
                      "compile": options.compile, "torch": torch.__version__, "rows": rows}))


if __name__ == "__main__":
    main()
