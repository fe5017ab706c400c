"""The card in its three forms."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.check.page import page, write_page
from spag4d.check.scene import Checked, check_scene
from spag4d.check.walking_range import NAMES
from spag4d.errors import InputError
from spag4d.formats.ply import write_ply
from tests.box_room import BoxRoom
from tests.check.scenes import HEIGHT, box_room_scene


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    folder = tmp_path_factory.mktemp("scene")
    write_ply(folder / "<room>.ply", box_room_scene(), comments=["SPAG-4D 1"])
    Image.fromarray(np.round(BoxRoom().panorama(HEIGHT).rgb * 255).astype(np.uint8)).save(folder / "photo.png")
    return check_scene(folder / "<room>.ply", folder / "photo.png")


def test_the_text_is_a_card(checked: Checked) -> None:
    lines = checked.report.to_text().splitlines()
    assert len(lines) <= 35 and all(len(line) <= 160 for line in lines[1:])
    assert checked.report.verdict() in lines[0] and "WARN" not in "".join(lines)
    assert sum(" m " in line and line.startswith("  ") for line in lines) >= len(NAMES)


def test_of_several_panoramas_the_card_says_how_much_parallax_has_measured(tmp_path: Path) -> None:
    write_ply(tmp_path / "house.ply", box_room_scene())
    viewpoints = [{"name": f"{share}.jpg", "position_m": [0, 0, 0], "measured": share} for share in (0.4, 0.6)]
    (tmp_path / "house.scene.json").write_text(json.dumps({"files": ["house.ply"], "viewpoints": viewpoints}), encoding="utf-8")
    report = check_scene(tmp_path / "house.ply").report
    assert "40% to 60% of the sphere measured, seen from 2 panoramas" in report.to_text()
    assert json.loads(report.to_json())["measured"] == {"0.4.jpg": 0.4, "0.6.jpg": 0.6}


def test_the_json_holds_the_same(checked: Checked) -> None:
    card = json.loads(checked.report.to_json())
    assert card["verdict"] == checked.report.verdict() and card["warnings"] == []
    assert card["facts"]["count"] == len(box_room_scene()) and card["likeness"]["orientation"]["mirrored"] is False
    assert card["walking"]["range_m"] == checked.report.walks.range.by_name
    for name in NAMES:
        walk = card["walking"]["directions"][name]
        keys = ("distances_m", "see_through", "torn", "stretch", "displaced_rad", "spoilt")
        assert len({len(walk[key]) for key in keys}) == 1


def test_the_page_needs_nothing_else(checked: Checked, tmp_path: Path) -> None:
    text = page(checked)
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', text)
    assert len(sources) == 5 and all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "http" not in text and "<script" not in text and "@import" not in text and "url(" not in text
    assert "prefers-color-scheme" in text and 'name="viewport"' in text and text.count("<svg") == 4
    assert "&lt;room&gt;" in text and "<room>" not in text, "names are escaped"
    write_page(tmp_path / "card.html", checked)
    assert (tmp_path / "card.html").read_text(encoding="utf-8") == text


def test_a_scene_without_anything_is_said_to_be_empty(tmp_path: Path) -> None:
    write_ply(tmp_path / "empty.ply", replace(box_room_scene(), opacities=np.full(len(box_room_scene()), 1e-4, np.float32)))
    empty = check_scene(tmp_path / "empty.ply")
    assert "nothing to see" in empty.report.verdict() and "nothing is there" in empty.report.to_text()
    assert json.loads(empty.report.to_json())["likeness"] is None and "<svg" in page(empty)


def test_a_scene_that_lies_elsewhere_is_said_to_have_no_capture_point(tmp_path: Path) -> None:
    scene = box_room_scene()
    write_ply(tmp_path / "away.ply", replace(scene, means=scene.means + np.array([0, 0, 10], np.float32)))
    report = check_scene(tmp_path / "away.ply").report
    assert "not captured there" in report.verdict()
    assert {line.label for line in report.lines() if line.mark == "warn"} >= {"origin", "poles"}


def test_other_files_are_refused_in_words(tmp_path: Path) -> None:
    for name in ("a.txt", "missing.ply"):
        with pytest.raises(InputError):
            check_scene(tmp_path / name)
