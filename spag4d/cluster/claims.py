"""Claim files on a shared folder: which of several runs is at an item.

A claim is a hidden file beside what is being made. Only one run can create it, and touches it while it works; a claim that
nobody touches any more belongs to a run that died, and another run takes it over. How long that is is measured by the
observer's own clock from look to look, because the clocks of machines differ.

A claim saves work and guards nothing: scenes are written whole, so two runs at one item write the same file twice.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spag4d.errors import ResourceError

BEAT_S = 15.0
"""How often the holder touches its claim."""
STALE_S = 120.0
"""Two minutes: network folders may show an old time for one."""
WAITING = "Waiting for other runs"
"""The stage of the progress in which a run has nothing to do but what others are at."""
LOOK_EVERY_S = 0.2
"""How often a run looks whether the frames that others are at are there: frames take seconds."""
MOST_ATTEMPTS = 3
"""So many runs may die over an item, then it is left alone."""
_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY


def claim_path(target: Path) -> Path:
    """Return the claim file of what is written to ``target``."""
    return target.with_name(f".{target.name}.claim")


class Claims:
    """The claims of one run, and what it has seen of the others'."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without a claim; ``clock`` counts seconds."""
        self._clock = clock
        self._seen: dict[Path, tuple[object, float]] = {}

    @contextmanager
    def claimed(self, target: Path) -> Iterator[bool]:
        """Claim ``target``, whose folder exists, while the block lasts; yields whether that succeeded.

        Raises `ResourceError` where one run after the other died over it, and what the system says about the folder.
        """
        path = claim_path(target)
        text = self._taken(path)
        if text is None:
            yield False
            return
        self._seen.pop(path, None)
        ended = threading.Event()
        threading.Thread(target=_beat, args=(path, ended), name="spag4d claim", daemon=True).start()
        try:
            yield True
        finally:
            ended.set()
            with suppress(OSError):  # another run took it for dead
                if path.read_text(encoding="utf-8") == text:
                    path.unlink()

    def is_held(self, target: Path) -> bool:
        """Return whether a run is at ``target``, as far as this one has seen."""
        path = claim_path(target)
        return path.exists() and self._left_behind(path) is None

    def _taken(self, path: Path) -> str | None:
        """Create the claim, in place of one that was left behind, and return its text; None where another run holds it."""
        with suppress(FileExistsError):
            return _created(path, 1)
        left = self._left_behind(path)
        if left is None:
            return None
        attempts = _attempts(left)
        if attempts >= MOST_ATTEMPTS:
            raise ResourceError(
                f"{attempts} runs died over this, most likely because memory ran out. Raise --stride or use a smaller "
                f"panorama, and delete {path} to try again.")
        with suppress(FileExistsError, FileNotFoundError):
            _take_away(path, left)
            return _created(path, attempts + 1)
        return None

    def _left_behind(self, path: Path) -> str | None:
        """Return the text of a claim that nobody has touched for long, else None."""
        try:
            text, mark = path.read_text(encoding="utf-8"), path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        now = self._clock()
        seen, since_s = self._seen.get(path, (None, now))
        if seen != (text, mark):
            self._seen[path] = ((text, mark), now)
            return None
        return text if now - since_s >= STALE_S else None


def _created(path: Path, attempt: int) -> str:
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    text = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "began": began, "attempt": attempt,
                       "token": secrets.token_hex(8)})
    with os.fdopen(os.open(path, _NEW, 0o666), "w", encoding="utf-8") as file:
        file.write(text)
    return text


def _take_away(path: Path, left: str) -> None:
    """Remove the claim that says ``left``; raises `FileNotFoundError` where another run was quicker.

    Of several that rename it one succeeds. One that comes late renames the quicker one's new claim, and puts it back.
    """
    aside = path.with_name(f".{secrets.token_hex(6)}.part")  # cleared away like any other where this run ends here
    path.rename(aside)
    if aside.read_text(encoding="utf-8") != left:
        aside.replace(path)
        raise FileExistsError(path)
    aside.unlink()


def _attempts(text: str) -> int:
    """Return which attempt a claim was; one whose writer died over writing it was the first."""
    try:
        return int(json.loads(text)["attempt"])
    except (ValueError, KeyError, TypeError):
        return 1


def _beat(path: Path, ended: threading.Event) -> None:
    while not ended.wait(BEAT_S):
        with suppress(OSError):
            os.utime(path)
