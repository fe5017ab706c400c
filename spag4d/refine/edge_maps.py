"""The smaller maps in which depth edges are looked for."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import DepthMap, Panorama
from spag4d.geometry.around import grown

_HEIGHT = 1024
"""Rows, 0.18° each: estimated ramps are several of these wide. Lines cost time in proportion to the pixels."""
_UNSEEN_PX = 2
"""So near to an excluded pixel a difference of colours could be its own."""


@dataclass(frozen=True)
class EdgeMaps:
    """Panorama and depth, ``factor`` times smaller.

    ``known`` excludes what `Panorama.valid` excludes. Ramps are at most ``ramp_px`` pixels wide per side.
    """

    log_distance: Float32[np.ndarray, "h w"]
    sky: Bool[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]
    rgb: Float32[np.ndarray, "h w 3"]
    factor: int
    ramp_px: int


def edge_maps(depth: DepthMap, panorama: Panorama, radius_deg: float) -> EdgeMaps:
    """Make the maps; a depth map of up to 1024 rows keeps its size."""
    height, width = depth.size_hw
    factor = _factor(height)
    size = (width // factor, height // factor)
    ramp_px = int(np.clip(round(radius_deg / 180 * size[1]), 4, size[1] // 4))
    known = np.ones(size[::-1], bool)
    if panorama.valid is not None:
        known = ~grown(_share(panorama.valid, size) <= 0.999, _UNSEEN_PX)
    sky = _share(depth.sky, size) > 0.5
    distance = cv2.resize(depth.distance, size, interpolation=cv2.INTER_AREA)
    log_distance = np.log(np.maximum(distance, np.float32(1e-6)))
    rgb = np.asarray(cv2.resize(panorama.rgb, size, interpolation=cv2.INTER_AREA), np.float32)
    return EdgeMaps(log_distance, sky, known, rgb, factor, ramp_px)


def _factor(height: int) -> int:
    """Return the smallest divisor that brings the height to `_HEIGHT`; 1 where all of them make it much smaller."""
    least = -(-height // _HEIGHT)
    return next((factor for factor in range(least, 2 * least + 1) if height % factor == 0), 1)


def _share(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(mask.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) / np.float32(255)
