"""Pixel values of any type and layout as sRGB floats 0–1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spag4d.errors import InputError

_OVERSHOOT = 0.01
"""How far other programs' resampling filters may overshoot 0–1; more than that is another unit."""


def split_alpha(pixels: NDArray[Any], name: str) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return colours (h, w, 3) and where they are visible, from (h, w), or (h, w, 1–4): grey, grey + alpha, RGB, RGBA.

    A pixel of alpha 0 shows nothing; any other alpha is ignored. The mask is None where everything is visible. Raises
    `InputError` for another layout, and where nothing is visible.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4 or not pixels.size:
        raise InputError(f"{name} has the shape {pixels.shape}. A picture is an array (h, w), (h, w, 3) or (h, w, 4).")
    has_alpha = pixels.shape[2] in (2, 4)
    visible = pixels[..., -1] != 0 if has_alpha else None
    if visible is not None and not visible.any():
        raise InputError(f"{name} is transparent everywhere. Save it without its alpha channel.")
    colors = pixels[..., :-1] if has_alpha else pixels
    return np.broadcast_to(colors, (*colors.shape[:2], 3)), None if visible is None or visible.all() else visible


def unit_floats(values: NDArray[Any], name: str) -> NDArray[np.float32]:
    """Scale integers by their type's largest value and check that floats lie within 0–1; raises `InputError`."""
    if values.dtype.kind == "f":
        return _checked(values, name)
    if values.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{name} holds values of type {values.dtype}. Use uint8, uint16 or floats from 0 to 1.")
    return np.divide(values, np.float32(np.iinfo(values.dtype).max), dtype=np.float32, order="C")


def _checked(values: NDArray[Any], name: str) -> NDArray[np.float32]:
    low, high = float(values.min()), float(values.max())
    if not (low >= -_OVERSHOOT and high <= 1 + _OVERSHOOT):  # written so that NaN fails
        raise InputError(f"{name} holds values from {low:.6g} to {high:.6g}. Floats must lie within 0 to 1: "
                         "scale them, and tone-map high dynamic range first.")
    floats = np.ascontiguousarray(values, np.float32)
    return np.clip(floats, 0, 1) if low < 0 or high > 1 else floats
