"""Whether neighbouring values of inverse distance show one surface: the one rule for all who ask.

Inverse distance is linear across a plane (n · u / (n · p) for direction u), so a step that continues the step before it or
leads to the one after is a slant, and any other is an edge, unless it is small. Zero stands for what holds no surface.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.kernels import exact_kernel, in_parts

_STRAIGHT = np.float32(0.25)
"""A step is straight that differs from one beside it by no more than this part of itself. With 0.3 everything measured is the
same within 0.02 dB, but a tenth more hangs in depth that was enlarged twice."""
_ROWS_PER_PART = 16
"""Enough work for a thread."""

Mask = Bool[np.ndarray, "h w"]
Values = Float32[np.ndarray, "*n"]  # noqa: F722
Angle = Values | np.float32 | float


@dataclass(frozen=True)
class Limits:
    """How far two neighbours may differ, as parts of the smaller inverse distance: tangents of slopes times the angle between.

    Up to ``level`` they are one surface however the next ones lie; up to ``slant`` where these lead on in a line.
    """

    level_tangent: float
    least_level: float
    most_level: float
    slant_tangent: float
    most_slant: float

    def level(self, step_rad: Angle) -> np.ndarray:
        """Return what is level over an angle."""
        return np.asarray(np.clip(self.level_tangent * step_rad, self.least_level, self.most_level), np.float32)

    def slant(self, step_rad: Angle) -> np.ndarray:
        """Return the most that can be a slant over an angle."""
        return np.asarray(np.minimum(self.slant_tangent * step_rad, self.most_slant), np.float32)

    def over(self, step_rad: float) -> tuple[np.float32, np.float32]:
        """Return both for one angle, as `joins` takes them."""
        return np.float32(self.level(step_rad)), np.float32(self.slant(step_rad))


TO_AVERAGE = Limits(1.0, 0.01, 0.1, np.inf, 0.1)
"""What may be averaged: strict, as the mean of two surfaces hangs in the air. Below 1 % nothing hangs visibly; above 10 % three
surfaces one behind the other can lie in a line. Four generated scenes of 256 rows, given depth at half or a quarter of them:
0.3 and 2.5 % of the Gaussians at edges hang; with the limits `TO_FOLLOW` 4.7 and 12 %, with its slants alone 1.4 and 2.5 %."""
TO_FOLLOW = Limits(4.0, 0.0, 0.2, 40.0, 1.0)
"""Where a surface goes on: lenient, as a false edge tears what is curved. 76° from face on, or 89° in a line. In these scenes
with true depth, half a metre aside, the limits `TO_AVERAGE` lose 0.7 dB in what is newly seen and leave 0.07 % open."""
_SOMEHOW_TANGENT, _LEAST_SOMEHOW, _MOST_SOMEHOW = 12.0, 0.03, 0.25


def one_surface(
    step: Values, before: Values, after: Values, far: Values, step_rad: Angle, limits: Limits = TO_FOLLOW
) -> Bool[np.ndarray, "*n"]:  # noqa: F722
    """Return which neighbours, ``step`` apart in inverse distance and ``step_rad`` in direction, show one surface.

    ``before`` and ``after`` are the steps that lead to the first and on from the second, ``far`` is the smaller of the two.
    """
    size = np.abs(step)
    bend = np.minimum(np.abs(step - before), np.abs(step - after))
    slant = (bend <= _STRAIGHT * size) & (size <= far * limits.slant(step_rad))
    return (far > 0) & ((size <= far * limits.level(step_rad)) | slant)


@exact_kernel
@no_type_check
def joins(step, before, after, far, level, slant):
    """Return the same as `one_surface` for one pair, in kernels."""
    size = abs(step)
    if not far > 0:
        return False
    if size <= far * level:
        return True
    return min(abs(step - before), abs(step - after)) <= _STRAIGHT * size and size <= far * slant


def tolerance(reach_rad: float) -> float:
    """Return by what part inverse distances may differ over an angle, whatever is between, and still be one slanted surface.

    Between `TO_FOLLOW`'s tangents for what is level and for what is straight, as here nobody sees which of both it is.
    """
    return min(max(_SOMEHOW_TANGENT * reach_rad, _LEAST_SOMEHOW), _MOST_SOMEHOW)


def cuts(inverse: Float32[np.ndarray, "h w"]) -> tuple[Mask, Mask]:
    """Return where a panorama's pixel and its right neighbour (around the seam) must not be averaged, and it and the one below.

    Beside what holds no surface there always is a cut. Below the last row there is none.
    """
    right, down = np.empty(inverse.shape, bool), np.empty(inverse.shape, bool)
    limits = TO_AVERAGE.over(np.pi / inverse.shape[0])
    in_parts(lambda first, last: _find_cuts(inverse, *limits, first, last, right, down), inverse.shape[0], _ROWS_PER_PART)
    return right, down


@exact_kernel
@no_type_check
def cut_right(inverse, row, column, level, slant):
    """Return whether a pixel and its right neighbour must not be averaged, in kernels; see `cuts`."""
    width = inverse.shape[1]
    here, there = inverse[row, column], inverse[row, (column + 1) % width]
    step, far = there - here, min(here, there)
    if far > 0 and abs(step) <= far * level:
        return False
    before, after = inverse[row, (column + width - 1) % width], inverse[row, (column + 2) % width]
    return not joins(step, here - before, after - there, far, level, slant)


@exact_kernel
@no_type_check
def cut_down(inverse, row, column, level, slant):
    """Return the same for a pixel and the one below; beyond a pole a column goes on at the other side of the turn."""
    height, width = inverse.shape
    here, there = inverse[row, column], inverse[row + 1, column]
    step, far = there - here, min(here, there)
    if far > 0 and abs(step) <= far * level:
        return False
    opposite = (column + width // 2) % width
    before = inverse[row - 1, column] if row > 0 else inverse[0, opposite]
    after = inverse[row + 2, column] if row + 2 < height else inverse[height - 1, opposite]
    return not joins(step, here - before, after - there, far, level, slant)


@exact_kernel
@no_type_check
def _find_cuts(inverse, level, slant, first, last, right, down):
    for row in range(first, last):
        for column in range(inverse.shape[1]):
            right[row, column] = cut_right(inverse, row, column, level, slant)
            down[row, column] = row + 1 < inverse.shape[0] and cut_down(inverse, row, column, level, slant)
