import subprocess
import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spag4d.clips.clip import Clip, read_clip
from spag4d.clips.ffmpeg import ffmpeg
from spag4d.clips.frames import read_frames
from spag4d.errors import InputError
from spag4d.progress import Notice, Progress
from tests.clips.clip_files import bars, encode, number_of, numbered, remuxed, spherical_box, stereo_box, with_boxes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def plain(folder: Path) -> Path:
    return numbered(folder / "plain.mp4")


def numbers(clip: Clip, fps: float, start: float = 0.0, duration: float | None = None) -> list[int]:
    return [number_of(frame.rgb) for frame in read_frames(clip, clip.frames(fps, start, duration))]


def warnings_of(path: Path) -> list[str]:
    heard = []
    read_clip(path, progress=Progress(on_event=lambda event: heard.append(event) if isinstance(event, Notice) else None))
    return [notice.message for notice in heard]


CLIPS = {
    "h264 with B frames.mp4": ("-c:v", "libx264", "-bf", "3", "-g", "12"),
    "hevc 10 bit.mp4": ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=error", "-tag:v", "hvc1"),
    "milliseconds.mkv": ("-c:v", "libx264", "-g", "12"),
    "transport.ts": ("-c:v", "libx264", "-g", "12"),  # begins at 1.4 s
    "old.avi": ("-c:v", "mpeg4", "-q:v", "2"),
}


@pytest.mark.parametrize("name", CLIPS)
def test_trimming_is_exact_to_the_frame(name: str, folder: Path) -> None:
    clip = read_clip(numbered(folder / name, *CLIPS[name]))
    assert clip.length_s == pytest.approx(2, abs=2e-3)
    assert numbers(clip, 30) == list(range(60))
    assert numbers(clip, 10, 0.5, 1.0) == [15, 18, 21, 24, 27, 30, 33, 36, 39, 42]
    assert numbers(clip, 10, 1.7) == [51, 54, 57]
    assert numbers(clip, 10, 1.9) == [57]
    assert numbers(clip, 7, 1.2, 0.5) == [int(30 * (1.2 + k / 7) + 1e-9) for k in range(4)]
    assert numbers(clip, 60, 0.1, 0.1) == [3, 3, 4, 4, 5, 5]


def test_variable_frame_rates_show_what_a_player_shows(folder: Path) -> None:
    path = numbered(folder / "variable.mp4", "-vf", "setpts='if(lt(N,20),N,20+(N-20)*3)/30/TB'", "-fps_mode", "vfr",
                    "-video_track_timescale", "30000", "-c:v", "libx264", count=40)
    clip = read_clip(path)
    starts = [Fraction(k if k < 20 else 20 + 3 * (k - 20), 30) for k in range(40)]
    expected = [max(k for k in range(40) if starts[k] <= Fraction(n, 10)) for n in range(25)]
    assert numbers(clip, 10, 0, 2.5) == expected


def test_the_start_of_an_edit_is_the_start(plain: Path, folder: Path) -> None:
    cut = remuxed(plain, folder / "edited.mp4", before=("-ss", "0.7"))
    assert numbers(read_clip(cut), 10)[:3] == [21, 24, 27]


def test_a_film_rate_is_met_exactly(folder: Path) -> None:
    clip = read_clip(numbered(folder / "film.mp4", fps="30000/1001"))
    assert numbers(clip, 29.97) == list(range(60))


