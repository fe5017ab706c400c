"""The report card: the findings about a scene, judged, as text and as JSON."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from spag4d.check.facts import TURNED, UNKNOWN, UPRIGHT, Facts
from spag4d.check.likeness import Likeness
from spag4d.check.ray_probe import STRETCHED
from spag4d.check.views import ViewLikeness, summary
from spag4d.check.walking import LIMITS, Reason, Walk, Walks
from spag4d.check.walking_range import FARTHEST_M, WalkingRange

Mark = Literal["ok", "warn", "none"]

WORDS = {"x": ("right", "left"), "y": ("down", "up"), "z": ("forward", "back")}
ENDS: dict[Reason, str] = {"holes": "gaps open", "torn": "surfaces come apart", "stretch": "surfaces look smeared",
                           "depth": "the estimated depth may be wrong", "surface": "something is in the way", "none": "",
                           "empty": "nothing is there"}
_HORIZONTAL = ("+z", "+x", "-z", "-x")
_MOSTLY_EMPTY = 0.6
"""Share of the sphere that is open from the origin: more than the sky, which is half, so that a scene without a dome passes."""
_OPEN_POLE, _SEAM, _ALIKE_DB, _BRIGHTNESS = 0.02, 2.0, 22.0, 0.03
"""Where warnings begin: judgement, clear of what conversions reach (none open, 0.9, 26 dB, 0.005 on a panorama of 1024)."""
_MANY_COLORS = 0.05
"""Share of colours beyond 0–1 from which they are more than the overshoot of a fit."""
_IN_TABLE_M = (0.3, 0.5, 1.0)
"""Metres: a lean to the side, a small step, a large one."""


@dataclass(frozen=True)
class Line:
    """One finding: its subject, the value, and whether that is good; ``none`` where it is unknown."""

    label: str
    value: str
    mark: Mark


@dataclass(frozen=True)
class Report:
    """All findings about a scene; ``zenith_open`` and ``nadir_open`` are the see-through shares within 10° of the poles.

    ``measured`` says by name how much of each panorama's sphere (0–1) parallax has measured, of a scene of several.
    """

    facts: Facts
    walks: Walks
    zenith_open: float
    nadir_open: float
    likeness: Likeness | None
    views: tuple[ViewLikeness, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)

    def verdict(self) -> str:
        """Describe in plain words how far you can walk."""
        if self.facts.count == 0 or self.walks.walks[0].reason == "empty":
            return "There is nothing to see from the capture point (the origin)."
        if self.walks.open_at_origin > _MOSTLY_EMPTY:
            return "Most of the view from the origin is empty: the scene was not captured there, so its range means little."
        ranges = {walk.name: walk for walk in self.walks.walks if walk.name in _HORIZONTAL}
        least, most = (pick(ranges.values(), key=lambda walk: walk.range_m) for pick in (min, max))
        far = "from where the camera stood"
        if most.range_m - least.range_m > 0.1:
            about = f"You can walk {_metres(least.range_m)} ({in_words(least.name)}) to {_metres(most.range_m)} "
            about += f"({in_words(most.name)}) {far}"
        else:
            about = f"You can walk about {_metres(least.range_m)} in every direction {far}"
        reasons: list[Reason] = [walk.reason for walk in ranges.values() if ENDS[walk.reason]]
        if not reasons:
            return f"{about}; it was not checked farther out."
        usual: Reason = max(reasons, key=lambda reason: reasons.count(reason))
        return f"{about}. Farther out, {ENDS[usual]}."

    def lines(self) -> Iterator[Line]:
        """Return the findings other than the walks, in the order in which they are shown."""
        yield from self._about_file()
        yield from self._about_place()
        if self.likeness is not None:
            yield from _about_likeness(self.likeness)
        if self.views:
            yield Line("views", summary(self.views), "ok")

    def _about_file(self) -> Iterator[Line]:
        facts = self.facts
        if facts.made_by:
            yield Line("made by", facts.made_by, "ok")
        yield Line("Gaussians", f"{facts.count:,}, {facts.file_size / 1e6:.1f} MB, typically "
                   f"{_length(facts.median_scale_m)} wide, opacity {facts.mean_opacity:.2f}", "ok" if facts.count else "warn")
        sizes = [high - low for low, high in zip(facts.low_m, facts.high_m, strict=True)]
        yield Line("size", f"{' x '.join(f'{size:.3g}' for size in sizes)} m, including what is far away; half of what is seen "
                   f"is within {facts.median_m:.3g} m", "ok")
        faults = ", ".join(f"{fault}: {count:,}" for fault, count in facts.invalid.items())
        yield Line("values", faults or "all valid", "warn" if faults else "ok")
        if facts.outside_colors > 0.001:
            yield Line("colours", f"{facts.outside_colors:.1%} are outside the range from black to white",
                       "warn" if facts.outside_colors > _MANY_COLORS else "ok")

    def _about_place(self) -> Iterator[Line]:
        facts = self.facts
        yield self._uprightness()
        floor = "" if facts.floor_m is None else f", the floor {_length(facts.floor_m)} below the camera"
        sized = f"plausible as metres{floor}"
        unlikely = f"hardly metres{floor}: half of what is seen is within {facts.median_m:.3g}"
        yield Line("units", sized if facts.metres_plausible else unlikely, "ok" if facts.metres_plausible else "warn")
        empty = self.walks.open_at_origin
        note = "; it has no capture point, so the rest refers to the origin" if empty > _MOSTLY_EMPTY else ""
        yield Line("depth", "estimated: its likely error shortens the walking range" if self.walks.estimated else
                   "measured, or not stated in the file: taken as correct", "ok")
        if self.measured:
            shares = self.measured.values()
            yield Line("parallax", f"{min(shares):.0%} to {max(shares):.0%} of the sphere measured, seen from {len(shares)} "
                       "panoramas", "ok")
        yield Line("origin", f"{empty:.1%} of the sphere is empty, seen from there{note}", "warn" if note else "ok")
        holes = max(self.zenith_open, self.nadir_open)
        yield Line("poles", f"{self.zenith_open:.1%} open above, {self.nadir_open:.1%} below",
                   "warn" if holes > _OPEN_POLE else "ok")

    def _uprightness(self) -> Line:
        if self.likeness is not None and self.likeness.orientation.is_alike:
            lies = self.likeness.orientation.lies
            return Line("upright", f"no, {lies}" if lies else "yes, like the panorama", "warn" if lies else "ok")
        upright = {UPRIGHT: ("yes, there is a floor below and none above", "ok"), TURNED: ("no, the floor is above", "warn"),
                UNKNOWN: ("unknown without the panorama", "none")}
        value, mark = upright[self.facts.upright]
        return Line("upright", value, mark)  # type: ignore[arg-type]

    def to_text(self) -> str:
        """Return the card as aligned lines."""
        marks = {"ok": "ok  ", "warn": "WARN", "none": "?   "}
        rows = [f"{self.facts.path}: {self.verdict()}", ""]
        rows += [f"  {marks[line.mark]}  {line.label:<11} {line.value}" for line in self.lines()]
        at = "".join(f"{distance:>6g} m" for distance in _IN_TABLE_M)
        rows += ["", f"  {'walking range':<53}damage at{at}, as a share of what is too much"]
        return "\n".join(rows + [_row(walk) for walk in self.walks.walks])

    def to_dict(self) -> dict[str, Any]:
        """Return the card as JSON values; shares are 0–1, and null stands for missing values."""
        facts = {**asdict(self.facts), "path": str(self.facts.path), "metres_plausible": self.facts.metres_plausible}
        return _plain({
            "verdict": self.verdict(),
            "warnings": [f"{line.label}: {line.value}" for line in self.lines() if line.mark == "warn"],
            "facts": facts,
            "measured": dict(self.measured),
            "poles": {"zenith_open": self.zenith_open, "nadir_open": self.nadir_open},
            "likeness": None if self.likeness is None else _likeness(self.likeness),
            "views": [asdict(view) for view in self.views],
            "walking": {
                "range_m": self.walks.range.by_name, "open_at_origin": self.walks.open_at_origin,
                "limits": {**asdict(LIMITS), "stretched_times": STRETCHED}, "estimated": self.walks.estimated,
                "directions": {walk.name: asdict(walk) for walk in self.walks.walks}},
        })

    def to_json(self) -> str:
        """Return `to_dict` as one line."""
        return json.dumps(self.to_dict())


def in_words(name: str) -> str:
    """Return the name of a direction: ``+x-y`` is "right and up"."""
    return " and ".join(WORDS[axis][sign == "-"] for sign, axis in zip(name[::2], name[1::2], strict=True))


def one_line(walking_range: WalkingRange) -> str:
    """Return the range along the six axes as a sentence."""
    along = [f"{in_words(name)} {metres:.2f}" for name, metres in walking_range.by_name.items() if len(name) == 2]
    return f"walking range {', '.join(along)} m"


def _about_likeness(likeness: Likeness) -> Iterator[Line]:
    orientation = likeness.orientation
    yield Line("orientation", f"{orientation} (correlation {orientation.correlation:.3f})",
               "ok" if orientation.is_right and orientation.is_alike else "warn")
    yield Line("likeness", f"{likeness.compensated_db:.1f} dB as web viewers draw it, {likeness.classic_db:.1f} dB classic",
               "ok" if likeness.compensated_db >= _ALIKE_DB else "warn")
    yield Line("brightness", f"{likeness.brightness:.3f} of the panorama's",
               "ok" if abs(likeness.brightness - 1) < _BRIGHTNESS else "warn")
    yield Line("seam", f"the error where the panorama's edges meet is {likeness.seam:.2f} times that elsewhere",
               "ok" if likeness.seam < _SEAM else "warn")
    yield Line("at poles", f"{likeness.poles_db:.1f} dB",
               "ok" if likeness.poles_db > likeness.compensated_db - 6 else "warn")


def _likeness(likeness: Likeness) -> dict[str, Any]:
    orientation = likeness.orientation
    numbers = {name: value for name, value in vars(likeness).items() if isinstance(value, float)}
    return {**numbers, "orientation": {
        "in_words": str(orientation), "lies": orientation.lies, "mirrored": orientation.mirrored,
        "azimuth_deg": orientation.azimuth_deg, "correlation": orientation.correlation, "unturned": orientation.unturned,
        "scene_from_photo": np.round(orientation.scene_from_photo, 6).tolist()}}


def _row(walk: Walk) -> str:
    cells = [f"{walk.spoilt[walk.distances_m.index(distance)]:>8.0%}" if distance in walk.distances_m else f"{'-':>8}"
             for distance in _IN_TABLE_M]
    end = f"until {ENDS[walk.reason]}" if ENDS[walk.reason] else "or more"
    where = in_words(walk.name).replace(" and ", " ")
    return f"  {where:<18} {walk.range_m:4.2f} m {end:<38}{''.join(cells)}"


def _metres(value: float) -> str:
    return f"{value:.1f} m" if value < FARTHEST_M else f"{FARTHEST_M:g} m or more"


def _length(metres: float) -> str:
    return f"{metres:.2f} m" if metres >= 0.1 else f"{metres * 1000:.1f} mm"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if np.isfinite(value) else None
    return value
