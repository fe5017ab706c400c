"""Loops of `standing`: pixels put where another camera sees them, and what several cameras agree about."""

from typing import no_type_check

import numpy as np

from spag4d.kernels import kernel

LEAST_WEIGHT = np.float32(0.25)
"""Of a pixel: less of it was met by the others' pixels than tells a colour."""
_ONE_SURFACE = np.float32(1.08)
"""Distances at one pixel, as multiples of the nearest, that are one surface seen at a slant."""
_SAME_LUMA, _SAME_CHROMA = np.float32(24), np.float32(10)
"""Of 255: by less two panoramas mean the same. A slip of a pixel changes luma more than chroma."""
_SAME_LOG = np.float32(0.1)
"""Difference of log distances up to which they mean the same surface: guessed depth errs by as much."""


@kernel
@no_type_check
def find_nearest(pixels, away, nearest):
    """Lower ``nearest`` (h, w) at the four pixels around each place (n, 2) to the distance ``away`` (n,) of what is there."""
    height, width = nearest.shape
    for k in range(len(away)):
        left, top = int(np.floor(pixels[k, 0])), int(np.floor(pixels[k, 1]))
        for j in range(max(top, 0), min(top + 2, height)):
            for right in range(2):
                i = (left + right) % width
                nearest[j, i] = min(nearest[j, i], away[k])


@kernel
@no_type_check
def mix_nearest(pixels, away, colors, nearest, out, weight):
    """Add colours (n, 3) to the four pixels around their places, and how much of them to ``weight``: the nearest surface's."""
    height, width = nearest.shape
    for k in range(len(away)):
        left, top = int(np.floor(pixels[k, 0])), int(np.floor(pixels[k, 1]))
        for j in range(max(top, 0), min(top + 2, height)):
            for right in range(2):
                i = (left + right) % width
                if away[k] < nearest[j, i] * _ONE_SURFACE:
                    part = (1 - abs(pixels[k, 1] - j)) * (1 - abs(pixels[k, 0] - left - right))
                    weight[j, i] += part
                    for channel in range(3):
                        out[j, i, channel] += part * colors[k, channel]


@kernel
@no_type_check
def agree(colors, distances, weights, out, distance, known):
    """Write the mean of the farthest answer that two, and half of those who see something there, agree about."""
    height, width = distances.shape[1:]
    for row in range(height):
        for column in range(width):
            best = _farthest(colors, distances, weights, row, column)
            if best >= 0:
                known[row, column], distance[row, column] = True, distances[best, row, column]
                _mix(colors, distances, weights, best, row, column, out)


@kernel
@no_type_check
def _farthest(colors, distances, weights, row, column):
    """Return the number of the farthest answer with support, -1 where none has."""
    count, seen, best = len(distances), 0, -1
    for one in range(count):
        seen += weights[one, row, column] > LEAST_WEIGHT
    for one in range(count):
        support = 0
        for other in range(count):
            support += _same(colors, distances, weights, one, other, row, column)
        farther = best < 0 or distances[one, row, column] > distances[best, row, column]
        if support >= 2 and 2 * support >= seen and farther:
            best = one
    return best


@kernel
@no_type_check
def _mix(colors, distances, weights, best, row, column, out):
    """Write the mean colour of those that agree with the answer ``best``."""
    support = 0
    for other in range(len(distances)):
        if _same(colors, distances, weights, best, other, row, column):
            support += 1
            for channel in range(3):
                out[row, column, channel] += colors[other, row, column, channel]
    for channel in range(3):
        out[row, column, channel] /= support


@kernel
@no_type_check
def _same(colors, distances, weights, one, other, row, column):
    """Return whether two panoramas show the same surface at a pixel."""
    if min(weights[one, row, column], weights[other, row, column]) <= LEAST_WEIGHT:
        return False
    if abs(np.log(distances[one, row, column] / distances[other, row, column])) > _SAME_LOG:
        return False
    here, there = colors[one, row, column], colors[other, row, column]
    return (abs(here[0] - there[0]) < _SAME_LUMA and abs(here[1] - there[1]) < _SAME_CHROMA
            and abs(here[2] - there[2]) < _SAME_CHROMA)
