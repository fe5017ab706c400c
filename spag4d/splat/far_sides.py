"""Depth edges on the sphere, and the surface that lies behind each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from spag4d.geometry.around import grown, largest_around
from spag4d.geometry.equirect import directions, pad_sphere
from spag4d.geometry.one_surface import one_surface

_WINDOW_PX = 5
"""Pixels to each side from which the plane behind an edge is fitted, with a Gaussian weight: 11 × 11."""
_SAME_SURFACE = 0.25
"""Share of the inverse distance within which pixels belong to one surface, and never more than half of the gap."""
_FLATNESS_PX2 = 0.2
"""Weight of the wish for no slope, as pixels that lie so far aside: it decides where a surface is a pixel wide."""
_STEEPEST = 6.0
"""Tangent, 80°: a steeper plane would run away within a few pixels of its continuation."""
_STEPS_PX = 3
"""Within so many pixels several steps are one edge: all of them uncover what lies behind the last."""
_MIXED_PX = 1
"""Pixels so near to one at an edge hold some of the nearer side's colour."""


@dataclass(frozen=True)
class FarSides:
    """The pixels (n) on the far side of depth edges.

    ``pixel`` is their index in the picture, ``near`` the inverse distance of the nearer side, ``plane`` (n, 3) the surface
    here: its inverse distance along the unit direction u is plane · u, as it is for every plane; ``color`` its mean colour.
    """

    pixel: Int64[np.ndarray, " n"]
    near: Float32[np.ndarray, " n"]
    plane: Float32[np.ndarray, "n 3"]
    color: Float32[np.ndarray, "n 3"]


def far_sides(
    inverse: Float32[np.ndarray, "h w"], rgb: Float32[np.ndarray, "h w 3"], step_m: float, least_px: float = 1.5
) -> FarSides:
    """Return the far sides of the edges of an inverse distance map that a step of ``step_m`` opens by ``least_px`` or more.

    Zero in ``inverse`` is no surface, and never a far side.
    """
    height, width = inverse.shape
    pitch = np.pi / height
    gap = _gaps(inverse)
    found = np.flatnonzero((gap * step_m > least_px * pitch) & (inverse > 0))
    plane, color = _surfaces(inverse, rgb, gap, found)
    return FarSides(found, largest_around(inverse, _STEPS_PX).ravel()[found], plane, color)


def _gaps(inverse: np.ndarray) -> np.ndarray:
    """Return by how much the inverse distance of the nearest neighbour across an edge exceeds each pixel's own; else 0."""
    height, width = inverse.shape
    padded = pad_sphere(inverse, 3)
    gap = np.zeros_like(inverse)
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        line = [padded[3 + k * down : 3 + k * down + height, 3 + k * right : 3 + k * right + width] for k in (-1, 0, 1, 2)]
        jump = line[2] - line[1]
        edge = (jump > 0) & ~one_surface(jump, line[1] - line[0], line[3] - line[2], line[1], np.pi / height)
        np.maximum(gap, np.where(edge, jump, 0), out=gap)
    return gap


def _surfaces(inverse: np.ndarray, rgb: np.ndarray, gap: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the planes (n, 3) and colours (n, 3) of the surfaces at the pixels ``found``, from neighbours on the same one."""
    height, width = inverse.shape
    row, column = np.divmod(found, width)
    reach = _WINDOW_PX
    padded, colors = pad_sphere(inverse, reach), pad_sphere(rgb, reach)
    mixed = pad_sphere(grown(gap > 0, _MIXED_PX), reach)
    middle = inverse.ravel()[found]
    allowed = np.minimum(_SAME_SURFACE, 0.5 * gap.ravel()[found] / middle) * middle
    ray = directions(height).reshape(-1, 3)[found]
    right, down = _tangents(ray)
    rays = pad_sphere(directions(height), reach)
    normal, target = np.zeros((len(found), 3, 3)), np.zeros((len(found), 3))
    light = np.zeros((len(found), 4))
    for dy in range(-_WINDOW_PX, _WINDOW_PX + 1):
        for dx in range(-_WINDOW_PX, _WINDOW_PX + 1):
            at = (row + dy + reach, column + dx + reach)
            value, other = padded[at], rays[at]
            same = (np.abs(value - middle) <= allowed).astype(np.float64) * np.exp(-(dx * dx + dy * dy) / _WINDOW_PX**2 / 0.7)
            terms = np.stack([np.einsum("nk,nk->n", other, axis) for axis in (ray, right, down)], -1)
            weighted = terms * same[:, None]
            normal += weighted[:, :, None] * terms[:, None]
            target += weighted * value[:, None]
            pure = same * np.where(mixed[at], 1e-3, 1.0)
            light[:, :3] += pure[:, None] * colors[at]
            light[:, 3] += pure
    flatness = _FLATNESS_PX2 * (np.pi / height) ** 2 * normal[:, 0, 0]
    normal[:, 1, 1] += flatness
    normal[:, 2, 2] += flatness
    ahead, to_right, to_down = np.linalg.solve(normal, target[..., None])[..., 0].T
    slope = np.hypot(to_right, to_down) / np.maximum(ahead, 1e-9)
    limit = np.minimum(1, _STEEPEST / np.maximum(slope, 1e-9))
    plane = ahead[:, None] * ray + (to_right * limit)[:, None] * right + (to_down * limit)[:, None] * down
    return plane.astype(np.float32), (light[:, :3] / light[:, 3:]).astype(np.float32)


def _tangents(ray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two unit vectors (n, 3) across each direction, one of them level."""
    level = np.stack([ray[:, 2], np.zeros(len(ray)), -ray[:, 0]], -1)
    level /= np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
    return level, np.cross(ray, level)
