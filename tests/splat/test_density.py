"""Both kinds of density answer the same questions."""

import numpy as np
import pytest

from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.errors import InputError
from spag4d.splat.density import Budget, Density, Extent, Uniform, density_for
from spag4d.splat.gaussian_shape import Look
from tests.box_room import BoxRoom

HEIGHT = 128
KINDS = pytest.mark.parametrize("density", [Uniform(1), Budget(9000)], ids=["uniform", "budget"])


def scene() -> tuple[Panorama, DepthMap]:
    """The box room without a roof: above it is sky."""
    depth = BoxRoom().depth(HEIGHT)
    depth.sky[: HEIGHT // 4] = True
    return BoxRoom().panorama(HEIGHT), depth


@KINDS
def test_surfaces_and_sky_come_as_layers(density: Density) -> None:
    plan = density.plan(*scene(), look=Look(), extent=Extent(sky_radius_m=300.0))
    surfaces, sky = plan.surface_gaussians(), plan.sky_gaussians()
    assert len(surfaces.fine) > 4 * len(surfaces.backing) > 0
    assert len(surfaces.sky) == len(surfaces.behind) == 0
    assert np.linalg.norm(surfaces.joined.means, axis=1).max() < 100
    assert np.linalg.norm(sky.means, axis=1).min() > 299
    without = density.plan(*scene(), look=Look(backing=False), extent=Extent())
    assert len(without.sky_gaussians()) == 0 and len(without.surface_gaussians().backing) == 0


@KINDS
def test_each_cell_has_its_size(density: Density) -> None:
    plan = density.plan(*scene(), look=Look(backing=False), extent=Extent())
    fine, cells_rad = plan.surface_gaussians().fine, plan.cell_sizes_rad()
    assert len(cells_rad) in (1, len(fine))
    np.testing.assert_allclose(fine.scales[:, 0], Look().lone_sd * cells_rad * np.linalg.norm(fine.means, axis=1), rtol=1e-3)


@KINDS
def test_no_walk_uncovers_nothing(density: Density) -> None:
    assert len(density.behind(*scene(), look=Look(), extent=Extent(step_m=0.0))) == 0


def test_a_budget_is_shared_with_what_is_taken() -> None:
    counts = [len(Budget(9000).plan(*scene(), look=Look(), extent=Extent(), taken=taken).surface_gaussians())
              for taken in (0, 4000)]
    assert counts[0] <= 9000 and 0.9 * 5000 < counts[1] <= 5000 < counts[0]


def test_rows_that_are_read_and_remembered() -> None:
    assert [Uniform(3).most_rows(1000), Uniform(3).memory_rows(1000), Uniform(1).memory_rows(1000)] == [1000, 334, 1000]
    assert Budget(10**9).most_rows(1000) == Budget(10**9).memory_rows(1000) == 1000
    assert Budget(300).most_rows(1000) == 160  # of 16 rows a ring of 16 tiles: half of 300 Gaussians
    rows = Budget(9000).memory_rows(1000)
    assert 4 / np.pi * rows**2 == pytest.approx(9000, rel=0.03)


def test_which_one_is_meant() -> None:
    assert density_for(3, None) == Uniform(3) and density_for(3, 5000) == Budget(5000)


@pytest.mark.parametrize("stride", [0, 17, 1.5])
def test_impossible_strides_are_refused(stride: int) -> None:
    with pytest.raises((InputError, TypeError), match="stride"):
        Uniform(stride)


def test_nothing_is_kept_of_a_plan_without_surfaces() -> None:
    panorama, depth = scene()
    empty = DepthMap(depth.distance, np.ones_like(depth.sky))
    surfaces = Uniform(4).plan(panorama, empty, look=Look(), extent=Extent()).surface_gaussians()
    assert len(surfaces) == 0 and isinstance(surfaces.joined, Gaussians)
