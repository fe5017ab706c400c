"""How a picture of a scene changes with the scene's Gaussians: the gradient of its error, square but for large differences.

As in 3D Gaussian Splatting (Kerbl et al. 2023), but blended a second time from front to back: what is behind a Gaussian is what
the finished picture has left.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int

from spag4d.data import Gaussians, PinholeCamera, Pose
from spag4d.kernels import kernel, threads
from spag4d.render.blend import Pixels, blend, by_tile
from spag4d.render.project import Splats, project
from spag4d.render.seen_colors import seen_colors
from spag4d.render.view import panorama_views

_LEAST_ALPHA, _MOST_ALPHA = np.float32(1 / 255), np.float32(0.999)
_OPAQUE = np.float32(1e-3)
"""What may still shine through when blending ends: less has no weight in a gradient."""
_LOOK_EVERY = 16
_ONE, _ZERO, _TWO, _HALF = np.float32(1), np.float32(0), np.float32(2), np.float32(0.5)
_EIGHTH, _FARTHEST = np.float32(0.125), np.float32(-6)
_C2, _C3, _C4, _C5 = (np.float32(1 / factorial) for factorial in (2, 6, 24, 120))
"""All of these as in `blend`."""
_SURPRISING = 0.3
"""Length of a difference of sRGB colours from which on it counts in proportion: so much is a thing that moved, or gloss."""
_LEAST_OPACITY = 1e-4
_MOST_SLANT = np.float32(1.3)
"""Tangent from the axis beyond which means, as in `project`, have no influence on their ellipses."""


@dataclass(frozen=True)
class Photograph:
    """A panorama ``rgb``, sRGB 0–1, in which each pixel counts with its ``weight``, 0 and more; and the camera's pose."""

    rgb: Float32[np.ndarray, "h w 3"]
    weight: Float32[np.ndarray, "h w"]
    pose: Pose

    def views(self) -> list[tuple[PinholeCamera, Pixels]]:
        """Return views that together show all of it, each with the pixels that it shows."""
        return [(_turned(camera, self.pose), pixels) for camera, pixels in panorama_views(len(self.rgb), self.pose.translation)]


@dataclass(frozen=True)
class Gradient:
    """By how much half the weighted error of a picture grows with colours, opacities and means of some Gaussians.

    Of means only the shift counts; that things look smaller from farther away does not.
    ``members`` (m,) are those that matter, ``error`` is the weighted error itself, square up to a difference of 0.3.
    """

    members: Int[np.ndarray, " m"]
    colors: Float32[np.ndarray, "m 3"]
    opacities: Float32[np.ndarray, " m"]
    means: Float32[np.ndarray, "m 3"]
    error: float


def panorama_gradient(gaussians: Gaussians, photograph: Photograph) -> Gradient:
    """Return the gradient of the difference between a drawn panorama and a photograph from the same place."""
    views = photograph.views()
    with ThreadPoolExecutor(min(len(views), threads())) as pool:
        faces = list(pool.map(lambda view: _of_face(gaussians, photograph, *view), views))
    sums = np.zeros((len(gaussians), 7), np.float32)
    for index, some, _ in faces:
        sums[index] += some
    members = np.flatnonzero(sums.any(1))
    found = sums[members]
    return Gradient(members, found[:, :3], found[:, 3], found[:, 4:], sum(error for *_, error in faces))


def _turned(camera: PinholeCamera, pose: Pose) -> PinholeCamera:
    """Return a camera of a panorama's axes in those of the world."""
    return replace(camera, world_from_camera=Pose(pose.rotation @ camera.world_from_camera.rotation, pose.translation))


