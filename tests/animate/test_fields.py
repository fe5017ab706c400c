"""Fields of motions: where they go, along surfaces, smoothly to nothing at their borders, across the seam and the poles."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.animate.fields import Field, fields_of, in_directions
from spag4d.animate.motions import CLOUDS, FALLS, FLOW, SMOKE, SWAY, WATER, Motion, read_region
from spag4d.errors import InputError
from spag4d.progress import SILENT, Progress
from tests.animate.rooms import ROWS, cap, under_sky
from tests.box_room import BoxRoom, directions

ROOM = BoxRoom().depth(ROWS)
RAYS = directions(ROWS)
FLOOR = cap((0.3, 1, 0.5), 40)


def field(motion: Motion, loop_s: float = 2.0) -> Field:
    found, = fields_of([motion], ROOM, loop_s, SILENT)
    return found


@pytest.mark.parametrize("heading", [0.0, 90.0, 200.0])
def test_water_flows_level_and_as_fast_as_it_should(heading: float) -> None:
    found = field(Motion(WATER, FLOOR, 0.2, heading))
    speeds = found.velocities * ROOM.distance[..., None]
    inner = cap((0.3, 1, 0.5), 12)
    right = 0.2 * np.array([math.sin(math.radians(heading)), 0, math.cos(math.radians(heading))])
    np.testing.assert_allclose(speeds[inner].mean(0), right, atol=0.01)
    assert not speeds[..., 1].any() and found.ripples and found.cycles <= 2


@pytest.mark.parametrize("direction", [(0, 0, 1), (0, 0, -1), (0, 1, 0), (0, -1, 0), (1, 0.5, -1)])
def test_nothing_moves_at_the_border_nor_leaves_the_region(direction: tuple[float, float, float]) -> None:
    """Ahead, across the seam, at both poles, and somewhere."""
    region = cap(direction, 30)
    found = field(Motion(FLOW, region, 1.0, 30.0), loop_s=3.0)
    assert not found.velocities[~region].any() and found.velocities[region].any()
    half_s = 3.0 / found.cycles / 2
    for sign in (1, -1):
        there = in_directions(region[..., None].astype(np.float32), (RAYS + sign * half_s * found.velocities).reshape(-1, 3)
                              .astype(np.float32))[:, 0]
        assert there[region.reshape(-1)].min() > 0.5
    for axis in (0, 1):  # neighbours never change their order
        apart = np.diff(RAYS, axis=axis)
        for sign in (1, -1):
            after = apart + sign * half_s * np.diff(found.velocities, axis=axis)
            assert ((apart * after).sum(2) > 0).all()


def test_a_flow_stays_on_its_surface_and_goes_where_the_arrow_points() -> None:
    region = cap((0.6, -0.1, 4), 14)  # on the wall ahead
    speeds = field(Motion(FLOW, region, 0.3, 90.0)).velocities[cap((0.6, -0.1, 4), 5)]
    assert (speeds[:, 1] < 0).all()
    assert np.abs(speeds[:, [0, 2]]).max() < 0.1 * np.abs(speeds[:, 1]).max()


def test_clouds_turn_about_the_vertical() -> None:
    found, = fields_of([Motion(CLOUDS, None, 2.0)], under_sky(), 2.0, SILENT)
    zenith = RAYS[..., 1] < -0.8
    x, _, z = np.moveaxis(RAYS, 2, 0)
    turning = np.radians(2.0) * np.stack([z, 0 * x, -x], -1)
    np.testing.assert_allclose(found.velocities[zenith], turning[zenith], atol=1e-3)
    assert not found.velocities[RAYS[..., 1] > -0.34].any()


def test_falls_fall_smoke_rises_and_leaves_sway_across() -> None:
    wall = cap((0.6, -0.1, 4), 14)
    inner = cap((0.6, -0.1, 4), 4)
    assert (field(Motion(FALLS, wall, 0.2)).velocities[inner][:, 1] > 0).all()
    assert (field(Motion(SMOKE, wall, 0.2)).velocities[inner][:, 1] < 0).all()
    sways = field(Motion(SWAY, wall, 0.05), loop_s=6.0)
    assert sways.sways and sways.cycles == 2
    aside = sways.velocities[inner] * ROOM.distance[inner][:, None]
    np.testing.assert_allclose(np.linalg.norm(aside, axis=1), 0.05, rtol=0.2)


def test_the_first_has_a_place_that_several_claim() -> None:
    water, sway = fields_of([Motion(WATER, FLOOR, 0.2), Motion(SWAY, cap((0.3, 1, 0.5), 60), 0.05)], ROOM, 2.0, SILENT)
    assert not (water.velocities.any(2) & sway.velocities.any(2)).any() and sway.velocities.any()


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    heard: list[str] = []
    progress = Progress(lambda event: heard.append(getattr(event, "message", "")))
    narrow = np.abs(RAYS[..., 0] / np.hypot(RAYS[..., 0], RAYS[..., 2])) < 0.2
    fields_of([Motion(WATER, narrow & FLOOR, 5.0, 90.0)], ROOM, 10.0, progress)
    assert any("its region is too narrow" in words for words in heard)
    for make, words in ((lambda: field(Motion(CLOUDS, None, 1.0)), "shows no sky"),
                        (lambda: field(Motion(WATER, cap((0, 1, 0), 2), 1.0)), "too small"),
                        (lambda: Motion(WATER, None, 1.0), "needs a region"), (lambda: Motion("lava", None, 1.0), "one of"),
                        (lambda: Motion(WATER, FLOOR, 99.0), "up to 20"), (lambda: Motion(SWAY, FLOOR, -0.1), "above 0"),
                        (lambda: Motion(FLOW, FLOOR, 1.0, 1e9), "within 360"),
                        (lambda: Motion(FLOW, FLOOR & False, 1.0), "is empty")):
        with pytest.raises(InputError, match=words):
            make()
    Image.fromarray((255 * FLOOR).astype(np.uint8)).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_region(tmp_path / "mask.png"), FLOOR)
    Image.new("L", (100, 100), 255).save(tmp_path / "square.png")
    with pytest.raises(InputError, match="twice as wide as high"):
        read_region(tmp_path / "square.png")
