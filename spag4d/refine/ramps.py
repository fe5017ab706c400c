"""Where a depth map shows a ramp between two surfaces: its slope is high, and narrower than that of a slanted surface.

Inverse distance is linear across a plane: its slope there is constant or changes slowly, and at a crease it changes once. Only
a blurred jump makes a narrow peak in it, which is what an opening along rows and columns takes away.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import crop_sphere, pad_sphere

_LEAST_JUMP = 0.08
"""Nothing nearer than this to both sides can hang visibly between them."""
_FOOT = 0.05
"""A ramp ends where it is this much less steep than at its steepest."""
_STEEPER = 1.0
"""A peak in the slope that is lower than the slope around it is the unevenness of an estimated surface."""
_THIN_PX = 8.0
"""Between two ramps as narrow as this the top of what stands there is kept: nothing else is left of it."""
_SHARP = 0.6
"""A jump with this part of its height between two pixels is not a ramp."""

Values = Float32[np.ndarray, "h w"]
Mask = Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Ramps:
    """The ``band`` of pixels on ramps, how many pixels wide these are (``width``), and which share of the jumps is sharp."""

    band: Mask
    width: Values
    sharp_share: float


def find_ramps(inverse: Values, seen: Mask, reach: int) -> Ramps:
    """Find ramps that reach up to ``reach`` pixels to each side of their middle, where both pixels are ``seen``."""
    pad = 2 * reach + 2
    inverse, seen = pad_sphere(inverse, pad), pad_sphere(seen, pad)
    band, width = np.zeros(seen.shape, bool), np.zeros(seen.shape, np.float32)
    tops, crests, sharp = np.zeros_like(band), 0.0, 0.0
    for axis in (1, 0):
        up, down = _rises(inverse, seen, axis, reach)
        for along, back in ((up, down), (down, up)):
            band |= along.on | np.roll(along.on, 1, axis)
            tops |= np.roll(along.on & along.thin, 1, axis) & back.on & back.thin
            np.maximum(width, np.maximum(along.width, np.roll(along.width, 1, axis)), out=width)
            crests += along.jump.sum(where=along.crest, dtype=np.float64)
            sharp += along.jump.sum(where=along.crest & along.sharp, dtype=np.float64)
    return Ramps(crop_sphere(band & ~tops, pad), crop_sphere(width, pad), float(sharp / max(crests, 1e-9)))


@dataclass(frozen=True)
class _Rise:
    """Facts about the step from each pixel to the next one along an axis."""

    on: Mask
    thin: Mask
    width: Values
    jump: Values
    crest: Mask
    sharp: Mask


def _rises(inverse: np.ndarray, seen: np.ndarray, axis: int, reach: int) -> Iterator[_Rise]:
    """Yield the ramps on which inverse distance grows along an axis, and those on which it falls."""
    there = np.roll(inverse, -1, axis)
    step = np.where(seen & np.roll(seen, -1, axis), there - inverse, np.float32(0))
    level = np.maximum((there + inverse) / 2, np.float32(1e-9))
    whole, half = (np.ones((1, size) if axis else (size, 1), np.uint8) for size in (2 * reach + 1, reach // 2 * 2 + 1))
    for sign in (1, -1):
        slope = np.maximum(sign * step, 0)
        slant = cv2.morphologyEx(slope, cv2.MORPH_OPEN, whole)
        peak = slope - slant
        jump = cv2.boxFilter(peak, -1, whole.shape[::-1], normalize=False)
        steep = peak / level
        steepest = np.maximum(cv2.dilate(steep, half), np.float32(1e-9))
        on = (jump > _LEAST_JUMP * level) & (steep > _FOOT * steepest) & (steepest * level > _STEEPER * slant)
        width = np.where(on, jump / (level * steepest), np.float32(0))
        yield _Rise(on, width < _THIN_PX, width, jump, on & (steep >= steepest), peak > _SHARP * jump)
