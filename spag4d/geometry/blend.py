"""Joining overlapping views: weights that fade towards every view's border and sum to one over the sphere."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from spag4d.data import PinholeCamera
from spag4d.geometry.camera import view_pixels_from_directions
from spag4d.geometry.resample import footprint, sample_view

_BORDER_PX = 0.01  # rounding must not tear a gap where borders only touch
_LEAST = np.float32(1e-12)  # on the border: too little to count, unless there is nothing else


def blend_weights(cameras: Sequence[PinholeCamera], vectors: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "v *n"]:  # noqa: F821
    """Return each view's share (views, …) of directions (…, 3): smooth, zero at and outside its border, summing to one.

    Raises `ValueError` when a direction is on no view.
    """
    weights = np.stack([feather(camera, view_pixels_from_directions(camera, vectors)) for camera in cameras])
    return weights / _covered(weights.sum(0))


def blend_views(
    views: Sequence[Float32[np.ndarray, "_ _ *c"]], cameras: Sequence[PinholeCamera], height: int
) -> Float32[np.ndarray, "h w *c"]:
    """Return the panorama (height, 2 height[, c]) on which the views (h, w[, c]) of any finite float data blend.

    Raises `ValueError` when the cameras leave a pixel uncovered, or a view's size is not its camera's.
    """
    total = np.zeros((height, 2 * height), np.float32)
    panorama = np.zeros((height, 2 * height, *views[0].shape[2:]), np.float32)
    for view, camera in zip(views, cameras, strict=True):
        part = footprint(camera, height)
        weights = feather(camera, part.pixels)
        values = sample_view(view, camera, part)
        values *= weights.reshape(weights.shape + (1,) * (values.ndim - 2))
        part.add(total, weights)
        part.add(panorama, values)
    panorama /= _covered(total).reshape(total.shape + (1,) * (panorama.ndim - 2))
    return panorama


def feather(camera: PinholeCamera, pixels: np.ndarray) -> np.ndarray:
    """Return a weight (…) that falls smoothly from one in the middle of the view to zero at its border."""
    across = _distance_to_border(pixels[..., 0], camera.width)
    down = _distance_to_border(pixels[..., 1], camera.height)
    inside = np.minimum(across, down) > -2 * _BORDER_PX / min(camera.width, camera.height)
    return np.where(inside, np.maximum(_smooth(across) * _smooth(down), _LEAST), 0)


def _distance_to_border(position: np.ndarray, size: int) -> np.ndarray:
    """Return 1 in the middle of the view, 0 on its border, negative outside, NaN behind the camera."""
    return 1 - np.abs(position * (2 / size) + (1 / size - 1))


def _smooth(t: np.ndarray) -> np.ndarray:
    """Return 3 t² - 2 t³, which rises from 0 to 1 with level ends."""
    t = np.maximum(t, 0)
    return t * t * (3 - 2 * t)


def _covered(total: np.ndarray) -> np.ndarray:
    if not total.all():
        raise ValueError(f"{np.mean(total == 0):.2%} of the directions are on no view; widen the field of view")
    return total
