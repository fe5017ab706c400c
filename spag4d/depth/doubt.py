"""How wrong the built-in network's distances may be, part by part of a picture, by what it says itself.

Its context answers for the picture and for its mirror image, and where the two answers differ neither can be relied on. And
beside an edge the network names two distances and how sure it is of the one; how far these lie apart, if it is not, is what it
may be wrong by.
"""

import numpy as np
from jaxtyping import Float32

from spag4d.networks.builtin_arrays import Answers

ROWS = 16
"""Of the map of doubt, 11° each: as coarse as the tiles that a walker's view is judged by, and short enough for a comment."""
APART, BETWEEN = 0.86, 0.54
"""What each sign of doubt counts. Fitted to the true errors of generated scenes by `python -m benchmarks.depth_doubt`."""
_MOST = np.float32(2)
"""No distance is more wrong than this, as `benchmarks.depth_error` counts."""


def doubt(answers: Answers) -> Float32[np.ndarray, "rows columns"]:
    """Return by which part of themselves distances may be wrong on average, from the network's answers.

    A factor between the two answers that is the same everywhere does not count: that is a question of scale. Cells without
    any surface get the mean of the others.
    """
    surface = answers[3] <= 0
    if not surface.any():
        return np.zeros((ROWS, 2 * ROWS), np.float32)
    apart, between = signs(answers)
    known, total = (_by_cell(values) for values in (surface, surface * (APART * apart + BETWEEN * between)))
    return np.where(known > 0, total / np.maximum(known, 1), total.sum() / known.sum()).astype(np.float32)


def signs(answers: Answers) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Return the two signs of doubt (h, w) of the network's answers, some of which is a surface.

    By how much the logarithms of the context's two distances differ, and the standard deviation of the logarithm over the two
    distances that the network names for a pixel.
    """
    _, gap, choice, sky, apart = answers
    step = len(sky) // len(apart)
    apart = apart.repeat(step, 0).repeat(step, 1)
    apart = np.abs(apart - np.median(apart[sky <= 0]))
    between = gap / (2 * np.cosh(choice / 2))  # the root of p (1 - p), where choice is the logit of p
    return np.minimum(apart, _MOST), np.minimum(between, _MOST)


def _by_cell(values: np.ndarray) -> np.ndarray:
    height, width = values.shape
    return values.reshape(ROWS, height // ROWS, 2 * ROWS, width // (2 * ROWS)).sum((1, 3))
