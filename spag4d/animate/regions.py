"""Regions of a panorama that are drawn: polygons, and what a brush has covered."""

import math
import re
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool

from spag4d.errors import InputError
from spag4d.geometry.equirect import column_azimuths_rad, row_elevations_rad

ROWS = 1024
"""Of drawn regions: two for each row of the fields that come of them."""
_NUMBER = r"[-+]?\d+(?:\.\d*)?"
_CORNERS = re.compile(rf"\s*{_NUMBER},{_NUMBER}(?:\s+{_NUMBER},{_NUMBER})+\s*")
_SHIFT = 8
"""Binary digits of a pixel's fraction for OpenCV."""
_FARTHEST_DEG = 720.0

Place = tuple[float | int, float | int]
"""Degrees: yaw, 0 ahead and 90 to the right, and pitch, 90 up."""


def is_polygon(words: str) -> bool:
    """Return whether words are corners, such as ``-20,-30 20,-30 0,-60``."""
    return _CORNERS.fullmatch(words) is not None


def polygon(words: str, rows: int = ROWS) -> Bool[np.ndarray, "h w"]:
    """Return what lies between corners ``yaw,pitch yaw,pitch …``, joined by straight lines in the panorama.

    Yaws beyond 180° cross the panorama's edge. Raises `InputError`.
    """
    if not is_polygon(words):
        raise InputError(f"a polygon is written as yaw,pitch yaw,pitch … in degrees, such as -20,-30 20,-30 0,-60, got {words}")
    corners = np.array([[float(value) for value in corner.split(",")] for corner in words.split()])
    if len(corners) < 3:
        raise InputError(f"a polygon has three corners or more, got {len(corners)}")
    if np.abs(corners[:, 1]).max() > 90 or np.abs(corners[:, 0]).max() > _FARTHEST_DEG:
        raise InputError(f"a corner's pitch lies within 90 degrees and its yaw within {_FARTHEST_DEG:g}, got {words!r}")
    across, down = (corners[:, 0] / 360 + 0.5) * 2 * rows - 0.5, (0.5 - corners[:, 1] / 180) * rows - 0.5
    region = np.zeros((rows, 2 * rows), np.uint8)
    for turn in range(-3, 4):
        place = np.stack([across + 2 * rows * turn, down], 1)
        cv2.fillPoly(region, [np.rint(place * (1 << _SHIFT)).astype(np.int32)], 1, shift=_SHIFT)
    return region > 0


def brushed(strokes: Sequence[tuple[float | int, Sequence[Place]]], rows: int = ROWS) -> Bool[np.ndarray, "h w"]:
    """Return what lies within the radius, in degrees, of one of the places of a stroke; of all strokes together."""
    region = np.zeros((rows, 2 * rows), bool)
    elevations, azimuths = row_elevations_rad(rows), column_azimuths_rad(2 * rows)
    for radius_deg, places in strokes:
        radius = math.radians(radius_deg)
        for yaw, pitch in np.radians(np.array(places, float).reshape(-1, 2)):
            near = np.flatnonzero(np.abs(elevations - pitch) <= radius)
            across = math.cos(radius) - math.sin(pitch) * np.sin(elevations[near])
            half = np.arccos(np.clip(across / np.maximum(math.cos(pitch) * np.cos(elevations[near]), 1e-9), -1, 1))
            region[near] |= np.abs(np.mod(azimuths - yaw + np.pi, 2 * np.pi) - np.pi) <= half[:, None]
    return region
