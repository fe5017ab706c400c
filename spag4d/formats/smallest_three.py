"""Rotations by their three smallest components, as all compact formats store them.

The largest component of a unit quaternion follows from the others up to its sign, and q turns as -q does: with the sign that
makes it positive it need not be stored. The others lie within ±√½.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float32, UInt8, UInt32

from spag4d.kernels import in_parts, kernel

_SQRT_2 = np.float32(np.sqrt(2))
"""1 / √2 is the most that any but the largest component of a unit quaternion can be."""
_OTHERS = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
"""Which components are kept if that one is the largest."""

SmallestThree = tuple[UInt8[np.ndarray, " n"], Float32[np.ndarray, "n 3"]]


def smallest_three(quats_wxyz: Float32[np.ndarray, "n 4"]) -> SmallestThree:
    """Return the index 0-3 of the largest of w, x, y, z (n,), and the others in this order times √2 (n, 3), within ±1.

    Quaternions may have any length; those of length zero become the identity.
    """
    largest, others = np.empty(len(quats_wxyz), np.uint8), np.empty((len(quats_wxyz), 3), np.float32)

    def fill(first: int, last: int) -> None:
        _reduce(quats_wxyz[first:last], largest[first:last], others[first:last])

    in_parts(fill, len(quats_wxyz), least=65536)
    return largest, others


def quats_from_smallest_three(
    largest: UInt8[np.ndarray, " n"], others: Float32[np.ndarray, "n 3"]
) -> Float32[np.ndarray, "n 4"]:
    """Return unit quaternions wxyz (n, 4); the inverse of `smallest_three`."""
    rest = others / _SQRT_2
    square = np.einsum("ij,ij->i", rest, rest)
    quats = np.empty((len(rest), 4), np.float32)
    np.put_along_axis(quats, _OTHERS[largest], rest, 1)
    np.put_along_axis(quats, largest[:, None].astype(np.intp), np.sqrt(np.maximum(1 - square, 0))[:, None], 1)
    return quats / np.sqrt(np.maximum(square, 1))[:, None]


def from_unsigned(values: UInt32[np.ndarray, " n"], bits: int) -> tuple[UInt8[np.ndarray, " n"], Float32[np.ndarray, "n 3"]]:
    """Split words of 2 + 3 × ``bits`` bits, highest first: which is the largest, and the others as 0 to 2^bits - 1."""
    mask = np.uint32((1 << bits) - 1)
    fields = [(values >> np.uint32(shift * bits)) & mask for shift in (2, 1, 0)]
    return (values >> np.uint32(3 * bits)).astype(np.uint8), np.stack(fields, -1).astype(np.float32)


@kernel
@no_type_check
def _reduce(quats, largest, others):
    for i in range(len(quats)):
        w, x, y, z = quats[i]
        length = np.sqrt(w * w + x * x + y * y + z * z)
        if not length > np.float32(0):
            w, length = np.float32(1), np.float32(1)
        best, value = 0, w
        if abs(x) > abs(value):
            best, value = 1, x
        if abs(y) > abs(value):
            best, value = 2, y
        if abs(z) > abs(value):
            best, value = 3, z
        factor = _SQRT_2 / length if value > np.float32(0) else -_SQRT_2 / length
        largest[i] = best
        others[i, 0] = (x if best == 0 else w) * factor
        others[i, 1] = (x if best > 1 else y) * factor
        others[i, 2] = (y if best == 3 else z) * factor
