"""What runs behind the page: the jobs, their files, the processes that convert, and what is forgotten when it is old."""

import logging
import re
import secrets
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fastapi.concurrency import run_in_threadpool
from filelock import FileLock, Timeout
from starlette.requests import Request

from spag4d.cluster.connect import check_cluster
from spag4d.contradictions import check_is_of_a_clip
from spag4d.errors import InputError, Spag4dError
from spag4d.settings import Settings
from spag4d.web.board import Board
from spag4d.web.job import Job, Kind
from spag4d.web.jobs import Jobs, QueueFull
from spag4d.web.making import KINDS, Animation, AnyWish, checked
from spag4d.web.models import Models
from spag4d.web.places import DEPTH_SOURCE, SOURCE, example_file, source_names, web_folder
from spag4d.web.records import Records
from spag4d.web.runner import Crew, Runner
from spag4d.web.scene_files import MOVING_SCENE, fullest_scene
from spag4d.web.uploads import SPARED_S, UPLOAD_GONE, Upload, Uploads, copied

log = logging.getLogger("spag4d.web")

_VERSION = re.compile(r" \(version \d+\)(?=\.[^.]*$|$)")
"""What tells a version of a scene from the first one, in its name."""
EXAMPLE = "000000000000e0a1"
"""The id of the example's job."""
_DAY_S = 86400.0  # seconds
_TIDY_EVERY_S = 3600.0
"""Jobs are kept for days, so an hour more does not matter."""
_TIDY_FIRST_S = 600.0
"""Nothing is deleted at once: a computer's clock may be years wrong until it has asked another one."""


@dataclass(frozen=True)
class Limits:
    """The largest upload in megabytes, how many jobs may wait, and for how many days a job is kept (0 for ever).

    ``with_example`` is whether the example is converted when nothing else is to be done.
    """

    max_upload_mb: float = 4000.0
    max_queue: int = 100
    keep_days: float = 90.0
    with_example: bool = False


