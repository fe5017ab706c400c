"""The order of Gaussians along a curve through space, in which neighbours in a file are neighbours in the scene.

Hilbert's curve, which never jumps, as Skilling computes it ("Programming the Hilbert curve", AIP Conf. Proc. 707, 2004). It
runs through logarithms of the coordinates, in which a sky 500 m away gets as fine a grid as the table in front of the camera.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Int64, UInt64

from spag4d.kernels import in_parts, kernel

_BITS = 10
"""Per axis: three times ten fit into 32 bits, and a thousandth of the scene is nearer than neighbours need to be."""
_SAMPLE = 20_000
"""Gaussians from which the usual distance is taken: the error of their median is 0.9 % of their spread."""


def curve_order(means: Float32[np.ndarray, "n 3"], *, in_shells: bool = False) -> Int64[np.ndarray, " n"]:
    """Return the indices of positions (n, 3) in the order of the curve, ties in their original order.

    ``in_shells`` puts the nearest to the origin first, in shells each twice as far as the one before and ordered along the
    curve: then neighbours in the file differ in distance by little more than a factor of two.
    """
    keys = np.empty(len(means), np.uint64)
    if not len(means):
        return keys.astype(np.int64)
    unit = np.float32(max(float(np.median(np.abs(means[:: max(1, len(means) // _SAMPLE)]))), 1e-20))
    low, high = (_symmetric_log(corner, unit) for corner in (means.min(0), means.max(0)))
    factor = ((1 << _BITS) - 1) / np.maximum((high - low).max(), np.float32(1e-20))

    def fill(first: int, last: int) -> None:
        _keys(means[first:last], unit, low, np.float32(factor), in_shells, first, keys[first:last])

    in_parts(fill, len(means), least=65536)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _symmetric_log(values: Float32[np.ndarray, "3"], unit: np.float32) -> Float32[np.ndarray, "3"]:
    return np.copysign(np.log1p(np.abs(values) / unit), values).astype(np.float32)


def curve_place(cells: UInt64[np.ndarray, "n 3"]) -> UInt64[np.ndarray, " n"]:
    """Return the place (n,) of cells (n, 3), each coordinate 0-1023, on the curve: 0 to 2^30 - 1."""
    places = np.empty(len(cells), np.uint64)
    for i, (x, y, z) in enumerate(cells.astype(np.int64)):
        places[i] = _place(x, y, z)
    return places


@kernel
@no_type_check
def _keys(means, unit, low, factor, in_shells, start, keys):
    """Put the place on the curve above the index: integers sort fast, and equal places keep their order."""
    for i in range(len(means)):
        x = _cell(means[i, 0], unit, low[0], factor)
        y = _cell(means[i, 1], unit, low[1], factor)
        z = _cell(means[i, 2], unit, low[2], factor)
        place = _place(x, y, z)
        if in_shells:
            place = (place >> 3) | (_shell(means[i, 0] / unit, means[i, 1] / unit, means[i, 2] / unit) << 27)
        keys[i] = (np.uint64(place) << np.uint64(32)) | np.uint64(start + i)


@kernel
@no_type_check
def _shell(x, y, z):
    """Return the power of two of a distance, 0-31, 16 for 1."""
    square = x * x + y * y + z * z
    return min(max(np.int64(np.floor(np.float32(0.5) * np.log2(max(square, np.float32(1e-30))))) + 16, 0), 31)


@kernel
@no_type_check
def _cell(value, unit, low, factor):
    size = np.log(np.float32(1) + abs(value) / unit)
    size = -size if value < np.float32(0) else size
    return min(max(np.int64((size - low) * factor), 0), (1 << _BITS) - 1)


@kernel
@no_type_check
def _place(x, y, z):
    bit = 1 << (_BITS - 1)
    while bit > 1:
        mask = bit - 1
        if x & bit:
            x ^= mask
        if y & bit:
            x ^= mask
        else:
            swap = (x ^ y) & mask
            x, y = x ^ swap, y ^ swap
        if z & bit:
            x ^= mask
        else:
            swap = (x ^ z) & mask
            x, z = x ^ swap, z ^ swap
        bit >>= 1
    y ^= x
    z ^= y
    turned, bit = 0, 1 << (_BITS - 1)
    while bit > 1:
        if z & bit:
            turned ^= bit - 1
        bit >>= 1
    x, y, z = x ^ turned, y ^ turned, z ^ turned
    place = 0
    for shift in range(_BITS - 1, -1, -1):
        place = (place << 3) | (((x >> shift) & 1) << 2) | (((y >> shift) & 1) << 1) | ((z >> shift) & 1)
    return place
