"""A sequence of scenes as Gaussians with windows of time: what stays as it is from frame to frame is kept once."""

from collections.abc import Iterable, Iterator

import numpy as np
from jaxtyping import Bool, Float64, Int64

from spag4d.data import Gaussians, Moving

_PLACE = 0.1
"""Of its own size that a Gaussian may move and count as the same: less than what shows."""
_SIZE, _DISTANCE = 0.1, 0.03
"""Differences of logarithms up to which it counts as the same."""
_COLOR, _OPACITY = 3.5 / 255, 0.05
"""Three levels of 255, about the noise of a good video, and as much of an opacity as hardly shows."""
_NEAREST_M = 1e-6
"""Against division by zero at the capture point."""


def in_windows(frames: Iterable[Gaussians], edges_s: Float64[np.ndarray, " edges"]) -> Iterator[Moving]:
    """Yield the Gaussians of n frames, the i-th of which is shown from ``edges_s[i]`` until just before ``edges_s[i + 1]``.

    A Gaussian that the next frames have too, nearly the same, lives on; nothing drifts, as each is compared with the one that
    is kept. Those that end with a frame come together, what is there at the end comes last; two frames are in memory.
    """
    alive, since_s = Gaussians.empty(), np.zeros(0)
    number = -1
    for number, frame in enumerate(frames):
        now_s = float(edges_s[number])
        lives, known = _lives_on(alive, frame)
        if not lives.all():
            yield _ended(alive.select(~lives), since_s[~lives], now_s)
        alive = Gaussians.concatenate([alive.select(lives), frame.select(~known)])
        since_s = np.concatenate([since_s[lives], np.full(np.count_nonzero(~known), now_s)])
    if len(alive):
        yield _ended(alive, since_s, float(edges_s[number + 1]))


def _ended(gaussians: Gaussians, since_s: Float64[np.ndarray, " n"], now_s: float) -> Moving:
    still = Moving.still(gaussians, 0.0, now_s)
    still.windows_s[:, 0] = since_s
    return still


def _lives_on(old: Gaussians, new: Gaussians) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " m"]]:
    """Return which old Gaussians the new ones repeat, and which new ones are repetitions."""
    lives, known = np.zeros(len(old), bool), np.zeros(len(new), bool)
    if not len(old) or not len(new):
        return lives, known
    places = _nearest(old, new)
    same = np.flatnonzero(_are_alike(old.select(places), new))
    _, first = np.unique(places[same], return_index=True)  # each old one only once
    known[same[first]] = True
    lives[places[same[first]]] = True
    return lives, known


def _nearest(old: Gaussians, new: Gaussians) -> Int64[np.ndarray, " m"]:
    """Return for each new Gaussian the old one that is most like it in direction, distance and size."""
    from scipy.spatial import KDTree

    unit = float(np.median(_sizes(old) / _distances(old)))
    return np.asarray(KDTree(_place_and_size(old, unit)).query(_place_and_size(new, unit), workers=-1)[1], np.int64)


def _place_and_size(gaussians: Gaussians, unit: float) -> Float64[np.ndarray, "n 5"]:
    distances = _distances(gaussians)
    return np.column_stack([gaussians.means / distances[:, None] / (_PLACE * max(unit, _NEAREST_M)),
                            np.log(distances) / _DISTANCE, np.log(_sizes(gaussians)) / _SIZE]).astype(np.float64)


def _are_alike(old: Gaussians, new: Gaussians) -> Bool[np.ndarray, " n"]:
    """Return which pairs look the same; distance may differ more than place, as it is less seen."""
    ratio = _distances(new) / _distances(old)
    aside = np.linalg.norm(new.means / ratio[:, None] - old.means, axis=1)
    apart = np.abs(np.log(np.maximum(new.scales, _NEAREST_M) / np.maximum(old.scales, _NEAREST_M)))
    turned = np.abs(np.einsum("ij,ij->i", new.quats_wxyz, old.quats_wxyz))
    return ((aside < _PLACE * _sizes(old)) & (np.abs(np.log(ratio)) < _DISTANCE) & (apart < _SIZE).all(1)
            & (turned > np.cos(_PLACE / 2)) & (np.abs(new.colors - old.colors) < _COLOR).all(1)
            & (np.abs(new.opacities - old.opacities) < _OPACITY))


def _distances(gaussians: Gaussians) -> Float64[np.ndarray, " n"]:
    return np.maximum(np.linalg.norm(gaussians.means.astype(np.float64), axis=1), _NEAREST_M)


def _sizes(gaussians: Gaussians) -> Float64[np.ndarray, " n"]:
    return np.maximum(np.sort(gaussians.scales, 1)[:, 1].astype(np.float64), _NEAREST_M)
