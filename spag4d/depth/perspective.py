"""Any model of perspective pictures, on a sphere: views with overlap, brought to agree, and joined without seams."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32

from spag4d.data import PinholeCamera
from spag4d.depth.resize import shrink
from spag4d.geometry.align import LogView, Ties, anchor_ties, corrections, field, overlap_ties
from spag4d.geometry.blend import blend_views
from spag4d.geometry.camera import distance_from_z
from spag4d.geometry.resample import views_from_panorama
from spag4d.progress import SILENT, Progress

Plane = Float32[np.ndarray, "h w"]

_STAGE = "Estimating depth"
_OVERSAMPLING = 1.25  # rows of the panorama per row of a view's middle, as its corners are finer
_BEHIND = np.float32(1e-6)
"""Weight of what is sky in a view: too little to count beside a surface, enough that a pixel without any is not 0 / 0."""


@runtime_checkable
class PerspectiveModel(Protocol):
    """Estimates depth for a perspective view."""

    sky_from: float

    def look(self, rgb: Float32[np.ndarray, "h w 3"], camera: PinholeCamera) -> tuple[Plane, Plane]:
        """Return positive planar depth (h, w) and a score (h, w) that reaches ``sky_from`` in the sky."""
        ...


@dataclass(frozen=True)
class Joined:
    """Log distance along the ray (h, w) of the surfaces of a panorama, and the score of its sky, 0 where it begins."""

    log_distance: Plane
    sky_score: Plane


def joined_views(
    rgb: Float32[np.ndarray, "h w 3"], model: PerspectiveModel, cameras: Sequence[PinholeCamera], *,
    reference: Float[np.ndarray, "rh rw"] | None = None, progress: Progress = SILENT,
) -> Joined:
    """Return a panorama's depth (h, w, 3) as the model estimates it through the cameras, at the resolution of its views.

    ``reference`` is a panorama of log distance, NaN where it is unknown, that decides low frequencies; without one
    the mean of the views' own scales stands. Sky is where the blended views score it. Raises `Cancelled`.
    """
    height = working_height(cameras)
    source = shrink(rgb, (height, 2 * height)) if height < rgb.shape[0] else rgb
    views, scores = [], []
    for number, camera in enumerate(cameras):
        progress.report(_STAGE, number, len(cameras))
        z, score = model.look(views_from_panorama(source, [camera])[0], camera)
        views.append(np.log(distance_from_z(camera, z)))
        scores.append(score - np.float32(model.sky_from))
    progress.report(_STAGE, len(cameras), len(cameras))
    sky_score = blend_views(scores, cameras, height)
    surfaces = [(seen < 0) & (score < 0) for seen, score in zip(views_from_panorama(sky_score, cameras), scores, strict=True)]
    agreed = _agreed(cameras, views, surfaces, reference)
    return Joined(_blended(agreed, surfaces, cameras, height), sky_score)


def working_height(cameras: Sequence[PinholeCamera]) -> int:
    """Return the height of the panorama that holds what the views resolve."""
    return round(_OVERSAMPLING * math.pi * max(camera.fx for camera in cameras))


def _agreed(
    cameras: Sequence[PinholeCamera], views: list[np.ndarray], surfaces: list[np.ndarray], reference: np.ndarray | None
) -> list[np.ndarray]:
    logs = [LogView(*view) for view in zip(cameras, views, surfaces, strict=True)]
    ties = [overlap_ties(logs)]
    if reference is not None:
        ties.append(anchor_ties(logs, {0: reference}))
    found = corrections(len(logs), Ties.joined(ties))
    return [(view + field(own, view.shape)).astype(np.float32) for view, own in zip(views, found, strict=True)]


def _blended(
    views: list[np.ndarray], surfaces: list[np.ndarray], cameras: Sequence[PinholeCamera], height: int
) -> np.ndarray:
    """Blend log distance over surfaces alone wherever a view has any."""
    weights = [np.where(surface, np.float32(1), _BEHIND) for surface in surfaces]
    weighted = [np.stack([view * weight, weight, weight], -1) for view, weight in zip(views, weights, strict=True)]
    total = blend_views(weighted, cameras, height)
    return total[..., 0] / total[..., 1]
