"""A clip under way to its scene: its frames, the run that it is made in, and what is kept of an earlier run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from spag4d.clips.clip import Clip, Shown
from spag4d.clips.frames import read_frames
from spag4d.conversion import Run
from spag4d.data import Panorama
from spag4d.reconstruction.kept_work import KeptWork
from spag4d.stages import Stages

STANDING = "What stands"
"""The stage of the progress that looks at pictures from all over the clip."""
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Film:
    """The frames ``shown`` of a clip, what makes a scene of them, and what is ``kept``."""

    stages: Stages
    run: Run
    clip: Clip
    shown: Sequence[Shown]
    kept: KeptWork

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.shown)

    def read(self, numbers: Sequence[int], *, height: int | None = None) -> Iterator[Panorama]:
        """Yield frames by their numbers, in order; ``height`` shrinks higher ones to so many rows."""
        return read_frames(self.clip, [self.shown[number] for number in numbers], height=height,
                           force_erp=self.run.settings.force_erp, progress=self.run.between_stages)

    def kept_or_made(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """Return what was kept under a name, made first where it is missing.

        What was just made is read back, too: arrays that lie otherwise in memory round otherwise, and a run that was stopped
        would not end in the same bytes.
        """
        found = self.kept.find(name)
        if found is None:
            self.kept.keep(name, make())
            found = self.kept.find(name)
        assert found is not None, f"{name} was kept and is gone"
        return found


def spread(count: int, most: int) -> list[int]:
    """Return up to ``most`` numbers below ``count``, evenly from the first to the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist()


def in_bytes(panorama: Panorama) -> UInt8[np.ndarray, "h w 3"]:
    """Return a panorama's picture in levels of 255."""
    return (panorama.rgb * 255 + 0.5).astype(np.uint8)
