"""Train the built-in depth network: ``python -m training.train RUN_FOLDER --pool POOL --minutes 60``.

The learning rate rises for a short while, stays, and falls to zero over the last part of the time given; at any moment
the averaged weights in ``RUN_FOLDER/last.pt`` are the best so far. Start again from them, or from the weights that ship,
with ``--resume``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch

from spag4d.networks.builtin import BuiltinNetwork
from training.augment import augment
from training.dataset import Pool, Rendered, halve
from training.losses import depth_loss
from training.optimizer import Average, optimizers

WARM_UP_STEPS = 200


def rate(step: int, elapsed: float, fall: float) -> float:
    """Share of the full learning rate after ``step`` steps and ``elapsed`` (0..1) of the time; ``fall`` is the last part."""
    return min(1.0, (step + 1) / WARM_UP_STEPS, max(0.0, 1 - elapsed) / fall)


class Trainer:
    """A network, its optimisers and its averaged weights."""

    def __init__(self, lr: float, device: str = "cpu", seed: int = 0) -> None:
        """Start from random weights."""
        torch.manual_seed(seed)
        self.network = BuiltinNetwork().to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimizers = optimizers(self.network, lr)
        self.average = Average(self.network)
        self.lr, self.coarse, self.step_count = lr, False, 0

    def step(self, rgb: torch.Tensor, target: torch.Tensor, share: float) -> dict[str, float]:
        """Take one step at ``share`` of the learning rate; returns the loss and its terms."""
        predict = self.network.coarse if self.coarse else self.network
        log_distance, sky_logit = predict(rgb.contiguous(memory_format=torch.channels_last))
        loss, terms = depth_loss(log_distance, sky_logit, target)
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        if torch.isfinite(norm):
            for optimizer in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = self.lr * share
                optimizer.step()
            self.average.update(self.network)
        self.step_count += 1
        return {"loss": float(loss.detach()), **terms}

    def save(self, path: Path) -> None:
        """Write everything needed to go on, in one rename."""
        state = {
            "network": self.network.state_dict(), "average": self.average.weights, "updates": self.average.updates,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers], "steps": self.step_count,
        }  # fmt: skip
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a file of `save`, or from shipped weights (.safetensors) with fresh optimisers."""
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            weights = {name: value.float() for name, value in load_file(path).items()}
            self.network.load_state_dict(weights)
            self.average = Average(self.network)
            return
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.weights, self.average.updates = state["average"], state["updates"]
        self.step_count = state["steps"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)


def run(trainer: Trainer, source: Pool | Rendered, options: argparse.Namespace) -> None:
    """Train for the minutes asked, or until a file ``finish`` appears in the folder, and keep ``last.pt`` fresh."""
    generator = torch.Generator().manual_seed(options.seed + trainer.step_count)
    begin, saved, sums, count = time.monotonic(), time.monotonic(), {}, 0
    while (elapsed := (time.monotonic() - begin) / (60 * options.minutes)) < 1:
        rgb, target = source.batch(options.batch, generator)
        if options.coarse:
            rgb, target = halve(rgb, target)
        rgb, target = augment(rgb, target, generator)
        share = rate(trainer.step_count, elapsed, options.fall)
        terms = trainer.step(rgb.to(options.device), target.to(options.device), share)
        sums = {name: sums.get(name, 0.0) + value for name, value in terms.items()}
        count += 1
        if count == options.log_every:
            line = {name: round(value / count, 4) for name, value in sums.items()}
            record = {"step": trainer.step_count, "minutes": round((time.monotonic() - begin) / 60, 2), **line}
            with (options.folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(record) + "\n")
            sums, count = {}, 0
        if time.monotonic() - saved > 120:
            trainer.save(options.folder / "last.pt")
            saved = time.monotonic()
        if (options.folder / "finish").exists():
            break
    trainer.save(options.folder / "last.pt")


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where checkpoints and log.jsonl go")
    parser.add_argument("--pool", type=Path, help="folder that training.dataset fills")
    parser.add_argument("--render-on-device", action="store_true", help="render while training instead of reading a pool")
    parser.add_argument("--first-seed", type=int, default=0, help="with --render-on-device")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--fall", type=float, default=0.25, help="last part of the time in which the rate falls to zero")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--coarse", action="store_true", help="train the context alone, at half the resolution")
    parser.add_argument("--resume", type=Path, help="checkpoint (.pt) or shipped weights (.safetensors) to go on from")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log-every", type=int, default=50)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(options.lr, options.device, options.seed)
    trainer.coarse = options.coarse
    if options.resume:
        trainer.load(options.resume)
    source = Rendered(256, options.device, options.first_seed) if options.render_on_device else Pool(options.pool)
    run(trainer, source, options)


if __name__ == "__main__":
    main()
