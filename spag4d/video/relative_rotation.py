"""The rotation between two panoramas, from directions in which both see the same points."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64
from scipy.spatial.transform import Rotation

from spag4d.geometry.rotation import cross_matrices

_SEED = 360
"""Any; fixed, so that a run can be repeated."""
_HYPOTHESES = 400
"""Pairs of matches: where one match in nine is right, 99 % of the draws hold a pair of right ones."""
_INLIER_RAD = np.radians(1.0)
"""Off a rotation: two pixels of `odometry.WORKING_HEIGHT`, so that far points with little parallax count too."""
_PARALLAX_RAD = np.radians(10.0)
"""Matches farther than this from a pure rotation are discarded as wrong."""
_FEWEST = 16
"""Matches, each two equations, for the five unknowns of turn and direction of motion: judgement, wrong matches rarely agree so
often."""
_ITERATIONS = 15
"""Reweighted steps from RANSAC's answer; the noise is estimated anew in each."""
_LEAST_NOISE_RAD = np.radians(0.01)
"""A fiftieth of a pixel of `odometry.WORKING_HEIGHT`, finer than features can be placed; keeps the weights finite."""

Directions = Float64[np.ndarray, "_ 3"]


@dataclass(frozen=True)
class RelativeRotation:
    """``second = rotation @ first`` for directions of far points; ``noise_rad`` is the spread of the ``count`` matches."""

    rotation: Float64[np.ndarray, "3 3"]
    noise_rad: float
    count: int


def relative_rotation(first: Directions, second: Directions) -> RelativeRotation | None:
    """Return the rotation between unit directions (n, 3) of the same points, or None where too few agree.

    RANSAC with a fixed seed finds the rotation that most matches follow. It is refined together with the camera's way, which
    shifts each point by its unknown inverse depth along the great circle of the motion: residuals count less along that
    circle, by the motion's own size, so that without motion this is a plain fit of a rotation, and with it an epipolar one.
    """
    if len(first) < _FEWEST:
        return None
    rotation, inliers = _ransac(first, second)
    if inliers.sum() < _FEWEST:
        return None
    return _refined(rotation, first, second)


def _ransac(first: Directions, second: Directions) -> tuple[np.ndarray, Bool[np.ndarray, " n"]]:
    random = np.random.default_rng(_SEED)
    pairs = random.integers(0, len(first), (_HYPOTHESES, 2))
    rotations = _from_two(first[pairs], second[pairs])
    cosines = np.einsum("kij,nj,ni->kn", rotations, first, second, optimize=True)
    agreeing = cosines > np.cos(_INLIER_RAD)
    best = int(agreeing.sum(1).argmax())
    return rotations[best], agreeing[best]


def _from_two(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the rotations (k, 3, 3) that bring pairs (k, 2, 3) nearest to pairs (Kabsch, 1976)."""
    u, _, vt = np.linalg.svd(np.einsum("kpi,kpj->kij", second, first))
    u[..., 2] *= np.linalg.det(u @ vt)[:, None]
    return u @ vt


def _refined(rotation: np.ndarray, first: Directions, second: Directions) -> RelativeRotation | None:
    """Iterate weighted least squares for a small turn and the motion, both of which shift directions linearly."""
    near = np.einsum("ij,nj,ni->n", rotation, first, second) > np.cos(_PARALLAX_RAD)
    first, second = first[near], second[near]
    motion, noise, square = np.zeros(3), float(_INLIER_RAD), np.zeros(len(first))
    for _ in range(_ITERATIONS):
        seen = first @ rotation.T
        away = second - seen
        away -= (away * seen).sum(1)[:, None] * seen
        along = motion - (seen @ motion)[:, None] * seen
        # Inverse depths scatter about their mean as widely as that mean is large, so the covariance is noise² + along alongᵀ.
        spread = (along**2).sum(1)
        across_share = 1 / noise**2
        relief = 1 / (noise**2 * (noise**2 + spread))
        residual = away - along
        square = (residual**2).sum(1) * across_share - (residual * along).sum(1) ** 2 * relief
        weight = 1 / (1 + square / 4)
        turn, motion = _solve(seen, away, along, weight * across_share, weight * relief)
        rotation = Rotation.from_rotvec(turn).as_matrix() @ rotation
        noise = max(_spread(residual, along), _LEAST_NOISE_RAD)
    count = int(np.count_nonzero(square < 9))
    return RelativeRotation(rotation, noise, count) if count >= _FEWEST else None


def _solve(
    seen: np.ndarray, away: np.ndarray, along: np.ndarray, isotropic: np.ndarray, relief: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return turn and motion that minimise Σ rᵀ (isotropic 1 - relief along alongᵀ) r with r = away - turn × seen - motion."""
    tangent = np.eye(3) - seen[:, :, None] * seen[:, None, :]  # of the motion nothing along the ray is seen
    jacobian = np.concatenate([-cross_matrices(seen), tangent], 2)
    projected = np.einsum("ni,nij->nj", along, jacobian)
    normal = np.einsum("n,nij,nik->jk", isotropic, jacobian, jacobian, optimize=True)
    normal -= np.einsum("n,nj,nk->jk", relief, projected, projected, optimize=True)
    right = np.einsum("n,nij,ni->j", isotropic, jacobian, away, optimize=True)
    right -= np.einsum("n,nj,n->j", relief, projected, (along * away).sum(1), optimize=True)
    solution = np.linalg.solve(normal + 1e-9 * np.trace(normal) * np.eye(6), right)
    return solution[:3], solution[3:]


def _spread(residual: np.ndarray, along: np.ndarray) -> float:
    """Return the noise per axis by the residuals across the motion; without motion all of them count."""
    length = np.linalg.norm(along, axis=1)
    unit = along / np.maximum(length, 1e-12)[:, None]
    lengthwise = (residual * unit).sum(1)
    across = np.sqrt(np.maximum((residual**2).sum(1) - lengthwise**2, 0))
    return 1.4826 * float(np.median(across))
