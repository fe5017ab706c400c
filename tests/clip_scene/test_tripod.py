"""A clip in one file: what stands once, of each frame what moves."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from fourdgs.validate import validate

from spag4d import SPAG4D, InputError
from spag4d.clip_scene import scene
from spag4d.clip_scene.film import Film
from spag4d.commands.console import summary
from spag4d.commands.describe_moving import describe_moving
from spag4d.errors import Cancelled
from spag4d.formats.moving import opened_moving
from spag4d.photos.image import read_panorama
from spag4d.progress import Event, Progress, Step
from spag4d.reconstruction.kept_work import work_folder
from spag4d.render.view import render_panorama
from tests.clips.clip_files import encode
from tests.commands.running import run

pytestmark = pytest.mark.usefixtures("quick_depth")

FAST = {"depth_model": "builtin", "sharp_refine": False, "stride": 2, "fps": 5.0, "use_guided_filter": False}
WIDTH, COUNT = 256, 6
RED = (210, 40, 40)


def pictures(turn_px: int = 0) -> list[np.ndarray]:
    """A room through which a red block goes from left to right; the camera turns by some columns a frame."""
    rgb = read_panorama(Path(__file__).parents[2] / "TestImage" / "interior.jpg").rgb
    small = (np.asarray(cv2.resize(rgb, (WIDTH, WIDTH // 2), interpolation=cv2.INTER_AREA)) * 255).astype(np.uint8)
    made = []
    for number in range(COUNT):
        picture = small.copy()
        left = 40 + 25 * number
        picture[45:85, left:left + 14] = RED
        made.append(np.roll(picture, -turn_px * number, axis=1))
    return made


def written(folder: Path, frames: list[np.ndarray]) -> Path:
    return encode(folder / "clip.mp4", frames, "-c:v", "libx264", "-crf", "10", fps="5")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("clip"), pictures())


@pytest.fixture(scope="module")
def whole(quick_depth: None, clip: Path) -> Path:
    SPAG4D(**FAST).convert_clip(clip, clip.with_suffix(".4dgs"))
    return clip.with_suffix(".4dgs")


def test_what_stands_is_stored_once_and_every_frame_is_shown(whole: Path) -> None:
    assert validate(whole.read_bytes()).findings == [] and not work_folder(whole).exists()
    told, found = describe_moving(whole), opened_moving(whole)
    assert (told.duration_s, told.fps) == (COUNT / 5, 5) and told.standing > 5000
    passing = told.count - told.standing
    assert COUNT * 100 < passing < COUNT * 500 and any("walking range" in comment for comment in told.comments)
    for time_s, frame in zip(found.timeline.frame_times_s, pictures(), strict=True):
        drawn = render_panorama(found.at(time_s), WIDTH // 2).eight_bits.astype(float)
        red = (frame == RED).all(2)
        assert np.abs(drawn[red] - RED).mean() < 25
        assert np.abs(drawn - frame)[20:100].mean() < 12  # and nobody where the block was before


def test_what_stands_does_not_change(whole: Path) -> None:
    found = opened_moving(whole)
    first, last = found.at(0.0), found.at(COUNT / 5)
    standing = describe_moving(whole).standing
    np.testing.assert_array_equal(first.means[:standing], last.means[:standing])


def test_it_is_compared_with_its_clip(clip: Path, whole: Path) -> None:
    told = [json.loads(line) for line in run("check", whole, "--source", clip, "--json").stdout.splitlines()]
    assert [round(one["time_s"], 1) for one in told] == [0.1, 0.3, 0.5, 0.7, 0.9, 1.1]
    assert min(one["likeness_db"] for one in told) > 20 and told[0]["late_frames"] is told[0]["flicker"] is None
    assert all(abs(one["late_frames"]) < 0.25 and one["flicker"] >= 0 for one in told[1:])
    assert run("check", clip.with_name("none.ply"), "--source", clip).exit_code == 2


def test_a_run_that_stopped_goes_on_to_the_same_bytes(clip: Path, whole: Path, tmp_path: Path) -> None:
    source = Path(shutil.copy(clip, tmp_path / "clip.mp4"))
    for stage, done in (("What stands", 1), ("Frames", 2)):
        def hear(event: Event, stage: str = stage, done: int = done) -> None:
            if isinstance(event, Step) and event.stage == stage and event.done >= done:
                raise Cancelled("stopped")

        with pytest.raises(Cancelled):
            SPAG4D(**FAST).convert_clip(source, tmp_path / "a.4dgs", progress=Progress(hear))
        assert work_folder(tmp_path / "a.4dgs").exists() and not (tmp_path / "a.4dgs").exists()
    result = SPAG4D(**FAST).convert_clip(source, tmp_path / "a.4dgs")
    assert (tmp_path / "a.4dgs").read_bytes() == whole.read_bytes() and "walking" in summary(result)
    assert not work_folder(tmp_path / "a.4dgs").exists()


def test_a_camera_that_turns_sees_one_room(tmp_path: Path) -> None:
    source = written(tmp_path, pictures(turn_px=5))
    depth = tmp_path / "a.npy"
    SPAG4D(**FAST).convert_clip(source, tmp_path / "a.4dgs", preview=tmp_path / "a.mp4", save_depth=depth)
    assert np.isfinite(np.load(depth)).mean() > 0.9  # a room has no sky
    told = describe_moving(tmp_path / "a.4dgs")
    assert told.standing > 5000 and told.count < 1.6 * told.standing
    assert (tmp_path / "a.mp4").stat().st_size > 1000


def test_a_camera_that_travels_is_told_from_one_that_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames, base = [], pictures()[0]
    rows, columns = (np.asarray(axis, np.float32) for axis in np.indices(base.shape[:2]))
    azimuth = (columns + 0.5) / WIDTH * 2 * np.pi
    for number in range(COUNT):  # to the right: things ahead go left, things behind go right
        shifted = np.asarray(columns + 3 * number * np.cos(azimuth), np.float32)
        frames.append(cv2.remap(base, shifted, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))

    def travels(film: Film) -> None:
        raise InputError("travels")

    monkeypatch.setattr(scene, "Walk", travels)
    with pytest.raises(InputError, match="travels"):
        SPAG4D(**FAST).convert_clip(written(tmp_path, frames), tmp_path / "a.4dgs")


def test_the_command_line_writes_one_file_where_the_name_says_so(clip: Path, tmp_path: Path) -> None:
    for words, said in ((("--format", "sog"), "--format is about sequences"),
                        (("--stabilize", "smooth"), "--stabilize is about")):
        done = run("convert-video", clip, tmp_path / "a.4dgs", *words)
        assert done.exit_code == 2 and said in done.stderr
    done = run("convert-video", clip, tmp_path / "a.4dgs", "--fps", "2.5", "--stride", "4", "--no-sharp-refine", "--overwrite")
    assert done.exit_code == 0 and "a.4dgs:" in done.stdout, done.output
    assert describe_moving(tmp_path / "a.4dgs").fps == 2.5
    with pytest.raises(InputError, match=r"ends in \.4dgs"):
        SPAG4D(**FAST).convert_clip(clip, tmp_path / "a.ply")
