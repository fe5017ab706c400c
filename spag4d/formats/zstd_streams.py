"""The blocks of a .spz file of version 4, each of them a stream of zstd (Collet, RFC 8878) by itself."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import zstandard
from jaxtyping import UInt8

from spag4d.errors import InputError

_TABLE_AT = struct.Struct("<16xI")
_ENTRY = struct.Struct("<QQ")
_HEADER_BYTES = 32
"""Of a .spz file of version 4."""
_WINDOW = 1 << 27
"""zstd looks back by no more than 128 MiB at any of its levels, without the option of longer windows."""


def zstd_blocks(path: Path, count: int, widths: Sequence[int]) -> list[UInt8[np.ndarray, "n k"]]:
    """Return the blocks (count, width), those of width 0 without a stream; raises `InputError` where the file holds others.

    Never more is unpacked than that.
    """
    sizes = [count * width for width in widths]
    with path.open("rb") as file:
        table_at, = _TABLE_AT.unpack(file.read(_TABLE_AT.size).ljust(_TABLE_AT.size, b"\0"))
        present = [size for size in sizes if size]
        if table_at < _HEADER_BYTES:
            raise _damaged(path, f"its table of streams begins at byte {table_at}")
        file.seek(table_at)
        table = file.read(len(present) * _ENTRY.size)
        if len(table) < len(present) * _ENTRY.size:
            raise InputError(f"{path} is cut short: its table of streams is missing. Copy or download it again.")
        entries = list(_ENTRY.iter_unpack(table))
        if [unpacked for _, unpacked in entries] != present:
            raise _damaged(path, f"its streams do not hold {count} Gaussians")
        if file.tell() + sum(packed for packed, _ in entries) > path.stat().st_size:
            raise InputError(f"{path} is cut short: it promises streams that it does not have. Copy or download it again.")
        blocks = iter([_unpacked(path, file.read(packed), unpacked) for packed, unpacked in entries])
    return [np.frombuffer(next(blocks) if size else b"", np.uint8).reshape(count, width)
            for size, width in zip(sizes, widths, strict=True)]


def _unpacked(path: Path, packed: bytes, size: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(packed) as reader:
            data = reader.read(size)
    except zstandard.ZstdError as error:
        raise _damaged(path, str(error)) from error
    if len(data) < size:
        raise _damaged(path, "a stream ends early")
    return data


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"{path} is damaged: {why}. Copy or download it again.")
