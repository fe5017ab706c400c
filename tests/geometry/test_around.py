import numpy as np

from spag4d.geometry.around import grown, largest_around, smallest_around


def marked(row: int, column: int) -> np.ndarray:
    values = np.zeros((8, 16), np.float32)
    values[row, column] = 1
    return values


def test_a_margin_crosses_the_seam_and_the_pole() -> None:
    found = np.argwhere(grown(marked(0, 0) > 0, 1)).tolist()
    assert sorted(found) == sorted([0, c] for c in (15, 0, 1, 7, 8, 9)) + sorted([1, c] for c in (15, 0, 1))


def test_largest_and_smallest_are_each_other_turned_over() -> None:
    values = np.random.default_rng(0).random((12, 24)).astype(np.float32)
    np.testing.assert_array_equal(largest_around(values, 2), -smallest_around(-values, 2))
    np.testing.assert_array_equal(largest_around(values, 0), values)


def test_one_pixel_is_the_largest_of_its_square() -> None:
    assert largest_around(marked(4, 8), 1).sum() == 9 and smallest_around(marked(4, 8), 1).sum() == 0
