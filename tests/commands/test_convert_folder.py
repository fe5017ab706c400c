import json
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.commands.running import run

pytestmark = pytest.mark.usefixtures("quick_depth")


@pytest.fixture
def folder(photo: Path, tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    (pictures / "deeper").mkdir(parents=True)
    for name in ("a.png", "b.png", "b.PNG.bmp", "deeper/c.png"):
        Image.open(photo).save(pictures / name)
    Image.open(photo).convert("RGB").save(pictures / "b.jpg")
    return pictures


def scenes(target: Path) -> list[str]:
    return sorted(path.relative_to(target).as_posix() for path in target.rglob("*.*") if path.suffix != ".json")


BATCH = ("--batch", "--stride", "8", "--device", "cpu")


def test_batch_gives_every_picture_its_own_scene(folder: Path, tmp_path: Path) -> None:
    done = run("convert", folder, tmp_path / "out", *BATCH, "--recursive")
    assert done.exit_code == 0, done.output
    assert scenes(tmp_path / "out") == ["a.ply", "b.PNG.bmp.ply", "b.jpg.ply", "b.png.ply", "deeper/c.ply"]
    assert done.stderr.count("built-in") == 1, "once per batch"
    assert (tmp_path / "out" / "b.PNG.bmp.scene.json").is_file() and (tmp_path / "out" / "deeper" / "c.scene.json").is_file()


def test_batch_goes_on_after_a_failure_and_says_so_at_the_end(folder: Path, tmp_path: Path) -> None:
    (folder / "a0.jpg").write_text("not a picture")
    done = run("convert", folder, tmp_path / "out", *BATCH)
    assert done.exit_code != 0
    assert "1 of 5" in done.stderr and "a0.jpg" in done.stderr and "Traceback" not in done.output
    assert "b.jpg.ply" in scenes(tmp_path / "out") and "a0.ply" not in scenes(tmp_path / "out")


def test_batch_skips_what_is_newer_than_its_picture(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("convert", folder, out, *BATCH, "--format", "splat")
    marked = out / "a.splat"
    marked.write_bytes(b"kept")
    done = run("convert", folder, out, *BATCH, "--format", "splat")
    assert done.exit_code == 0 and marked.read_bytes() == b"kept" and "--overwrite" in done.stdout
    os.utime(marked, (1, 1))
    run("convert", folder, out, *BATCH, "--format", "splat")
    assert marked.read_bytes() != b"kept"
    marked.write_bytes(b"kept")
    run("convert", folder, out, *BATCH, "--format", "splat", "--overwrite")
    assert marked.read_bytes() != b"kept"


def test_batch_in_both_formats(folder: Path, tmp_path: Path) -> None:
    done = run("convert", folder, tmp_path / "out", *BATCH, "--format", "both", "--json")
    assert [len(json.loads(line)["output_paths"]) for line in done.stdout.splitlines()] == [2, 2, 2, 2]
    assert "a.ply" in scenes(tmp_path / "out") and "a.splat" in scenes(tmp_path / "out")


def test_a_batch_needs_pictures(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source, word in ((tmp_path / "empty", "no pictures"), (photo, "folder")):
        done = run("convert", source, tmp_path / "out", "--batch")
        assert done.exit_code == 2 and word in done.output
    assert "--batch" in run("convert", tmp_path / "empty", tmp_path / "a.ply").output


def test_a_batch_writes_into_a_folder(folder: Path, photo: Path, tmp_path: Path) -> None:
    done = run("convert", folder, photo, *BATCH)
    assert done.exit_code == 2 and "is a file" in done.output
    done = run("convert", folder, photo / "deeper", *BATCH)
    assert done.exit_code == 1 and "cannot make the folder" in done.output and "Traceback" not in done.output


@pytest.mark.parametrize(("option", "name"), [("--export-html", "a.html"), ("--mesh", "a.glb")])
def test_a_page_and_a_mesh_belong_to_one_panorama(photo: Path, tmp_path: Path, option: str, name: str) -> None:
    done = run("convert", photo.parent, tmp_path / "out", "--batch", option, tmp_path / name)
    assert done.exit_code == 2 and option in done.stderr


def test_shares_of_a_batch_make_together_what_one_run_makes(folder: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run("convert", folder, whole, *BATCH, "--recursive", "--format", "splat")
    counts = []
    for share in ("2/3", "1/3", "3/3"):
        done = run("convert", folder, parts, *BATCH, "--recursive", "--format", "splat", "--shard", share, "--json", "--claim")
        assert done.exit_code == 0, done.output
        counts.append(len(done.stdout.splitlines()))
    assert counts == [2, 2, 1]
    assert scenes(parts) == scenes(whole)
    assert all((parts / name).read_bytes() == (whole / name).read_bytes() for name in scenes(whole))


def test_claims_and_shares_are_of_batches_and_claims_overwrite_nothing(folder: Path, photo: Path, tmp_path: Path) -> None:
    for words in (("--shard", "1/2"), ("--claim",)):
        done = run("convert", photo, tmp_path / "a.ply", *words)
        assert done.exit_code == 2 and "need --batch" in done.stderr
    done = run("convert", folder, tmp_path / "out", *BATCH, "--shard", "3/2")
    assert done.exit_code == 2 and "1/8" in done.stderr
    done = run("convert", folder, tmp_path / "out", *BATCH, "--claim", "--overwrite")
    assert done.exit_code == 2 and "--overwrite" in done.stderr
