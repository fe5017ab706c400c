"""Colours of which a viewer makes the photograph: those of the fine layer are solved for what is seen.

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
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt16

from spag4d.data import Gaussians, Panorama
from spag4d.progress import SILENT, Progress

_ZOOM = 2.0
"""Views are taken to enlarge the panorama this often."""
_DILATION_PX2 = 0.3
"""What rasterisers add to the variance, in pixels of the view."""
_TILT = 0.75
"""Growth of the logarithm of a weight over one standard deviation down a steep slope; from 0.6 to 0.9 makes 0.1 dB."""
_EVEN_SLOPE = 0.3
"""Tangent of a slant that outweighs the direction of a view: viewers sort along its axis, which is this far off, 17°."""
_REACH_SD = 2.5
"""As `color_kernels` cuts Gaussians off."""
_MOST_BEYOND = 3 / 255
"""By how much a colour may leave the range of the photograph where the Gaussian lies."""
_STEPS = 3
_BAND_SAMPLES = 1 << 19
_MARGINS_PER_BAND = 6
_MOST_THREADS = 8
"""Each holds some 100 bytes for every sample of its band."""
_NARROWEST = 0.91
_FEWEST_COLUMNS = 16
_COARSE_SD = 0.65
_KEYS = 65535
_CHUNK = 1 << 16
_LEAST = np.float32(1e-4)

Picture = Float32[np.ndarray, "rows n 3"]
Plane = Float32[np.ndarray, "rows n"]
Colors = Float32[np.ndarray, "n 3"]


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
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        layers = _Layers(panorama, _seen(fine, height, pool), _seen(back, height, pool), steps)
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
class _Seen:
    """Gaussians as they look from the origin, from the zenith down: lines of `describe`, and the angle that each key counts."""

    shown: Float32[np.ndarray, "n 7"]
    colors: Colors
    key: UInt16[np.ndarray, " n"]
    order: slice | Int64[np.ndarray, " n"]

    def between(self, high_rad: float, low_rad: float) -> slice:
        """Return those whose centre is lower than ``high_rad`` and not lower than ``low_rad``."""
        first, last = (self._first_from(math.ceil(_key(angle))) for angle in (high_rad, low_rad))
        return slice(first, last)

    def _first_from(self, key: int) -> int:
        if key > _KEYS:
            return len(self.key)
        return int(np.searchsorted(self.key, np.uint16(max(key, 0))))  # of the same type, else all keys are copied

    @cached_property
    def sd_range_rad(self) -> tuple[float, float]:
        """Standard deviation of the narrowest and the widest."""
        rates = self.shown[:, 2]
        return 1 / math.sqrt(2 * float(rates.max())), 1 / math.sqrt(2 * float(rates.min()))


def _key(elevation_rad: float | np.ndarray) -> float | np.ndarray:
    return (np.pi / 2 - elevation_rad) * (_KEYS / np.pi)


def _seen(layer: Gaussians, height: int, pool: ThreadPoolExecutor) -> _Seen:
    from spag4d.splat.color_kernels import describe

    shown = np.empty((len(layer), 7), np.float32)
    dilation_rad2 = _DILATION_PX2 * (math.pi / height / _ZOOM) ** 2

    def run(first: int) -> None:
        span = slice(first, first + _CHUNK)
        fields = (layer.means[span], layer.scales[span], layer.quats_wxyz[span], layer.opacities[span])
        describe(*fields, dilation_rad2, _TILT, _EVEN_SLOPE, shown[span])

    list(pool.map(run, range(0, len(layer), _CHUNK)))
    key = np.clip(np.rint(_key(shown[:, 0])), 0, _KEYS).astype(np.uint16)
    highest = np.maximum.accumulate(key) if len(key) else key
    if (highest - key <= 1).all():
        return _Seen(shown, layer.colors, highest, slice(None))
    order = np.argsort(key, kind="stable")
    return _Seen(shown[order], layer.colors[order], key[order], order)


@dataclass(frozen=True)
class _Samples:
    """Where a stretch of the picture is sampled: ``rows`` rows that are ``pitch_rad`` high, of ``n`` columns."""

    top_rad: float
    pitch_rad: float
    rows: int
    n: int


@dataclass(frozen=True)
class _Cover:
    """What Gaussians show of samples, as in `color_kernels`: weights, what all let pass, and what to multiply weights by."""

    window: Int32[np.ndarray, "g 4"]
    start: Int64[np.ndarray, " g1"]
    weight: Float32[np.ndarray, " k"]
    through: Plane
    share: Plane


def _cover(shown: np.ndarray, samples: _Samples) -> _Cover:
    from spag4d.splat.color_kernels import weigh, windows

    top, pitch, rows, n = samples.top_rad, samples.pitch_rad, samples.rows, samples.n
    window, start = np.empty((len(shown), 4), np.int32), np.empty(len(shown) + 1, np.int64)
    weight = np.empty(windows(shown, top, pitch, rows, n, window, start), np.float32)
    through, total = np.ones((rows, n), np.float32), np.zeros((rows, n), np.float32)
    weigh(shown, top, pitch, n, window, start, weight, through, total)
    share = np.where(total > _LEAST, (1 - through) / np.maximum(total, _LEAST), np.float32(0))
    return _Cover(window, start, weight, through, share)


@dataclass(frozen=True)
class _Layers:
    """Both layers and the picture; solved for in bands of rows, each with a margin in which others are only looked at."""

    panorama: Panorama
    front: _Seen
    behind: _Seen
    steps: int

    @property
    def margin(self) -> int:
        """Rows within which Gaussians see the same samples."""
        return math.ceil(2 * _REACH_SD * self.front.sd_range_rad[1] * self.panorama.size_hw[0] / math.pi)

    def solve(self, band: tuple[int, int]) -> Colors:
        """Return the colours of the Gaussians that have their centre in a band of rows."""
        height = self.panorama.size_hw[0]
        own = self.front.between(*(_edge_rad(row, height) for row in band))
        if own.start == own.stop:
            return self.front.colors[own]
        first, last = max(0, band[0] - self.margin), min(height, band[1] + self.margin)
        reach = _REACH_SD * self.front.sd_range_rad[1]
        near = self.front.between(_edge_rad(first, height) + reach, _edge_rad(last, height) - reach)
        colors = self._colors(near, first, last)
        return colors[own.start - near.start : own.stop - near.start]

    def _colors(self, near: slice, first: int, last: int) -> Colors:
        from spag4d.splat.color_kernels import correct, missing, ranges, scatter, sums

        samples = _samples(first, last, self.panorama.size_hw[0])
        source, counts = _source(self.panorama, first, last, samples.n)
        cover = _cover(self.front.shown[near], samples)
        target = self._target(source, cover.through, samples)
        windows = (cover.window, cover.start, cover.weight)
        colors = self.front.colors[near].copy()
        low, high, whole = np.empty_like(colors), np.empty_like(colors), np.empty(len(colors), np.float32)
        ranges(cover.window, source, counts, np.float32(_MOST_BEYOND), low, high)
        sums(*windows, counts * cover.share, whole)
        for _ in range(self.steps):
            picture = np.zeros_like(target)
            scatter(*windows, colors, picture)
            missing(target, cover.share, counts, picture)
            correct(*windows, picture, whole, low, high, colors)
        return colors

    def _target(self, source: Picture, through: Plane, samples: _Samples) -> Picture:
        """Return what the fine layer has to add to the backing; what lies behind gaps in both is taken to look right."""
        target = source * (1 - through)[..., None]
        if len(self.behind.shown):
            backing = self._backing(samples)
            target += through[..., None] * (source * backing[..., 3:] - backing[..., :3])
        return target

    def _backing(self, samples: _Samples) -> Float32[np.ndarray, "rows n 4"]:
        """Return colour times alpha, and alpha, of the backing: computed coarsely, as it is smooth."""
        from spag4d.splat.color_kernels import scatter

        narrowest, widest = self.behind.sd_range_rad
        factor = max(1, int(_COARSE_SD * narrowest / samples.pitch_rad))
        rows, n = -(-samples.rows // factor), max(_FEWEST_COLUMNS, samples.n // factor)
        coarse = _Samples(samples.top_rad, samples.pitch_rad * factor, rows, n)
        reach = _REACH_SD * widest
        near = self.behind.between(samples.top_rad + reach, samples.top_rad - rows * coarse.pitch_rad - reach)
        cover = _cover(self.behind.shown[near], coarse)
        color = np.zeros((rows, n, 3), np.float32)
        scatter(cover.window, cover.start, cover.weight, self.behind.colors[near], color)
        picture = np.concatenate([color * cover.share[..., None], 1 - cover.through[..., None]], axis=2)
        return _enlarged(picture, factor, samples)


def _edge_rad(row: int, height: int) -> float:
    """Return the elevation of the upper edge of a row, beyond the poles for the outer edges, to which everything belongs."""
    return np.pi / 2 - np.pi * row / height if 0 < row < height else math.copysign(4.0, height / 2 - row)


def _samples(first: int, last: int, height: int) -> _Samples:
    """Return one sample for each pixel of some rows; where all of these are shorter than the horizon, fewer."""
    nearest = min(max(height / 2, first), last)
    widest = math.cos(math.pi * (nearest / height - 0.5)) / _NARROWEST
    n = min(2 * height, max(_FEWEST_COLUMNS, 2 * math.ceil(height * widest)))
    return _Samples(math.pi / 2 - math.pi / height * first, math.pi / height, last - first, n)


def _source(panorama: Panorama, first: int, last: int, n: int) -> tuple[Picture, Plane]:
    """Return rows of the picture as samples and which of these count: 1 where all is valid, else 0."""
    source, size = panorama.rgb[first:last], (n, last - first)
    if n != source.shape[1]:
        source = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
    if panorama.valid is None:
        return source, np.ones(source.shape[:2], np.float32)
    valid = cv2.resize(panorama.valid[first:last].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return source, (valid > 0.999).astype(np.float32)


def _enlarged(picture: Float32[np.ndarray, "r m 4"], factor: int, samples: _Samples) -> Float32[np.ndarray, "rows n 4"]:
    """Return a picture of every ``factor``-th sample for all of them, linearly; it wraps in azimuth."""
    n = picture.shape[1]
    wrapped = np.concatenate([picture[:, -1:], picture, picture[:, :1]], axis=1)
    across = (np.arange(samples.n, dtype=np.float32) + np.float32(0.5)) * np.float32(n / samples.n) + np.float32(0.5)
    down = (np.arange(samples.rows, dtype=np.float32) + np.float32(0.5)) / np.float32(factor) - np.float32(0.5)
    shape = (samples.rows, samples.n)
    x, y = (np.ascontiguousarray(np.broadcast_to(axis, shape), np.float32) for axis in (across, down[:, None]))
    return cv2.remap(wrapped, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
