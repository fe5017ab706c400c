"""View-dependent colours as a .sog file has them: at most 65536 sets, of which each Gaussian takes one.

Sets are the means of cells into which the Gaussians are divided: 16 times each cell is halved at its mean, along the one of the
principal axes on which it is widest. That takes a predictable time (k-means with as many sets takes hours), and with no more
Gaussians than sets nothing is lost.
"""

import numpy as np
from jaxtyping import Float32, Int64

_MOST_SETS = 65536
"""What 16 bits can name."""
_HALVINGS = 16
"""2 to the power of 16 sets."""
_AXES = 12
"""Principal axes that are used: the first few hold nearly all of the variance."""
_SAMPLE = 20_000
"""Gaussians from which the axes are taken: 400 for each of the 45 coefficients that there may be."""


def palette(sh: Float32[np.ndarray, "n k 3"]) -> tuple[Float32[np.ndarray, "p k 3"], Int64[np.ndarray, " n"]]:
    """Return sets of coefficients (p, k, 3), and the set of each Gaussian (n,)."""
    if len(sh) <= _MOST_SETS:
        return sh, np.arange(len(sh))
    values = sh.reshape(len(sh), -1)
    _, labels = np.unique(_halved(_on_principal_axes(values)), return_inverse=True)
    counts = np.bincount(labels)
    means = np.stack([np.bincount(labels, column) / counts for column in values.T], 1)
    return means.astype(np.float32).reshape(-1, *sh.shape[1:]), labels


def _on_principal_axes(values: Float32[np.ndarray, "n d"]) -> Float32[np.ndarray, "n a"]:
    sample = values[:: max(1, len(values) // _SAMPLE)]
    _, axes = np.linalg.eigh(np.cov(sample, rowvar=False))  # by rising variance
    return values @ axes[:, : -_AXES - 1: -1].astype(np.float32)


def _halved(places: Float32[np.ndarray, "n a"]) -> Int64[np.ndarray, " n"]:
    cells = np.zeros(len(places), np.int64)
    rows = np.arange(len(places))
    for level in range(_HALVINGS):
        counts = np.maximum(np.bincount(cells, minlength=1 << level), 1)
        means = np.stack([np.bincount(cells, column, 1 << level) / counts for column in places.T], 1)
        squares = np.stack([np.bincount(cells, column * column, 1 << level) / counts for column in places.T], 1)
        axis = (squares - means * means).argmax(1)
        middle = means[np.arange(len(means)), axis].astype(np.float32)
        cells = 2 * cells + (places[rows, axis[cells]] > middle[cells])
    return cells
