"""Depth edges on the sphere, and the surface that lies behind each."""

import math
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int64

from spag4d.geometry.around import grown, largest_around
from spag4d.geometry.equirect import crop_sphere, directions, pad_sphere
from spag4d.geometry.one_surface import TO_FOLLOW, one_surface
from spag4d.kernels import in_parts, kernel

_WINDOW_PX = 5
"""Pixels to each side from which the plane behind an edge is fitted, with a Gaussian weight: 11 × 11."""
_WEIGHTS = np.exp(-np.add.outer(*2 * [np.arange(-_WINDOW_PX, _WINDOW_PX + 1) ** 2]) / _WINDOW_PX**2 / 0.7)
_SAME_SURFACE = np.float32(0.25)
"""Share of the inverse distance within which pixels belong to one surface, and never more than half of the gap."""
_FLATNESS_PX2 = 0.2
"""Weight of the wish for no slope, as pixels that lie so far aside: it decides where a surface is a pixel wide."""
_STEEPEST = 6.0
"""Tangent, 80°: a steeper plane would run away within a few pixels of its continuation."""
_STEPS_PX = 3
"""Within so many pixels several steps are one edge: all of them uncover what lies behind the last."""
_MIXED_PX = 1
"""Pixels so near to one at an edge hold some of the nearer side's colour."""
_MIXED_WEIGHT = 1e-3
"""Of such pixels in a colour: they count where there are no others."""


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
    gap = _gaps(inverse)
    found = np.flatnonzero((gap * step_m > least_px * np.pi / len(inverse)) & (inverse > 0))
    plane, color = np.empty((len(found), 3), np.float32), np.empty((len(found), 3), np.float32)
    pictures = inverse, rgb, gap, grown(gap > 0, _MIXED_PX), directions(len(inverse))
    in_parts(lambda first, last: _fit(*pictures, found[first:last], _WEIGHTS, plane[first:last], color[first:last]), len(found))
    return FarSides(found, largest_around(inverse, _STEPS_PX).ravel()[found], plane, color)


def _gaps(inverse: np.ndarray) -> np.ndarray:
    """Return by how much the inverse distance of the nearest neighbour across an edge exceeds each pixel's own; else 0."""
    padded, pitch = pad_sphere(inverse, 2), np.pi / len(inverse)
    gap, flat = np.zeros_like(padded), padded.ravel()
    for by in (1, padded.shape[1]):
        here, there = flat[by : -2 * by], flat[2 * by : -by]
        found = by + np.flatnonzero(np.abs(there - here) > TO_FOLLOW.level(pitch) * np.minimum(here, there))
        before, first, second, after = (flat[found + k * by] for k in (-1, 0, 1, 2))
        step = second - first
        edge = ~one_surface(step, first - before, after - second, np.minimum(first, second), pitch)
        np.maximum.at(gap.ravel(), (found + by * (step < 0))[edge], np.abs(step)[edge])
    return np.ascontiguousarray(crop_sphere(gap, 2))


@kernel
@no_type_check
def _fit(inverse, rgb, gap, mixed, rays, found, weights, plane, color):
    """Write the planes (n, 3) and colours (n, 3) of the surfaces at the pixels ``found``, from neighbours on the same one."""
    height, width = inverse.shape
    reach = len(weights) // 2
    flatness = _FLATNESS_PX2 * (math.pi / height) ** 2
    for i in range(len(found)):
        row, column = found[i] // width, found[i] % width
        middle = inverse[row, column]
        allowed = min(_SAME_SURFACE * middle, np.float32(0.5) * gap[row, column])
        x, y, z = rays[row, column]
        flat = max(math.sqrt(x * x + z * z), 1e-9)
        ex, ez = z / flat, -x / flat
        sx, sy, sz = y * ez, z * ex - x * ez, -y * ex
        aa = ar = ad = rr = rd = dd = av = rv = dv = red = green = blue = light = 0.0
        for down in range(-reach, reach + 1):
            for right in range(-reach, reach + 1):
                other, beside = row + down, column + right
                if other < 0 or other >= height:  # over the pole
                    other, beside = -1 - other if other < 0 else 2 * height - 1 - other, beside + height
                beside = beside + width if beside < 0 else beside - width if beside >= width else beside
                value = inverse[other, beside]
                if abs(value - middle) > allowed:
                    continue
                weight = weights[down + reach, right + reach]
                u, v, w = rays[other, beside]
                ahead, aside, below = u * x + v * y + w * z, u * ex + w * ez, u * sx + v * sy + w * sz
                aa += weight * ahead * ahead
                ar += weight * ahead * aside
                ad += weight * ahead * below
                rr += weight * aside * aside
                rd += weight * aside * below
                dd += weight * below * below
                av += weight * ahead * value
                rv += weight * aside * value
                dv += weight * below * value
                if mixed[other, beside]:
                    weight *= _MIXED_WEIGHT
                red += weight * rgb[other, beside, 0]
                green += weight * rgb[other, beside, 1]
                blue += weight * rgb[other, beside, 2]
                light += weight
        ahead, aside, below = _solved(aa, ar, ad, rr + flatness * aa, rd, dd + flatness * aa, av, rv, dv)
        limit = min(1.0, _STEEPEST * max(ahead, 1e-9) / max(math.sqrt(aside * aside + below * below), 1e-30))
        aside, below = aside * limit, below * limit
        plane[i, 0] = ahead * x + aside * ex + below * sx
        plane[i, 1] = ahead * y + below * sy
        plane[i, 2] = ahead * z + aside * ez + below * sz
        color[i, 0], color[i, 1], color[i, 2] = red / light, green / light, blue / light


@kernel
@no_type_check
def _solved(aa, ab, ac, bb, bc, cc, a, b, c):
    """Return the solution of three equations whose matrix is symmetric and positive."""
    ba, ca = ab / aa, ac / aa
    bb, bc, cc = bb - ba * ab, bc - ba * ac, cc - ca * ac
    b, c = b - ba * a, c - ca * a
    cb = bc / bb
    third = (c - cb * b) / (cc - cb * bc)
    second = (b - bc * third) / bb
    return (a - ab * second - ac * third) / aa, second, third
