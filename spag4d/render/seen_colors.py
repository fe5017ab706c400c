"""The colours of Gaussians as seen from a place."""

import numpy as np
from jaxtyping import Float32, Float64, Int

from spag4d.data import Gaussians
from spag4d.geometry.harmonics import harmonics
from spag4d.kernels import in_parts

_LEAST = 16384
"""Gaussians per thread at least: fewer take less time than starting one."""


def seen_colors(
    gaussians: Gaussians, members: Int[np.ndarray, " m"], eye_m: Float64[np.ndarray, "3"]
) -> Float32[np.ndarray, "m 3"]:
    """Return the colours (m, 3) of some Gaussians, seen from ``eye_m``: 0 and more where they change with the direction."""
    colors = gaussians.colors[members]
    sh = gaussians.sh
    if sh is None:
        return colors

    def add(first: int, last: int) -> None:
        some = members[first:last]
        ahead = gaussians.means[some] - eye_m.astype(np.float32)
        length = np.linalg.norm(ahead, axis=1, keepdims=True)
        values = harmonics(ahead / np.maximum(length, np.float32(1e-20)), sh.shape[1]).astype(np.float32)
        colors[first:last] += np.einsum("nk,nkc->nc", values, sh[some])

    in_parts(add, len(members), _LEAST)
    return np.maximum(colors, 0, out=colors)
