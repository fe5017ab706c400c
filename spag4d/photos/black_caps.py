"""Caps of pure black at the nadir and the zenith: a hidden tripod, or a part that the camera never saw."""

import numpy as np
from numpy.typing import NDArray

_BLACK = 2 / 255
"""Brightest value of pure black; the little that JPEG adds."""
_RINGING = 8 / 255
"""Brightest value of the ripples that JPEG leaves in the black along the rim."""
_BRIGHT = 24 / 255
"""Darkest value of the scene at the rim: a night sky fades out, a cap is cut off."""
_RIM_PX = 16
"""Width of the band along the rim that compression disturbs: one block of JPEG with halved chroma."""
_MARGIN_PX = 3
"""Pixels around a cap that are taken for its blurred rim."""
_MIN_RADIUS_DEG = 2.0
"""Smaller black discs are things in the picture: at a pole 2° are 6 cm on the floor below a camera 1.6 m high."""
_MAX_UNEVEN_RADIUS_DEG = 60.0
"""A skyline at night is as black and as sharp as a cap, and reaches farther; only a rim on one row may do that."""


def black_caps(rgb: NDArray[np.float32], valid: NDArray[np.bool_] | None = None) -> NDArray[np.bool_] | None:
    """Return the mask (h, w) of caps of a panorama ``rgb`` (h, w, 3) 0–1, True inside of them; None where there are none.

    A pole that is not ``valid`` (h, w) has no cap. A cap is black without noise, surrounds the pole, ends sharply and reaches
    about equally far in all directions. The mask includes the rim with its mixed pixels.
    """
    mask = np.zeros(rgb.shape[:2], bool)
    for half, picture, row in ((mask, rgb, 0), (mask[::-1], rgb[::-1], -1)):
        if valid is not None and not valid[row].all():
            continue
        radius = _cap_radius_px(picture[:len(picture) // 2])
        if radius is not None:
            half |= np.arange(len(half))[:, None] < radius
    return mask if mask.any() else None


def _cap_radius_px(hemisphere: NDArray[np.float32]) -> NDArray[np.int64] | None:
    """Return how many rows of each column a cap at the top of (h, w, 3) covers, with the rim; None without a cap."""
    height = len(hemisphere)
    px_per_deg = height / 90
    at_least = max(4, round(_MIN_RADIUS_DEG * px_per_deg))
    if height <= at_least or hemisphere[:at_least].max() > _RINGING:
        return None
    black = np.all(hemisphere <= _RINGING, axis=2)
    radius = np.where(black.all(0), height, black.argmin(0))
    low, middle, high = np.percentile(radius, (5, 50, 95))
    if low >= height - _RIM_PX:
        return None  # half of the picture is black: that is a dark picture
    even = high - low <= max(_RIM_PX, height / 50)
    if not even and (high - low > middle / 2 or high > _MAX_UNEVEN_RADIUS_DEG * px_per_deg):
        return None
    radius = np.minimum(radius, round(high))  # not down into a shadow that touches the rim
    if not _is_pure(hemisphere, radius):
        return None
    radius = _past_ringing(black, radius)
    return radius + _MARGIN_PX if _is_sharp(hemisphere, radius) else None


def _past_ringing(black: NDArray[np.bool_], radius: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move the rim behind the last black pixel of the band in which strong compression may have put brighter ones."""
    band = np.arange(_RIM_PX)[:, None]
    rows = np.minimum(radius + band, len(black) - 1)
    return radius + ((band + 1) * np.take_along_axis(black, rows, 0)).max(0)


def _is_pure(hemisphere: NDArray[np.float32], radius: NDArray[np.int64]) -> bool:
    inside = hemisphere[:max(1, int(radius.min()) - _RIM_PX)]
    return float((inside <= _BLACK).mean()) > 0.999


def _is_sharp(hemisphere: NDArray[np.float32], radius: NDArray[np.int64]) -> bool:
    rows = np.minimum(radius + _MARGIN_PX, len(hemisphere) - 1)
    beyond = hemisphere[rows, np.arange(hemisphere.shape[1])].max(1)
    return float((beyond > _BRIGHT).mean()) > 0.75
