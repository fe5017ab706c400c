"""What the camera carries, before anybody knows where it was: an operator or a tripod has no say about places.

It stays in the same pixels while everything else shifts. So do far mountains, which tell the camera's turns well: only what is
nearer than most of what shifts is carried.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import DepthMap, Panorama
from spag4d.geometry.around import grown
from spag4d.geometry.equirect import crop_sphere, pad_sphere

_ROWS = 256
_WINDOW_PX, _GROWN_PX = 9, 4
"""6° and 3°: a window in which pictures are compared, and how far from what stays features still take in some of it."""
_FEWEST = 3
"""Of two panoramas every repeated pattern may stay where it is."""
_TEXTURE = 0.03
"""Standard deviation of grey in a window, 8 of 255: of less nobody finds features."""
_STAYS = 0.65
"""Of that texture, what may change from picture to picture; of a scene that shifts it is all. At 0.35 an operator who turned
his head was missed, of whom this finds head and shoulder; a shirt that moves remains."""
_SHIFTING = 0.5
"""Of what has texture, that must shift: a camera that stood still carries nothing that could be told from the rest."""
_NEARER = 0.5
"""Of the median distance of what shifts."""


def carried_along(pictures: Sequence[Panorama], depths: Sequence[DepthMap]) -> Bool[np.ndarray, "h w"]:
    """Return what stays in the same pixels of pictures, each with a single view's depth, and is near; on 256 rows at most."""
    rows = min(_ROWS, *(picture.size_hw[0] for picture in pictures))
    nothing = np.zeros((rows, 2 * rows), bool)
    if len(pictures) < _FEWEST:
        return nothing
    greys = np.stack([cv2.cvtColor(_small(picture.rgb, rows), cv2.COLOR_RGB2GRAY) for picture in pictures])
    mean = greys.mean(0)
    texture = np.sqrt(np.maximum(_windowed(mean**2) - _windowed(mean) ** 2 + _windowed(greys.var(0)), 0))
    change = np.sqrt(_windowed(greys.var(0)))
    clear, stays = texture > _TEXTURE, change < _STAYS * texture
    distance = np.median([_small(np.where(depth.sky, np.float32(1e3), depth.distance), rows) for depth in depths], axis=0)
    shifting = clear & ~stays
    if shifting.sum() < _SHIFTING * clear.sum() or not shifting.any():
        return nothing
    found = clear & stays & (distance < _NEARER * np.median(distance[shifting]))
    return grown(found, _GROWN_PX) if found.any() else found


def _small(values: np.ndarray, rows: int) -> np.ndarray:
    return cv2.resize(values.astype(np.float32), (2 * rows, rows), interpolation=cv2.INTER_AREA)


def _windowed(values: np.ndarray) -> Float32[np.ndarray, "h w"]:
    margin = _WINDOW_PX // 2
    return crop_sphere(cv2.blur(pad_sphere(values.astype(np.float32), margin), (_WINDOW_PX, _WINDOW_PX)), margin)
