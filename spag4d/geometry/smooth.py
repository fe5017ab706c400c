"""Low frequencies of a map on the sphere."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import crop_sphere, pad_sphere, row_elevations_rad

_REACH = 3  # standard deviations
_LEAST_SHARE = np.float32(1e-3)
"""Where less than this of the Gaussian counts, 3.1 standard deviations beyond an edge, the result falls to zero."""


def smooth_sphere(values: Float32[np.ndarray, "h w"], sigma_deg: float) -> Float32[np.ndarray, "h w"]:
    """Return a panorama's map convolved with a Gaussian of ``sigma_deg`` on the sphere.

    Along a row the blur is exact, by its spectrum, and as wide in azimuth as the row's elevation requires; across rows it
    goes on over the poles. Raises `ValueError` where the Gaussian reaches farther than a half circle.
    """
    height = values.shape[0]
    sigma_px = sigma_deg / 180 * height
    pad = int(np.ceil(_REACH * sigma_px))
    tall = crop_sphere(cv2.GaussianBlur(pad_sphere(values, pad), (1, 2 * pad + 1), 1, sigmaY=sigma_px), pad)
    width_rad = np.radians(sigma_deg) / np.cos(row_elevations_rad(height))
    waves = np.arange(height + 1)
    damped = np.fft.rfft(tall, axis=1) * np.exp(-0.5 * (width_rad[:, None] * waves) ** 2)
    return np.fft.irfft(damped, 2 * height, axis=1).astype(np.float32)


def low_pass(
    values: Float32[np.ndarray, "h w"], counted: Bool[np.ndarray, "h w"], sigma_deg: float
) -> Float32[np.ndarray, "h w"]:
    """Return the mean of the ``counted`` values around each place, weighted by a Gaussian of ``sigma_deg``; 0 far from them."""
    share = smooth_sphere(counted.astype(np.float32), sigma_deg)
    return smooth_sphere(np.where(counted, values, np.float32(0)), sigma_deg) / np.maximum(share, _LEAST_SHARE)
