"""The layer behind: what a step aside uncovers behind an edge, continued from the farther side.

Behind every depth edge a band opens that is as wide as the parallax of the step. It is filled with the farther surface,
continued as the plane that it is at the edge, in colours of the farther side alone. All of it lies behind something, so that
from the capture point nothing of it is seen.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.geometry.around import smallest_around
from spag4d.geometry.equirect import directions
from spag4d.geometry.nearest import nearest_of
from spag4d.kernels import in_parts, kernel
from spag4d.progress import SILENT, Progress
from spag4d.splat.far_sides import FarSides, far_sides
from spag4d.splat.fine import UniformCells
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.grid import cover
from spag4d.splat.sphere_grid import SphereGrid
from spag4d.splat.surface import InverseMap, inverse_map

_COARSER = 2
"""Cells of the layer behind in cells of the layer in front."""
_FEWEST_ROWS = 16
"""Fewer hold no surface that could be continued."""
_BEHIND = np.float32(1.06)
"""How much farther than what hides it a continued surface has to be."""
_PUSHED = 1.03
"""Farther than its surface by so much, the layer is covered where the surface itself is seen."""
_REACH_PX = 2
"""How far a cell is seen: nearer than the farthest surface so close by the layer would show, and no sky can hide it."""
_OCTAVES_RAD = (0.0, 0.03, 0.1, 0.3, np.inf)
"""Edges are looked at by how much they uncover, so that far edges nearby do not hide near ones farther away."""
_BEYOND_PX = 1.5
"""Of the layer's own pixels: an edge lies anywhere within one, and a Gaussian reaches half a pixel beyond its middle."""
_NEARER, _FARTHER = np.float32(2), np.float32(4)
"""How much nearer or farther than at the edge a surface may come in its continuation."""
_ONE, _QUARTER = np.float32(1), np.float32(math.pi / 2)
"""No arc is longer than a quarter turn times its sine. Python's own numbers would make float64 of a kernel's arithmetic."""
_ROWS = 32
"""Fewest rows for a thread: less takes no longer than starting it."""


def behind_gaussians(
    panorama: Panorama, depth: DepthMap, *, step_m: float, stride: int = 2, look: Look | None = None,
    near_far_m: tuple[float, float] = (0.1, 100.0), progress: Progress = SILENT,
) -> Gaussians:
    """Return what a step of ``step_m`` aside uncovers; nothing for a step of 0.

    ``stride`` is that of the layer in front, in pixels.
    """
    if step_m <= 0:
        return Gaussians.empty()
    front = inverse_map(panorama, depth, _COARSER * stride, near_far_m).inverse
    height = len(front)
    if height < _FEWEST_ROWS:
        return Gaussians.empty()
    if front.shape[1] != 2 * height:
        front = cv2.resize(front, (2 * height, height), interpolation=cv2.INTER_NEAREST)
    rgb = cv2.resize(panorama.rgb, (2 * height, height), interpolation=cv2.INTER_AREA)
    sides = far_sides(front, rgb, step_m)
    if not len(sides.pixel):
        return Gaussians.empty()
    look, grid = replace(look or Look(), backing=False), SphereGrid.of_rows(height, 1)
    limit = smallest_around(front, _REACH_PX)
    parts = []
    for inverse, color in continued(front, sides, step_m):
        surface = InverseMap(np.minimum(inverse, limit) / np.float32(_PUSHED), grid)
        parts.append(cover(Panorama(color, valid=inverse > 0), UniformCells(surface, 1), surface, look, progress).joined)
    return Gaussians.concatenate(parts)


Layer = tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w 3"]]


