"""The newest state of every job and model, each with a revision, for clients that watch.

A watcher names the last revision it has seen and gets all newer states, complete. So a broken connection loses nothing, and no
history has to be kept.
"""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

_PAUSE_S = 0.15
"""Between two messages, so that fast stages do not flood a page: seven a second look smooth."""
_HEARTBEAT_S = 10.0
"""Of silence, after which a comment keeps proxies from closing the stream; most wait 30 s or more."""
_LIFE_S = 20.0
"""Of one answer; the page then reconnects, so that abandoned streams end."""


@dataclass(frozen=True)
class Note:
    """The newest state of one thing, as JSON; ``kind`` is job, deleted or model."""

    revision: int
    kind: str
    key: str
    text: str


class Board:
    """Notes by kind and key; threads post them, coroutines watch."""

    def __init__(self) -> None:
        """Start empty; revisions start from the clock, so that they keep rising over restarts."""
        self._revisions = itertools.count(time.time_ns() // 1_000_000)
        self._notes: dict[str, Note] = {}
        self._lock = threading.Lock()
        self._watchers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._closed = False

    def put(self, kind: str, key: str, text: str) -> None:
        """Replace the note about ``key`` and wake the watchers."""
        with self._lock:
            self._notes[key] = Note(next(self._revisions), kind, key, text)
        self._wake()

    def close(self) -> None:
        """End all watches, because the server stops."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        for loop, changed in list(self._watchers):
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

    def newer(self, revision: int, key: str | None = None) -> list[Note]:
        """Return the notes after ``revision``, of one key or of all, oldest first."""
        with self._lock:
            notes = [note for note in self._notes.values() if note.revision > revision and key in (None, note.key)]
        return sorted(notes, key=lambda note: note.revision)

    async def watch(self, revision: int, key: str | None = None) -> AsyncIterator[Note | None]:
        """Yield newer notes as they come, and None from time to time, so that a broken connection is noticed.

        Ends after a while, and when the board is closed; clients reconnect. So a stopping server never waits long for a
        watcher.
        """
        changed, end = asyncio.Event(), time.monotonic() + _LIFE_S
        watcher = (asyncio.get_running_loop(), changed)
        self._watchers.add(watcher)
        try:
            while time.monotonic() < end and not self._closed:
                changed.clear()
                for note in self.newer(revision, key):
                    revision = note.revision
                    yield note
                try:
                    await asyncio.wait_for(changed.wait(), min(_HEARTBEAT_S, max(end - time.monotonic(), 0.01)))
                except asyncio.TimeoutError:  # noqa: UP041  # in Python 3.10 the two are not the same
                    yield None
                await asyncio.sleep(_PAUSE_S)
        finally:
            self._watchers.discard(watcher)
