"""How far you can walk from the capture point in each direction, and the line of text that records it in a file."""

import itertools
import math
import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

FARTHEST_M = 2.0
"""Nothing is checked beyond this; a range of this means "or more"."""
_AXES = "xyz"
_PREFIX = "walking range m"


def _names() -> tuple[str, ...]:
    along = [f"{sign}{axis}" for axis in _AXES for sign in "+-"]
    return (*along, *("".join(f"{sign}{axis}" for sign, axis in zip(signs, _AXES, strict=True))
                      for signs in itertools.product("+-", repeat=3)))


def _direction(name: str) -> Float64[np.ndarray, "3"]:
    vector = np.zeros(3)
    for sign, axis in re.findall(r"([+-])([xyz])", name):
        vector[_AXES.index(axis)] = 1.0 if sign == "+" else -1.0
    return vector / np.linalg.norm(vector)


NAMES = _names()
"""The six axes and the eight diagonals: +x right, +y down, +z forward, +x+y+z right, down and forward."""
DIRECTIONS: Float64[np.ndarray, "14 3"] = np.stack([_direction(name) for name in NAMES])
DIRECTIONS.flags.writeable = False


@dataclass(frozen=True)
class Limits:
    """How much of each defect spoils a tile on its own; together less suffices, see `spag4d.check.walking`.

    Shares 0-1 of the tile that are see-through, ``torn`` or drawn out (``stretch``), and by how many radians its contents may
    be displaced; and how near in metres surfaces may come.
    """

    see_through: float
    stretch: float
    torn: float
    displaced_rad: float
    clearance_m: float


_LIMITS = {"see-through": "see_through", "stretch": "stretch", "torn": "torn", "displaced": "displaced_rad",
           "clearance": "clearance_m"}
_NOT_IN_OLDER = {"torn": math.inf, "displaced": math.inf, "estimated": 0.0}
"""Values for lines written before these were judged."""


@dataclass(frozen=True)
class WalkingRange:
    """Metres (14,) in the order of `NAMES` up to which a scene can be trusted, `FARTHEST_M` at most.

    Up to there no view is spoilt by more than ``limits``. ``estimated`` is whether errors of estimated depth count, too.
    """

    range_m: Float64[np.ndarray, "14"]
    limits: Limits
    estimated: bool

    @property
    def by_name(self) -> dict[str, float]:
        """Name of a direction → metres, rounded to centimetres."""
        return {name: round(float(metres), 2) for name, metres in zip(NAMES, self.range_m, strict=True)}

    def towards(self, vector: Float64[np.ndarray, "3"]) -> float:
        """Return the range in any direction, in metres, between those of its three neighbours among the 14.

        Seen on the cube around the capture point, the nearest axis is the middle of a face and two diagonals are corners of
        it; the range is linear in between. Raises `ValueError` for a vector without length.
        """
        largest = np.abs(vector).max()
        if not 0 < largest < np.inf:
            raise ValueError(f"no direction: {vector}")
        on_cube = np.asarray(vector, np.float64) / largest
        face, side, rest = np.argsort(-np.abs(on_cube), kind="stable")
        signs = np.where(on_cube < 0, -1.0, 1.0)
        far, across = abs(on_cube[side]), abs(on_cube[rest])
        other = signs.copy()
        other[rest] = -other[rest]
        centre = np.where(np.arange(3) == face, signs, 0.0)
        shares = ((centre, 1 - far), (signs, (far + across) / 2), (other, (far - across) / 2))
        return float(sum(share * self.range_m[_index(place)] for place, share in shares))

    def to_comment(self) -> str:
        """Return one line of fewer than 1000 characters that `from_comment` reads."""
        ranges = " ".join(f"{name} {metres:.2f}" for name, metres in self.by_name.items())
        limits = " ".join(f"{word} {getattr(self.limits, name):g}" for word, name in _LIMITS.items())
        return f"{_PREFIX} {ranges} {limits} estimated {self.estimated:d}"

    @staticmethod
    def from_comment(line: str) -> "WalkingRange | None":
        """Return the range that a comment states, or None for any other comment."""
        if not is_walking_range(line):
            return None
        words = line.removeprefix("comment ").removeprefix(_PREFIX).split()
        try:
            numbers = {name: float(value) for name, value in zip(words[::2], words[1::2], strict=True)}
            values = _NOT_IN_OLDER | numbers
            limits = Limits(**{name: values[word] for word, name in _LIMITS.items()})
            return WalkingRange(np.array([values[name] for name in NAMES]), limits, bool(values["estimated"]))
        except (KeyError, ValueError):
            return None


def is_walking_range(line: str) -> bool:
    """Return whether a comment, with or without the word ``comment``, is such a line."""
    return line.removeprefix("comment ").startswith(_PREFIX)


def _index(place: Float64[np.ndarray, "3"]) -> int:
    return int((DIRECTIONS @ place / np.linalg.norm(place)).argmax())
