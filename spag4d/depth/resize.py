"""Pictures and depth at another resolution, without inventing surfaces between two surfaces."""

from dataclasses import replace
from typing import no_type_check

import cv2
import numpy as np
from numpy.typing import NDArray

from spag4d.data import Panorama
from spag4d.geometry.one_surface import cuts
from spag4d.kernels import exact_kernel
from spag4d.progress import SILENT, Progress

Floats = NDArray[np.float32]

_BAND_ROWS = 64
"""Rows at a time: four corners of a row of 8192 pixels are 128 kB, a band 8 MB. The result does not depend on it."""
_ENLARGED_ROWS, _REPORTED_ROWS = 16, 512
"""Rows at a time, 1.3 MB of 4096 pixels for all that is enlarged; and those between which progress is reported and heard."""


def resize_distance(distance: Floats, size_hw: tuple[int, int]) -> Floats:
    """Resample distance (h, w) along the ray, infinite where nothing is, to ``size_hw``; azimuth wraps.

    Interpolates inverse distance, which on a plane is linear in the direction, between those of the four neighbours that
    no cut parts from the nearest one. So a pixel next to an edge or to the sky has the distance of one side exactly.
    """
    if distance.shape == size_hw:
        return distance
    inverse = np.divide(1, distance, dtype=np.float32)
    across, along = cuts(inverse)
    rows, down = _taps(distance.shape[0], size_hw[0], wraps=False)
    columns, right = _taps(distance.shape[1], size_hw[1], wraps=True)
    out = np.empty(size_hw, np.float32)
    for top in range(0, size_hw[0], _BAND_ROWS):  # in bands, so that the corners of a large map need little memory
        band = slice(top, top + _BAND_ROWS)
        corners = [inverse[row[band]][:, column] for row in rows for column in columns]
        weights = [y[band, None] * x for y in (1 - down, down) for x in (1 - right, right)]
        cut_right = [across[row[band]][:, columns[0]] for row in rows]
        cut_down = [along[rows[0][band]][:, column] for column in columns]
        out[band] = _blend(np.stack(corners), np.stack(weights), cut_right, cut_down)
    with np.errstate(divide="ignore"):
        return np.divide(1, out, dtype=np.float32)


def pixel_before(source: int, target: int) -> tuple[NDArray[np.int64], Floats]:
    """Return for each of ``target`` pixel centres the source pixel before it, from -1, and how far it is to the next, 0–1."""
    position = (np.arange(target) + 0.5) * source / target - 0.5
    before = np.floor(position).astype(np.int64)
    return before, (position - before).astype(np.float32)


def _taps(source: int, target: int, *, wraps: bool) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], Floats]:
    """Return for each target pixel the two source pixels around its centre, and how far it lies toward the second."""
    first, share = pixel_before(source, target)
    taps = tuple(tap % source if wraps else np.clip(tap, 0, source - 1) for tap in (first, first + 1))
    return (taps[0], taps[1]), share


def _blend(corners: Floats, weights: Floats, cut_right: list[np.ndarray], cut_down: list[np.ndarray]) -> Floats:
    """Average corners (4, h, w) with weights, of which those that cuts part from the heaviest do not count.

    ``cut_right`` are the cuts in the upper and the lower row, ``cut_down`` those in the left and the right column.
    """
    heaviest = weights.argmax(0)
    for corner, other, beside, opposite in ((0, 1, 2, 3), (1, 0, 3, 2), (2, 3, 0, 1), (3, 2, 1, 0)):
        row, column = divmod(corner, 2)
        by_row, by_column = ~cut_right[row], ~cut_down[column]
        reached = by_row & ~cut_down[1 - column] | by_column & ~cut_right[1 - row]
        mine = heaviest == corner
        for member, joins in ((other, by_row), (beside, by_column), (opposite, reached)):
            weights[member] *= joins | ~mine
    return (corners * weights).sum(0) / weights.sum(0)


