"""The streams of a .4dgs file: whole numbers of Gaussians, as differences or as they are, in planes of bytes, packed.

Signs are folded into the lowest bit, so that small numbers of either sign have empty upper bytes, and all lowest bytes come
first, then all second ones: bytes of one kind stand together, which is what DEFLATE can use.
"""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from jaxtyping import Int64

from spag4d.errors import InputError, reason

HEAD = struct.Struct("<BBBBBIQ")
"""Which attribute, bytes of a symbol, mode, codec, channels, Gaussians, bytes that follow."""
_AS_IT_IS, _DIFFERENCES, _CONSTANT = 0, 1, 2
_DEFLATE, _ZSTD = 0, 1
_LEVEL = 6
"""zlib's default; the best is four times as slow and saves 1 %."""
_SAMPLE = 8192
"""Gaussians: packing both ways to the end takes half as long again, and saves 0.004 %."""
_SYMBOLS = {1: np.uint8, 2: np.uint16, 4: np.uint32}
_WINDOW = 1 << 27
"""zstd looks back by no more than 128 MiB at any of its levels, without the option of longer windows."""

Bins = Int64[np.ndarray, "n channels"]


def encoded(attribute: int, bins: Bins) -> bytes:
    """Return one attribute's stream; of differences and numbers as they are that is taken of which a sample is shorter."""
    count, channels = bins.shape
    if count and (bins == bins[0]).all():
        mode, values = _CONSTANT, bins[:1]
    else:
        differences = np.diff(bins, axis=0, prepend=np.zeros((1, channels), np.int64))
        sample = slice(count // 2, count // 2 + _SAMPLE) if count > 2 * _SAMPLE else slice(None)
        mode, values = min(((_AS_IT_IS, bins), (_DIFFERENCES, differences)), key=lambda way: len(_packed(way[1][sample])[1]))
    width, body = _packed(values)
    return HEAD.pack(attribute, width, mode, _DEFLATE, channels, count, len(body)) + body


def _packed(values: Bins) -> tuple[int, bytes]:
    folded = ((values << 1) ^ (values >> 63)).astype(np.uint64).ravel()
    largest = int(folded.max(initial=0))
    width = 1 if largest < 1 << 8 else 2 if largest < 1 << 16 else 4
    planes = folded.astype(_SYMBOLS[width]).view(np.uint8).reshape(-1, width).T
    return width, zlib.compress(np.ascontiguousarray(planes).tobytes(), _LEVEL)


def decoded(data: memoryview, channels: dict[int, int], count: int, path: Path) -> dict[int, Bins]:
    """Return the streams (count, channels) of the attributes that ``channels`` knows; others are passed over.

    Nothing is unpacked beyond the size that count and channels imply. Raises `InputError` for anything else.
    """
    found: dict[int, Bins] = {}
    at = 0
    while at < len(data):
        if len(data) - at < HEAD.size:
            raise damaged(path, "a stream is cut short")
        attribute, width, mode, codec, stated, stated_count, size = HEAD.unpack_from(data, at)
        body = data[at + HEAD.size:at + HEAD.size + size]
        if len(body) < size:
            raise damaged(path, f"the stream of attribute {attribute} is cut short")
        at += HEAD.size + size
        if attribute not in channels:
            continue
        if (stated, stated_count) != (channels[attribute], count) or attribute in found:
            raise damaged(path, f"attribute {attribute} has {stated_count} x {stated} numbers where {count} x "
                                f"{channels[attribute]} belong")
        if width not in _SYMBOLS or mode not in (_AS_IT_IS, _DIFFERENCES, _CONSTANT):
            raise damaged(path, f"the stream of attribute {attribute} has width {width} and mode {mode}")
        found[attribute] = _numbers(body, (1 if mode == _CONSTANT else count, stated), width, codec, path)
        if mode == _DIFFERENCES:
            np.cumsum(found[attribute], 0, out=found[attribute])
        elif mode == _CONSTANT:
            found[attribute] = np.repeat(found[attribute], count, 0)
    return found


def _numbers(body: memoryview, shape: tuple[int, int], width: int, codec: int, path: Path) -> Bins:
    size = shape[0] * shape[1] * width
    planes = np.frombuffer(unpacked(body, size, codec, path), np.uint8).reshape(width, -1)
    folded = np.ascontiguousarray(planes.T).view(_SYMBOLS[width]).astype(np.int64)
    return ((folded >> 1) ^ -(folded & 1)).reshape(shape)


def unpacked(body: Any, size: int, codec: int, path: Path) -> bytes:
    """Return exactly ``size`` bytes of a packed stream; raises `InputError` where there are more or fewer."""
    if not size:
        return b""
    try:
        if codec == _DEFLATE:
            data = zlib.decompressobj().decompress(body, size + 1)
        elif codec == _ZSTD:
            with zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(body) as reader:
                data = reader.read(size + 1)
        else:
            raise damaged(path, f"a stream is packed in an unknown way ({codec})")
    except (zlib.error, zstandard.ZstdError) as error:
        raise damaged(path, reason(error)) from error
    if len(data) != size:
        raise damaged(path, f"a stream does not unpack to the {size} bytes that it promises")
    return data


def damaged(path: Path, why: str) -> InputError:
    """Return the error for a file whose contents contradict themselves."""
    return InputError(f"{path} is damaged: {why}. Copy or download it again.")
