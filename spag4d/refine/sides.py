"""Each pixel at full resolution is given a side by the four working pixels around it."""

from typing import no_type_check

import numpy as np

from spag4d.kernels import kernel

SURFACE, SKY, CHANGED = 1, 2, 4
"""Bits of a working pixel's kind; one that is neither surface nor sky is not known."""
_ONE_SURFACE = np.float32(0.05)
"""In log distance: neighbours nearer to each other than this are averaged."""


@kernel
@no_type_check
def enlarge(log_distance, kind, valid, factor, rows, sky_distance, strength, distance, sky):
    """Let the four working pixels around each pixel vote, with bilinear weights: for the sky, or for one of two surfaces."""
    height, width = kind.shape
    kinds, values, weights = np.empty(4, np.uint8), np.empty(4, np.float32), np.empty(4, np.float32)
    for row in range(rows[0], rows[1]):
        y = (row + 0.5) / factor - 0.5
        top = int(np.floor(y))
        upper, lower, down = max(top, 0), min(top + 1, height - 1), np.float32(y - top)
        for left in range(-1, width):
            right = left + 1 if left + 1 < width else 0
            if not (kind[upper, left] | kind[upper, right] | kind[lower, left] | kind[lower, right]) & CHANGED:
                continue
            kinds[0], kinds[1] = kind[upper, left], kind[upper, right]
            kinds[2], kinds[3] = kind[lower, left], kind[lower, right]
            values[0], values[1] = log_distance[upper, left], log_distance[upper, right]
            values[2], values[3] = log_distance[lower, left], log_distance[lower, right]
            even = _are_even(kinds, values)
            first = left * factor + factor // 2
            for column in range(max(first, 0), min(first + factor, width * factor)):
                aside = np.float32((column + 0.5) / factor - 0.5 - left)
                if valid[row, column] and _weigh(kinds, down, aside, weights):
                    as_sky, surface = _mean(values, weights) if even else _vote(kinds, values, weights)
                    ratio = (sky_distance if as_sky else np.exp(surface)) / distance[row, column]
                    distance[row, column] *= ratio if strength == 1 else ratio**strength
                    if strength >= 0.5:
                        sky[row, column] = as_sky


@kernel
@no_type_check
def _weigh(kinds, down, aside, weights):
    """Give the four pixels their weights, none to those that are not known, and return whether one that counts changed."""
    one, changed = np.float32(1), False
    for corner in range(4):
        weight = (down if corner // 2 else one - down) * (aside if corner % 2 else one - aside)
        weights[corner] = weight if kinds[corner] & (SKY | SURFACE) else np.float32(0)
        changed |= weights[corner] > 0 and kinds[corner] & CHANGED != 0
    return changed


@kernel
@no_type_check
def _are_even(kinds, values):
    """Return whether all four are one surface, as most are."""
    low, high, surfaces = values[0], values[0], True
    for corner in range(4):
        low, high = min(low, values[corner]), max(high, values[corner])
        surfaces &= kinds[corner] & (SKY | SURFACE) == SURFACE
    return surfaces and high - low <= _ONE_SURFACE


@kernel
@no_type_check
def _mean(values, weights):
    """Return the answer of `_vote` where all agree."""
    return False, values[0] * weights[0] + values[1] * weights[1] + values[2] * weights[2] + values[3] * weights[3]


@kernel
@no_type_check
def _vote(kinds, values, weights):
    """Return whether the sky wins, and otherwise the mean on the heavier side of the widest gap, or of all without an edge."""
    for_sky = total = np.float32(0)
    low, high = np.float32(1e6), np.float32(-1e6)
    for corner in range(4):
        total += weights[corner]
        if kinds[corner] & SKY:
            for_sky += weights[corner]
        elif weights[corner] > 0:
            low, high = min(low, values[corner]), max(high, values[corner])
    if for_sky > np.float32(0.5) * total:
        return True, high
    split = _above_gap(kinds, values, weights) if high - low > _ONE_SURFACE else high + 1
    lower = upper = below = above = np.float32(0)
    for corner in range(4):
        weight = np.float32(0) if kinds[corner] & SKY else weights[corner]
        if values[corner] < split:
            lower, below = lower + values[corner] * weight, below + weight
        else:
            upper, above = upper + values[corner] * weight, above + weight
    return False, lower / below if below >= above else upper / above


@kernel
@no_type_check
def _above_gap(kinds, values, weights):
    """Return the value above the widest gap that is an edge, or more than all where there is none."""
    split, widest = np.float32(1e6), _ONE_SURFACE
    for corner in range(4):
        if not weights[corner] or kinds[corner] & SKY:
            continue
        below = np.float32(-1e6)
        for other in range(4):
            if values[other] < values[corner] and weights[other] and not kinds[other] & SKY:
                below = max(below, values[other])
        if below > -1e6 and values[corner] - below > widest:
            split, widest = values[corner], values[corner] - below
    return split
