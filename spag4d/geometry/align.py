"""Making views of one scene agree: each gets a log scale and a smooth field, solved for all of them together.

Networks that see one view at a time disagree about its scale, and by a few per cent about how it varies over the view. In log
depth both are additive, so the corrections of all views are one linear least-squares problem: where two views see the same
point, their corrected values are to be equal. Outliers, at depth edges above all, lose their weight (Huber).

Nothing in the system knows about panoramas: `Ties` are positions on views that see the same point. `overlap_ties`
finds those of views from one place and time; ties between frames of a video join the same system.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from jaxtyping import Bool, Float

from spag4d.data import PinholeCamera
from spag4d.geometry import equirect
from spag4d.geometry.blend import feather
from spag4d.geometry.camera import view_pixels_from_directions
from spag4d.geometry.resample import sample

if TYPE_CHECKING:
    import scipy.sparse

_DEGREE = 3
"""Of the polynomials: enough for the bends of a network's depth, too few to follow objects."""
_POWERS = [(i, j) for i in range(_DEGREE + 1) for j in range(_DEGREE + 1 - i)]
TERMS = len(_POWERS)
"""Unknowns per view: the products of Legendre polynomials of x and y up to the third degree, the constant first."""

REFERENCE = -1
"""In the place of a view's number: the values there are fixed."""

_GRID_HEIGHT = 96
"""Rows of directions, 1.9° apart, on which views are compared: hundreds per overlap for ten unknowns a view."""
_ANCHOR_SHARE = 0.1  # the reference holds what the views leave open; where they agree among themselves they win
_USUAL_SCALE = 6.0  # of a log scale against a linear field: 30 % and 5 %
_ANCHORED_PRIOR, _FREE_PRIOR = 1e-4, 1e-2  # without a reference nothing else stops what bends all views alike
_ITERATIONS = 12
"""A bound only: the solution stands still to 1e-6 before."""
_HUBER = 1.5
"""Standard deviations up to which a residual counts in full; 1.345, for 95 % efficiency, is the textbook's value."""


@dataclass(frozen=True)
class LogView:
    """Log depth (h, w) of any finite values of one camera at one time; only ``valid`` pixels tie it to others."""

    camera: PinholeCamera
    log_depth: Float[np.ndarray, "h w"]
    valid: Bool[np.ndarray, "h w"]
    time: int = 0


@dataclass(frozen=True)
class Ties:
    """``n`` pairs of positions that see the same point.

    ``first`` and ``second`` (n) are numbers of views, of which ``second`` may be `REFERENCE`; ``first_at`` and ``second_at``
    (n, 2) where on them, from -1 to 1 between the borders; ``difference`` (n) is log depth of the second less that of the
    first; ``weight`` (n) is positive.
    """

    first: np.ndarray
    second: np.ndarray
    first_at: np.ndarray
    second_at: np.ndarray
    difference: np.ndarray
    weight: np.ndarray

    @staticmethod
    def joined(parts: Iterable[Ties]) -> Ties:
        """Put several sets of ties into one."""
        parts = list(parts)
        return Ties(*(np.concatenate([getattr(part, name) for part in parts]) for name in Ties.__dataclass_fields__))

    def weighing(self, total: float) -> Ties:
        """Return the same ties with weights that sum to ``total``."""
        return replace(self, weight=self.weight * (total / max(self.weight.sum(), 1e-12)))


def corrections(count: int, ties: Ties) -> Float[np.ndarray, "v k"]:
    """Return the coefficients (count, `TERMS`) of each view's correction; `field` evaluates them.

    Without ties to a reference the mean of the views' own scales stays as it is, and so does the part that all views share.
    """
    from scipy.sparse.linalg import spsolve  # a third of a second of imports that conversions seldom need

    equations = _equations(count, ties)
    anchored = bool((ties.second == REFERENCE).any())
    prior = _prior(count, (_ANCHORED_PRIOR if anchored else _FREE_PRIOR) * ties.weight.sum() / count)
    solution, weight = np.zeros(count * TERMS), ties.weight
    for _ in range(_ITERATIONS):
        weighted = equations.multiply(weight[:, None]).tocsr()
        normal = (equations.T @ weighted + prior).tocsc()
        step = np.asarray(spsolve(normal, weighted.T @ ties.difference))
        residual = np.abs(equations @ step - ties.difference)
        usual = _HUBER * 1.4826 * np.median(residual) + 1e-6
        weight = ties.weight * np.minimum(1, usual / np.maximum(residual, 1e-12))
        settled = np.abs(step - solution).max() < 1e-6
        solution = step
        if settled:
            break
    return solution.reshape(count, TERMS)


