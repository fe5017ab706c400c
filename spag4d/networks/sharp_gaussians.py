"""The Gaussians of SHARP: where they start from, and where the network moves them.

They live in the face's normalised space: right and down from -1 to 1 times the depth, forward z-depth. For a face of 90° that
is the camera's frame; `unprojected` brings other faces there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

CELL = 2
"""Pixels on a side that share a Gaussian of each layer."""
_MAX_DEPTH = 100.0
"""In units of the nearest depth, as published: what is farther starts there."""
_MAX_SCALE = 10.0
"""As published: factor by which the network may enlarge a Gaussian."""


@dataclass(frozen=True)
class SharpGaussians:
    """Two layers of Gaussians, the visible surfaces first and what they hide second.

    ``means`` (b, 2, h, w, 3); ``scales`` (b, 2, h, w, 3), standard deviations; ``quats`` (b, 2, h, w, 4), wxyz of any length;
    ``colors`` (b, 2, h, w, 3), linear RGB; ``opacities`` (b, 2, h, w).
    """

    means: torch.Tensor
    scales: torch.Tensor
    quats: torch.Tensor
    colors: torch.Tensor
    opacities: torch.Tensor


@dataclass(frozen=True)
class Start:
    """What the network departs from.

    ``near`` (b,), the unit of depth; ``disparity`` (b, 2, h, w) of the cells in that unit; ``rgb`` (b, 3, h, w), sRGB;
    ``feature_input`` (b, 5, S, S), what the Gaussian decoder sees.
    """

    near: torch.Tensor
    disparity: torch.Tensor
    rgb: torch.Tensor
    feature_input: torch.Tensor


def depth_layers(disparity: torch.Tensor, factor: float) -> torch.Tensor:
    """Return the z-depth in metres of disparity (b, 2, S, S); ``factor`` is 1 / (2 tan(fov / 2)), focal length over width."""
    return factor / disparity.clamp(1e-4, 1e4)


def start(image: torch.Tensor, depth: torch.Tensor) -> Start:
    """Place a Gaussian per cell and layer on the nearest depth of its pixels.

    ``image`` (b, 3, S, S), sRGB 0..1; ``depth`` (b, 2, S, S), z-depth. Beyond 100 times the nearest all is equally far.
    """
    near = depth.amin((1, 2, 3)) + 1e-6
    disparity = 1 / (depth / near[:, None, None, None]).clamp_max(_MAX_DEPTH)
    return Start(near, F.max_pool2d(disparity, CELL), F.avg_pool2d(image, CELL), 2 * torch.cat((image, disparity), 1) - 1)


def moved(begin: Start, delta: torch.Tensor) -> SharpGaussians:
    """Return the Gaussians that the network's answer ``delta`` (b, 14, 2, h, w) makes of their start."""
    b, _, h, w = begin.disparity.shape
    near = begin.near.view(b, 1, 1, 1)
    depth = 1 / (F.softplus(_inverse_softplus(begin.disparity.clamp_min(1e-6)) + 1e-3 * delta[:, 2]) + 1e-3)
    x, y = ((2 * torch.arange(size, dtype=delta.dtype, device=delta.device) + 1) / size - 1 for size in (w, h))
    directions = x + 1e-3 * delta[:, 0], y[:, None] + 1e-3 * delta[:, 1], torch.ones_like(depth)
    factors = _MAX_SCALE * (delta[:, 3:6] / (1 - 1 / _MAX_SCALE) + math.log(1 / (_MAX_SCALE - 1))).sigmoid()
    identity = torch.tensor([1.0, 0, 0, 0], device=delta.device).view(1, 4, 1, 1, 1)
    rgb = begin.rgb.clamp(0.01, 0.99).logit()[:, :, None]
    return SharpGaussians(
        means=torch.stack(directions, -1) * (near * depth)[..., None],
        scales=(near * depth * (2 / w))[..., None] * factors.movedim(1, -1),
        quats=(identity + delta[:, 6:10]).movedim(1, -1),
        colors=_linear((rgb + 0.1 * delta[:, 10:13]).sigmoid()).movedim(1, -1),
        opacities=delta[:, 13].sigmoid())


def _inverse_softplus(x: torch.Tensor) -> torch.Tensor:
    return x + torch.log(-torch.expm1(-x))


def _linear(srgb: torch.Tensor) -> torch.Tensor:
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4)


def unprojected(gaussians: SharpGaussians, fov_deg: float) -> SharpGaussians:
    """Return the Gaussians in the camera's frame, of a face ``fov_deg`` wide and high; quaternions get length one.

    The frame is stretched by tan(fov / 2) to the right and down. A stretched Gaussian's axes and sizes are the left singular
    vectors and the singular values of its stretched axes, which is exact for thin ones too, where the covariance is not.
    """
    quats = F.normalize(gaussians.quats, dim=-1)
    if fov_deg == 90:
        return SharpGaussians(gaussians.means, gaussians.scales, quats, gaussians.colors, gaussians.opacities)
    tangent = math.tan(math.radians(fov_deg) / 2)
    stretch = torch.tensor([tangent, tangent, 1.0], dtype=quats.dtype, device=quats.device)
    axes, scales, _ = torch.linalg.svd(stretch[:, None] * _rotations(quats) * gaussians.scales[..., None, :])
    axes = torch.cat((axes[..., :2], axes[..., 2:] * torch.linalg.det(axes)[..., None, None].sign()), -1)
    return SharpGaussians(gaussians.means * stretch, scales, _quats(axes), gaussians.colors, gaussians.opacities)


def _rotations(quats: torch.Tensor) -> torch.Tensor:
    w, x, y, z = (math.sqrt(2) * quats).unbind(-1)
    entries = (1 - y * y - z * z, x * y - w * z, x * z + w * y,
               x * y + w * z, 1 - x * x - z * z, y * z - w * x,
               x * z - w * y, y * z + w * x, 1 - x * x - y * y)
    return torch.stack(entries, -1).unflatten(-1, (3, 3))


def _quats(rotations: torch.Tensor) -> torch.Tensor:
    """Return unit quaternions: the longest row of 4 q qᵀ, which the entries of a rotation are made of."""
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in rotations.unbind(-2))
    rows = torch.stack((1 + a + e + i, h - f, c - g, d - b,
                        h - f, 1 + a - e - i, b + d, c + g,
                        c - g, b + d, 1 - a + e - i, f + h,
                        d - b, c + g, f + h, 1 - a - e + i), -1).unflatten(-1, (4, 4))
    longest = rows.diagonal(dim1=-2, dim2=-1).argmax(-1)
    return F.normalize(rows.take_along_dim(longest[..., None, None], -2).squeeze(-2), dim=-1)
