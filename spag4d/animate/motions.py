"""Which part of a panorama moves, and how, as a person says it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from spag4d.animate.regions import is_polygon, polygon
from spag4d.errors import InputError, either
from spag4d.photos.decode import decode_picture
from spag4d.progress import SILENT, Progress

FLOW, CLOUDS, WATER, FALLS, SMOKE, SWAY = "flow", "clouds", "water", "falls", "smoke", "sway"
_MOST = {FLOW: 20.0, CLOUDS: 10.0, WATER: 20.0, FALLS: 20.0, SMOKE: 20.0, SWAY: 1.0}
"""Metres a second, degrees a second for clouds, metres for what sways: more is a typing error."""
_WHITE = 0.5
_RATIO_TOLERANCE = 0.01
"""Of 2:1, as for panoramas."""


@dataclass(frozen=True)
class Motion:
    """What moves, and how.

    ``region`` (h, w) marks it on the panorama, at any size; None is all of the sky, which only clouds may be. ``amount`` is
    m/s, degrees a second to the right for clouds, or how far something sways to either side in m. ``heading_deg`` is where it
    goes: of water on the ground, 0 ahead and 90 to the right; of a flow in the picture around the middle of its region, 0 to
    the right and 90 up, and from there along the surface. Raises `InputError`.
    """

    kind: str
    region: Bool[np.ndarray, "h w"] | None
    amount: float
    heading_deg: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.kind not in _MOST:
            raise InputError(f"what moves is one of {either(list(_MOST))}, not {self.kind}")
        most = _MOST[self.kind]
        if not 0 < abs(self.amount) <= most or (self.amount < 0 and self.kind != CLOUDS):
            raise InputError(f"{self.kind} takes a speed or width above 0 and up to {most:g}, got {self.amount:g}")
        if not abs(self.heading_deg) <= 360:
            raise InputError(f"a heading lies within 360 degrees, got {self.heading_deg:g}")
        if self.region is None and self.kind != CLOUDS:
            raise InputError(f"{self.kind} needs a region: where it moves")
        if self.region is not None and not self.region.any():
            raise InputError(f"the region of {self.kind} is empty: nothing would move")


def read_region(words: str | Path, *, progress: Progress = SILENT) -> Bool[np.ndarray, "h w"]:
    """Return a region: a polygon in words, or a picture of the whole panorama, of any size, white and opaque where it is.

    A polygon is ``yaw,pitch yaw,pitch …`` in degrees, see `spag4d.animate.regions`. Raises `InputError`.
    """
    if is_polygon(str(words)):
        return polygon(str(words))
    path = Path(words)
    picture = decode_picture(path, progress=progress)
    height, width = picture.rgb.shape[:2]
    if abs(width - 2 * height) > _RATIO_TOLERANCE * 2 * height:
        raise InputError(f"{path} is {width} x {height} pixels: a region is painted on the whole panorama, twice as wide as "
                         "high.")
    marked = picture.rgb.mean(2) > _WHITE
    return marked if picture.visible is None else marked & picture.visible
