"""A hole in a picture continued from around it: detail copied from where it fits best, over a smooth fill without seams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int64

from spag4d.geometry.fill import smooth_fill
from spag4d.kernels import kernel

_COARSE_PX = 224
"""All moves are tried in a picture no larger than this, which bounds the time; finer ones only correct the best."""
_LEAST_USABLE = 0.995
"""Share of a moved hole that has to be usable: all of it, but for the rounding of a filter with thousands of taps."""
_MOST_CANDIDATES, _RIM_POINTS = 2048, 2000
"""Their product, 4 million differences of colours, is the time of a search."""
_REFINE_PX = 3
"""A coarse pixel is two of the next level: this allows for an error of one, and one more."""
_RIM_PX = 6
"""Pixels around the hole whose colours the fill meets: some, so that noise averages out, and near enough to be what goes on."""
_OUTLIER, _LEAST_OUTLIER = 3.0, 0.05
"""Medians of the deviation (3 are two standard deviations of a normal distribution), and 13/255 below which nothing is one."""

_WORST = 1e30
"""Of a move to where nothing is usable."""

Picture = Float32[np.ndarray, "h w 3"]
Mask = Bool[np.ndarray, "h w"]


def healed(picture: Picture, hole: Mask, usable: Mask) -> Picture:
    """Return a picture (h, w, 3) with its ``hole`` (h, w) filled; pixels outside stay.

    A copy of the ``usable`` pixels around, moved to where it continues the rim best, replaces the hole; the difference along
    the rim is spread smoothly over it (the membrane of Poisson image editing, Pérez et al. 2003). Without a place from which
    all of the hole can be copied, the fill is the smooth one alone.
    """
    window = _around(hole)
    move = _best_move(picture, hole, usable)
    copy = np.zeros_like(picture[window]) if move is None else _moved(picture, window, move)
    seen = ~hole[window] if move is None else ~hole[window] & _moved(usable, window, move)
    membrane = smooth_fill(picture[window] - copy, _alike(picture[window] - copy, seen, hole[window]))
    result = picture.copy()
    result[window] = np.where(hole[window][..., None], np.clip(copy + membrane, 0, 1), picture[window])
    return result


def _around(hole: Mask) -> tuple[slice, slice]:
    """Return the window of the hole and its rim."""
    rows, columns = (slice(max(0, int(places.min()) - _RIM_PX), int(places.max()) + _RIM_PX + 1) for places in np.nonzero(hole))
    return rows, columns


def _alike(difference: Picture, seen: Mask, hole: Mask) -> Mask:
    """Return the seen pixels of the rim without those at which something ends, whose colour would bleed into the hole."""
    reach = 2 * _RIM_PX + 1
    rim = seen & (cv2.dilate(hole.view(np.uint8), np.ones((reach, reach), np.uint8)) > 0)
    if not rim.any():
        return seen
    away = np.abs(difference - np.median(difference[rim], 0)).max(-1)
    return rim & (away <= max(_OUTLIER * float(np.median(away[rim])), _LEAST_OUTLIER))


def _moved(values: np.ndarray, window: tuple[slice, slice], move: tuple[int, int]) -> np.ndarray:
    """Return the values (h, w, …) of a window that lies ``move`` (down, right) from the given one; the last ones beyond."""
    rows, columns = (np.clip(np.arange(part.start, min(part.stop, size)) + step, 0, size - 1)
                     for part, step, size in zip(window, move, values.shape, strict=False))
    return values[rows][:, columns]


def _best_move(picture: Picture, hole: Mask, usable: Mask) -> tuple[int, int] | None:
    """Search all moves in a coarse picture, then around the best of them in ever finer ones."""
    factor = 1 << max(0, int(np.ceil(np.log2(max(hole.shape) / _COARSE_PX))))
    level = _PyramidLevel.of(picture, hole, usable, factor)
    candidates = level.candidates()
    if not len(candidates):
        return None
    best = candidates[np.argmin(level.misfit(candidates))]
    near = np.argwhere(np.ones((2 * _REFINE_PX + 1, 2 * _REFINE_PX + 1), bool)) - _REFINE_PX
    while factor > 1:
        factor //= 2
        level = _PyramidLevel.of(picture, hole, usable, factor)
        tries = level.inside(2 * best + near)
        best = tries[np.argmin(level.misfit(tries))]
    return int(best[0]), int(best[1])


@dataclass(frozen=True)
class _PyramidLevel:
    """Picture, hole and usable pixels ``factor`` times smaller, and points (n, 2) in the band around the hole."""

    picture: Picture
    hole: Mask
    usable: Mask
    band: Int64[np.ndarray, "n 2"]

    @staticmethod
    def of(picture: Picture, hole: Mask, usable: Mask, factor: int) -> _PyramidLevel:
        """Shrink by area means; what is in part hole is hole, what is in part not usable is not."""
        size = (hole.shape[1] // factor, hole.shape[0] // factor)
        small, whole, sound = (cv2.resize(np.asarray(values, np.float32), size, interpolation=cv2.INTER_AREA)
                               for values in (picture, hole, usable & ~hole))
        in_hole, is_usable = whole > 0, sound > 0.999
        reach = max(2, max(size) // 40)
        band = (cv2.dilate(in_hole.view(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0) & is_usable
        points = np.argwhere(band)
        return _PyramidLevel(small, in_hole, is_usable, points[:: 1 + len(points) // _RIM_POINTS])

    def candidates(self) -> np.ndarray:
        """Return the moves (n, 2) for which all that comes into the hole is usable."""
        rows, columns = (slice(values.min(), values.max() + 1) for values in np.nonzero(self.hole))
        kernel = self.hole[rows, columns].astype(np.float32)
        share = cv2.filter2D(self.usable.astype(np.float32), -1, kernel / kernel.sum(), anchor=(0, 0),
                             borderType=cv2.BORDER_CONSTANT)
        places = np.argwhere(share > _LEAST_USABLE)
        return (places - [rows.start, columns.start])[:: 1 + len(places) // _MOST_CANDIDATES]

    def inside(self, moves: np.ndarray) -> np.ndarray:
        """Return the moves (n, 2) whose copy of the hole lies inside of the picture, or nearly so where none does."""
        rows, columns = np.nonzero(self.hole)
        low, high = np.array([rows.min(), columns.min()]), np.array([rows.max(), columns.max()])
        return np.unique(np.clip(moves, -low, np.array(self.hole.shape) - 1 - high), axis=0)

    def misfit(self, moves: np.ndarray) -> np.ndarray:
        """Return how badly the picture moved by each of ``moves`` (n, 2) agrees with itself in the band, up to a constant."""
        return _misfits(self.picture, self.usable, self.band, np.asarray(moves, np.int64))


@kernel
@no_type_check
def _misfits(picture, usable, band, moves):
    """Return for each move the variance of the difference, where the moved picture is usable, over the share of that."""
    height, width = usable.shape
    found = np.empty(len(moves))
    for number in range(len(moves)):
        everywhere, there, squares, seen = np.zeros(3), np.zeros(3), 0.0, 0
        for k in range(len(band)):
            row = min(max(band[k, 0] + moves[number, 0], 0), height - 1)
            column = min(max(band[k, 1] + moves[number, 1], 0), width - 1)
            seen += usable[row, column]
            for channel in range(3):
                difference = picture[band[k, 0], band[k, 1], channel] - picture[row, column, channel]
                everywhere[channel] += difference
                if usable[row, column]:
                    there[channel] += difference
                    squares += difference * difference
        mean = everywhere / len(band)
        variance = (squares - 2 * (mean * there).sum() + seen * (mean * mean).sum()) / max(3 * seen, 1)
        found[number] = variance / max(seen / len(band), 1e-6) if seen else _WORST
    return found