class Service:
    """Everything behind the page, for one server at a time on a folder."""

    def __init__(self, limits: Limits | None = None, cluster: str | None = None) -> None:
        """Do nothing yet; `start` begins. The workers of a ``cluster`` do the jobs, see `spag4d.web.remote_worker`."""
        self.limits, self._cluster, self._connection = limits or Limits(), cluster, ExitStack()
        self.board = Board()
        self.models = Models(self.board)
        self.folder = web_folder()
        self._places = threading.Lock()  # while a job takes an upload, the two are not counted as two
        self._stopping = threading.Event()
        self._started = False

    def start(self) -> None:
        """Take up the work where an earlier server left it; raises `InputError` where another one is still there."""
        if self._started:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.folder / ".lock", timeout=0)
            self._lock.acquire()
        except Timeout as error:
            raise InputError(f"another SPAG-4D server is using {self.folder}. Stop it, or set SPAG4D_HOME to another "
                             "folder.") from error
        except OSError as error:
            raise InputError(f"cannot write to {self.folder}: {error.strerror}. Set SPAG4D_HOME to a folder that you may "
                             "write to.") from error
        self.uploads = Uploads(self.folder / "uploads", max_bytes=int(self.limits.max_upload_mb * 1e6))
        self.jobs = Jobs(Records(self.folder), self.board, max_queue=self.limits.max_queue)
        self.runner = Runner(self.jobs, self.folder / "jobs", self._crew())
        if self.limits.with_example:
            self._prepare_example()
        self.runner.start()
        threading.Thread(target=self._tidy_for_ever, name="spag4d tidying", daemon=True).start()
        self._started = True

    def _crew(self) -> Crew | None:
        if self._cluster is None:
            return None
        check_cluster(self._cluster)
        from spag4d.web.remote_worker import crew_of

        return self._connection.enter_context(crew_of(self._cluster, self.folder))

    def _prepare_example(self) -> None:
        """Queue the conversion of the example that the page begins with, once, behind everything else."""
        file = example_file()
        if self.jobs.get(EXAMPLE) is None and file.is_file():
            try:
                self._add([Upload(file, "photo", file.name)], "photo", Settings().model_dump(), id=EXAMPLE, is_example=True)
            except (QueueFull, Spag4dError) as error:
                log.warning("the example is not converted: %s", error)

    def stop(self) -> None:
        """End the work; what was under way is started again by the next server."""
        if self._started:
            self._started = False
            self._stopping.set()
            self.models.stop()
            self.runner.stop()
            self._connection.close()
            self._lock.release()

    def folder_of(self, job: Job) -> Path:
        """Return where the files of a job lie."""
        return self.jobs.records.folder_of(job.id)

    def sources(self, id: str) -> list[Upload]:
        """Return what was uploaded under an id, which may also be that of a job: its files can be converted again.

        Raises `InputError` where there is no such one.
        """
        job = self.jobs.get(id)
        if job is not None and job.of:
            raise InputError("this was made of another scene, not of a file that was sent.")
        if job is not None:
            kind = _kind_of_files(job)
            stored = source_names(len(job.called))
            return [Upload(self.folder_of(job) / file, kind, name) for file, name in zip(stored, job.called, strict=True)]
        upload = self.uploads.get(id)
        if upload is None:
            raise InputError(UPLOAD_GONE)
        return [upload]

    async def receive(self, request: Request, name: str, *, is_depth: bool = False) -> tuple[str, Upload]:
        """Keep the body of a request as an upload; raises `QueueFull`, and what `Uploads.receive` raises.

        An upload has a place in the queue as long as no job takes it. What is still being sent has none: a slow sender
        blocks no one.
        """
        await run_in_threadpool(self._check_room)
        id, upload = await self.uploads.receive(request, name, is_depth=is_depth)
        await run_in_threadpool(self._check_room, id)
        return id, upload

    def _check_room(self, kept: str | None = None) -> None:
        """Raise `QueueFull` where there is no room for one more, or for the upload ``kept``, which is deleted then."""
        most = self.limits.max_queue - (kept is None)
        with self._places:
            if self._waiting > most:
                self.uploads.clear_old(SPARED_S)
                if self._waiting > most:
                    if kept is not None:
                        self.uploads.forget(kept)
                    raise QueueFull

    @property
    def _waiting(self) -> int:
        return self.jobs.count("queued") + self.uploads.count()

    def depth_map(self, id: str) -> Upload:
        """Return the depth map that was uploaded under an id, or that a job of this id was made with; raises `InputError`."""
        job = self.jobs.get(id)
        upload = self.uploads.get(id) if job is None else Upload(self.folder_of(job) / DEPTH_SOURCE, "depth", job.depth_map)
        if upload is None or not upload.name:
            raise InputError(UPLOAD_GONE)
        if upload.kind != "depth":
            raise InputError(f"{upload.name} was sent as a picture, not as a depth map.")
        return upload

    def submit(
        self, ids: Sequence[str], settings: Settings, *, one_place: bool = False, one_file: bool = False, depth_map: str = ""
    ) -> Job:
        """Queue the conversion of an upload, which is the job's from now on, or of the file of another job.

        ``one_place`` makes one scene of several pictures, or of a video, ``one_file`` one scene that moves of a video;
        ``depth_map`` is the id of the distances of a single picture. Raises `InputError` where an upload is gone or they do
        not go together, `QueueFull`, and what `copied` raises; the uploads stay then.
        """
        if self.jobs.is_full():
            raise QueueFull
        uploads = [upload for id in dict.fromkeys(ids) for upload in self.sources(id)]
        if one_file:
            _check_clip(uploads, settings, one_place=one_place)
        elif one_place:
            _check_place(uploads)
        elif len(uploads) > 1:
            raise InputError("several uploads make one scene only if they show one place: say so, or make a job of each.")
        _check_kinds(uploads, has_depth=bool(depth_map), one_place=one_place)
        kind = "clip" if one_file else "place" if one_place else cast(Kind, uploads[0].kind)
        return self.add(uploads, settings, kind, self.depth_map(depth_map) if depth_map else None)

    def add(self, uploads: Sequence[Upload], settings: Settings, kind: Kind, depth: Upload | None = None) -> Job:
        """Queue the conversion of files; kept uploads then are deleted. Raises `QueueFull`, and what `copied` raises."""
        return self._add(uploads, kind, settings.model_dump(), depth, depth_map=depth.name if depth else "")

    def make(self, job: Job, wish: AnyWish) -> Job:
        """Queue something to be made of the scene of a job, which goes before conversions.

        Raises `InputError` where there is no scene or the wish cannot be met, `QueueFull`, and what `copied` raises.
        """
        if self.jobs.is_full():
            raise QueueFull
        scene = fullest_scene(job, self.folder_of(job))
        if job.status != "done" or scene is None:
            raise InputError("this job has no scene of its own, or not yet.")
        if isinstance(wish, Animation):
            return self._animate(job, wish)
        if wish.make == "version" and scene.name == MOVING_SCENE:
            raise InputError("a scene that moves cannot be edited. Edit a still one.")
        kind = KINDS[wish.make]
        source = Upload(scene, kind, self._name_of_version(job) if wish.make == "version" else job.name)
        return self._add([source], kind, job.settings, of=job.id, wish=checked(wish), file=scene.name, start=job.start)

    def _animate(self, job: Job, wish: Animation) -> Job:
        """Queue what comes alive of a job's picture, with the settings and the depth map of its scene."""
        if job.kind not in ("photo", "animation"):
            raise InputError("only the scene of a single picture can come alive.")
        folder, kind = self.folder_of(job), KINDS[wish.make]
        source = Upload(folder / SOURCE, kind, self._name_of_version(job))
        depth = Upload(folder / DEPTH_SOURCE, "depth", job.depth_map) if job.depth_map else None
        return self._add([source], kind, job.settings, depth, depth_map=job.depth_map, of=job.id, wish=checked(wish))

    def _name_of_version(self, job: Job) -> str:
        """Return a name for a new version of a job's scene: "room.jpg" becomes "room (version 2).jpg"."""
        root = _VERSION.sub("", job.name)
        versions = [other for other in self.jobs.all() if other.of and other.kind in ("scene", "animation")]
        count = sum(_VERSION.sub("", other.name) == root for other in versions)
        name = Path(root)
        return f"{name.stem} (version {count + 2}){name.suffix}"

    def _add(
        self, uploads: Sequence[Upload], kind: Kind, settings: dict[str, Any], depth: Upload | None = None, **facts: Any
    ) -> Job:
        id = facts.pop("id", None) or secrets.token_hex(8)
        folder = self.folder / "jobs" / id
        try:
            copied([upload.path for upload in uploads], folder, depth and depth.path)
            with self._places:
                job = self.jobs.add(id, kind, [upload.name for upload in uploads], settings, **facts)
                for upload in [*uploads, *([depth] if depth else [])]:
                    self.uploads.forget(upload.path.name)
            if not job.is_example:
                self.runner.postpone(EXAMPLE)
            return job
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def delete(self, job: Job) -> None:
        """Forget a job that has ended, and delete its files, with the pictures and exports that were made of it.

        Raises `InputError` while one of these is being made.
        """
        made = [other for other in self.jobs.all() if other.of == job.id and other.kind in ("export", "picture")]
        if not all(other.has_ended for other in made):
            raise InputError("a picture or file is still being made of this scene. Wait for it, or cancel it first.")
        for one in (*made, job):
            self.jobs.remove(one.id)

    def _tidy_for_ever(self) -> None:
        wait_s = _TIDY_FIRST_S
        while not self._stopping.wait(wait_s):
            wait_s = _TIDY_EVERY_S
            try:
                self._tidy()
            except Exception:
                log.exception("old jobs could not be deleted; trying again later")

    def _tidy(self) -> None:
        self.uploads.clear_old()
        oldest = time.time() - self.limits.keep_days * _DAY_S
        for job in self.jobs.all():
            if self.limits.keep_days and not job.is_example and job.has_ended and (job.ended_s or 0) < oldest:
                with suppress(InputError):  # something is being made of it
                    self.delete(job)


