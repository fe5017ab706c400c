"""Where each pixel of a frame was in the frame before: dense optical flow on the sphere."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from spag4d.data import Panorama
from spag4d.geometry.equirect import (
    crop_sphere,
    directions,
    directions_from_pixels,
    pad_sphere,
    pixels_from_directions,
    row_elevations_rad,
)
from spag4d.geometry.resample import sample

_PAD_PX = 48
"""22° of a picture of 384 rows: what crosses the seam or a pole is found up to that motion."""
_LEVEL_TO_RAD, _TIPPED_FROM_RAD = np.radians(35.0), np.radians(55.0)
"""Elevations between which the upright picture hands over to the tipped one: its rows are stretched 1.2 and 1.7 times there."""
_TIPPED = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""The other picture of the sphere: its poles lie ahead and behind, and the true ones on its horizon."""
_LEAST_NOISE = 0.01
"""Of sRGB 0–1, two or three grey levels: rounding and compression make as much."""
_SIGNIFICANT = 3.0
"""Times the usual difference of the pictures, at which trust falls to 1/e."""
_RETURN_PX = 1.0
"""By which there and back may miss until trust falls to 1/e: the flow is good to a fraction of a pixel where it is right."""

Picture = Float32[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class Flow:
    """Where each pixel of a newer frame was: unit directions (h, w, 3) in the older camera's frame.

    ``trust`` (h, w), 0 to 1, is how well the pictures agree on that.
    """

    source: Float32[np.ndarray, "h w 3"]
    trust: Float32[np.ndarray, "h w"]


def small_picture(panorama: Panorama, height: int) -> Picture:
    """Return the panorama shrunk to at most ``height`` rows."""
    rows = min(height, panorama.size_hw[0])
    if rows == panorama.size_hw[0]:
        return panorama.rgb
    return np.asarray(cv2.resize(panorama.rgb, (2 * rows, rows), interpolation=cv2.INTER_AREA))


def look_up(image: Float32[np.ndarray, "h w *c"], vectors: Float32[np.ndarray, "a b 3"]) -> Float32[np.ndarray, "a b *c"]:
    """Return a panorama's values in given directions, bilinear, across the seam and the poles."""
    return sample(pad_sphere(image, 1), pixels_from_directions(vectors, image.shape[0]) + np.float32(1))


def sphere_flow(older: Picture, newer: Picture, new_from_old: Float64[np.ndarray, "3 3"]) -> Flow:
    """Return the flow from a newer picture back to an older one of the same size, whose cameras' rotation is known.

    The rotation is removed first, so that only motion remains to be found (DIS; Kroeger et al., 2016). A pixel is trusted where
    the flow there and back closes, and colours along it differ no more than usual for the two pictures after matching their
    exposures.
    """
    turn = new_from_old.astype(np.float32)
    rays = directions(newer.shape[0])
    turned = look_up(older, rays @ turn)
    level, closing = _flow(turned, newer)
    tipped, tipped_closing = (_untipped(part) for part in _flow(_seen_tipped(turned), _seen_tipped(newer)))
    tipped = tipped @ _TIPPED.astype(np.float32).T
    elevation = np.abs(row_elevations_rad(newer.shape[0]))
    share = np.clip((elevation - _LEVEL_TO_RAD) / (_TIPPED_FROM_RAD - _LEVEL_TO_RAD), 0, 1).astype(np.float32)[:, None]
    direction = level * (1 - share[..., None]) + tipped * share[..., None]
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    closes = np.exp(-((closing * (1 - share) + tipped_closing * share) / np.float32(_RETURN_PX)) ** 2)
    return Flow(direction @ turn, closes * _likeness(look_up(turned, direction), newer))


def _seen_tipped(picture: np.ndarray) -> np.ndarray:
    return look_up(picture, directions(picture.shape[0]) @ _TIPPED.astype(np.float32).T)


def _untipped(picture: np.ndarray) -> np.ndarray:
    return look_up(picture, directions(picture.shape[0]) @ _TIPPED.astype(np.float32))


def _flow(older: Picture, newer: Picture) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions (h, w, 3) on the older picture, and the pixels by which there and back does not close."""
    old_grey, new_grey = (pad_sphere((cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) * 255 + 0.5).astype(np.uint8), _PAD_PX)
                          for one in (older, newer))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    there = np.asarray(search.calc(new_grey, old_grey, None))  # type: ignore[call-overload]
    back = np.asarray(search.calc(old_grey, new_grey, None))  # type: ignore[call-overload]
    rows, columns = np.indices(there.shape[:2], np.float32)
    places = np.stack([columns, rows], -1) + there
    returned = there + cv2.remap(back, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    closing = crop_sphere(np.hypot(returned[..., 0], returned[..., 1]), _PAD_PX)
    places = crop_sphere(places, _PAD_PX) - np.float32(_PAD_PX)
    return directions_from_pixels(places, older.shape[0]).astype(np.float32), closing


def _likeness(older: Picture, newer: Picture) -> np.ndarray:
    """Return the likeness 0–1 (h, w) of two pictures that should be equal, apart from noise and exposure."""
    gain = np.median((newer + 0.02) / (older + 0.02), axis=(0, 1))
    difference = cv2.GaussianBlur(np.abs(newer - older * gain).max(-1), (3, 3), 0)
    noise = max(float(np.median(difference)), _LEAST_NOISE)
    return np.exp(-((difference / (_SIGNIFICANT * noise)) ** 2))


def enlarged(flow: Flow, height: int) -> Flow:
    """Return the flow for panoramas of another height."""
    if height == flow.trust.shape[0]:
        return flow
    rays = directions(height)
    source = look_up(flow.source, rays)
    source /= np.linalg.norm(source, axis=-1, keepdims=True)
    return Flow(source, look_up(flow.trust, rays))
