"""What of a frame is not the lasting picture, and where that is."""

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from spag4d.data import DepthMap
from spag4d.geometry.equirect import crop_sphere, pad_sphere
from spag4d.motion.lasting import Lasting, smooth_offset
from spag4d.motion.regions import whole_regions

_LEAST_LEVELS = 9.0
"""Of 255: compression and noise make as much in pictures that show the same."""
_TIMES_NOISE = 3.0
"""Standard deviations, about, of what a direction strays by itself: flags and leaves in the wind."""
_SLIPS_PX = 0.5
"""By which a picture may slip against another, where the camera turns: half a pixel of the steepest slope is not motion."""
_SEEDS, _GROWS = 2.0, 1.0
"""Thresholds, in what may differ: a region needs a pixel of the first, and goes as far as the second."""
_GROWN_PX, _PER_ROWS = 2, 1024
"""Edges take part in both, so regions are grown by 2 pixels of a picture of 1024 rows."""
_SPECK = 2e-5
"""Of the picture, or 40 pixels of one of 1024 rows: smaller regions are noise, or nobody misses them."""
_LEAD = 0.1
"""By which what moves is nearer than what stands behind it: a shadow must not mix with the floor, nor its backing."""
_SKY_M = 1e4
"""Of what moves in the sky: farther than any surface, so that it is drawn at the farthest."""


def moving_region(
    rgb: UInt8[np.ndarray, "h w 3"], lasting: Lasting, *, slip_px: int = 0, unknown: Bool[np.ndarray, "h w"] | None = None
) -> Bool[np.ndarray, "h w"]:
    """Return where a frame shows something else than what lasts: whole regions, grown a little at their edges.

    Within ``slip_px`` what lasts may be off its place. Where it is ``unknown``, nobody can say that a thing lasts.
    """
    height = rgb.shape[0]
    grown = max(1, round(_GROWN_PX * height / _PER_ROWS))
    pad = 4 * grown
    differs = _off(pad_sphere(rgb, pad), pad_sphere(lasting.rgb, pad), slip_px)
    if unknown is not None:
        differs[pad_sphere(unknown, pad)] = 255
    allowed = _allowed(pad_sphere(lasting.rgb, pad), pad_sphere(lasting.noise, pad))
    score = cv2.blur(differs, (3, 3)) / allowed
    least_px = _SPECK * rgb.shape[0] * rgb.shape[1]
    found = whole_regions(score, (_GROWS, _SEEDS), closed_px=grown, grown_px=grown, least_px=least_px)
    return crop_sphere(found, pad) > 0


def _off(rgb: UInt8[np.ndarray, "h w 3"], lasting: UInt8[np.ndarray, "h w 3"], slip_px: int) -> Float32[np.ndarray, "h w"]:
    """Return by how many levels a picture is brighter or darker than all that lasts nearby, in the channel that tells most."""
    around = np.ones((2 * slip_px + 1,) * 2, np.uint8)
    brighter = rgb.astype(np.int16) - cv2.dilate(lasting, around)
    darker = cv2.erode(lasting, around).astype(np.int16) - rgb
    return np.maximum(brighter, darker).max(2).clip(0).astype(np.float32)


def _allowed(rgb: UInt8[np.ndarray, "h w 3"], noise: UInt8[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return by how many levels a picture may differ from the lasting one, pixel by pixel."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    steepest = cv2.morphologyEx(cv2.blur(grey, (3, 3)), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) / 2
    usual = cv2.dilate(cv2.blur(noise.astype(np.float32), (3, 3)), np.ones((3, 3), np.uint8))
    return np.asarray(_LEAST_LEVELS + _TIMES_NOISE * usual + _SLIPS_PX * steepest, np.float32)


def depth_of_moving(depth: DepthMap, stands: DepthMap, moves: Bool[np.ndarray, "h w"]) -> DepthMap:
    """Return the depth of what moves in a frame, brought to that of what ``stands``, and everything else as sky.

    Nothing that moves is behind what stands: it is a little in front at least.
    """
    counted = ~(moves | depth.sky | stands.sky)
    log_distance = np.log(depth.distance)
    log_distance += smooth_offset(log_distance, np.log(stands.distance), counted)
    distance = np.where(depth.sky, np.float32(_SKY_M), np.exp(log_distance))
    farthest = np.where(stands.sky, np.float32(_SKY_M), stands.distance * np.float32(1 - _LEAD))
    return replace(depth, distance=np.minimum(distance, farthest).astype(np.float32), sky=~moves, doubt=None)
