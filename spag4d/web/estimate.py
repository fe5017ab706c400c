"""How much of a conversion is done: the shares that its stages took when it was last measured."""

import time
from collections.abc import Mapping

from spag4d.conversion import FRAMES, STAGES, Stage
from spag4d.progress import TURNS

_TURN_S = 1.2
"""Seconds per frame to find the camera's rotation, on a processor; its pictures have one size."""

_TELLING = 0.05
"""Share of a job that has to be done before the remaining time is shown."""

SCENE_STAGES = {
    "scene": {"Reading": Stage(2.0), "Looking around": Stage(1.0), "Writing": Stage(3.0), "Checking": Stage(10.0)},
    "export": {"Reading": Stage(1.0), "Writing": Stage(4.0)},
    "picture": {"Reading": Stage(1.0), "Drawing": Stage(10.0)},
}
"""The stages of jobs that convert nothing, by their kind."""


class Estimate:
    """Follows the steps of one job; ``measured`` are the seconds per stage of a finished one, or of one of its frames."""

    def __init__(self, settings: Mapping[str, object], measured: Mapping[str, float], kind: str = "photo") -> None:
        """Begin with the stages that the kind of job and its settings ask for; an unexpected one is added when it starts."""
        self._stages = SCENE_STAGES.get(kind, STAGES)
        usual = {name: stage.seconds for name, stage in self._stages.items() if stage.expected(settings)}
        self._shares = {**usual, **{name: seconds for name, seconds in measured.items() if name in usual}}
        self._turns = _TURN_S / (_TURN_S + sum(self._shares.values()))
        self._reached = 0.0
        self._began: tuple[float, float] | None = None
        self._in_frames = False

    def step(self, stage: str, done: int, total: int) -> tuple[float, float | None]:
        """Return how much of the job is done, 0–1, and the approximate seconds left, once they can be estimated.

        A resumed video starts with earlier frames: only the progress since then counts for its speed.
        """
        now, fraction = time.monotonic(), self.fraction(stage, done, total)
        if self._began is None or (stage == FRAMES and not self._in_frames):
            self._began, self._in_frames = (now, fraction), stage == FRAMES
        begun, before = self._began
        if fraction - before < _TELLING:
            return fraction, None
        return fraction, (now - begun) * (1 - fraction) / (fraction - before)

    def fraction(self, stage: str, done: int, total: int) -> float:
        """Return how much of the job is done, 0–1, never less than before."""
        part = min(done / max(total, 1), 1.0)
        if stage == FRAMES:
            now = self._turns + (1 - self._turns) * part
        elif stage == TURNS:
            now = self._turns * part
        elif stage not in self._stages:
            now = self._reached
        else:
            self._shares.setdefault(stage, self._stages[stage].seconds)
            order = [name for name in self._stages if name in self._shares]
            before = sum(self._shares[name] for name in order[: order.index(stage)])
            now = (before + part * self._shares[stage]) / sum(self._shares.values())
        self._reached = max(self._reached, min(now, 0.99))
        return self._reached
