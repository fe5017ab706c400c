import numpy as np

from spag4d.formats.hilbert import curve_order, curve_place


def test_the_curve_goes_from_cell_to_neighbour_through_every_cell() -> None:
    cells = np.stack(np.meshgrid(*[np.arange(16)] * 3, indexing="ij"), -1).reshape(-1, 3)
    places = curve_place(cells.astype(np.uint64))
    assert sorted(places) == list(range(16 ** 3))
    steps = np.abs(np.diff(cells[np.argsort(places)], axis=0)).sum(1)
    assert (steps == 1).all()


def test_the_order_is_one_of_all_and_leaves_equal_ones_as_they_are() -> None:
    means = np.random.default_rng(1).normal(0, 5, (5000, 3)).astype(np.float32)
    for in_shells in (False, True):
        assert sorted(curve_order(means, in_shells=in_shells)) == list(range(5000))
        np.testing.assert_array_equal(curve_order(np.ones((50, 3), np.float32), in_shells=in_shells), np.arange(50))
    assert len(curve_order(np.empty((0, 3), np.float32))) == 0


def test_neighbours_in_the_order_are_near_each_other() -> None:
    means = np.random.default_rng(2).uniform(-4, 4, (20000, 3)).astype(np.float32)
    step_m = np.linalg.norm(np.diff(means[curve_order(means)], axis=0), axis=1)
    assert np.median(step_m) < 0.6  # 512 m³ for 20,000: 0.3 m of room for each
    assert np.median(np.linalg.norm(np.diff(means, axis=0), axis=1)) > 4


def test_shells_are_sorted_by_distance_each_twice_as_far() -> None:
    means = np.random.default_rng(3).normal(0, 1, (20000, 3)) * np.random.default_rng(4).choice([0.3, 2, 40, 500], (20000, 1))
    distance = np.linalg.norm(means[curve_order(means.astype(np.float32), in_shells=True)], axis=1)
    assert (np.maximum.accumulate(distance) / distance).max() < 2.001
