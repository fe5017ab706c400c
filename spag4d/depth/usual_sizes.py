"""The scale of an estimated scene, and how sure it is: the model's own metres, held against what people and rooms measure.

A camera is held or stands 1.05 to 2.3 m above the floor, nearly always, and rooms are 2.1 to 3.5 m high, mostly. Within these
bounds nothing is changed: the model knows better. Beyond them either the model is wrong or the place is unusual (a drone, a
mast, a hall), and both are weighed. All is done with logarithms, on a grid of factors.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from spag4d.data import DepthMap
from spag4d.depth.floor import camera_above_floor
from spag4d.progress import SILENT, Progress

_LARGEST_FACTOR = np.log(3.3)
"""Logarithm: eight times `_UNKNOWN_SPREAD`, beyond which next to nothing of the likelihood is left."""
_FACTORS = np.linspace(-_LARGEST_FACTOR, _LARGEST_FACTOR, 481)
"""Logarithms of the factors that are weighed, in steps of half a per cent."""

_SPREAD = {"builtin": 0.05}
"""Spread of the log of a model's scale: of the built-in one as `benchmarks.usual_sizes` calibrates it on generated scenes."""

_UNKNOWN_SPREAD = 0.15
"""Of models whose scale could not be measured: an assumption."""

_UNLIKE = 0.07
"""Added to the uncertainty: photographs are less like generated scenes than these are like each other."""

_FREEDOM = 3
"""Degrees of freedom of Student's t: the pictures of the world are less alike than those that a model was judged on."""

_CAMERA_M, _ROOM_M = (1.05, 2.3), (2.1, 3.5)
"""Metres from the floor to the camera, and from floor to ceiling: what is usual, see above; assumed, not measured."""
_CAMERA_SOFT, _ROOM_SOFT = 0.12, 0.10
"""How softly the usual heights end, as a standard deviation of the logarithm."""

_UNUSUAL_CAMERA, _UNUSUAL_ROOM = 0.15, 0.30
"""Share of cameras on masts, drones and tables, and of halls and attics, whose heights may be anything."""

_ANYWHERE = 0.2
"""Density of those per unit of the logarithm: as likely everywhere within a range of 1 to 150."""


def with_usual_scale(depth: DepthMap, valid: np.ndarray | None = None, *, progress: Progress = SILENT) -> DepthMap:
    """Return the scene at its most likely size, with the standard deviation of the log of that size as ``scale_sigma``.

    ``valid`` (h, w) is False where the picture shows nothing. Depth that is not in metres stays as it is.
    """
    if depth.kind != "metric":
        return depth
    progress.report("Scale", 0, 2)
    floor_m = camera_above_floor(depth, valid)
    progress.report("Scale", 1, 2)
    flipped = None if valid is None else valid[::-1]
    ceiling_m = camera_above_floor(replace(depth, distance=depth.distance[::-1], sky=depth.sky[::-1]), flipped)
    spread = _SPREAD.get(depth.metres_from or depth.model, _UNKNOWN_SPREAD)
    log_factor, sigma = weighed(floor_m, ceiling_m, spread)
    progress.report("Scale", 2, 2)
    return replace(depth.scaled(float(np.exp(log_factor))), scale_sigma=math.hypot(sigma, _UNLIKE))


def weighed(floor_m: float | None, ceiling_m: float | None, spread: float) -> tuple[float, float]:
    """Return the log of the factor that the scene most likely needs, and how far the true one lies from it (root mean square).

    ``floor_m`` and ``ceiling_m`` are the distances from the camera to both in the model's metres, None where there is none;
    ``spread`` is that of the model's own scale.
    """
    likely = (1 + (_FACTORS / spread) ** 2 / _FREEDOM) ** (-(_FREEDOM + 1) / 2)
    if floor_m is not None:
        likely = likely * _usual(np.log(floor_m) + _FACTORS, _CAMERA_M, _CAMERA_SOFT, _UNUSUAL_CAMERA)
        if ceiling_m is not None:
            room_m = floor_m + ceiling_m
            likely = likely * _usual(np.log(room_m) + _FACTORS, _ROOM_M, _ROOM_SOFT, _UNUSUAL_ROOM)
    likely = likely / likely.sum()
    best = float(_FACTORS[likely.argmax()])
    return best, float(np.sqrt(likely @ (_FACTORS - best) ** 2))


def _usual(
    log_height: Float64[np.ndarray, " n"], bounds_m: tuple[float, float], soft: float, unusual: float
) -> Float64[np.ndarray, " n"]:
    """Return the density of log heights: even between bounds with soft ends, and a share that may lie anywhere."""
    low, high = np.log(bounds_m)
    beyond = np.maximum(np.maximum(low - log_height, log_height - high), 0)
    usual = np.exp(-0.5 * (beyond / soft) ** 2) / (high - low + soft * np.sqrt(2 * np.pi))
    return (1 - unusual) * usual + unusual * _ANYWHERE