def test_ten_bits_stay(folder: Path) -> None:
    ramp = np.broadcast_to(np.linspace(20, 60, 128)[None, :, None], (64, 128, 3))
    command = [ffmpeg(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", "128x64", "-r", "5", "-i", "-",
               "-c:v", "libx265", "-crf", "1", "-pix_fmt", "yuv444p10le", "-x265-params", "log-level=error",
               str(folder / "d.mp4")]
    subprocess.run(command, input=(ramp * 257).astype("<u2").tobytes(), check=True)
    clip = read_clip(folder / "d.mp4")
    frame = next(iter(read_frames(clip, clip.frames(1))))
    assert clip.deep
    assert len(np.unique((frame.rgb[32, :, 0] * 1023).round())) > 100


def test_rotation_is_applied(plain: Path, folder: Path) -> None:
    turned = remuxed(plain, folder / "turned.mp4", before=("-display_rotation", "180"))
    clip = read_clip(turned)
    frame = next(iter(read_frames(clip, clip.frames(10, 1.0))))
    assert number_of(frame.rgb[:, ::-1]) == 30


@pytest.mark.parametrize(("kind", "name"), [(1, "top-bottom"), (2, "side-by-side")])
@pytest.mark.parametrize("squeezed", [False, True])
def test_the_left_eye_of_a_stereo_pair_is_used(kind: int, name: str, squeezed: bool, folder: Path) -> None:
    pairs = [np.concatenate([bars(k), bars(k + 100)], axis=kind - 1) for k in range(10)]
    if squeezed:
        pairs = [pair[::2] if kind == 1 else pair[:, ::2] for pair in pairs]
    plain = encode(folder / f"{name} {squeezed}.mp4", pairs)
    clip = read_clip(with_boxes(plain, folder / f"{name} {squeezed} declared.mp4", stereo_box(kind) + spherical_box(b"equi")))
    assert clip.stereo == name
    frames = list(read_frames(clip, clip.frames(30)))
    assert [number_of(frame.rgb) for frame in frames] == list(range(10))
    assert frames[0].size_hw == (64, 128)
    assert read_clip(plain).stereo == ("" if squeezed else name)
    assert squeezed or "its first half is used" in warnings_of(plain)[0]


def test_other_projections_are_refused_by_name(plain: Path, folder: Path) -> None:
    cubes = with_boxes(plain, folder / "cubes.mp4", spherical_box(b"cbmp"))
    with pytest.raises(InputError, match="'cubemap'.*equirectangular"):
        read_clip(cubes)
    assert not read_clip(with_boxes(plain, folder / "sphere.mp4", spherical_box(b"equi"))).stereo


@pytest.mark.parametrize(("arguments", "words"), [
    ((10, 2.0), "start is 2 s, and plain.mp4 is 2.000 s long"),
    ((10, -1.0), "start is -1 s, and plain.mp4 is 2.000 s long"),
    ((10, 0.0, 0.0), "duration must be above 0 s, got 0. plain.mp4 is 2.000 s long"),
    ((0,), "fps must be above 0, got 0. plain.mp4 is 2.000 s long with 30 frames per second"),
    ((-5,), "fps must be above 0, got -5"),
])
def test_impossible_times_are_named_with_the_length(arguments: tuple, words: str, plain: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_clip(plain).frames(*arguments)
    assert words in str(caught.value)


def bad_file(name: str, plain: Path, folder: Path) -> Path:
    path = folder / f"{name}.mp4"
    if name == "sound":
        subprocess.run([ffmpeg(), "-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=1", str(path)], check=True)
    elif name == "no index":
        path.write_bytes(plain.read_bytes()[: plain.read_bytes().rindex(b"moov") - 4])
    elif name == "text":
        path.write_text("This is no video.")
    elif name == "playlist":
        path.write_text(f"#EXTM3U\n#EXTINF:2,\n{plain}\n")
    elif name == "empty":
        path.write_bytes(b"")
    elif name == "folder":
        path.mkdir()
    return path


@pytest.mark.parametrize(("name", "words"), [
    ("sound", "holds sound but no video"),
    ("no index", "moov"),
    ("text", "not a video of a known kind"),
    ("playlist", "not a video of a known kind"),
    ("empty", "0 bytes"),
    ("folder", "is a folder"),
    ("missing", "there is no file"),
])
def test_what_is_no_video_is_refused_in_words(name: str, words: str, plain: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        read_clip(bad_file(name, plain, tmp_path))


def test_a_clip_that_is_cut_off_keeps_what_it_has(folder: Path) -> None:
    whole = numbered(folder / "whole.mp4", "-c:v", "libx264", "-g", "10", "-movflags", "+faststart", "-qp", "5", count=200)
    cut = folder / "cut.mp4"
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    clip = read_clip(cut)
    assert 1 < clip.length_s < 5
    assert any("cut off" in warning for warning in warnings_of(cut))
    with pytest.raises(InputError, match=rf"start is 6 s, and cut.mp4 is {clip.length_s:.3f} s long"):
        clip.frames(10, 6.0)
    assert numbers(clip, 10, 0, 1) == list(range(0, 30, 3))


def test_a_damaged_stretch_is_said(folder: Path) -> None:
    data = bytearray(numbered(folder / "sound.mkv", "-c:v", "libx264", "-g", "10", "-qp", "5").read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 4] = bytes(len(data) // 4)
    (folder / "damaged.mkv").write_bytes(data)
    assert any("is damaged" in warning for warning in warnings_of(folder / "damaged.mkv"))


def test_a_frame_that_cannot_be_decoded_is_an_error_with_its_time(plain: Path) -> None:
    clip = read_clip(plain)
    shown = [*clip.frames(30)[:3], replace(clip.frames(30)[3], tick=clip.frames(30)[3].tick + 1)]
    frames = read_frames(clip, shown)
    assert [number_of(next(frames).rgb) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(InputError, match=r"frame at 0\.100 s cannot be decoded.*2\.000 s long"):
        next(frames)


def test_ffmpeg_ends_when_nobody_asks_for_more(plain: Path) -> None:
    clip = read_clip(plain)
    frames = read_frames(clip, clip.frames(30))
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert threading.active_count() == 1 or all("_Listener" not in thread.name for thread in threading.enumerate())


def test_without_any_ffmpeg_there_are_words(monkeypatch: pytest.MonkeyPatch, plain: Path) -> None:
    import imageio_ffmpeg

    def missing() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", missing)
    with pytest.raises(InputError, match="Install ffmpeg"):
        read_clip(plain)


def test_a_video_of_too_many_pixels_is_refused_before_it_is_decoded(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spag4d.photos.declared_size.PIXEL_LIMIT", 128 * 64 - 1)
    with pytest.raises(InputError, match="128 x 64 pixels"):
        read_clip(plain)
