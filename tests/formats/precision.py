"""How far Gaussians that were read are off from those that were written."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from spag4d.data import Gaussians


@dataclass(frozen=True)
class Differences:
    """Per Gaussian: metres, degrees, the largest difference of a logarithm of a scale, and of a colour and opacity (0-1)."""

    position_m: NDArray
    rotation_deg: NDArray
    scale: NDArray
    color: NDArray
    opacity: NDArray


def paired(read: Gaussians, written: Gaussians) -> tuple[Gaussians, Gaussians]:
    """Return what was read, and of what was written the nearest to each; no two may have the same."""
    _, members = KDTree(written.means).query(read.means)
    assert len(np.unique(members)) == len(read)
    return read, written.select(np.asarray(members))


def differences(read: Gaussians, written: Gaussians) -> Differences:
    """Compare Gaussians one by one, whose axes may be named otherwise: the same ellipsoid is the same."""
    axes, true_axes = _axes(read.quats_wxyz), _axes(written.quats_wxyz)
    sines = np.linalg.norm(np.cross(axes[:, :, None], true_axes[:, None], axis=-1), axis=-1)  # n, axis read, axis written
    match = sines.argmin(1)  # for each written axis the one that was read
    size = np.take_along_axis(read.scales, match, 1)
    off = np.take_along_axis(sines, match[:, None], 1)[:, 0].max(1)
    return Differences(
        np.linalg.norm(read.means - written.means, axis=1), np.degrees(np.arcsin(np.minimum(off, 1))),
        np.abs(np.log(size / written.scales)).max(1), np.abs(read.colors - written.colors).max(1),
        np.abs(read.opacities - written.opacities))


def _axes(quats_wxyz: NDArray) -> NDArray:
    """Return the three axes (n, axis, 3) of quaternions in double precision."""
    w, x, y, z = quats_wxyz.astype(np.float64).T / np.linalg.norm(quats_wxyz.astype(np.float64), axis=1)
    return np.stack([
        np.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], -1),
        np.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], -1),
        np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], -1)], 1)
