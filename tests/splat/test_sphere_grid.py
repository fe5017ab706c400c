import numpy as np
import pytest

from spag4d.geometry.equirect import row_elevations_rad
from spag4d.splat.sphere_grid import SphereGrid


@pytest.mark.parametrize("stride", [1, 2, 5, 16])
def test_cells_are_nearly_square_everywhere(stride: int):
    grid = SphereGrid.of_rows(320, stride)
    width = 2 * np.pi * np.cos(grid.elevations_rad) / grid.counts / grid.pitch_rad
    inner = slice(2, -2)
    assert width[inner].min() > 0.85 and width[inner].max() < 1.1


def test_a_third_fewer_cells_than_pixels():
    height = 512
    assert 0.63 < SphereGrid.of_rows(height, 1).counts.sum() / (2 * height**2) < 0.7


def test_rings_are_the_rows_of_the_picture():
    np.testing.assert_allclose(SphereGrid.of_rows(64, 1).elevations_rad, row_elevations_rad(64))


def test_the_pixels_around_the_horizon_are_the_cells():
    grid = SphereGrid.of_rows(180, 1)
    assert (grid.counts[90 - 24 : 90 + 24] == 360).all()


def test_poles_are_closed_by_at_least_three_cells():
    assert SphereGrid.of_rows(256, 1).counts[[0, -1]].tolist() == [3, 3]


def test_a_height_that_the_stride_does_not_divide_ends_with_a_lower_ring():
    grid = SphereGrid.of_rows(10, 4)
    assert len(grid) == 3
    np.testing.assert_allclose(grid.elevations_rad, np.pi / 2 - np.pi / 10 * np.array([2, 6, 9]))


def test_index_finds_every_cell_again():
    grid = SphereGrid.of_rows(40, 2)
    cells = grid.cells(0, len(grid))
    np.testing.assert_array_equal(grid.index(cells.ring, cells.turn), np.arange(grid.counts.sum()))
