"""Bundle adjustment on the sphere: cameras and points that fit best the directions in which the points are seen.

Levenberg and Marquardt's steps with the points eliminated (Schur complement; Triggs et al. 1999, "Bundle adjustment"), weighted
by Cauchy's loss. A residual is the two components of a direction across the measured one, in radians.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, Int64
from scipy.sparse import bsr_array
from scipy.spatial.transform import Rotation

from spag4d.geometry.rotation import cross_matrices

_SOFT_RAD = np.radians(0.06)
"""Residual that counts half: as exact as SIFT is on 1024 rows."""
_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-4, 1e-9, 1e6
_STILL = 1e-4
"""A step that betters the cost by less than this part is the last one."""


@dataclass(frozen=True)
class Bundle:
    """``rotations`` (c, 3, 3), world from camera, and ``places`` (c, 3) of cameras; ``points`` (p, 3).

    Observation k says that camera ``camera[k]`` sees point ``point[k]`` in the unit direction ``seen[k]`` of its own axes.
    """

    rotations: Float64[np.ndarray, "c 3 3"]
    places: Float64[np.ndarray, "c 3"]
    points: Float64[np.ndarray, "p 3"]
    camera: Int64[np.ndarray, " k"]
    point: Int64[np.ndarray, " k"]
    seen: Float64[np.ndarray, "k 3"]

    @property
    def from_camera(self) -> Float64[np.ndarray, "k 3"]:
        """Where each observed point is in the axes of the camera that sees it."""
        away = self.points[self.point] - self.places[self.camera]
        return np.einsum("kji,kj->ki", self.rotations[self.camera], away)

    @property
    def errors_rad(self) -> Float64[np.ndarray, " k"]:
        """By what angle each direction is off."""
        local = self.from_camera
        return np.arctan2(np.linalg.norm(np.cross(local, self.seen), axis=1), (local * self.seen).sum(1))


def adjusted(bundle: Bundle, steps: int = 30) -> Bundle:
    """Return the bundle that fits better; the first camera stays, and so does the distance of the farthest one from it."""
    damping, cost = _DAMPING, _cost(bundle)
    for _ in range(steps):
        tried = _step(bundle, damping)
        new = _cost(tried)
        if new < cost:
            better, bundle, cost, damping = 1 - new / cost, tried, new, max(damping / 5, _LEAST_DAMPING)
            if better < _STILL:
                break
        else:
            damping *= 10
            if damping > _MOST_DAMPING:
                break
    return _same_size(bundle)


def _cost(bundle: Bundle) -> float:
    return float(np.log1p((bundle.errors_rad / _SOFT_RAD) ** 2).sum())


def _step(bundle: Bundle, damping: float) -> Bundle:
    cameras, points, count = len(bundle.places), len(bundle.points), len(bundle.camera)
    residual, of_camera, of_point = _linearised(bundle)
    weight = 1 / np.sqrt(1 + (residual**2).sum(1) / _SOFT_RAD**2)
    right = (weight[:, None] * residual).ravel()
    rows = np.arange(count + 1)
    by_camera = bsr_array((weight[:, None, None] * of_camera, bundle.camera, rows), shape=(2 * count, 6 * cameras))
    by_point = bsr_array((weight[:, None, None] * of_point, bundle.point, rows), shape=(2 * count, 3 * points))
    blocks = (weight[:, None, None] ** 2 * of_point.transpose(0, 2, 1)) @ of_point
    sums = [np.bincount(bundle.point, blocks[:, i, j], points) for i in range(3) for j in range(3)]
    own = np.stack(sums, 1).reshape(-1, 3, 3)
    own += damping * np.einsum("pii->p", own)[:, None, None] / 3 * np.eye(3) + 1e-12 * np.eye(3)
    inverse = bsr_array((np.linalg.inv(own), np.arange(points), np.arange(points + 1)), shape=(3 * points, 3 * points))
    both = (by_camera.T @ by_point).tocsr()
    through = both @ inverse
    normal = (by_camera.T @ by_camera).toarray()
    normal += damping * np.diag(np.diag(normal)) - (through @ both.T).toarray()
    normal = normal[6:, 6:] + 1e-12 * np.trace(normal) * np.eye(6 * (cameras - 1))
    of_points = by_point.T @ right
    change = np.zeros(6 * cameras)
    change[6:] = np.linalg.solve(normal, (by_camera.T @ right - through @ of_points)[6:])
    moved = (inverse @ (of_points - both.T @ change)).reshape(-1, 3)
    change = change.reshape(-1, 6)
    return replace(bundle, rotations=bundle.rotations @ Rotation.from_rotvec(change[:, :3]).as_matrix(),
                   places=bundle.places + change[:, 3:], points=bundle.points + moved)


def _linearised(bundle: Bundle) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return residuals (k, 2), measured less shown, and by what turn and place (k, 2, 6) and point (k, 2, 3) they change."""
    local = bundle.from_camera
    away = np.linalg.norm(local, axis=1)
    shown = local / away[:, None]
    across = _across(bundle.seen)
    spread = across @ (np.eye(3) - shown[:, :, None] * shown[:, None, :]) / away[:, None, None]
    to_camera = bundle.rotations[bundle.camera].transpose(0, 2, 1)
    of_point = spread @ to_camera
    of_turn = spread @ cross_matrices(local)
    residual = -(across @ shown[..., None])[..., 0]
    return residual, np.concatenate([of_turn, -of_point], 2), of_point


def _across(seen: np.ndarray) -> Float64[np.ndarray, "k 2 3"]:
    """Return two unit vectors across each direction."""
    helper = np.where(np.abs(seen[:, :1]) < 0.6, np.array([1.0, 0, 0]), np.array([0.0, 1, 0]))
    first = np.cross(seen, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return np.stack([first, np.cross(seen, first)], 1)


def _same_size(bundle: Bundle) -> Bundle:
    """Return the bundle, whose size no direction tells, with the first camera at the origin and the farthest 1 from it."""
    places, points = bundle.places - bundle.places[0], bundle.points - bundle.places[0]
    size = np.linalg.norm(places, axis=1).max()
    return replace(bundle, places=places / size, points=points / size)
