"""How bright each panorama is against the others: cameras that expose for every shot show one wall in several tones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float32, Float64

from spag4d.color import linear_from_srgb, srgb_from_linear
from spag4d.data import Panorama
from spag4d.world.agree import Sight

_FEWEST_PIXELS = 500
"""Fewer common pixels of panoramas of 512 rows, 0.1 % of one, tell nothing."""
_DARKEST, _BRIGHTEST = 0.02, 0.95
"""In sRGB: below is noise, above is clipped."""
_SAME = 0.05

Pictures = Mapping[int, Float32[np.ndarray, "h w 3"]]
Gains = Mapping[int, Float64[np.ndarray, "3"]]
"""The factor of each panorama's linear colours by which all of them agree best."""


class Exposures:
    """Compares pictures (h, w, 3) pair by pair."""

    def __init__(self, pictures: Pictures) -> None:
        """Begin without a comparison."""
        self._pictures = pictures
        self._found: list[tuple[int, int, np.ndarray, int]] = []

    def compare(self, first: int, second: int, sure: Bool[np.ndarray, "h w"], seen: Sight) -> None:
        """Note the median log ratio (3) of the second's colours over the first's where both have measured a surface."""
        rows, columns = seen.place
        same = sure & seen.sure & (np.abs(seen.farther) < _SAME)
        ours, theirs = self._pictures[first][same], self._pictures[second][rows[same], columns[same]]
        clear = ((ours > _DARKEST) & (ours < _BRIGHTEST) & (theirs > _DARKEST) & (theirs < _BRIGHTEST)).all(1)
        if clear.sum() >= _FEWEST_PIXELS:
            ratio = np.log(linear_from_srgb(theirs[clear]) / linear_from_srgb(ours[clear]))
            self._found.append((first, second, np.median(ratio, axis=0), int(clear.sum())))

    def gains(self, numbers: Sequence[int]) -> dict[int, Float64[np.ndarray, "3"]]:
        """Return the gains with a mean of one in log: least squares over the ratios, weighted by what they are medians of."""
        design = np.zeros((len(self._found) + 1, len(numbers)))
        for row, (first, second, _, _) in zip(design, self._found, strict=False):
            row[numbers.index(first)], row[numbers.index(second)] = 1, -1
        design[-1] = 1
        target = np.array([*(ratio for _, _, ratio, _ in self._found), np.zeros(3)])
        weight = np.array([*(np.sqrt(count) for *_, count in self._found), 1.0])[:, None]
        solution = np.linalg.lstsq(design * weight, target * weight, rcond=None)[0]
        return {number: np.exp(log) for number, log in zip(numbers, solution, strict=True)}


def balanced(panorama: Panorama, gain: Float64[np.ndarray, "3"]) -> Panorama:
    """Return the panorama with its linear colours times ``gain``."""
    rgb = srgb_from_linear(linear_from_srgb(panorama.rgb) * gain.astype(np.float32))
    return replace(panorama, rgb=np.clip(rgb, 0, 1))