def continued(front: Float32[np.ndarray, "h w"], sides: FarSides, step_m: float) -> tuple[Layer, Layer]:
    """Return the inverse distance of the surface that continues behind each pixel, 0 where none does, and its colour.

    The second is another one behind the first: of several edges nearby each uncovers something else. From ``step_m`` aside of
    the capture point an edge at the inverse distance n uncovers what lies at b over an angle of at most asin(n step_m) -
    asin(b step_m). Sky continues too: where it is the nearest, no surface does.
    """
    height = len(front)
    groups = [np.flatnonzero(chosen) for chosen in _by_width(sides, front.ravel()[sides.pixel], step_m)]
    index, away_rad = zip(*(nearest_of(sides.pixel[group], height) for group in groups), strict=True)
    edges = np.concatenate(groups), np.cumsum([0, *map(len, groups)])
    inverse, color = np.zeros((2, *front.shape), np.float32), np.zeros((2, *front.shape, 3), np.float32)
    surfaces = sides.pixel, sides.near, sides.plane, sides.color
    pictures = front, directions(height), _angle_to_sky(front), np.stack(index), np.stack(away_rad)
    in_parts(lambda first, last: _continue(first, last, pictures, edges, surfaces, np.float32(step_m), inverse, color),
             height, _ROWS)
    return (inverse[0], color[0]), (inverse[1], color[1])


def _by_width(sides: FarSides, far: np.ndarray, step_m: float) -> Iterator[Bool[np.ndarray, " n"]]:
    """Split the edges by how much they uncover: of those alike only the nearest matters to a pixel."""
    sine_near, sine_far = (np.minimum(inverse * np.float32(step_m), 1) for inverse in (sides.near, far))
    widest = np.arcsin(sine_near) - np.arcsin(sine_far)
    for least, most in pairwise(_OCTAVES_RAD):
        chosen = (widest >= least) & (widest < most)
        if chosen.any():
            yield chosen


def _angle_to_sky(front: np.ndarray) -> Float32[np.ndarray, "h w"]:
    sky = np.flatnonzero(front == 0)
    return nearest_of(sky, len(front))[1] if len(sky) else np.full_like(front, np.inf)


@kernel
@no_type_check
def _continue(first, last, pictures, groups_of_edges, surfaces, step_m, inverse, colors):
    """Write, for some rows, the two layers' inverse distances (2, h, w) and colours; each group's nearest edge is asked."""
    front, rays, sky_rad, index, away_rad = pictures
    edges, starts = groups_of_edges
    pixel, near, plane, color = surfaces
    groups, height, width = index.shape
    beyond, flat = np.float32(_BEYOND_PX * math.pi / height), front.ravel()
    there, away, which = np.empty(groups, np.float32), np.empty(groups, np.float32), np.empty(groups, np.int64)
    for row in range(first, last):
        for column in range(width):
            hidden_by, n = front[row, column], 0
            x, y, z = rays[row, column]
            for group in range(groups):
                angle = away_rad[group, row, column]
                edge = edges[starts[group] + index[group, row, column]]
                hides = min(max(near[edge], hidden_by) * step_m, _ONE)  # a thing that bulges comes off farther than its outline
                if angle > sky_rad[row, column] or angle > hides * _QUARTER + beyond:
                    continue
                at_edge = flat[pixel[edge]]
                farther = plane[edge, 0] * x + plane[edge, 1] * y + plane[edge, 2] * z
                farther = min(max(farther, at_edge / _FARTHER), at_edge * _NEARER)
                if farther * _BEHIND > hidden_by or angle > np.arcsin(hides) - np.arcsin(min(farther * step_m, _ONE)) + beyond:
                    continue
                there[n], away[n], which[n] = farther, angle, edge
                n += 1
            _keep_nearest(n, there, away, which, color, inverse[:, row, column], colors[:, row, column])


@kernel
@no_type_check
def _keep_nearest(n, there, away, which, color, inverse, colors):
    """Write which of ``n`` surfaces ends nearest, and which of those behind that one."""
    limit = np.float32(np.inf)
    for layer in range(2):
        best = -1
        for k in range(n):
            if there[k] * _BEHIND <= limit and (best < 0 or away[k] < away[best]):
                best = k
        if best < 0:
            return
        limit = inverse[layer] = there[best]
        for c in range(3):
            colors[layer, c] = color[which[best], c]
