import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from spag4d.errors import InputError
from spag4d.photos.declared_size import PIXEL_LIMIT
from spag4d.photos.image import read_panorama
from spag4d.progress import Notice, Progress
from tests.photos.picture_files import codes, png_header, smooth, tiff_bytes


def damaged(kind: str) -> bytes:
    speckled = smooth(64) * np.random.default_rng(0).random((64, 128, 1), np.float32)
    picture = codes(speckled, 16 if kind.startswith("deep") else 8)
    if kind == "deep early tags.tif":
        return tiff_bytes(picture)
    return cv2.imencode(Path(kind).suffix, picture)[1].tobytes()


@pytest.mark.parametrize(
    "kind", ["a.jpg", "a.png", "a.webp", "a.tif", "a.bmp", "deep.png", "deep.tif", "deep early tags.tif"])
@pytest.mark.parametrize("kept", [0.995, 0.5, 0.05])
def test_cut_off(tmp_path: Path, kind: str, kept: float) -> None:
    path, data = tmp_path / kind, damaged(kind)
    path.write_bytes(data)
    assert read_panorama(path).size_hw == (64, 128)
    path.write_bytes(data[:int(len(data) * kept)])
    with pytest.raises(InputError) as caught:
        read_panorama(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits"])
def test_a_tiff_without_its_last_bytes(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(codes(smooth(64))).save(path, compression=compression)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(InputError, match="damaged, incomplete"):
        read_panorama(path)


def test_a_tiff_that_lacks_its_last_tags_is_warned_of(tmp_path: Path) -> None:
    path, heard = tmp_path / "a.tif", []
    Image.fromarray(codes(smooth(64))).save(path, compression="tiff_lzw", icc_profile=bytes(500))
    path.write_bytes(path.read_bytes()[:-3])
    read_panorama(path, progress=Progress(on_event=heard.append))
    assert any("is damaged and was ignored" in event.message for event in heard if isinstance(event, Notice))


@pytest.mark.parametrize(("content", "message"), [
    (b"", "is empty"), (b"hello, I am a text", r"not a picture of a known kind.*b'hello, I'"),
    (b"\xff\xd8\xff", "cannot be decoded"),
    (b"\x89PNG\r\n\x1a\n", "cannot be decoded"), (b"II*\0", "cannot be decoded"), (b"RIFF....WEBP", "cannot be decoded"),
    (b"BM", "cannot be decoded")])
def test_no_picture(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_panorama(tmp_path / "photo.jpg")
    assert "photo.jpg" in str(caught.value) and "\n" not in str(caught.value)


def test_folder_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read_panorama(tmp_path)
    with pytest.raises(InputError, match=r"no file .*nowhere\.jpg"):
        read_panorama(tmp_path / "nowhere.jpg")


@pytest.mark.skipif(os.name == "nt" or getattr(os, "geteuid", lambda: 0)() == 0, reason="permissions do not bind this user")
def test_forbidden(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    Image.fromarray(codes(smooth(16))).save(path)
    path.chmod(0)
    with pytest.raises(InputError, match="permissions"):
        read_panorama(path)


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"cannot read .*secret\.png: Permission denied"):
        read_panorama(tmp_path / "secret.png")


@pytest.mark.parametrize("kind", ["png", "bmp", "tif", "deep tif", "deep png"])
def test_bomb_is_refused_by_its_header(tmp_path: Path, kind: str) -> None:
    bits = 16 if "deep" in kind else 8
    if "tif" in kind:  # the tags promise what the file does not hold
        data = bytearray(tiff_bytes(codes(smooth(16), bits)))
        data[18:22] = (100_000).to_bytes(4, "little")
        data[30:34] = (50_000).to_bytes(4, "little")
    elif kind == "bmp":
        data = bytearray(cv2.imencode(".bmp", codes(smooth(16)))[1].tobytes())
        data[18:26] = (100_000).to_bytes(4, "little") + (50_000).to_bytes(4, "little")
    else:
        data = png_header(100_000, 50_000, bits)
    path = tmp_path / "bomb"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"bomb has 100000 x 50000 pixels, 5,000 million. The limit is 137 million"):
        read_panorama(path)


def test_the_largest_panorama_is_allowed() -> None:
    assert PIXEL_LIMIT >= 16384 * 8192 * 1.01


def test_separate_planes_of_16_bits_are_not_misread(tmp_path: Path) -> None:
    path = tmp_path / "planes.tif"
    path.write_bytes(tiff_bytes(codes(smooth(16), 16), planes=True))
    with pytest.raises(InputError, match="separate planes"):
        read_panorama(path)


def test_decoders_stay_quiet(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    path.write_bytes(damaged("deep.png")[:-500])
    script = "\n".join((
        "from pathlib import Path", "from spag4d.photos.image import read_panorama",
        "try:", f"    read_panorama(Path({str(path)!r}))",
        "except Exception as error:", "    print(type(error).__name__)"))
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert (done.stdout.strip(), done.stderr) == ("InputError", "")


@pytest.mark.parametrize("head", [b"\0\0\0\x20ftypisom", b"\x1aE\xdf\xa3\x01\0\0\0"])
def test_a_video_is_sent_to_its_command(head: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.jpg"
    path.write_bytes(head + bytes(100))
    with pytest.raises(InputError, match="convert-video"):
        read_panorama(path)
