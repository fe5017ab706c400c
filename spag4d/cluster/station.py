"""What runs on a node of a cluster: an object that stays loaded, and the work that it is given."""

import copy
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

from spag4d.errors import Spag4dError
from spag4d.progress import Event, Progress, Step
from spag4d.registry import load


@dataclass(frozen=True)
class Call:
    """A method of the station's object, or a function "module:name", and its arguments; ``progress`` comes with them."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Greeting:
    """What a new station says: its ``facts``, and whether it ``sees`` the probe; or the ``error`` for which it cannot work."""

    facts: Any = None
    sees: bool = False
    error: Exception | None = None


class Station:
    """An actor. Errors are values, as Ray would wrap what is raised; questions ``beside`` the work are answered meanwhile."""

    def __init__(self) -> None:
        """Load nothing yet: an actor whose start fails says less than one that greets with an error."""
        self._object: Any = None
        self._step = Step("", 0, 1)
        self._stopped = False
        self._folder: Path | None = None

    def greet(self, place: str, settings: dict[str, Any], facts: Call, probe: Path, token: str) -> Greeting:
        """Make the object ``place(**settings)``, and return what this node is like."""
        try:
            self._object = load(place)(**settings)
            found = load(facts.name)(**facts.arguments)
            return Greeting(found, probe.is_file() and probe.read_text(encoding="utf-8") == token)
        except Exception as error:
            return Greeting(error=_sendable(error))

    def do(self, call: Call) -> tuple[Any, Exception | None]:
        """Do a call, and return its value or its error."""
        return self._done(copy.deepcopy(call))  # arrays that lie in Ray's store cannot be written to

    def _done(self, call: Call) -> tuple[Any, Exception | None]:
        try:
            function = load(call.name) if ":" in call.name else getattr(self._object, call.name)
            progress = Progress(on_event=self._hear, is_cancelled=lambda: self._stopped)
            value = function(**call.arguments, progress=progress)
            return (list(value) if isinstance(value, Iterator) else value), None
        except Exception as error:
            return None, _sendable(error)
        finally:
            self._step = Step("", 0, 1)

    def do_here(self, name: str, source: str, target: str) -> tuple[Any, Exception | None, dict[str, int]]:
        """Call a method that takes a source and a target, on files here; return what it wrote, too, with sizes."""
        folder = self._here()
        made = folder / "out"
        made.mkdir()
        value, error = self._done(Call(name, {"input_path": folder / source, "output_path": made / target}))
        return value, error, {path.name: path.stat().st_size for path in made.iterdir() if path.is_file()}

    def _here(self) -> Path:
        assert self._folder is not None, "a piece of the source comes first"
        return self._folder

    def has(self, source: Path, size: int) -> bool:
        """Return whether this node sees a file of such a size."""
        return source.is_file() and source.stat().st_size == size

    def take(self, name: str, piece: bytes, *, is_first: bool) -> None:
        """Take a piece of a file; the first one begins it, and ends what was here of an earlier item."""
        if is_first:
            self.forget()
            self._folder = Path(tempfile.mkdtemp(prefix="spag4d-"))
        with (self._here() / name).open("ab") as file:
            file.write(piece)

    def give(self, name: str, start: int, size: int) -> bytes:
        """Return a piece of a file that was made here."""
        with (self._here() / "out" / name).open("rb") as file:
            file.seek(start)
            return file.read(size)

    def forget(self) -> None:
        """Delete the files of the last item."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _hear(self, event: Event) -> None:
        if isinstance(event, Step):
            self._step = event

    @ray.method(concurrency_group="beside")
    def state(self) -> Step:
        """Return the step that the work is at."""
        return self._step

    @ray.method(concurrency_group="beside")
    def stop(self) -> None:
        """Ask the work to stop."""
        self._stopped = True


def _sendable(error: Exception) -> Exception:
    """Return an error as it can travel: a user's as it is, a bug as the text of its traceback."""
    if isinstance(error, Spag4dError):
        return type(error)(*error.args)
    return RuntimeError("".join(traceback.format_exception(error)))
