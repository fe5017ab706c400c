"""Panoramas' depths brought together: a wall that two of them see lies where both say.

Each depth map is right to about a per cent and wrong in its own way, so that walls stand twice. Where the ray of a pixel meets
the surface that another panorama has found near by, the distance moves towards that place: the mean of all that meet it, with
its own, as confident as each is and less the farther off it lies. After some rounds there is one surface, and it is nearer to
the true one than each was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from spag4d.geometry.equirect import directions, pad_sphere
from spag4d.kernels import in_parts
from spag4d.progress import SILENT, Progress
from spag4d.world.agree import Whole
from spag4d.world.one_depth_kernels import draw_together
from spag4d.world.sweep import FAR_M

_ROUNDS = 4
"""Of five panoramas of an office, 43 % of what two see agreed within 1 %; after 1 to 4 rounds 76, 88, 92 and 94 %, and the
median error fell from 1.7 to 1.3 %. In a studio 40 became 90 %, on a square 82 became 96 %."""
_GUESSED = 0.15
"""How much a guessed distance counts against a measured one: the squares of what they err by are as 1 to 7."""

_OUTLINE = 0.1
"""Log ratio of distances: smaller steps are no outlines. Of sharpening single maps, two thirds of what it changes are smaller,
and would take apart what agrees: 80 % of the walls seen twice instead of 92 % in an office."""


def brought_together(
    wholes: Mapping[int, Whole], near: Mapping[int, Sequence[int]], *, progress: Progress = SILENT
) -> dict[int, Whole]:
    """Return the panoramas with distances that agree with those of the panoramas ``near`` each."""
    found = dict(wholes)
    confidence = {number: _confidence(whole) for number, whole in wholes.items()}
    padded = {number: pad_sphere(values, 1) for number, values in confidence.items()}
    for number in range(_ROUNDS):
        inverse = {other: pad_sphere(1 / whole.distance, 1) for other, whole in found.items()}
        moved: dict[int, Whole] = {}
        for done, (which, whole) in enumerate(found.items()):
            progress.report("Depths together", number * len(found) + done, _ROUNDS * len(found))
            others = [(inverse[other], padded[other], *whole.view.relative(found[other].view)) for other in near[which]]
            moved[which] = replace(whole, distance=_drawn(whole.distance, confidence[which], others))
        found = moved
    return found


def _confidence(whole: Whole) -> Float32[np.ndarray, "h w"]:
    counts = np.where(whole.sure, np.float32(1), np.float32(_GUESSED))
    return np.where(whole.moving | (whole.distance > FAR_M / 2), np.float32(0), counts)


def _drawn(
    distance: Float32[np.ndarray, "h w"], confidence: Float32[np.ndarray, "h w"],
    others: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]],
) -> Float32[np.ndarray, "h w"]:
    rays, step, total = directions(len(distance)), np.zeros_like(distance), confidence.copy()
    for inverse, theirs, rotation, translation in others:
        in_parts(lambda first, last, i=inverse, c=theirs, r=rotation, t=translation: draw_together(
            rays[first:last], distance[first:last], i, c, r, t, step[first:last], total[first:last]), len(rays), least=32)
    return distance * np.exp(step / np.maximum(total, np.float32(1e-6)))


def outlined(
    joint: Float32[np.ndarray, "h w"], finished: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w"]:
    """Return finished distances where outlines have moved, and elsewhere those on which the panoramas agree."""
    return np.where(np.abs(np.log(finished / joint)) < _OUTLINE, joint, finished)
