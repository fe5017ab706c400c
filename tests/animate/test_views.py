"""A panorama as flat views and back: nothing is lost, at the seam and the poles neither."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from spag4d.animate.views import assemble, write_views
from spag4d.clips.clip import read_clip
from spag4d.clips.frames import read_pixels
from spag4d.errors import InputError
from tests.animate.rooms import ROWS
from tests.box_room import BoxRoom
from tests.clips.clip_files import encode
from tests.commands.running import run

PHOTO = BoxRoom().panorama(ROWS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert write_views(PHOTO, tmp_path / "views", cube=True, size_px=128) == 6
    return tmp_path / "views"


def psnr(path: Path) -> float:
    with Image.open(path) as picture:
        off = np.asarray(picture, np.float64) / 255 - PHOTO.rgb
    return float(-10 * np.log10(np.mean(off ** 2)))


def test_views_and_back(folder: Path, tmp_path: Path) -> None:
    assert assemble(folder, tmp_path / "a.png") == 1 and psnr(tmp_path / "a.png") > 40
    with Image.open(folder / "view_02.png") as picture:
        picture.resize((256, 256)).save(folder / "view_02.webp", lossless=True)
    (folder / "view_02.png").unlink()
    (folder / "view_02.txt").write_text("a note")
    assert assemble(folder, tmp_path / "b.png") == 1 and psnr(tmp_path / "b.png") > 35
    assert assemble(folder, tmp_path / "c.png", height=64) == 1
    assert np.asarray(cv2.imread(str(tmp_path / "c.png"))).shape == (64, 128, 3)


def test_twenty_views_cover_all(tmp_path: Path) -> None:
    Image.fromarray((PHOTO.rgb * 255 + 0.5).astype(np.uint8)).save(tmp_path / "a.png")
    done = run("views", tmp_path / "a.png", tmp_path / "views", "--size", "96")
    assert done.exit_code == 0 and "20 views" in done.stdout, done.output
    done = run("assemble", tmp_path / "views", tmp_path / "b.png")
    assert done.exit_code == 0 and psnr(tmp_path / "b.png") > 38, done.output
    assert "holds views already" in run("views", tmp_path / "a.png", tmp_path / "views").stderr


def test_clips_become_a_video(folder: Path, tmp_path: Path) -> None:
    for number in range(1, 6):  # the sixth stays a picture
        with Image.open(folder / f"view_{number:02d}.png") as opened:
            picture = np.asarray(opened)
        dark = [(picture * share).astype(np.uint8) for share in (1.0, 0.75, 0.5, 0.25)[:4 if number > 1 else 3]]
        encode(folder / f"view_{number:02d}.mp4", dark, "-c:v", "libx264", "-crf", "4", fps="5")
    assert assemble(folder, tmp_path / "a.mp4") == 3
    clip = read_clip(tmp_path / "a.mp4")
    frames = list(read_pixels(clip, clip.ticks))
    assert len(frames) == 3 and frames[0].shape == (ROWS, 2 * ROWS, 3) and clip.rate == pytest.approx(5, abs=0.01)
    upper = slice(0, ROWS // 2)
    assert frames[2][upper].mean() == pytest.approx(0.5 * PHOTO.rgb[upper].mean(), abs=0.03)
    with pytest.raises(InputError, match="ends in .mp4"):
        assemble(folder, tmp_path / "a.png")


def test_what_does_not_fit_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="all views are pictures"):
        assemble(folder, tmp_path / "a.mp4")
    whole = (folder / "views.json").read_text()
    record = json.loads(whole)
    for change, words in (
        (lambda views: views[0]["camera"].update(world_from_camera=[[1, 0], [0, 1]]), "malformed"),
        (lambda views: views[0]["camera"].update(world_from_camera=[[1, 0, 0], [0, 1, 0], [0, 0, -1]]), "is no camera"),
        (lambda views: views[0]["camera"].update(width=-1), "malformed"), (lambda views: views.pop(), "whole panorama"),
        (lambda views: views[0].update(name="../view"), "no pictures or clips"),
    ):
        changed = json.loads(whole)
        change(changed["views"])
        (folder / "views.json").write_text(json.dumps(changed))
        with pytest.raises(InputError, match=words):
            assemble(folder, tmp_path / "a.png")
    (folder / "views.json").write_text(json.dumps(record))
    cv2.imwrite(str(folder / "view_03.png"), np.zeros((128, 64, 3), np.uint8))
    with pytest.raises(InputError, match="same shape"):
        assemble(folder, tmp_path / "a.png")
    (folder / "view_03.png").unlink()
    with pytest.raises(InputError, match="no pictures or clips of view_03"):
        assemble(folder, tmp_path / "a.png")
    with pytest.raises(InputError, match="there is no file"):
        assemble(tmp_path, tmp_path / "a.png")
