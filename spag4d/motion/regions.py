"""Whole regions of a picture that differ from what was expected, from how much each pixel does."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8


def whole_regions(
    score: Float32[np.ndarray, "h w"], grows_seeds: tuple[float, float], *, closed_px: int, grown_px: int, least_px: float,
    seeded: float = 0.0,
) -> UInt8[np.ndarray, "h w"]:
    """Return 1 in the regions where a ``score`` exceeds the first threshold that hold pixels beyond the second.

    Gaps of ``closed_px`` are closed before, and the regions ``grown_px`` larger. They cover ``least_px`` pixels at least, of
    which more than the share ``seeded`` is beyond the second threshold.
    """
    grows, seeds = grows_seeds
    closed = cv2.morphologyEx((score > grows).astype(np.uint8), cv2.MORPH_CLOSE, disc(closed_px))
    count, found, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    labels, areas = np.asarray(found, np.int64), stats[:, cv2.CC_STAT_AREA]
    strong = (np.bincount(labels[score > seeds], minlength=count) > seeded * areas) & (areas >= least_px)
    strong[0] = False
    return np.asarray(cv2.dilate(strong[labels].astype(np.uint8), disc(grown_px)), np.uint8)


def disc(radius_px: int) -> UInt8[np.ndarray, "k k"]:
    """Return a round neighbourhood for OpenCV's morphology."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1)), np.uint8)
