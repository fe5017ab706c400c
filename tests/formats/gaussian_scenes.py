"""Gaussians to write and read."""

import numpy as np

from spag4d.data import SH_COUNTS, Gaussians


def scene(count: int, seed: int = 0, sh_degree: int = 0) -> Gaussians:
    """Gaussians turned at random, 1 to 6 m away from the capture point; their thin axis is any of the three.

    Coefficients of view-dependent colour lie within ±0.6.
    """
    rng = np.random.default_rng(seed)
    quats = rng.standard_normal((count, 4)).astype(np.float32)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    means = rng.standard_normal((count, 3))
    means *= rng.uniform(1, 6, (count, 1)) / np.linalg.norm(means, axis=1, keepdims=True)
    return Gaussians(means.astype(np.float32), np.exp(rng.normal(-4, 0.7, (count, 3))).astype(np.float32), quats,
                     rng.uniform(0.02, 0.99, count).astype(np.float32), rng.random((count, 3), np.float32),
                     rng.uniform(-0.6, 0.6, (count, SH_COUNTS[sh_degree], 3)).astype(np.float32) if sh_degree else None)


def facing_discs(count: int) -> Gaussians:
    """Flat discs all around the capture point that face it, as a panorama gives them."""
    random = scene(count)
    x, y, z = (random.means / np.linalg.norm(random.means, axis=1, keepdims=True)).T
    quats = np.stack([1 + z, -y, x, np.zeros(count)], 1)  # turns +z into the direction of the mean
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    scales = np.tile(np.array([0.1, 0.12, 0.01], np.float32), (count, 1))
    return Gaussians(random.means, scales, quats.astype(np.float32), random.opacities, random.colors)


def sh_of(gaussians: Gaussians) -> np.ndarray:
    """The coefficients of view-dependent colour, which have to be there."""
    assert gaussians.sh is not None
    return gaussians.sh
