"""Neighbourhoods of a panorama's pixels, across its seam and over its poles."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import crop_sphere, pad_sphere


def largest_around(values: Float32[np.ndarray, "h w"], by_px: int) -> Float32[np.ndarray, "h w"]:
    """Return the largest value in the square that reaches ``by_px`` pixels from each pixel to all sides."""
    return crop_sphere(np.asarray(cv2.dilate(pad_sphere(values, by_px), _square(by_px))), by_px)


def smallest_around(values: Float32[np.ndarray, "h w"], by_px: int) -> Float32[np.ndarray, "h w"]:
    """Return the smallest value in the square that reaches ``by_px`` pixels from each pixel to all sides."""
    return crop_sphere(np.asarray(cv2.erode(pad_sphere(values, by_px), _square(by_px))), by_px)


def grown(mask: Bool[np.ndarray, "h w"], by_px: int) -> Bool[np.ndarray, "h w"]:
    """Return the mask with a square margin of ``by_px`` pixels."""
    return crop_sphere(cv2.dilate(pad_sphere(mask.view(np.uint8), by_px), _square(by_px)), by_px) > 0


def _square(by_px: int) -> np.ndarray:
    return np.ones((2 * by_px + 1, 2 * by_px + 1), np.uint8)
