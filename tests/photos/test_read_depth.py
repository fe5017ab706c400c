"""What depth maps hold, in the ways in which other programs write them."""

import io
import struct
import zipfile
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

from spag4d.errors import InputError
from spag4d.photos.read_depth import read_depth_numbers
from tests.photos.picture_files import big_tiff_bytes, png_header, tiff_bytes

VALUES = (1 + np.arange(16 * 32).reshape(16, 32) / 64).astype(np.float32)


def read(path: Path, content: bytes) -> np.ndarray:
    path.write_bytes(content)
    return read_depth_numbers(path)[0]


def pfm(values: np.ndarray, scale: str) -> bytes:
    rows = values[::-1].astype("<f4" if scale.startswith("-") else ">f4")
    kind = b"Pf" if values.ndim == 2 else b"PF"
    return kind + f"\n{values.shape[1]} {values.shape[0]}\n{scale}\n".encode() + rows.tobytes()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.uint16, np.int16, np.uint32, np.int32])
@pytest.mark.parametrize("big", [False, True])
def test_every_deep_kind_of_tiff(tmp_path: Path, kind: type, order: str, big: bool) -> None:
    values = VALUES.astype(kind)
    values[0, 0] = -values[0, 0] if np.dtype(kind).kind != "u" else 7
    content = (big_tiff_bytes if big else tiff_bytes)(values, order=order)  # type: ignore[arg-type]
    assert np.array_equal(read(tmp_path / "a.tif", content), values)


def test_half_floats_in_three_equal_channels(tmp_path: Path) -> None:
    values = VALUES.astype(np.float16)
    assert np.array_equal(read(tmp_path / "a.tif", tiff_bytes(np.dstack([values] * 3))), values)


@pytest.mark.parametrize("scale", ["-1", "1.0", "-1.000000", "0.5"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pfm_rows_come_from_below_and_the_sign_is_the_order_of_bytes(tmp_path: Path, scale: str, channels: int) -> None:
    values = VALUES if channels == 1 else np.dstack([VALUES] * 3)
    assert np.array_equal(read(tmp_path / "a.pfm", pfm(values, scale)), VALUES)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("ending", [".png", ".tiff"])
def test_colours_are_read_where_they_are_equal(tmp_path: Path, ending: str, channels: int) -> None:
    plane = (VALUES * 1000).astype(np.uint16)
    layers = [plane] * 3 + [np.full_like(plane, 65535)] * (channels - 3)
    if channels == 4:
        layers[3][2, 3] = 0
    wanted = plane.copy()
    wanted[2, 3] = 0 if channels == 4 else wanted[2, 3]
    assert np.array_equal(read(tmp_path / f"a{ending}", cv2.imencode(ending, np.dstack(layers))[1].tobytes()), wanted)
    layers[1] = layers[1] + 1
    with pytest.raises(InputError, match="channels differ"):
        read(tmp_path / f"b{ending}", cv2.imencode(ending, np.dstack(layers))[1].tobytes())


def test_colours_of_a_pfm_and_an_exr_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="channels differ"):
        read(tmp_path / "a.pfm", pfm(np.dstack([VALUES, VALUES, 2 * VALUES]), "-1"))
    path = tmp_path / "a.exr"
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {name: VALUES * (i + 1) for i, name in enumerate("RGB")}).write(str(path))
    with pytest.raises(InputError, match="picture in colour"):
        read_depth_numbers(path)


def npy_header(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    text = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def zipped(content: bytes, name: str = "depth.npy") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def test_an_exr_that_is_cut_off_is_said_to_be_and_nothing_else(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, {"Z": VALUES}).write(
        str(tmp_path / "a.exr"))
    content = (tmp_path / "a.exr").read_bytes()
    with pytest.raises(InputError, match="missing or damaged"):
        read(tmp_path / "b.exr", content[:-100])
    assert capfd.readouterr() == ("", "")


def exr_with_window(folder: Path, side: int) -> bytes:
    path = folder / "source.exr"
    OpenEXR.File({"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}, {"Z": VALUES}).write(str(path))
    data = path.read_bytes()
    name = b"dataWindow\0box2i\0" + struct.pack("<I", 16)
    at = data.index(name) + len(name)
    return data[:at] + struct.pack("<4i", 0, 0, side - 1, side // 2 - 1) + data[at + 16:]


HOSTILE = {
    "no array.npz": lambda _: zipped(b"hello"), "text.npz": lambda _: zipped(b"hello", "depth.txt"),
    "endless.npy": lambda _: npy_header((1 << 40, 1 << 41)), "huge.npy": lambda _: npy_header((16384, 32768)),
    "negative.npy": lambda _: npy_header((-16, -32)) + bytes(4096), "nested.npy": lambda _: npy_header((1,), "(" * 500),
    "bomb.npz": lambda _: zipped(npy_header((8192, 16384)) + bytes(1 << 27)), "torn.npz": lambda _: zipped(b"x" * 999)[:-30],
    "huge.pfm": lambda _: b"Pf\n99999 50000\n-1\n" + bytes(99), "nothing.pfm": lambda _: b"Pf\n0 0\n-1\n",
    "odd.pfm": lambda _: b"Pf\n1",
    "huge.png": lambda _: png_header(16384, 8192, 16), "huge.exr": lambda folder: exr_with_window(folder, 60000),
    "odd.exr": lambda folder: exr_with_window(folder, -60000), "version.npy": lambda _: b"\x93NUMPY\x09\x00" + bytes(99),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_promised_and_not_there_is_refused_at_once(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    content = HOSTILE[name](tmp_path)
    with pytest.raises(InputError) as caught:
        read(tmp_path / name, content)
    assert name in str(caught.value) and "\n" not in str(caught.value) and capfd.readouterr().err == ""
