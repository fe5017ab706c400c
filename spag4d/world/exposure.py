"""How bright each panorama is against the others: cameras that expose for every shot show one wall in several tones."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.color import linear_from_srgb, srgb_from_linear
from spag4d.data import Panorama
from spag4d.world.agree import seen_from
from spag4d.world.join import Captured

_FEWEST_PIXELS = 500
"""Fewer common pixels of panoramas of 512 rows, 0.1 % of one, tell nothing."""
_DARKEST, _BRIGHTEST = 0.02, 0.95
"""In sRGB: below is noise, above is clipped."""
_SAME = 0.05


Pictures = Mapping[int, Float32[np.ndarray, "h w 3"]]


def gains(pictures: Pictures, world: Mapping[int, Captured]) -> dict[int, Float64[np.ndarray, "3"]]:
    """Return the factor of each panorama's linear colours by which all of them agree best, with a mean of one in log.

    Least squares over the medians of log ratios on surfaces that two panoramas have measured.
    """
    numbers = list(world)
    rows, ratios, weights = [], [], []
    for first, second in permutations(numbers, 2):
        ratio, count = _ratio(pictures, world, first, second)
        if count >= _FEWEST_PIXELS:
            row = np.zeros(len(numbers))
            row[numbers.index(first)], row[numbers.index(second)] = 1, -1
            rows.append(row)
            ratios.append(ratio)
            weights.append(np.sqrt(count))
    design = np.array([*rows, np.ones(len(numbers))])
    target = np.array([*ratios, np.zeros(3)])
    weight = np.array([*weights, 1.0])[:, None]
    solution = np.linalg.lstsq(design * weight, target * weight, rcond=None)[0]
    return {number: np.exp(log) for number, log in zip(numbers, solution, strict=True)}


def _ratio(pictures: Pictures, world: Mapping[int, Captured], first: int, second: int) -> tuple[np.ndarray, int]:
    """Return the median log ratio (3) of the second's colours over the first's where both have measured a surface."""
    one, other = world[first], world[second]
    (rows, columns), away = seen_from(one.view, one.distance, other.view)
    same = one.sure & other.sure[rows, columns] & (np.abs(np.log(other.distance[rows, columns] / away)) < _SAME)
    ours, theirs = pictures[first][same], pictures[second][rows[same], columns[same]]
    clear = ((ours > _DARKEST) & (ours < _BRIGHTEST) & (theirs > _DARKEST) & (theirs < _BRIGHTEST)).all(1)
    if clear.sum() < _FEWEST_PIXELS:
        return np.zeros(3), 0
    ratio = np.log(linear_from_srgb(theirs[clear]) / linear_from_srgb(ours[clear]))
    return np.median(ratio, axis=0), int(clear.sum())


def balanced(panorama: Panorama, gain: Float64[np.ndarray, "3"]) -> Panorama:
    """Return the panorama with its linear colours times ``gain``."""
    rgb = srgb_from_linear(linear_from_srgb(panorama.rgb) * gain.astype(np.float32))
    return replace(panorama, rgb=np.clip(rgb, 0, 1))
