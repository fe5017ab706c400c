"""The size that a header promises, checked against the size of the file before memory is allocated."""

import os
from pathlib import Path

from spag4d.errors import InputError

PIXEL_LIMIT = 16384 * 8192 * 102 // 100
"""The most pixels of a picture: 16384 x 8192, and 2 % more for one that is nearly 2:1."""

PIXELS_PER_BYTE = 1000
"""No picture packs more pixels into a byte: JPEG needs a bit for each block of 8 x 8 pixels and plane, and deflate
and LZW never shrink by more than 1032. Only single-coloured pictures can be smaller in newer formats."""

_SIDE_LIMIT = 1_000_000_000
"""Far beyond any file, and small enough that products of two sides stay exact."""

_SMALL = 1 << 22
"""This many pixels are decoded whatever the size of the file: they cost 50 MB at most."""


def check_pixel_count(path: Path | str, width: int, height: int) -> None:
    """Refuse pictures of more than `PIXEL_LIMIT` pixels with an `InputError` that states both numbers."""
    if width > _SIDE_LIMIT or height > _SIDE_LIMIT:
        raise InputError(f"{path} claims sides of more than {_SIDE_LIMIT:,} pixels, which no picture has. Export it again.")
    if width * height > PIXEL_LIMIT:
        raise InputError(f"{path} has {width} x {height} pixels, {width * height / 1e6:,.0f} million. The limit is "
                         f"{PIXEL_LIMIT / 1e6:,.0f} million (16384 x 8192): make it smaller first.")


def check_promise(path: Path, width: int, height: int, file_bytes: int) -> None:
    """Raise `InputError` for a file that is too large, or too small for a picture of this size."""
    check_pixel_count(path, width, height)
    if width * height > max(_SMALL, PIXELS_PER_BYTE * file_bytes):
        raise InputError(f"{path} is damaged or cut off: it promises {width} x {height} pixels and has {file_bytes:,} bytes. "
                         "Copy it or export it again.")


def bytes_of(handle: int) -> int:
    """Return the size of an open file."""
    return os.fstat(handle).st_size
