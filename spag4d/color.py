"""sRGB ↔ linear light, RGB ↔ spherical harmonics of degree 0, and colours as bytes."""

import numpy as np
from numpy.typing import NDArray

SH0 = 0.28209479177387814
"""Value of the constant spherical harmonic, 1 / (2 √π)."""


def linear_from_srgb(srgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Decode sRGB 0–1 to linear light 0–1 (IEC 61966-2-1), any shape."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0.04045) + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb_from_linear(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Encode linear light 0–1 as sRGB 0–1 (IEC 61966-2-1), any shape."""
    high = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, high).astype(np.float32)


def sh0_from_rgb(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Encode colours 0–1 as coefficients of degree 0, as 3DGS files store them."""
    return ((rgb - 0.5) / SH0).astype(np.float32)


def rgb_from_sh0(sh0: NDArray[np.float32]) -> NDArray[np.float32]:
    """Decode coefficients of degree 0 to colours, nominally 0–1."""
    return (sh0 * SH0 + 0.5).astype(np.float32)


def bytes_from_rgb(rgb: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return colours 0–1 as 0–255, rounded; what lies outside becomes the nearer end."""
    return (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8)
