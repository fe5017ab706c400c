"""`spag4d render`: pictures, depth and videos of scene files."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from spag4d.clips.clip import read_clip
from spag4d.commands import cli
from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.formats.ply import write_ply
from spag4d.photos.gpano import gpano_fields
from spag4d.shots import Shot, draw


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """A red ball ahead at 2 m, a green one to the right at 3 m, a blue one far behind the red one."""
    means = np.array([[0, 0, 2], [3, 0, 0], [0, 0, 8]], np.float32)
    quats = np.tile(np.array([1, 0, 0, 0], np.float32), (3, 1))
    scales = np.repeat(np.array([[0.15], [0.2], [0.5]], np.float32), 3, 1)
    opacities, colors = np.full(3, 0.99, np.float32), np.eye(3, dtype=np.float32)
    write_ply(tmp_path / "scene.ply", Gaussians(means, scales, quats, opacities, colors))
    return tmp_path / "scene.ply"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["render", *map(str, arguments), "--device", "cpu"])
    return done.exit_code, done.output


def test_a_picture_shows_what_is_ahead(scene: Path, tmp_path: Path) -> None:
    code, said = run(scene, tmp_path / "view.png", "--size", "120x80")
    assert (code, "view.png" in said) == (0, True)
    picture = np.asarray(Image.open(tmp_path / "view.png"))
    assert picture.shape == (80, 120, 3)
    assert picture[40, 60, 0] > 200 and picture[40, 60, 1:].max() < 20
    assert picture[40, 2].max() < 5


def test_position_and_look_at(scene: Path, tmp_path: Path) -> None:
    assert run(scene, tmp_path / "view.png", "--size", "60x60", "--position", "-1,0,4", "--look-at", "0,0,8")[0] == 0
    assert np.asarray(Image.open(tmp_path / "view.png"))[30, 30].argmax() == 2
    assert run(scene, tmp_path / "view.png", "--size", "60x60", "--look-at", "3,0,0")[0] == 0
    assert np.asarray(Image.open(tmp_path / "view.png"))[30, 30].argmax() == 1


def test_a_panorama_and_its_depth(scene: Path, tmp_path: Path) -> None:
    assert run(scene, tmp_path / "all.png", "--panorama", "--size", "128x64")[0] == 0
    picture = np.asarray(Image.open(tmp_path / "all.png"))
    assert picture.shape == (64, 128, 3)
    assert picture[31, 63].argmax() == 0 and picture[31, 95].argmax() == 1
    assert run(scene, tmp_path / "all.jpg", "--panorama", "--size", "128x64")[0] == 0
    with Image.open(tmp_path / "all.jpg") as picture_file:
        fields = gpano_fields(picture_file.info["xmp"])
    assert fields["ProjectionType"] == "equirectangular" and fields["FullPanoWidthPixels"] == "128"
    assert run(scene, tmp_path / "all.npy", "--panorama", "--depth", "--size", "128x64")[0] == 0
    distance = np.load(tmp_path / "all.npy")
    assert distance[31, 95] == pytest.approx(3, rel=1e-3)
    assert 2 < distance[31, 63] < 3.5, "a little of the blue one shows through the red one"
    assert np.isinf(distance[2, 2])


def test_a_video_shows_parallax(scene: Path, tmp_path: Path) -> None:
    draw(scene, tmp_path / "film.mp4", Shot(size_wh=(96, 65), seconds=1.0, fps=8.0, look_at_m=(0.0, 0.0, 8.0)), device="cpu")
    clip = read_clip(tmp_path / "film.mp4")
    assert len(clip.frames(8, 0, None)) == 8
    film = cv2.VideoCapture(str(tmp_path / "film.mp4"))
    places = []
    while (read := film.read())[0]:
        red = read[1][..., 2].astype(float)
        places.append(float((red.sum(0) * np.arange(red.shape[1])).sum() / red.sum()))
    assert read[1] is None and np.ptp(places) > 5, "the near ball moves, though the far one is kept in the middle"


@pytest.mark.parametrize("arguments, words", [
    (["view.gif"], "end it in .png"),
    (["view.png", "--panorama", "--size", "100x60"], "twice as wide"),
    (["view.png", "--position", "1,2"], "X,Y,Z"),
    (["view.png", "--size", "0x60"], "1 to 16384"),
    (["view.png", "--fov", "1e-320"], "between 1 and 179"), (["film.mp4", "--seconds", "1e9"], "3600"),
    (["film.mp4", "--fps", "0"], "240"), (["film.mp4", "--fps", "nan"], "240"), (["film.mp4", "--radius", "1e308"], "1e+06 m"),
    (["film.mp4", "--size", "1x9"], "2 pixels"),
    (["view.png", "--position", "1e308,0,0"], "1e+06 m"), (["view.png", "--fov", "180"], "between 1 and 179"),
    (["view.png", "--look-at", "0,0,0"], "must differ"),
    (["film.mp4", "--panorama"], "a video shows"),
    (["missing/view.png"], "does not exist"),
])
def test_what_cannot_be_drawn_is_refused_in_words(scene: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    code, said = run(scene, tmp_path / arguments[0], *arguments[1:])
    assert code == 2 and words in said and "Traceback" not in said


def test_a_file_that_is_no_scene(tmp_path: Path) -> None:
    (tmp_path / "scene.obj").write_text("o")
    with pytest.raises(InputError, match="cannot tell the format"):
        draw(tmp_path / "scene.obj", tmp_path / "view.png", Shot(), device="cpu")


def test_drawing_on_a_gpu_that_is_not_there_is_an_error(scene: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cuda"):
        draw(scene, tmp_path / "view.png", Shot(), device="cuda:7")


def test_a_video_follows_the_key_views_of_a_file(scene: Path, tmp_path: Path) -> None:
    path = tmp_path / "path.json"
    path.write_text('{"views": [{"position": [0, 0, 0], "look_at": [0, 0, 1]}, {"position": [1, 0, 0], "look_at": [3, 0, 0]}]}')
    assert run(scene, tmp_path / "film.mp4", "--path", path, "--size", "64x64", "--seconds", "1", "--fps", "5")[0] == 0
    film = cv2.VideoCapture(str(tmp_path / "film.mp4"))
    pictures = [film.read()[1] for _ in range(5)]
    assert not film.read()[0]
    assert [picture[32, 32].argmax() for picture in (pictures[0], pictures[-1])] == [2, 1], "red ahead, then green (in BGR)"
    code, said = run(scene, tmp_path / "view.png", "--path", path)
    assert code == 2 and "a camera path makes a video" in said
