"""What ``spag4d info`` and ``spag4d check`` report about a scene that moves."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from spag4d.check.clip_likeness import ROWS, clip_likeness
from spag4d.check.report import one_line
from spag4d.check.uncertainty import uncertainty_in
from spag4d.check.walking import walking_range
from spag4d.clips.clip import read_clip
from spag4d.clips.frames import read_frames
from spag4d.commands.console import Console
from spag4d.data import Moving, Panorama
from spag4d.errors import InputError
from spag4d.formats.finite import is_usable, usable
from spag4d.formats.moving import MovingFile, opened_moving
from spag4d.progress import SILENT, Progress

_SETTINGS = "settings "
"""What the comment begins with from which a run can be repeated."""
_USUAL_FPS = 10.0
"""At which a file that states no rate is looked at: the rate of `spag4d convert-video`."""


@dataclass(frozen=True)
class MovingInfo:
    """A scene that moves in numbers: how many Gaussians stand all the time, how many move, and how many are there at once.

    ``fps`` is None where the file does not say how many frames a second it was made from. ``pieces`` is the number of straight
    pieces of their ways, one each where these are straight; ``standing`` and all that follow count these.
    """

    path: str
    encoding: str
    duration_s: float
    fps: float | None
    count: int
    pieces: int
    standing: int
    moving: int
    most_at_once: int
    file_size: int
    bytes_per_gaussian: float
    box_m: tuple[tuple[float, ...], tuple[float, ...]]
    comments: list[str]

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self))

    def to_text(self) -> str:
        """Return lines for people."""
        rate = "" if self.fps is None else f", {self.fps:g} frames a second"
        box = " × ".join(f"{high - low:.2f}" for low, high in zip(*self.box_m, strict=True))
        passing = self.pieces - self.standing
        curved = "" if self.pieces == self.count else f" in {self.pieces:,} straight pieces"
        rows = {
            "file": f"{self.encoding}, {self.file_size / 1e6:.1f} MB, {self.bytes_per_gaussian:.1f} bytes per Gaussian",
            "time": f"{self.duration_s:g} s{rate}; {8e-6 * self.file_size / self.duration_s:.1f} Mbit/s",
            "standing": f"{self.standing:,} all the time, {passing:,} for a part of it, {self.moving:,} of which move",
            "at once": f"{self.most_at_once:,} at most",
            "box": f"{box} m",
        }
        lines = [f"{self.path}: {self.count:,} Gaussians{curved}", *(f"  {name:<9}{words}" for name, words in rows.items())]
        return "\n".join([*lines, *(f"  comment  {comment}" for comment in self.comments)])


def describe_moving(path: Path, *, progress: Progress = SILENT) -> MovingInfo:
    """Return the facts of a scene that moves, reading it piece by piece; raises `InputError`."""
    found = opened_moving(path, progress=progress)
    pieces = standing = moving = 0
    begins, low, high = Counter[tuple[float, float]](), np.full(3, np.inf), np.full(3, -np.inf)
    for part in found.parts(progress=progress):
        stands = stands_all_the_time(part, found.timeline.duration_s)
        pieces += len(part)
        standing += int(np.count_nonzero(stands))
        moving += int(np.count_nonzero(part.velocities.any(1)))
        begins.update(map(tuple, part.windows_s.tolist()))
        means = part.gaussians.means[is_usable(part.gaussians)]
        low, high = np.minimum(low, means.min(0, initial=np.inf)), np.maximum(high, means.max(0, initial=-np.inf))
    if not np.isfinite(high).all():
        raise InputError(f"{path} holds no usable Gaussian: all {found.count:,} have a value that is not a finite number.")
    size, timeline = path.stat().st_size, found.timeline
    corners = tuple(tuple(round(float(value), 4) for value in corner) for corner in (low, high))
    return MovingInfo(str(path), found.encoding, timeline.duration_s, timeline.fps, found.count, pieces, standing, moving,
                      _most_at_once(begins), size, round(size / found.count, 2), (corners[0], corners[1]), found.comments)


def stands_all_the_time(part: Moving, duration_s: float) -> Bool[np.ndarray, " n"]:
    """Return which Gaussians are there, without fading or moving, from the beginning to the end."""
    first, last = part.windows_s.T
    return (first <= 0) & (last >= duration_s) & np.isinf(part.sigmas_s) & ~part.velocities.any(1)


def _most_at_once(windows: Counter[tuple[float, float]]) -> int:
    """Return the largest number of Gaussians whose windows are open together."""
    changes = sorted((time, sign * count) for (first, last), count in windows.items() if first < last
                     for time, sign in ((first, 1), (last, -1)))  # at the same time they end first
    return max(accumulate(change for _, change in changes), default=0)


def check_moving(scene: Path, console: Console, *, every: int = 1, as_json: bool = False) -> None:
    """Print how a scene that moves is made, and the walking range of each ``every``-th of its frames."""
    found = opened_moving(scene, progress=console.progress)
    told = describe_moving(scene, progress=console.progress)
    if not as_json:
        console.say(told.to_text())
    times_s = _frame_times_s(found)[::every]
    uncertainty = uncertainty_in(found.comments)
    for place, time_s in enumerate(times_s):
        progress = console.progress.part(place, len(times_s))
        gaussians = usable(found.at(time_s), progress)
        if not len(gaussians):
            raise InputError(f"{scene} shows no Gaussian at {time_s:g} s.")
        walks = walking_range(gaussians, uncertainty, progress=progress)
        console.say(json.dumps({"path": str(scene), "time_s": time_s, "walking_range_m": walks.by_name}) if as_json
                    else f"{time_s:.2f} s: {one_line(walks)}")


def check_against_clip(scene: Path, source: Path, console: Console, *, every: int = 1, as_json: bool = False) -> None:
    """Print how like its clip a scene that moves is, at each ``every``-th of its frames."""
    found = opened_moving(scene, progress=console.progress)
    clip = read_clip(source, progress=console.progress)
    shown = clip.frames(found.timeline.rate, _start_s(found.comments), found.timeline.duration_s, progress=console.progress)

    def read() -> Iterator[Panorama]:
        return read_frames(clip, shown, height=ROWS)

    for one in clip_likeness(found, read, found.timeline.frame_times_s, every=every, progress=console.progress):
        console.say(json.dumps({"path": str(scene), **asdict(one)}) if as_json else f"{one.time_s:.2f} s: {one}")


def _start_s(comments: Sequence[str]) -> float:
    """Return at which second of its clip a scene begins, by the settings that its writer noted."""
    for comment in comments:
        if comment.startswith(_SETTINGS):
            with suppress(ValueError, AttributeError, TypeError):
                return max(0.0, float(json.loads(comment[len(_SETTINGS):]).get("start", 0.0)))
    return 0.0


def _frame_times_s(found: MovingFile) -> list[float]:
    timeline = found.timeline
    if timeline.fps is not None:
        return timeline.frame_times_s
    return [float(time_s) for time_s in np.arange(0.5 / _USUAL_FPS, timeline.duration_s, 1 / _USUAL_FPS)] or [0.0]
