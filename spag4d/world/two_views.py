"""Which points two panoramas both show, and how the second camera stands to the first: the epipolar geometry of directions.

For unit directions u and v of a point as two cameras see it, v · (t × R u) = 0. The eight-point algorithm (Longuet-Higgins
1981) on directions needs no pinhole, so that it holds for the whole sphere.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from spag4d.video.odometry import Features, matched
from spag4d.world.colmap_process import FEWEST_MATCHES

_SEED = 360
"""Any; fixed, so that a run can be repeated."""
_HYPOTHESES, _CHUNK = 600, 200
"""Draws of eight: where seven of ten matches are right, 99.9 % of the runs draw eight right ones; so many at a time."""
_INLIER_RAD = np.radians(0.35)
"""Off the epipolar great circle: two pixels of a panorama of 1024 rows."""

Directions = Float64[np.ndarray, "n 3"]


@dataclass(frozen=True)
class Pair:
    """Matches ``first`` and ``second`` (n,), numbers of features of two panoramas that agree about how the cameras stand.

    ``rotation`` takes directions of the first camera to the second's axes; ``parallax_rad`` is how far the median point shifts.
    """

    first: Int64[np.ndarray, " n"]
    second: Int64[np.ndarray, " n"]
    rotation: Float64[np.ndarray, "3 3"]
    parallax_rad: float


def paired(first: Features, second: Features) -> Pair | None:
    """Return how two panoramas stand to each other, None where too little in them is the same."""
    ones, others = matched(first, second)
    if len(ones) < FEWEST_MATCHES:
        return None
    u, v = first.directions[ones], second.directions[others]
    essential, agrees = _consensus(u, v)
    if agrees.sum() < FEWEST_MATCHES:
        return None
    for _ in range(3):
        essential = _eight_points(u[agrees][None], v[agrees][None])[0]
        agrees = _off_circle(essential[None], u, v)[0] < _INLIER_RAD
        if agrees.sum() < FEWEST_MATCHES:
            return None
    rotation = _rotation(essential, u[agrees], v[agrees])
    turned = u[agrees] @ rotation.T
    shift = np.arctan2(np.linalg.norm(np.cross(turned, v[agrees]), axis=1), (turned * v[agrees]).sum(1))
    return Pair(ones[agrees], others[agrees], rotation, float(np.median(shift)))


def _consensus(u: Directions, v: Directions) -> tuple[np.ndarray, Bool[np.ndarray, " n"]]:
    random = np.random.default_rng(_SEED)
    best, agrees = np.zeros((3, 3)), np.zeros(len(u), bool)
    for _ in range(0, _HYPOTHESES, _CHUNK):
        drawn = random.integers(0, len(u), (_CHUNK, 8))
        found = _eight_points(u[drawn], v[drawn])
        within = _off_circle(found, u, v) < _INLIER_RAD
        top = int(within.sum(1).argmax())
        if within[top].sum() > agrees.sum():
            best, agrees = found[top], within[top]
    return best, agrees


def _eight_points(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return essential matrices (k, 3, 3) of sets (k, n, 3) of directions, by least squares."""
    rows = (v[..., :, None] * u[..., None, :]).reshape(*u.shape[:2], 9)
    _, vectors = np.linalg.eigh(rows.transpose(0, 2, 1) @ rows)
    left, _, right = np.linalg.svd(vectors[..., 0].reshape(-1, 3, 3))
    return left @ np.diag([1.0, 1.0, 0.0]) @ right


def _off_circle(essential: np.ndarray, u: Directions, v: Directions) -> np.ndarray:
    """Return by what angle (k, n) each match is off its epipolar great circle, the farther of both."""
    circles, back = u @ essential.transpose(0, 2, 1), v @ essential
    sine = np.abs((circles * v).sum(-1))
    return np.arcsin(np.minimum(1, sine / np.maximum(np.minimum(
        np.linalg.norm(circles, axis=-1), np.linalg.norm(back, axis=-1)), 1e-9)))


def _rotation(essential: np.ndarray, u: Directions, v: Directions) -> Float64[np.ndarray, "3 3"]:
    """Return the one of the four decompositions for which most points lie ahead of both cameras."""
    left, _, right = np.linalg.svd(essential)
    left, right = left * np.linalg.det(left), right * np.linalg.det(right)
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    found = [(left @ turn @ right, sign * left[:, 2]) for turn in (quarter, quarter.T) for sign in (1.0, -1.0)]
    return max(found, key=lambda one: _ahead(*one, u, v))[0]


def _ahead(rotation: np.ndarray, way: np.ndarray, u: Directions, v: Directions) -> int:
    """Return for how many matches v × (R u) and v × way say that both distances are positive."""
    turned = u @ rotation.T
    axis = np.cross(turned, v)
    of_first = -(np.cross(np.broadcast_to(way, v.shape), v) * axis).sum(1)
    of_second = -(np.cross(np.broadcast_to(way, v.shape), turned) * axis).sum(1)
    return int(((of_first > 0) & (of_second > 0)).sum())
