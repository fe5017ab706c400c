"""Runs the jobs: one process per device, one job at a time in each, and the next job however the last one ended."""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spag4d.data import View
from spag4d.web.estimate import Estimate
from spag4d.web.job import Job, Result
from spag4d.web.jobs import Jobs
from spag4d.web.places import in_words

log = logging.getLogger("spag4d.web")

_IDLE_S = 300.0
"""Idle time after which a worker is ended, so that it gives its memory back."""

_ASKED = {"id", "kind", "name", "settings", "wish", "file", "start", "of"}
"""What a worker has to know of a job."""

_KNOWN_EARLY = ("settings", "start")
"""What a worker finds out about a scene before it is done."""

_PATIENCE_S = 1.2
"""Time for a cancelled job to stop by itself, which keeps the models in memory; then its process is ended."""


class Runner:
    """Takes queued jobs and converts them in worker processes."""

    def __init__(self, jobs: Jobs, folder: Path, crew: "Crew | None" = None) -> None:
        """Work on ``jobs``, whose files lie in ``folder``, with workers of this machine or with a ``crew``."""
        self._jobs, self._folder, self._crew = jobs, folder, crew
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._workers: dict[str, Worker] = {}
        self._cancelled: set[str] = set()
        self._postponed: set[str] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start threads, one for each of the crew; of this machine the first worker reports how many devices there are."""
        for device in ["auto"] * self._crew.count if self._crew else [None]:
            self._add_thread(device)

    def stop(self) -> None:
        """End the workers; their jobs are queued again when the server starts."""
        self._stopping.set()
        self._jobs.end()
        with self._lock:
            for worker in self._workers.values():
                worker.kill()
        for thread in self._threads:
            thread.join(10)

    def cancel(self, id: str) -> None:
        """Stop a job, running or waiting; one that has ended stays as it is."""
        if self._jobs.cancel_queued(id):
            return
        with self._lock:
            self._cancelled.add(id)  # it may be about to get its worker
            worker = self._workers.get(id)
        if worker is not None:
            worker.cancel(id)

    def postpone(self, id: str) -> None:
        """Put a job back behind those that wait, if it is under way: its process is ended."""
        with self._lock:
            worker = self._workers.get(id)
            if worker is not None:
                self._postponed.add(id)
                worker.kill()

    def _add_thread(self, device: str | None) -> None:
        thread = threading.Thread(target=self._work, args=(device,), name=f"spag4d {device or 'first device'}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, device: str | None) -> None:
        worker: Worker | None = None
        while not self._stopping.is_set():
            job = self._jobs.take(_IDLE_S)
            if worker is not None and (job is None or not worker.is_alive()):
                worker.kill()
                worker = None
            if job is None:
                continue
            try:
                if worker is None:
                    worker = self._crew.hire() if self._crew else ProcessWorker()
                    device = self._device(worker, device)
                self._convert(worker, device or "auto", job)
            except Exception as error:
                log.exception("job %s", job.id)
                if worker is not None:  # its last reports on this job must not count for the next
                    worker.kill()
                    worker = None
                self._end(job.id, "failed", f"the job could not be run: {type(error).__name__}")
        if worker is not None:
            worker.kill()

    def _device(self, worker: "Worker", device: str | None) -> str | None:
        """Learn from a new worker which devices exist; the first report starts a thread for each of the others."""
        hello = next(worker.messages(), {})
        first, *others = hello.get("devices", [None])
        if device is None and others:  # of a single device the settings' own choice is as good
            device = first
            for other in others:
                self._add_thread(other)
        return device

    def _convert(self, worker: "Worker", device: str, job: Job) -> None:
        folder = self._folder / job.id
        estimate = Estimate(job.settings, self._measured(job), job.kind)
        with self._lock:
            self._workers[job.id] = worker
            cancelled = job.id in self._cancelled
        try:
            if cancelled:
                self._end(job.id, "cancelled")
                return
            if self._stopping.is_set():
                self._jobs.put_back(job.id)
                return
            asked = job.model_dump(mode="json", include=_ASKED)
            worker.convert(**asked, folder=str(folder), device=device)
            for message in worker.messages():
                if self._hear(job.id, message, estimate, folder):
                    return
            if self._stopping.is_set() or job.id in self._postponed:
                self._jobs.put_back(job.id)
            elif worker.is_lost and job.id not in self._cancelled:
                self._jobs.begin_again(job)
            else:
                self._after_death(job.id, worker)
        finally:
            worker.rest()
            with self._lock:
                del self._workers[job.id]
                self._cancelled.discard(job.id)
                self._postponed.discard(job.id)

    def _hear(self, id: str, message: dict[str, Any], estimate: Estimate, folder: Path) -> bool:
        """Record an event that a worker reports about its job, and return whether the job ended with it."""
        job = self._jobs.get(id)
        assert job is not None
        if step := message.get("step"):
            fraction, left_s = estimate.step(step["stage"], step["done"], step["total"])
            self._jobs.update(id, **step, fraction=fraction, left_s=left_s)
        if "warning" in message:
            warning = in_words(message["warning"], job.called, folder, job.depth_map)
            self._jobs.update(id, warnings=list(dict.fromkeys([*job.warnings, warning])))
        if new := {name: (folder / name).stat().st_size for name in message.get("files", [])}:
            self._jobs.update(id, files={**job.files, **new})
        if known := {name: message[name] for name in _KNOWN_EARLY if name in message}:
            self._jobs.update(id, **_merged(job, known))
        if "frames" in message:
            self._jobs.update(id, frames=message["frames"], starts=1)  # it gets on, however often it was begun
        if "result" in message:
            result = message["result"] and Result.model_validate(message["result"])
            self._end(id, "done", result=result, fraction=1.0)
        elif "cancelled" in message:
            self._end(id, "cancelled")
        elif "error" in message:
            self._end(id, "failed", in_words(message["error"], job.called, folder, job.depth_map))
        return bool(message.keys() & {"result", "cancelled", "error"})

    def _after_death(self, id: str, worker: "Worker") -> None:
        code = worker.exit_code()
        log.warning("the worker of job %s ended with %s", id, code)
        if id in self._cancelled:
            self._end(id, "cancelled")
            clear_halves(self._folder / id)
            return
        self._end(id, "failed", (
            "the conversion process ended unexpectedly. Most often memory ran out: choose more pixels per Gaussian, "
            f"use a smaller picture or close other programs. (It ended with {code}.)"))

    def _end(self, id: str, status: str, error: str = "", **changes: Any) -> None:
        self._jobs.update(id, status=status, error=error, ended_s=time.time(), stage="", detail="", left_s=None, **changes)

    def _measured(self, job: Job) -> dict[str, float]:
        """Return the times of the stages of the newest finished job of the same kind, in a video those of one frame."""
        done = [(other.result, max(other.frames, 1)) for other in self._jobs.all() if other.kind == job.kind and other.result]
        if not done:
            return {}
        result, frames = done[-1]
        return {name: seconds / frames for name, seconds in result.stage_times.items()}


def _merged(job: Job, known: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a job in which something has become known."""
    start = known.get("start") and View(**{name: tuple(place) for name, place in known["start"].items()})
    return {"settings": {**job.settings, **known.get("settings", {})}, "start": start or job.start}


