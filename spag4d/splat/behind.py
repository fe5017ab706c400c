"""The layer behind: what a step aside uncovers behind an edge, continued from the farther side.

Behind every depth edge a band opens that is as wide as the parallax of the step. It is filled with the farther surface,
continued as the plane that it is at the edge, in colours of the farther side alone. All of it lies behind something, so that
from the capture point nothing of it is seen.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.geometry.around import smallest_around
from spag4d.geometry.equirect import directions
from spag4d.geometry.nearest import angles_to, nearest_of
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
_BEHIND = 1.06
"""How much farther than what hides it a continued surface has to be."""
_PUSHED = 1.03
"""Farther than its surface by so much, the layer is covered where the surface itself is seen."""
_REACH_PX = 2
"""How far a cell is seen: nearer than the farthest surface so close by the layer would show, and no sky can hide it."""
_OCTAVES_RAD = (0.0, 0.03, 0.1, 0.3, np.inf)
"""Edges are looked at by how much they uncover, so that far edges nearby do not hide near ones farther away."""
_BEYOND_PX = 1.5
"""Of the layer's own pixels: an edge lies anywhere within one, and a Gaussian reaches half a pixel beyond its middle."""
_NEARER, _FARTHER = 2.0, 4.0
"""How much nearer or farther than at the edge a surface may come in its continuation."""


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
    found = [_continued(front, chosen, step_m) for chosen in _by_width(sides, front.ravel()[sides.pixel], step_m)]
    away, inverse, color = (np.stack(values) for values in zip(*found, strict=True))
    away[away > _angle_to_sky(front)] = np.inf
    first = _nearest_layer(away, inverse, color)
    away[inverse * np.float32(_BEHIND) > first[0]] = np.inf
    return first, _nearest_layer(away, inverse, color)


def _nearest_layer(away: np.ndarray, inverse: np.ndarray, color: np.ndarray) -> Layer:
    best = away.argmin(0)[None]
    there = np.isfinite(np.take_along_axis(away, best, 0)[0])
    chosen = np.take_along_axis(inverse, best, 0)[0], np.take_along_axis(color, best[..., None], 0)[0]
    return np.where(there, chosen[0], np.float32(0)), chosen[1]


def _by_width(sides: FarSides, far: np.ndarray, step_m: float) -> Iterator[FarSides]:
    """Split the edges by how much they uncover: of those alike only the nearest matters to a pixel."""
    widest = _uncovered_rad(sides.near, far, step_m)
    for least, most in pairwise(_OCTAVES_RAD):
        chosen = (widest >= least) & (widest < most)
        if chosen.any():
            yield FarSides(sides.pixel[chosen], sides.near[chosen], sides.plane[chosen], sides.color[chosen])


def _continued(front: np.ndarray, sides: FarSides, step_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how far the nearest edge is, infinite where it uncovers nothing, and the continuation of what is behind it."""
    height = len(front)
    nearest = nearest_of(sides.pixel, height)
    away, at_edge = angles_to(sides.pixel[nearest]), front.ravel()[sides.pixel[nearest]]
    inverse = np.einsum("hwk,hwk->hw", sides.plane[nearest], directions(height))
    inverse = np.clip(inverse, at_edge / _FARTHER, at_edge * _NEARER)
    hides = np.maximum(sides.near[nearest], front)  # a thing that bulges comes off farther than its outline does
    reach = _uncovered_rad(hides, inverse, step_m) + np.float32(_BEYOND_PX * np.pi / height)
    away[(away > reach) | (inverse * np.float32(_BEHIND) > front)] = np.inf
    return away, inverse, sides.color[nearest]


def _uncovered_rad(near: np.ndarray, far: np.ndarray, step_m: float) -> np.ndarray:
    sine_near, sine_far = (np.minimum(inverse * np.float32(step_m), 1) for inverse in (near, far))
    return np.arcsin(sine_near) - np.arcsin(sine_far)


def _angle_to_sky(front: np.ndarray) -> Float32[np.ndarray, "h w"]:
    sky = np.flatnonzero(front == 0)
    if not len(sky):
        return np.full_like(front, np.inf)
    return angles_to(sky[nearest_of(sky, len(front))])
