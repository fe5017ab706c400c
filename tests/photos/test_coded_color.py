"""Colours that a file names by numbers: gAMA, cHRM and cICP of PNG, nclx of AVIF and HEIC."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.color import srgb_from_linear
from spag4d.photos.coded_color import color_of_codes, color_of_png
from spag4d.photos.icc import matrix_profile
from spag4d.photos.image import read_panorama
from spag4d.progress import Notice, Progress
from tests.photos.picture_files import ADOBE_RGB, DISPLAY_P3, SRGB, SRGB_CURVE, codes, parametric, rgb_profile, smooth

PIXELS = codes(smooth(32))
UNIT = np.divide(PIXELS, 255, dtype=np.float32)
SRGB_XY = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
P3_XY = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
ADOBE_XY = (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(pixels: np.ndarray, **chunks: bytes) -> bytes:
    """A PNG of 8 or 16 bits with chunks between its header and its pixels."""
    height, width = pixels.shape[:2]
    bits = 8 * pixels.itemsize
    rows = b"".join(b"\0" + row.astype(f">u{bits // 8}").tobytes() for row in pixels)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0))
            + b"".join(chunk(name.encode(), content) for name, content in chunks.items())
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def gama(gamma: float) -> bytes:
    return struct.pack(">I", round(gamma * 100_000))


def chrm(values: tuple[int, ...]) -> bytes:
    return struct.pack(">8I", *values)


def read(path: Path, content: bytes | None = None) -> tuple[np.ndarray, list[str]]:
    if content is not None:
        path.write_bytes(content)
    heard: list[str] = []
    listener = Progress(on_event=lambda event: heard.append(event.message) if isinstance(event, Notice) else None)
    return read_panorama(path, progress=listener).rgb, heard


@pytest.mark.parametrize("deep", [False, True])
def test_linear_light_is_encoded(tmp_path: Path, deep: bool) -> None:
    pixels = PIXELS.astype(np.uint16) * 257 if deep else PIXELS
    rgb, heard = read(tmp_path / "a.png", png(pixels, gAMA=gama(1.0)))
    assert heard == [] and np.abs(rgb - srgb_from_linear(UNIT)).max() < 1e-5


@pytest.mark.parametrize("chunks", [
    {}, {"gAMA": gama(0.45455)}, {"gAMA": gama(0.45455), "cHRM": chrm(SRGB_XY)}, {"sRGB": b"\0", "gAMA": gama(1)},
    {"cICP": bytes((1, 13, 0, 1))}, {"cICP": bytes((1, 1, 0, 1)), "gAMA": gama(1)}])
def test_what_is_srgb_stays_as_it_is(tmp_path: Path, chunks: dict[str, bytes]) -> None:
    rgb, heard = read(tmp_path / "a.png", png(PIXELS, **chunks))
    assert heard == [] and np.array_equal(rgb, UNIT)


@pytest.mark.parametrize(("chunks", "colorants", "curve"), [
    ({"cHRM": chrm(P3_XY)}, DISPLAY_P3, parametric(3, *SRGB_CURVE)),
    ({"cICP": bytes((12, 13, 0, 1))}, DISPLAY_P3, parametric(3, *SRGB_CURVE)),
    ({"gAMA": gama(1 / 1.8), "cHRM": chrm(ADOBE_XY)}, ADOBE_RGB, parametric(0, 1.8)),
    ({"gAMA": gama(1 / 2.6)}, SRGB, parametric(0, 2.6)),
])
def test_primaries_and_gamma_agree_with_a_profile_of_the_same(
    tmp_path: Path, chunks: dict[str, bytes], colorants: tuple, curve: bytes
) -> None:
    profile = matrix_profile(rgb_profile(colorants, curve))
    assert profile is not None
    rgb, _ = read(tmp_path / "a.png", png(PIXELS, **chunks))
    assert np.abs(rgb - profile.to_srgb(UNIT)).max() < 4e-3


@pytest.mark.parametrize(("transfer", "signal", "light"), [
    (16, 0.5806, 1.0), (16, 0.4402, 0.2463), (16, 0.0, 0.0), (18, 0.75, 1.0), (18, 0.38, 0.1816), (18, 0.0, 0.0),
    (8, 0.3, 0.3)])
def test_curves_of_high_range_have_their_white_at_one(transfer: int, signal: float, light: float) -> None:
    """203 cd/m² are the PQ signal 0.58 and the HLG signal 0.75; 50 cd/m² PQ 0.44, a grey card of 18 % HLG 0.38 (BT.2408)."""
    coded = color_of_codes(1, transfer)
    assert coded.profile is not None
    rgb = coded.profile.to_srgb(np.full((1, 2, 3), signal, np.float32))
    assert rgb == pytest.approx(float(srgb_from_linear(np.array([light], np.float32))[0]), abs=3e-3)
    assert bool(coded.cut) == (transfer in (16, 18))


def test_high_range_is_said_to_be_cut(tmp_path: Path) -> None:
    rgb, heard = read(tmp_path / "a.png", png(PIXELS, cICP=bytes((9, 16, 0, 1))))
    assert len(heard) == 1 and "high dynamic range" in heard[0] and np.isfinite(rgb).all()


@pytest.mark.parametrize("chunks", [
    {"cICP": bytes((99, 13, 0, 1))}, {"cICP": bytes((1, 77, 0, 1))}, {"cICP": bytes((1, 13, 9, 1))}, {"gAMA": gama(1e-5)},
    {"gAMA": struct.pack(">I", 1 << 31)}, {"cHRM": bytes(32)}, {"cHRM": chrm((31270, 32900) + (33000, 33000) * 3)}])
def test_what_cannot_be_true_is_ignored_with_a_warning(tmp_path: Path, chunks: dict[str, bytes]) -> None:
    rgb, heard = read(tmp_path / "a.png", png(PIXELS, **chunks))
    assert len(heard) == 1 and heard[0].startswith("a.png: its ") and np.array_equal(rgb, UNIT)


@pytest.mark.parametrize("data", [
    b"", b"\x89PNG\r\n\x1a\n", png(PIXELS)[:30], png(PIXELS, gAMA=b"\0"), png(PIXELS, cHRM=bytes(5))])
def test_broken_chunks_say_nothing(data: bytes) -> None:
    assert color_of_png(data).profile is None


KINDS = [pytest.param("AVIF", id="avif"), pytest.param("HEIF", id="heic")]


def phone_picture(path: Path, kind: str) -> Path:
    if kind == "HEIF":
        pytest.importorskip("pillow_heif", reason="the package that reads HEIC is not installed").register_heif_opener()
    image = Image.fromarray(codes(smooth(64)))
    packed = io.BytesIO()
    image.save(packed, kind, quality=95)
    path.write_bytes(packed.getvalue())
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_phones_are_read(tmp_path: Path, kind: str) -> None:
    rgb, heard = read(phone_picture(tmp_path / "photo.jpg", kind))
    assert heard == [] and np.abs(rgb - smooth(64)).mean() < 0.02


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("transfer", "words"), [(16, "high dynamic range"), (17, "is unknown")])
def test_their_colour_spaces_are_heeded(tmp_path: Path, kind: str, transfer: int, words: str) -> None:
    path = phone_picture(tmp_path / "photo.heic", kind)
    data = path.read_bytes()
    at = data.index(b"colrnclx") + 8
    rgb, heard = read(path, data[:at] + struct.pack(">HH", 9, transfer) + data[at + 4:])
    assert len(heard) == 1 and words in heard[0] and np.isfinite(rgb).all()