def shrink(rgb: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Resample a picture (h, w, 3) to the network's size: the mean over each pixel's area where it gets smaller."""
    height, width = size_hw
    if rgb.shape[1] >= width:
        return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    return np.stack([_resample(rgb[..., channel], size_hw) for channel in range(3)], -1)


def shrunk_panorama(panorama: Panorama, rows: int) -> Panorama:
    """Return the panorama with so many rows, or as it is where it has no more; a pixel is valid where all it covers is."""
    if panorama.size_hw[0] <= rows:
        return panorama
    size_hw = (rows, 2 * rows)
    valid = None if panorama.valid is None else shrink(panorama.valid.astype(np.float32), size_hw) > 0.999
    return replace(panorama, rgb=shrink(panorama.rgb, size_hw), valid=valid)


def enlarge(
    log_distance: np.ndarray,
    sky_logit: np.ndarray,
    size_hw: tuple[int, int],
    progress: Progress = SILENT,
    *,
    other: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Resample the network's maps (h, w) to distance in metres and sky of another size.

    Linear in log distance; at a skyline over surfaces alone, so that none is drawn towards what the network sees in the sky.
    ``other`` is how much farther (in the logarithm) another surface may be, and the logit of its being the one: an edge between
    the two is enlarged to the line on which that is zero, and nothing hangs between its sides.
    """
    surface = np.where(sky_logit > 0, 1e-6, 1.0).astype(np.float32)
    sides = (other[0] * surface, other[1]) if other else ()
    grid = _Grid(np.stack([log_distance * surface, surface, sky_logit, *sides]), size_hw)
    distance, is_sky = np.empty(size_hw, np.float32), np.empty(size_hw, bool)
    for start in range(0, size_hw[0], _ENLARGED_ROWS):
        if start % _REPORTED_ROWS == 0:
            progress.report("Enlarging depth", start, size_hw[0])
        rows = slice(start, min(start + _ENLARGED_ROWS, size_hw[0]))
        weighted, weight, logit, *farther = grid.rows(rows)
        if farther:
            weighted += farther[0] * (farther[1] > 0)
        np.greater(logit, 0, out=is_sky[rows])
        np.exp(weighted / weight, out=distance[rows])
    return distance, is_sky


class _Grid:
    """Layers (n, h, w) on the sphere, to be interpolated at other sizes."""

    def __init__(self, layers: np.ndarray, size_hw: tuple[int, int]) -> None:
        """Add the row beyond each pole."""
        half = layers.shape[2] // 2
        ends = np.roll(layers[:, [0, -1]], half, 2)
        self._layers = np.ascontiguousarray(np.concatenate([ends[:, :1], layers, ends[:, 1:]], 1), np.float32)
        before, self._aside = pixel_before(layers.shape[2], size_hw[1])
        self._columns = np.stack([before, before + 1]) % layers.shape[2]
        self._upper, self._down = pixel_before(layers.shape[1], size_hw[0])

    def rows(self, rows: slice) -> np.ndarray:
        """Return some rows (n, rows, width) of the whole, by linear interpolation."""
        result = np.empty((len(self._layers), len(self._upper[rows]), len(self._aside)), np.float32)
        _interpolate(self._layers, self._columns, self._aside, self._upper[rows] + 1, self._down[rows], result)
        return result


@exact_kernel
@no_type_check
def _interpolate(layers, columns, aside, upper, down, result):
    """Interpolate along rows of the source first, then between two of them."""
    one, (left, right) = np.float32(1), columns
    wide = np.empty((2, len(aside)), np.float32)
    for layer in range(len(layers)):
        widened = upper[0] - 1
        for row in range(len(upper)):
            while widened < upper[row] + 1:
                widened += 1
                source, target = layers[layer, widened], wide[widened % 2]
                for column in range(len(aside)):
                    target[column] = source[left[column]] * (one - aside[column]) + source[right[column]] * aside[column]
            before, after, share = wide[upper[row] % 2], wide[(upper[row] + 1) % 2], down[row]
            for column in range(len(aside)):
                result[layer, row, column] = before[column] * (one - share) + after[column] * share


def _resample(values: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Linear interpolation of (h, w) on the sphere."""
    return _Grid(values[None], size_hw).rows(slice(0, size_hw[0]))[0]
