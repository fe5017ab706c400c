"""Files of moving scenes with a row for each Gaussian and times from 0 to 1: read some rows at a time."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from spag4d.data import Gaussians, Moving
from spag4d.formats.curved import Curved
from spag4d.formats.moving import Timeline, stretched
from spag4d.progress import SILENT, Progress

_CHUNK = 1 << 14
"""Rows: 100 MB while they are turned into 32 pieces each, the most there are."""
USUAL_FRAMES, USUAL_FPS = 50, 30.0
"""Of such files that do not say it: most are trained on 50 pictures at 30 a second."""


@dataclass
class MovingRows:
    """An opened file; ``decoded`` turns some of its rows into Gaussians with times from 0 to 1."""

    rows: np.ndarray
    decoded: Callable[[np.ndarray], Moving | Curved]
    timeline: Timeline
    encoding: str
    faintest: float
    comments: list[str] = field(default_factory=list)
    notices: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        """Number of Gaussians stored."""
        return len(self.rows)

    def parts(
        self, first_s: float = -math.inf, last_s: float = math.inf, *, progress: Progress = SILENT
    ) -> Iterator[Moving]:
        """Yield what may be there between two times, some rows at a time; curved ways in straight pieces."""
        for start in range(0, self.count, _CHUNK):
            progress.report("Reading", start, self.count)
            part = self.decoded(self.rows[start:start + _CHUNK])
            moving = stretched(part.straight() if isinstance(part, Curved) else part, self.timeline.duration_s)
            begins, ends = moving.windows_s.T
            yield moving.select((begins <= last_s) & (first_s < ends))
        progress.report("Reading", self.count, self.count)

    def at(self, time_s: float) -> Gaussians:
        """Return the scene at a time, at the very end the last moment before it; curved ways as they are."""
        time = min(time_s / self.timeline.duration_s, math.nextafter(1, 0))
        parts = (self.decoded(self.rows[start:start + _CHUNK]) for start in range(0, self.count, _CHUNK))
        return Gaussians.concatenate([part.at(time) if isinstance(part, Curved) else part.at(time, self.faintest)
                                      for part in parts])


def usual_timeline(frames: int | None = None) -> Timeline:
    """Return how long a file that does not say it is taken to be: its frames, or 50, at 30 a second."""
    return Timeline((frames or USUAL_FRAMES) / USUAL_FPS, assumed=True)
