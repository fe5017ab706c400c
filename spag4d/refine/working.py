"""The smaller maps in which depth edges are looked for."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import DepthMap, Panorama
from spag4d.geometry.equirect import pad_sphere

_HEIGHT = 1024
_SKY_SOFT_DEG = 0.35


@dataclass(frozen=True)
class WorkingMaps:
    """Panorama and depth, ``factor`` times smaller, with a margin of ``pad`` pixels that goes on around the sphere.

    ``log_distance`` has the sky as a far wall, and ``soft`` is the same with the step at the skyline made a ramp, as a mask
    has none of its own. ``known`` excludes what `Panorama.valid` excludes. Edges are at most ``reach`` pixels wide per side.
    """

    log_distance: Float32[np.ndarray, "h w"]
    soft: Float32[np.ndarray, "h w"]
    sky: Bool[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]
    rgb: Float32[np.ndarray, "h w 3"]
    factor: int
    pad: int
    reach: int


def shrink(depth: DepthMap, panorama: Panorama, radius_deg: float) -> WorkingMaps:
    """Make the working maps; a depth map of up to 1024 rows keeps its size."""
    height, width = depth.size_hw
    factor = _factor(height)
    size = (width // factor, height // factor)
    reach = int(np.clip(round(radius_deg / 180 * size[1]), 4, size[1] // 4))
    pad = 2 * reach + 8
    known = np.ones(size[::-1], bool) if panorama.valid is None else _share(panorama.valid, size) > 0.999
    sky = _share(depth.sky, size) > 0.5
    distance = cv2.resize(depth.distance, size, interpolation=cv2.INTER_AREA)
    log_distance = np.log(np.maximum(distance, np.float32(1e-6)))
    wall = float(log_distance.max(where=known & ~sky, initial=0)) + np.log(4.0)
    log_distance = pad_sphere(np.where(sky, np.float32(wall), log_distance), pad)
    padded_sky = pad_sphere(sky, pad)
    soft = _soften(log_distance, padded_sky, _SKY_SOFT_DEG / 180 * size[1]) if sky.any() else log_distance
    rgb = pad_sphere(cv2.resize(panorama.rgb, size, interpolation=cv2.INTER_AREA), pad)
    return WorkingMaps(log_distance, soft, padded_sky, pad_sphere(known, pad), rgb, factor, pad, reach)


def _factor(height: int) -> int:
    """Return the smallest divisor that brings the height to `_HEIGHT`; 1 where all of them make it much smaller."""
    least = -(-height // _HEIGHT)
    return next((factor for factor in range(least, 2 * least + 1) if height % factor == 0), 1)


def _share(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(mask.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) / np.float32(255)


def _soften(log_distance: np.ndarray, sky: np.ndarray, sigma_px: float) -> np.ndarray:
    reach = int(np.ceil(4 * sigma_px))
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    skyline = cv2.morphologyEx(sky.astype(np.uint8), cv2.MORPH_GRADIENT, window) > 0
    return np.where(skyline, cv2.GaussianBlur(log_distance, (0, 0), sigma_px), log_distance)
