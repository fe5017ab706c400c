"""A video made by several runs is the one that a single run makes."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spag4d import SPAG4D, InputError
from spag4d.cluster.claims import Claims
from spag4d.progress import Progress
from tests.clips.clip_files import contents, encode, walking_square
from tests.commands.running import run

pytestmark = pytest.mark.usefixtures("quick_depth")

FAST: dict[str, Any] = {
    "depth_model": "builtin", "sharp_refine": False, "stride": 8, "fps": 5.0, "device": "cpu", "format": "splat"}
WORDS = ("--depth-model", "builtin", "--no-sharp-refine", "--stride", "8", "--fps", "5", "--device", "cpu", "--format", "splat")
COUNT = 5


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five frames of stripes, in which a bright square walks about."""
    path = tmp_path_factory.mktemp("video") / "walk.mp4"
    return encode(path, walking_square(COUNT), "-c:v", "libx264", "-crf", "12", fps="5")


@pytest.fixture(scope="module")
def whole(quick_depth: None, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    list(SPAG4D(**FAST).convert_video(clip, folder))
    return folder


def at_once(*runs: Callable[[], Any]) -> None:
    threads = [threading.Thread(target=one) for one in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_runs_beside_each_other_make_every_frame_once_and_the_same_bytes(clip: Path, whole: Path, tmp_path: Path) -> None:
    SPAG4D(**FAST).prepare_video(clip, tmp_path)
    made: list[int] = []

    def part(**which: Any) -> None:
        made.extend(frame.number for frame in SPAG4D(**FAST).convert_part(clip, tmp_path, **which))

    at_once(lambda: part(share="2/2"), lambda: part(frames="1-5"))
    assert sorted(made) == [1, 2, 3, 4, 5]
    SPAG4D(**FAST).collect_video(clip, tmp_path)
    assert contents(tmp_path) == contents(whole)


def test_the_last_frames_alone_make_those_that_they_need(clip: Path, whole: Path, tmp_path: Path) -> None:
    assert run("convert-video", clip, tmp_path, *WORDS, "--prepare").exit_code == 0
    missing = run("convert-video", clip, tmp_path, *WORDS, "--collect")
    assert missing.exit_code == 2 and "5 of 5 frames are missing" in missing.stderr
    done = run("convert-video", clip, tmp_path, *WORDS, "--range", "3-3", "--json")
    assert done.exit_code == 0 and len(done.stdout.splitlines()) == 3
    again = run("convert-video", clip, tmp_path, *WORDS, "--range", "1-3", "--json")
    assert again.exit_code == 0 and again.stdout == ""
    assert run("convert-video", clip, tmp_path, *WORDS, "--range", "4-5").exit_code == 0
    assert run("convert-video", clip, tmp_path, *WORDS, "--collect").exit_code == 0
    assert contents(tmp_path) == contents(whole)


def test_what_one_run_began_others_finish(clip: Path, whole: Path, tmp_path: Path) -> None:
    frames = SPAG4D(**FAST).convert_video(clip, tmp_path)
    next(frames)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert [frame.number for frame in SPAG4D(**FAST).convert_part(clip, tmp_path, frames="1-5")] == [3, 4, 5]
    SPAG4D(**FAST).collect_video(clip, tmp_path)
    assert contents(tmp_path) == contents(whole)


def test_frames_that_are_not_steadied_need_no_others(clip: Path, tmp_path: Path) -> None:
    converter = SPAG4D(**FAST, temporal_alpha=0)
    converter.prepare_video(clip, tmp_path)
    assert [frame.number for frame in converter.convert_part(clip, tmp_path, frames="3-4")] == [3, 4]


def test_a_frame_whose_predecessor_is_left_behind_waits_its_turn(clip: Path, whole: Path, tmp_path: Path) -> None:
    """A run holds frame 1 and gives it up without making it: frame 2, begun meanwhile, is made after it."""
    converter = SPAG4D(**FAST)
    converter.prepare_video(clip, tmp_path)
    held, ended = Claims(), threading.Event()
    events: list[str] = []

    def hear(event: Any) -> None:
        events.append(f"{event.stage} {event.detail}")
        if any("Waiting" in word for word in events):
            ended.set()

    def hold() -> None:
        with held.claimed(tmp_path / "frame_00001.splat"):
            ended.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    frames = [frame.number for frame in converter.convert_part(clip, tmp_path, frames="1-2", progress=Progress(on_event=hear))]
    holder.join()
    assert frames == [1, 2] and (tmp_path / "frame_00002.splat").read_bytes() == (whole / "frame_00002.splat").read_bytes()


def test_one_file_is_made_by_several_runs(clip: Path, tmp_path: Path) -> None:
    fast = {name: value for name, value in FAST.items() if name != "format"}
    SPAG4D(**fast).convert_clip(clip, tmp_path / "whole.4dgs")
    parts = tmp_path / "parts.4dgs"
    with pytest.raises(InputError, match="--prepare first"):
        list(SPAG4D(**fast).convert_part(clip, parts, frames="1-5"))
    SPAG4D(**fast).prepare_video(clip, parts)
    list(SPAG4D(**fast).convert_part(clip, parts, share="1/2"))
    with pytest.raises(InputError, match="2 of 5 frames of .* are missing, the first is 2"):
        SPAG4D(**fast).collect_video(clip, parts)
    list(SPAG4D(**fast).convert_part(clip, parts, share="2/2"))
    result = SPAG4D(**fast).collect_video(clip, parts)
    assert result is not None and parts.read_bytes() == (tmp_path / "whole.4dgs").read_bytes()
    assert not (tmp_path / ".parts.4dgs.work").exists()


@pytest.mark.parametrize(("words", "answer"), [
    (("--prepare", "--collect"), "give one of them"), (("--range", "1-2", "--collect"), "give one of them"),
    (("--range", "4-9"), "within 1-5"), (("--shard", "0/2"), "1/8"), (("--collect", "--overwrite"), "only --prepare"),
    (("--prepare", "--preview", "a.mp4"), "with --collect"), (("--range", "1-2"), "--prepare first")])
def test_steps_that_go_wrong_say_why(clip: Path, tmp_path: Path, words: tuple[str, ...], answer: str) -> None:
    done = run("convert-video", clip, tmp_path / "frames", *WORDS, *words)
    assert done.exit_code == 2 and answer in done.stderr
