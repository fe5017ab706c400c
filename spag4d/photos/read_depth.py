"""Reading the numbers of a depth map: npy, npz, PNG, TIFF, OpenEXR and PFM, recognised by content."""

import io
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import PngImagePlugin

from spag4d.data import DEPTH_UNIT_KEY
from spag4d.errors import InputError, reason
from spag4d.io.opening import opened
from spag4d.photos.declared_size import PIXEL_LIMIT, check_promise
from spag4d.photos.exr import exr_plane
from spag4d.photos.quiet_decoders import quiet_decoders
from spag4d.photos.sixteen_bit import DeepTiff, decode_png, is_deep_png

_NPZ_KEYS = ("distance_m", "depth", "arr_0")
_NPY_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_NPZ_RATIO, _NPZ_SMALL_BYTES = 200, 1 << 26
"""How far an array may be packed above so many bytes: measured depth packs to a half or a tenth, a constant to a thousandth."""
_PFM = re.compile(rb"(P[Ff])\s+(\d+)\s+(\d+)\s+([-+.\deE]+)[ \t\r]?\n?")
_TOO_POOR = "8 bits and colours cannot hold distances, which need one channel of 16 bits or floats"

Numbers = tuple[NDArray[Any], float | None]


def check_is_depth(path: Path) -> None:
    """Raise `InputError` for a file that, by its first bytes, is of no kind that holds distances."""
    with opened(path, "depth map") as file:
        _reader_for(path, file.read(16))


def read_depth_numbers(path: Path) -> Numbers:
    """Return the stored numbers and the unit in metres that the file records, if it does.

    The content decides what the file is. Raises `InputError` where it is missing, damaged, of another kind, a picture in
    colour, or promises more than its size allows.
    """
    with opened(path, "depth map") as file:
        data = file.read()
        file.seek(0)
        read = _reader_for(path, data)
        try:
            with quiet_decoders(), np.errstate(all="ignore"):
                return read(file, data, path)
        except (InputError, MemoryError):
            raise
        except Exception as error:  # decoders raise anything over a broken file
            raise InputError(f"the depth map {path} cannot be read: {reason(error)}. Copy it again or export it "
                             "anew.") from error


def _reader_for(path: Path, data: bytes) -> Callable[[BinaryIO, bytes, Path], Numbers]:
    for signature, read in _READERS.items():
        if data.startswith(signature):
            return read
    raise InputError(f"{path} is not a depth map: it begins with {data[:8]!r}. Use npy, npz, 16-bit PNG, float TIFF, EXR or "
                     "PFM.")


def _from_npy(file: BinaryIO, data: bytes, path: Path) -> Numbers:
    return _array(file, len(data)), None


def _from_npz(file: BinaryIO, data: bytes, path: Path) -> Numbers:
    with zipfile.ZipFile(file) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        known = [key for key in _NPZ_KEYS if key in names] or (names if len(names) == 1 else [])
        if not known:
            raise ValueError(f"none of its arrays ({', '.join(names)[:200]}) is called {' or '.join(_NPZ_KEYS)}")
        info = archive.infolist()[names.index(known[0])]
        if info.file_size > max(_NPZ_SMALL_BYTES, _NPZ_RATIO * len(data)):
            raise ValueError(f"it would unpack to {info.file_size / 1e6:,.0f} MB, more than {_NPZ_RATIO} times its size")
        with archive.open(info) as member:
            return _array(member, info.file_size), None


def _array(file: Any, size: int) -> NDArray[Any]:
    """Read an array whose header promises no more than the ``size`` bytes of the file."""
    version = npy.read_magic(file)
    if version not in _NPY_HEADERS:
        raise ValueError(f"its arrays have the version {version}, not {' or '.join(map(str, _NPY_HEADERS))}")
    shape, fortran, dtype = _NPY_HEADERS[version](file)
    if dtype.hasobject:  # a pickle, which can run any code when it is loaded
        raise ValueError("it holds Python objects instead of plain numbers")
    count = math.prod(shape)
    if min(shape, default=1) < 0 or count * dtype.itemsize > size or count > 2 * PIXEL_LIMIT:
        raise ValueError(f"it promises an array of the shape {shape} and has {size:,} bytes")
    values = np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
    return values.reshape(shape, order="F" if fortran else "C")


def _from_png(file: BinaryIO, data: bytes, path: Path) -> Numbers:
    image = PngImagePlugin.PngImageFile(io.BytesIO(data))
    check_promise(path, *image.size, len(data))
    if not is_deep_png(file):
        raise ValueError(f"its pixels are of the kind {image.mode}; {_TOO_POOR}")
    recorded = image.info.get(DEPTH_UNIT_KEY)
    return _one_channel(decode_png(file)), None if recorded is None else float(recorded)


def _from_tiff(file: BinaryIO, data: bytes, path: Path) -> Numbers:
    tiff = DeepTiff(file)
    check_promise(path, *tiff.size, len(data))
    if not tiff.is_deep:
        raise ValueError(f"its channels have 8 bits or less; {_TOO_POOR}")
    return _one_channel(tiff.decode()), None


def _from_exr(file: BinaryIO, data: bytes, path: Path) -> Numbers:
    return exr_plane(path, len(data)), None


def _from_pfm(file: BinaryIO, data: bytes, path: Path) -> Numbers:
    """Read a PFM: rows from the bottom up, the sign of the scale is the byte order; its magnitude is ignored, as by other
    programs."""
    found = _PFM.match(data[:200])
    if found is None:
        raise ValueError("its header is not that of a PFM")
    width, height, scale = int(found[2]), int(found[3]), float(found[4])
    channels = 3 if found[1] == b"PF" else 1
    count = width * height * channels
    if 4 * count > len(data) - found.end() or not count:
        raise ValueError(f"it promises {width} x {height} pixels and has {len(data):,} bytes")
    values = np.frombuffer(data, "<f4" if scale < 0 else ">f4", count, found.end()).reshape(height, width, channels)
    return _one_channel(values[::-1].astype(np.float32)), None


def _one_channel(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return the values (h, w) of a picture whose channels are equal; pixels of alpha 0 hold nothing."""
    if pixels.ndim == 2:
        return pixels
    plane = pixels[..., 0]
    for channel in range(1, min(3, pixels.shape[2])):
        if not np.array_equal(pixels[..., channel], plane, equal_nan=pixels.dtype.kind == "f"):
            raise ValueError("its channels differ: it is a picture in colour. Distances need one channel, or equal ones")
    return np.where(pixels[..., 3] == 0, plane.dtype.type(0), plane) if pixels.shape[2] == 4 else plane


_READERS: dict[bytes, Callable[[BinaryIO, bytes, Path], Numbers]] = {
    b"\x93NUMPY": _from_npy, b"PK": _from_npz, b"\x89PNG": _from_png, b"II": _from_tiff, b"MM": _from_tiff,
    b"\x76\x2f\x31\x01": _from_exr, b"Pf": _from_pfm, b"PF": _from_pfm,
}
