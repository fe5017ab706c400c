import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from spag4d.color import linear_from_srgb, srgb_from_linear
from spag4d.photos.icc import matrix_profile
from spag4d.photos.image import read_panorama
from spag4d.progress import Notice, Progress
from tests.photos.picture_files import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB,
    SRGB_CURVE,
    gamma,
    grey_profile,
    parametric,
    rgb_profile,
    table,
    tiff_bytes,
)

P3 = rgb_profile(DISPLAY_P3, parametric(3, *SRGB_CURVE))
ADOBE = rgb_profile(ADOBE_RGB, gamma(2.19921875))
LINEAR = rgb_profile(SRGB, gamma(1.0))
PLAIN = rgb_profile(SRGB, parametric(3, *SRGB_CURVE))
TABLE = rgb_profile(DISPLAY_P3, table(np.linspace(0, 1, 1024) ** 1.8))
PROFILES = {"p3": P3, "adobe": ADOBE, "linear": LINEAR, "table": TABLE}


def colors(bits: int) -> np.ndarray:
    """Every corner and a fine ramp of the colour cube, without extremes that fall out of sRGB's gamut."""
    rng = np.random.default_rng(7)
    picture = 0.3 + 0.4 * rng.random((16, 32, 3))
    picture[0] = np.linspace(0, 1, 32)[:, None]
    return np.rint(picture * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)


def read(path: Path) -> tuple[np.ndarray, list[str]]:
    messages: list[str] = []
    listener = Progress(on_event=lambda event: messages.append(event.message) if isinstance(event, Notice) else None)
    return read_panorama(path, progress=listener).rgb, messages


@pytest.mark.parametrize("name", PROFILES)
def test_deep_pictures_agree_with_littlecms(tmp_path: Path, name: str) -> None:
    pixels = colors(8)
    Image.fromarray(pixels).save(tmp_path / "shallow.png", icc_profile=PROFILES[name])
    (tmp_path / "deep.tif").write_bytes(tiff_bytes(pixels.astype(np.uint16) * 257, icc=PROFILES[name]))
    (shallow, no_message), (deep, none_either) = read(tmp_path / "shallow.png"), read(tmp_path / "deep.tif")
    assert no_message == none_either == []
    assert np.abs(shallow - deep).max() < 1.6 / 255
    assert np.abs(shallow - pixels / 255).max() > 4 / 255


@pytest.mark.parametrize("extension", ["jpg", "webp", "tif"])
def test_profiles_are_found_in_every_format(tmp_path: Path, extension: str) -> None:
    flat = np.broadcast_to(np.array([100, 160, 120], np.uint8), (32, 64, 3)).copy()
    Image.fromarray(flat).save(tmp_path / f"a.{extension}", icc_profile=ADOBE, quality=95)
    Image.fromarray(flat).save(tmp_path / "a.png", icc_profile=ADOBE)
    assert np.abs(read(tmp_path / f"a.{extension}")[0] - read(tmp_path / "a.png")[0]).mean() < 1.5 / 255


def test_known_color_of_display_p3(tmp_path: Path) -> None:
    """sRGB's pure red has the Display P3 values (0.9175, 0.2003, 0.1386), by the two spaces' definitions."""
    red = np.broadcast_to(np.rint(np.array([0.91749, 0.20029, 0.13856]) * 65535).astype(np.uint16), (16, 32, 3)).copy()
    (tmp_path / "red.tif").write_bytes(tiff_bytes(red, icc=P3))
    assert np.abs(read(tmp_path / "red.tif")[0] - (1, 0, 0)).max() < 0.012


def test_16_bits_are_not_cut_to_8(tmp_path: Path) -> None:
    ramp = np.linspace(20000, 24000, 512).astype(np.uint16)
    pixels = np.broadcast_to(ramp[:, None], (256, 512, 3)).copy()
    ok, data = cv2.imencode(".png", pixels)
    (tmp_path / "plain.png").write_bytes(data.tobytes())
    (tmp_path / "ramp.tif").write_bytes(tiff_bytes(pixels, icc=ADOBE))
    rgb, _ = read(tmp_path / "ramp.tif")
    assert len(np.unique(rgb[0, :, 1])) == len(np.unique(ramp)) > 500
    assert np.abs(rgb[0, :, 1] - srgb_from_linear((ramp / 65535).astype(np.float32) ** np.float32(2.19921875))).max() < 1e-3


@pytest.mark.parametrize("bits", [8, 16])
def test_srgb_is_left_alone(tmp_path: Path, bits: int) -> None:
    pixels = colors(bits)
    assert (profile := matrix_profile(PLAIN)) is not None and profile.is_srgb()
    (tmp_path / "a.tif").write_bytes(tiff_bytes(pixels, icc=PLAIN))
    assert np.abs(read(tmp_path / "a.tif")[0] - pixels / (2**bits - 1)).max() < 1e-6


