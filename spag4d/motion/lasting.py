"""What lasts in a clip whose camera stands: for each direction the colour of the farthest thing that stays for a while.

Things come and go in front of what stands, never behind it. So of the colours that a direction has for a fair share of the
pictures the one that is farthest away is the place itself, even where someone stood there most of the time.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from spag4d.geometry.smooth import low_pass
from spag4d.kernels import in_parts, kernel

_SAME_LEVELS = 20
"""Of 255, by which two pictures of one thing differ at most: the noise of a compressed video, twice."""
_LEAST_SHARE = 0.2
"""Of the pictures, and no fewer than two: what is seen more seldom is not the place."""
_FARTHER = 0.1
"""Difference of log distance from which one thing is farther than another; estimated depth is not better than that."""
_SMALL_ROWS, _FIELD_DEG = 128, 10.0
"""The offset of one depth from another is sought on 128 rows, and is as smooth as rooms are."""
_OUTLIER = 0.25
"""In log distance: more is another thing, and no error of scale."""

LogMap = Float32[np.ndarray, "h w"]


@dataclass(frozen=True)
class Lasting:
    """The lasting picture of a clip, and by how many levels its samples stray from it."""

    rgb: UInt8[np.ndarray, "h w 3"]
    noise: UInt8[np.ndarray, "h w"]


def lasting_picture(pictures: UInt8[np.ndarray, "k h w 3"], log_distances: Float32[np.ndarray, "k h w"]) -> Lasting:
    """Return what lasts of pictures spread over a clip, whose log distances are brought to each other by a smooth field."""
    middle = np.median(log_distances, 0).astype(np.float32)
    everywhere = np.ones(middle.shape, bool)
    return lasting_of(pictures, np.stack([one + smooth_offset(one, middle, everywhere) for one in log_distances]))[0]


def lasting_of(
    pictures: UInt8[np.ndarray, "k h w 3"], log_distances: Float32[np.ndarray, "k h w"]
) -> tuple[Lasting, LogMap]:
    """Return what lasts of pictures of one scale, and its log distance, which is -infinite where a picture shows nothing.

    The distance is that of most pictures of it: the farthest is the one whose depth is most wrong.
    """
    count, height, width = log_distances.shape
    rgb, noise = np.empty((height, width, 3), np.uint8), np.empty((height, width), np.uint8)
    found = np.empty((height, width), np.float32)
    least = max(min(2, count), int(np.ceil(_LEAST_SHARE * count)))

    def fill(first: int, last: int) -> None:
        _lasting(pictures[:, first:last], log_distances[:, first:last], least, rgb[first:last], noise[first:last],
                 found[first:last])

    in_parts(fill, height, least=16)
    return Lasting(rgb, noise), found


def smooth_offset(log_distance: LogMap, wanted: LogMap, counted: Bool[np.ndarray, "h w"]) -> LogMap:
    """Return the smooth field that brings a log distance to the ``wanted`` one, by the ``counted`` pixels that nearly agree."""
    import cv2

    height, width = wanted.shape
    step = max(1, height // _SMALL_ROWS)
    offset, known = (wanted - log_distance)[::step, ::step], counted[::step, ::step]
    if not known.any():
        return np.zeros_like(wanted)
    usual = np.float32(np.median(offset[known]))
    known = known & (np.abs(offset - usual) < _OUTLIER)
    field = usual + low_pass(offset - usual, known, _FIELD_DEG)
    return np.asarray(cv2.resize(field.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR))


@kernel
@no_type_check
def _lasting(pictures, distances, least, rgb, noise, found):
    count, height, width, _ = pictures.shape
    for row in range(height):
        for column in range(width):
            best = _lasting_one(pictures, distances, least, row, column)
            members, strays, red, green, blue = 0, 0, 0, 0, 0
            away = np.empty(count, np.float32)
            for one in range(count):
                differs = _differ(pictures, one, best, row, column)
                if differs <= _SAME_LEVELS and (one == best or distances[one, row, column] > -np.inf):
                    away[members] = distances[one, row, column]
                    members += 1
                    strays += differs
                    red += np.int64(pictures[one, row, column, 0])
                    green += np.int64(pictures[one, row, column, 1])
                    blue += np.int64(pictures[one, row, column, 2])
            rgb[row, column, 0] = (2 * red + members) // (2 * members)
            rgb[row, column, 1] = (2 * green + members) // (2 * members)
            rgb[row, column, 2] = (2 * blue + members) // (2 * members)
            noise[row, column] = strays // members
            found[row, column] = np.sort(away[:members])[members // 2]


@kernel
@no_type_check
def _lasting_one(pictures, distances, least, row, column):
    """Return the picture that stands for what lasts: of those with support, the most supported of the farthest."""
    count, most = len(pictures), 0
    support = np.zeros(count, np.int64)
    for one in range(count):
        for other in range(count):
            if distances[one, row, column] > -np.inf and distances[other, row, column] > -np.inf:
                support[one] += _differ(pictures, one, other, row, column) <= _SAME_LEVELS
        most = max(most, support[one])
    enough = min(least, most)
    farthest = np.float32(-np.inf)
    for one in range(count):
        if support[one] >= enough:
            farthest = max(farthest, distances[one, row, column])
    best = -1
    for one in range(count):
        far = distances[one, row, column] > farthest - np.float32(_FARTHER)
        if support[one] >= enough and far and (best < 0 or support[one] > support[best]):
            best = one
    return max(best, 0)


@kernel
@no_type_check
def _differ(pictures, one, other, row, column):
    """Return the largest difference of two pictures' colours at a pixel."""
    most = 0
    for channel in range(3):
        most = max(most, abs(np.int64(pictures[one, row, column, channel]) - np.int64(pictures[other, row, column, channel])))
    return most