def clear_halves(folder: Path) -> None:
    """Delete the half-written files that an ended process left in a job's folder."""
    for half in folder.rglob(".*.part*"):
        half.unlink(missing_ok=True)


class Worker(ABC):
    """A worker process, seen from the server."""

    is_lost = False
    """Whether its machine is gone."""

    def __init__(self) -> None:
        """Be at no job."""
        self._at = ""
        self._turn = threading.Lock()

    @abstractmethod
    def is_alive(self) -> bool:
        """Return whether it takes jobs."""

    @abstractmethod
    def send(self, **message: Any) -> None:
        """Send a message to the process."""

    @abstractmethod
    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield what the process says, until it ends."""

    @abstractmethod
    def exit_code(self) -> int:
        """Return how it ended."""

    @abstractmethod
    def kill(self) -> None:
        """End it."""

    def convert(self, id: str, **request: Any) -> None:
        """Start a job; its events are among the `messages`."""
        with self._turn:
            self._at = id
        self.send(id=id, **request)

    def rest(self) -> None:
        """Be at no job any more."""
        with self._turn:
            self._at = ""

    def cancel(self, id: str) -> None:
        """Ask the process to stop, and end it where it does not."""
        self.send(cancel=id)
        timer = threading.Timer(_PATIENCE_S, self._kill_if_still_at, (id,))
        timer.daemon = True
        timer.start()

    def _kill_if_still_at(self, id: str) -> None:
        with self._turn:
            if self._at == id:
                self.kill()


@dataclass(frozen=True)
class Crew:
    """Workers of other machines: how to ``hire`` one, and how many work at once."""

    hire: Callable[[], Worker]
    count: int


class ProcessWorker(Worker):
    """A worker process of this machine."""

    def __init__(self) -> None:
        """Start it."""
        super().__init__()
        self._sending = threading.Lock()
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "spag4d.web.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
            text=True, encoding="utf-8", start_new_session=os.name != "nt",  # Ctrl-C is for the server alone
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0))
        log.info("worker %d started", self._process.pid)

    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.poll() is None

    def send(self, **message: Any) -> None:
        """Send a message to the process."""
        assert self._process.stdin is not None
        with self._sending, contextlib.suppress(OSError):  # it died: that is noticed where its messages are read
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield what the process says, until it ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield json.loads(line)

    def exit_code(self) -> int:
        """Return how it ended."""
        return self._process.wait(10)

    def kill(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(10)
