"""Rotations in bytes, as a .sog file has them, more exact than bytes are by themselves.

A byte for each of the three smallest components leaves up to 1.1°. But a Gaussian stays the same when its axes and scales are
permuted, and each of the six permutations rounds differently: where the first is off by more than 0.4°, the best of them is
taken.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float32, UInt8

from spag4d.kernels import in_parts, kernel

_GOOD_COS = np.float32(np.cos(np.radians(0.4) / 2))
"""Good enough to stop searching: 0.4° off, about a third of the worst case."""
_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1), np.float32(2)
"""Python's own numbers would make float64 of a kernel's arithmetic."""
_SQRT_2 = np.float32(np.sqrt(2))
"""Brings the three smallest components, at most 1 / √2, to -1 to 1."""
_H = np.sqrt(0.5)
"""cos 45°."""
_TURNS = np.array([[1, 0, 0, 0], [_H, 0, 0, _H], [_H, 0, _H, 0], [_H, _H, 0, 0], [0.5, 0.5, 0.5, 0.5], [0.5, -0.5, -0.5, -0.5]],
                  np.float32)
"""Turns that permute the axes, wxyz: none, about z, y and x by 90°, about the diagonal by 120° and back."""
_AXES = np.array([[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0], [2, 0, 1]])
"""For each turn, which scale each axis has after it."""
_TAG = 252
"""Alpha of a rotation's pixel, plus the number of the largest component."""


def packed_rotations(
    quats_wxyz: Float32[np.ndarray, "n 4"], scales: Float32[np.ndarray, "n 3"]
) -> tuple[UInt8[np.ndarray, "n 4"], Float32[np.ndarray, "n 3"]]:
    """Return the three smallest components and the index of the largest (n, 4), and the permuted scales (n, 3)."""
    packed, named = np.empty((len(quats_wxyz), 4), np.uint8), np.empty((len(quats_wxyz), 3), np.float32)

    def fill(first: int, last: int) -> None:
        _pack(quats_wxyz[first:last], scales[first:last], packed[first:last], named[first:last])

    in_parts(fill, len(quats_wxyz), least=65536)
    return packed, named


@kernel
@no_type_check
def _pack(quats, scales, packed, named):
    for i in range(len(quats)):
        w, x, y, z = quats[i]
        length = np.sqrt(w * w + x * x + y * y + z * z)
        if length > np.float32(0):
            w, x, y, z = w / length, x / length, y / length, z / length
        else:
            w = _ONE
        best, best_turn = np.float32(-1), 0
        for turn in range(6):
            a, b, c, d = _TURNS[turn]
            cos, largest, p, q, r = _rounded(w * a - x * b - y * c - z * d, w * b + x * a + y * d - z * c,
                                             w * c - x * d + y * a + z * b, w * d + x * c - y * b + z * a)
            if cos > best:
                best, best_turn = cos, turn
                packed[i, 0], packed[i, 1], packed[i, 2], packed[i, 3] = p, q, r, _TAG + largest
            if best > _GOOD_COS:
                break
        for axis in range(3):
            named[i, axis] = scales[i, _AXES[best_turn, axis]]


@kernel
@no_type_check
def _rounded(w, x, y, z):
    """Return the cosine of half the angle of the rounding error, the index of the largest component, and the bytes."""
    largest, value = 0, w
    if abs(x) > abs(value):
        largest, value = 1, x
    if abs(y) > abs(value):
        largest, value = 2, y
    if abs(z) > abs(value):
        largest, value = 3, z
    sign = _ONE if value > np.float32(0) else -_ONE
    a = (x if largest == 0 else w) * sign
    b = (x if largest > 1 else y) * sign
    c = (y if largest == 3 else z) * sign
    p, q, r = _byte(a), _byte(b), _byte(c)
    e, f, g = _back(p), _back(q), _back(r)
    rest = np.sqrt(max(_ONE - e * e - f * f - g * g, np.float32(0)))
    return a * e + b * f + c * g + abs(value) * rest, largest, p, q, r


@kernel
@no_type_check
def _byte(value):
    return np.uint8(min(max(value * _SQRT_2 * np.float32(127.5) + np.float32(128), np.float32(0)), np.float32(255)))


@kernel
@no_type_check
def _back(byte):
    return (np.float32(byte) / np.float32(127.5) - _ONE) / _SQRT_2
