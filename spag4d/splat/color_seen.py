"""Gaussians as they look from the origin, and how much of each sample of a picture they show; see `color_solve`."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt16

from spag4d.data import Gaussians

REACH_SD = 2.5
"""As `color_kernels` cuts Gaussians off."""
_ZOOM = 2.0
"""Factor by which views are assumed to enlarge the panorama."""
_DILATION_PX2 = 0.3
"""What rasterisers add to the variance, in pixels of the view."""
_TILT = 0.75
"""Growth of the logarithm of a weight over one standard deviation down a steep slope; from 0.6 to 0.9 makes 0.1 dB."""
_EVEN_SLOPE = 0.3
"""Tangent of a slant that outweighs the direction of a view: viewers sort along its axis, which is this far off, 17°."""
_KEYS = 65535
"""Steps of elevation that 16 bits can count, 0.003° each."""
_CHUNK = 1 << 16
"""Gaussians per task of a thread. The result does not depend on it."""
_LEAST = np.float32(1e-25)
"""Against division by zero; weights are products of nearness to the eighth power, 1e-20 at 300 m."""

Plane = Float32[np.ndarray, "rows n"]
Colors = Float32[np.ndarray, "n 3"]


@dataclass(frozen=True)
class FromOrigin:
    """Gaussians as they look from the origin, from the zenith down: lines of `describe`, and the angle that each key counts."""

    shown: Float32[np.ndarray, "n 8"]
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


def from_origin(layer: Gaussians, height: int, pool: ThreadPoolExecutor) -> FromOrigin:
    """Return how a layer looks from the origin, in views of a panorama of ``height`` rows."""
    from spag4d.splat.color_kernels import describe

    shown = np.empty((len(layer), 8), np.float32)
    dilation_rad2 = _DILATION_PX2 * (math.pi / height / _ZOOM) ** 2

    def run(first: int) -> None:
        span = slice(first, first + _CHUNK)
        fields = (layer.means[span], layer.scales[span], layer.quats_wxyz[span], layer.opacities[span])
        describe(*fields, dilation_rad2, _TILT, _EVEN_SLOPE, shown[span])

    list(pool.map(run, range(0, len(layer), _CHUNK)))
    key = np.clip(np.rint(_key(shown[:, 0])), 0, _KEYS).astype(np.uint16)
    highest = np.maximum.accumulate(key) if len(key) else key
    if (highest - key <= 1).all():
        return FromOrigin(shown, layer.colors, highest, slice(None))
    order = np.argsort(key, kind="stable")
    return FromOrigin(shown[order], layer.colors[order], key[order], order)


@dataclass(frozen=True)
class Samples:
    """Where a stretch of the picture is sampled: ``rows`` rows that are ``pitch_rad`` high, of ``n`` columns."""

    top_rad: float
    pitch_rad: float
    rows: int
    n: int


@dataclass(frozen=True)
class Coverage:
    """What Gaussians show of samples, as in `color_kernels`: weights, the light that all let pass, and the factor of the
    weights."""

    window: Int32[np.ndarray, "g 4"]
    start: Int64[np.ndarray, " g1"]
    weight: Float32[np.ndarray, " k"]
    through: Plane
    share: Plane


def coverage(shown: np.ndarray, samples: Samples) -> Coverage:
    """Return what Gaussians (g, 7), lines of `describe`, show of the samples."""
    from spag4d.splat.color_kernels import weigh, windows

    top, pitch, rows, n = samples.top_rad, samples.pitch_rad, samples.rows, samples.n
    window, start = np.empty((len(shown), 4), np.int32), np.empty(len(shown) + 1, np.int64)
    weight = np.empty(windows(shown, top, pitch, rows, n, window, start), np.float32)
    through, total = np.ones((rows, n), np.float32), np.zeros((rows, n), np.float32)
    weigh(shown, top, pitch, n, window, start, weight, through, total)
    share = np.where(total > _LEAST, (1 - through) / np.maximum(total, _LEAST), np.float32(0))
    return Coverage(window, start, weight, through, share)
