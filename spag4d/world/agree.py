"""What several swept panoramas agree about, and a whole depth map from that and a single view's depth."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.geometry.equirect import crop_sphere, directions, nearest_pixels, pad_sphere
from spag4d.geometry.fill import smooth_fill
from spag4d.world.sweep import FAR_M, Swept, View

_SAME = 0.03
"""Two panoramas agree about a point where their distances differ by no more than this share."""
_LEAST_LIKENESS = 0.3
"""Correlation of noise is below this in 95 % of windows."""
_LEAST_PARALLAX = 0.01
"""In radians, 1.6 px of a panorama of 512 rows: with less a distance is a guess, likely as it may look."""

_SMOOTH_PX, _SMOOTH_LOG = 3.0, 0.05
"""Over how many pixels, and within which log ratio, measured distances are averaged: of 1.5 to 5 px and 0.02 to 0.05 these made
the least error on the known clip, half of the one without (median 1.2 instead of 2.0 %)."""


@dataclass(frozen=True)
class Whole:
    """A panorama whose distance (h, w) is known everywhere, and ``sure`` (h, w) where it was measured.

    ``moving`` (h, w) is where it shows something that moves or that the camera carries; the distance is that of what is around.
    """

    view: View
    distance: Float32[np.ndarray, "h w"]
    sure: Bool[np.ndarray, "h w"]
    moving: Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Sight:
    """Where each pixel (h, w) of a panorama appears in another: its row and column there, and what the other has found.

    ``farther`` is the log ratio of the other's own distance to that of the pixel; ``sure`` is whether the other measured it.
    """

    place: tuple[np.ndarray, np.ndarray]
    farther: Float32[np.ndarray, "h w"]
    sure: Bool[np.ndarray, "h w"]


def sight(whole: Whole, other: Whole) -> Sight:
    """Return how another panorama sees what one shows."""
    place, away = seen_from(whole.view, whole.distance, other.view)
    return Sight(place, np.log(other.distance[place] / away), other.sure[place])


def seen_from(
    view: View, distance: Float32[np.ndarray, "h w"], other: View
) -> tuple[tuple[np.ndarray, np.ndarray], Float32[np.ndarray, "h w"]]:
    """Return in which rows and columns (h, w) of another panorama one's points appear, and how far they are from there."""
    rotation, translation = view.relative(other)
    points = (directions(distance.shape[0]) * distance[..., None]) @ rotation.T + translation
    return nearest_pixels(points, len(other.grey)), np.linalg.norm(points, axis=-1)


def measured(view: View, swept: Swept, others: Sequence[tuple[View, Swept]]) -> Bool[np.ndarray, "h w"]:
    """Return where a distance can be relied on: it looks alike, has parallax, and others find the same point.

    As many panoramas must find it as find something behind it, through which it would have to be seen.
    """
    agree, against = np.zeros(swept.distance.shape, np.int32), np.zeros(swept.distance.shape, np.int32)
    parallax = np.zeros(swept.distance.shape, np.float32)
    for other, found in others:
        place, away = seen_from(view, swept.distance, other)
        there = np.log(found.distance[place] / away)
        same = np.abs(there) < _SAME
        agree += same
        against += there > 3 * _SAME
        parallax = np.where(same, np.maximum(parallax, _parallax(view, other, swept.distance)), parallax)
    sure = (swept.likeness > _LEAST_LIKENESS) & (agree > 0) & (agree >= against)
    return sure & (parallax > _LEAST_PARALLAX) & view.known & (swept.distance < FAR_M / 2)


def _parallax(view: View, other: View, distance: np.ndarray) -> np.ndarray:
    """Return by what angle points shift between two panoramas, to first order."""
    way = view.pose.to_camera(other.pose.translation)
    rays = directions(distance.shape[0])
    along = rays @ way.astype(np.float32)
    return np.sqrt(np.maximum(np.float32(way @ way) - along**2, 0)) / distance


def whole(
    prior: Float32[np.ndarray, "h w"], distance: Float32[np.ndarray, "h w"], sure: Bool[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w"]:
    """Return measured distances where they are ``sure``, and elsewhere a single view's, bent so that they meet these.

    What is measured is noisy but true, a single view smooth but bent: their ratio is smoothed, jumps of it excepted. Where a
    single view takes a surface for the sky, what is measured counts there, and says nothing about the surfaces around.
    """
    tells = sure & (prior < FAR_M)
    if not tells.any():
        return np.where(sure, distance, prior)
    bend = _smoothed(np.where(tells, np.log(distance / prior), 0).astype(np.float32), tells)
    bent = prior * np.exp(smooth_fill(bend[..., None], tells)[..., 0])
    return np.where(prior < FAR_M, bent, np.where(sure, distance, prior))


def _smoothed(bend: Float32[np.ndarray, "h w"], sure: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return a bilateral mean of the ``sure`` values, those that differ from it much as they are."""
    margin = 4 * round(_SMOOTH_PX)
    values, weight = pad_sphere(bend, margin), pad_sphere(sure.astype(np.float32), margin)
    mean = _blurred(values * weight) / np.maximum(_blurred(weight), 1e-3)
    for _ in range(2):
        near = weight * np.exp(-0.5 * ((values - mean) / _SMOOTH_LOG) ** 2)
        mean = _blurred(values * near) / np.maximum(_blurred(near), 1e-3)
    mean = crop_sphere(mean, margin)
    return np.where(np.abs(bend - mean) < 2 * _SMOOTH_LOG, mean, bend)


def _blurred(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), _SMOOTH_PX)
