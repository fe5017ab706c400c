"""How wrong the built-in network's distances may be, part by part of a picture, by what it says itself.

It answers for the picture and for its mirror image, and where the two answers differ neither can be relied on. And beside an
edge it names two distances and how sure it is of the one; how far these lie apart, if it is not, is what it may be wrong by.
"""

import numpy as np
from jaxtyping import Float32

from spag4d.networks.builtin_arrays import Answers

ROWS = 16
"""Of the map of doubt, 11° each: as coarse as the tiles that a walker's view is judged by, and short enough for a comment."""
APART, BETWEEN = 0.96, 0.45
"""What each sign of doubt counts. Fitted to the true errors of generated scenes by `python -m benchmarks.depth_doubt`."""
_MOST = np.float32(2)
"""No distance is more wrong than this, as `benchmarks.depth_error` counts."""


def doubt(both: Answers) -> Float32[np.ndarray, "rows columns"]:
    """Return by which part of themselves distances may be wrong on average, from both answers (2, h, w), turned alike.

    A factor between the two answers that is the same everywhere does not count: that is a question of scale. Cells without
    any surface get the mean of the others.
    """
    surface = both[3].mean(0) <= 0
    if not surface.any():
        return np.zeros((ROWS, 2 * ROWS), np.float32)
    apart, between = signs(both)
    known, total = (_by_cell(values) for values in (surface, surface * (APART * apart + BETWEEN * between)))
    return np.where(known > 0, total / np.maximum(known, 1), total.sum() / known.sum()).astype(np.float32)


def signs(both: Answers) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Return the two signs of doubt (h, w) of both answers (2, h, w), some of which is a surface.

    By how much the logarithms of the answers differ, and the standard deviation of the logarithm over the two distances that
    the network names for a pixel.
    """
    near, gap, choice, sky = both
    first, second = near + gap * (choice > 0)
    apart = first - second
    apart = np.abs(apart - np.median(apart[sky.mean(0) <= 0]))
    between = gap.mean(0) / (2 * np.cosh(choice.mean(0) / 2))  # the root of p (1 - p), where choice is the logit of p
    return np.minimum(apart, _MOST), np.minimum(between, _MOST)


def _by_cell(values: np.ndarray) -> np.ndarray:
    height, width = values.shape
    return values.reshape(ROWS, height // ROWS, 2 * ROWS, width // (2 * ROWS)).sum((1, 3))
