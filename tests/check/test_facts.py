"""What is counted, and which way is up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spag4d.check.facts import TURNED, UNKNOWN, UPRIGHT, find_facts, invalid_values, which_way_up
from spag4d.check.merge import merged
from spag4d.check.scene import check_scene
from spag4d.formats.ply import read_raw_ply, write_ply
from spag4d.formats.splat import write_splat
from spag4d.splat.edit import rotated
from tests.check.scenes import box_room_scene, floor_scene


def damaged(path: Path, changes: Mapping[str, Sequence[float]]) -> Path:
    """Write a scene, and overwrite properties of its first Gaussians in the file itself."""
    write_ply(path, box_room_scene())
    data = bytearray(path.read_bytes())
    start = data.index(b"end_header\n") + len(b"end_header\n")
    names = [line.split()[2] for line in data[:start].decode().splitlines() if line.startswith("property")]
    rows = np.frombuffer(data, "<f4", offset=start).reshape(-1, len(names))
    for name, values in changes.items():
        rows[: len(values), names.index(name)] = values
    path.write_bytes(data)
    return path


def test_what_is_invalid_is_counted_and_harms_nothing(tmp_path: Path) -> None:
    nan, inf = np.nan, np.inf
    path = damaged(tmp_path / "bad.ply", {
        "x": [nan, inf], "scale_0": [0, 0, 99, nan], "rot_0": [1] * 4 + [0, 0], "rot_1": [0] * 6, "rot_2": [0] * 6,
        "rot_3": [0] * 6, "opacity": [0] * 6 + [nan, inf], "f_dc_1": [0] * 8 + [nan, 40]})
    raw = read_raw_ply(path)
    assert invalid_values(raw) == {"position is not a number": 2, "size is absurd": 1, "size is not a number": 1,
                                   "rotation has no length": 2, "opacity is not a number": 1, "colour is not a number": 1}
    report = check_scene(path).report
    assert report.facts.invalid_count == 8 and report.facts.outside_colors == pytest.approx(1 / (len(raw.means) - 1))
    assert [line.mark for line in report.lines() if line.label == "values"] == ["warn"]
    assert report.walks.open_at_origin < 0.01


def test_a_whole_scene_has_nothing_invalid(tmp_path: Path) -> None:
    for name, write in (("a.ply", write_ply), ("a.splat", write_splat)):
        write(tmp_path / name, box_room_scene())
        facts = check_scene(tmp_path / name).report.facts
        assert facts.invalid == {} and facts.count == len(box_room_scene()) and facts.outside_colors == 0
        assert facts.low_m == pytest.approx((-2, -1.4, -2.5), abs=0.2) and facts.high_m == pytest.approx((3, 1.6, 4), abs=0.2)
        assert facts.metres_plausible


def test_a_floor_tells_which_way_is_up() -> None:
    floor = floor_scene()
    way, height = which_way_up(merged(floor))
    assert way == UPRIGHT and height == pytest.approx(1.6, rel=0.02)
    assert which_way_up(merged(rotated(floor, np.diag([1.0, -1, -1]))))[0] == TURNED
    way, height = which_way_up(merged(box_room_scene()))
    assert way == UNKNOWN and height == pytest.approx(1.6, rel=0.05)


def test_sizes_that_are_no_metres_are_noticed(tmp_path: Path) -> None:
    tiny = floor_scene()
    tiny = replace(tiny, means=tiny.means * np.float32(0.01), scales=tiny.scales * np.float32(0.01))
    write_ply(tmp_path / "tiny.ply", tiny)
    facts = find_facts(tmp_path / "tiny.ply", read_raw_ply(tmp_path / "tiny.ply"), merged(tiny), ["SPAG-4D 9"])
    assert not facts.metres_plausible and facts.made_by == "SPAG-4D 9"
