import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from spag4d import SPAG4D, InputError
from spag4d.commands import cli
from spag4d.commands.convert_video import frames_in_words
from spag4d.conversion import FRAMES
from spag4d.errors import Cancelled
from spag4d.formats.ply import read_ply
from spag4d.photos.image import read_panorama
from spag4d.progress import Event, Notice, Progress, Step
from tests.clips.clip_files import contents, encode

pytestmark = pytest.mark.usefixtures("quick_depth")

ROOT = Path(__file__).parents[1]
FAST = {"depth_model": "builtin", "sharp_refine": False, "stride": 4, "fps": 5.0}
YAW_PX = 4
WIDTH_PX = 256


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames at 10 per second of a room in which the camera turns right by 4 of 256 columns a frame."""
    rgb = read_panorama(ROOT / "TestImage" / "interior.jpg").rgb
    small = (np.asarray(cv2.resize(rgb, (WIDTH_PX, WIDTH_PX // 2), interpolation=cv2.INTER_AREA)) * 255).astype(np.uint8)
    pictures = [np.roll(small, -YAW_PX * number, axis=1) for number in range(10)]
    return encode(tmp_path_factory.mktemp("video") / "turning.mp4", pictures, "-c:v", "libx264", "-crf", "12", fps="10")


@pytest.fixture(scope="module")
def whole(quick_depth: None, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    list(SPAG4D(**FAST).convert_video(clip, folder))
    return folder


def test_a_video_becomes_a_sequence(clip: Path, whole: Path) -> None:
    record = json.loads((whole / "sequence.json").read_text(encoding="utf-8"))
    assert sorted(contents(whole)) == [*(f"frame_{number:05d}.ply" for number in range(1, 6)), "sequence.json"]
    assert record["done"] == len(record["frames"]) == 5
    assert record["fps"] == 5
    assert [frame["time_s"] for frame in record["frames"]] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert [frame["files"] for frame in record["frames"]] == [[f"frame_{number:05d}.ply"] for number in range(1, 6)]
    assert record["settings"]["depth_model"] == "builtin"
    assert record["frames"][2]["splat_count"] == len(read_ply(whole / "frame_00003.ply"))
    assert all(len(frame["walking_range_m"]) == 14 for frame in record["frames"])
    for number, frame in enumerate(record["frames"]):
        w, x, y, z = frame["pose"]["world_from_camera_wxyz"]
        yaw_deg = np.degrees(2 * np.arctan2(y, w))
        assert yaw_deg == pytest.approx(2 * YAW_PX * 360 / WIDTH_PX * number, abs=0.1)
        assert max(abs(x), abs(z)) < 0.002
        assert frame["pose"]["world_from_file_wxyz"] == frame["pose"]["world_from_camera_wxyz"]


def test_locked_frames_show_the_room_in_one_place(clip: Path, tmp_path: Path) -> None:
    frames = list(SPAG4D(**FAST).convert_video(clip, tmp_path / "new" / "frames", stabilize="lock", sky_dome=False, stride=2,
                                               fps=2.5))
    assert [frame.number for frame in frames] == [1, 2, 3]
    assert frames[2].world_from_file_wxyz == (1, 0, 0, 0)
    assert frames[2].world_from_camera_wxyz != (1, 0, 0, 0)
    first, last = (read_ply(frame.result.output_paths[0]) for frame in (frames[0], frames[2]))
    colors = []
    for gaussians in (first, last):
        ray = gaussians.means / np.linalg.norm(gaussians.means, axis=1, keepdims=True)
        near = ray @ np.array([0.5, -0.1, 0.86]) > 0.98
        colors.append(gaussians.colors[near].mean(0))
    assert np.abs(colors[0] - colors[1]).max() < 0.02


def test_a_run_that_stopped_goes_on_to_the_same_bytes(clip: Path, whole: Path, tmp_path: Path) -> None:
    frames = SPAG4D(**FAST).convert_video(clip, tmp_path)
    next(frames)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert json.loads((tmp_path / "sequence.json").read_text(encoding="utf-8"))["done"] == 2
    rest = list(SPAG4D(**FAST).convert_video(clip, tmp_path))
    assert [frame.number for frame in rest] == [3, 4, 5]
    assert contents(tmp_path) == contents(whole)
    assert list(SPAG4D(**FAST).convert_video(clip, tmp_path)) == []


DIES_AT = """
import os, signal, sys
from pathlib import Path
import spag4d.depth.builtin
from spag4d.commands import cli

spag4d.depth.builtin.WORKING_HW = (128, 256)

