"""Gaussians as they look from the origin, and how much of each sample of a picture they show; see `color_solve`."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt16

from spag4d.data import Gaussians
from spag4d.splat.color_kernels import describe, find_factors, place_in_view, weigh, windows

REACH_SD = 2.5
"""As `color_kernels` cuts Gaussians off."""
_ZOOM = 2.0
"""Factor by which views are assumed to enlarge the panorama."""
_DILATION_PX2 = 0.3
"""What rasterisers add to the variance, in pixels of the view."""
_TILT = np.float32(0.75)
"""Growth of the logarithm of a weight over one standard deviation down a steep slope; from 0.6 to 0.9 makes 0.1 dB."""
_EVEN_SLOPE = np.float32(0.3)
"""Tangent of a slant that outweighs the direction of a view: viewers sort along its axis, which is this far off, 17°."""
_KEYS = 65535
"""Steps of elevation that 16 bits can count, 0.003° each."""
_CHUNK = 1 << 16
"""Gaussians per task of a thread. The result does not depend on it."""

Plane = Float32[np.ndarray, "rows n"]
Colors = Float32[np.ndarray, "n 3"]


@dataclass(frozen=True)
class FromOrigin:
    """Gaussians from the zenith down as seen from the origin, where ``key`` counts the angle from there.

    ``order`` is where each is found among those that were given, ``sd_range_rad`` the standard deviation of the narrowest and
    the widest as a view shows them, which adds ``dilation_rad2`` to the variance.
    """

    layer: Gaussians
    key: UInt16[np.ndarray, " n"]
    order: slice | Int64[np.ndarray, " n"]
    sd_range_rad: tuple[float, float]
    dilation_rad2: float

    def between(self, high_rad: float, low_rad: float) -> slice:
        """Return those whose centre is lower than ``high_rad`` and not lower than ``low_rad``."""
        first, last = (self._first_from(math.ceil(_key(angle))) for angle in (high_rad, low_rad))
        return slice(first, last)

    def _first_from(self, key: int) -> int:
        if key > _KEYS:
            return len(self.key)
        return int(np.searchsorted(self.key, np.uint16(max(key, 0))))  # of the same type, else all keys are copied

    def coverage(self, members: slice, samples: "Samples") -> "Coverage":
        """Return what some of the Gaussians show of the samples."""
        some = self.layer.select(members)
        shown = np.empty((len(some), 8), np.float32)
        fields = (some.means, some.scales, some.quats_wxyz, some.opacities)
        describe(*fields, np.float32(self.dilation_rad2), _TILT, _EVEN_SLOPE, shown)
        top, pitch, rows, n = samples.top_rad, samples.pitch_rad, samples.rows, samples.n
        window, start = np.empty((len(some), 4), np.int32), np.empty(len(some) + 1, np.int64)
        weight = np.empty(windows(shown, top, pitch, rows, n, window, start), np.float32)
        find_factors(shown, window, top, pitch, n, factors := np.empty_like(shown))
        through, total = np.ones((rows, n), np.float32), np.zeros((rows, n), np.float32)
        weigh(shown, factors, top, pitch, window, start, weight, through, total)
        return Coverage(window, start, weight, through, total)


def _key(elevation_rad: float | np.ndarray) -> float | np.ndarray:
    return (np.pi / 2 - elevation_rad) * (_KEYS / np.pi)


def from_origin(layer: Gaussians, height: int, pool: ThreadPoolExecutor) -> FromOrigin:
    """Return how a layer looks from the origin, in views of a panorama of ``height`` rows."""
    key = np.empty(len(layer), np.uint16)

    def run(first: int) -> tuple[float, float]:
        span = slice(first, first + _CHUNK)
        elevation = np.empty(len(key[span]), np.float32)
        variances = place_in_view(layer.means[span], layer.scales[span], elevation)
        key[span] = np.clip(np.rint(_key(elevation)), 0, _KEYS)
        return variances

    variances = np.array(list(pool.map(run, range(0, len(layer), _CHUNK))) or [(1.0, 1.0)], float)
    dilation_rad2 = _DILATION_PX2 * (math.pi / height / _ZOOM) ** 2
    sd_range_rad = math.sqrt(variances[:, 0].min() + dilation_rad2), math.sqrt(variances[:, 1].max() + dilation_rad2)
    highest = np.maximum.accumulate(key)
    if (highest - key <= 1).all():
        return FromOrigin(layer, highest, slice(None), sd_range_rad, dilation_rad2)
    order = np.argsort(key, kind="stable")
    return FromOrigin(layer.select(order), key[order], order, sd_range_rad, dilation_rad2)


@dataclass(frozen=True)
class Samples:
    """Where a stretch of the picture is sampled: ``rows`` rows that are ``pitch_rad`` high, of ``n`` columns."""

    top_rad: float
    pitch_rad: float
    rows: int
    n: int


@dataclass(frozen=True)
class Coverage:
    """What Gaussians show of samples, as in `color_kernels`: weights, the light that all let pass, and the sums of the
    weights."""

    window: Int32[np.ndarray, "g 4"]
    start: Int64[np.ndarray, " g1"]
    weight: Float32[np.ndarray, " k"]
    through: Plane
    total: Plane
