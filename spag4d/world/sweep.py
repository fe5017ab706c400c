"""Depth by parallax: how far off each pixel of a panorama is, from other panoramas whose places are known.

A sphere sweep (Im et al., "All-around Depth from Small Motion with a Spherical Panoramic Camera", ECCV 2016; Won et al.,
"SweepNet", ICRA 2019): the others' pictures are drawn as if all of the world were at one distance, for many distances; where
that is the right one, they look like the picture itself. Likeness is zero-mean normalised cross-correlation in windows of two
sizes, the mean over the better half of the panoramas, as the others may not see the place. What the windows leave open, where
a wall is bare or where the way leads, semi-global matching decides (Hirschmüller, TPAMI 2008) with a single view's depth as
prior. The result is refined on the full picture, and kept where the others, swept in their turn, agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import Pose
from spag4d.geometry.equirect import crop_sphere, directions, pad_sphere
from spag4d.kernels import in_parts
from spag4d.progress import SILENT, Progress
from spag4d.world.sweep_kernels import add_column_paths, add_row_paths, best_half, lowest_levels, warp

LEVELS = 96
"""Inverse distances that are tried, evenly spaced: from nothing to the nearest."""
_WINDOWS_PX = (5, 11)
"""Windows in which pictures are compared, at the coarse size: small ones keep outlines, large ones see bare walls."""
_LEAST_VARIANCE = 4e-6
"""(0.5 / 255)²: below the noise of a picture likeness means nothing."""
_PRIOR_COST = 0.3
"""What it costs to be as far from the prior as it is usually wrong. ZNCC of noise is 0 ± 0.2 in windows of 25 pixels."""
_PRIOR_SIGMA = 0.25
"""How wrong a single view's depth usually is: the standard deviation of its logarithm."""
_SMALL_STEP, _LARGE_STEP = 0.03, 0.35
"""Penalties of semi-global matching for a neighbour one level away, and for one anywhere else."""
_FINE_STEPS = tuple(range(-4, 5))
"""Inverse distances around an answer that are tried on the full picture, in steps."""
_BESIDE_PX = 3
_BESIDE = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
"""The coarse answer's outlines are up to a window's half off; from so far away pixels may take over another's distance."""
_BETTER = 0.05
"""By how much likeness must be better for that: a quarter of what chance makes."""
_NEAREST_SHARE = 0.6
FAR_M = 200.0
"""Beyond it all is as far as the sky: 0.3° of parallax a metre."""


@dataclass(frozen=True)
class View:
    """A panorama as the sweep needs it: grey (h, w) 0–1, its place, and a single view's distances (h, w), infinite for sky.

    ``known`` (h, w) is False where the picture holds nothing, or something that moves.
    """

    grey: Float32[np.ndarray, "h w"]
    pose: Pose
    prior: Float32[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]

    def relative(self, other: "View") -> tuple[Float32[np.ndarray, "3 3"], Float32[np.ndarray, "3"]]:
        """Return rotation and translation that bring points of this panorama's frame into the other's."""
        rotation = other.pose.rotation.T @ self.pose.rotation
        translation = other.pose.to_camera(self.pose.translation)
        return rotation.astype(np.float32), translation.astype(np.float32)


@dataclass(frozen=True)
class Swept:
    """Distances (h, w) along the ray that were found, and how good the likeness there is: 1 is best, 0 chance."""

    distance: Float32[np.ndarray, "h w"]
    likeness: Float32[np.ndarray, "h w"]


def sweep(view: View, others: Sequence[View], *, progress: Progress = SILENT) -> Swept:
    """Return the distances that the parallax to other panoramas tells, everywhere, right or not."""
    levels = np.linspace(1 / FAR_M, 1 / _nearest_m(view), LEVELS).astype(np.float32)
    small = _Matcher(_halved(view), [_halved(other) for other in others])
    cost = small.cost_volume(levels, progress.part(0, 2))
    cost += _prior_cost(small.view.prior, levels)
    answer = _smoothest(cost, small.view.grey)
    inverse = cv2.resize(np.interp(answer, np.arange(LEVELS), levels).astype(np.float32), view.grey.shape[::-1])
    matcher, step = _Matcher(view, others), float(levels[1] - levels[0])
    inverse, _ = matcher.refined(inverse, step / 4, progress.part(3, 6))
    inverse = matcher.outlined(inverse, progress.part(4, 6))
    inverse, cost = matcher.refined(inverse, step / 8, progress.part(5, 6))
    return Swept(1 / np.maximum(inverse, np.float32(1 / FAR_M)), 1 - cost)


