"""Sequences, files of scenes that move and still scenes, one into the other."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
from fourdgs.validate import validate
from PIL import Image

from spag4d.data import Gaussians
from spag4d.formats.moving import opened_moving
from spag4d.formats.scene import read_scene, write_scene
from spag4d.io.static_files import static_folder
from tests.commands.running import run
from tests.formats.gaussian_scenes import facing_discs
from tests.formats.moving_files import spacetime_rows, write_ply_of

RED = np.array([1, 0, 0], np.float32)


def thing(number: int) -> Gaussians:
    """A red disc ahead of the camera, which walks to the right."""
    disc = facing_discs(1)
    disc.means[:] = (0.3 * number - 0.3, 0, 1)
    disc.scales[:] = 0.2
    disc.colors[:] = RED
    disc.opacities[:] = 1
    return disc


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(3):
        write_scene(folder / f"frame_{number + 8:02d}.ply", Gaussians.concatenate([facing_discs(500), thing(number)]), "ply")
    return folder


@pytest.fixture
def clip(frames: Path, tmp_path: Path) -> Path:
    done = run("transform", frames, tmp_path / "clip.4dgs", "--fps", "10")
    assert done.exit_code == 0 and "503 Gaussians" in done.stdout, done.output
    return tmp_path / "clip.4dgs"


def test_a_folder_becomes_a_file_and_a_folder_again(clip: Path, frames: Path, tmp_path: Path) -> None:
    assert validate(clip.read_bytes()).findings == []
    done = run("transform", clip, tmp_path / "again", "--format", "sog,ply")
    assert done.exit_code == 0 and "1,503 Gaussians" in done.stdout, done.output
    record = json.loads((tmp_path / "again" / "sequence.json").read_text())
    assert [frame["time_s"] for frame in record["frames"]] == [0, 0.1, 0.2] and record["done"] == 3 and record["fps"] == 10
    for number in range(3):
        first = read_scene(frames / f"frame_{number + 8:02d}.ply")
        second = read_scene(tmp_path / f"again/frame_0000{number + 1}.ply")
        assert len(second) == 501 and abs(first.means[-1] - second.means).sum(1).min() < 0.02
        assert (tmp_path / f"again/frame_0000{number + 1}.sog").exists()
    assert run("transform", tmp_path / "again", tmp_path / "b.4dgs").exit_code == 0
    assert opened_moving(tmp_path / "b.4dgs").count == 503
    done = run("transform", clip, tmp_path / "again", "--format", "sog,ply")
    assert done.exit_code == 0 and ": 0 Gaussians" in done.stdout  # there already


def test_one_moment_is_a_scene_like_any_other(clip: Path, frames: Path, tmp_path: Path) -> None:
    still = tmp_path / "still.ply"
    done = run("transform", clip, still, "--time", "0.15", "--scale", "2", "--translate", "0,1,0")
    assert done.exit_code == 0 and len(read_scene(still)) == 501, done.output
    assert abs(read_scene(still).means - (0, 1, 2)).sum(1).min() < 0.03
    assert run("transform", clip, frames / "frame_08.ply", tmp_path / "both.ply", "--time", "0").exit_code == 0
    assert len(read_scene(tmp_path / "both.ply")) == 1002
    for words, said in (((clip, still), "--time chooses the moment"), ((clip, still, "--time", "9"), "lasts 0.3 s"),
                        ((frames / "frame_08.ply", still, "--time", "0"), "no input is one"),
                        ((frames, tmp_path / "c.4dgs"), "give --fps"),
                        ((still, tmp_path / "c.4dgs"), "name a folder of frames"),
                        ((tmp_path, tmp_path / "c.4dgs"), "it is no sequence"), ((clip, frames), "no sequence.json"),
                        ((clip, frames, tmp_path / "c.4dgs"), "one at a time"), ((clip, clip), "also the input")):
        done = run("transform", *words)
        assert done.exit_code == 2 and said in " ".join(done.stderr.split()), done.output


def test_scenes_that_move_become_each_other(clip: Path, tmp_path: Path) -> None:
    done = run("transform", clip, tmp_path / "a.ftgs.ply", "--scale", "2", "--duration", "0.6")
    assert done.exit_code == 0 and "503 Gaussians" in done.stdout, done.output
    done = run("transform", tmp_path / "a.ftgs.ply", tmp_path / "b.4dgs", "--scale", "0.5", "--duration", "0.3")
    assert done.exit_code == 0, done.output
    first, second = opened_moving(clip), opened_moving(tmp_path / "b.4dgs")
    assert second.timeline.duration_s == 0.3 and second.timeline.fps == 10 and second.count == 503
    red = [found.at(0.15) for found in (first, second)]
    place, other = [scene.means[(abs(scene.colors - RED) < 0.1).all(1) & (scene.opacities > 0.8)] for scene in red]
    np.testing.assert_allclose(place, other, atol=0.03)
    done = run("transform", clip, tmp_path / "c.4dgs", "--crop-sphere", "0,0,1,0.1", "--translate", "0,0,1", "--up", "y")
    assert done.exit_code == 0, done.output
    assert abs(opened_moving(tmp_path / "c.4dgs").at(0.15).means - (0, 0, -2)).max() < 0.15


def test_trained_scenes_are_read(tmp_path: Path) -> None:
    trained, still = tmp_path / "trained.ply", tmp_path / "still.ply"
    write_ply_of(trained, spacetime_rows())
    told = json.loads(run("info", trained, "--json").stdout)
    assert told["count"] == 40 < told["pieces"] and told["standing"] == 0 and told["duration_s"] == pytest.approx(5 / 3)
    assert "straight pieces" in run("info", trained).stdout
    done = run("transform", trained, still, "--time", "1", "--duration", "2")
    assert done.exit_code == 0 and len(read_scene(still)) > 20, done.output
    assert run("transform", trained, tmp_path / "a.4dgs", "--duration", "2", "--fps", "25").exit_code == 0
    assert opened_moving(tmp_path / "a.4dgs").timeline.fps == 25
    assert run("render", trained, tmp_path / "a.png", "--size", "32x32", "--time", "1").exit_code == 0
    for words, said in (((trained, still), "--time chooses"), ((trained, tmp_path / "b.4dgs", "--time", "1"), "makes a still"),
                        ((trained, tmp_path / "b.4dgs", "--max-splats", "9"), "apply to still"),
                        ((still, tmp_path / "b.ply", "--duration", "1"), "no input is one")):
        done = run("transform", *words)
        assert done.exit_code == 2 and said in " ".join(done.stderr.split()), done.output


def test_info_and_check_tell_what_stands(clip: Path) -> None:
    told = json.loads(run("info", clip, "--json").stdout)
    assert (told["count"], told["standing"], told["most_at_once"], told["duration_s"], told["fps"]) == (503, 500, 501, 0.3, 10)
    text = run("info", clip).stdout
    assert "500 all the time, 3 for a part of it" in text and "comment  of 3 frames" in text
    done = run("check", clip, "--every", "2")
    assert done.exit_code == 0 and "500 all the time" in done.stdout and "0.25 s:" in done.stdout, done.output
    lines = [json.loads(line) for line in run("check", clip, "--every", "2", "--json").stdout.splitlines()]
    assert [round(line["time_s"], 3) for line in lines] == [0.05, 0.25] and "+x" in lines[0]["walking_range_m"]
    assert run("check", clip, "--write").exit_code == 2


def test_pictures_show_the_moment(clip: Path, tmp_path: Path) -> None:
    places = []
    for time_s in (0.05, 0.25):
        done = run("render", clip, tmp_path / "a.png", "--size", "96x64", "--time", time_s)
        assert done.exit_code == 0, done.output
        picture = np.asarray(Image.open(tmp_path / "a.png"), np.float64) @ (1, -0.5, -0.5)
        places.append(np.average(np.arange(96), weights=np.maximum(picture - 100, 0).sum(0)))
    assert places[0] < 40 and places[1] > 56
    assert run("render", clip, tmp_path / "a.png", "--time", "1").exit_code == 2
    done = run("render", clip, tmp_path / "a.mp4", "--size", "96x64", "--fps", "10")
    assert done.exit_code == 0 and (tmp_path / "a.mp4").stat().st_size > 500, done.output


@pytest.mark.parametrize(("output", "viewer"), [("b.4dgs", "three"), ("b.ply", "supersplat")])
def test_a_page_of_what_is_written(clip: Path, tmp_path: Path, output: str, viewer: str) -> None:
    page = tmp_path / "b.html"
    if not (static_folder() / "vendor" / viewer).is_dir():
        pytest.skip("needs the libraries that draw scenes")
    done = run("transform", clip, tmp_path / output, *([] if output == "b.4dgs" else ["--time", "0.1"]), "--export-html", page)
    assert done.exit_code == 0, done.output
    packed, = re.findall(r'id="scene">([A-Za-z0-9+/=]+)</script>', page.read_text(encoding="utf-8"))
    assert output != "b.4dgs" or base64.b64decode(packed) == (tmp_path / output).read_bytes()


def test_a_page_of_a_folder_is_refused_before_any_work(clip: Path, tmp_path: Path) -> None:
    done = run("transform", clip, tmp_path / "frames2", "--export-html", tmp_path / "b.html")
    assert done.exit_code == 2 and "makes a page of one scene file" in done.output and not (tmp_path / "frames2").exists()
    done = run("convert-video", clip, tmp_path / "frames2", "--export-html", tmp_path / "b.html")
    assert done.exit_code == 2 and "end the output in .4dgs" in done.output
