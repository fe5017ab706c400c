"""The distances in an OpenEXR file, among the channels that renderers write."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spag4d.photos.declared_size import PIXEL_LIMIT, PIXELS_PER_BYTE

_DISTANCES = ("z", "depth", "distance", "v")
"""Last parts of the names of channels that hold distances, in lower case, the likeliest first."""
_VALUE_LIMIT, _FEW_VALUES = 4 * PIXEL_LIMIT, 1 << 24
"""Four channels of the largest panorama; and 16 million values, 64 MB, which a small file of one distance may well hold."""


def exr_plane(path: Path, size: int) -> NDArray[Any]:
    """Return the values (h, w) of the channel that holds distances, in a file of ``size`` bytes.

    It is the only channel, one called Z, depth, distance or V, or one of several that are equal. Raises ValueError without such
    a channel, and anything that OpenEXR raises.
    """
    import OpenEXR  # 0.1 s that only those pay who need it

    promised = sum(_values(part.header) for part in OpenEXR.File(str(path), header_only=True).parts)
    if promised > min(_VALUE_LIMIT, max(_FEW_VALUES, PIXELS_PER_BYTE * size)):
        raise ValueError(f"it promises {promised / 1e6:,.0f} million values, and has {size:,} bytes")
    with contextlib.redirect_stdout(io.StringIO()) as printed:  # OpenEXR skips what it cannot read, and prints that
        file = OpenEXR.File(str(path), separate_channels=True)
    if printed.getvalue():
        raise ValueError("some of its pixels are missing or damaged")
    planes = {name: channel.pixels for name, channel in file.channels().items()}
    return planes[_chosen(planes)]


def _values(header: dict[str, Any]) -> int:
    (left, top), (right, bottom) = (map(int, corner) for corner in header["dataWindow"])
    return (right - left + 1) * (bottom - top + 1) * len(header["channels"])


def _chosen(planes: dict[str, NDArray[Any]]) -> str:
    if len(planes) == 1:
        return next(iter(planes))
    lasts = {name: name.rpartition(".")[2] for name in planes}
    for wanted in _DISTANCES:
        for name, last in lasts.items():
            if last.lower() == wanted:
                return name
    colors = [name for name, last in lasts.items() if last.upper() != "A"]
    if colors and all(np.array_equal(planes[name], planes[colors[0]], equal_nan=True) for name in colors[1:]):
        return colors[0]
    raise ValueError(f"its channels ({', '.join(planes)[:200]}) differ and none is called {', '.join(_DISTANCES)}: it is a "
                     "picture in colour")
