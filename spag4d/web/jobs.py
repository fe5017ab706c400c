"""The jobs: what was asked for, how far it is and what came of it. They live in SQLite and outlive the server."""

import json
import logging
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, computed_field

from spag4d.errors import ResourceError
from spag4d.io import ABOUT
from spag4d.io.outputs import AUTO, BOTH, formats_in
from spag4d.web.board import Board

Status = Literal["queued", "running", "done", "failed", "cancelled"]
Kind = Literal["photo", "video"]

log = logging.getLogger("spag4d.web")

DISK_FULL = "the server's disk is full, or nearly so. Delete scenes that you no longer need."

QUEUE_FULL = "too many jobs wait already. Try again when some are done."

MOST_STARTS = 3
"""A job that was under way each time when the server died so often is not started again."""

_NOTHING_DONE: dict[str, Any] = {
    "stage": "", "detail": "", "done": 0, "total": 0, "fraction": 0.0, "left_s": None, "warnings": []}

_FLEETING = {"stage", "detail", "done", "total", "fraction", "left_s"}


class Result(BaseModel):
    """What a finished conversion made. Times are in seconds, depths in metres; ``frames`` counts those of a video.

    ``scale_sigma`` is the standard deviation of the log of the scale, where that is estimated.
    ``walking_range_m`` says how far one may walk in each of 14 directions, in a video before the first frame opens gaps.
    """

    model_config = ConfigDict(frozen=True)

    splat_count: int
    processing_time: float
    depth_range: tuple[float, float] | None
    depth_model: str
    metres_from: str
    scale_sigma: float | None = None
    sharp: str
    device: str
    stage_times: dict[str, float]
    walking_range_m: dict[str, float] = {}


class Job(BaseModel):
    """One conversion.

    ``fraction`` is how much of it is done, 0–1, and ``left_s`` about how many seconds are left; ``frames`` are the whole
    frames of a video so far; ``files`` are the names of what it has made with their sizes in bytes.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    kind: Kind
    name: str
    settings: dict[str, Any]
    created_s: float
    status: Status = "queued"
    started_s: float | None = None
    ended_s: float | None = None
    starts: int = 0
    stage: str = ""
    detail: str = ""
    done: int = 0
    total: int = 0
    fraction: float = 0.0
    left_s: float | None = None
    frames: int = 0
    warnings: list[str] = []
    error: str = ""
    files: dict[str, int] = {}
    result: Result | None = None

    @computed_field
    @property
    def formats(self) -> list[str]:
        """The formats of its scenes, the first of them the one that is quickest to show."""
        chosen = self.settings["format"]
        return sorted(formats_in(BOTH if chosen == AUTO else chosen), key=lambda name: ABOUT[name].shown)

    @computed_field
    @property
    def downloads(self) -> dict[str, tuple[str, str]]:
        """Its formats, each with its name for people and what it is good for."""
        return {name: (about.label, about.purpose) for name, about in ABOUT.items() if name in self.formats}

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ("done", "failed", "cancelled")


class QueueFull(Exception):
    """As many jobs wait as may."""


class Jobs:
    """All jobs of a server, in the order in which they came."""

    def __init__(self, database: Path, board: Board, *, max_queue: int) -> None:
        """Open or make the database; what was running when the server ended is queued again, in its old place."""
        self._board, self._max_queue = board, max_queue
        self._ended = False
        self._changed = threading.Condition(threading.RLock())
        self._database = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS jobs (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, state TEXT)")
        rows = self._database.execute("SELECT state FROM jobs ORDER BY number").fetchall()
        self._jobs: dict[str, Job] = {job.id: job for job in (Job.model_validate_json(state) for state, in rows)}
        for job in self.all():
            if job.status == "running":
                self._after_a_crash(job)
            self._post(self._jobs[job.id])

    def _after_a_crash(self, job: Job) -> None:
        if job.starts >= MOST_STARTS:
            self.update(job.id, status="failed", ended_s=time.time(), error=(
                f"the server ended {job.starts} times while this was converted, most likely for want of memory. "
                "Choose more pixels per Gaussian or a smaller picture."))
        else:
            self.update(job.id, status="queued", **_NOTHING_DONE)

    def close(self) -> None:
        """Close the database."""
        with self._changed:
            self._database.close()

    def all(self) -> list[Job]:
        """Return every job, oldest first."""
        with self._changed:
            return list(self._jobs.values())

    def get(self, id: str) -> Job | None:
        """Return a job, or None where there is no such one."""
        return self._jobs.get(id)

    def count(self, status: Status) -> int:
        """Return how many jobs are in a status; never waits."""
        return sum(job.status == status for job in tuple(self._jobs.values()))

    def is_full(self) -> bool:
        """Return whether as many jobs wait as may."""
        return self.count("queued") >= self._max_queue

    def add(self, id: str, kind: Kind, name: str, settings: dict[str, Any]) -> Job:
        """Queue a new job, whose files are in place; raises `QueueFull`, and `ResourceError` for a full disk."""
        job = Job(id=id, kind=kind, name=name, settings=settings, created_s=time.time())
        with self._changed:
            if self.is_full():
                raise QueueFull
            try:
                self._database.execute("INSERT INTO jobs (id, state) VALUES (?, ?)", (job.id, job.model_dump_json()))
            except sqlite3.OperationalError as error:
                raise ResourceError(DISK_FULL) from error
            self._jobs[job.id] = job
            self._post(job)
            self._changed.notify_all()
            return job

    def take(self, timeout_s: float) -> Job | None:
        """Wait for a queued job and mark it as running; None where none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._first() is not None, timeout_s)
            job = self._first()
            if self._ended or job is None:
                return None
            return self.update(job.id, status="running", started_s=time.time(), starts=job.starts + 1)

    def end(self) -> None:
        """Give no more jobs out: who waits in `take` gets none."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _first(self) -> Job | None:
        return next((job for job in self._jobs.values() if job.status == "queued"), None)

    def update(self, id: str, **changes: Any) -> Job:
        """Change a job; how far it is stays in memory, everything else is on the disk when this returns.

        Where the disk is full it stays in memory too: at worst the next server does again what was done.
        """
        with self._changed:
            job = self._jobs[id] = self._jobs[id].model_copy(update=changes)
            if not changes.keys() <= _FLEETING:
                try:
                    self._database.execute("UPDATE jobs SET state = ? WHERE id = ?", (job.model_dump_json(), id))
                except sqlite3.OperationalError as error:
                    log.warning("job %s could not be written down: %s", id, error)
            self._post(job)
            return job

    def cancel_queued(self, id: str) -> bool:
        """Cancel a job that nobody has begun yet, and return whether it was one."""
        with self._changed:
            if self._jobs[id].status != "queued":
                return False
            self.update(id, status="cancelled", ended_s=time.time())
            return True

    def put_back(self, id: str) -> None:
        """Queue a running job again, in its old place, as if it had not been begun: the server is asked to end."""
        with self._changed:
            self.update(id, status="queued", starts=self._jobs[id].starts - 1, **_NOTHING_DONE)

    def remove(self, id: str) -> None:
        """Forget a job that has ended; a full disk can keep it in the database for the next server to forget."""
        with self._changed:
            self._jobs.pop(id, None)
            try:
                self._database.execute("DELETE FROM jobs WHERE id = ?", (id,))
            except sqlite3.OperationalError as error:
                log.warning("job %s could not be forgotten: %s", id, error)
        self._board.put("deleted", id, json.dumps({"id": id}))

    def _post(self, job: Job) -> None:
        self._board.put("job", job.id, job.model_dump_json())
