"""Picture files as Pillow opens them, checked before and after decoding."""

import struct
import zlib
from typing import Any, BinaryIO

import numpy as np
from PIL import AvifImagePlugin, BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from spag4d.errors import InputError
from spag4d.photos.jpeg_stream import JpegStream

# Called directly: `Image.open` has its own limit, which only a global switch lifts, and opens formats that are not wanted.
_PLUGINS: dict[str, Any] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Values per pixel of a PNG by its colour type."""
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column and row, and the steps."""
_PIECE = 1 << 20
"""Bytes that are unpacked at once, so that no bomb unfolds in memory."""


def opened_still(file: BinaryIO, kind: str) -> Image.Image:
    """Return an image that is not decoded yet; a broken file can raise anything.

    Raises `InputError` where the package for its kind is not installed.
    """
    if kind != "HEIC":
        return _PLUGINS[kind](file)
    try:
        import pillow_heif
    except ImportError as error:
        raise InputError(f"{file.name} is a picture of the kind HEIC, and the package that reads it is not installed: "
                         "pip install pillow-heif. Or save the picture as JPEG.") from error
    return pillow_heif.HeifImageFile(file)


def webp_size(head: bytes) -> tuple[int, int] | None:
    """Return width and height by the first 30 bytes of a WebP file, as Pillow asks for its memory when it opens it."""
    if head[12:16] == b"VP8X" and len(head) >= 30:
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L" and len(head) >= 25:
        bits, = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if head[12:16] == b"VP8 " and len(head) >= 30:
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def load_whole(image: Image.Image, file: BinaryIO, kind: str) -> None:
    """Decode an image; raises EOFError where its stream ends before the picture does, which decoders hide."""
    if kind not in ("JPEG", "PNG"):
        image.load()
        return
    data = _all_of(file)
    stream = JpegStream(data) if kind == "JPEG" else None  # before anything is decoded, as it may have too many scans
    image.load()
    if stream.ends_early(image) if stream else _png_ends_early(data, image):
        raise EOFError("its data ends before the picture does")


def _all_of(file: BinaryIO) -> bytes:
    at = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(at)
    return data


def _png_ends_early(data: bytes, decoded: Image.Image) -> bool:
    """Return whether rows may be missing, which Pillow leaves at zero: only then are they worth counting."""
    width, height = decoded.size
    last_row = np.asarray(decoded.crop((0, height - 1, width, height)))
    return not last_row.any() and _png_bytes(data) < _png_size(data)


def _png_size(data: bytes) -> int:
    """Return how many bytes a PNG's rows have before they are packed, with one for each row's filter."""
    width, height, bits, color, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    per_pixel = bits * _CHANNELS[color]
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    total = 0
    for x, y, dx, dy in passes:
        columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * per_pixel + 7) // 8)
    return total


def _png_bytes(data: bytes) -> int:
    """Return how many bytes a PNG's packed rows really hold."""
    unpacker, total, at = zlib.decompressobj(), 0, 8
    while at + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            rest = data[at + 8:at + 8 + size]
            while rest and not unpacker.eof:
                total += len(unpacker.decompress(rest, _PIECE))
                rest = unpacker.unconsumed_tail
        at += 12 + size
    return total + len(unpacker.flush())
