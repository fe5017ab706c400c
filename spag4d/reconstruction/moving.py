"""What moves, and what the camera carries, taken out of a world: its picture, its depth, its say about what others show."""

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool

from spag4d.data import Panorama
from spag4d.geometry.fill import smooth_fill
from spag4d.motion.standing import Seen
from spag4d.motion.travelling import moving_masks
from spag4d.world.agree import Whole

_ROWS = 256
"""Rows of the panoramas in which it is sought: finer ones show no more of it, and take four times as long."""
_BELOW_DEG = 58.0
"""From straight down: as wide a gap as the floor around is continued into."""

Mask = Bool[np.ndarray, "h w"]
Resized = Bool[np.ndarray, "h2 w2"]


def without_moving(wholes: Mapping[int, Whole], pictures: Mapping[int, Panorama]) -> dict[int, Whole]:
    """Return panoramas that know what moves in them, where they are sure of nothing, and as far as what is around it."""
    seen = [_seen(whole, pictures[number]) for number, whole in wholes.items()]
    return {number: _without(whole, _resized(mask, whole.distance.shape))
            for (number, whole), mask in zip(wholes.items(), moving_masks(seen), strict=True)}


def _without(whole: Whole, moving: Mask) -> Whole:
    if not moving.any() or moving.all():
        return whole
    around = np.exp(smooth_fill(np.log(whole.distance)[..., None], ~moving)[..., 0])
    distance = np.where(moving, around, whole.distance).astype(np.float32)
    return replace(whole, distance=distance, sure=whole.sure & ~moving, moving=moving)


def _seen(whole: Whole, picture: Panorama) -> Seen:
    size_wh = (2 * min(_ROWS, len(whole.distance)), min(_ROWS, len(whole.distance)))

    def small(values: np.ndarray) -> np.ndarray:
        return cv2.resize(values, size_wh, interpolation=cv2.INTER_AREA)

    rgb = (small(picture.rgb) * 255 + 0.5).clip(0, 255).astype(np.uint8)
    return Seen(rgb, small(whole.distance), whole.view.pose, small(whole.view.known.astype(np.float32)) > 0.99)


def left_to_others(moving: Mask, size_hw: tuple[int, int]) -> Resized:
    """Return the part of what moves that is not below: others show what is behind it, and nothing fills it in."""
    beside = moving.copy()
    beside[_first_row_below(moving) :] = False
    return _resized(beside, size_hw)


def with_gap_below(panorama: Panorama, moving: Mask) -> Panorama:
    """Return the panorama without what moves below it, as one with a cap there."""
    below = moving.copy()
    below[: _first_row_below(moving)] = False
    lowest = np.flatnonzero(below.mean(1) < 0.5)[-1] + 1
    below[lowest:] = True
    return without(panorama, _resized(below, panorama.size_hw))


def without(panorama: Panorama, mask: Mask) -> Panorama:
    """Return the panorama with a part of it invalid."""
    if not mask.any():
        return panorama
    return replace(panorama, valid=~mask if panorama.valid is None else panorama.valid & ~mask)


def _first_row_below(moving: Mask) -> int:
    return round(len(moving) * (1 - _BELOW_DEG / 180))


def _resized(mask: Mask, size_hw: tuple[int, ...]) -> Resized:
    return cv2.resize(mask.astype(np.uint8), size_hw[::-1], interpolation=cv2.INTER_NEAREST) > 0
