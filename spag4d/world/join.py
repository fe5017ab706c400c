"""Gaussians of several panoramas become one scene, in which each surface is there once.

Of the panoramas that see a surface one shows it: where the others confirm it rather than look through it or see it in another
colour, as with things that moved; then where its distance is measured rather than guessed; then from near and squarely.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int8, Int32

from spag4d.data import Gaussians, Layers
from spag4d.geometry.equirect import crop_sphere, directions, nearest_pixels, pad_sphere
from spag4d.world.agree import Sight, Whole, sight
from spag4d.world.exposure import Exposures, Gains, Pictures

_SAME_MEASURED, _SAME_GUESSED = 0.04, 0.25
"""Up to this log ratio of distances two panoramas mean the same surface: what measured and what guessed depth err by."""
_BACKING_BEHIND = 1.08
"""How much farther than its surface the backing lies, of 1.06 to 1.095."""
_SAME_GREY = 0.12
"""What exposure, noise and gloss change of a surface's grey; things that pass in front of it usually differ by more."""
_BLUR_PX = 1.5


@dataclass(frozen=True)
class Captured(Whole):
    """A panorama that is part of the world.

    Of what several show, that of the highest ``rank`` (h, w) is taken: 2 where it is measured and the others confirm it, 1
    where it is guessed and nobody contradicts, 0 where more contradict than confirm, -1 where something moves in front of it;
    among equals that of the greatest ``worth`` (h, w), the solid angle of a piece of surface.
    """

    rank: Int8[np.ndarray, "h w"]
    worth: Float32[np.ndarray, "h w"]


def captured_world(wholes: Mapping[int, Whole], pictures: Pictures) -> tuple[dict[int, Captured], Gains]:
    """Return panoramas with rank and worth, and how bright each ``picture`` (h, w, 3) is against the others."""
    greys = {number: _blurred(whole.view.grey) for number, whole in wholes.items()}
    votes = {number: np.zeros(whole.sure.shape, np.int32) for number, whole in wholes.items()}
    exposures = Exposures(pictures)
    for first, second in permutations(wholes, 2):
        seen = sight(wholes[first], wholes[second])
        found = _votes(wholes[first].sure, seen, greys[second][seen.place] - greys[first])
        votes[first] += np.where(wholes[second].moving[seen.place], 0, found)
        exposures.compare(first, second, wholes[first].sure, seen)
    world = {number: Captured(**vars(whole), rank=_rank(votes[number], whole), worth=_worth(whole.distance))
             for number, whole in wholes.items()}
    return world, exposures.gains(list(wholes))


def _votes(
    sure: Bool[np.ndarray, "h w"], seen: Sight, change: Float32[np.ndarray, "h w"]
) -> Int32[np.ndarray, "h w"]:
    """Return 1 where another panorama confirms a surface, -1 where it looks through it or sees it in another colour."""
    both = sure & seen.sure
    within = np.where(both, _SAME_MEASURED, _SAME_GUESSED)
    same, through = np.abs(seen.farther) <= within, (seen.farther > within) & seen.sure
    alike = np.abs(change - np.median(change[both if both.any() else ...])) < _SAME_GREY
    return (same & alike).astype(np.int32) - (same & ~alike & seen.sure) - through


def _rank(votes: Int32[np.ndarray, "h w"], whole: Whole) -> Int8[np.ndarray, "h w"]:
    confirmed = np.where(votes + whole.sure < 0, 0, 1 + whole.sure)
    return np.where(whole.moving, -1, confirmed).astype(np.int8)


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

    The backing goes with the surface in front of it: beside outlines others would see it. What is behind things is a guess:
    where another panorama sees a surface near it, that one is taken. The sky comes from one panorama alone, ``with_sky``.
    """
    place = world[number].view.pose.translation.astype(np.float32)

    def kept(gaussians: Gaussians, *, behind: float = 1.0, is_guess: bool = False) -> Gaussians:
        surface = place + (gaussians.means - place) / np.float32(behind)
        return gaussians.select(shown_by(surface, number, world, is_guess=is_guess))

    return Layers(fine=kept(layers.fine), backing=kept(layers.backing, behind=_BACKING_BEHIND),
                  sky=layers.sky if with_sky else Gaussians.empty(), behind=kept(layers.behind, is_guess=True))


def shown_by(
    means: Float32[np.ndarray, "n 3"], number: int, world: Mapping[int, Captured], *, is_guess: bool = False
) -> Bool[np.ndarray, " n"]:
    """Return which points, that the panorama ``number`` has found, no other panorama shows better."""
    own, _ = _seen(means, world[number])
    mine = world[number]
    rank = np.zeros(len(means), np.int8) if is_guess else mine.rank[own]
    keep = np.ones(len(means), bool)
    for other, captured in world.items():
        if other == number:
            continue
        place, away = _seen(means, captured)
        there, sure = np.log(captured.distance[place] / away), captured.sure[place]
        same = np.where(mine.sure[own] & sure & (not is_guess), _SAME_MEASURED, _SAME_GUESSED)
        higher = captured.rank[place] > rank
        better = higher | ((captured.rank[place] == rank) & (captured.worth[place] > mine.worth[own]))
        keep &= ~((np.abs(there) <= same) & better | (there > same) & sure & higher)
    return keep


def _seen(means: np.ndarray, captured: Captured) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return in which rows and columns of a panorama points appear, and how far they are from it."""
    local = captured.view.pose.to_camera(means)
    return nearest_pixels(local, len(captured.distance)), np.maximum(np.linalg.norm(local, axis=1), 1e-6)
