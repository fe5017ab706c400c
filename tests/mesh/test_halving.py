from collections import Counter

import numpy as np
import pytest

from spag4d.mesh.halving import halved, least_error, midpoints, with_holders

SIZE = (17, 32)


def area(triangles: np.ndarray) -> np.ndarray:
    """Twice the area, positive for what goes round against the clock on a screen."""
    one, other, corner = (triangles[:, k].astype(float) for k in range(3))
    first, second = other - one, corner - one
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]


def check_whole(triangles: np.ndarray) -> None:
    """They cover the grid once, and no triangle has another's vertex in a side: each inner side belongs to two triangles."""
    assert (area(triangles) > 0).all() and area(triangles).sum() == 2 * 16 * 32
    sides: Counter[frozenset[tuple[int, int]]] = Counter()
    for triangle in triangles:
        corners = [(int(row), int(column) % 32) for row, column in triangle]
        sides.update(frozenset(pair) for pair in zip(corners, corners[1:] + corners[:1], strict=True))
    for side, count in sides.items():
        at_a_pole = {row for row, _ in side} in ({0}, {16})
        assert count == (1 if at_a_pole else 2), side


def test_without_errors_two_squares_are_halved() -> None:
    assert len(halved(np.zeros(SIZE, np.float32), 0.0)) == 4


def test_with_errors_everywhere_all_vertices_are_used() -> None:
    triangles = halved(np.full(SIZE, np.inf, np.float32), 0.0)
    check_whole(triangles)
    assert len(triangles) == 2 * 16 * 32


@pytest.mark.parametrize("seed", range(5))
def test_any_vertices_make_a_whole_net_that_uses_them(seed: int) -> None:
    wanted = np.random.default_rng(seed).random(SIZE) > 0.97
    triangles = halved(with_holders(wanted.astype(np.float32)), 0.5)
    check_whole(triangles)
    used = np.zeros(SIZE, bool)
    used[triangles[..., 0], triangles[..., 1] % 32] = True
    assert used[wanted].all()


def test_every_vertex_is_midway_once_but_for_the_corners() -> None:
    count = np.zeros(SIZE, int)
    for middle, first, last in midpoints(SIZE):
        np.testing.assert_array_equal(2 * middle, first + last)
        np.add.at(count, tuple(middle.T), 1)
    corners = [(0, 0), (0, 16), (16, 0), (16, 16)]
    assert count.sum() == count.size - 4 and all(count[corner] == 0 for corner in corners) and count.max() == 1


def test_there_are_no_more_triangles_than_allowed() -> None:
    errors = with_holders(np.random.default_rng(0).random(SIZE).astype(np.float32))
    count = len(halved(errors, least_error(errors, 300)))
    assert 200 < count <= 300
    assert len(halved(errors, least_error(errors, 10_000))) == 1024


def test_what_is_infinitely_wrong_to_leave_out_is_used_however_few_are_allowed() -> None:
    errors = np.zeros(SIZE, np.float32)
    errors[3:9, 5:20] = np.inf
    errors = with_holders(errors)
    triangles = halved(errors, least_error(errors, 10))
    check_whole(triangles)
    assert len(triangles) > 100
