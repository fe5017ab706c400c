"""The video tracks of a file as ffmpeg lists them, and those that are views of lenses, not yet a sphere."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from spag4d.photos.fisheye import what_to_export

_TRACK = re.compile(
    r"Stream #0:(?P<index>\d+)\S* Video: .*?, (?P<pixels>\w+)(?:\((?P<colors>[^)]*)\))?, (?P<width>\d+)x(?P<height>\d+)"
    r"(?:[^\n]*?SAR (?P<wide>\d+):(?P<high>\d+))?(?P<rest>[^\n]*)")
_COVER = "(attached pic)"
_LENS_FILES = (".insv", ".insp", ".lrv")
"""Insta360 stores the views of its lenses in these."""
_EAC_FILE = ".360"
_EAC_RATIO = (2.9, 3.2)
"""A track of GoPro's .360 holds three faces of a cube in a row: 4096 x 1344 pixels with what overlaps."""


@dataclass(frozen=True)
class Track:
    """A video track: its number in the file, pixel format, ffmpeg's words for the colours, and the sizes as stored and as
    shown."""

    index: int
    pixels: str
    colors: str
    stored_wh: tuple[int, int]
    shown_wh: tuple[int, int]

    @property
    def ratio(self) -> float:
        """Width by height as shown."""
        return self.shown_wh[0] / self.shown_wh[1]


def tracks_in(log: str) -> list[Track]:
    """Return the video tracks that ffmpeg lists, without cover pictures, the largest first."""
    found = [_track(match) for match in _TRACK.finditer(log) if _COVER not in match["rest"]]
    return sorted((track for track in found if min(track.stored_wh) > 0), key=lambda track: -math.prod(track.stored_wh))


def _track(match: re.Match[str]) -> Track:
    width, height = int(match["width"]), int(match["height"])
    aspect = Fraction(int(match["wide"] or 1), max(int(match["high"] or 1), 1)) or Fraction(1)
    shown = (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))
    return Track(int(match["index"]), match["pixels"], match["colors"] or "", (width, height), shown)


def lens_views(path: Path, tracks: Sequence[Track]) -> str | None:
    """Return the message for a file whose tracks are views of lenses or faces of a cube, or None."""
    first, suffix = tracks[0], path.suffix.lower()
    alike = sum(track.stored_wh == first.stored_wh for track in tracks)
    if suffix == _EAC_FILE or alike == 2 and _EAC_RATIO[0] < first.ratio < _EAC_RATIO[1]:
        return (f"{path} is a GoPro .360 file, whose two tracks hold the faces of a cube (EAC) that overlap. "
                f"{what_to_export('GoPro')}")
    if abs(first.ratio - 1) < 0.01 and (suffix in _LENS_FILES or alike == 2):
        return f"{path} holds what each fisheye lens of the camera sees. {what_to_export('Insta360' * (suffix in _LENS_FILES))}"
    return None
