"""Frames of a video made by several runs: each takes the first that is free, and waits for what the frame before hands on.

A frame needs two things of the one before: its steadied depth, and later the look of its Gaussians. Both are handed on as soon
as they are known, as files beside the frames, so that many frames are under way at once and yet every byte is as in one run.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from spag4d.cluster.claims import LOOK_EVERY_S, WAITING, Claims
from spag4d.conversion import FrameResult
from spag4d.data import DepthMap, Layers, Panorama
from spag4d.errors import InputError
from spag4d.io.atomic import atomic_path
from spag4d.progress import Progress
from spag4d.sequence import Sequence360, facts_of
from spag4d.video.steadier import Steadier

DEPTH, LOOK = "depth", "look"


class Orphaned(Exception):
    """The run that was at the frame before is gone."""


class Parts:
    """What runs leave for each other in the folder of a sequence."""

    def __init__(self, sequence: Sequence360) -> None:
        """Take a sequence whose poses are known."""
        self.sequence = sequence

    def _path(self, number: int, what: str) -> Path:
        return self.sequence.folder / f".frame_{number + 1:05d}.part.{what}"

    def target(self, number: int) -> Path:
        """Return the file that is claimed for a frame."""
        return next(iter(self.sequence.outputs(number).values()))

    def is_done(self, number: int) -> bool:
        """Return whether a frame is complete."""
        return number < self.sequence.done or self._path(number, "json").exists()

    def finish(self, frame: FrameResult) -> None:
        """Record that a frame is complete; what the one before handed on is not needed any more."""
        with atomic_path(self._path(frame.number - 1, "json")) as path:
            path.write_text(json.dumps(facts_of(frame.result)), encoding="utf-8")
        for what in (DEPTH, LOOK):
            self._path(frame.number - 2, f"{what}.npz").unlink(missing_ok=True)

    def hand_on(self, number: int, what: str, state: Mapping[str, np.ndarray]) -> None:
        """Leave what the next frame needs."""
        if state and number + 1 < self.sequence.count:
            with atomic_path(self._path(number, f"{what}.npz")) as path:
                np.savez(path, **state)  # type: ignore[arg-type]

    def handed_on(self, number: int, what: str) -> dict[str, np.ndarray] | None:
        """Return what a frame left for the next one, None where it is not there yet."""
        if number == self.sequence.done - 1:  # of a run on one machine that was stopped
            return self.sequence.state()
        with suppress(FileNotFoundError), np.load(self._path(number, f"{what}.npz"), allow_pickle=False) as arrays:
            return dict(arrays)
        return None

    def collect(self) -> None:
        """Record that the sequence is complete, and clear away the parts; raises `InputError` where frames are missing."""
        count = self.sequence.count
        missing = [number + 1 for number in range(count) if not self.is_done(number)]
        if missing:
            first = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")
            raise InputError(f"{len(missing)} of {count} frames are missing in {self.sequence.folder}: {first}")
        texts = [self._path(number, "json").read_text(encoding="utf-8") for number in range(self.sequence.done, count)]
        self.sequence.add_rest([json.loads(text) for text in texts])
        for pattern in (".frame_[0-9]*.part.*", ".frame_[0-9]*.state.npz"):
            for path in self.sequence.folder.glob(pattern):
                path.unlink(missing_ok=True)


class SharedSteadier:
    """A `Steadier` for one frame, which waits for what the frame before hands on and hands on itself."""

    def __init__(self, alpha: float, parts: Parts, number: int, claims: Claims, progress: Progress) -> None:
        """Steady the frame ``number``."""
        self._own = Steadier(alpha)
        self._parts, self._number, self._claims, self._progress = parts, number, claims, progress

    def depth(self, depth: DepthMap, panorama: Panorama, new_from_old: Float64[np.ndarray, "3 3"]) -> DepthMap:
        """Return the frame's depth, as `Steadier.depth` does; raises `Orphaned`."""
        self._restore(DEPTH)
        steady = self._own.depth(depth, panorama, new_from_old)
        self._parts.hand_on(self._number, DEPTH, self._own.depth_state())
        return steady

    def gaussians(self, layers: Layers, height: int) -> Layers:
        """Return the frame's Gaussians, as `Steadier.gaussians` does; raises `Orphaned`."""
        self._restore(LOOK)
        steady = self._own.gaussians(layers, height)
        self._parts.hand_on(self._number, LOOK, self._own.look_state())
        return steady

    def _restore(self, what: str) -> None:
        before = self._number - 1
        if not self._own.alpha or before < 0:
            return
        while (found := self._parts.handed_on(before, what)) is None:
            if not self._claims.is_held(self._parts.target(before)) and self._parts.handed_on(before, what) is None:
                raise Orphaned
            self._progress.report(WAITING, self._number, self._parts.sequence.count)
            time.sleep(LOOK_EVERY_S)
        self._own.restore(found)


def convert_parts(
    make: Callable[[int, SharedSteadier], FrameResult], parts: Parts, wanted: Sequence[int], alpha: float, progress: Progress
) -> Iterator[FrameResult]:
    """Make the frames ``wanted``, beside other runs, and yield those made here; ends when all of them are complete.

    With an ``alpha`` frames before these are made, too, where no run is at them, because these cannot do without.
    """
    claims = Claims()
    numbers = range(max(wanted, default=-1) + 1) if alpha else wanted
    while any(not parts.is_done(number) for number in wanted):
        made = False
        for number in numbers:
            if parts.is_done(number):
                continue
            with claims.claimed(parts.target(number)) as is_mine:
                if not is_mine or parts.is_done(number):  # by a run that has just ended
                    continue
                try:
                    frame = make(number, SharedSteadier(alpha, parts, number, claims, progress))
                except Orphaned:  # its frame is free now, and comes first
                    break
                parts.finish(frame)
            made = True
            yield frame
        if not made:
            progress.report(WAITING, sum(map(parts.is_done, wanted)), len(wanted))
            time.sleep(LOOK_EVERY_S)
