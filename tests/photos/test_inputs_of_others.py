"""Inputs that people reported to fail elsewhere, where the shared folder has them; each kind has a test of its own beside."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from spag4d.clips.clip import read_clip
from spag4d.clips.frames import read_frames
from spag4d.depth.from_file import depth_from_file
from spag4d.errors import InputError
from spag4d.photos.image import read_panorama
from spag4d.progress import Notice, Progress

READ = {"pictures/a.avif": 512, "pictures/g8.png": 512,
        "hostile/tif16_xmplong.tif": 128, "hostile/tif8_iccascii.tif": 128,
        "hostile/xenc1.jpg": 128, "hostile/xg1.jpg": 128}
REFUSED = {"pictures/a.jxl": "JPEG XL", "pictures/IMG_0001.insp": "Insta360 Studio",
           "pictures/cyl.jpg": "cylindrical.*--force-erp"}
DEPTH_REFUSED = {"depth/hdri.exr": "picture in colour", "hostile/nonpy.npz": "cannot be read"}
VIDEO_REFUSED = {"videos/GS01.360": "GoPro Player", "videos/VID_00_001.insv": "Insta360 Studio",
                 "pictures/a.heic": "is a picture"}


@pytest.fixture(scope="module")
def cases(shared_folder: Path) -> Path:
    if not (shared_folder / "cases").is_dir():
        pytest.skip("needs the cases among the shared test material, which are not there")
    return shared_folder / "cases"


@pytest.mark.parametrize("name", READ)
def test_pictures_that_are_read(cases: Path, name: str) -> None:
    heard: list[str] = []
    listener = Progress(on_event=lambda event: heard.append(event.message) if isinstance(event, Notice) else None)
    panorama = read_panorama(cases / name, progress=listener)
    assert panorama.size_hw[0] == READ[name] and np.isfinite(panorama.rgb).all()
    assert len(heard) == name.startswith("hostile") and 0.3 < panorama.rgb.mean() < 0.6


@pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is None, reason="the package that reads HEIC is not installed")
def test_heic_and_avif_show_the_same(cases: Path) -> None:
    heic, avif = (read_panorama(cases / "pictures" / name).rgb for name in ("a.heic", "a.avif"))
    assert np.abs(heic - avif).mean() < 0.01


@pytest.mark.parametrize("name", REFUSED)
def test_pictures_that_are_refused_in_words(cases: Path, name: str) -> None:
    with pytest.raises(InputError, match=REFUSED[name]):
        read_panorama(cases / name)


@pytest.mark.parametrize("name", ["mm.npy", "th.tif", "c16.png", "a.pfm"])
def test_depth_that_is_read(cases: Path, name: str) -> None:
    assert depth_from_file(cases / "depth" / name, (256, 512)).reach() == pytest.approx((2, 9), rel=1e-3)


@pytest.mark.parametrize("name", DEPTH_REFUSED)
def test_depth_that_is_refused_in_words(cases: Path, name: str) -> None:
    with pytest.raises(InputError, match=DEPTH_REFUSED[name]):
        depth_from_file(cases / name, (256, 512))


@pytest.mark.parametrize("name", ["c0.mp4", "sar.mp4"])
def test_videos_that_are_read(cases: Path, name: str) -> None:
    clip = read_clip(cases / "videos" / name)
    assert [frame.size_hw for frame in read_frames(clip, clip.frames(2))] == [(256, 512)] * 4


@pytest.mark.parametrize("name", VIDEO_REFUSED)
def test_videos_that_are_refused_in_words(cases: Path, name: str) -> None:
    with pytest.raises(InputError, match=VIDEO_REFUSED[name]):
        read_clip(cases / name)
