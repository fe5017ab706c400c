"""Train on a machine with a GPU in the minutes that it is lent: ``python -m training.on_gpu OUT --minutes 12``.

Needs nothing but torch, numpy and safetensors, and no network. It says what the device is, renders scenes with the processor's
cores into a pool, learns from them on the GPU, and every minute writes to OUT the averaged weights (``context.safetensors`` and
``detail.safetensors``, each below 16 MB; `training.export` joins them) and a line of figures on held-out scenes
(``figures.jsonl``). It ends by itself within ``--minutes``, with the learning rate at zero. ``--device cpu`` with a small
``--height`` shows that all of it works.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from spag4d.networks.builtin import BuiltinNetwork
from spag4d.networks.builtin_weights import WORKING_HW
from training.dataset import VALIDATION_SEEDS_BEGIN, Pool
from training.export import write_weights
from training.figures import judge, summarize
from training.generator import Sample
from training.train import Trainer, add_arguments, run, trainer_of

_SEEDS_PER_RENDERER = 10_000_000
_FIRST_WAIT_S = 120.0
"""A renderer needs some 10 s to its first shard; after so long something is wrong."""
_LAST_S = 20.0
"""Kept back for the last weights and figures."""


def check(device: str) -> None:
    """Print what the device is; leave with a message where it is not there."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise SystemExit(f"torch {torch.__version__} sees no CUDA device. --device cpu tries everything on the processor.")
    facts = {"torch": torch.__version__, "device": device, "cores": os.cpu_count()}
    if device.startswith("cuda"):
        torch.backends.cudnn.benchmark = True
        properties = torch.cuda.get_device_properties(device)
        facts |= {"name": properties.name, "memory_gb": round(properties.total_memory / 1e9, 1)}
    print(json.dumps(facts), flush=True)


@contextlib.contextmanager
def renderers(pool: Path, options: argparse.Namespace) -> Iterator[None]:
    """Fill the pool with so many processes, each with seeds of its own, until the block ends."""
    common = [sys.executable, "-m", "training.dataset", "--height", str(options.height), "--threads", "1"]
    workers = [
        subprocess.Popen([*common, str(pool), "--shard-size", "4",
                          "--first-seed", str(options.first_seed + worker * _SEEDS_PER_RENDERER)])
        for worker in range(options.workers)
    ]  # fmt: skip
    try:
        yield
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()


def held_out(folder: Path, options: argparse.Namespace) -> list[Sample]:
    """Render scenes that are never trained on."""
    share = -(-options.held_out // options.workers)
    starts = range(VALIDATION_SEEDS_BEGIN, VALIDATION_SEEDS_BEGIN + options.held_out, share)
    command = [sys.executable, "-m", "training.dataset", str(folder), "--height", str(options.height), "--threads", "1",
               "--shard-size", str(share), "--count", str(share)]  # fmt: skip
    for worker in [subprocess.Popen([*command, "--first-seed", str(start)]) for start in starts]:
        if worker.wait():
            raise SystemExit("the held-out scenes could not be rendered (see above)")
    return [_sample(rgb, log_distance) for rgb, log_distance in Pool(folder).every()]


def _sample(rgb: torch.Tensor, log_distance: torch.Tensor) -> Sample:
    """Undo `training.dataset.encode` as far as figures need it."""
    sky, valid = log_distance.isposinf(), ~log_distance.isnan()
    return Sample(rgb.permute(1, 2, 0), log_distance.exp(), sky, valid, "held out")


@torch.inference_mode()
def figures(network: BuiltinNetwork, samples: list[Sample], device: str) -> dict[str, float]:
    """Judge what the network says about the samples, at its own size."""
    results = []
    for sample in samples:
        answer = network(sample.rgb.permute(2, 0, 1)[None].to(device))
        distance, sky = answer.log_distance[0].exp().cpu().numpy(), (answer.sky[0] > 0).cpu().numpy()
        results.append(judge(distance, sky, sample))
    return summarize(results)


class Report:
    """Weights and figures of the moment, written to a folder."""

    def __init__(self, folder: Path, trainer: Trainer, samples: list[Sample], begin: float) -> None:
        """``begin`` is when the clock started that the figures are told by."""
        self.folder, self.trainer, self.samples, self.begin = folder, trainer, samples, begin
        self.network = BuiltinNetwork().to(next(trainer.network.parameters()).device).eval()

    def __call__(self) -> None:
        """Write both."""
        weights = self.trainer.average.weights
        for part in ("context", "detail"):
            chosen = {name: value for name, value in weights.items() if name.startswith(part)}
            write_weights(chosen, self.folder / f"{part}.safetensors")
        self.network.load_state_dict(weights)
        device = str(next(self.network.parameters()).device)
        line = {"minutes": round((time.monotonic() - self.begin) / 60, 2), "steps": self.trainer.step_count}
        found = figures(self.network, self.samples, device)
        line |= {name: None if math.isnan(value) else round(value, 4) for name, value in found.items()}
        print(json.dumps(line), flush=True)
        with (self.folder / "figures.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def wait_for(pool: Pool, count: int) -> None:
    """Return when the pool holds ``count`` samples; leave with a message where it does not fill."""
    end = time.monotonic() + _FIRST_WAIT_S
    while len(pool) < count:
        if time.monotonic() > end:
            raise SystemExit(f"only {len(pool)} samples were rendered in {_FIRST_WAIT_S:.0f} s (see above)")
        time.sleep(1.0)


def main(arguments: list[str] | None = None) -> None:
    """Train from the command line."""
    begin = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, minutes=12.0, batch=32, lr=2e-3, fall=0.5)
    parser.add_argument("--height", type=int, default=WORKING_HW[0])
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 2), help="processes that render")
    parser.add_argument("--held-out", type=int, default=64, help="scenes for the figures")
    parser.set_defaults(device="cuda", bfloat16=True)
    options = parser.parse_args(arguments)
    check(options.device)
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        samples = held_out(Path(scratch) / "held_out", options)
        pool = Pool(Path(scratch) / "pool", refresh_s=5.0, device=options.device)
        with renderers(pool.folder, options):
            trainer = trainer_of(options)
            wait_for(pool, 2 * options.batch)
            report = Report(options.folder, trainer, samples, begin)
            report()
            options.minutes -= (time.monotonic() - begin + _LAST_S) / 60
            run(trainer, pool, options, on_save=report, save_every_s=60.0, checkpoint=Path(scratch) / "last.pt")
            print(json.dumps({"samples": len(pool), "steps": trainer.step_count}), flush=True)


if __name__ == "__main__":
    main()
