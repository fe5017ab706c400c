"""Metres from a distance that somebody has measured: between two points that panoramas show."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from spag4d.errors import InputError
from spag4d.geometry.equirect import directions_from_pixels, nearest_pixels
from spag4d.world.join import Captured
from spag4d.world.sweep import FAR_M

_POINT = re.compile(r"(.+):(\d{1,6}),(\d{1,6})")
_LEAST_ANGLE_RAD = 0.02
"""So far apart, 1.1°, two points have to be seen: closer, an error of a pixel of the depth is a tenth of their distance."""


@dataclass(frozen=True)
class PointSeen:
    """A pixel of the panorama ``name``: the ``column`` from the left and the ``row`` from the top, from 0."""

    name: str
    column: int
    row: int

    @staticmethod
    def of(text: str) -> "PointSeen":
        """Return the point that "NAME:X,Y" names; raises `InputError` for other texts."""
        found = _POINT.fullmatch(text)
        if found is None:
            raise InputError(f"'{text}' is not a point of a panorama: write NAME:X,Y, such as a.jpg:1200,800, in pixels from "
                             "the upper left corner.")
        return PointSeen(found[1], int(found[2]), int(found[3]))

    def check_named(self, names: Sequence[str]) -> None:
        """Raise `InputError` where no panorama of the ``names`` is its own."""
        if self.name not in names:
            raise InputError(f"the distance is between points of {self.name}, which is not among the panoramas: "
                             f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''}.")

    def check_inside(self, size_hw: tuple[int, int]) -> None:
        """Raise `InputError` where its panorama does not reach so far."""
        height, width = size_hw
        if self.column >= width or self.row >= height:
            raise InputError(f"the point {self.column},{self.row} lies outside of {self.name}, which has {width} x {height} "
                             "pixels.")


@dataclass(frozen=True)
class KnownDistance:
    """Two points, and how many ``metres`` lie between them."""

    first: PointSeen
    second: PointSeen
    metres: float

    @staticmethod
    def of(first: str, second: str, metres: float) -> "KnownDistance":
        """Return the distance between two points, each "NAME:X,Y"; raises `InputError`."""
        if not 0.001 <= metres <= 10_000:
            raise InputError(f"a distance of {metres:g} m: give 0.001 to 10000 m.")
        return KnownDistance(PointSeen.of(first), PointSeen.of(second), metres)

    def check_named(self, names: Sequence[str]) -> None:
        """Raise `InputError` for points of panoramas that are not among the ``names``."""
        self.first.check_named(names)
        self.second.check_named(names)

    def factor(
        self, world: Mapping[int, Captured], names: Sequence[str], sizes_hw: Sequence[tuple[int, int]]
    ) -> tuple[float, bool]:
        """Return by what all lengths of a world are to be multiplied, and whether both points were measured by parallax.

        Raises `InputError` for points that are not in it, show sky, or lie so close together that nothing follows.
        """
        found = [_found(point, world, names, sizes_hw) for point in (self.first, self.second)]
        (one, first), (other, second) = ((place, is_sure) for place, is_sure, _ in found)
        apart, nearest = float(np.linalg.norm(one - other)), min(away for *_, away in found)
        if apart < _LEAST_ANGLE_RAD * nearest:
            raise InputError("the two points of the known distance are nearly the same place. Choose points farther apart.")
        return self.metres / apart, first and second


def _found(
    point: PointSeen, world: Mapping[int, Captured], names: Sequence[str], sizes_hw: Sequence[tuple[int, int]]
) -> tuple[Float64[np.ndarray, "3"], bool, float]:
    """Return where a point is in the world, whether that was measured, and how far away from its panorama."""
    number = names.index(point.name)
    point.check_inside(sizes_hw[number])
    if number not in world:
        raise InputError(f"the distance is between points of {point.name}, which was left out of the scene.")
    captured = world[number]
    rays = directions_from_pixels(np.array([[point.column, point.row]], np.float64), sizes_hw[number][0])
    place = nearest_pixels(rays, len(captured.distance))
    away = float(captured.distance[place][0])
    pose = captured.view.pose
    if away >= FAR_M:
        raise InputError(f"the point {point.column},{point.row} of {point.name} shows the sky. Choose one on a surface.")
    return pose.rotation @ (rays[0] * away) + pose.translation, bool(captured.sure[place][0]), away
