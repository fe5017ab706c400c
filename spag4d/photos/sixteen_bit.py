"""Pixels of more than 8 bits, which Pillow would truncate: 16-bit PNG, 16-bit, half, float and double TIFF, decoded by
OpenCV."""

import io
import struct
import warnings
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import PngImagePlugin, TiffImagePlugin

TiffTags = TiffImagePlugin.ImageFileDirectory_v2

_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SAMPLES, _PLANAR = 256, 257, 258, 262, 277, 284
"""Tags of TIFF 6.0, as all below."""
_STARTS_AND_SIZES = ((273, 279), (324, 325))
"""Tags that place the strips and the tiles."""
_FORMAT, _UNSIGNED, _SIGNED, _FLOAT = 339, 1, 2, 3
"""The tag of the sample format, and its values."""
_XMP, _ICC, _DNG_VERSION = 700, 34675, 50706
"""Tags of Adobe's extensions and of ICC profiles."""
_RGB_CODES = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
_BLACK_IS_ZERO, _RGB, _SEPARATE_PLANES = 1, 2, 2
"""Values of the tags above: what numbers mean, and that channels are not interleaved."""


def is_deep_png(file: BinaryIO) -> bool:
    """Whether the PNG's header (bit depth is its byte 24) promises 16 bits."""
    file.seek(24)
    depth = file.read(1)
    file.seek(0)
    return depth == b"\x10"


def decode_png(file: BinaryIO) -> NDArray[Any]:
    """Decode a 16-bit PNG to (h, w) or (h, w, 3 | 4) uint16, RGB order, as stored; raises where a checksum is wrong."""
    file.seek(0)
    data = file.read()
    PngImagePlugin.PngImageFile(io.BytesIO(data)).verify()
    return _decode(data)


class DeepTiff:
    """The first picture of a TIFF file, described by its tags."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the tags that are intact (`lacks_tags`); raises SyntaxError where ``file`` is not a TIFF."""
        self._file = file
        file.seek(0)
        header = file.read(8)
        if b"+" in header[2:4]:  # BigTIFF's header is longer, and Pillow knows that of one order
            self._tags = TiffTags(b"II+\0" + header[4:] + file.read(8), prefix=header[:2])
        else:
            self._tags = TiffTags(header)
        file.seek(self._tags.next)
        with warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("always")
            self._tags.load(file)
        self.lacks_tags = bool(remarks)
        file.seek(0)

    @property
    def is_deep(self) -> bool:
        """Whether a channel has more than 8 bits."""
        return max(self._bits) > 8

    @property
    def _bits(self) -> tuple[int, ...]:
        return tuple(int(bits) for bits in self._tags.get(_BITS, (1,)))

    @property
    def _format(self) -> int:
        formats = self._tags.get(_FORMAT, (_UNSIGNED,))
        return formats[0] if formats else _UNSIGNED

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as stored, before rotation."""
        return int(self._tags[_WIDTH]), int(self._tags[_HEIGHT])

    @property
    def icc(self) -> object:
        """The embedded colour profile: bytes, unless the tag is of another type."""
        return self._tags.get(_ICC)

    @property
    def xmp(self) -> object:
        """The embedded XMP packet: bytes, unless the tag is of another type."""
        return self._tags.get(_XMP)

    @property
    def is_raw(self) -> bool:
        """Whether it is a camera's raw picture (DNG), of which the first picture is a thumbnail."""
        return _DNG_VERSION in self._tags

    def check_is_whole(self, size: int) -> None:
        """Raise EOFError where the tags promise pixels beyond the ``size`` bytes of the file."""
        for starts, sizes in _STARTS_AND_SIZES:
            ends = [start + count for start, count in zip(self._tags.get(starts, ()), self._tags.get(sizes, ()), strict=True)]
            if max(ends, default=0) > size:
                raise EOFError(f"{max(ends) - size} bytes are missing")

    def decode(self) -> NDArray[Any]:
        """Decode to (h, w) or (h, w, 3 | 4), RGB order, rotated by its orientation tag (OpenCV does that for TIFF).

        Raises ValueError for layouts that OpenCV would misread, and EOFError where the file is cut off.
        """
        if self._tags.get(_PHOTOMETRIC, _RGB) not in (_BLACK_IS_ZERO, _RGB):
            raise ValueError("more than 8 bits per channel are supported for RGB and grey only")
        if self._tags.get(_PLANAR) == _SEPARATE_PLANES and self._tags.get(_SAMPLES, 1) > 1:
            raise ValueError("its colours are in separate planes, but must be interleaved")
        data = self._file.read()
        self.check_is_whole(len(data))
        if self._format == _FLOAT and max(self._bits) == 16:
            return _decode(_with_format(data, _UNSIGNED)).view(np.float16)
        pixels = _decode(data)
        return pixels.view(f"i{pixels.itemsize}") if self._format == _SIGNED else pixels


def _with_format(data: bytes, format: int) -> bytes:
    """Return a TIFF file with another format of its samples: half floats pass through OpenCV as the numbers of their bits."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    count_code, entry_code, wide = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    first, = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    changed = bytearray(data)
    entries, = struct.unpack_from(order + count_code, data, first)
    at = first + struct.calcsize("=" + count_code)
    for _ in range(min(entries, len(data) // 12)):
        tag, _, count = struct.unpack_from(order + entry_code, data, at)
        value = at + struct.calcsize("=" + entry_code)
        if tag == _FORMAT:
            if 2 * count > wide:
                value, = struct.unpack_from(order + ("Q" if big else "I"), data, value)
            for number in range(count):
                struct.pack_into(order + "H", changed, value + 2 * number, format)
        at += 20 if big else 12
    return bytes(changed)


def _decode(data: bytes) -> NDArray[Any]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise OSError("OpenCV cannot decode it")
    if pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels.astype(np.float32) if pixels.dtype == np.float64 else pixels, _RGB_CODES[pixels.shape[2]])
