"""A smooth way of a camera through key views: a Catmull-Rom spline through places and, on the sphere, through directions.

``static/js/viewer/path.js`` previews the same way; a test holds the two together.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
from jaxtyping import Float64
from pydantic import Field, model_validator

from spag4d.data import PinholeCamera
from spag4d.errors import InputError
from spag4d.io.foreign_json import ForeignOrParsed, validated
from spag4d.io.opening import opened
from spag4d.render.path import view_from

Vector = Float64[np.ndarray, "3"]
Value = Float64[np.ndarray, " k"]
Mix = Callable[[Value, Value, float], Value]

FARTHEST_M = 1_000_000.0
"""From the capture point along each axis: float32 resolves 6 cm there."""
MOST_VIEWS = 200
"""Key views of a path: a film of ten minutes."""
_LARGEST = 1 << 20
"""Bytes of a file: `MOST_VIEWS` take 30 kB."""
_VERTICAL_FOV_DEG = 60.0
"""Of a view that does not say it: as scene cards begin."""
_WIDEST_DEG = 179.0
"""What `spag4d render` draws at most."""
_SPEED_M_S, _TURN_DEG_S, _SHORTEST_S = 0.5, 30.0, 1.0
"""Between views that name no times, by eye: a slow walk, a turn that can be followed, no jump between close views."""

_Metres = Annotated[float, Field(ge=-FARTHEST_M, le=FARTHEST_M)]
Place = tuple[_Metres, _Metres, _Metres]


class KeyView(ForeignOrParsed):
    """A view on a path: metres in the frame of files (x right, y down, z forward), degrees from top to bottom, seconds."""

    position: Place
    look_at: Place
    vertical_fov_deg: float = Field(default=_VERTICAL_FOV_DEG, ge=1, le=179)
    time_s: float | None = Field(default=None, ge=0, le=3600)

    def fov_deg(self, width_by_height: float) -> float:
        """Return the horizontal field of view of a picture of this shape."""
        return _across(self.vertical_fov_deg, width_by_height)

    @model_validator(mode="after")
    def _looks_somewhere(self) -> "KeyView":
        if math.dist(self.position, self.look_at) == 0:
            raise ValueError("a view looks at a point other than its own place")
        return self


class CameraPath(ForeignOrParsed):
    """The key views of a camera in their order; a ``loop`` leads back to the first.

    Either every view has a ``time_s``, rising from view to view, or none has: then the camera takes its time for each stretch.
    """

    views: list[KeyView] = Field(min_length=1, max_length=MOST_VIEWS)
    loop: bool = False

    @model_validator(mode="after")
    def _times_rise(self) -> "CameraPath":
        times = [view.time_s for view in self.views if view.time_s is not None]
        if times and (len(times) < len(self.views) or any(b <= a for a, b in zip(times, times[1:], strict=False))):
            raise ValueError("give every view a time_s, each later than the one before, or none of them")
        return self

    @cached_property
    def _way(self) -> "_Way":
        return _Way.through(self)

    @property
    def duration_s(self) -> float:
        """Seconds from the first view to the last, or back to the first."""
        return self._way.times_s[-1] - self._way.times_s[0]

    def camera(self, share: float, size_hw: tuple[int, int]) -> PinholeCamera:
        """Return the upright view after ``share`` of the way, 0–1."""
        way = self._way
        time_s = way.times_s[0] + min(max(share, 0.0), 1.0) * self.duration_s
        place, ahead = way.at(time_s, way.places, _along), way.at(time_s, way.aheads, _around)
        vertical_fov_deg = float(way.at(time_s, way.fovs_deg, _along)[0])
        return view_from(place, place + ahead, _across(vertical_fov_deg, size_hw[1] / size_hw[0]), size_hw)


def read_path(path: Path) -> CameraPath:
    """Return the camera path of a JSON file; raises `InputError`."""
    with opened(path, "camera path") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InputError(f"{path} is too large for a camera path: it may have {_LARGEST:,} bytes.")
    return validated(CameraPath, data, path, "camera path")


@dataclass(frozen=True)
class _Way:
    """What is interpolated, at ``times_s``; a loop's first view stands at the end once more."""

    times_s: list[float]
    places: list[Vector]
    aheads: list[Vector]
    fovs_deg: list[Value]
    loop: bool

    @staticmethod
    def through(path: CameraPath) -> "_Way":
        views = [*path.views, path.views[0]] if path.loop and len(path.views) > 1 else path.views
        places = [np.array(view.position, np.float64) for view in views]
        aheads = [np.subtract(view.look_at, view.position, dtype=np.float64) for view in views]
        aheads = [ahead / np.linalg.norm(ahead) for ahead in aheads]
        times = [view.time_s for view in path.views if view.time_s is not None]
        natural = _natural_times(places, aheads)
        if times:
            times += [times[-1] + natural[-1] - natural[-2]] if len(views) > len(times) else []
        return _Way(times or natural, places, aheads, [np.array([view.vertical_fov_deg]) for view in views], path.loop)

    def at(self, time_s: float, values: Sequence[Value], mix: Mix) -> Value:
        """Return a value at a time: Catmull-Rom with uneven knots, as the pyramid of Barry and Goldman."""
        last = len(values) - 1
        if last == 0:
            return values[0]
        stretch = min(max(bisect_right(self.times_s, time_s) - 1, 0), last - 1)
        knots, points = zip(*(self._knot(stretch + step, values, mix) for step in (-1, 0, 1, 2)), strict=True)
        level = list(points)
        for width in (1, 2):
            level = [mix(level[i], level[i + 1], (time_s - knots[i]) / (knots[i + width] - knots[i]))
                     for i in range(len(level) - 1)]
        return mix(level[0], level[1], (time_s - knots[1]) / (knots[2] - knots[1]))

    def _knot(self, number: int, values: Sequence[Value], mix: Mix) -> tuple[float, Value]:
        """Return time and value of a view; outside of the way a loop goes on, and any other goes straight on."""
        last, times = len(values) - 1, self.times_s
        if 0 <= number <= last:
            return times[number], values[number]
        end, inner = (0, 1) if number < 0 else (last, last - 1)
        if self.loop and last > 1:
            other = last - 1 if number < 0 else 1
            length = times[last] - times[last - 1] if number < 0 else times[0] - times[1]
            return times[end] - length, values[other]
        return 2 * times[end] - times[inner], mix(values[end], values[inner], -1.0)


