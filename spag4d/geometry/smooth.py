"""Low frequencies of a map on the sphere."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.geometry.equirect import crop_sphere, pad_sphere, row_elevations_rad

_REACH = 3  # standard deviations


def smooth_sphere(values: Float32[np.ndarray, "h w"], sigma_deg: float) -> Float32[np.ndarray, "h w"]:
    """Return a panorama's map convolved with a Gaussian of ``sigma_deg`` on the sphere.

    Along a row the blur is exact, by its spectrum, and as wide in azimuth as the row's elevation asks for; across rows it
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
