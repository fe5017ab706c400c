"""The jobs of a server, in their order. Each is written down in its own folder, and so outlives the server."""

import json
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from spag4d.errors import InputError, ResourceError
from spag4d.web.board import Board
from spag4d.web.job import Job, Kind, Status
from spag4d.web.records import Records

log = logging.getLogger("spag4d.web")

DISK_FULL = "the server's disk is full, or nearly so. Delete scenes that you no longer need."

QUEUE_FULL = "too many jobs are waiting already. Try again when some are done."

MOST_STARTS = 3
"""A job that was running at this many crashes of the server is not started again."""

_NOTHING_DONE: dict[str, Any] = {
    "stage": "", "detail": "", "done": 0, "total": 0, "fraction": 0.0, "left_s": None, "warnings": []}

_QUICK = ("scene", "export", "picture", "animation")

_FLEETING = {"stage", "detail", "done", "total", "fraction", "left_s"}


class QueueFull(Exception):
    """As many jobs wait as may."""


class Jobs:
    """All jobs of a server, in the order in which they came."""

    def __init__(self, records: Records, board: Board, *, max_queue: int) -> None:
        """Read the records; jobs that were running when the server ended are queued again, in their old place."""
        self.records, self._board, self._max_queue = records, board, max_queue
        self._ended = False
        self._changed = threading.Condition(threading.RLock())
        self._jobs: dict[str, Job] = {job.id: job for job in records.read()}
        for job in self.all():
            if job.status == "running":
                self.begin_again(job)
            self._post(self._jobs[job.id])

    def begin_again(self, job: Job) -> None:
        """Queue a job again whose machine crashed, unless that has happened too often."""
        if job.starts >= MOST_STARTS:
            self.update(job.id, status="failed", ended_s=time.time(), error=(
                f"the server died {job.starts} times while converting this, most likely because memory ran out. "
                "Choose more pixels per Gaussian or a smaller picture."))
        else:
            self.update(job.id, status="queued", **_NOTHING_DONE)

    def all(self) -> list[Job]:
        """Return every job, oldest first."""
        with self._changed:
            return list(self._jobs.values())

    def get(self, id: str) -> Job | None:
        """Return a job, or None where it does not exist."""
        return self._jobs.get(id)

    def count(self, status: Status) -> int:
        """Return how many jobs are in a status; never waits."""
        return sum(job.status == status for job in tuple(self._jobs.values()))

    def is_full(self) -> bool:
        """Return whether the queue is full."""
        return self.count("queued") >= self._max_queue

    def add(self, id: str, kind: Kind, sources: Sequence[str], settings: dict[str, Any], **facts: Any) -> Job:
        """Queue a new job, whose files are in place; raises `QueueFull`, and `ResourceError` for a full disk.

        ``sources`` is what people call the files, and ``facts`` are further fields of `Job`.
        """
        with self._changed:
            if self.is_full():
                raise QueueFull
            name = sources[0] if len(sources) == 1 else f"{sources[0]} and {len(sources) - 1} more"
            job = Job(id=id, kind=kind, name=name, sources=list(sources), settings=settings, created_s=self._next_s(), **facts)
            try:
                self.records.write(job)
            except ResourceError as error:
                raise ResourceError(DISK_FULL) from error
            self._jobs[job.id] = job
            self._post(job)
            self._changed.notify_all()
            return job

    def _next_s(self) -> float:
        """Return the time, or a moment after the last job's where the clock is too coarse: it decides their order."""
        now, last = time.time(), max((job.created_s for job in self._jobs.values()), default=0.0)
        return last + 1e-6 if 0 <= last - now < 1 else now

    def take(self, timeout_s: float) -> Job | None:
        """Wait for a queued job and mark it as running; None where none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._first() is not None, timeout_s)
            job = self._first()
            if self._ended or job is None:
                return None
            return self.update(job.id, status="running", started_s=time.time(), starts=job.starts + 1)

    def end(self) -> None:
        """Give out no more jobs: waiting calls of `take` return None."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _first(self) -> Job | None:
        """Return the job to begin next: what takes seconds, and people wait for, comes before conversions."""
        queued = [job for job in self._jobs.values() if job.status == "queued"]
        return min(queued, key=lambda job: (job.is_example, job.kind not in _QUICK), default=None)

    def update(self, id: str, **changes: Any) -> Job:
        """Change a job; its progress stays in memory, everything else is on the disk when this returns.

        On a full disk it stays in memory, too: at worst the next server repeats some work.
        """
        with self._changed:
            job = self._jobs[id] = self._jobs[id].model_copy(update=changes)
            if not changes.keys() <= _FLEETING:
                try:
                    self.records.write(job)
                except (OSError, InputError, ResourceError) as error:
                    log.warning("job %s could not be written down: %s", id, error)
            self._post(job)
            return job

    def cancel_queued(self, id: str) -> bool:
        """Cancel a job that has not started yet, and return whether it was one."""
        with self._changed:
            if self._jobs[id].status != "queued":
                return False
            self.update(id, status="cancelled", ended_s=time.time())
            return True

    def put_back(self, id: str) -> None:
        """Queue a running job again, in its old place, because the server stops."""
        with self._changed:
            self.update(id, status="queued", starts=self._jobs[id].starts - 1, **_NOTHING_DONE)

    def remove(self, id: str) -> None:
        """Forget a job that has ended, and delete its folder."""
        with self._changed:
            self._jobs.pop(id, None)
            self.records.remove(id)
        self._board.put("deleted", id, json.dumps({"id": id}))

    def _post(self, job: Job) -> None:
        self._board.put("job", job.id, job.model_dump_json())
