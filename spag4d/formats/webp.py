"""WebP pictures in scene files: their size is known before they are unpacked."""

import io
import warnings

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from spag4d.errors import reason

_SIDE = 0x3FFF
"""WebP has 14 bits for a side, of which one is taken away."""


def webp_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels by the header (RFC 9649, 2.5–2.7); raises `ValueError` for what is no WebP picture."""
    kind, body = data[12:16], data[20:30]
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(body) < 10:
        raise ValueError("a picture is not WebP")
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & _SIDE) + 1, (bits >> 14 & _SIDE) + 1
    return int.from_bytes(body[6:8], "little") & _SIDE, int.from_bytes(body[8:10], "little") & _SIDE


def webp_pixels(data: bytes) -> UInt8[np.ndarray, "h w 4"]:
    """Return the pixels of a picture, whose size has been found bearable; raises `ValueError` where it is damaged."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("WEBP",)) as picture:
                return np.array(picture.convert("RGBA"))
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"a picture is damaged ({reason(error)})") from error