def _across(vertical_fov_deg: float, width_by_height: float) -> float:
    """Return the horizontal field of view, as wide as one flat picture can show."""
    half = math.atan(math.tan(math.radians(vertical_fov_deg) / 2) * width_by_height)
    return min(2 * math.degrees(half), _WIDEST_DEG)


def _natural_times(places: Sequence[Vector], aheads: Sequence[Vector]) -> list[float]:
    times = [0.0]
    for number in range(1, len(places)):
        walk_s = float(np.linalg.norm(places[number] - places[number - 1])) / _SPEED_M_S
        turn_s = math.degrees(_angle(aheads[number - 1], aheads[number])) / _TURN_DEG_S
        times.append(times[-1] + max(walk_s, turn_s, _SHORTEST_S))
    return times


def _angle(a: Vector, b: Vector) -> float:
    return math.atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b))


def _along(a: Value, b: Value, share: float) -> Value:
    return a + share * (b - a)


def _around(a: Vector, b: Vector, share: float) -> Vector:
    """Return the unit vector ``share`` of the way from ``a`` to ``b``, also beyond; between opposite ones on the level."""
    axis = np.cross(a, b)
    if np.linalg.norm(axis) < 1e-9:
        axis = np.array([0.0, 1.0, 0.0]) - a[1] * a if abs(a[1]) < 0.999 else np.array([1.0, 0.0, 0.0])
    axis = axis / np.linalg.norm(axis)
    turn = share * _angle(a, b)
    return a * math.cos(turn) + np.cross(axis, a) * math.sin(turn)
