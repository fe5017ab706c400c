"""Triangles that are small where it matters: right triangles halved again and again (Evans, Kirkpatrick and Townsend, "Right-
triangulated irregular networks", Algorithmica 2001).

The grid (h + 1, 2 h), h a power of two, closes upon itself from right to left. Its two squares are halved along a diagonal,
and each triangle from its right angle to the middle of its longest side, which is a vertex of the grid. A vertex is used where
leaving it out would be too wrong, or where one is used that only triangles around it can hold; so no triangle has another's
vertex in the middle of a side.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32, Int64

Errors = Float32[np.ndarray, "h1 w"]
Vertices = Int64[np.ndarray, "n 2"]


def midpoints(size: tuple[int, int]) -> Iterator[tuple[Vertices, Vertices, Vertices]]:
    """Yield vertices of the grid (h + 1, w) as (row, column), finest first, and the ends of the long sides they are midway of.

    Columns of the ends may lie outside of the grid, by one turn. First those halfway along rows and columns, then those in the
    middle of squares, then the same of twice the distance, and so on.
    """
    rows, columns = size[0] - 1, size[1]
    step = 1
    while step < rows:
        for first_row, first_column, way in ((0, step, (0, step)), (step, 0, (step, 0))):
            middle = _every(first_row, first_column, 2 * step, rows, columns)
            yield middle, middle - way, middle + way
        middle = _every(step, step, 2 * step, rows, columns)
        falls = (middle // (2 * step)).sum(1) % 2 == 0
        way = np.stack([np.full(len(middle), step), np.where(falls, step, -step)], 1)
        yield middle, middle - way, middle + way
        step *= 2


def _every(first_row: int, first_column: int, step: int, rows: int, columns: int) -> Vertices:
    down, right = np.arange(first_row, rows + 1, step), np.arange(first_column, columns, step)
    return np.stack([np.repeat(down, len(right)), np.tile(right, len(down))], 1)


def with_holders(errors: Errors) -> Errors:
    """Return the errors, each at least as large as those of the vertices that can be used only where it is used."""
    errors = errors.copy()
    rows, columns = errors.shape[0] - 1, errors.shape[1]
    step = 1
    while step < rows:
        half = step // 2
        if half:
            diagonal = [(down, right) for down in (-half, half) for right in (-half, half)]
            for first_row, first_column in ((0, step), (step, 0)):
                _raise_to(errors, _every(first_row, first_column, 2 * step, rows, columns), diagonal)
        _raise_to(errors, _every(step, step, 2 * step, rows, columns), [(0, step), (0, -step), (step, 0), (-step, 0)])
        step *= 2
    return errors


def _raise_to(errors: Errors, vertices: Vertices, neighbours: list[tuple[int, int]]) -> None:
    row, column = vertices.T
    values = errors[row, column]
    for down, right in neighbours:
        inside = (row + down >= 0) & (row + down < len(errors))
        there = errors[np.where(inside, row + down, row), (column + right) % errors.shape[1]]
        values = np.maximum(values, np.where(inside, there, 0))
    errors[row, column] = values


def least_error(errors: Errors, most: int) -> float:
    """Return above which of the errors, made by `with_holders`, vertices are used in a mesh of at most ``most`` triangles.

    Each vertex that is used halves two triangles. What is infinitely wrong to leave out is used however many there are.
    """
    count = max(1, most // 2)
    found = float(np.partition(errors.ravel(), -count)[-count]) if count < errors.size else -1.0
    return min(found, float(np.finfo(np.float32).max))


def halved(errors: Errors, above: float) -> Int64[np.ndarray, "m 3 2"]:
    """Return triangles of (row, column), of which the last is the right angle; columns may be the width, one turn on."""
    rows, columns = errors.shape[0] - 1, errors.shape[1]
    done, left = [], np.concatenate([_square(first, rows) for first in range(0, columns, rows)])
    while len(left):
        one, other, corner = left[:, 0], left[:, 1], left[:, 2]
        middle, odd = np.divmod(one + other, 2)
        split = ~odd.any(1) & (errors[middle[:, 0], middle[:, 1] % columns] > above)
        done.append(left[~split])
        left = np.concatenate([np.stack([corner, one, middle], 1)[split], np.stack([other, corner, middle], 1)[split]])
    return np.concatenate(done)


def _square(first: int, rows: int) -> Int64[np.ndarray, "2 3 2"]:
    """Return a square's two halves; the diagonals of neighbours meet."""
    corners = np.array([(0, 0), (0, rows), (rows, rows), (rows, 0)])  # clockwise
    turn = first // rows % 2
    a, b, c, d = np.roll(corners, -turn, axis=0) + (0, first)
    return np.stack([np.stack([a, c, b]), np.stack([c, a, d])])
