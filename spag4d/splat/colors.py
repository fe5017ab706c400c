"""Colours of cells: area means in linear light."""

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.color import linear_from_srgb
from spag4d.data import Panorama
from spag4d.splat.sphere_grid import SphereGrid

Light = Float32[np.ndarray, "rows w 4"]


def light_of_rows(panorama: Panorama, first: int, last: int) -> Light:
    """Return rows of the picture in linear light with the weight of each pixel as fourth channel: 0 where it is invalid."""
    light = np.ones((last - first, panorama.size_hw[1], 4), np.float32)
    light[..., :3] = linear_from_srgb(panorama.rgb[first:last])
    if panorama.valid is not None:
        light *= panorama.valid[first:last, :, None]
    return light


def ring_means(light: Light, grid: SphereGrid, first: int, rows_per_ring: int) -> Float32[np.ndarray, "n 3"]:
    """Return the mean linear light of every cell in the rings of these rows, from ring ``first`` on.

    Pixels count by the area that they share with the cell.
    """
    means = []
    for k, top in enumerate(range(0, light.shape[0], rows_per_ring)):
        rows = light[top : top + rows_per_ring]
        count = int(grid.counts[first + k])
        means.append(cv2.resize(rows, (count, 1), interpolation=cv2.INTER_AREA)[0])
    mean = np.concatenate(means)
    return mean[:, :3] / np.maximum(mean[:, 3:], np.float32(1e-6))
