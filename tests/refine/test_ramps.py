import numpy as np
import pytest

from spag4d.geometry.around import largest_around
from spag4d.refine.ramps import find_ramps

REACH_PX = 8


@pytest.fixture(scope="module")
def tilted() -> np.ndarray:
    """Inverse distance that is large on one side of the sphere and small on the other, with blurred discs before it."""
    row, column = np.indices((64, 128))
    inverse = 0.3 + 0.2 * np.sin(2 * np.pi * column / 128) * np.cos(np.pi * (row / 64 - 0.5)) + 0.1 * row / 64
    for y, x in ((30, 30), (20, 3), (50, 90)):
        aside = (column - x + 64) % 128 - 64
        inverse += 0.5 / (1 + np.exp(np.hypot(row - y, aside) - 7))
    return inverse.astype(np.float32)


def test_a_blurred_map_has_no_sharp_jumps_though_its_ends_differ(tilted):
    ramps = find_ramps(tilted, np.ones(tilted.shape, bool), REACH_PX)
    assert ramps.band.any() and ramps.sharp_share < 0.01


def test_a_step_is_sharp():
    inverse = np.full((64, 128), 0.2, np.float32)
    inverse[20:40, 30:60] = 1
    ramps = find_ramps(inverse, np.ones(inverse.shape, bool), REACH_PX)
    assert ramps.sharp_share > 0.99
    assert ramps.width.max() == pytest.approx(1)


@pytest.mark.parametrize("shift_px", [1, 16, 50])
def test_turning_the_sphere_turns_the_ramps(tilted, shift_px):
    seen = np.ones(tilted.shape, bool)
    seen[10:14, 100:120] = False
    given = find_ramps(tilted, seen, REACH_PX)
    turned = find_ramps(np.roll(tilted, shift_px, 1), np.roll(seen, shift_px, 1), REACH_PX)
    assert np.array_equal(turned.band, np.roll(given.band, shift_px, 1))
    assert turned.width == pytest.approx(np.roll(given.width, shift_px, 1), rel=1e-4)


def test_what_is_not_seen_has_no_ramps(tilted):
    seen = np.ones(tilted.shape, bool)
    seen[20:45, 20:45] = False
    ramps = find_ramps(tilted, seen, REACH_PX)
    assert not ramps.band[21:44, 21:44].any()
    assert largest_around(ramps.width, 1).max() > 0
