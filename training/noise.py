"""Tileable noise, made once per process and read through a mip pyramid: cheap enough for every pixel."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch

SIZE = 512
FBM, RIDGE, FINE, BLOB = range(4)
_LEVELS = 6


def _spectrum(rng: np.random.Generator, low: float, high: float, slope: float) -> np.ndarray:
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE) * SIZE, np.fft.rfftfreq(SIZE) * SIZE, indexing="ij"))
    gain = np.where((frequency >= low) & (frequency <= high), np.maximum(frequency, 1.0) ** -slope, 0.0)
    wave = gain * (rng.normal(size=gain.shape) + 1j * rng.normal(size=gain.shape))
    field = np.fft.irfft2(wave, s=(SIZE, SIZE))
    return field / field.std()


@lru_cache(maxsize=4)
def _pyramid(device: str) -> tuple[torch.Tensor, tuple[int, ...]]:
    rng = np.random.default_rng(20240)
    fbm = _spectrum(rng, 1, 256, 1.6)
    ridge = 1.0 - 2.5 * np.abs(_spectrum(rng, 2, 128, 1.5))
    fine = _spectrum(rng, 12, 256, 0.4)
    blob = np.tanh(1.5 * _spectrum(rng, 6, 40, 0.6))
    level = np.stack([fbm, ridge, fine, blob], axis=-1).astype(np.float32)
    flat, starts, start = [], [], 0
    for _ in range(_LEVELS):
        flat.append(level.reshape(-1, 4))
        starts.append(start)
        start += len(flat[-1])
        level = (level[0::2, 0::2] + level[1::2, 0::2] + level[0::2, 1::2] + level[1::2, 1::2]) / 4
    return torch.from_numpy(np.concatenate(flat)).to(device), tuple(starts)


@lru_cache(maxsize=4)
def _pyramid_fbm(device: str) -> tuple[torch.Tensor, tuple[int, ...]]:
    table, starts = _pyramid(device)
    return table[:, FBM : FBM + 1].contiguous(), starts


@lru_cache(maxsize=4)
def _ranks(device: str) -> torch.Tensor:
    blob = _spectrum(np.random.default_rng(7), 10, 110, 0.3).reshape(-1)
    rank = np.empty(len(blob), dtype=np.float32)
    rank[blob.argsort()] = np.linspace(0.0, 1.0, len(blob), dtype=np.float32)
    return torch.from_numpy(rank).to(device)


def sample(u: torch.Tensor, v: torch.Tensor, footprint: torch.Tensor | float) -> torch.Tensor:
    """Noise at (n) positions in periods of the tile, (n, 4): FBM, RIDGE, FINE, BLOB, each about zero with deviation one.

    ``footprint`` is the width of a pixel in periods; bilinear within the nearest level.
    """
    table, starts = _pyramid(str(u.device))
    return _bilinear(table, starts, u, v, footprint)


def sample_fbm(u: torch.Tensor, v: torch.Tensor, footprint: torch.Tensor | float) -> torch.Tensor:
    """The FBM channel of ``sample`` alone, (n): a quarter of the memory traffic."""
    table, starts = _pyramid_fbm(str(u.device))
    return _bilinear(table, starts, u, v, footprint)[:, 0]


def _bilinear(
    table: torch.Tensor, starts: tuple[int, ...], u: torch.Tensor, v: torch.Tensor, footprint: torch.Tensor | float
) -> torch.Tensor:
    if isinstance(footprint, torch.Tensor):
        levels = (footprint * SIZE).clamp(1.0, 2.0 ** (_LEVELS - 1)).log2().round()
    else:
        levels = torch.full_like(u, round(math.log2(min(max(footprint * SIZE, 1.0), 2.0 ** (_LEVELS - 1)))))
    level = levels.to(torch.int32)
    size = SIZE >> level
    start = torch.tensor(starts, dtype=torch.int32, device=u.device).index_select(0, level)
    x, y = (u - u.floor()) * size - 0.5, (v - v.floor()) * size - 0.5
    x0, y0 = x.floor(), y.floor()
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    wrap = size - 1
    left, top = x0.to(torch.int32) & wrap, y0.to(torch.int32) & wrap
    right, below = (left + 1) & wrap, start + ((top + 1) & wrap) * size
    above = start + top * size
    upper = torch.lerp(table.index_select(0, above + left), table.index_select(0, above + right), fx)
    lower = torch.lerp(table.index_select(0, below + left), table.index_select(0, below + right), fx)
    return torch.lerp(upper, lower, fy)


def hash01(i: torch.Tensor, j: torch.Tensor, salt: int = 0) -> torch.Tensor:
    """A fixed random number in 0..1 for every integer cell (n)."""
    key = (i.to(torch.int64) * 7919 + j.to(torch.int64) * 104729 + salt * 15485863) & 0x3FFFFFFF
    key = (key ^ (key >> 13)) * 1274126177 & 0x3FFFFFFF
    return ((key ^ (key >> 16)) & 0xFFFF).to(torch.float32) / 65535.0


def leaf_cut(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor, share: float, size_m: float) -> torch.Tensor:
    """Whether the foliage surface has a gap there: (n) local metres -> (n) bool, true for about ``share`` of it."""
    scale = 6.0 / size_m
    ranks = _ranks(str(x.device))
    i, j, k = ((axis * scale + 4096.0).to(torch.int32) & (SIZE - 1) for axis in (x + 0.37 * y, z + 0.81 * y, y - 0.45 * z))
    # the sum of two uniform numbers: below this limit with probability ``share``; one projection alone shows streaks
    limit = (2.0 * share) ** 0.5 if share < 0.5 else 2.0 - (2.0 - 2.0 * share) ** 0.5
    return ranks[(j * SIZE + i).long()] + ranks[(k * SIZE + i).long()] < limit
