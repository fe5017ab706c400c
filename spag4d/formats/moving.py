"""Files of scenes that move: what such a format is, and reading and writing one whatever its format.

They stand beside the still scenes' table, not in it: a still scene is read whole, a moving one a stretch of time at a time.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from spag4d.data import Gaussians, Moving
from spag4d.errors import InputError
from spag4d.formats import MOVING, MOVING_READ_ONLY
from spag4d.formats.finite import usable
from spag4d.geometry.way import Way
from spag4d.io.atomic import atomic_path
from spag4d.io.opening import opened
from spag4d.progress import SILENT, Progress

_HEAD = 16
"""Bytes: all beginnings that are looked for are shorter."""


@dataclass(frozen=True)
class Timeline:
    """How long a moving scene is, and how many pictures a second it was made from, None where that is unknown.

    ``assumed`` is whether the file does not say how long it is. ``way`` is where the camera was that took it; None where it
    stood at the origin, in the axes of the scene.
    """

    duration_s: float
    fps: float | None = None
    assumed: bool = False
    way: Way | None = None

    @property
    def frame_times_s(self) -> list[float]:
        """The middle of each picture's stretch of time; raises `InputError` without a rate."""
        return [(number + 0.5) / self.rate for number in range(max(1, round(self.duration_s * self.rate)))]

    @property
    def rate(self) -> float:
        """Pictures a second; raises `InputError` where it is unknown."""
        if self.fps is None:
            raise InputError("the file does not say how many frames a second it has: give --fps.")
        return self.fps


@runtime_checkable
class MovingFile(Protocol):
    """An opened file, of which only its heads are in memory."""

    @property
    def timeline(self) -> Timeline:
        """How long it is."""
        ...

    @property
    def count(self) -> int:
        """Number of Gaussians stored."""
        ...

    @property
    def encoding(self) -> str:
        """Version and precision, for people."""
        ...

    @property
    def comments(self) -> list[str]:
        """What its writer noted."""
        ...

    notices: set[str]
    """What of it cannot be shown, as ends of sentences."""

    def parts(self, first_s: float = ..., last_s: float = ..., *, progress: Progress = ...) -> Iterator[Moving]:
        """Yield, piece by piece, what may be there between two times; raises `InputError`."""
        ...

    def at(self, time_s: float) -> Gaussians:
        """Return the scene at a time; raises `InputError`."""
        ...


@runtime_checkable
class MovingWriter(Protocol):
    """Writes a moving scene to a temporary file."""

    def __call__(
        self, path: Path, timeline: Timeline, parts: Iterable[Moving], /, *, comments: Iterable[str] = (),
        progress: Progress = SILENT
    ) -> int:
        """Write the parts as they come, and return the number of Gaussians."""
        ...


@dataclass(frozen=True)
class MovingFormat:
    """What the program knows about a format of moving scenes; see `format.Format` for those of still ones.

    ``recognises(path, head)`` decides by a file's first bytes, and by more of it where these are not enough; ``write`` is None
    for a format that is only read.
    """

    name: str
    label: str
    recognises: Callable[[Path, bytes], bool]
    open: Callable[[Path], MovingFile]
    write: MovingWriter | None = None


def moving_format_of(path: Path) -> str | None:
    """Return the format of moving scenes that a file's extension names, None for other extensions."""
    return next((name for name in MOVING if path.name.lower().endswith(f".{name}")), None)


def is_moving(path: Path) -> bool:
    """Return whether a file holds a moving scene, by its content; False for what cannot be opened."""
    try:
        return _format_in(path) is not None
    except InputError:
        return False


def _format_in(path: Path) -> MovingFormat | None:
    with opened(path, "scene") as file:
        head = file.read(_HEAD)
    known: Iterator[MovingFormat] = (family.load(name) for family in (MOVING, MOVING_READ_ONLY) for name in family)
    return next((format for format in known if format.recognises(path, head)), None)


def opened_moving(path: Path, *, duration_s: float | None = None, progress: Progress = SILENT) -> MovingFile:
    """Open a moving scene, whatever its name, with a warning about what cannot be shown of it; raises `InputError`.

    With ``duration_s`` it lasts so long, faster or slower than its file says.
    """
    known = _format_in(path)
    if known is None:
        endings = ", ".join(f".{name}" for family in (MOVING, MOVING_READ_ONLY) for name in family)
        raise InputError(f"{path} is not a scene that moves. Such files are {endings}.")
    found = known.open(path)
    for notice in sorted(found.notices):
        progress.warn(f"{path.name} {notice}")
    if duration_s is not None:
        return Paced(found, duration_s)
    if found.timeline.assumed:
        progress.warn(f"{path.name} does not say how long it is: it is taken to last {found.timeline.duration_s:.3g} s. "
                      "`spag4d transform` with --duration makes it another length")
    return found


def stretched(part: Moving, factor: float) -> Moving:
    """Return moving Gaussians ``factor`` times as slow."""
    return replace(part, velocities=part.velocities / np.float32(factor), centers_s=part.centers_s * factor,
                   sigmas_s=part.sigmas_s * factor, windows_s=part.windows_s * factor)


class Paced:
    """An opened file that lasts as long as one wishes."""

    def __init__(self, found: MovingFile, duration_s: float) -> None:
        """Play ``found`` in ``duration_s``."""
        self._found, self._factor = found, duration_s / found.timeline.duration_s
        fps = found.timeline.fps
        self.timeline = Timeline(duration_s, None if fps is None else fps / self._factor)
        self.count, self.encoding, self.comments, self.notices = found.count, found.encoding, found.comments, found.notices

    def parts(
        self, first_s: float = -math.inf, last_s: float = math.inf, *, progress: Progress = SILENT
    ) -> Iterator[Moving]:
        """Yield what may be there between two times, as the file does."""
        for part in self._found.parts(first_s / self._factor, last_s / self._factor, progress=progress):
            yield stretched(part, self._factor)

    def at(self, time_s: float) -> Gaussians:
        """Return the scene at a time."""
        return self._found.at(time_s / self._factor)


def scene_at(
    path: Path, time_s: float, *, duration_s: float | None = None, progress: Progress = SILENT
) -> Gaussians:
    """Return the scene that a file shows at a time; raises `InputError` where that is outside of it, or nothing is there."""
    found = opened_moving(path, duration_s=duration_s, progress=progress)
    if not 0 <= time_s <= found.timeline.duration_s:
        raise InputError(f"{path} lasts {found.timeline.duration_s:g} s, and --time is {time_s:g}.")
    gaussians = usable(found.at(time_s), progress)
    if not len(gaussians):
        raise InputError(f"{path} shows no Gaussian at {time_s:g} s.")
    return gaussians


def write_moving(
    path: Path, timeline: Timeline, parts: Iterable[Moving], *, comments: Iterable[str] = (), progress: Progress = SILENT
) -> int:
    """Write a moving scene part by part, of the format that the extension names; return the number of Gaussians.

    A part is let go before the next one is asked for. An older file is only ever replaced by a whole new one. Raises what
    `atomic_path` does, and `InputError` where there is nothing to write.
    """
    name = moving_format_of(path)
    if name is None:
        raise InputError(f"a scene that moves is written as {' or '.join(f'.{name}' for name in MOVING)}, not as {path.name}.")
    known: MovingFormat = MOVING.load(name)
    assert known.write is not None
    with atomic_path(path) as temporary:
        return known.write(temporary, timeline, parts, comments=comments, progress=progress)