class _Matcher:
    """Compares a panorama with others, drawn as if its pixels were at given inverse distances."""

    def __init__(self, view: View, others: Sequence[View]) -> None:
        """Prepare the pictures, with margins that the windows need."""
        self.view = view
        self._margin = max(_WINDOWS_PX) // 2
        self._rays = pad_sphere(directions(view.grey.shape[0]), self._margin)
        grey = pad_sphere(view.grey, self._margin)
        self._own = [(size, grey, *_mean_and_variance(grey, size)) for size in _WINDOWS_PX]
        pictures = [pad_sphere(np.where(other.known, other.grey, np.float32(-1)), 1) for other in others]
        self._others = [(picture, *view.relative(other)) for picture, other in zip(pictures, others, strict=True)]

    def costs(self, inverse: Float32[np.ndarray, "n m"]) -> Float32[np.ndarray, "h w"]:
        """Return 1 less the likeness of each pixel, seen at inverse distances (h, w), or at (1, 1) for all of them."""
        padded = inverse if inverse.size == 1 else pad_sphere(inverse, self._margin)
        drawn = np.empty(self._rays.shape[:2], np.float32)
        costs = np.empty((len(self._others), *self.view.grey.shape), np.float32)
        for number, (picture, rotation, translation) in enumerate(self._others):
            in_parts(lambda first, last, p=picture, r=rotation, t=translation: warp(
                p, self._rays[first:last], padded if padded.size == 1 else padded[first:last], r, t, drawn[first:last]),
                len(drawn), least=32)
            costs[number] = 1 - self._likeness(drawn)
        best = np.empty(self.view.grey.shape, np.float32)
        best_half(costs, best)
        return best

    def _likeness(self, drawn: np.ndarray) -> np.ndarray:
        """Return the mean correlation of both windows, -infinite where the other shows nothing."""
        unknown = drawn < 0
        drawn[unknown] = 0
        total = np.zeros(self.view.grey.shape, np.float32)
        for size, grey, mean, variance in self._own:
            their_mean, their_variance = _mean_and_variance(drawn, size)
            both = cv2.boxFilter(grey * drawn, -1, (size, size)) - mean * their_mean
            total += crop_sphere(both / np.sqrt(variance * their_variance), self._margin)
        total /= len(self._own)
        total[crop_sphere(unknown, self._margin)] = -np.inf
        return total

    def cost_volume(self, levels: Float32[np.ndarray, " d"], progress: Progress) -> Float32[np.ndarray, "h w d"]:
        """Return the cost of every pixel at every inverse distance."""
        volume = np.empty((*self.view.grey.shape, len(levels)), np.float32)
        for number, level in enumerate(levels):
            progress.report("Parallax", number, len(levels))
            volume[..., number] = self.costs(np.full((1, 1), level, np.float32))
        return volume

    def refined(
        self, inverse: Float32[np.ndarray, "h w"], step: float, progress: Progress
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return better inverse distances within four steps of the given ones, and their costs."""
        tried = np.empty((*inverse.shape, len(_FINE_STEPS)), np.float32)
        for number, k in enumerate(_FINE_STEPS):
            progress.report("Parallax", number, len(_FINE_STEPS))
            tried[..., number] = self.costs(inverse + np.float32(k * step))
        place = np.empty(inverse.shape, np.float32)
        lowest_levels(tried, place)
        return inverse + (place + _FINE_STEPS[0]) * np.float32(step), tried.min(-1)

    def outlined(self, inverse: Float32[np.ndarray, "h w"], progress: Progress) -> Float32[np.ndarray, "h w"]:
        """Return inverse distances of which some are taken over from nearby, where those fit better: outlines get sharp."""
        best, cost = inverse, self.costs(inverse)
        padded = pad_sphere(inverse, _BESIDE_PX)
        height, width = inverse.shape
        for number, (down, right) in enumerate(_BESIDE):
            progress.report("Parallax", number, len(_BESIDE))
            top, left = _BESIDE_PX * (1 + down), _BESIDE_PX * (1 + right)
            other = np.ascontiguousarray(padded[top : top + height, left : left + width])
            their_cost = self.costs(other)
            best, cost = np.where(their_cost < cost - _BETTER, other, best), np.minimum(cost, their_cost)
        return best


def _mean_and_variance(picture: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    mean = cv2.boxFilter(picture, -1, (size, size))
    return mean, np.maximum(cv2.boxFilter(picture * picture, -1, (size, size)) - mean * mean, 0) + np.float32(_LEAST_VARIANCE)


def _prior_cost(prior: Float32[np.ndarray, "h w"], levels: Float32[np.ndarray, " d"]) -> Float32[np.ndarray, "h w d"]:
    """Return what it costs to contradict a single view's depth: nothing where equal, at most `_PRIOR_COST`."""
    off = np.log(np.minimum(prior, FAR_M))[..., None] + np.log(levels)
    off = (off / np.float32(_PRIOR_SIGMA)) ** 2
    return (_PRIOR_COST * off / (1 + off)).astype(np.float32)


def _smoothest(cost: Float32[np.ndarray, "h w d"], grey: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return for each pixel the level, between two of them, that semi-global matching takes."""
    total = np.zeros_like(cost)
    steps = np.float32(_SMALL_STEP), np.float32(_LARGE_STEP)
    in_parts(lambda first, last: add_row_paths(cost[first:last], grey[first:last], *steps, total[first:last]),
             len(cost), least=32)
    in_parts(lambda first, last: add_column_paths(cost[:, first:last], grey[:, first:last], *steps, total[:, first:last]),
             cost.shape[1], least=32)
    level = np.empty(cost.shape[:2], np.float32)
    lowest_levels(total, level)
    return level


def _halved(view: View) -> View:
    size_wh = (view.grey.shape[1] // 2, view.grey.shape[0] // 2)
    known = cv2.resize(view.known.astype(np.float32), size_wh, interpolation=cv2.INTER_AREA) > 0.999
    grey = cv2.resize(view.grey, size_wh, interpolation=cv2.INTER_AREA)
    return View(grey, view.pose, cv2.resize(view.prior, size_wh, interpolation=cv2.INTER_NEAREST), known)


def _nearest_m(view: View) -> float:
    """Return how near things may be: half as far as a single view has them, but for a few pixels."""
    return float(np.clip(_NEAREST_SHARE * np.quantile(view.prior, 0.001), 0.15, 10.0))
