import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plyfile import PlyData

from spag4d import SPAG4D
from spag4d.settings import declared
from tests.commands.running import run

pytestmark = pytest.mark.usefixtures("quick_depth")


def test_convert_equals_python(photo: Path, depth: Path, tmp_path: Path) -> None:
    done = run("convert", photo, tmp_path / "cli.ply", "--depth-map", depth, "--stride", 4, "--no-backing")
    assert done.exit_code == 0, done.output
    SPAG4D(stride=4, backing=False).convert(photo, tmp_path / "python.ply", depth_map=depth)
    assert (tmp_path / "cli.ply").read_bytes() == (tmp_path / "python.ply").read_bytes()
    assert "Gaussians" in done.stdout and "depth.npy" in done.stdout


def test_every_setting_has_an_option_that_help_explains() -> None:
    for command, video in (("convert", False), ("convert-video", True)):
        text = run(command, "--help").output
        for setting in declared(video=video):
            assert setting.option.split("/")[0] in text


def test_json_is_one_line_for_scripts(photo: Path, depth: Path, tmp_path: Path) -> None:
    done = run("convert", photo, tmp_path / "a.splat", "--depth-map", depth, "--json")
    record = json.loads(done.stdout)
    assert record["output_paths"] == [str(tmp_path / "a.splat")]
    assert record["splat_count"] * 32 == record["file_size"]
    assert done.stdout.count("\n") == 1


def test_triangles_lie_beside_the_scene(photo: Path, depth: Path, tmp_path: Path) -> None:
    done = run("convert", photo, tmp_path / "a.ply", "--depth-map", depth, "--mesh", tmp_path / "mesh.glb")
    assert done.exit_code == 0 and (tmp_path / "mesh.glb").read_bytes().startswith(b"glTF")


def test_few_triangles_for_collisions_are_asked_for_by_name(photo: Path, depth: Path, tmp_path: Path) -> None:
    sizes = {}
    for name in ("all.ply", "few.collision.ply"):
        assert run("convert", photo, tmp_path / "a.splat", "--depth-map", depth, "--mesh", tmp_path / name).exit_code == 0
        sizes[name] = len(PlyData.read(str(tmp_path / name))["face"].data)
    assert 100 < sizes["few.collision.ply"] < 10_000 and sizes["few.collision.ply"] != sizes["all.ply"]


@pytest.mark.parametrize(("name", "says"), [
    ("a.glb", "is already the scene"), ("a.obj", "end it in .glb or .ply"), ("no/a.glb", "does not exist")])
def test_a_mesh_that_cannot_be_written_is_refused_before_any_work(photo: Path, tmp_path: Path, name: str, says: str) -> None:
    done = run("convert", photo, tmp_path / "a.glb", "--mesh", tmp_path / name)
    assert done.exit_code == 2 and says in done.stderr and not (tmp_path / "a.glb").exists()


def test_quiet_says_nothing(photo: Path, tmp_path: Path) -> None:
    done = run("convert", photo, tmp_path / "a.ply", "--quiet", "--stride", 8, "--device", "cpu")
    assert (done.exit_code, done.output) == (0, "")


def test_a_fallback_is_said_in_one_line(photo: Path, tmp_path: Path) -> None:
    done = run("convert", photo, tmp_path / "a.ply", "--stride", 8, "--device", "cpu")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Note: ") and "built-in" in line and "SHARP" in line and "spag4d download-models --list" in line


def spoil(tmp_path: Path, name: str) -> Path:
    path = tmp_path / "bad.jpg"
    if name == "empty":
        path.write_bytes(b"")
    elif name == "text":
        path.write_text("not a picture")
    elif name == "folder":
        path.mkdir()
    elif name == "truncated":
        rng = np.random.default_rng(0)
        Image.fromarray(rng.integers(0, 255, (64, 128, 3), np.uint8)).save(path)
        path.write_bytes(path.read_bytes()[:3000])
    elif name == "square":
        Image.new("RGB", (100, 100)).save(path)
    elif name == "bomb":
        Image.new("1", (40000, 20000)).save(path, "PNG")
    return path


@pytest.mark.parametrize("name", ["missing", "empty", "text", "folder", "truncated", "square", "bomb"])
def test_a_bad_picture_is_one_line_and_no_file(name: str, tmp_path: Path) -> None:
    path = spoil(tmp_path, name)
    done = run("convert", path, tmp_path / "scene.ply")
    assert done.exit_code == 2
    assert done.output.startswith("Error: ") and done.output.count("\n") == 1
    assert "bad.jpg" in done.output and "Traceback" not in done.output
    assert not (tmp_path / "scene.ply").exists()


