from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.clips.photo_or_clip import media_kind
from spag4d.errors import InputError
from spag4d.photos.decode import declared_size
from tests.clips.clip_files import numbered, remuxed

CONTAINERS = ["mp4", "mov", "m4v", "mkv", "avi", "ts", "mpg", "flv", "3gp"]
PICTURES = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF", "bmp": "BMP"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered(tmp_path_factory.mktemp("media") / "source.mp4", count=3)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_video_is_one_whatever_it_is_called(container: str, source: Path, tmp_path: Path) -> None:
    path = remuxed(source, tmp_path / f"clip.{container}").rename(tmp_path / "photo.jpg")
    assert media_kind(path) == "video"


def test_webm_is_a_video(tmp_path: Path) -> None:
    assert media_kind(numbered(tmp_path / "clip.webm", "-c:v", "libvpx", count=3)) == "video"


@pytest.mark.parametrize("ending", PICTURES)
def test_a_picture_is_one_whatever_it_is_called_and_says_its_size(ending: str, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((32, 64, 3), np.uint8)).save(tmp_path / "clip.mp4", PICTURES[ending])
    assert media_kind(tmp_path / "clip.mp4") == "photo"
    assert declared_size(tmp_path / "clip.mp4") == (64, 32)


@pytest.mark.parametrize("content", [
    b"", b"hello, this is text", b"%PDF-1.7 " + bytes(500), b"PK\x03\x04" + bytes(500),
    b"RIFF\0\0\0\0WAVE" + bytes(500), b"<svg xmlns=", b"GG", bytes(1000),
])
def test_anything_else_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"photo\.jpg is (empty|neither)"):
        media_kind(tmp_path / "photo.jpg")


@pytest.mark.parametrize("size, words", [((16384, 9000), "16384 x 9000"), ((60000, 3), None)])
def test_a_declared_size_has_a_limit(size: tuple[int, int], words: str | None, tmp_path: Path) -> None:
    Image.new("1", size).save(tmp_path / "large.png")
    if words:
        with pytest.raises(InputError, match=words):
            declared_size(tmp_path / "large.png")
    else:
        assert declared_size(tmp_path / "large.png") == size
