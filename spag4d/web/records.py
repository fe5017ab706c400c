"""The record in each job's folder: enough to list the job again, whatever else is lost.

Nothing that is not understood is deleted: folders whose record is lost or damaged are listed by what lies in them where a
scene is finished, and moved aside where not. Files and folders with names that are not ours are left alone.
"""

import json
import logging
import re
import shutil
import sqlite3
import time
from collections.abc import Container
from contextlib import closing, suppress
from pathlib import Path

from spag4d.errors import InputError, ResourceError, printable, reason
from spag4d.io.atomic import atomic_path
from spag4d.settings import Settings
from spag4d.web.files import finished_frames
from spag4d.web.job import CLIP_FORMAT, Job, Kind
from spag4d.web.places import SOURCE
from spag4d.web.worker import FRAMES_FOLDER, SETTINGS

log = logging.getLogger("spag4d.web")

RECORD = "job.json"
_ID = re.compile("[0-9a-f]{16}")
_NOT_UNDERSTOOD = (OSError, ValueError, KeyError, TypeError, RecursionError, InputError)
_LOST = "The record of this scene was lost, and with it the name of its file. The scene itself is complete."


class Records:
    """The folders of all jobs in the ``folder`` of the server."""

    def __init__(self, folder: Path) -> None:
        """Make the folder that the jobs' own folders lie in."""
        self._jobs, self._aside, self._deleted = folder / "jobs", folder / "set-aside", folder / "deleted"
        self._old_database = folder / "jobs.sqlite"
        self._jobs.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._deleted, ignore_errors=True)  # only what was to be deleted when the server ended

    def folder_of(self, id: str) -> Path:
        """Return where the files of a job lie."""
        return self._jobs / id

    def write(self, job: Job) -> None:
        """Write down a job; raises `ResourceError` for a full disk."""
        with atomic_path(self.folder_of(job.id) / RECORD) as path:
            path.write_text(job.model_dump_json(), encoding="utf-8")

    def remove(self, id: str) -> None:
        """Delete the folder of a job, so that a server that ends meanwhile finds no half of it."""
        folder = self.folder_of(id)
        try:
            self._deleted.mkdir(exist_ok=True)
            folder = folder.rename(self._deleted / f"{id}-{time.time_ns()}")
        except OSError as error:
            log.info("the folder of job %s is deleted where it is: %s", id, error)
        shutil.rmtree(folder, ignore_errors=True)

    def read(self) -> list[Job]:
        """Return all jobs, the oldest first."""
        folders = [folder for folder in self._jobs.iterdir() if folder.is_dir() and _ID.fullmatch(folder.name)]
        old = {} if all((folder / RECORD).is_file() for folder in folders) else _old_states(self._old_database)
        jobs = [self._read(folder, old.get(folder.name)) for folder in folders]
        return sorted((job for job in jobs if job is not None), key=lambda job: (job.created_s, job.id))

    def _read(self, folder: Path, old_state: str | None) -> Job | None:
        """Return the job of a folder by the first of its records, or else its files, that can be understood."""
        record = folder / RECORD
        try:
            return _job(record.read_text(encoding="utf-8"), folder)
        except _NOT_UNDERSTOOD as error:
            reason = type(error).__name__
        for found in (lambda: _job(old_state or "", folder), lambda: _recovered(folder)):
            with suppress(*_NOT_UNDERSTOOD):
                return self._written(found())
        self._set_aside(folder, reason)
        return None

    def _written(self, job: Job) -> Job:
        """Write a record down again; where that fails it is found the same way at the next start."""
        try:
            self.write(job)
        except (OSError, InputError, ResourceError) as error:
            log.warning("job %s could not be written down: %s", job.id, error)
        return job

    def _set_aside(self, folder: Path, reason: str) -> None:
        if not any(folder.iterdir()):
            folder.rmdir()  # made, and nothing put into it
            return
        try:
            self._aside.mkdir(exist_ok=True)
            target = folder.rename(self._aside / f"{folder.name}-{time.time_ns()}")
        except OSError as error:
            log.warning("the folder %s is not understood (%s), and cannot be moved aside: %s", folder, reason, error)
            return
        log.warning("the folder of job %s is not understood (%s): it was moved to %s. Delete it there if you do not need it.",
                    folder.name, reason, target)


def _job(state: str, folder: Path) -> Job:
    """Return a job as it was written down, with those of its files that are there; raises `ValueError` or `KeyError`.

    Where it is done and none of these is a scene, whatever is there belongs to it.
    """
    job = Job.model_validate_json(state)
    if job.id != folder.name:
        raise ValueError("the record of another job")
    job.model_dump_json()  # raises where the settings are not ones
    there = _files_in(folder)
    files = {name: size for name, size in job.files.items() if name in there}
    is_shown = job.status != "done" or job.frames or _holds_scene(files, job)
    return job.model_copy(update={"files": files if is_shown else there})


def _recovered(folder: Path) -> Job:
    """Return the job of a scene that is finished by what lies in its folder; raises what `_job` does, and `InputError`."""
    path = folder / SETTINGS  # written last
    settings = Settings.of(**json.loads(path.read_text(encoding="utf-8"))["settings"]).model_dump()
    made_s = path.stat().st_mtime
    is_video = (folder / FRAMES_FOLDER).is_dir()
    files = _files_in(folder)
    kind: Kind = "video" if is_video else "clip" if f"scene.{CLIP_FORMAT}" in files else "photo"
    job = Job(id=folder.name, kind=kind, name="recovered", settings=settings, created_s=made_s,
              ended_s=made_s, status="done", fraction=1.0, files=files, warnings=[_LOST])
    job = job.model_copy(update={"frames": finished_frames(job, folder) if is_video else 0})
    if not job.frames and not _holds_scene(files, job):
        raise ValueError("no scene")
    return job


def _holds_scene(files: Container[str], job: Job) -> bool:
    return any(f"scene.{name}" in files for name in job.formats)


def _files_in(folder: Path) -> dict[str, int]:
    """Return the files of a job with their sizes, without what was sent and what was written down."""
    return {file.name: file.stat().st_size for file in folder.iterdir()
            if file.is_file() and not file.name.startswith((".", SOURCE)) and file.name != RECORD}


def _old_states(database: Path) -> dict[str, str]:
    """Return the records of earlier versions by id, which kept all of them in one database; what cannot be read is left out."""
    if not database.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as opened:
            return {str(id): str(state) for id, state in opened.execute("SELECT id, state FROM jobs")}
    except sqlite3.Error as error:
        log.warning("%s cannot be read (%s): jobs are listed by their folders", database, printable(reason(error)))
        return {}
