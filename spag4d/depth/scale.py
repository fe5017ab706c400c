"""Metres for depth that has none: which reference they come from, and what of it counts."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from spag4d.data import DepthMap, Panorama
from spag4d.depth import DEPTH_MODELS, best_first
from spag4d.depth.base import DepthModel
from spag4d.geometry.equirect import solid_angle_weights
from spag4d.models.weights import is_installed
from spag4d.progress import SILENT, Progress


class MetricReference:
    """The best metric model that is installed, loaded when it is first asked."""

    def __init__(self, device: str, model: DepthModel | None = None) -> None:
        """``model`` replaces the best one that is installed."""
        self._device, self._model = device, model

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        """Return the model's depth map."""
        if self._model is None:
            best = next(name for name in best_first() if DEPTH_MODELS[name].lends_metres and is_installed(name))
            self._model = DEPTH_MODELS.load(best)(self._device)
        return self._model.estimate(panorama, progress=progress)


def surface_weights(sky: np.ndarray) -> Float[np.ndarray, "h w"]:
    """Return the solid angle of each pixel of a panorama (h, w), zero in the sky."""
    return np.where(sky, 0.0, solid_angle_weights(sky.shape[0])[:, None])