def _of_face(
    gaussians: Gaussians, photograph: Photograph, camera: PinholeCamera, pixels: Pixels
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return which Gaussians a view shows, gradients (n, 7) of colours, opacity and mean, and the weighted error."""
    splats = project(gaussians, camera, compensated=True)
    colors = seen_colors(gaussians, splats.index, camera.world_from_camera.translation)
    drawn = np.zeros((photograph.weight.size, 5), np.float32)
    blend(splats, colors, pixels, drawn)
    rgb = drawn[pixels.order, :3]
    slope, error = _robust(rgb - photograph.rgb.reshape(-1, 3)[pixels.order], photograph.weight.reshape(-1)[pixels.order])
    bounds, members = by_tile(splats, pixels.tiles_hw)
    out = np.zeros((len(splats.index), 6), np.float32)
    _blend_back(np.concatenate([splats.ellipses, colors], 1), bounds, members, pixels.places, pixels.blocks, pixels.boxes,
                rgb, slope, out)
    return splats.index, _in_space(out, splats, gaussians, camera), error


def _robust(missing: Float32[np.ndarray, "n 3"], weight: Float32[np.ndarray, " n"]) -> tuple[np.ndarray, float]:
    """Return by how much half the error grows with each colour (n, 3), and the error: Huber's (1964), square for small ones."""
    size = np.linalg.norm(missing, axis=1)
    counts = np.minimum(1, _SURPRISING / np.maximum(size, np.float32(1e-6))).astype(np.float32)
    error = weight * size**2 * counts * (2 - counts)
    return (weight * counts)[:, None] * missing, float(error.sum())


def _in_space(
    out: Float32[np.ndarray, "n 6"], splats: Splats, gaussians: Gaussians, camera: PinholeCamera
) -> Float32[np.ndarray, "n 7"]:
    """Return gradients of colours, of the opacity before compensation, and of the mean, from those on the view."""
    index, rotation = splats.index, camera.world_from_camera.rotation.astype(np.float32)
    opacity = out[:, 3] * splats.ellipses[:, 7] / np.maximum(gaussians.opacities[index], np.float32(_LEAST_OPACITY))
    x, y, z = ((gaussians.means[index] - camera.world_from_camera.translation.astype(np.float32)) @ rotation).T
    inside = np.maximum(np.abs(x), np.abs(y)) < _MOST_SLANT * z
    across, down = (np.where(inside, np.float32(scale) * by / z, 0)
                    for scale, by in ((camera.fx, out[:, 4]), (camera.fy, out[:, 5])))
    means = np.stack([across, down, -(across * x + down * y) / z], -1) @ rotation.T
    return np.concatenate([out[:, :3], opacity[:, None], means], 1)


@kernel
@no_type_check
def _blend_back(drawn, bounds, members, places, blocks, boxes, full, slope, out):
    """Add to the rows of ``out`` gradients of colour, alpha at the centre, and the centre's u and v.

    ``full`` (places, 3) is the finished picture, ``slope`` (places, 3) by how much the error grows with it.
    """
    for block in range(len(blocks)):
        first, last, tile = blocks[block]
        left, right, top, bottom = boxes[block]
        size = last - first
        u, v = places[0, first:last], places[1, first:last]
        rest, grow = np.ascontiguousarray(full[first:last].T), np.ascontiguousarray(slope[first:last].T)
        red, green, blue = rest[0], rest[1], rest[2]
        by_red, by_green, by_blue = grow[0], grow[1], grow[2]
        through = np.ones(size, np.float32)
        since = 0
        for place in range(bounds[tile], bounds[tile + 1]):
            x, y, xx, xy, yy, across, along, most, r, g, b = drawn[members[place]]
            if x + across < left or x - across > right or y + along < top or y - along > bottom:
                continue
            s_r = s_g = s_b = s_alpha = s_u = s_v = _ZERO
            for k in range(size):
                dx, dy = u[k] - x, v[k] - y
                power = -_HALF * (xx * dx * dx + _TWO * xy * dx * dy + yy * dy * dy)
                power = max(min(power, _ZERO), _FARTHEST) * _EIGHTH
                e = _ONE + power * (_ONE + power * (_C2 + power * (_C3 + power * (_C4 + power * _C5))))
                e *= e
                e *= e
                e *= e
                covered = min(most * e, _MOST_ALPHA)
                e, covered = (e, covered) if covered >= _LEAST_ALPHA else (_ZERO, _ZERO)
                weight = covered * through[k]
                red[k] -= weight * r
                green[k] -= weight * g
                blue[k] -= weight * b
                own = r * by_red[k] + g * by_green[k] + b * by_blue[k]
                behind = red[k] * by_red[k] + green[k] * by_green[k] + blue[k] * by_blue[k]
                by_alpha = through[k] * own - behind / (_ONE - covered)
                through[k] -= weight
                s_r += weight * by_red[k]
                s_g += weight * by_green[k]
                s_b += weight * by_blue[k]
                s_alpha += by_alpha * e
                s_u += by_alpha * covered * (xx * dx + xy * dy)
                s_v += by_alpha * covered * (xy * dx + yy * dy)
            row = out[members[place]]
            row[0] += s_r
            row[1] += s_g
            row[2] += s_b
            row[3] += s_alpha
            row[4] += s_u
            row[5] += s_v
            since += 1
            if since % _LOOK_EVERY == 0:
                clearest = _ZERO
                for k in range(size):
                    clearest = max(clearest, through[k])
                if clearest < _OPAQUE:
                    break
