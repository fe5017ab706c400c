"""The layer behind: what a step aside uncovers behind an edge, continued from the farther side.

Behind every depth edge a band opens that is as wide as the parallax of the step. It is filled with the farther surface,
continued as the plane that it is at the edge, in colours of the farther side alone. All of it lies behind something, so that
from the capture point nothing of it is seen.
"""

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.geometry.equirect import directions
from spag4d.geometry.nearest import angles_to, nearest_of
from spag4d.progress import SILENT, Progress
from spag4d.splat.far_sides import FarSides, far_sides
from spag4d.splat.grid import cover
from spag4d.splat.look import Look
from spag4d.splat.sphere_grid import SphereGrid
from spag4d.splat.surface import InverseMap, inverse_map

_COARSER = 2
"""Cells of the layer behind in cells of the layer in front."""
_BEHIND = 1.06
"""How much farther than what hides it a continued surface has to be."""
_PUSHED = 1.03
"""Farther than its surface by so much, the layer is covered where the surface itself is seen."""
_OCTAVES_PX = (0.0, 4.0, 12.0, 36.0, 108.0, np.inf)
_BEYOND_PX = 1.5
_NEARER, _FARTHER = 2.0, 4.0
"""How much nearer or farther than at the edge a surface may come in its continuation."""


def behind_gaussians(
    panorama: Panorama, depth: DepthMap, *, walk_range_m: float, look: Look | None = None,
    reach_m: tuple[float, float] = (0.1, 100.0), progress: Progress = SILENT,
) -> Gaussians:
    """Return what a step of ``walk_range_m`` aside uncovers; nothing for a step of 0."""
    look = look or Look()
    if walk_range_m <= 0:
        return Gaussians.empty()
    stride = _COARSER * look.stride
    front = inverse_map(panorama, depth, stride, reach_m).inverse
    height = len(front)
    if front.shape[1] != 2 * height:
        front = cv2.resize(front, (2 * height, height), interpolation=cv2.INTER_NEAREST)
    rgb = cv2.resize(panorama.rgb, (2 * height, height), interpolation=cv2.INTER_AREA)
    sides = far_sides(front, rgb, walk_range_m)
    if not len(sides.pixel):
        return Gaussians.empty()
    hidden, colors = continued(front, sides)
    hidden_map = InverseMap(hidden / np.float32(_PUSHED), SphereGrid.of_rows(height, 1))
    return cover(Panorama(colors), hidden_map, hidden_map, replace(look, stride=1, backing=False), progress, "behind")


def continued(
    front: Float32[np.ndarray, "h w"], sides: FarSides
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w 3"]]:
    """Return the inverse distance of the surface that continues behind each pixel, 0 where none does, and its colour."""
    height, width = front.shape
    pitch = np.pi / height
    rays = directions(height)
    hidden, away = np.zeros_like(front), np.full_like(front, np.inf)
    color = np.zeros((height, width, 3), np.float32)
    for least, most in zip(_OCTAVES_PX, _OCTAVES_PX[1:], strict=False):
        chosen = np.flatnonzero((sides.width_rad >= least * pitch) & (sides.width_rad < most * pitch))
        if not len(chosen):
            continue
        reach_px = int(min(np.ceil(sides.width_rad[chosen].max() / pitch + _BEYOND_PX), height // 2))
        nearest = chosen[nearest_of(sides.pixel[chosen], height, reach_px)]
        angle = angles_to(sides.pixel[nearest])
        at_edge = front.ravel()[sides.pixel[nearest]]
        inverse = np.einsum("hwk,hwk->hw", sides.plane[nearest], rays)
        inverse = np.clip(inverse, at_edge / _FARTHER, at_edge * _NEARER)
        take = (angle <= sides.width_rad[nearest] + _BEYOND_PX * pitch) & (angle < away) & (inverse * _BEHIND < front)
        hidden[take], away[take], color[take] = inverse[take], angle[take], sides.color[nearest[take]]
    return hidden, color
