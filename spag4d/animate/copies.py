"""Gaussians that follow a field and loop.

The scene's own Gaussians stay as they are. What flows are two copies in front of them. The farther one is opaque all the time:
in each life it sets out from home, jumps in the middle to where it will be home at the end, and arrives there. The jump cannot
be seen, as just then the nearer copy is opaque, which fades in, is at home in the middle, and fades out. So what is seen is
always a mean of both whose weights add up to one: no holes, and nothing pumps.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from spag4d.animate.fields import Field
from spag4d.data import Gaussians, Moving
from spag4d.geometry.rotation import rotations_from_quats

FADE = 0.2
"""The standard deviation of the nearer copy's fade, in lives: at its ends 4 % are left, which files leave out (5 %)."""
_FAR, _NEAR = 0.985, 0.97
"""Of the distance, at which the copies are: farther apart than the depths of neighbours, so that they are drawn in order."""
_SEEN = 0.3
"""Of a Gaussian's middle size that it must move for a copy: less is not seen."""
_RIPPLE, _WAVES = 0.05, ((7.0, 2.0), (-3.0, 6.0), (4.0, -5.0))
"""By how much of its brightness water glitters, and the waves on it, in radians for each metre at 3 m."""
_WAVE_AT_M = 3.0
_REACH, _COUNTED = 3.0, 95
"""Standard deviations as far as viewers draw a Gaussian, and the per cent of them that copies are made of: no giants."""
_SOME = 1 << 16
"""Gaussians at a time, each with up to a dozen copies: 50 MB."""
_BLOCK = 1 << 13
"""Gaussians, of three bytes each: DEFLATE looks 32 KiB back, and sees the block before."""
_STEADY_S = 1e4
"""The fade of what sways, which is none; but with it files store the speed in a window that the loop's end cuts as finely as in
others, and both ends are equal."""
_PHASES = 8
"""Of what sways, so that a file has few windows."""


def flowing(gaussians: Gaussians, field: Field, loop_s: float) -> Iterator[Moving]:
    """Yield the copies that flow, some at a time."""
    chosen, velocities = _chosen(gaussians, field, loop_s / field.cycles / 2)
    for start in range(0, len(chosen), _SOME):
        some = slice(start, start + _SOME)
        parts: list[Moving] = []
        for share, lives in ((_FAR, _far_lives), (_NEAR, _near_lives)):
            copies = _nearer(chosen.select(some), share)
            if field.ripples:
                copies = _rippled(copies, np.pi / 2 if share == _NEAR else 0.0)
            parts += lives(copies, velocities[some] * np.float32(share), field.cycles, loop_s / field.cycles)
        yield _in_blocks(parts)


