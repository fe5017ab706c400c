"""How wrong estimated depth is, which no look at a finished scene can tell, and how a file says who estimated it.

A surface whose distance d is wrong by the part e stands, once one has moved by s across the line of sight, about s·e/d
radians from where it would be seen. What models are wrong by depends on the distance, and much more on whether the edge of
something nearer or farther is close by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.depth import DEPTH_MODELS

FARTHER_THAN_M = (0.0, 1.5, 2.5, 4.0, 7.0, 15.0)
"""Where the bins of distance begin."""
EDGE_RAD = float(np.radians(3))
"""So near to a depth edge counts as beside it."""


@dataclass(frozen=True)
class Uncertainty:
    """Mean errors of distance (0-1 of it) for each bin of `FARTHER_THAN_M`: on ``surface`` and beside an ``edge``."""

    surface: tuple[float, ...]
    edge: tuple[float, ...]

    def errors(
        self, distance_m: Float32[np.ndarray, " n"], beside_edge: Bool[np.ndarray, " n"]
    ) -> Float32[np.ndarray, " n"]:
        """Return the error that is to be expected of each distance."""
        bins = np.searchsorted(FARTHER_THAN_M, distance_m, side="right") - 1
        return np.where(beside_edge, np.array(self.edge)[bins], np.array(self.surface)[bins]).astype(np.float32)


_BUILTIN = Uncertainty(surface=(0.083, 0.069, 0.057, 0.071, 0.107, 0.199), edge=(0.268, 0.221, 0.189, 0.212, 0.225, 0.237))
"""Of `python -m benchmarks.depth_error`: eight scenes that no training has seen. To be measured again with a new network."""

UNCERTAINTIES = {"builtin": _BUILTIN}
"""By depth model, where it was measured."""
UNMEASURED = _BUILTIN
"""Of models that were not measured, as cautious as the built-in one: they estimate better, but by how much is not measured."""


def uncertainty_of(depth_model: str) -> Uncertainty | None:
    """Return what a depth model's distances are wrong by; None for depth that was measured or rendered, not estimated."""
    return UNCERTAINTIES.get(depth_model, UNMEASURED) if depth_model in DEPTH_MODELS else None


def uncertainty_in(comments: Sequence[str]) -> Uncertainty | None:
    """Return `uncertainty_of` the model that a scene's comments name; None where they name none, as those of other tools."""
    named = [line.removeprefix("depth ").split(",")[0] for line in comments if line.startswith("depth ")]
    return uncertainty_of(named[0]) if named else None
