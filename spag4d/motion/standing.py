"""What stands still around a camera that travels, as one panorama should show it, told by the others.

The others' pixels are put where their distances say, and looked at from the panorama's place. Where two or more agree, that is
what stands there: what moves is somewhere else in each of them. Of several answers the farthest counts, as things pass in
front of what stands, never behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from spag4d.data import Pose
from spag4d.geometry.equirect import crop_sphere, directions, pad_sphere, pixels_from_directions
from spag4d.kernels import in_parts
from spag4d.motion.standing_kernels import LEAST_WEIGHT, agree, find_nearest, mix_nearest

_EDGE = 0.15
"""In log distance, between neighbours: there a distance is a mean of two things, and belongs to neither."""


@dataclass(frozen=True)
class Seen:
    """A panorama of sRGB levels, the distance (h, w) of its pixels along the ray, and where it was taken (world from camera).

    ``counts`` (h, w) is False where it must not tell others what stands: where it holds nothing, or something that moves.
    """

    rgb: UInt8[np.ndarray, "h w 3"]
    distance: Float32[np.ndarray, "h w"]
    pose: Pose
    counts: Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Standing:
    """What stands around a place: colour in levels of luma and chroma (YCrCb), and distance, each where it is ``known``."""

    ycc: Float32[np.ndarray, "h w 3"]
    distance: Float32[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]


def standing_around(panorama: Seen, others: Sequence[Seen]) -> Standing:
    """Return what the others say stands around the place of a panorama of the same size; brought to its exposure."""
    own = ycc_of(panorama.rgb)
    shown = [_as_seen_from(panorama.pose, other) for other in others]
    colors = np.stack([_levelled(color, own, weight) for color, _, weight in shown])
    distances, weights = np.stack([one for _, one, _ in shown]), np.stack([weight for *_, weight in shown])
    found = Standing(np.zeros_like(own), np.zeros(own.shape[:2], np.float32), np.zeros(own.shape[:2], bool))
    in_parts(lambda first, last: agree(
        colors[:, first:last], distances[:, first:last], weights[:, first:last],
        found.ycc[first:last], found.distance[first:last], found.known[first:last]), len(own), least=16)
    return found


def ycc_of(rgb: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    """Return luma and chroma in levels of 255."""
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb).astype(np.float32)


def _as_seen_from(place: Pose, other: Seen) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return colour (h, w, 3), distance and weight (h, w) of another panorama's pixels, where a place would see them."""
    height = len(other.distance)
    rotation = place.rotation.T @ other.pose.rotation
    translation = place.to_camera(other.pose.translation)
    points = (directions(height) * other.distance[..., None]) @ rotation.T.astype(np.float32) + translation.astype(np.float32)
    away = np.linalg.norm(points, axis=-1)
    told = other.counts & ~_on_edge(other.distance)
    pixels, away, own = pixels_from_directions(points[told], height), away[told], ycc_of(other.rgb)[told]
    color, nearest = np.zeros(points.shape, np.float32), np.full(points.shape[:2], np.inf, np.float32)
    weight = np.zeros(points.shape[:2], np.float32)
    find_nearest(pixels, away, nearest)
    mix_nearest(pixels, away, own, nearest, color, weight)
    color /= np.maximum(weight, np.float32(1e-6))[..., None]
    return color, nearest, weight


def _levelled(color: np.ndarray, own: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return colours times the luma that brings them to a panorama's exposure, and plus the tint that does."""
    both = weight > LEAST_WEIGHT
    if not both.any():
        return color
    gain = np.median(own[both][:, 0]) / max(float(np.median(color[both][:, 0])), 1.0)
    changed = color * np.float32(gain)
    changed[..., 1:] = color[..., 1:] + np.median(own[both][:, 1:] - color[both][:, 1:], axis=0).astype(np.float32)
    return changed


def _on_edge(distance: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    logs, around = np.log(pad_sphere(distance, 1)), np.ones((3, 3), np.uint8)
    return crop_sphere(cv2.dilate(logs, around) - cv2.erode(logs, around) > _EDGE, 1)
