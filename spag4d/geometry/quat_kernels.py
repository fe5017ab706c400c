"""The axes of rotations, for kernels: what `spag4d.geometry.rotation` is for arrays. Quaternions are wxyz."""

from typing import no_type_check

import numpy as np

from spag4d.kernels import kernel

_ONE = np.float32(1)
"""Python's own numbers would make float64 of a kernel's arithmetic."""


@kernel
@no_type_check
def axis(w, x, y, z, double, k):
    """Return x, y, z of axis k (0, 1, 2) of what is turned: column k of the rotation's matrix.

    ``double`` is two over the square of the quaternion's length.
    """
    if k == 0:
        return _ONE - double * (y * y + z * z), double * (x * y + w * z), double * (x * z - w * y)
    if k == 1:
        return double * (x * y - w * z), _ONE - double * (x * x + z * z), double * (y * z + w * x)
    return double * (x * z + w * y), double * (y * z - w * x), _ONE - double * (x * x + y * y)
