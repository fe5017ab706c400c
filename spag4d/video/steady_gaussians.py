"""Opacities, sizes and colours of Gaussians that stay steady from frame to frame."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from spag4d.data import Gaussians, Layers
from spag4d.geometry.equirect import nearest_pixels
from spag4d.video.flow import Flow, look_up

_SAME_DISTANCE, _SAME_SIZE = 0.15, 0.5
"""Differences of logarithms up to which a Gaussian counts as the one seen before."""
_CHANNELS = 6
"""Distance, size, opacity and three colours, see `AppearanceMap`."""
_ROW = 8192  # directions per row; remapping refuses pictures of 32768 columns or rows

AppearanceMap = Float32[np.ndarray, "h w 6"]
"""By direction: log distance, log of size over distance, opacity, colour; distance is -inf where there was nothing."""


def remember(layers: Layers, height: int) -> AppearanceMap:
    """Return the appearance of a scene by direction, on ``height`` rows.

    Of several Gaussians in one place a fine one counts before its backing, surfaces before the sky, and what is behind last;
    of those in one layer the one that comes first.
    """
    appearance = np.zeros((height, 2 * height, _CHANNELS), np.float32)
    appearance[..., 0] = -np.inf
    for layer in (layers.behind, layers.sky, layers.backing, layers.fine):
        rows, columns = nearest_pixels(layer.means[::-1], height)
        appearance[rows, columns] = _appearance(layer)[::-1]
    return appearance


def steadied(gaussians: Gaussians, before: AppearanceMap, flow: Flow, alpha: float) -> Gaussians:
    """Return the Gaussians of a frame, their opacities, sizes and colours averaged with those of the frame before.

    ``alpha`` 0–1 is the share of what was; where the flow is not trusted, or something of another distance or size was
    there, the new ones stay as they are. Shapes keep their proportions.
    """
    length = np.linalg.norm(gaussians.means, axis=1, keepdims=True)
    seen = gaussians.means / length
    source, trust = _looked_up(flow.source, seen), _looked_up(flow.trust, seen)
    rows, columns = nearest_pixels(source, before.shape[0])
    old, new = before[rows, columns], _appearance(gaussians)
    change = old - new
    same = (np.abs(change[:, 0]) < _SAME_DISTANCE) & (np.abs(change[:, 1]) < _SAME_SIZE)
    change[~same] = 0
    change *= np.float32(alpha) * trust[:, None]
    return replace(
        gaussians,
        scales=gaussians.scales * np.exp(change[:, 1:2]),
        opacities=gaussians.opacities + change[:, 2],
        colors=gaussians.colors + change[:, 3:],
    )


def _looked_up(image: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return a panorama's values in a list of directions (n, 3), which remapping takes only as a grid."""
    grid = np.resize(vectors, (max(1, -(-len(vectors) // _ROW)), _ROW, 3))
    return look_up(image, grid).reshape(-1, *image.shape[2:])[: len(vectors)]


def _appearance(gaussians: Gaussians) -> Float32[np.ndarray, "n 6"]:
    log_distance = np.log(np.linalg.norm(gaussians.means, axis=1))
    log_size = np.log(gaussians.scales).mean(1) - log_distance
    return np.concatenate([np.stack([log_distance, log_size, gaussians.opacities], 1), gaussians.colors], 1)
