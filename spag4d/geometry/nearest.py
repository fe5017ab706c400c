"""The nearest of some pixels of a panorama, from everywhere."""

import cv2
import numpy as np
from jaxtyping import Float32, Int, Int32

from spag4d.geometry.equirect import crop_sphere, directions, pad_sphere


def nearest_of(pixel: Int[np.ndarray, " n"], height: int, reach_px: int) -> Int32[np.ndarray, "h w"]:
    """Return for every pixel of a panorama which of the given ones is the nearest, as an index into ``pixel``.

    ``pixel`` (n ≥ 1) counts row by row. What is nearest is measured in the picture, so close to a pole it can be another
    one than on the sphere; a pixel that is farther than ``reach_px`` may lie nearer across the picture's border.
    """
    reach_px = min(reach_px, height)
    away, number = np.ones((height, 2 * height), np.uint8), np.zeros((height, 2 * height), np.int32)
    away.ravel()[pixel] = 0
    number.ravel()[pixel] = np.arange(len(pixel))
    away, number = pad_sphere(away, reach_px), pad_sphere(number, reach_px)
    _, label = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    label = np.asarray(label)
    of_label = np.zeros(int(label.max()) + 1, np.int32)
    of_label[label[away == 0]] = number[away == 0]
    return of_label[crop_sphere(label, reach_px)]


def angles_to(pixel: Int[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return the angle in radians between every pixel and the one whose number, row by row, stands there."""
    rays = directions(pixel.shape[0])
    other = rays.reshape(-1, 3)[pixel]
    return 2 * np.arcsin(np.minimum(np.linalg.norm(rays - other, axis=-1) / 2, 1))
