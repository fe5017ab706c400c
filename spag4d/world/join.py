"""Gaussians of several panoramas become one scene, in which each surface is there once.

Of the panoramas that see a surface one shows it: where the others confirm it rather than look through it or see it in another
colour, as with things that moved; then where its distance is measured rather than guessed; then from near and squarely.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int8

from spag4d.data import Gaussians, Layers
from spag4d.geometry.equirect import crop_sphere, directions, nearest_pixels, pad_sphere
from spag4d.world.agree import seen_from
from spag4d.world.sweep import View

_SAME_MEASURED, _SAME_GUESSED = 0.04, 0.25
"""Up to this log ratio of distances two panoramas mean the same surface: what measured and what guessed depth err by."""
_OVERLAP = 1.1
"""A panorama keeps what it sees up to this much worse than another: where two meet, they overlap by a few pixels, not gape."""
_SAME_GREY = 0.12
"""What exposure, noise and gloss change of a surface's grey; things that pass in front of it usually differ by more."""
_BLUR_PX = 1.5


@dataclass(frozen=True)
class Captured:
    """A panorama that is part of the world: its view, its whole depth (h, w), and where that is measured.

    Of what several show, that of the highest ``rank`` (h, w) is taken: 2 where it is measured and the others confirm it, 1
    where it is guessed and nobody contradicts, 0 where more contradict than confirm; among equals that of the greatest
    ``worth`` (h, w), the solid angle of a piece of surface.
    """

    view: View
    distance: Float32[np.ndarray, "h w"]
    sure: Bool[np.ndarray, "h w"]
    rank: Int8[np.ndarray, "h w"]
    worth: Float32[np.ndarray, "h w"]


def captured_world(parts: Mapping[int, tuple[View, np.ndarray, np.ndarray]]) -> dict[int, Captured]:
    """Return panoramas, each given as view, whole distances and where these are measured, with rank and worth."""
    ranks = {number: _rank(part, [parts[other] for other in parts if other != number]) for number, part in parts.items()}
    return {number: Captured(*part, ranks[number], _worth(part[1])) for number, part in parts.items()}


def _rank(
    part: tuple[View, np.ndarray, np.ndarray], others: Sequence[tuple[View, np.ndarray, np.ndarray]]
) -> Int8[np.ndarray, "h w"]:
    view, distance, sure = part
    grey, votes = _blurred(view.grey), np.zeros(sure.shape, np.int32)
    for other, other_distance, other_sure in others:
        place, away = seen_from(view, distance, other)
        there, both = np.log(other_distance[place] / away), sure & other_sure[place]
        within = np.where(both, _SAME_MEASURED, _SAME_GUESSED)
        same, through = np.abs(there) <= within, (there > within) & other_sure[place]
        change = _blurred(other.grey)[place] - grey
        alike = np.abs(change - np.median(change[both if both.any() else ...])) < _SAME_GREY
        votes += (same & alike).astype(np.int32) - (same & ~alike & other_sure[place]) - through
    return np.where(votes + sure < 0, 0, 1 + sure).astype(np.int8)


def _blurred(grey: np.ndarray) -> np.ndarray:
    margin = 4
    return np.ascontiguousarray(crop_sphere(cv2.GaussianBlur(pad_sphere(grey, margin), (0, 0), _BLUR_PX), margin))


def _worth(distance: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Return the cosine of a surface's slant over the square of its distance."""
    points = pad_sphere(directions(len(distance)) * _blurred(distance)[..., None], 1)
    across, down = points[1:-1, 2:] - points[1:-1, :-2], points[2:, 1:-1] - points[:-2, 1:-1]
    normal = np.cross(across, down)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
    facing = np.abs((normal * directions(len(distance))).sum(-1))
    return (facing / distance**2).astype(np.float32)


def own_part(layers: Layers, number: int, world: Mapping[int, Captured], *, with_sky: bool) -> Layers:
    """Return what the panorama ``number`` contributes to the world, in whose axes its ``layers`` are given.

    What is behind things is a guess: where another panorama sees a surface near it, that one is taken. The sky comes from one
    panorama alone, ``with_sky``.
    """
    return Layers(
        fine=_kept(layers.fine, number, world), backing=_kept(layers.backing, number, world),
        sky=layers.sky if with_sky else Gaussians.empty(), behind=_kept(layers.behind, number, world, is_guess=True))


def _kept(gaussians: Gaussians, number: int, world: Mapping[int, Captured], *, is_guess: bool = False) -> Gaussians:
    own, _ = _seen(gaussians.means, world[number])
    mine = world[number]
    rank = np.zeros(len(gaussians), np.int8) if is_guess else mine.rank[own]
    keep = np.ones(len(gaussians), bool)
    for other, captured in world.items():
        if other == number:
            continue
        place, away = _seen(gaussians.means, captured)
        there, sure = np.log(captured.distance[place] / away), captured.sure[place]
        same = np.where(mine.sure[own] & sure & (not is_guess), _SAME_MEASURED, _SAME_GUESSED)
        higher = captured.rank[place] > rank
        factor = _OVERLAP if number < other else 1 / _OVERLAP
        better = higher | ((captured.rank[place] == rank) & (captured.worth[place] > factor * mine.worth[own]))
        keep &= ~((np.abs(there) <= same) & better | (there > same) & sure & higher)
    return gaussians.select(keep)


def _seen(means: np.ndarray, captured: Captured) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return in which rows and columns of a panorama points appear, and how far they are from it."""
    local = captured.view.pose.to_camera(means)
    return nearest_pixels(local, len(captured.distance)), np.maximum(np.linalg.norm(local, axis=1), 1e-6)
