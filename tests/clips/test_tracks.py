"""Videos as cameras and programs write them: covers, pixels that are not square, lenses that nobody stitched."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.clips.clip import MOST_FRAMES, Clip, read_clip
from spag4d.clips.ffmpeg import ffmpeg
from spag4d.clips.frames import read_frames
from spag4d.clips.tracks import tracks_in
from spag4d.errors import InputError
from tests.clips.clip_files import bars, encode, number_of
from tests.photos.picture_files import circles, codes


def many_tracks(path: Path, pictures: list[np.ndarray], count: int = 2) -> Path:
    single = encode(path.with_name(f"single {path.stem}.mp4"), pictures)
    maps = [word for _ in range(count) for word in ("-map", "0:v")]
    subprocess.run([ffmpeg(), "-v", "error", "-y", "-i", str(single), *maps, "-c", "copy", "-f", "mp4", str(path)], check=True)
    return path


def shown(path: Path, **options: int) -> list[int]:
    clip = read_clip(path)
    frames = list(read_frames(clip, clip.frames(30), **options))  # type: ignore[arg-type]
    assert all(frame.size_hw[1] == 2 * frame.size_hw[0] for frame in frames)
    return [number_of(frame.rgb) for frame in frames]


@pytest.mark.parametrize("first", [True, False])
def test_a_cover_is_no_video(first: bool, tmp_path: Path) -> None:
    film = encode(tmp_path / "film.mp4", [bars(k) for k in (3, 4, 5)])
    Image.new("RGB", (400, 400), "red").save(tmp_path / "cover.png")
    maps = ["-map", "1", "-map", "0"] if first else ["-map", "0", "-map", "1"]
    command = [ffmpeg(), "-v", "error", "-y", "-i", str(film), "-i", str(tmp_path / "cover.png"), *maps, "-c", "copy",
               f"-disposition:v:{0 if first else 1}", "attached_pic", str(tmp_path / "covered.mp4")]
    subprocess.run(command, check=True)
    assert shown(tmp_path / "covered.mp4") == [3, 4, 5]


@pytest.mark.parametrize(("squeezed", "aspect"), [((1, 2), "2/1"), ((2, 1), "1/2"), ((2, 2), "1/1"), ((1, 4), "4/1")])
@pytest.mark.parametrize("height", [None, 16])
def test_pixels_that_are_not_square_are_shown_as_meant(
    squeezed: tuple[int, int], aspect: str, height: int | None, tmp_path: Path
) -> None:
    pictures = [bars(k)[::squeezed[0], ::squeezed[1]] for k in (1, 130)]
    path = encode(tmp_path / "a.mp4", pictures, "-c:v", "libx264", "-vf", f"setsar={aspect}")
    assert not read_clip(path).stereo
    assert shown(path, **({} if height is None else {"height": height})) == [1, 130]


FISHEYES = {
    "two square tracks.mp4": lambda path: many_tracks(path, [bars(1)[:, :64]] * 2),
    "one lens.insv": lambda path: many_tracks(path, [bars(1)[:, :64]] * 2, 1),
    "circle.mp4": lambda path: encode(path, [codes(circles(64, 1))] * 2),
    "circles.mp4": lambda path: encode(path, [codes(circles(64, 2))] * 2),
}
CUBES = {
    "cube.360": lambda path: many_tracks(path, [np.tile(bars(1, 44), (1, 2, 1))[:, :134]] * 2, 1),
    "cubes.mp4": lambda path: many_tracks(path, [np.tile(bars(1, 44), (1, 2, 1))[:, :134]] * 2),
}


@pytest.mark.parametrize("name", [*FISHEYES, *CUBES])
def test_lenses_are_refused_with_what_to_export(name: str, tmp_path: Path) -> None:
    path = (FISHEYES | CUBES)[name](tmp_path / name)
    with pytest.raises(InputError, match="GoPro.*Export it" if name in CUBES else "fisheye.*Export it") as caught:
        clip = read_clip(path)
        list(read_frames(clip, clip.frames(30)))
    assert "equirectangular" in str(caught.value) and "\n" not in str(caught.value)


def test_circles_may_be_forced(tmp_path: Path) -> None:
    clip = read_clip(encode(tmp_path / "circles.mp4", [codes(circles(64, 2))] * 2))
    assert len(list(read_frames(clip, clip.frames(30), force_erp=True))) == 2


@pytest.mark.parametrize(("ending", "kind"), [("png", "PNG"), ("avif", "AVIF"), ("jpg", "JPEG")])
def test_a_picture_is_no_video(ending: str, kind: str, tmp_path: Path) -> None:
    Image.new("RGB", (64, 32)).save(tmp_path / f"a.{ending}")
    (tmp_path / f"a.{ending}").rename(tmp_path / "a.mp4")
    with pytest.raises(InputError, match=rf"a\.mp4 is a picture \({kind}\)"):
        read_clip(tmp_path / "a.mp4")


def test_the_largest_track_counts_and_odd_listings_do_no_harm() -> None:
    said = "\n".join((
        "  Stream #0:0: Video: mjpeg (Baseline), yuvj420p(pc), 300x300 [SAR 1:1 DAR 1:1], 90k tbr (attached pic)",
        "  Stream #0:1[0x2](und): Video: h264 (avc1 / 0x31637661), yuv420p(progressive), 512x256, 10 kb/s",
        "  Stream #0:3(eng): Video: vp9, yuv420p(tv, bt709), 1024x1024, SAR 2:1 DAR 2:1, 30 fps (default)",
        "  Stream #0:4: Video: h264, yuv420p, 64x64 [SAR 0:1 DAR 0:1], 1 fps",
        "  Stream #0:5: Video: h264, yuv420p, 0x0, 1 fps"))
    assert [(track.index, track.shown_wh) for track in tracks_in(said)] == [(3, (2048, 1024)), (1, (512, 256)), (4, (64, 64))]


def test_a_video_makes_so_many_scenes_at_most() -> None:
    from fractions import Fraction

    clip = Clip(Path("long.mp4"), range(0, 10**9, 10**6), Fraction(1, 100), 10**9)
    with pytest.raises(InputError, match=rf"{MOST_FRAMES:,} are the limit"):
        clip.frames(10)
    assert len(clip.frames(10, 0, 2)) == 20