def _kind_of_files(job: Job) -> Kind:
    """Return what the files show that a job was made of."""
    if job.kind == "place":
        return "video" if len(job.called) == 1 else "photo"
    return "video" if job.kind == "clip" else job.kind


def _check_kinds(uploads: Sequence[Upload], *, has_depth: bool, one_place: bool) -> None:
    """Raise `InputError` for a depth map in the place of a picture, or beside anything but a single one."""
    for upload in uploads:
        if upload.kind == "depth":
            raise InputError(f"{upload.name} was sent as a depth map. It belongs to a picture.")
    if has_depth and (one_place or uploads[0].kind != "photo"):
        raise InputError("a depth map belongs to a single picture, and not to a video or to several pictures.")


def _check_place(uploads: Sequence[Upload]) -> None:
    """Raise `InputError` for files that cannot become one scene."""
    kinds = {upload.kind for upload in uploads}
    if "scene" in kinds:
        raise InputError("one scene is made of pictures, or of one video of a walk; scenes are opened one by one.")
    if "video" in kinds and len(uploads) > 1:
        raise InputError("one scene is made of pictures, or of one video of a walk, not of both or of several videos.")
    if kinds == {"photo"} and len(uploads) < 2:
        raise InputError("this is a single picture, and one scene of a place takes two or more. Convert it as it is.")


def _check_clip(uploads: Sequence[Upload], settings: Settings, *, one_place: bool) -> None:
    """Raise `InputError` for files that cannot become one scene that moves, and settings that have no effect on it."""
    if one_place:
        raise InputError("a scene of one place does not move: ask for one place or for one file, not for both.")
    if [upload.kind for upload in uploads] != ["video"]:
        raise InputError("one scene that moves is made of a single video.")
    check_is_of_a_clip(settings)
