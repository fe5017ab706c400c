"""Conversions measure how far one may walk, and write it down."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spag4d import SPAG4D
from spag4d.check.scene import check_scene, range_of
from spag4d.check.walking_range import NAMES, WalkingRange
from spag4d.formats.ply_comments import read_comments
from tests.box_room import BoxRoom

pytestmark = pytest.mark.usefixtures("quick_depth")

HEIGHT = 128


def test_a_scene_says_how_far_one_may_walk_and_its_first_look_does_not(tmp_path: Path) -> None:
    room, first = BoxRoom(), tmp_path / "first.ply"
    result = SPAG4D(sharp_refine=False).convert(
        room.panorama(HEIGHT), tmp_path / "scene.ply", depth_map=room.depth(HEIGHT), first_look=first)
    (found,) = [found for line in read_comments(tmp_path / "scene.ply") if (found := WalkingRange.from_comment(line))]
    assert found.by_name == result.walking_range_m and list(result.walking_range_m) == list(NAMES)
    assert "Walking range" in result.stage_times
    again = range_of(tmp_path / "scene.ply")
    assert again.by_name == pytest.approx(found.by_name, abs=0.02), "the file holds what was measured, but for rounding"
    assert not any(WalkingRange.from_comment(line) for line in read_comments(first))


def test_the_check_of_a_file_knows_whose_depth_it_is(tmp_path: Path) -> None:
    """The conversion, the file's check, and that of a format without comments tell the same."""
    room = BoxRoom().panorama(HEIGHT)
    result = SPAG4D(sharp_refine=False, depth_model="builtin", format="ply,spz").convert(room, tmp_path / "scene")
    assert max(result.walking_range_m.values()) < 2
    for path in result.output_paths:
        report = check_scene(path).report
        assert report.walks.estimated
        assert report.walks.range.by_name == pytest.approx(result.walking_range_m, abs=0.05), path.name


def test_a_file_keeps_the_doubt_about_its_depth(tmp_path: Path) -> None:
    """In its comments, or in the card of a format without these: where the model is sure one may go farther."""
    room = BoxRoom().panorama(HEIGHT)
    depth = SPAG4D(depth_model="builtin").estimate_depth(room)
    assert depth.doubt is not None
    ranges: dict[float, list[float]] = {}
    for doubt in (0.01, 1.0):
        told = replace(depth, doubt=np.full_like(depth.doubt, doubt))
        result = SPAG4D(sharp_refine=False, format="ply,spz").convert(room, tmp_path / str(doubt), depth_map=told)
        ranges[doubt] = [sum(check_scene(path).report.walks.range.by_name.values()) for path in result.output_paths]
    for sure, unsure in zip(ranges[0.01], ranges[1.0], strict=True):
        assert sure > 1.5 * unsure