@pytest.mark.parametrize(("options", "word"), [
    (["--stride", "99"], "stride"), (["--depth-model", "nonsense"], "builtin"), (["--device", "cuda:77"], "cuda:77"),
    (["--format", "splat"], "--format"), (["--recursive"], "--batch"), (["--depth-map", "none.npy"], "none.npy"),
    (["--save-depth", "depth.xyz"], "depth.xyz"),
])
def test_a_bad_option_is_explained(photo: Path, tmp_path: Path, options: list[str], word: str) -> None:
    done = run("convert", photo, tmp_path / "scene.ply", *options)
    assert done.exit_code == 2
    assert word in done.output and "Traceback" not in done.output
    assert not (tmp_path / "scene.ply").exists()


def test_what_is_asked_for_by_name_and_is_not_there_fails(photo: Path, tmp_path: Path) -> None:
    for options in (["--depth-tiles"], ["--sharp-refine"], ["--sharp-mode", "layers"], ["--sharp-mode", "refine"],
                    ["--color-blend", "0.5"], ["--depth-model", "da3", "--da3-projection", "icosahedral"]):
        done = run("convert", photo, tmp_path / "scene.ply", *options)
        assert done.exit_code == 3 and "is not installed" in done.stderr.replace("are not", "is not"), (options, done.output)
        assert run("convert-video", photo, tmp_path / "frames", *options).exit_code == 3
    assert not (tmp_path / "scene.ply").exists() and not (tmp_path / "frames").exists()


@pytest.mark.parametrize("options", [
    ["--no-sharp-refine", "--sharp-mode", "layers"], ["--no-guided-filter", "--guided-strength", "0.5"],
    ["--depth-map-unit", "0.01"], ["--depth-map", "depth.npy", "--depth-model", "builtin"],
    ["--depth-map", "depth.npy", "--dap-normalization", "none"], ["--da3-projection", "icosahedral"],
    ["--depth-model", "builtin", "--da3-projection", "cubemap"],
])
def test_options_that_have_no_effect_together_are_refused(photo: Path, depth: Path, tmp_path: Path, options: list[str]) -> None:
    done = run("convert", photo, tmp_path / "scene.ply", *[depth if word == "depth.npy" else word for word in options])
    assert done.exit_code == 2 and "Leave one of them out" in done.stderr and options[-2] in done.stderr, done.output
    assert not (tmp_path / "scene.ply").exists()


@pytest.mark.parametrize("name", ["depth.npy", "depth.png", "depth.jpg"])
def test_save_depth(photo: Path, depth: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    done = run("convert", photo, tmp_path / "a.ply", "--depth-map", depth, "--save-depth", tmp_path / "out" / name)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / name).stat().st_size > 0


def test_warnings_are_shown_when_the_conversion_fails(photo: Path, tmp_path: Path) -> None:
    done = run("convert", photo, tmp_path / "scene.ply", "--device", "cpu", "--depth-min", 90, "--no-sky-dome")
    assert done.exit_code == 2 and "Note: made with the small built-in depth model" in done.stderr


def test_a_pipe_of_another_encoding_is_no_obstacle(photo: Path, depth: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "spag4d", "convert", photo, tmp_path / "Küche→1.ply", "--depth-map", depth, "--json"]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["output_paths"] == [str(tmp_path / "Küche→1.ply")]


SLOW_WRITER = """
import sys, time, spag4d.formats.ply, spag4d.commands
encode = spag4d.formats.ply.encoded
def slow(*args):
    print("writing", flush=True)
    time.sleep(3)
    return encode(*args)
spag4d.formats.ply.encoded = slow
spag4d.commands.main()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_while_writing_leaves_the_older_file(photo: Path, depth: Path, tmp_path: Path, number: int) -> None:
    target = tmp_path / "out" / "scene.ply"
    target.parent.mkdir()
    target.write_text("older")
    command = [sys.executable, "-c", SLOW_WRITER, "convert", str(photo), str(target), "--depth-map", str(depth),
               "--no-sharp-refine"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "writing\n"
        process.send_signal(number)
        error = process.communicate(timeout=30)[1]
    assert process.returncode == 130 and error.startswith("Error: stopped")
    assert [path.name for path in target.parent.iterdir()] == ["scene.ply"] and target.read_text() == "older"
