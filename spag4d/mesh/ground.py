"""Ground where nobody saw any: below tables, and behind what stands in the way, so that nobody falls through."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.mesh.mesh import Mesh

_CELL_M = 0.5
"""Metres: what carries a visitor need not be finer."""
_REACH_M = 8.0
"""Metres around the points' middle within which ground is filled in."""
_WIDEST_CELLS = 7
"""3.5 m: what is narrower and stands higher than all around it is a thing on the ground."""
_BELOW_M = 0.1
"""Metres by which a surface may lie over the ground and still be it."""

Grid = Float32[np.ndarray, "n m"]


def ground_mesh(points: Float32[np.ndarray, "p 3"], around: Float32[np.ndarray, "v 3"] | None = None) -> Mesh:
    """Return ground between the ``points`` of all surfaces, y down, where no point of it is among them.

    ``around`` are the places from which they were seen, the origin where none is given.
    """
    places = np.zeros((1, 3), np.float32) if around is None else around
    first = places.min(0)[[0, 2]] - _REACH_M
    counts = np.ceil((places.max(0)[[0, 2]] + _REACH_M - first) / _CELL_M).astype(int)
    low = _lowest(points, first, counts)
    seen = np.isfinite(low)
    level = cv2.morphologyEx(np.where(seen, low, -1e9), cv2.MORPH_CLOSE, np.ones((_WIDEST_CELLS, _WIDEST_CELLS), np.uint8))
    level = np.where(level > -1e8, level, np.median(low[seen]) if seen.any() else 0).astype(np.float32)
    missing = _enclosed(seen) & ~(low >= level - _BELOW_M)
    missing = cv2.dilate(missing.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)  # below the border of what was seen
    return _flagstones(level, missing, first)


def _lowest(points: Float32[np.ndarray, "p 3"], first: np.ndarray, counts: np.ndarray) -> Grid:
    """Return the lowest point of each cell of x and z (its greatest y), minus infinity where there is none."""
    cells = np.floor((points[:, [0, 2]] - first) / _CELL_M).astype(int)
    inside = ((cells >= 0) & (cells < counts)).all(1)
    low = np.full(tuple(counts), -np.inf, np.float32)
    np.maximum.at(low, tuple(cells[inside].T), points[inside, 1])
    return low


def _enclosed(seen: Bool[np.ndarray, "n m"]) -> Bool[np.ndarray, "n m"]:
    """Return the cells that cannot be left without crossing one that was seen."""
    walls = cv2.morphologyEx(np.pad(seen, 1).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    cv2.floodFill(walls, None, (0, 0), 2)
    return walls[1:-1, 1:-1] != 2


def _flagstones(level: Grid, wanted: Bool[np.ndarray, "n m"], first: np.ndarray) -> Mesh:
    """Return two triangles for each wanted cell; its corners have the mean level of the cells around them."""
    heights = cv2.blur(np.pad(level, ((1, 1), (1, 1)), mode="edge"), (2, 2), anchor=(0, 0))[:-1, :-1]
    right, ahead = np.nonzero(wanted)
    corners = np.stack([(right + i) * heights.shape[1] + ahead + j for i, j in ((0, 0), (1, 0), (1, 1), (0, 1))], 1)
    used, own = np.unique(corners, return_inverse=True)
    row, column = np.divmod(used, heights.shape[1])
    vertices = np.stack([first[0] + _CELL_M * row, heights[row, column], first[1] + _CELL_M * column], 1)
    a, b, c, d = own.reshape(-1, 4).T
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return Mesh(vertices.astype(np.float32), np.zeros((len(vertices), 3), np.float32), triangles)
