"""What moves before a camera that travels, and what travels with it.

Panoramas of one place, their poses and distances known, show the same where nothing moves. What moves is in another place in
each, so that what the others agree on stands behind it (`spag4d.motion.standing`). What the camera carries, an operator or a
tripod, is in the same direction in all of them, in front of another piece of the world each time.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import crop_sphere, pad_sphere
from spag4d.motion.regions import disc, whole_regions
from spag4d.motion.standing import Seen, Standing, standing_around, ycc_of

_LEAST_LUMA, _LEAST_CHROMA = 22.0, 9.0
"""Of 255, by which a thing that moves differs from what stands behind it: noise, gloss and a slip of the picture are less."""
_SLIP_PX, _PER_ROWS = 3, 512
"""Distances that are off by a few per cent slip the others' pictures by so much, of a panorama of 512 rows."""
_SEEDS, _GROWS = 1.0, 0.5
"""Thresholds, in what differs: a region needs pixels of the first, and goes as far as the second."""
_SEEDED = 0.2
"""Of a region, that must lie beyond the first threshold."""
_SPECK = 5e-5
"""Of the picture: half of what a person 10 m away covers. Smaller regions are errors of depth at the rims of things."""
_CLOSED_PX, _GROWN_PX = 4, 2
"""Of a panorama of 512 rows: gaps inside of a region, and its soft edge."""
_NEAREST_OTHERS = 8
"""So many others tell what stands around a panorama; more cost time, and see other sides of things."""
_CARRIED_SHARE, _FEWEST_CARRIED = 0.4, 2
"""Of the panoramas that can tell, and at least: so many find something moving in one direction of the camera."""
_HIDDEN_SHARE = 0.7
"""Of the panoramas: in so many nobody sees what is behind, where something carried hides it from all."""
_LEAST_TOLD = 0.6
"""Of all pixels: where the others agree about less, distances are too wrong to tell what moves. 0.8 on a walk of small steps,
0.45 in an office of which a panorama was taken every 0.6 m, where chairs and half of the floor passed for carried."""
_BELOW_DEG = 60.0
"""From straight down: the widest gap that the floor around it can fill."""
_FILLED_PX = 12
"""Of a panorama of 512 rows: gaps in what is carried, where clothes or hair look like the floor behind them by chance."""

Mask = Bool[np.ndarray, "h w"]


def moving_masks(panoramas: Sequence[Seen]) -> list[Mask]:
    """Return where each panorama (three or more, of one size) shows something that moves, or that the camera carries.

    Distances may be any depth map's; the better they are, the less is missed. What is not seen past by two others is found only
    where it is carried. Where they agree about too little nothing is found. The second round no longer believes what the first
    found to move.
    """
    height = len(panoramas[0].distance)
    nothing = np.zeros((height, 2 * height), bool)
    if len(panoramas) < 3:
        return [nothing for _ in panoramas]
    masks, carried = [nothing for _ in panoramas], nothing
    for _ in range(2):
        believed = [replace(one, counts=one.counts & ~mask & ~carried) for one, mask in zip(panoramas, masks, strict=True)]
        stands = [standing_around(one, _nearest(number, believed)) for number, one in enumerate(believed)]
        if not np.any(masks) and np.mean([stand.known for stand in stands]) < _LEAST_TOLD:
            return masks
        masks = [moving_before(one, stand) for one, stand in zip(panoramas, stands, strict=True)]
        carried = _carried(masks, [stand.known for stand in stands])
    return [mask | carried for mask in masks]


def moving_before(panorama: Seen, stands: Standing) -> Mask:
    """Return where a panorama shows something else than what stands there: whole regions, grown a little at their edges.

    Where it is not known what stands, nothing moves.
    """
    score = _difference(panorama, stands)
    height = len(score)
    pad = _scaled(4 * _CLOSED_PX, height)
    found = whole_regions(
        pad_sphere(score, pad), (_GROWS, _SEEDS), closed_px=_scaled(_CLOSED_PX, height), grown_px=_scaled(_GROWN_PX, height),
        least_px=_SPECK * score.size, seeded=_SEEDED)
    return crop_sphere(found, pad) > 0


def _difference(panorama: Seen, stands: Standing) -> Float32[np.ndarray, "h w"]:
    """Return by how much colours lie outside of all those that stand within a slip, in what may differ; 0 where unknown."""
    height = len(stands.distance)
    slip = _scaled(_SLIP_PX, height)
    around = np.ones((2 * slip + 1, 2 * slip + 1), np.uint8)
    own = cv2.blur(pad_sphere(ycc_of(panorama.rgb), slip + 1), (3, 3))
    ycc, known = pad_sphere(stands.ycc, slip + 1), pad_sphere(stands.known, slip + 1)
    most = cv2.dilate(np.where(known[..., None], ycc, np.float32(-1e3)), around)
    least = cv2.erode(np.where(known[..., None], ycc, np.float32(1e3)), around)
    allowed = np.array([_LEAST_LUMA, _LEAST_CHROMA, _LEAST_CHROMA], np.float32)
    over = (np.maximum(own - most, least - own) / allowed).max(-1)
    return crop_sphere(np.where(known, np.maximum(over, 0), 0), slip + 1)


def _carried(moving: Sequence[Mask], known: Sequence[Mask]) -> Mask:
    """Return what travels with the camera, with what it hides in nearly all panoramas below."""
    found, told = np.sum(moving, 0), np.sum([one | mask for one, mask in zip(known, moving, strict=True)], 0)
    carried = (found >= _FEWEST_CARRIED) & (found >= _CARRIED_SHARE * told)
    hidden = (told <= (1 - _HIDDEN_SHARE) * len(known))
    hidden[: round(len(hidden) * (1 - _BELOW_DEG / 180))] = False
    pad = _scaled(2 * _FILLED_PX, len(hidden))
    whole = pad_sphere(_touching(hidden | carried, carried).astype(np.uint8), pad)
    return crop_sphere(cv2.morphologyEx(whole, cv2.MORPH_CLOSE, disc(_scaled(_FILLED_PX, len(hidden)))), pad) > 0


def _touching(mask: Mask, seeds: Mask) -> Mask:
    """Return the connected parts of a mask, across the seam, that hold seeds."""
    width = mask.shape[1]
    found = cv2.connectedComponents(np.tile(mask, (1, 2)).astype(np.uint8), connectivity=8)[1]
    labels = np.asarray(found, np.int64)
    held = np.zeros(labels.max() + 1, bool)
    held[np.unique(labels[np.tile(seeds & mask, (1, 2))])] = True
    held[0] = False
    return held[labels][:, :width] | held[labels][:, width:]


def _nearest(number: int, panoramas: Sequence[Seen]) -> list[Seen]:
    place = panoramas[number].pose.translation
    others = [one for other, one in enumerate(panoramas) if other != number]
    return sorted(others, key=lambda one: float(np.linalg.norm(one.pose.translation - place)))[:_NEAREST_OTHERS]


def _scaled(pixels: int, height: int) -> int:
    return max(1, round(pixels * height / _PER_ROWS))
