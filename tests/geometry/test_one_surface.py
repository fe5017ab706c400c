import numpy as np
import pytest

from spag4d.geometry.equirect import directions, pad_sphere
from spag4d.geometry.one_surface import TO_AVERAGE, TO_FOLLOW, cuts, one_surface


def room_inverse(height: int) -> np.ndarray:
    """The floor 1.6 m below and a wall 4 m ahead, and nothing elsewhere; its walls are as slanted as it gets."""
    rays = directions(height).astype(float)
    inverse = np.maximum(rays[..., 1] / 1.6, rays[..., 2] / 4.0)
    return np.where(inverse > 0.02, inverse, 0).astype(np.float32)


def test_slanted_planes_are_not_cut_and_emptiness_is():
    inverse = room_inverse(256)
    right, down = cuts(inverse)
    something = inverse > 0
    np.testing.assert_array_equal(right & ~(something & np.roll(something, -1, 1)), ~(something & np.roll(something, -1, 1)))
    inside = something & np.roll(something, -1, 1) & np.roll(something, -1, 0)
    for mask, axis in ((right, 1), (down, 0)):
        step = np.abs(np.roll(inverse, -1, axis) / np.maximum(inverse, 1e-6) - 1)
        gentle = inside & (step < 0.08)
        assert mask[gentle].mean() < 0.005, "only where the wall meets the floor, at a grazing angle"


@pytest.mark.parametrize("gap", [0.03, 0.2, 2.0])
def test_both_axes_find_a_step_and_the_seam_has_none(gap: float):
    far = np.zeros((128, 256), bool)
    far[20:40, 30:] = True
    inverse = np.where(far, 1 / (2 * (1 + gap)), 1 / 2).astype(np.float32)
    right, down = cuts(inverse)
    expected_right, expected_down = far != np.roll(far, -1, 1), far != np.roll(far, -1, 0)
    np.testing.assert_array_equal(right, expected_right)
    np.testing.assert_array_equal(down[:-1], expected_down[:-1])
    assert not down[-1].any()


def test_three_surfaces_in_a_row_are_no_slant():
    inverse = np.full((32, 64), 0.3, np.float32)
    inverse[:, 31] = 0.45
    inverse[:, 32:50] = 0.6
    assert cuts(inverse)[0][:, [30, 31]].all()


def test_cuts_agree_with_the_rule_for_arrays():
    rng = np.random.default_rng(3)
    rise = 1 + np.float32(0.02) * np.indices((16, 32)).sum(0) * rng.choice([0, 1, 3], (16, 32))
    inverse = np.where(rng.random((16, 32)) < 0.1, 0, rise).astype(np.float32)
    padded = pad_sphere(inverse, 2)
    for axis, found in enumerate(reversed(cuts(inverse))):
        before, first, second, after = (np.roll(padded, -k, axis)[2:-2, 2:-2] for k in (-1, 0, 1, 2))
        steps = second - first, first - before, after - second
        expected = ~one_surface(*steps, np.minimum(first, second), np.pi / 16, TO_AVERAGE)
        if axis == 0:
            expected[-1] = False
        assert 0.1 < expected.mean() < 0.9
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("height", [1, 2, 3])
def test_the_smallest_maps(height: int):
    right, down = cuts(np.ones((height, 2 * height), np.float32))
    assert not right.any() and not down.any()


def test_planes_are_followed_as_far_as_they_may_be_averaged_and_farther():
    inverse = room_inverse(64)
    before, first, second, after = (np.roll(inverse, -k, 0)[2:-3] for k in (-1, 0, 1, 2))
    far, step_rad = np.minimum(first, second), np.pi / 64
    one, strict = (one_surface(second - first, first - before, after - second, far, step_rad, limits)
                   for limits in (TO_FOLLOW, TO_AVERAGE))
    assert not (strict & ~one).any()
    slanted = (first > 0) & (second > 0) & (np.abs(second - first) > 0.1 * far)
    assert one[slanted].mean() > 0.9 and not strict[slanted].any()
    assert not one[far <= 0].any()
