from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.world import poses
from spag4d.world.sources import find_sources
from tests.commands.running import run

pytestmark = pytest.mark.usefixtures("quick_depth")


def save(path: Path, value: int = 90) -> Path:
    Image.fromarray(np.full((64, 128, 3), value, np.uint8)).save(path)
    return path


def test_one_picture_is_for_convert(tmp_path: Path) -> None:
    done = run("reconstruct", save(tmp_path / "a.png"), tmp_path / "out.ply")
    assert done.exit_code == 2 and "spag4d convert" in done.stderr and not (tmp_path / "out.ply").exists()


def test_the_same_picture_twice_is_one(tmp_path: Path) -> None:
    picture = save(tmp_path / "a.png")
    done = run("reconstruct", picture, picture, tmp_path / "out.ply")
    assert done.exit_code == 2 and "one panorama" in done.stderr


def test_a_folder_is_its_pictures_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", ".hidden.png"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a picture")
    sources, in_order = find_sources([tmp_path], every_s=0.5)
    assert [source.name for source in sources] == ["a.png", "b.png"] and not in_order


def test_without_pycolmap_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poses.importlib.util, "find_spec", lambda name: None)
    done = run("reconstruct", save(tmp_path / "a.png"), save(tmp_path / "b.png", 120), tmp_path / "out.ply")
    assert done.exit_code == 2 and "-m pip install" in done.stderr and "pycolmap" in done.stderr


def test_an_output_that_is_an_input_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.png").rename(tmp_path / "a.ply")
    done = run("reconstruct", tmp_path / "a.ply", save(tmp_path / "b.png"), tmp_path / "a.ply")
    assert done.exit_code == 2 and "also an input" in done.stderr


def test_pictures_of_nothing_are_said_so(tmp_path: Path) -> None:
    if not poses.importlib.util.find_spec("pycolmap"):
        pytest.skip("pycolmap is not installed: it has no build for some systems")
    inputs = [save(tmp_path / "a.png"), save(tmp_path / "b.png", 120)]
    done = run("reconstruct", *inputs, tmp_path / "out.ply", "--device", "cpu")
    assert done.exit_code == 2 and "overlap" in done.stderr
