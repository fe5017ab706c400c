"""The loop of `one_depth`: where rays of one panorama meet the surface that another has found."""

from typing import no_type_check

import numpy as np

from spag4d.kernels import kernel
from spag4d.world.sweep_kernels import angle

_PI = np.float32(np.pi)
_ONE = np.float32(1)
_SAME = np.float32(0.1)
"""Log ratio of distances: farther off there is another surface."""
_USUAL = np.float32(0.06)
"""Log ratio at which a meeting counts half."""
_MET = np.float32(0.02)
"""A ray that is still so far off after the last step grazes the surface or passes its edge: it does not meet it."""
_JUMP = np.float32(1.15)
"""Between neighbouring pixels: more is an outline, where there is nothing to meet. A floor seen at 2.5° changes so much."""
_NEARLY = np.float32(5e-4)
"""So near to the surface a step changes nothing that matters."""
_STEPS = 2
"""Of the secant method after the first one; each round goes on where the last one ended."""


@kernel
@no_type_check
def draw_together(rays, distance, inverse, confidence, rotation, translation, step, total):
    """Add to ``step`` (n, m) by how much log distances change to meet another panorama's surface, and weights to ``total``.

    ``rays`` (n, m, 3) with their ``distance`` (n, m); the other's ``inverse`` distances and ``confidence`` are (h + 2, w + 2)
    with a margin of one; ``rotation`` and ``translation`` bring points into its frame.
    """
    for row in range(distance.shape[0]):
        for column in range(distance.shape[1]):
            a, b, c = rays[row, column]
            x = rotation[0, 0] * a + rotation[0, 1] * b + rotation[0, 2] * c
            y = rotation[1, 0] * a + rotation[1, 1] * b + rotation[1, 2] * c
            z = rotation[2, 0] * a + rotation[2, 1] * b + rotation[2, 2] * c
            away = distance[row, column]
            before, (off, weight) = np.float32(0), _beyond(away * x, away * y, away * z, inverse, confidence, translation)
            if weight == 0 or abs(off) > _SAME:
                continue
            change = off
            for _ in range(_STEPS):
                far = away * np.exp(change)
                now, weight = _beyond(far * x, far * y, far * z, inverse, confidence, translation)
                slope = now - off
                if weight == 0 or abs(now) < _NEARLY or abs(slope) < np.float32(1e-6):
                    off = now
                    break
                following = change - now * (change - before) / slope
                before, off, change = change, now, min(max(following, -_SAME), _SAME)
            if weight > 0 and abs(off) < _MET:
                weight /= _ONE + (change / _USUAL) ** 2
                step[row, column] += weight * change
                total[row, column] += weight


@kernel
@no_type_check
def _beyond(x, y, z, inverse, confidence, translation):
    """Return how much farther than a point the other's surface is (log ratio), and how sure that is: 0 beside an outline."""
    x, y, z = x + translation[0], y + translation[1], z + translation[2]
    height, width = inverse.shape[0] - 2, inverse.shape[1] - 2
    scale = np.float32(height) / _PI
    u = min(max(angle(x, z) * scale + np.float32((width + 1) / 2), np.float32(0)), np.float32(width + 0.999))
    v = min(max(angle(y, np.sqrt(x * x + z * z)) * scale + np.float32((height + 1) / 2), np.float32(0)),
            np.float32(height + 0.999))
    i, j = int(u), int(v)
    right, down = u - i, v - j
    one, two, three, four = inverse[j, i], inverse[j, i + 1], inverse[j + 1, i], inverse[j + 1, i + 1]
    if max(one, two, three, four) > _JUMP * min(one, two, three, four):
        return np.float32(0), np.float32(0)
    upper, lower = one + right * (two - one), three + right * (four - three)
    near = upper + down * (lower - upper)
    sure = min(confidence[j, i], confidence[j, i + 1], confidence[j + 1, i], confidence[j + 1, i + 1])
    return -np.log(near * np.sqrt(x * x + y * y + z * z)), sure
