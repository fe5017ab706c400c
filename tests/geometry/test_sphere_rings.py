import numpy as np

from spag4d.geometry.sphere_rings import cell_at, cell_counts, cell_directions, polar, ring_starts
from spag4d.kernels import kernel


@kernel
def _cells(directions, starts, found):
    for i in range(len(found)):
        found[i] = cell_at(directions[i, 0], directions[i, 1], directions[i, 2], starts)


def test_the_centre_of_every_cell_lies_in_it() -> None:
    starts = ring_starts(31, 3)
    directions = cell_directions(starts).astype(np.float32)
    found = np.empty(len(directions), np.int64)
    _cells(directions, starts, found)
    np.testing.assert_array_equal(found, np.arange(starts[-1]))


def test_places_on_the_sphere_are_those_of_the_library() -> None:
    vectors = np.random.default_rng(0).normal(size=(5000, 3)) * np.random.default_rng(1).uniform(0.01, 100, (5000, 1))
    vectors = np.concatenate([vectors, np.eye(3)[::2], -np.eye(3)[::2]]).astype(np.float32)
    places = np.empty(vectors.size, np.float32)
    polar(vectors.reshape(-1), places)
    x, y, z = vectors.astype(float).T
    distance = np.linalg.norm(vectors.astype(float), axis=1)
    expected = np.stack([distance, np.arccos(-y / distance) / np.pi, np.arctan2(x, z) / (2 * np.pi) + 0.5], -1)
    np.testing.assert_allclose(places.reshape(-1, 3)[:, 0], distance, rtol=1e-6)
    np.testing.assert_allclose(places.reshape(-1, 3)[:, 1], expected[:, 1], atol=2e-6)  # the sine is steep near a pole
    off = np.abs(places.reshape(-1, 3)[:, 2] - expected[:, 2])
    assert np.minimum(off, 1 - off).max() < 1e-7


def test_the_ends_of_the_sphere_lie_in_a_cell() -> None:
    starts = ring_starts(18)
    ends = np.array([(0, -1.0001, 0), (0, 1.0001, 0), (0, 0, -1), (-1e-9, 0, -1)], np.float32)
    found = np.empty(len(ends), np.int64)
    _cells(ends, starts, found)
    assert found[0] < starts[1] and starts[-2] <= found[1] < starts[-1]
    assert (found[2:] >= starts[9]).all() and (found[2:] < starts[10]).all()


def test_cells_are_square_but_for_the_least_number_and_width_asked_for() -> None:
    elevations = np.radians([89.0, 45.0, 20.0, 0.0])
    assert cell_counts(elevations, np.pi / 180).tolist() == [6, 255, 338, 360]
    assert cell_counts(elevations, np.pi / 180, fewest=8, narrowest=0.91).tolist() == [8, 280, 360, 360]