def hear(event, args):
    if event == sys.argv[1]:
        file = Path(args[event == "os.rename"])
        if file.name == sys.argv[2] and file.with_name(sys.argv[3]).exists():
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(hear)
cli(sys.argv[4:])
"""
"""The command line, killed just before a file gets its name or goes, once another one is there."""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that nothing can be done against")
def test_a_killed_run_goes_on_to_the_same_bytes(clip: Path, whole: Path, tmp_path: Path) -> None:
    arguments = ["convert-video", str(clip), str(tmp_path), "--depth-model", "builtin", "--no-sharp-refine", "--stride", "4",
                 "--fps", "5", "-q"]
    states = [f".frame_0000{number}.state.npz" for number in (1, 2)]
    for moment, done, left in ((("os.rename", "sequence.json", states[0]), 0, states[:1]),
                               (("os.remove", states[0], states[1]), 2, states)):
        killed = subprocess.run([sys.executable, "-c", DIES_AT, *moment, *arguments],
                                env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert killed.returncode == -signal.SIGKILL
        assert json.loads((tmp_path / "sequence.json").read_text(encoding="utf-8"))["done"] == done
        assert sorted(path.name for path in tmp_path.glob(".frame_*")) == left
    rest = list(SPAG4D(**FAST).convert_video(clip, tmp_path))
    assert [frame.number for frame in rest] == [3, 4, 5]
    made = contents(tmp_path)
    assert {name: made[name] for name in contents(whole)} == contents(whole)
    assert not [name for name in made if "state" in name]


def test_other_settings_are_an_error_that_names_them(clip: Path, whole: Path) -> None:
    before = contents(whole)
    with pytest.raises(InputError) as caught:
        next(SPAG4D(**FAST).convert_video(clip, whole, temporal_alpha=0.5, thickness=0.2))
    assert "temporal_alpha was 0.3 and is 0.5" in str(caught.value)
    assert "thickness was 0.1 and is 0.2" in str(caught.value)
    assert "--overwrite" in str(caught.value)
    assert contents(whole) == before


def test_overwrite_starts_anew_and_leaves_other_files_alone(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "frame_00009.ply").write_text("from an older run")
    (tmp_path / "frame_notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"no sequence\.json"):
        next(SPAG4D(**FAST).convert_video(clip, tmp_path))
    list(SPAG4D(**FAST).convert_video(clip, tmp_path, overwrite=True, duration=0.2, format="splat", temporal_alpha=0.0))
    assert sorted(contents(tmp_path)) == ["frame_00001.splat", "frame_notes.txt", "sequence.json"]


@pytest.mark.parametrize(("text", "words"), [
    ("{", "Invalid JSON"), ("[]", "its record is malformed"), ("{}", "'clip' in its record"), (1000 * "[", "recursion limit")])
def test_a_broken_record_is_an_error(text: str, words: str, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "sequence.json").write_text(text)
    with pytest.raises(InputError, match=words):
        next(SPAG4D(**FAST).convert_video(clip, tmp_path))


def test_two_runs_do_not_share_a_folder(clip: Path, tmp_path: Path) -> None:
    frames = SPAG4D(**FAST).convert_video(clip, tmp_path)
    next(frames)
    with pytest.raises(InputError, match="another run is writing"):
        next(SPAG4D(**FAST).convert_video(clip, tmp_path, overwrite=True))
    frames.close()  # type: ignore[attr-defined]


def test_warnings_come_once_and_frames_are_counted(clip: Path, tmp_path: Path) -> None:
    heard: list[Event] = []
    list(SPAG4D(stride=8, fps=5.0).convert_video(clip, tmp_path, duration=0.6, progress=Progress(on_event=heard.append)))
    notices = [event.message for event in heard if isinstance(event, Notice)]
    assert notices == ["made with the small built-in depth model, and without SHARP"]
    counted = [event.done for event in heard if isinstance(event, Step) and event.stage == FRAMES]
    assert counted == sorted(counted)
    assert counted[-1] == 3
    assert {"Depth", "Steadying", "Gaussians", "Writing"} <= {event.detail for event in heard if isinstance(event, Step)}


def test_a_run_can_be_cancelled(clip: Path, tmp_path: Path) -> None:
    progress = Progress(is_cancelled=lambda: (tmp_path / "frame_00001.ply").exists())
    with pytest.raises(Cancelled):
        list(SPAG4D(**FAST).convert_video(clip, tmp_path, progress=progress))
    assert not (tmp_path / "frame_00003.ply").exists()


def test_the_command_makes_a_preview(clip: Path, tmp_path: Path) -> None:
    preview = tmp_path / "preview.mp4"
    arguments = ["convert-video", str(clip), str(tmp_path / "frames"), "--depth-model", "builtin", "--no-sharp-refine",
                 "--stride", "4", "--fps", "5", "--duration", "0.4", "--preview", str(preview), "--json", "--stabilize"]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["number"] for line in lines] == [1, 2]
    assert lines[1]["world_from_file_wxyz"] == [1, 0, 0, 0]
    assert lines[1]["splat_count"] > 1000
    assert preview.stat().st_size > 10_000
    again = CliRunner().invoke(cli, [word for word in arguments if word not in ("--json", "--preview", str(preview))])
    assert again.stdout == (f"{tmp_path / 'frames'}: 2 frames, all of them made before (--overwrite starts over); "
                            "sequence.json lists them\n")


def test_what_a_run_made_is_said_of_what_is_there() -> None:
    assert frames_in_words(12, 12, 30_000_000) == "12 frames, 30.0 MB written"
    assert frames_in_words(12, 1, 2_500_000) == "12 frames, 1 of them made now, 2.5 MB written"
    assert frames_in_words(1, 0, 0).startswith("1 frame, all of them made before")


@pytest.mark.parametrize(("options", "word"), [
    (["--start", "3"], "is 1.000 s long"), (["--duration", "0"], "duration = 0"), (["--fps", "0"], "fps = 0"),
    (["--preview", "x.gif"], ".mp4"), (["--preview", "none/x.mp4"], "does not exist"),
])
def test_bad_options_are_explained(options: list[str], word: str, clip: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["convert-video", str(clip), str(tmp_path), "-q", *options])
    assert done.exit_code == 2
    assert word in done.stderr
    assert not list(tmp_path.iterdir())
