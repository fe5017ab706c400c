"""The facts of a video file: frame times to the tick, size, colours, and how the sphere is laid out in the picture."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from spag4d.clips.ffmpeg import output_of, reading
from spag4d.clips.tracks import Track, lens_views, tracks_in
from spag4d.errors import InputError
from spag4d.io.opening import opened
from spag4d.photos.declared_size import check_pixel_count
from spag4d.photos.picture_kinds import HEAD_BYTES, picture_kind
from spag4d.progress import SILENT, Progress

_DISCARDED = 0x4  # ffmpeg's flag of packets that are decoded and never shown, as before the start of an edit
_ROUNDED_TICK_S = Fraction(1, 900)
"""Ticks as long as this and shorter may be rounded times, as the milliseconds of Matroska are."""
MOST_FRAMES = 100_000
"""Scenes of one sequence: their names have five digits."""
_HD_HEIGHT = 576
"""Rows of PAL: players take larger pictures without a matrix for BT.709, others for BT.601."""
_DEEP = re.compile(r"(9|10|12|14|16)(le|be)$|^(p010|p012|p016|p21\d|p41\d|x2rgb10|x2bgr10)")
_DURATION = re.compile(r"Duration: (\d+):(\d+):(\d+\.\d+)")
_PROJECTION = re.compile(r"spherical(?: mapping)?:\s*([a-z ]*[a-z])", re.IGNORECASE)
_STEREO = re.compile(r"stereo ?3d:\s*([^\n]*)", re.IGNORECASE)
_TURNED = re.compile(r"spherical(?: mapping)?:[^\n]*\(\s*(-?[\d.]+)/(-?[\d.]+)/(-?[\d.]+)", re.IGNORECASE)
_SHARED = {"2d": "", "top and bottom": "top-bottom", "side by side": "side-by-side"}


@dataclass(frozen=True)
class Shown:
    """One frame to take: when it is shown, counted from the clip's first frame, and its timestamp in the file's ticks."""

    time_s: Fraction
    tick: int


@dataclass(frozen=True)
class Clip:
    """A video file and the timestamps of all of its frames in the order in which they are shown.

    ``tick_s`` is the file's unit of time; ``end_tick`` is where the last frame ends. ``stereo`` is "", "top-bottom" or
    "side-by-side"; ``right_first`` means that the first half is the right eye's. ``matrix`` is the colour matrix for ffmpeg
    where the file names none. ``track`` is the number of the track; ``shown_wh`` is the size that makes pixels square, None
    where they are.
    """

    path: Path
    ticks: Sequence[int]
    tick_s: Fraction
    end_tick: int
    deep: bool = False
    stereo: str = ""
    right_first: bool = False
    matrix: str = ""
    track: int = 0
    shown_wh: tuple[int, int] | None = None

    @property
    def length_s(self) -> float:
        """Time from the beginning of the first frame to the end of the last."""
        return float((self.end_tick - self.ticks[0]) * self.tick_s)

    @property
    def rate(self) -> float:
        """Mean number of frames per second."""
        return len(self.ticks) / self.length_s

    def identity(self) -> dict[str, Any]:
        """Return what identifies this clip: name, bytes, number of frames and length."""
        return {"name": self.path.name, "bytes": self.path.stat().st_size, "frames": len(self.ticks),
                "length_s": round(self.length_s, 6)}

    @cached_property
    def _tolerance_s(self) -> Fraction:
        return self.tick_s / 2 if self.tick_s <= _ROUNDED_TICK_S else Fraction(0)

    def at(self, time_s: Fraction) -> int:
        """Return the timestamp of the frame that is shown at a time from the clip's first frame on."""
        last = self.ticks[0] + (time_s + self._tolerance_s) / self.tick_s
        return self.ticks[max(0, bisect_right(self.ticks, last) - 1)]

    def frames(
        self, fps: float | int, start_s: float | int = 0, duration_s: float | int | None = None, *, progress: Progress = SILENT
    ) -> list[Shown]:
        """Return which frames are shown at ``start_s + k / fps`` for k = 0, 1, … before ``duration_s`` or the clip ends.

        Numbers are read as decimals: 0.1 s is exactly a tenth. Raises `InputError` for a start
        outside of the clip and numbers that are not positive, with the clip's length.
        """
        is_ = f"{self.path.name} is {self.length_s:.3f} s long"
        if fps <= 0:
            raise InputError(f"fps must be above 0, got {fps:g}. {is_} with {self.rate:.4g} frames per second.")
        if duration_s is not None and duration_s <= 0:
            raise InputError(f"duration must be above 0 s, got {duration_s:g}. {is_}.")
        start, step = _exact(start_s), 1 / _exact(fps)
        length = (self.end_tick - self.ticks[0]) * self.tick_s
        if not 0 <= start < length:
            raise InputError(f"start is {start_s:g} s, and {is_}. Choose a start from 0 to below that.")
        end = length if duration_s is None else start + _exact(duration_s)
        if end > length + self.tick_s:
            progress.warn(f"{is_}: from {start_s:g} s on only {float(length - start):.3f} s, not {duration_s:g} s")
        if fps > self.rate * 1.01:
            progress.warn(f"{self.path.name} has {self.rate:.4g} frames per second: at --fps {fps:g} frames repeat")
        count = -((start - min(end, length)) // step)
        if count > MOST_FRAMES:
            raise InputError(f"{is_}: --fps {fps:g} would make {count:,} scenes of it, and {MOST_FRAMES:,} are the limit. "
                             "Lower --fps or --duration.")
        times = (start + k * step for k in range(count))
        return [Shown(time, self.at(time)) for time in times]


def _exact(number: float | int) -> Fraction:
    return Fraction(repr(float(number)))


def read_clip(path: Path, *, progress: Progress = SILENT) -> Clip:
    """Read the facts of a video file without decoding a frame.

    Raises `InputError` for a file that is missing, not a video, or without a readable index, and names any projection that is
    not equirectangular.
    """
    _check_file(path)
    progress.report("Looking into the video", 0, 1)
    log = output_of(reading(path))[1]
    tracks = tracks_in(log)
    if not tracks:
        raise InputError(_no_video(path, log))
    track = tracks[0]
    check_pixel_count(path, *track.shown_wh)
    lenses = lens_views(path, tracks)
    if lenses:
        raise InputError(lenses)
    stereo, right_first = _layout(path, log, track, progress)
    ticks, tick_s, end_tick, complaint = _timestamps(path, track.index)
    clip = Clip(path, ticks, tick_s, end_tick, bool(_DEEP.search(track.pixels)), stereo, right_first, _matrix(track),
                track.index, None if track.shown_wh == track.stored_wh else track.shown_wh)
    _warn(clip, log, track.colors, complaint, progress)
    progress.report("Looking into the video", 1, 1)
    return clip


def _check_file(path: Path) -> None:
    with opened(path, "video") as file:
        head = file.read(HEAD_BYTES)
    kind = picture_kind(head)
    if kind:
        raise InputError(f"{path} is a picture ({kind}), not a video. `spag4d convert` converts it.")


def _no_video(path: Path, log: str) -> str:
    if "Audio:" in log:
        return f"{path} holds sound but no video. Choose another file."
    if "moov atom not found" in log and _is_mp4(path):
        return (f"{path} is damaged or incomplete: the table of its frames (moov) is missing, so nothing can be shown. "
                "Copy it again.")
    return f"{path} is not a video of a known kind, or it is damaged. Use MP4, MOV, MKV, WebM or AVI, or copy it again."


def _is_mp4(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"


def _layout(path: Path, log: str, track: Track, progress: Progress) -> tuple[str, bool]:
    """Return how two eyes share the picture; refuses anything but a whole equirectangular sphere."""
    projection = _PROJECTION.search(log)
    name = projection[1].strip().lower() if projection else "equirectangular"
    if name != "equirectangular":
        raise InputError(f"{path} says that its projection is '{name}'. Only full equirectangular video can be converted: "
                         "export it as 360° equirectangular (2:1) from the software of the camera.")
    declared = _STEREO.search(log)
    if declared:
        kind = declared[1].split(",")[0].split("(")[0].strip().lower()
        if kind not in _SHARED:
            raise InputError(f"{path} says that it is stereo of the kind '{kind}'. Top–bottom and side-by-side can be "
                             "converted: export it so, or as mono.")
        return _SHARED[kind], "inverted" in declared[1]
    for kind, usual in (("top-bottom", 1.0), ("side-by-side", 4.0)):
        if abs(track.ratio / usual - 1) < 0.01:
            progress.warn(f"{path.name} does not say so, but its shape ({track.shown_wh[0]} x {track.shown_wh[1]}) is that of "
                          f"{kind} stereo: its first half is used")
            return kind, False
    return "", False


def _matrix(track: Track) -> str:
    """Return the matrix to assume for untagged colours: ffmpeg assumes standard definition, players go by the size."""
    tagged = any(known in track.colors for known in ("bt709", "bt470bg", "smpte170m", "bt2020", "gbr", "smpte240m", "fcc"))
    if tagged or track.pixels.startswith(("rgb", "gbr", "bgr", "gray")):
        return ""
    width, height = track.stored_wh
    return "bt709" if height > _HD_HEIGHT or width > 2 * _HD_HEIGHT else "bt601"


def _timestamps(path: Path, track: int) -> tuple[list[int], Fraction, int, str]:
    """Return the times of the frames by the file's packet list, the end of the last one, and a complaint about what is
    broken."""
    listing, complaints = output_of([*reading(path), "-v", "error", "-map", f"0:{track}", "-c", "copy", "-f", "framecrc", "-"])
    unit = re.search(r"#tb 0: (\d+)/(\d+)", listing)
    packets = [line.split(",") for line in listing.splitlines() if line[:1].isdigit()]
    shown = {int(fields[2]): int(fields[3]) for fields in packets if _is_shown(fields)}
    if unit is None or not shown:
        raise InputError(f"{path} holds no frame that can be read: it is damaged or cut off. Copy it again.")
    ticks = sorted(shown)
    usual = sorted(b - a for a, b in zip(ticks, ticks[1:], strict=False))
    last = max(shown[ticks[-1]], 0) or (usual[len(usual) // 2] if usual else 1)
    complaint = complaints.partition("\n")[0].rpartition("] ")[2].rstrip(". ")
    return ticks, Fraction(int(unit[1]), int(unit[2])), ticks[-1] + last, complaint


def _is_shown(fields: list[str]) -> bool:
    flags = next((int(field.split("=")[1], 16) for field in fields if field.strip().startswith("F=")), 0)
    return not flags & _DISCARDED and abs(int(fields[2])) < 1 << 62


def _warn(clip: Clip, log: str, colors: str, complaint: str, progress: Progress) -> None:
    name = clip.path.name
    if complaint:
        progress.warn(f"{name} is damaged, parts of it are missing: {complaint}")
    declared = _DURATION.search(log)
    if declared:
        seconds = 3600 * int(declared[1]) + 60 * int(declared[2]) + float(declared[3])
        if clip.length_s < 0.9 * seconds - 1:
            progress.warn(f"{name} should be {seconds:.2f} s long, and {clip.length_s:.2f} s of it can be read: it is cut off")
    if any(transfer in colors for transfer in ("smpte2084", "arib-std-b67")):
        progress.warn(f"{name} has HDR colours, which are treated as standard ones: they will look dull")
    turned = _TURNED.search(log)
    if turned and any(float(angle) for angle in turned.groups()):
        progress.warn(f"{name} says that its sphere is turned by {'/'.join(turned.groups())} degrees, which is ignored")
