"""Where a map of inverse distance is cut: neighbouring pixels that do not show one surface.

Inverse distance is linear across a plane (n · u / (n · p) for direction u), so a step that continues the step before it or
leads to the one after is a slant, and any other is an edge. Zero stands for what holds no surface.
"""

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import crop_sphere, pad_sphere

_LEVEL_TANGENT = 1.0
_LEAST_STEP = 0.01
"""Steps below this are noise, or gaps in which nothing can hang visibly."""
_LARGEST_STEP = 0.1
"""Three surfaces one behind the other can lie on a line too, in steps that are larger than those of most slants."""
_STRAIGHT = 0.25

Mask = Bool[np.ndarray, "h w"]


def cuts(inverse: Float32[np.ndarray, "h w"]) -> tuple[Mask, Mask]:
    """Return where a panorama's pixel and its right neighbour (around the seam) are not one surface, and it and the one below.

    Beside what holds no surface there always is a cut. Below the last row there is none.
    """
    padded = pad_sphere(inverse, 2) if inverse.shape[0] > 1 else np.pad(inverse, 2, "edge")
    right, down = (_cuts_along(padded, axis, np.pi / inverse.shape[0]) for axis in (1, 0))
    down[-1] = False
    return right, down


def _cuts_along(padded: np.ndarray, axis: int, step_rad: float) -> Mask:
    here, there = crop_sphere(padded, 2), crop_sphere(np.roll(padded, -1, axis), 2)
    level = np.float32(np.clip(_LEVEL_TANGENT * step_rad, _LEAST_STEP, _LARGEST_STEP))
    far = np.minimum(here, there)
    cut = (np.abs(there - here) > level * far) | (far <= 0)
    row, column = np.nonzero(cut)
    before, first, second, after = (padded[row + 2 + k * (1 - axis), column + 2 + k * axis] for k in (-1, 0, 1, 2))
    step = second - first
    bend = np.minimum(np.abs(step - (first - before)), np.abs(step - (after - second)))
    slant = np.abs(step) <= _LARGEST_STEP * np.minimum(first, second)
    cut[row, column] = ~slant | (bend > _STRAIGHT * np.abs(step)) | (np.minimum(first, second) <= 0)
    return cut
