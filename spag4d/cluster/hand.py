"""A worker as the work sees it: jobs are generators, so that one thread waits for all of them."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from spag4d.cluster.station import Call
from spag4d.io.atomic import atomic_path
from spag4d.progress import Step

PIECE = 8 << 20
"""Bytes of a file that go through Ray's object store at a time."""

Job = Generator[Any, Any, Any]
"""Yields references to what a station does, gets their values, and returns the item's value."""


class Hand:
    """A worker as the work sees it."""

    def __init__(self, name: str, node: str, actor: Any) -> None:
        """Take an actor of `Station`."""
        self.name, self.node, self.actor = name, node, actor
        self.has_greeted = self.sees_paths = False
        self.step = Step("", 0, 1)
        self.job: Job | None = None
        self.asked_s = 0.0

    def rest(self) -> None:
        """End the job, if there is one, whose half-written files are deleted by this."""
        if self.job is not None:
            self.job.close()
        self.job, self.step = None, Step("", 0, 1)

    def done(self, call: Call) -> Job:
        """Do a call there; raises its error."""
        value, error = yield self.actor.do.remote(call)
        if error is not None:
            raise error
        return value

    def done_with_files(self, name: str, source: Path, target: Path) -> Job:
        """Call a method with ``input_path`` and ``output_path``; files travel in pieces if the worker does not see them."""
        here = source.absolute()
        if self.sees_paths and (yield self.actor.has.remote(here, here.stat().st_size)):
            return (yield from self.done(Call(name, {"input_path": here, "output_path": target.absolute()})))
        yield from self._sent(source)
        value, error, made = yield self.actor.do_here.remote(name, source.name, target.name)
        if error is not None:
            raise error
        for file, size in made.items():
            yield from self._fetched(file, size, target.with_name(Path(file).name))
        yield self.actor.forget.remote()
        return value

    def _sent(self, source: Path) -> Job:
        is_first = True
        with source.open("rb") as file:
            while (piece := file.read(PIECE)) or is_first:
                yield self.actor.take.remote(source.name, piece, is_first=is_first)
                is_first = False

    def _fetched(self, name: str, size: int, target: Path) -> Job:
        with atomic_path(target) as path, path.open("wb") as file:
            while file.tell() < size:
                file.write((yield self.actor.give.remote(name, file.tell(), PIECE)))
