"""Pixels of more than 8 bits, which Pillow would cut: 16-bit PNG, 16-bit and float TIFF, decoded by OpenCV."""

import io
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import PngImagePlugin, TiffImagePlugin

TiffTags = TiffImagePlugin.ImageFileDirectory_v2

_WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _SAMPLES, _PLANAR = 256, 257, 258, 262, 277, 284
_STARTS_AND_SIZES = ((273, 279), (324, 325))
_XMP, _ICC = 700, 34675
_RGB_CODES = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
_BLACK_IS_ZERO, _RGB, _SEPARATE_PLANES = 1, 2, 2


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
    """The first picture of a TIFF file, known by its tags."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the tags; raises SyntaxError where ``file`` is no TIFF."""
        self._file = file
        file.seek(0)
        header = file.read(8)
        self._tags = TiffTags(header + file.read(8) if b"+" in header[2:4] else header)  # BigTIFF's header is longer
        file.seek(self._tags.next)
        self._tags.load(file)
        file.seek(0)

    @property
    def is_deep(self) -> bool:
        """Whether a channel has more than 8 bits."""
        return max(self._tags.get(_BITS, (1,))) > 8

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as stored, before rotation."""
        return self._tags[_WIDTH], self._tags[_HEIGHT]

    @property
    def icc(self) -> bytes:
        """The embedded colour profile."""
        return self._bytes(_ICC)

    @property
    def xmp(self) -> bytes:
        """The embedded XMP packet."""
        return self._bytes(_XMP)

    def _bytes(self, tag: int) -> bytes:
        value = self._tags.get(tag, b"")
        return value[0] if isinstance(value, tuple) else value

    def decode(self) -> NDArray[Any]:
        """Decode to (h, w) or (h, w, 3 | 4), RGB order, rotated as the file says (OpenCV does that for TIFF).

        Raises ValueError for layouts that OpenCV would misread, and EOFError where the file is cut off.
        """
        if self._tags.get(_PHOTOMETRIC, _RGB) not in (_BLACK_IS_ZERO, _RGB):
            raise ValueError("more than 8 bits are read in RGB and grey only")
        if self._tags.get(_PLANAR) == _SEPARATE_PLANES and self._tags.get(_SAMPLES, 1) > 1:
            raise ValueError("its colours lie in separate planes, interleaved ones are needed")
        data = self._file.read()
        for starts, sizes in _STARTS_AND_SIZES:
            ends = [start + size for start, size in zip(self._tags.get(starts, ()), self._tags.get(sizes, ()), strict=True)]
            if max(ends, default=0) > len(data):
                raise EOFError(f"{max(ends) - len(data)} bytes are missing")
        return _decode(data)


def _decode(data: bytes) -> NDArray[Any]:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise OSError("OpenCV cannot decode it")
    if pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels.astype(np.float32) if pixels.dtype == np.float64 else pixels, _RGB_CODES[pixels.shape[2]])
