import json
from pathlib import Path

import pytest

from spag4d.errors import InputError
from spag4d.formats.scene_card import card_path, read_card, write_card

ABOUT = {"metric": True, "depth_model": "da3", "metres_from": "camera height", "scale_sigma": 0.123456,
         "walking_range_m": {"+x": 1.5}}


def test_one_card_for_all_formats_of_a_scene() -> None:
    assert {card_path(Path("f", name)) for name in ("a.b.ply", "a.b.compressed.ply", "a.b.spz")} == {Path("f/a.b.scene.json")}


def test_it_says_where_to_stand_and_in_which_frame(tmp_path: Path) -> None:
    write_card(tmp_path / "a.scene.json", [tmp_path / "a.ply", tmp_path / "a.spz"], **ABOUT)
    card = json.loads((tmp_path / "a.scene.json").read_text(encoding="utf-8"))
    assert card["files"] == ["a.ply", "a.spz"]
    assert card["frame"]["up"] == card["start"]["up"] == [0, -1, 0]
    assert (card["start"]["position"], card["start"]["look_at"]) == ([0, 0, 0], [0, 0, 1])
    assert (card["unit"], card["metric"], card["metres_from"]) == ("m", True, "camera height")
    assert (card["walking_range_m"], card["scale_sigma"], card["depth_model"]) == ({"+x": 1.5}, 0.1235, "da3")
    assert read_card(tmp_path / "a.spz") == card
    assert read_card(tmp_path / "b.ply") == {} == read_card(tmp_path / "a.sog"), "no card, and one of other files"


@pytest.mark.parametrize("content", [
    b"", b"[" * 5000, b'{"files": 1e400}', b'{"files": "a.ply"}', b'{"files": ["a.ply"], "depth_model": ["da3"]}', b"\xff{}"])
def test_a_damaged_card_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.scene.json").write_bytes(content)
    assert read_card(tmp_path / "a.ply") == {}


def test_lengths_without_a_unit_are_no_metres(tmp_path: Path) -> None:
    write_card(tmp_path / "a.scene.json", [], **{**ABOUT, "metric": False})
    card = json.loads((tmp_path / "a.scene.json").read_text(encoding="utf-8"))
    assert (card["unit"], card["metric"], card["metres_from"]) == ("arbitrary", False, "")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        write_card(tmp_path / "nowhere" / "a.scene.json", [], **ABOUT)
