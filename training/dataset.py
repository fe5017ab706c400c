"""A pool of rendered panoramas on disk: one process fills it while another trains from it.

A shard is a pair of arrays, ``NNNNNNNNNN.rgb.npy`` (n, h, w, 3) uint8 and ``NNNNNNNNNN.log.npy`` (n, h, w) float16, named
by its first seed: log distance, +inf for sky, NaN where nothing is known. Fill a pool with
``python -m training.dataset POOL --first-seed 0 --minutes 60``.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.generator import Sample, generate

VALIDATION_SEEDS_BEGIN = 1_000_000_000
"""Seeds below are for training and nothing else."""


def encode(sample: Sample) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the picture as (h, w, 3) uint8 and the log distance with its +inf and NaN as (h, w) float16."""
    log_distance = sample.distance.clamp_min(1e-3).log()
    log_distance = log_distance.masked_fill(sample.sky, math.inf).masked_fill(~sample.valid, math.nan)
    return (sample.rgb.clamp(0, 1) * 255).round().to(torch.uint8), log_distance.to(torch.float16)


def decode(rgb: torch.Tensor, log_distance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Undo `encode` for a batch: (b, 3, h, w) float32 in 0..1 and (b, h, w) float32."""
    return rgb.permute(0, 3, 1, 2).float().div(255), log_distance.float()


def coarse(log_distance: torch.Tensor, step: int = 4) -> torch.Tensor:
    """Make one pixel of each block of step x step of (b, h, w) log distances: a near one of them, never a mean.

    It is the sixth nearest of sixteen, the second of four: what covers less than that leaves the pixel to what is behind it.
    """
    b, h, w = log_distance.shape
    blocks = log_distance.reshape(b, h // step, step, w // step, step).transpose(2, 3).flatten(3)
    return blocks.kthvalue(math.ceil(step**2 * 3 / 8), -1).values


class Pool:
    """Random access to the shards of a folder, which may grow meanwhile."""

    def __init__(self, folder: Path, refresh_s: float = 60.0, device: str = "cpu") -> None:
        """``refresh_s`` is how often the folder is read again; a ``device`` other than the CPU holds all of it in memory."""
        self.folder, self.refresh_s, self.device = folder, refresh_s, device
        self._shards: dict[Path, tuple[Any, Any]] = {}  # arrays on disk, or tensors on the device
        self._read_at = -math.inf

    def __len__(self) -> int:
        """Return how many samples the shards hold."""
        self._refresh()
        return sum(len(rgb) for rgb, _ in self._shards.values())

    def batch(self, size: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw samples with replacement, decoded; raises FileNotFoundError from an empty folder."""
        count = len(self)
        if count == 0:
            raise FileNotFoundError(f"no shards in {self.folder}: fill it with python -m training.dataset")
        chosen = torch.randint(count, (size,), generator=generator).tolist()
        return decode(*(torch.stack(parts) for parts in zip(*(self._sample(index) for index in chosen), strict=True)))

    def every(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield all samples in the order of their seeds, decoded, (3, h, w) and (h, w)."""
        for index in range(len(self)):
            rgb, log_distance = decode(*(part[None] for part in self._sample(index)))
            yield rgb[0], log_distance[0]

    def _sample(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return picture and log distance as they are stored."""
        for rgb, log_distance in self._shards.values():
            if index < len(rgb):
                return torch.as_tensor(rgb[index]).clone(), torch.as_tensor(log_distance[index]).clone()
            index -= len(rgb)
        raise IndexError(index)

    def _refresh(self) -> None:
        if time.monotonic() - self._read_at < self.refresh_s and self._shards:
            return
        self._read_at = time.monotonic()
        for path in sorted(self.folder.glob("*.rgb.npy")):
            if path not in self._shards:
                self._shards[path] = self._read(path)

    def _read(self, path: Path) -> tuple[Any, Any]:
        log_path = path.with_name(path.name.replace(".rgb.", ".log."))
        if self.device == "cpu":
            return np.load(path, mmap_mode="c"), np.load(log_path, mmap_mode="c")
        return torch.from_numpy(np.load(path)).to(self.device), torch.from_numpy(np.load(log_path)).to(self.device)


class Rendered:
    """Renders as it trains: a ring of recent samples, some of them replaced before every batch. For a GPU."""

    def __init__(self, height: int, device: str, first_seed: int, ring: int = 2048, fresh: int = 4) -> None:
        """Start with an empty ring; ``fresh`` samples are rendered for every batch."""
        self.height, self.device, self.seed, self.ring, self.fresh = height, device, first_seed, ring, fresh
        self._samples: list[tuple[torch.Tensor, torch.Tensor]] = []

    def batch(self, size: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Render, then draw samples with replacement, decoded."""
        for _ in range(max(self.fresh, size - len(self._samples))):
            sample = encode(generate(self.seed % VALIDATION_SEEDS_BEGIN, self.height, device=self.device))
            self._samples[self.seed % self.ring : self.seed % self.ring + 1] = [sample]
            self.seed += 1
        chosen = torch.randint(len(self._samples), (size,), generator=generator).tolist()
        rgbs, logs = zip(*(self._samples[i] for i in chosen), strict=True)
        return decode(torch.stack(rgbs), torch.stack(logs))


def fill(
    folder: Path, first_seed: int, height: int, shard_size: int, go_on: Callable[[int], bool], device: str = "cpu"
) -> None:
    """Write shards of consecutive seeds until ``go_on(samples written)`` is false; shards that exist are skipped."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    while go_on(written):
        start = first_seed + written
        final = folder / f"{start:010d}.rgb.npy"
        if not final.exists():
            samples = [encode(generate(seed, height, device=device)) for seed in range(start, start + shard_size)]
            rgb, log_distance = (torch.stack(parts).cpu().numpy() for parts in zip(*samples, strict=True))
            np.save(folder / f"{start:010d}.log.npy", log_distance)
            partial = folder / f"{start:010d}.partial.npy"
            np.save(partial, rgb)
            partial.replace(final)
        written += shard_size


def main() -> None:
    """Fill a pool from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pool", type=Path)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--shard-size", type=int, default=64)
    parser.add_argument("--count", type=int, default=VALIDATION_SEEDS_BEGIN, help="samples to write at most")
    parser.add_argument("--minutes", type=float, default=math.inf, help="time to stop after")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    end = time.monotonic() + 60 * options.minutes
    fill(
        options.pool, options.first_seed, options.height, options.shard_size,
        lambda written: written < options.count and time.monotonic() < end, options.device,
    )  # fmt: skip


if __name__ == "__main__":
    main()