def test_a_profile_called_srgb_with_another_curve_is_not_taken_for_it() -> None:
    assert (profile := matrix_profile(LINEAR)) is not None and not profile.is_srgb()


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_profile(tmp_path: Path, bits: int) -> None:
    grey = colors(bits)[..., 0].copy()
    icc = grey_profile(gamma(1.0))
    if bits == 8:
        Image.fromarray(grey).save(tmp_path / "grey.png", icc_profile=icc)
    else:
        (tmp_path / "grey.png").write_bytes(tiff_bytes(grey, icc=icc))
    rgb, messages = read(tmp_path / "grey.png")
    expected = srgb_from_linear((grey / (2**bits - 1)).astype(np.float32))
    assert np.abs(rgb - expected[..., None]).max() < 2 / 255 and messages == []


def test_grey_picture_with_an_rgb_profile(tmp_path: Path) -> None:
    grey = colors(8)[..., 0].copy()
    Image.fromarray(grey).save(tmp_path / "grey.png", icc_profile=LINEAR)
    expected = srgb_from_linear((grey / 255).astype(np.float32))
    assert np.abs(read(tmp_path / "grey.png")[0] - expected[..., None]).max() < 2 / 255


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("icc", [b"not a profile", P3[:200], P3[:128] + b"\xff" * 40])
def test_broken_profiles_are_reported_and_ignored(tmp_path: Path, bits: int, icc: bytes) -> None:
    (tmp_path / "a.tif").write_bytes(tiff_bytes(colors(bits), icc=icc))
    rgb, messages = read(tmp_path / "a.tif")
    assert np.abs(rgb - colors(bits) / (2**bits - 1)).max() < 1e-6
    assert len(messages) == 1 and "colour profile of a.tif was ignored" in messages[0]


def test_grey_profile_on_a_coloured_picture(tmp_path: Path) -> None:
    Image.fromarray(colors(8)).save(tmp_path / "a.png", icc_profile=grey_profile(gamma(2.2)))
    assert "made for GRAY and the picture is RGB" in read(tmp_path / "a.png")[1][0]


def test_profiles_of_tables_go_by_8_bits_with_a_warning(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    (tmp_path / "a.tif").write_bytes(tiff_bytes(colors(16), icc=lab))
    assert "ignored: it is made for Lab" in read(tmp_path / "a.tif")[1][0]


CURVES: list[tuple[bytes, Callable[[np.ndarray], np.ndarray]]] = [
    (b"curv" + bytes(8), lambda x: x),
    (gamma(1.8), lambda x: x ** 1.80078125),
    (table(np.array([0, 0.25, 1.0])), lambda x: np.interp(x, [0, 0.5, 1], [0, 0.25, 1])),
    (parametric(0, 2.2), lambda x: x**2.2),
    (parametric(1, 2.0, 1.25, -0.25), lambda x: np.where(x >= 0.2, (1.25 * x - 0.25) ** 2, 0)),
    (parametric(2, 2.0, 1.0, -0.2, 0.1), lambda x: np.where(x >= 0.2, (x - 0.2) ** 2 + 0.1, 0.1)),
    (parametric(3, *SRGB_CURVE), lambda x: linear_from_srgb(x.astype(np.float32))),
    (parametric(4, 2.0, 0.9, 0.1, 0.5, 0.25, 0.0, 0.01), lambda x: np.where(x >= 0.25, (0.9 * x + 0.1) ** 2, 0.5 * x + 0.01)),
]


@pytest.mark.parametrize(("tag", "expected"), CURVES)
def test_tone_curves(tag: bytes, expected: Callable[[np.ndarray], np.ndarray]) -> None:
    profile = matrix_profile(grey_profile(tag))
    assert profile is not None
    x = np.linspace(0, 1, 101, dtype=np.float32)
    assert np.abs(profile.curves[0](x) - expected(x.astype(np.float64))).max() < 2e-4


HOSTILE_CURVES = {
    "endless power": parametric(1, -2.0, 1.0, 0.0), "far away": parametric(3, 30000.0, 30000.0, 30000.0, 1.0, 0.0),
    "nothing to divide by": parametric(1, 2.0, 0.0, 1.0), "negative gamma": parametric(0, -3.0),
    "cut off": b"curv" + bytes(4) + b"\xff" * 4,
}


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", HOSTILE_CURVES)
def test_curves_that_lead_nowhere_are_never_pixels(tmp_path: Path, name: str, bits: int) -> None:
    pixels = colors(bits)
    (tmp_path / "a.tif").write_bytes(tiff_bytes(pixels, icc=rgb_profile(SRGB, HOSTILE_CURVES[name])))
    rgb, _ = read(tmp_path / "a.tif")
    assert np.isfinite(rgb).all() and rgb.min() >= 0 and rgb.max() <= 1


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("tag", [34675, 700])
@pytest.mark.parametrize("type_", [2, 3, 4, 5, 11, 12])
def test_tags_of_a_wrong_type_are_ignored_with_a_warning(tmp_path: Path, tag: int, type_: int, bits: int) -> None:
    data = bytearray(tiff_bytes(colors(bits), icc=P3) if tag == 34675 else tiff_bytes(colors(bits), xmp=P3))
    entry = data.index(struct.pack("<HH", tag, 7))
    data[entry + 2:entry + 8] = struct.pack("<HI", type_, 3)
    (tmp_path / "a.tif").write_bytes(data)
    rgb, messages = read(tmp_path / "a.tif")
    assert np.isfinite(rgb).all() and len(messages) == 1 and "wrong type" in messages[0]
