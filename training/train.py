"""Train the built-in depth network: ``python -m training.train RUN_FOLDER --pool POOL --minutes 60``.

The learning rate rises for a short while, stays, and falls to zero over the last part of the time given; at any moment
the averaged weights in ``RUN_FOLDER/last.pt`` are the best so far. Start again from them, or from the weights that ship,
with ``--resume``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
import torch.nn.functional as F

from spag4d.networks.builtin import BuiltinNetwork
from spag4d.networks.builtin_weights import WORKING_HW
from training.augment import augment
from training.dataset import Pool, Rendered, coarse
from training.losses import depth_loss
from training.optimizer import Average, optimizers

WARM_UP_STEPS = 50
CONTEXT_WEIGHT = 0.3
"""How much the context's own answer counts beside the whole network's, so that it goes on learning what places are like."""


def rate(step: int, elapsed: float, fall: float) -> float:
    """Share of the full learning rate after ``step`` steps and ``elapsed`` (0..1) of the time; ``fall`` is the last part."""
    return min(1.0, (step + 1) / WARM_UP_STEPS, max(0.0, 1 - elapsed) / fall)


class Trainer:
    """A network, its optimisers and its averaged weights."""

    def __init__(self, lr: float, device: str = "cpu", seed: int = 0, bfloat16: bool = False) -> None:
        """Start from random weights; ``bfloat16`` multiplies in that precision."""
        torch.manual_seed(seed)
        self.network = BuiltinNetwork().to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimizers = optimizers(self.network, lr, bfloat16)
        self.average = Average(self.network)
        self.lr, self.bfloat16, self.coarse, self.step_count = lr, bfloat16, False, 0

    def step(self, rgb: torch.Tensor, target: torch.Tensor, share: float) -> dict[str, float]:
        """Take one step at ``share`` of the learning rate; returns the loss and its terms."""
        rgb = rgb.contiguous(memory_format=torch.channels_last)
        with torch.autocast(rgb.device.type, torch.bfloat16, enabled=self.bfloat16):
            answers = (self.network.coarse(rgb),) if self.coarse else self.network.both(rgb)
        loss, terms = depth_loss(answers[0], target)
        for context in answers[1:] if self.learns_context else ():
            loss = loss + CONTEXT_WEIGHT * depth_loss(context, coarse(target))[0]
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

    @property
    def learns_context(self) -> bool:
        """Whether the context changes."""
        return next(self.network.context.parameters()).requires_grad

    def keep_context(self) -> None:
        """Let the context be as it is: the detail alone learns, for less and without forgetting."""
        self.network.context.requires_grad_(False)

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
        device = next(self.network.parameters()).device
        state = torch.load(path, weights_only=True, map_location=device)
        self.network.load_state_dict(state["network"])
        self.average.weights, self.average.updates = state["average"], state["updates"]
        self.step_count = state["steps"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)


def batches(
    source: Pool | Rendered, options: argparse.Namespace, generator: torch.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield pictures and targets for ever; the next batch is made while the present one is learnt from."""

    def make() -> tuple[torch.Tensor, torch.Tensor]:
        rgb, target = source.batch(options.batch, generator)
        if options.coarse:
            step = max(1, 4 * rgb.shape[-2] // WORKING_HW[0])
            rgb, target = F.avg_pool2d(rgb, step), coarse(target, step)
        return augment(rgb, target, generator)

    with ThreadPoolExecutor(1) as executor:
        coming = executor.submit(make)
        while True:
            ready, coming = coming.result(), executor.submit(make)
            yield ready


def run(
    trainer: Trainer,
    source: Pool | Rendered,
    options: argparse.Namespace,
    *,
    checkpoint: Path,
    on_save: Callable[[], None] = lambda: None,
    save_every_s: float = 120.0,
) -> None:
    """Train for the minutes asked, or until a file ``finish`` appears in the folder, and keep the checkpoint fresh.

    ``on_save`` is called whenever it was written.
    """
    generator = torch.Generator().manual_seed(options.seed + trainer.step_count)
    log = Log(options.folder / "log.jsonl", options.log_every)
    begin = saved = time.monotonic()
    for rgb, target in batches(source, options, generator):
        minutes = (time.monotonic() - begin) / 60
        if minutes > options.minutes or (options.folder / "finish").exists():
            break
        share = rate(trainer.step_count, minutes / options.minutes, options.fall)
        terms = trainer.step(rgb.to(options.device), target.to(options.device), share)
        log.add(trainer.step_count, minutes, terms)
        if time.monotonic() - saved > save_every_s:
            trainer.save(checkpoint)
            on_save()
            saved = time.monotonic()
    trainer.save(checkpoint)
    on_save()


class Log:
    """Means of the loss terms over so many steps, a JSON line each."""

    def __init__(self, path: Path, every: int) -> None:
        """Lines are appended to ``path``."""
        self.path, self.every = path, every
        self._terms: list[dict[str, float]] = []

    def add(self, step: int, minutes: float, terms: dict[str, float]) -> None:
        """Take the terms of a step."""
        self._terms.append(terms)
        if len(self._terms) < self.every:
            return
        means = {name: round(sum(terms[name] for terms in self._terms) / self.every, 4) for name in terms}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "minutes": round(minutes, 2), **means}) + "\n")
        self._terms.clear()


def add_arguments(parser: argparse.ArgumentParser, *, minutes: float, batch: int, lr: float, fall: float) -> None:
    """Declare the options that `run` reads and a `Trainer` is made from, with these defaults."""
    parser.add_argument("folder", type=Path, help="where checkpoints and log.jsonl go")
    parser.add_argument("--first-seed", type=int, default=0, help="of the scenes to render; going on, take seeds not seen yet")
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--fall", type=float, default=fall, help="last part of the time in which the rate falls to zero")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--lr", type=float, default=lr)
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--coarse", action="store_true", help="train the context alone, at 128 x 256: a pool of 256 rows will do")
    part.add_argument("--keep-context", action="store_true", help="train the detail alone")
    parser.add_argument("--resume", type=Path, help="checkpoint (.pt) or shipped weights (.safetensors) to go on from")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bfloat16", action="store_true",
                        help="twice as fast where the processor multiplies it (AVX-512 BF16, AMX), refused where it cannot")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log-every", type=int, default=50)


def trainer_of(options: argparse.Namespace) -> Trainer:
    """Return the trainer that the options ask for."""
    if options.bfloat16 and options.device == "cpu" and "AVX512" not in torch.backends.cpu.get_cpu_capability():
        raise SystemExit("--bfloat16 would be ten times slower here: this processor has no AVX-512 to multiply it.")
    trainer = Trainer(options.lr, options.device, options.seed, options.bfloat16)
    trainer.coarse = options.coarse
    if options.resume:
        trainer.load(options.resume)
    if options.keep_context:
        trainer.keep_context()
    return trainer


def main() -> None:
    """Train from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, minutes=60.0, batch=8, lr=1e-3, fall=0.25)
    world = parser.add_mutually_exclusive_group(required=True)
    world.add_argument("--pool", type=Path, help="folder that training.dataset fills")
    world.add_argument("--render-on-device", action="store_true", help="render while training instead of reading a pool")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    trainer = trainer_of(options)
    source = Rendered(WORKING_HW[0], options.device, options.first_seed) if options.render_on_device else Pool(options.pool)
    run(trainer, source, options, checkpoint=options.folder / "last.pt")


if __name__ == "__main__":
    main()