def field(coefficients: Float[np.ndarray, " k"], size_hw: tuple[int, int]) -> Float[np.ndarray, "h w"]:
    """Return what to add to the log depth (h, w) of a view."""
    y, x = ((np.arange(size) + 0.5) * 2 / size - 1 for size in size_hw)
    rows, columns = _legendre(y), _legendre(x)
    return sum((c * rows[:, j, None] * columns[:, i] for c, (i, j) in zip(coefficients, _POWERS, strict=True)),
               np.zeros(size_hw))


def overlap_ties(views: Sequence[LogView]) -> Ties:
    """Return the ties between views of the same time, on a grid of directions, weighted away from both borders."""
    seen = [_seen(view) for view in views]
    parts = [_tied(i, j, seen[i], seen[j]) for j in range(len(views)) for i in range(j) if views[i].time == views[j].time]
    return Ties.joined(parts).weighing(float(len(views)))


def anchor_ties(views: Sequence[LogView], references: Mapping[int, Float[np.ndarray, "h w"]]) -> Ties:
    """Return the ties of views to panoramas (h, w) of log depth by time, NaN where they are unknown."""
    parts = []
    for number, view in enumerate(views):
        if view.time in references:
            log_depth = cv2.resize(
                np.asarray(references[view.time], np.float32), (2 * _GRID_HEIGHT, _GRID_HEIGHT), interpolation=cv2.INTER_AREA)
            known = _Seen(np.zeros((*log_depth.shape, 2)), log_depth, np.isfinite(log_depth).astype(float))
            parts.append(_tied(number, REFERENCE, _seen(view), known))
    return Ties.joined(parts).weighing(_ANCHOR_SHARE * len(parts))


@dataclass(frozen=True)
class _Seen:
    """What a view shows on the grid of directions: where (h, w, 2) from -1 to 1, log depth and weight (h, w)."""

    at: np.ndarray
    log_depth: np.ndarray
    weight: np.ndarray


def _seen(view: LogView) -> _Seen:
    camera = view.camera
    pixels = view_pixels_from_directions(camera, equirect.directions(_GRID_HEIGHT))
    weight = feather(camera, pixels)
    places = np.nan_to_num(pixels, nan=-1.0, posinf=-1.0, neginf=-1.0).astype(np.float32)
    values, whole = (sample(np.asarray(image, np.float32), places) for image in (view.log_depth, view.valid))
    size = np.array([camera.width, camera.height])
    return _Seen((places + 0.5) * 2 / size - 1, values, np.where(whole > 0.999, weight, 0.0))


def _tied(i: int, j: int, first: _Seen, second: _Seen) -> Ties:
    both = (first.weight > 0) & (second.weight > 0)
    solid_angle = np.broadcast_to(equirect.solid_angle_weights(_GRID_HEIGHT)[:, None], both.shape)[both]
    weight = solid_angle / (1 / first.weight[both] + 1 / second.weight[both])
    count = int(both.sum())
    difference = (second.log_depth[both] - first.log_depth[both]).astype(np.float64)
    return Ties(np.full(count, i), np.full(count, j), first.at[both], second.at[both], difference, weight)


def _equations(count: int, ties: Ties) -> scipy.sparse.csr_matrix:
    """Return the matrix (n, count TERMS) that gives the first's correction less the second's."""
    rows = np.repeat(np.arange(ties.weight.size), TERMS)
    matrix = _sparse(_basis(ties.first_at), rows, ties.first, count)
    inner = ties.second != REFERENCE
    if inner.any():
        basis = _basis(ties.second_at) * inner[:, None]
        matrix = matrix - _sparse(basis, rows, np.where(inner, ties.second, 0), count)
    return matrix


def _sparse(basis: np.ndarray, rows: np.ndarray, views: np.ndarray, count: int) -> scipy.sparse.csr_matrix:
    from scipy.sparse import csr_matrix

    columns = (views[:, None] * TERMS + np.arange(TERMS)).ravel()
    return csr_matrix((basis.ravel(), (rows, columns)), shape=(len(views), count * TERMS))


def _prior(count: int, weight: float) -> scipy.sparse.dia_matrix:
    """Return how strongly corrections are held to be small, as a diagonal matrix; a linear field has the ``weight``."""
    from scipy.sparse import diags

    usual = np.array([_USUAL_SCALE if i + j == 0 else 1 / (i + j) for i, j in _POWERS])
    return diags(np.tile(weight / usual**2, count))


def _basis(at: np.ndarray) -> np.ndarray:
    """Return the polynomials (n, TERMS) at positions (n, 2)."""
    columns, rows = _legendre(at[:, 0]), _legendre(at[:, 1])
    return np.stack([columns[:, i] * rows[:, j] for i, j in _POWERS], -1)


def _legendre(t: np.ndarray) -> np.ndarray:
    return np.polynomial.legendre.legvander(t, _DEGREE)
