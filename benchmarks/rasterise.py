"""A reference rasteriser for Gaussians: slow, small, and like the ones that viewers use.

Elliptical weighted averaging as in 3D Gaussian Splatting (Kerbl et al. 2023): each Gaussian is projected with the Jacobian of
the perspective at its centre, 0.3 px² are added to its covariance, and the Gaussians are blended from front to back in the
order of their z, in sRGB. The compensated kind also multiplies the opacity by sqrt(det / det') of the covariance without and
with the added part (Yu et al., Mip-Splatting, 2024), as web viewers do by default.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spag4d.data import Gaussians, PinholeCamera
from spag4d.geometry.rotation import rotations_from_quats

_LOW_PASS_PX2 = 0.3
_LEAST_ALPHA = 1 / 255
_MOST_ALPHA = 0.999
_TILE = 16
_CHUNK = 512

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Splats:
    """Projected Gaussians from front to back: ``center`` (n, 2) px, ``conic`` (n, 3) inverse covariance, ``radius`` px."""

    center: Floats
    conic: Floats
    radius: Floats
    alpha: Floats
    color: Floats


def rasterise(gaussians: Gaussians, camera: PinholeCamera, *, compensated: bool) -> tuple[Floats, Floats]:
    """Return colour (h, w, 3), sRGB over black, and alpha (h, w) of a view."""
    splats = _project(gaussians, camera, compensated)
    across, down = -(-camera.width // _TILE), -(-camera.height // _TILE)
    order, bounds = _by_tile(splats, across, down)
    picture = np.zeros((down * _TILE, across * _TILE, 4), np.float32)
    pixel = np.stack(np.meshgrid(np.arange(_TILE), np.arange(_TILE)), -1).reshape(-1, 2).astype(np.float32) + 0.5
    for tile in range(across * down):
        corner = np.array([tile % across, tile // across], np.float32) * _TILE
        members = order[bounds[tile] : bounds[tile + 1]]
        y, x = (int(v) for v in corner[::-1])
        picture[y : y + _TILE, x : x + _TILE] = _blend(splats, members, pixel + corner).reshape(_TILE, _TILE, 4)
    picture = picture[: camera.height, : camera.width]
    return picture[..., :3], picture[..., 3]


def _project(gaussians: Gaussians, camera: PinholeCamera, compensated: bool) -> _Splats:
    rotation, translation = camera.world_from_camera.rotation, camera.world_from_camera.translation
    near = _may_be_seen(gaussians, camera)
    points = (gaussians.means[near] - translation.astype(np.float32)) @ rotation.astype(np.float32)
    order = np.argsort(points[:, 2], kind="stable")
    near, points = near[order], points[order]
    focal = np.array([camera.fx, camera.fy], np.float32)
    center = points[:, :2] / points[:, 2:] * focal + np.array([camera.cx, camera.cy], np.float32)
    axes = np.einsum("ji,njk->nik", rotation.astype(np.float32), rotations_from_quats(gaussians.quats_wxyz[near]))
    axes = axes * gaussians.scales[near][:, None, :]
    slant = points[:, :2] / points[:, 2:]
    limit = 1.3 * np.array([camera.width, camera.height]) / 2 / focal
    slant = np.clip(slant, -limit, limit)
    flat = (axes[:, :2] - slant[:, :, None] * axes[:, 2:]) * (focal[:, None] / points[:, 2, None, None])
    a, b, c = (flat[:, 0] ** 2).sum(1), (flat[:, 0] * flat[:, 1]).sum(1), (flat[:, 1] ** 2).sum(1)
    before = np.maximum(a * c - b * b, 0)
    a, c = a + _LOW_PASS_PX2, c + _LOW_PASS_PX2
    after = a * c - b * b
    alpha = gaussians.opacities[near] * (np.sqrt(before / after) if compensated else 1)
    largest = (a + c) / 2 + np.sqrt(np.maximum(((a - c) / 2) ** 2 + b * b, 0))
    radius = np.sqrt(2 * np.log(np.maximum(alpha / _LEAST_ALPHA, 1)) * largest)
    conic = np.stack([c, -b, a], -1) / after[:, None]
    fields = (center, conic, radius, alpha, gaussians.colors[near])
    return _Splats(*(field.astype(np.float32) for field in fields))


def _may_be_seen(gaussians: Gaussians, camera: PinholeCamera) -> NDArray[np.int64]:
    """Return the indices of Gaussians whose four standard deviations meet a cone around the view."""
    pose = camera.world_from_camera
    relative = gaussians.means - pose.translation.astype(np.float32)
    z = relative @ pose.rotation[:, 2].astype(np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", relative, relative))
    half_diagonal = np.hypot(max(camera.cx, camera.width - camera.cx), max(camera.cy, camera.height - camera.cy))
    cosine = camera.fx / np.hypot(camera.fx, half_diagonal)
    return np.flatnonzero((z > 0.01) & (z + 4 * gaussians.scales.max(1) > length * cosine * 0.99))


def _by_tile(splats: _Splats, across: int, down: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the splats of each tile, tile after tile and from front to back, and where each begins."""
    low = np.floor((splats.center - splats.radius[:, None]) / _TILE).astype(int)
    high = np.floor((splats.center + splats.radius[:, None]) / _TILE).astype(int)
    low = np.maximum(low, 0)
    high = np.minimum(high, [across - 1, down - 1])
    wide, tall = np.maximum(high - low + 1, 0).T
    wide[splats.radius == 0] = 0
    count = wide * tall
    index = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(index)) - np.repeat(np.cumsum(count) - count, count)
    tile = (low[index, 1] + place // wide[index]) * across + low[index, 0] + place % wide[index]
    order = np.argsort(tile, kind="stable")
    return index[order], np.searchsorted(tile[order], np.arange(across * down + 1))


def _blend(splats: _Splats, members: NDArray[np.int64], pixels: Floats) -> Floats:
    result = np.zeros((len(pixels), 4), np.float32)
    through = np.ones(len(pixels), np.float32)
    for start in range(0, len(members), _CHUNK):
        part = members[start : start + _CHUNK]
        dx = pixels[:, 0] - splats.center[part, 0, None]
        dy = pixels[:, 1] - splats.center[part, 1, None]
        xx, xy, yy = (splats.conic[part, k, None] for k in range(3))
        alpha = splats.alpha[part, None] * np.exp(-0.5 * (xx * dx * dx + yy * dy * dy) - xy * dx * dy)
        alpha = np.where(alpha < _LEAST_ALPHA, 0, np.minimum(alpha, _MOST_ALPHA))
        left = np.cumprod(1 - alpha, axis=0)
        weight = alpha * np.concatenate([np.ones_like(through)[None], left[:-1]]) * through
        result[:, :3] += weight.T @ splats.color[part]
        through = through * left[-1]
        if through.max() < 1e-4:
            break
    result[:, 3] = 1 - through
    return result
