"""How wrong estimated depth is, which no look at a finished scene can tell, and how a file says so.

A surface whose distance d is wrong by the part e stands, once one has moved by s across the line of sight, about s·e/d
radians from where it would be seen. A model that doubts its own answer says by how much it may be wrong, direction by
direction; what others are wrong by depends on the distance, and much more on whether the edge of something nearer or farther
is close by.
"""

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.depth import DEPTH_MODELS
from spag4d.geometry.equirect import nearest_pixels

FARTHER_THAN_M = (0.0, 1.5, 2.5, 4.0, 7.0, 15.0)
"""Where the bins of distance begin."""
EDGE_RAD = float(np.radians(3))
"""So near to a depth edge counts as beside it."""
BESIDE_EDGE = 0.155
"""What a doubt grows by beside an edge, where the outline itself may be off. Of `python -m benchmarks.depth_doubt`."""
_PREFIX = "doubt about depth"
_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_LEAST, _STEP = 0.005, 1.1
"""The digit k stands for the first times the second to the power of k: from half a percent to twice the distance."""
_MOST_CELLS = 800
"""So that the comment stays below the 1000 characters of a line that readers take."""

Doubt = Float32[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Uncertainty:
    """Mean errors of distance (0-1 of it) for each bin of `FARTHER_THAN_M`: on ``surface`` and beside an ``edge``.

    Where there is a ``doubt`` (a coarse panorama), that counts instead, and `BESIDE_EDGE`.
    """

    surface: tuple[float, ...]
    edge: tuple[float, ...]
    doubt: Doubt | None = None

    def errors(
        self, points: Float32[np.ndarray, "n 3"], beside_edge: Bool[np.ndarray, " n"]
    ) -> Float32[np.ndarray, " n"]:
        """Return the error that is to be expected of each point's distance."""
        if self.doubt is not None:
            return _at(self.doubt, points) + np.float32(BESIDE_EDGE) * beside_edge
        bins = np.searchsorted(FARTHER_THAN_M, np.linalg.norm(points, axis=-1), side="right") - 1
        return np.where(beside_edge, np.array(self.edge)[bins], np.array(self.surface)[bins]).astype(np.float32)


def _at(doubt: Doubt, points: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, " n"]:
    return doubt[nearest_pixels(points, len(doubt))]


_BUILTIN = Uncertainty(surface=(0.083, 0.069, 0.057, 0.071, 0.107, 0.199), edge=(0.268, 0.221, 0.189, 0.212, 0.225, 0.237))
"""Of `python -m benchmarks.depth_error`: eight scenes that no training has seen. To be measured again with a new network."""

UNCERTAINTIES = {"builtin": _BUILTIN}
"""By depth model, where it was measured."""
UNMEASURED = _BUILTIN
"""Of models that were not measured, as cautious as the built-in one: they estimate better, but by how much is not measured."""


def uncertainty_of(depth_model: str, doubt: str = "") -> Uncertainty | None:
    """Return what a depth model's distances are wrong by; None for depth that was measured or rendered, not estimated.

    ``doubt`` is the model's own about this picture, as `doubt_line` writes it, if it has any.
    """
    if depth_model not in DEPTH_MODELS:
        return None
    return replace(UNCERTAINTIES.get(depth_model, UNMEASURED), doubt=_doubt_from(doubt))


def uncertainty_in(comments: Sequence[str]) -> Uncertainty | None:
    """Return `uncertainty_of` the model that a scene's comments name; None where they name none, as those of other tools."""
    named = [line.removeprefix("depth ").split(",")[0] for line in comments if line.startswith("depth ")]
    doubts = [line for line in comments if line.startswith(_PREFIX)]
    return uncertainty_of(named[0], *doubts[:1]) if named else None


def doubt_line(doubt: Doubt) -> str:
    """Return a doubt as one line of text of printable ASCII, row by row from the zenith, to within 5 %."""
    rows, columns = doubt.shape
    steps = np.rint(np.log(np.maximum(doubt, _LEAST) / _LEAST) / np.log(_STEP)).astype(int)
    digits = "".join(_DIGITS[min(step, len(_DIGITS) - 1)] for step in steps.ravel())
    return f"{_PREFIX} {rows}x{columns} {digits}"


def _doubt_from(line: str) -> Doubt | None:
    """Return the doubt that a line states, None for any other line and for a damaged one."""
    found = re.fullmatch(rf"{_PREFIX} (\d{{1,3}})x(\d{{1,3}}) ([A-Za-z0-9+/]{{1,{_MOST_CELLS}}})", line)
    if not found:
        return None
    rows, columns, digits = int(found[1]), int(found[2]), found[3]
    if columns != 2 * rows or len(digits) != rows * columns:
        return None
    steps = np.array([_DIGITS.index(digit) for digit in digits])
    return (_LEAST * _STEP ** steps.reshape(rows, columns)).astype(np.float32)
