"""The command ``spag4d check``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from spag4d.check.walking_range import NAMES, WalkingRange
from spag4d.commands import cli
from spag4d.formats.ply import read_ply, write_ply
from spag4d.formats.ply_comments import read_comments
from spag4d.formats.splat import write_splat
from tests.check.scenes import box_room_scene


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["check", *(str(argument) for argument in arguments)])


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    write_ply(tmp_path / "scene.ply", box_room_scene(), comments=["made for a test"])
    return tmp_path / "scene.ply"


def test_a_card_and_a_page(scene: Path, tmp_path: Path) -> None:
    before = scene.read_bytes()
    done = run(scene, "--html", tmp_path / "card.html")
    assert done.exit_code == 0 and "You can walk" in done.output and (tmp_path / "card.html").stat().st_size > 10_000
    assert scene.read_bytes() == before


def test_photographs_from_other_places_stand_in_the_card_and_on_the_page(scene: Path, tmp_path: Path) -> None:
    Image.fromarray(np.full((64, 128, 3), 90, np.uint8)).save(tmp_path / "a.png")
    stated = {"a.png": {"position_m": [0.1, 0, 0], "rotation": np.eye(3).tolist()}}
    (tmp_path / "poses.json").write_text(json.dumps({"panoramas": stated}))
    given = ("--views", tmp_path / "a.png", "--poses", tmp_path / "poses.json")
    done = run(scene, *given, "--json", "--html", tmp_path / "card.html")
    (view,) = json.loads(done.output)["views"]
    assert view["name"] == "a.png" and 5 < view["psnr_db"] < 25
    assert "Beside photographs" in (tmp_path / "card.html").read_text()
    assert run(scene, *given[:2]).exit_code == 2


def test_writing_leaves_the_data_as_they_were(scene: Path) -> None:
    before = scene.read_bytes()
    for _ in range(2):
        done = run(scene, "--write", "--json")
        assert done.exit_code == 0
        comments = read_comments(scene)
        assert comments[0] == "made for a test" and len(comments) == 2
        found = WalkingRange.from_comment(comments[1])
        assert found is not None and found.by_name == json.loads(done.output)["walking"]["range_m"]
    after, end = scene.read_bytes(), b"end_header\n"
    assert after[after.index(end):] == before[before.index(end):]
    assert len(read_ply(scene)) == len(box_room_scene())


def test_what_cannot_be_done_ends_with_two(scene: Path, tmp_path: Path) -> None:
    write_splat(tmp_path / "scene.splat", box_room_scene())
    (tmp_path / "broken.ply").write_bytes(b"ply\nformat ascii 1.0\nelement vertex 0\nend_header\n")
    for arguments, words in (
        ((tmp_path / "scene.splat", "--write"), "no place for a comment"), ((tmp_path / "missing.ply",), "there is no file"),
        ((tmp_path / "broken.ply",), "lacks the properties"), ((tmp_path / "scene.txt",), "there is no file"),
        ((tmp_path,), "sequence.json"),
        ((tmp_path, "--html", "a.html"), "a single scene"), ((scene, "--html", tmp_path / "no" / "a.html"), "does not exist"),
        ((scene, "--panorama", tmp_path / "no.jpg"), "no.jpg"),
    ):
        done = run(*arguments)
        assert done.exit_code == 2 and words in done.output, arguments


def record_of_frames(count: int, done: int) -> dict[str, Any]:
    pose = {"world_from_camera_wxyz": [1.0, 0.0, 0.0, 0.0], "world_from_file_wxyz": [1.0, 0.0, 0.0, 0.0]}
    frames = [{"number": number, "time_s": 0.1 * number, "files": [f"frame_{number:05d}.ply"], "pose": pose, "lost": False}
              for number in range(1, count + 1)]
    return {"clip": {}, "settings": {}, "version": "0", "done": done, "frames": frames}


@pytest.mark.parametrize("name", ["../victim.ply", "link.ply", "sub/a.ply", ".."])
def test_a_record_does_not_reach_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    victim, folder = tmp_path / "victim.ply", tmp_path / "video"
    write_ply(victim, box_room_scene())
    folder.mkdir()
    (folder / "link.ply").symlink_to(victim)
    before = victim.read_bytes()
    record = record_of_frames(1, done=1)
    record["frames"][0]["files"] = [name]
    (folder / "sequence.json").write_text(json.dumps(record))
    done = run(folder, "--write")
    assert done.exit_code == 2 and ("not the plain name" in done.output or "a link out of" in done.output)
    assert victim.read_bytes() == before


@pytest.mark.parametrize(("change", "words"), [
    ({"frames": 5}, "'frames' in its record"), ({"done": 4}, "4 of 1 frames"), ({"done": -1}, "'done'"),
    ({"clip": 1}, "'clip'"), ({"done": True}, "'done'"), ({"frames": [1]}, "'frames.0'"),
    ({"frames": [{"files": []}]}, "'frames.0."),
])
def test_a_damaged_record_is_one_sentence(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    (tmp_path / "sequence.json").write_text(json.dumps(record_of_frames(1, done=1) | change))
    done = run(tmp_path)
    assert done.exit_code == 2 and words in done.output


def test_the_frames_of_a_video(tmp_path: Path) -> None:
    record = record_of_frames(3, done=2)
    frames = record["frames"]
    for frame in frames[:2]:
        write_ply(tmp_path / frame["files"][0], box_room_scene())
    (tmp_path / "sequence.json").write_text(json.dumps(record))
    done = run(tmp_path, "--json")
    assert done.exit_code == 0
    told = [json.loads(line) for line in done.output.splitlines()]
    assert [line["number"] for line in told] == [1, 2] and json.loads((tmp_path / "sequence.json").read_text()) == record
    done = run(tmp_path, "--write", "--every", 2)
    assert done.exit_code == 0 and done.output.startswith("frame_00001.ply: walking range right ")
    recorded = json.loads((tmp_path / "sequence.json").read_text())["frames"]
    assert recorded[0]["walking_range_m"] == told[0]["walking_range_m"] and list(recorded[0]["walking_range_m"]) == list(NAMES)
    assert "walking_range_m" not in recorded[1]
    assert len(read_comments(tmp_path / "frame_00001.ply")) == 1 and not read_comments(tmp_path / "frame_00002.ply")
