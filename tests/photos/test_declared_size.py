"""Pictures that promise what they do not hold: refused before memory is asked for it, or said to be damaged."""

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from spag4d.errors import InputError
from spag4d.photos.declared_size import PIXELS_PER_BYTE
from spag4d.photos.image import read_panorama
from spag4d.photos.jpeg_stream import JpegStream
from tests.photos.picture_files import codes, png_header, smooth

RGB = codes(smooth(128))


def jpeg(pixels: np.ndarray = RGB, **options: object) -> bytes:
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, "JPEG", **options)
    return packed.getvalue()


def png(rows: int, bits: int = 8, *, interlace: bool = False) -> bytes:
    """A PNG of 256 x 128 black pixels that holds only its first rows."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", 256, 128, bits, 2, 0, 0, interlace),
              b"IDAT" + zlib.compress(bytes(1 + 256 * 3 * bits // 8) * rows), b"IEND")
    framed = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def with_size(data: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header promises another size."""
    at = next(data.index(mark) for mark in (b"\xff\xc0", b"\xff\xc2") if mark in data) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4:]


def webp_header(width: int, height: int, kind: bytes) -> bytes:
    sizes = {b"VP8X": bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
             b"VP8L": b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14),
             b"VP8 ": bytes(6) + struct.pack("<HH", width, height)}
    body = b"WEBP" + kind + struct.pack("<I", 100) + sizes[kind].ljust(100, b"\0")
    return b"RIFF" + struct.pack("<I", len(body)) + body


PROMISES = {
    "jpeg": lambda: with_size(jpeg(), 16384, 8192), "progressive": lambda: with_size(jpeg(progressive=True), 16384, 8192),
    "png": lambda: png_header(16384, 8192, 8), "deep png": lambda: png_header(16384, 8192, 16),
    "webp": lambda: webp_header(16384, 8000, b"VP8X"), "lossless webp": lambda: webp_header(16000, 8000, b"VP8L"),
    "lossy webp": lambda: webp_header(16000, 8000, b"VP8 "),
}


@pytest.mark.parametrize("name", PROMISES)
def test_a_large_picture_in_a_small_file_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(PROMISES[name]())
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(InputError, match=r"promises 1\d{4} x 8\d{3} pixels and has [\d,]+ bytes"):
        read_panorama(tmp_path / "a")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "deep.png"])
def test_the_emptiest_pictures_that_there_are_hold_what_they_promise(tmp_path: Path, name: str) -> None:
    flat = np.full((1024, 2048, 3), 77, np.uint16 if name.startswith("deep") else np.uint8)
    if name == "a.tif":
        Image.fromarray(flat).save(tmp_path / name, compression="tiff_lzw")
    else:
        (tmp_path / name).write_bytes(cv2.imencode(Path(name).suffix, flat)[1].tobytes())
    assert 0.8 * PIXELS_PER_BYTE * (tmp_path / name).stat().st_size > 1024 * 2048
    assert read_panorama(tmp_path / name).size_hw == (1024, 2048)


EARLY = {
    "baseline": lambda: jpeg()[:3000] + b"\xff\xd9", "one row": lambda: jpeg()[:900] + b"\xff\xd9",
    "restarts": lambda: jpeg(restart_marker_rows=1)[:3000] + b"\xff\xd9",
    "grey": lambda: jpeg(RGB[..., 0])[:2000] + b"\xff\xd9",
    "within a scan": lambda: jpeg(progressive=True)[:1200] + b"\xff\xd9",
    "last scan": lambda: jpeg(progressive=True)[:-200] + b"\xff\xd9", "scans": lambda: whole_scans(3),
    "png": lambda: png(10), "deep png": lambda: png(10, 16), "interlaced png": lambda: png(10, interlace=True),
}


def whole_scans(count: int) -> bytes:
    """A progressive JPEG with its first scans only."""
    data, stream = jpeg(progressive=True), None
    starts = [at for at in range(len(data) - 1) if data[at:at + 2] == b"\xff\xda"]
    stream = JpegStream(data)
    assert stream.scans == len(starts) > count
    return data[:starts[count]] + b"\xff\xd9"


@pytest.mark.parametrize("name", EARLY)
def test_a_stream_that_ends_early_is_damage_and_not_grey(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").write_bytes(EARLY[name]())
    with pytest.raises(InputError, match="damaged, incomplete"):
        read_panorama(tmp_path / "a")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}, {"quality": 5}])
def test_whole_pictures_with_grey_or_black_corners_are_whole(tmp_path: Path, options: dict[str, object]) -> None:
    for value in (128, 0):
        pixels = RGB.copy()
        pixels[64:, 100:] = value
        (tmp_path / "a").write_bytes(jpeg(pixels, **options))
        assert read_panorama(tmp_path / "a").size_hw == (128, 256)
        Image.fromarray(pixels).save(tmp_path / "b.png")
        assert read_panorama(tmp_path / "b.png").size_hw == (128, 256)


def test_more_pictures_may_follow_in_a_file(tmp_path: Path) -> None:
    """Phones put a gain map or a film behind the picture."""
    (tmp_path / "a").write_bytes(jpeg() + b"some film" + jpeg(RGB[:16, :32]) + b"\xff\xd9\xff\xda\xff")
    assert read_panorama(tmp_path / "a").size_hw == (128, 256)


def test_a_thousand_scans_are_refused(tmp_path: Path) -> None:
    data = jpeg(progressive=True)
    at = data.rindex(b"\xff\xda")
    (tmp_path / "a").write_bytes(data[:-2] + data[at:-2] * 1500 + b"\xff\xd9")
    with pytest.raises(InputError, match="more than 100 scans"):
        read_panorama(tmp_path / "a")
    with pytest.raises(ValueError, match="more than 12 scans"):
        JpegStream(with_size(data[:-2] + data[at:-2] * 20, 16384, 8192))


@pytest.mark.parametrize("seed", range(40))
def test_markers_in_disorder_never_end_in_anything_else(seed: int) -> None:
    """The walk through the markers ends, with an error of the kinds that a decoder's caller expects."""
    rng = np.random.default_rng(seed)
    data = bytearray(jpeg(progressive=bool(seed % 2)))
    for _ in range(8):
        at = int(rng.integers(2, len(data) - 4))
        data[at:at + 2] = bytes((0xFF, int(rng.integers(0, 256))))
    try:
        stream = JpegStream(bytes(data))
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(bytes(data)))
        image.load()
        stream.ends_early(image)
    except (ValueError, OSError, SyntaxError, struct.error, IndexError):
        pass
