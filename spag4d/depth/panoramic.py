"""What models that see a whole panorama at once share: no border at its left and right, one value at each pole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from spag4d.data import DepthMap, Panorama
from spag4d.depth.base import SKY_DISTANCE_M
from spag4d.depth.resize import enlarge, shrink
from spag4d.device import explained_memory_errors
from spag4d.networks.vit import normalised
from spag4d.progress import SILENT, Progress

Floats = NDArray[np.float32]

_STAGE = "Estimating depth"
_LEVELLED_ROWS = 3
"""Rows of the network's map, 1° in all: at a pole the pixels of a row see almost the same point, three rows away no longer."""


def small_panorama(panorama: Panorama, size_hw: tuple[int, int]) -> Panorama:
    """Return the panorama at the size of a network: area means, so that nothing aliases."""
    return Panorama(shrink(panorama.rgb, size_hw), panorama.name)


@torch.inference_mode()
def both_turns(
    network: Callable[[torch.Tensor], Any], panorama: Panorama, device: str, *,
    normalise: Callable[[torch.Tensor], torch.Tensor] = normalised, progress: Progress = SILENT,
) -> tuple[list[Floats], list[Floats]]:
    """Return the network's maps (h, w) of the panorama, and of the panorama turned by half, turned back.

    ``network`` maps a picture (1, 3, h, w) to one tensor (1, h, w) or several. Raises `Cancelled` and `ResourceError`.
    """
    results = []
    with explained_memory_errors():
        picture = normalise(torch.from_numpy(panorama.rgb).permute(2, 0, 1)[None].to(device))
        half = picture.shape[3] // 2
        for number, turn in enumerate((0, half)):
            progress.report(_STAGE, number, 2)
            maps = network(picture.roll(turn, 3))
            maps = maps if isinstance(maps, tuple) else (maps,)
            results.append([values[0].float().roll(-turn, 1).cpu().numpy() for values in maps])
    progress.report(_STAGE, 2, 2)
    return results[0], results[1]


def blend_turns(first: Floats, second: Floats) -> Floats:
    """Join a map (h, w) with that of the panorama turned by half (and turned back), each where it is far from its border.

    The first counts cos² of half its azimuth: all in the middle of the picture, nothing at the edges.
    """
    width = first.shape[1]
    share = np.cos(np.pi * ((np.arange(width) + 0.5) / width - 0.5)).astype(np.float32) ** 2
    return share * first + (1 - share) * second


def level_poles(values: Floats, weights: NDArray[Any] | None = None) -> Floats:
    """Return the map (h, w) with its outermost rows drawn to their mean, the more the nearer they are to a pole.

    All columns of the outermost row see the same point. ``weights`` (h, w) weigh the mean; a row without any stays unchanged.
    """
    levelled = values.copy()
    weights = np.ones_like(values) if weights is None else weights
    for row in range(min(_LEVELLED_ROWS, values.shape[0] // 2)):
        share = 1 - row / _LEVELLED_ROWS
        for index in (row, -1 - row):
            if weights[index].any():
                levelled[index] += share * (np.average(values[index], weights=weights[index]) - values[index])
    return levelled


def depth_map(
    log_distance: Floats, sky_score: Floats, panorama: Panorama, *, model: str, metres_from: str = "",
    progress: Progress = SILENT,
) -> DepthMap:
    """Return the metric depth map of the panorama's size; log metres and sky (from 0 on) come at the network's.

    Nothing lies behind the sky.
    """
    with explained_memory_errors():
        sky_score = level_poles(sky_score)
        surfaces = level_poles(np.minimum(log_distance, np.float32(np.log(SKY_DISTANCE_M))), sky_score < 0)
        distance, sky = enlarge(surfaces, sky_score, panorama.size_hw, progress)
        distance[sky] = SKY_DISTANCE_M
    return DepthMap(distance, sky, model=model, metres_from=metres_from)
