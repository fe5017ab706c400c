"""SHARP's depth on every face, brought to the panorama's depth and to that of its neighbours, before any Gaussian exists.

Each face's disparity is fitted to the panorama's by scale and shift; the rest is a smooth field in log distance, first that
of the joint system of `spag4d.geometry.align`, then the low frequencies of the difference to the panorama, and at last what
makes neighbours meet in the middle. The network's own edges stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.data import DepthMap, PinholeCamera
from spag4d.geometry.align import LogView, Ties, anchor_ties, corrections, field, overlap_ties
from spag4d.geometry.blend import feather
from spag4d.geometry.camera import distance_from_z, view_pixels_from_directions
from spag4d.geometry.equirect import directions
from spag4d.geometry.fit import Affine, fit_affine
from spag4d.geometry.resample import sample, views_from_panorama
from spag4d.geometry.smooth import low_pass

_VIEW_PX = 192
"""Of a face on which scale and shift are found: they are two numbers for 37,000 pixels."""
_ROWS = 384
"""Of the panorama on which corrections are blended, 0.47° each: finer than the frequencies below."""
_LOW_DEG, _MEETING_DEG = 4.7, 1.2
"""Standard deviations: of what is brought to the panorama's depth, and of what faces agree on among themselves. Not tuned."""
_LEAST_SHARE = 0.05
"""Share of the disparity that a shift has to leave, or far things would pass infinity."""
_OFFSET = 1e-3
"""Of the largest inverse distance: what the network adds by itself, see `FaceCorrection`."""
_LIMIT = float(np.log(2))
"""Factor of 2 by which depths may differ at a pixel; beyond, one of them shows another surface."""

Plane = Float32[np.ndarray, "_ _"]


@dataclass(frozen=True)
class FaceCorrection:
    """The conversion of a face's disparity to z-depth in metres: an affine function of disparity, and a factor per pixel.

    ``log_factor`` (h, w) is coarse and covers the face.
    """

    affine: Affine
    log_factor: Plane

    def __call__(self, disparity: Float32[np.ndarray, "layers _ _"]) -> Float32[np.ndarray, "layers _ _"]:
        """Return the z-depth (layers, s, s) to begin decoding with.

        The network adds a thousandth of the nearest depth's disparity to everything; here it is taken off beforehand.
        """
        size = disparity.shape[-2:]
        factor = np.exp(-cv2.resize(self.log_factor, (size[1], size[0]), interpolation=cv2.INTER_LINEAR))
        inverse = _inverse_z(disparity, self.affine) * factor
        offset = np.float32(_OFFSET) * inverse.max()
        return 1 / np.maximum(inverse - offset, _LEAST_SHARE * inverse)


def _inverse_z(disparity: np.ndarray, affine: Affine) -> np.ndarray:
    """Return positive 1 / z: never less than a twentieth of the scaled disparity."""
    return np.maximum(affine(disparity), np.float32(_LEAST_SHARE * affine.scale) * disparity)


def align_faces(
    disparities: Sequence[Plane], cameras: Sequence[PinholeCamera], depth: DepthMap
) -> list[FaceCorrection]:
    """Return the correction of every face, from the disparity (s, s) of its visible layer, in units of one face width.

    ``depth`` is the panorama's. A face without a surface, or whose disparity does not follow the panorama's, keeps its own
    scale as the neighbours correct it.
    """
    small = [camera.scaled(_VIEW_PX / camera.width) for camera in cameras]
    reference, known = _reference(depth)
    seen = views_from_panorama(reference, small)
    surfaces = [view > 0.999 for view in views_from_panorama(known, small)]
    affines, logs = [], []
    for camera, disparity, log_distance, surface in zip(small, disparities, seen, surfaces, strict=True):
        ray = distance_from_z(camera, np.ones((_VIEW_PX, _VIEW_PX), np.float32))
        coarse = cv2.resize(disparity, (_VIEW_PX, _VIEW_PX), interpolation=cv2.INTER_AREA)
        found = fit_affine(coarse, ray / np.exp(log_distance), surface.astype(np.float64))
        affines.append(found or Affine(camera.width / camera.fx, 0.0))
        logs.append(np.log(ray / _inverse_z(coarse, affines[-1])))
    fields = _fields(logs, surfaces, small, reference, known)
    return [FaceCorrection(affine, own) for affine, own in zip(affines, fields, strict=True)]


def _reference(depth: DepthMap) -> tuple[Plane, Plane]:
    """Return log distance (rows, 2 rows) and the share of surfaces of each pixel; the sky has the value of what is near it."""
    size = (2 * _ROWS, _ROWS)
    surface = (~depth.sky).astype(np.float32)
    share = cv2.resize(surface, size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(np.log(depth.distance) * surface, size, interpolation=cv2.INTER_AREA)
    return np.where(share > 0, total / np.maximum(share, 1e-6), 0).astype(np.float32), share


def _fields(
    logs: list[np.ndarray], surfaces: list[np.ndarray], cameras: list[PinholeCamera], reference: Plane, known: Plane
) -> list[Plane]:
    views = [LogView(*view) for view in zip(cameras, logs, surfaces, strict=True)]
    anchors = anchor_ties(views, {0: np.where(known > 0.999, reference, np.nan)})
    found = corrections(len(views), Ties.joined([overlap_ties(views), anchors]))
    smooth = [field(own, log.shape).astype(np.float32) for own, log in zip(found, logs, strict=True)]
    maps = [_on_sphere(log + own, camera) for log, own, camera in zip(logs, smooth, cameras, strict=True)]
    low = [low_pass(_limited(reference - values), (weight > 0) & (known > 0.999), _LOW_DEG) for values, weight in maps]
    maps = [(values + own, weight) for (values, weight), own in zip(maps, low, strict=True)]
    total = sum((weight for _, weight in maps), np.zeros_like(reference))
    agreed = sum((values * weight for values, weight in maps), np.zeros_like(reference)) / np.maximum(total, 1e-12)
    meeting = [low_pass(_limited(agreed - values), weight > 0, _MEETING_DEG) for values, weight in maps]
    return [own + views_from_panorama(first + second, [camera])[0]
            for own, first, second, camera in zip(smooth, low, meeting, cameras, strict=True)]


def _limited(difference: np.ndarray) -> Plane:
    return np.clip(difference, -_LIMIT, _LIMIT).astype(np.float32)


def _on_sphere(values: np.ndarray, camera: PinholeCamera) -> tuple[Plane, Plane]:
    """Return a view's values on the panorama, and a weight that falls to zero at the view's border."""
    pixels = view_pixels_from_directions(camera, directions(_ROWS))
    weight = feather(camera, pixels).astype(np.float32)
    places = np.nan_to_num(pixels, nan=-1.0, posinf=-1.0, neginf=-1.0).astype(np.float32)
    return sample(values.astype(np.float32), places), weight
