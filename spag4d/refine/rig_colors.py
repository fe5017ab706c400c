"""The rig below the camera by its colours: slender gear that a depth model takes for a mark on the floor."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Bool, Float32

_RING_DEG = (14.0, 35.0)
"""From the nadir, where the floor's colours are taken: 0.4 to 1.1 m from the point 1.6 m below, beyond a monopod's foot."""
_CENTER_DEG, _NOT_BEFORE_DEG = 3.0, 0.7
"""A rig comes within 8 cm of the nadir on a floor 1.6 m below, and is no smaller than a disc of 2 cm radius."""
_SMALL_DEG, _LARGEST_DEG = 8.0, 30.0
"""From the nadir: a foot or a lamp base of 22 cm may have any shape; a tripod's legs end within 0.9 m."""
_SOLID = 0.6
"""Share of its convex hull that a tripod with its legs does not fill; rugs, lids and painted marks do."""
_RARE, _MARGIN = 0.5, 0.03
"""Percent of the floor's pixels beyond whose colours, and by 8/255 more, a colour is one that the floor does not have."""
_NEAR_PX, _LARGEST_ODD_SHARE = 31, 0.03
"""Pixels of the view around a rig (6°), and the share of odd colours there: `_RARE` at both ends of three channels is 3 %."""
_LEAST_ON_FLOOR = 0.5
"""Share of the ring: the usual colours are the floor's only where most of the ring is floor."""


def odd_colors(
    view: Float32[np.ndarray, "n n 3"], from_nadir_deg: Float32[np.ndarray, "n n"], on_floor: Bool[np.ndarray, "n n"]
) -> Bool[np.ndarray, "n n"] | None:
    """Return the region of a view (n, n, 3) around the nadir whose colours the floor around does not have, or None.

    It has to contain the nadir and be small, within 8°, or within 30° and far from convex. ``on_floor`` (n, n) marks the pixels
    on the floor; None where half of the ring from 14° to 35° does not.
    """
    ring = (from_nadir_deg > _RING_DEG[0]) & (from_nadir_deg < _RING_DEG[1])
    floor = ring & on_floor
    if floor.sum() < _LEAST_ON_FLOOR * ring.sum():
        return None
    smooth = np.asarray(cv2.GaussianBlur(view, (0, 0), 1.0))
    low, high = np.percentile(smooth[floor], (_RARE, 100 - _RARE), axis=0)
    odd = ((smooth < low - _MARGIN) | (smooth > high + _MARGIN)).any(-1)
    joined = cv2.morphologyEx(odd.view(np.uint8), cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    labels = cv2.connectedComponents(joined, connectivity=8)[1]
    center = labels[(from_nadir_deg < _CENTER_DEG) & (labels > 0)]
    if not center.size:
        return None
    found = labels == np.bincount(center).argmax()
    return found if _is_gear(found, from_nadir_deg) and _is_alone(found, odd & ~found) else None


def _is_gear(found: np.ndarray, from_nadir_deg: np.ndarray) -> bool:
    reach_deg = float(from_nadir_deg[found].max())
    if reach_deg > _LARGEST_DEG or found.sum() < (from_nadir_deg < _NOT_BEFORE_DEG).sum():
        return False
    if reach_deg <= _SMALL_DEG:
        return True
    outline = cv2.convexHull(np.argwhere(found).astype(np.int32))
    return bool(found.sum() < _SOLID * cv2.contourArea(outline))


def _is_alone(found: np.ndarray, others: np.ndarray) -> bool:
    """Return whether plain floor lies around; next to other odd colours it is a part of something larger, such as a person."""
    near = cv2.dilate(found.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _NEAR_PX + 1,) * 2)) > 0
    return float(others[near & ~found].mean()) < _LARGEST_ODD_SHARE
