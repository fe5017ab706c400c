"""Walks through scenes whose holes, walls and skies are known."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.known_scene import KnownRoom
from spag4d.check.merge import merged
from spag4d.check.ray_probe import blocks_of, probe, rays
from spag4d.check.uncertainty import UNCERTAINTIES
from spag4d.check.walking import CLEARANCE_M, DISTANCES_M, crossing_m, nearest_surface_m, stops_m, walking_range, walks
from spag4d.check.walking_range import DIRECTIONS, NAMES
from spag4d.data import Gaussians
from spag4d.errors import Cancelled
from spag4d.geometry.equirect import solid_angle_weights
from spag4d.progress import Progress
from spag4d.render.view import render_panorama
from tests.box_room import BoxRoom, directions
from tests.check.scenes import box_room_scene, floor_scene, furnished_scene, scene_of

ROOM, FURNISHED = box_room_scene(), furnished_scene()


def test_an_empty_closed_room_whose_depth_is_measured_holds_up_to_its_walls() -> None:
    found = walks(ROOM, None)
    assert found.open_at_origin == 0 and not found.estimated
    for walk in found.walks:
        free = BoxRoom().hit(DIRECTIONS[NAMES.index(walk.name)])[0]
        assert free > 2.9 or free - 0.2 < walk.surface_m < free + 0.05
        assert walk.distances_m[-1] <= free - 0.9 * CLEARANCE_M and len(walk.stretch) == len(walk.distances_m)
        assert max(walk.see_through) < 0.02 and max(walk.torn) < 0.1 and not any(walk.displaced_rad)
        assert walk.reason in ("surface", "stretch", "none") and walk.range_m > min(0.7 * (free - CLEARANCE_M), 1.0)
        assert walk.range_m <= max(0.0, free - 0.9 * CLEARANCE_M)


def test_estimated_depth_holds_up_less_far_than_measured_and_the_worse_the_less() -> None:
    builtin = UNCERTAINTIES["builtin"]
    twice = replace(builtin, surface=tuple(2 * error for error in builtin.surface))
    measured, estimated, worse = (walking_range(ROOM, one).range_m for one in (None, builtin, twice))
    assert (estimated <= measured).all() and (worse <= estimated).all()
    assert worse.mean() < estimated.mean() < 0.6 * measured.mean()
    ended = [walk.reason for walk in walks(ROOM, builtin).walks]
    assert ended.count("depth") > 10


def test_a_torn_thing_ahead_shortens_the_way_ahead_and_not_the_way_back() -> None:
    rays = directions(256)
    azimuth, elevation = np.degrees(np.arctan2(rays[..., 0], rays[..., 2])), np.degrees(np.arcsin(-rays[..., 1]))
    ahead = (np.abs(azimuth) < 25) & (np.abs(elevation + 5) < 20)
    shreds = np.random.default_rng(1).random((64, 128)).repeat(4, 0).repeat(4, 1) < 0.5
    whole, torn = (walking_range(scene_of(np.where(ahead & where, 1.5, 6.0)), None).by_name for where in (True, shreds))
    assert torn["+z"] < 0.6 * whole["+z"] and torn["+z"] < 1
    assert torn["-z"] == whole["-z"] == 2, "nobody looks back"
    for aside in ("+x", "-x"):
        assert torn[aside] < 1, "what stands ahead is seen beside somebody who goes aside"


def test_farther_on_it_does_not_get_better() -> None:
    for walk in walks(FURNISHED, UNCERTAINTIES["builtin"]).walks:
        assert all(before <= after for before, after in zip(walk.spoilt, walk.spoilt[1:], strict=False))


def test_holes_are_those_of_the_renderer() -> None:
    room, clouds = KnownRoom(), merged(FURNISHED)
    position = DIRECTIONS[NAMES.index("+x")] * 0.5
    measured = probe(blocks_of(clouds), position)
    drawn = render_panorama(FURNISHED, 512, position).alpha < 0.5
    share = float((drawn * solid_angle_weights(512)[:, None]).sum() / (4 * np.pi))
    assert measured.open == pytest.approx(share, rel=0.2)
    assert measured.open_tiles.mean() == pytest.approx(measured.open, rel=0.1)
    assert measured.open_tiles.max() > 10 * measured.open
    grid = rays(72).directions.astype(float)
    hidden = 1 - room.sees(position + grid * room.hit(grid, position)[:, None]).mean()
    assert 0.3 * hidden < measured.open < hidden, "only what the capture point did not see; Gaussians reach a little over edges"


def test_a_walk_that_stops_where_it_ends_has_the_same_range() -> None:
    found = walks(ROOM, UNCERTAINTIES["builtin"]).range
    np.testing.assert_array_equal(walking_range(ROOM, UNCERTAINTIES["builtin"]).range_m, found.range_m)


def test_an_open_sky_is_no_hole() -> None:
    found = walks(floor_scene(), None)
    assert 0.4 < found.open_at_origin < 0.55
    level = [found.walks[NAMES.index(name)] for name in ("+x", "-x", "+z", "-z")]
    assert max(max(walk.see_through) for walk in level) < 0.005 and min(walk.range_m for walk in level) > 0.5


def test_a_wall_in_the_way_is_found_and_a_floating_speck_is_not() -> None:
    across, up = np.meshgrid(np.arange(-0.5, 0.51, 0.02), np.arange(-0.5, 0.51, 0.02))
    means = np.stack([across, up, np.full_like(up, 1.0)], -1).reshape(-1, 3)
    count = len(means)
    wall = Gaussians(*(array.astype(np.float32) for array in (
        means, np.full((count, 3), (0.01, 0.01, 0.001)), np.tile([1.0, 0, 0, 0], (count, 1)), np.full(count, 0.9),
        np.zeros((count, 3)))))
    ahead = np.array([0, 0, 1.0])
    assert nearest_surface_m(merged(wall), ahead) == pytest.approx(1.0, abs=0.02)
    assert nearest_surface_m(merged(wall), -ahead) == np.inf
    speck = wall.select(slice(0, 1))
    speck = replace(speck, means=np.array([[0, 0, 0.4]], np.float32))
    assert nearest_surface_m(merged(Gaussians.concatenate([speck, wall])), ahead) == pytest.approx(1.0, abs=0.02)


def test_a_floor_that_was_seen_at_a_slant_is_drawn_out_from_above() -> None:
    floor = floor_scene(0.8)
    far = np.linalg.norm(floor.means - np.array([4, 0.8, 0], np.float32), axis=1) < 0.7
    there = merged(floor.select(far))
    blocks = blocks_of(there)
    assert probe(blocks, np.zeros(3)).stretched == 0
    assert probe(blocks, np.array([4.0, 0, 0])).stretched > 0.8, "1 / cos 79° is 5"


def test_nothing_has_no_range() -> None:
    found = walks(Gaussians.empty(), None)
    assert found.open_at_origin == 1 and not found.range.range_m.any() and found.walks[0].reason == "empty"


def test_where_a_limit_is_crossed() -> None:
    assert crossing_m((0.1, 0.2, 0.3, 0.5), [0.0, 0.001, 0.002, 0.006], 0.004) == pytest.approx(0.4)
    assert crossing_m((0.1,), [0.01], 0.005) == pytest.approx(0.05)
    assert crossing_m(DISTANCES_M, [0.0] * len(DISTANCES_M), 0.005) == np.inf
    assert stops_m(0.5) == pytest.approx((0.1, 0.2, 0.3, 0.35)) and stops_m(0.1) == ()
    assert stops_m(np.inf) == DISTANCES_M


def test_a_walk_can_be_stopped() -> None:
    with pytest.raises(Cancelled):
        walks(ROOM, None, progress=Progress(is_cancelled=lambda: True))
