"""Copies that follow a field: they loop, they cover, and they are nothing where the field is nothing."""

from collections.abc import Iterable

import numpy as np
import pytest

from spag4d.animate.copies import _BLOCK, _between, _in_blocks, flowing, phases_of, swaying
from spag4d.animate.fields import Field, fields_of
from spag4d.animate.motions import SWAY, WATER, Motion
from spag4d.data import Gaussians, Moving
from spag4d.progress import SILENT
from spag4d.splat.density import Extent, Uniform
from spag4d.splat.gaussian_shape import Look
from tests.animate.rooms import ROWS, cap
from tests.box_room import BoxRoom

LOOP_S = 4.0
FLOOR = cap((0.3, 1, 0.5), 40)


@pytest.fixture(scope="module")
def floor() -> Gaussians:
    room = BoxRoom().panorama(ROWS), BoxRoom().depth(ROWS)
    return Uniform(1).plan(*room, look=Look(), extent=Extent((0.1, 100.0))).surface_gaussians(SILENT).fine


def field(kind: str, amount: float) -> Field:
    found, = fields_of([Motion(kind, FLOOR, amount, 90.0)], BoxRoom().depth(ROWS), LOOP_S, SILENT, reach_deg=3.0)
    return found


def shown(parts: list[Moving], time_s: float) -> Gaussians:
    return Gaussians.concatenate([part.at(time_s, 0.05) for part in parts])


@pytest.mark.parametrize(("kind", "amount"), [(WATER, 0.2), (SWAY, 0.05)])
def test_the_end_is_the_beginning(floor: Gaussians, kind: str, amount: float) -> None:
    parts = list((swaying if kind == SWAY else flowing)(floor, field(kind, amount), LOOP_S))
    first, last = (shown(parts, time_s) for time_s in (0.0, np.nextafter(LOOP_S, 0)))
    order, other = (np.lexsort(np.round(gaussians.means, 4).T) for gaussians in (first, last))
    np.testing.assert_allclose(first.means[order], last.means[other], atol=2e-5)
    np.testing.assert_array_equal(first.colors[order], last.colors[other])
    for part in parts:
        assert (part.windows_s[:, 0] >= 0).all() and (part.windows_s[:, 1] <= LOOP_S).all()


def far_and_near(parts: Iterable[Moving]) -> tuple[Moving, Moving]:
    """Return the copies of one part, those that do not fade and those that do."""
    (part,) = parts
    fades = np.isfinite(part.sigmas_s)
    return part.select(np.flatnonzero(~fades)), part.select(np.flatnonzero(fades))


def test_something_opaque_is_always_there_and_jumps_only_below_what_is_opaque(floor: Gaussians) -> None:
    found = field(WATER, 0.2)
    far, near = far_and_near(flowing(floor, found, LOOP_S))
    count = len(near) // found.cycles
    first, second = far.select(slice(0, count)), far.select(slice(count, 2 * count))
    near = near.select(slice(0, count))
    for time_s in np.linspace(0, LOOP_S, 9)[:-1]:
        assert len(far.at(float(time_s))) == len(first) == len(near)
    jump_s = float(first.windows_s[0, 1])
    before, after = first.at(np.nextafter(jump_s, 0)), second.at(jump_s)
    assert np.linalg.norm(before.means - after.means, axis=1).max() > 0.2
    np.testing.assert_allclose(near.at(jump_s).opacities, near.gaussians.opacities)
    np.testing.assert_allclose(near.at(jump_s).means, near.gaussians.means)


def test_what_sways_goes_to_both_sides_without_a_jump(floor: Gaussians) -> None:
    parts = list(swaying(floor, field(SWAY, 0.05), LOOP_S))
    for time_s in np.linspace(0, LOOP_S, 17)[1:-1]:
        before, after = shown(parts, np.nextafter(time_s, 0)), shown(parts, float(time_s))
        assert len(before) == len(after)
        apart = np.linalg.norm(np.sort(before.means, 0) - np.sort(after.means, 0), axis=1)
        assert apart.max() < 1e-3
    assert set(phases_of(floor.means)) == set(range(8))


def test_copies_lie_in_the_order_in_which_they_repeat() -> None:
    """A block of Gaussians, and then the same again for each of their lives: so a file has their sizes and turns once."""
    count = 3 * _BLOCK // 2
    means = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    one = Gaussians(means, np.full((count, 3), 0.01, np.float32), np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
                    np.ones(count, np.float32), np.ones((count, 3), np.float32))
    lives = [_between(one, start, start + 1.0, means, start, np.inf) for start in (0.0, 1.0, 2.0)]
    joined = _in_blocks(lives)
    expected = [*[means[:_BLOCK]] * 3, *[means[_BLOCK:]] * 3]
    np.testing.assert_array_equal(joined.gaussians.means, np.concatenate(expected))
    np.testing.assert_array_equal(np.unique(joined.centers_s[: 3 * _BLOCK], return_counts=True)[1], _BLOCK)


def test_what_stands_has_no_copy(floor: Gaussians) -> None:
    far, _ = far_and_near(flowing(floor, field(WATER, 0.2), LOOP_S))
    rays = far.gaussians.means
    assert len(rays) > 100
    middle = np.array([0.3, 1, 0.5]) / np.linalg.norm([0.3, 1, 0.5])
    assert ((rays / np.linalg.norm(rays, axis=1, keepdims=True)) @ middle > np.cos(np.radians(40))).all()
    nothing = Field(np.zeros((ROWS, 2 * ROWS, 3), np.float32), 1)
    assert not list(flowing(floor, nothing, LOOP_S)) and not list(swaying(floor, nothing, LOOP_S))
