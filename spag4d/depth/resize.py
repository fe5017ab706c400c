"""Pictures and depth at another resolution, without inventing surfaces between two surfaces."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from spag4d.data import Panorama
from spag4d.geometry.one_surface import cuts
from spag4d.progress import SILENT, Progress

Floats = NDArray[np.float32]

_BAND_ROWS = 64
"""Rows at a time: four corners of a row of 8192 pixels are 128 kB, a band 8 MB. The result does not depend on it."""
_ENLARGED_ROWS = 512
"""Rows at a time, which bounds the memory as above, and between which progress is reported and can cancel."""


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
    sky = sky_logit > 0
    surface = np.where(sky, 1e-6, 1.0).astype(np.float32)
    sides = (other[0] * surface, other[1]) if other else ()
    maps = [_widen(values, size_hw[1]) for values in (log_distance * surface, surface, sky_logit, *sides)]
    distance, is_sky = np.empty(size_hw, np.float32), np.empty(size_hw, bool)
    for start in range(0, size_hw[0], _ENLARGED_ROWS):
        progress.report("Enlarging depth", start, size_hw[0])
        rows = slice(start, min(start + _ENLARGED_ROWS, size_hw[0]))
        weighted, weight, logit, *farther = (_rows(values, rows, size_hw[0]) for values in maps)
        if farther:
            weighted += farther[0] * (farther[1] > 0)
        np.greater(logit, 0, out=is_sky[rows])
        np.exp(weighted / weight, out=distance[rows])
    return distance, is_sky


def _resample(values: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Linear interpolation of (h, w) on the sphere."""
    return _rows(_widen(values, size_hw[1]), slice(0, size_hw[0]), size_hw[0])


def _widen(values: np.ndarray, width: int) -> np.ndarray:
    """Interpolate columns, wrapping, and add the row beyond each pole: (h, w) to (h + 2, width)."""
    half = values.shape[1] // 2
    tall = np.concatenate([np.roll(values[:1], half, 1), values, np.roll(values[-1:], half, 1)])
    left, share = pixel_before(values.shape[1], width)
    right = (left + 1) % values.shape[1]
    return tall[:, left % values.shape[1]] * (1 - share) + tall[:, right] * share


def _rows(tall: np.ndarray, rows: slice, height: int) -> np.ndarray:
    """Interpolate the given rows of ``height`` from a map of `_widen`."""
    upper, share = pixel_before(tall.shape[0] - 2, height)
    upper, share = upper[rows] + 1, share[rows, None]
    return tall[upper] * (1 - share) + tall[upper + 1] * share
