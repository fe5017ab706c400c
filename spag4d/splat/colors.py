"""Colours of cells: area means in linear light."""

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import Panorama
from spag4d.splat.light_kernels import decode, ring_colors
from spag4d.splat.sphere_grid import SphereGrid

Light = Float32[np.ndarray, "rows w 4"]


def light_of_rows(panorama: Panorama, first: int, last: int) -> Light:
    """Return rows of the picture in linear light with the weight of each pixel as fourth channel; 0 where it is invalid."""
    light = np.empty((last - first, panorama.size_hw[1], 4), np.float32)
    valid = np.ones(light.shape[:2], bool) if panorama.valid is None else panorama.valid[first:last]
    decode(panorama.rgb[first:last], valid, light)
    return light


def colors_of_rings(
    light: Light, grid: SphereGrid, first: int, rows_per_ring: int, keep: Bool[np.ndarray, " n"]
) -> Float32[np.ndarray, "kept 3"]:
    """Return the mean colour of the cells to be kept in the rings of these rows, from ring ``first`` on.

    Pixels count by the area that they share with the cell.
    """
    colors = np.empty((int(keep.sum()), 3), np.float32)
    rings = -(-light.shape[0] // rows_per_ring)
    ring_colors(light, grid.counts[first : first + rings], rows_per_ring, keep, colors)
    return colors
