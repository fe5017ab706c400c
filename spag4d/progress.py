"""Events out, cancellation in: the last keyword argument of every long call."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from spag4d.errors import Cancelled, printable

TURNS = "Finding the camera's turns"
"""The stage of a video's progress that looks at all of its frames before the first one is converted."""


@dataclass(frozen=True)
class Step:
    """``done`` of ``total`` items of ``stage`` are finished; ``detail`` is the step of the next one."""

    stage: str
    done: int
    total: int
    detail: str = ""


@dataclass(frozen=True)
class Notice:
    """A warning that the user should read, such as a fallback that was taken.

    ``command`` is a command that helps, which only a terminal shows; a ``general`` warning is about this installation, not
    about this picture, and is shown once.
    """

    message: str
    command: str = ""
    general: bool = False


Event = Step | Notice


def _ignore(event: Event) -> None:
    return None


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Progress:
    """Takes the reports of a long call, and can ask it to stop. Silent by default."""

    on_event: Callable[[Event], None] = _ignore
    is_cancelled: Callable[[], bool] = _never

    def report(self, stage: str, done: int, total: int, detail: str = "") -> None:
        """Report how far ``stage`` is, see `Step`; raises `Cancelled` when the caller asked to stop."""
        if self.is_cancelled():
            raise Cancelled(f"stopped during {stage} ({done} of {total} done)")
        self.on_event(Step(stage, done, total, detail))

    def part(self, number: int, count: int) -> "Progress":
        """Return the progress for part ``number`` (from 0) of ``count`` equal ones: its steps are steps of the whole."""

        def hear(event: Event) -> None:
            if isinstance(event, Step):
                event = replace(event, done=number * event.total + event.done, total=count * event.total)
            self.on_event(event)

        return replace(self, on_event=hear)

    def under(self, stage: str) -> "Progress":
        """Return a progress that reports all steps, whatever their stage, as steps of ``stage``."""
        return replace(self, on_event=lambda event: self.on_event(
            replace(event, stage=stage) if isinstance(event, Step) else event))

    def warn(self, message: str, *, command: str = "", general: bool = False) -> None:
        """Pass a warning on to the user, without terminal control characters; see `Notice`."""
        self.on_event(Notice(printable(message), command, general))


SILENT = Progress()
