"""Colours with which a viewer reproduces the photograph: those of the fine layer are solved for what is seen.

Area means, drawn by Gaussians that overlap and let the backing through, look blurred. What a viewer shows at a sample x of the
picture is sum_j w_j(x) c_j + T(x) backing, T being what all Gaussians of the fine layer let pass. Were the order of
neighbours random, Gaussian j would show a_j times the mean over t in 0–1 of the product of 1 - t a_i over the others: nearly
v_j = a_j / (1 - a_j / 2) times a factor that all share, so that w_j = (1 - T) v_j / sum_i v_i. On a slanted surface nearer
ones are in front: each shows more on its far side and less on its near side, which a factor exp(tilt · offset) reproduces.

Colours move by the weighted mean of what is missing to the photograph, a few times (simultaneous iterative reconstruction,
Gilbert 1972), within the range of the photograph where the Gaussian lies. Views only mix colours: whatever their order,
sharpening adds no halo.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import Gaussians, Panorama
from spag4d.kernels import threads
from spag4d.progress import SILENT, Progress
from spag4d.splat.color_kernels import LEAST_TOTAL, begin, correct, scatter, target
from spag4d.splat.color_seen import REACH_SD, Colors, FromOrigin, Samples, from_origin

_MOST_BEYOND = 3 / 255
"""By how much a colour may leave the range of the photograph where the Gaussian lies."""
_STEPS = 3
"""Rounds: on TestImage at stride 2 and 512 rows the third gains 0.04 to 0.07 dB, a fourth 0.02."""
_BAND_SAMPLES = 1 << 19
"""Pixels of a band: 50 MB per thread at 50 bytes each. The result does not depend on it."""
_MARGINS_PER_BAND = 6
"""A band is at least six times as high as its margins in other bands, or most work would be done twice."""
_MOST_THREADS = 8
"""Each holds some 50 bytes for every sample of its band."""
_NARROWEST = 0.91
"""Width of a sample over its height, in the longest row of a band: a little finer than square."""
_FEWEST_COLUMNS = 16
"""At the poles, 22.5° each."""
_COARSE_SD = 0.65
"""Pixel of the backing's picture over the narrowest standard deviation: a Gaussian sampled that coarsely is interpolated within
5 %."""

Picture = Float32[np.ndarray, "rows n 3"]


def solved_colors(
    fine: Gaussians, back: Gaussians, panorama: Panorama, *, steps: int = _STEPS, progress: Progress = SILENT
) -> Colors:
    """Return colours (n, 3) of ``fine``, sRGB 0–1, of which views from the origin make the panorama.

    ``fine`` are Gaussians that look round from the origin, with the mean colours of what they cover; they may differ in size
    and come in any order. ``back`` lies behind them and keeps its colours; it may be empty. Pixels that are not valid have no
    influence. Where nothing valid is seen, and for no ``steps``, colours remain as they are. The number of threads does not
    change the result.
    """
    height, width = panorama.size_hw
    if not len(fine) or not steps:
        return fine.colors.copy()
    with ThreadPoolExecutor(min(_MOST_THREADS, threads())) as pool:
        layers = _Layers(panorama, from_origin(fine, height, pool), from_origin(back, height, pool), steps)
        rows = max(_BAND_SAMPLES // width, _MARGINS_PER_BAND * layers.margin)
        bands = list(pairwise([*range(0, height, rows), height]))
        solved = []
        for colors in pool.map(layers.solve, bands):
            solved.append(colors)
            progress.report("colors", len(solved), len(bands))
    result = np.empty_like(fine.colors)
    result[layers.front.order] = np.concatenate(solved)
    return result


@dataclass(frozen=True)
class _Layers:
    """Both layers and the picture; solved in bands of rows, each with a margin of Gaussians that are only read."""

    panorama: Panorama
    front: FromOrigin
    behind: FromOrigin
    steps: int

    @property
    def margin(self) -> int:
        """Rows within which Gaussians see the same samples."""
        return math.ceil(2 * REACH_SD * self.front.sd_range_rad[1] * self.panorama.size_hw[0] / math.pi)

    def solve(self, band: tuple[int, int]) -> Colors:
        """Return the colours of the Gaussians that have their centre in a band of rows."""
        height = self.panorama.size_hw[0]
        own = self.front.between(*(_edge_rad(row, height) for row in band))
        if own.start == own.stop:
            return self.front.layer.colors[own]
        first, last = max(0, band[0] - self.margin), min(height, band[1] + self.margin)
        reach = REACH_SD * self.front.sd_range_rad[1]
        near = self.front.between(_edge_rad(first, height) + reach, _edge_rad(last, height) - reach)
        colors = self._colors(near, first, last)
        return colors[own.start - near.start : own.stop - near.start]

    def _colors(self, near: slice, first: int, last: int) -> Colors:
        samples = _samples(first, last, self.panorama.size_hw[0])
        source, valid = _source(self.panorama, first, last, samples.n)
        shown = self.front.coverage(near, samples)
        windows = (shown.window, shown.start, shown.weight)
        missing, share = np.empty(source.shape, np.float32), np.empty(valid.shape, np.float32)
        target(source, valid, shown.through, shown.total, *self._backing(samples), share, missing)
        colors = self.front.layer.colors[near].copy()
        whole, bounds = np.empty(len(colors), np.float32), np.empty((len(colors), 3, 2), np.float32)
        begin(*windows, (share, source, valid, missing), colors, np.float32(_MOST_BEYOND), whole, bounds)
        taken = np.empty_like(colors)
        for step in range(self.steps):
            if step:
                scatter(*windows, taken, missing)
            correct(*windows, missing, whole, bounds, colors, taken)
        return colors

    def _backing(self, samples: Samples) -> tuple[Float32[np.ndarray, "r m 4"], int]:
        """Return colour times alpha, and alpha, of the backing, computed coarsely as it is smooth, and how coarsely."""
        if not len(self.behind.layer):
            return np.zeros((1, 1, 4), np.float32), 1
        narrowest, widest = self.behind.sd_range_rad
        factor = max(1, int(_COARSE_SD * narrowest / samples.pitch_rad))
        rows, n = -(-samples.rows // factor), max(_FEWEST_COLUMNS, samples.n // factor)
        coarse = Samples(samples.top_rad, samples.pitch_rad * factor, rows, n)
        reach = REACH_SD * widest
        near = self.behind.between(samples.top_rad + reach, samples.top_rad - rows * coarse.pitch_rad - reach)
        shown = self.behind.coverage(near, coarse)
        color = np.zeros((rows, n, 3), np.float32)
        scatter(shown.window, shown.start, shown.weight, self.behind.layer.colors[near], color)
        alpha = 1 - shown.through
        share = alpha / np.maximum(shown.total, LEAST_TOTAL)
        return np.concatenate([color * share[..., None], alpha[..., None]], axis=2), factor


def _edge_rad(row: int, height: int) -> float:
    """Return the elevation of the upper edge of a row, beyond the poles for the outer edges, to which everything belongs."""
    return np.pi / 2 - np.pi * row / height if 0 < row < height else math.copysign(4.0, height / 2 - row)


def _samples(first: int, last: int, height: int) -> Samples:
    """Return one sample for each pixel of some rows; where all of these are shorter than the horizon, fewer."""
    nearest = min(max(height / 2, first), last)
    widest = math.cos(math.pi * (nearest / height - 0.5)) / _NARROWEST
    n = min(2 * height, max(_FEWEST_COLUMNS, 2 * math.ceil(height * widest)))
    return Samples(math.pi / 2 - math.pi / height * first, math.pi / height, last - first, n)


def _source(panorama: Panorama, first: int, last: int, n: int) -> tuple[Picture, Bool[np.ndarray, "rows n"]]:
    """Return rows of the picture as samples, and which of these count: where all is valid."""
    source, size = np.ascontiguousarray(panorama.rgb[first:last]), (n, last - first)
    if n != source.shape[1]:
        source = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
    if panorama.valid is None:
        return source, np.ones(source.shape[:2], bool)
    return source, cv2.resize(panorama.valid[first:last].astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