def _far_lives(far: Gaussians, velocities: Float32[np.ndarray, "n 3"], cycles: int, life_s: float) -> Iterator[Moving]:
    for half in range(2 * cycles):
        home_s = life_s * ((half + 1) // 2)
        yield _between(far, life_s * half / 2, life_s * (half + 1) / 2, velocities, home_s)


def _near_lives(near: Gaussians, velocities: Float32[np.ndarray, "n 3"], cycles: int, life_s: float) -> Iterator[Moving]:
    for life in range(cycles):
        yield _between(near, life_s * life, life_s * (life + 1), velocities, life_s * (life + 0.5), FADE * life_s)


def swaying(gaussians: Gaussians, field: Field, loop_s: float) -> Iterator[Moving]:
    """Yield the copies that sway, to one side and back at steady speed, neighbours a little later than each other."""
    chosen, aside = _chosen(gaussians, field, 1.0)
    phases = phases_of(chosen.means)
    for phase in np.unique(phases):
        members = np.flatnonzero(phases == phase)
        for start in range(0, len(members), _SOME):
            some = members[start:start + _SOME]
            swings = list(_swings(chosen.select(some), aside[some], int(phase), field.cycles, loop_s))
            yield _in_blocks(swings[::2] + swings[1::2])  # those to one side, and then back: equal speeds follow each other


def _swings(
    gaussians: Gaussians, aside: Float32[np.ndarray, "n 3"], phase: int, cycles: int, loop_s: float
) -> Iterator[Moving]:
    near, half_s = _nearer(gaussians, _FAR), loop_s / cycles / 2
    speeds = aside * np.float32(2 * _FAR / half_s)
    for number in range(-2, 2 * cycles):
        first_s = half_s * (2 * phase / _PHASES + number)
        start, end = max(first_s, 0.0), min(first_s + half_s, loop_s)
        if start < end:
            yield _between(near, start, end, speeds if number % 2 else -speeds, first_s + half_s / 2, _STEADY_S)


def phases_of(means: Float32[np.ndarray, "n 3"]) -> np.ndarray:
    """Return when each place begins to sway, in eighths of a period: a wave runs over them."""
    x, y, z = means.T
    return np.floor(_PHASES * np.mod(0.23 * x + 0.11 * y + 0.31 * z, 1)).astype(np.int64) % _PHASES


def glitter(means: np.ndarray, phase: float) -> np.ndarray:
    """Return by what factor water is brighter at places (n, 3); on average by none."""
    scale = _WAVE_AT_M / np.maximum(np.linalg.norm(means, axis=-1), 1e-3)
    x, z = means[..., 0] * scale, means[..., 2] * scale
    waves = [np.sin(kx * x + kz * z + phase * (number + 1)) for number, (kx, kz) in enumerate(_WAVES)]
    return (1 + _RIPPLE * np.mean(waves, 0)).astype(np.float32)


def _chosen(gaussians: Gaussians, field: Field, longest_s: float) -> tuple[Gaussians, Float32[np.ndarray, "n 3"]]:
    """Return those that move enough to be seen, with their velocities."""
    rates = field.along(gaussians.means)
    distances = np.linalg.norm(gaussians.means, axis=1, keepdims=True)
    sizes = seen_sizes(gaussians)
    way = np.linalg.norm(rates, axis=1) * distances[:, 0] * longest_s
    seen = (sizes <= np.percentile(sizes, _COUNTED)) & (way > _SEEN * np.sort(gaussians.scales, 1)[:, 1])
    members = np.flatnonzero(seen)
    return gaussians.select(members), (rates * distances)[members].astype(np.float32)


def reach_deg(gaussians: Gaussians) -> float:
    """Return how far Gaussians stick out at their sides as seen from the capture point, but for the largest twentieth."""
    return float(np.degrees(_REACH * np.percentile(seen_sizes(gaussians), _COUNTED)))


def seen_sizes(gaussians: Gaussians) -> Float32[np.ndarray, " n"]:
    """Return how large Gaussians look from the capture point at most: a standard deviation, in radians."""
    distances = np.maximum(np.linalg.norm(gaussians.means, axis=1), 1e-6)
    rays = gaussians.means / distances[:, None]
    ahead = np.einsum("nij,ni->nj", rotations_from_quats(gaussians.quats_wxyz), rays)
    return np.sqrt((np.square(gaussians.scales) * np.maximum(1 - np.square(ahead), 0)).sum(1)) / distances


def _nearer(gaussians: Gaussians, share: float) -> Gaussians:
    """Return Gaussians that look the same from the capture point, nearer to it."""
    return replace(gaussians, means=gaussians.means * np.float32(share), scales=gaussians.scales * np.float32(share))


def _rippled(gaussians: Gaussians, phase: float) -> Gaussians:
    return replace(gaussians, colors=np.clip(gaussians.colors * glitter(gaussians.means, phase)[:, None], 0, 1))


def _between(
    gaussians: Gaussians, first_s: float, last_s: float, velocities: Float32[np.ndarray, "n 3"], center_s: float,
    sigma_s: float = np.inf,
) -> Moving:
    count, window = len(gaussians), [[first_s, last_s]]
    return Moving(gaussians, velocities, np.full(count, center_s), np.full(count, sigma_s), np.tile(window, (count, 1)))


def _in_blocks(parts: list[Moving]) -> Moving:
    """Return parts of as many members each as one, a block of each in turn: what repeats the block before packs to nothing."""
    count = len(parts[0])
    order = np.concatenate([count * part + np.arange(start, min(start + _BLOCK, count))
                            for start in range(0, count, _BLOCK) for part in range(len(parts))])
    values = [np.concatenate([getattr(part, name) for part in parts])
              for name in ("velocities", "centers_s", "sigmas_s", "windows_s")]
    return Moving(Gaussians.concatenate([part.gaussians for part in parts]), *values).select(order)
