"""Uploads: streamed to the disk as they come, refused as soon as they are too large, deleted where no job takes them."""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

from spag4d.errors import InputError, ResourceError
from spag4d.photos.decode import declared_size
from spag4d.photos.read_depth import check_is_depth
from spag4d.web.job import Kind
from spag4d.web.jobs import DISK_FULL
from spag4d.web.places import DEPTH_SOURCE, source_names
from spag4d.web.scene_files import sent_kind

KEPT_S = 86400.0
"""Seconds after which a file that no job took is deleted: to send many large videos before the first job takes hours."""
SPARED_S = 600.0
"""Seconds after which it makes room where room is short: the page makes its job within a second."""

UPLOAD_GONE = "that upload no longer exists. Send the file again."

_ID = re.compile(r"[0-9a-f]{16}")
_KEPT = re.compile(r"[0-9a-f]{16}(\.json)?")
_OURS = re.compile(r"[0-9a-f]{16}(\.json|\.part)?")
_SPARE_BYTES = 500_000_000
"""What has to stay free on the disk for the scenes that are made of an upload."""
_LONGEST_NAME = 120
"""Letters of a file's name: in Cyrillic 240 bytes, and file systems end at 255."""


class TooLarge(Exception):
    """The request carries more than the server accepts."""


UploadKind = Kind | Literal["depth"]


@dataclass(frozen=True)
class Upload:
    """A file that was sent: where it lies, what it shows and what its sender calls it."""

    path: Path
    kind: UploadKind
    name: str


class _Facts(BaseModel):
    """What is written down beside a kept upload."""

    kind: UploadKind
    name: str


class Uploads:
    """The folder of uploaded files that wait for a job."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        """Keep uploads in ``folder``, of at most ``max_bytes`` each; what an earlier server received by half is deleted."""
        self._folder, self.max_bytes = folder, max_bytes
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob("*.part"):
            if _OURS.fullmatch(unfinished.name):
                unfinished.unlink(missing_ok=True)

    def count(self) -> int:
        """Return how many wait for a job."""
        return sum(bool(_ID.fullmatch(path.name)) for path in self._folder.iterdir())

    async def receive(self, request: Request, name: str, *, is_depth: bool = False) -> tuple[str, Upload]:
        """Keep the body of a request, a depth map where that ``is_depth``; return its id with it. What fails leaves nothing.

        Raises `TooLarge`, `InputError` for what breaks off or is plainly not usable, and `ResourceError` for a full disk.
        """
        self._check_length(request.headers.get("content-length", ""))
        path = self._folder / f"{secrets.token_hex(8)}.part"
        try:
            with _explained():
                await self._write(request.stream(), path)
            return await run_in_threadpool(self._keep, path, shown_name(name), is_depth)
        except BaseException:
            for left in (path, _facts(path)):
                left.unlink(missing_ok=True)
            raise

    def _check_length(self, declared: str) -> None:
        length = int(declared) if declared.isdecimal() and len(declared) < 20 else 0
        if length > self.max_bytes:
            raise TooLarge
        if self._is_short_of(length):
            self.clear_old(SPARED_S)
            if self._is_short_of(length):
                raise ResourceError(DISK_FULL)

    def _is_short_of(self, length: int) -> bool:
        return length + _SPARE_BYTES > shutil.disk_usage(self._folder).free

    async def _write(self, pieces: AsyncIterator[bytes], path: Path) -> None:
        received = 0
        with path.open("xb") as file:
            async for piece in pieces:
                received += len(piece)
                if received > self.max_bytes:
                    raise TooLarge
                await run_in_threadpool(file.write, piece)

    def _keep(self, path: Path, name: str, is_depth: bool) -> tuple[str, Upload]:
        try:
            kind = _kind_of(path, name, is_depth)
        except InputError as error:
            raise InputError(str(error).replace(str(path), name)) from error
        with _explained():
            _facts(path).write_text(_Facts(kind=kind, name=name).model_dump_json(), encoding="utf-8")
            kept = path.replace(path.with_suffix(""))
        return kept.name, Upload(kept, kind, name)

    def get(self, id: str) -> Upload | None:
        """Return a kept upload, or None for an unknown id."""
        if not _ID.fullmatch(id) or not (path := self._folder / id).is_file():
            return None
        try:
            facts = _Facts.model_validate_json(_facts(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return Upload(path, facts.kind, facts.name)

    def forget(self, id: str) -> None:
        """Delete a kept upload: a job has a file of its own."""
        if _ID.fullmatch(id):
            for path in (self._folder / id, _facts(self._folder / id)):
                with suppress(OSError):  # another job is being made of it; it is cleared when it is old
                    path.unlink(missing_ok=True)

    def clear_old(self, age_s: float = KEPT_S) -> None:
        """Delete the uploads that no job has taken for so long."""
        for path in self._folder.iterdir():
            with suppress(OSError):  # it is being renamed or read
                if _KEPT.fullmatch(path.name) and path.stat().st_mtime < time.time() - age_s:
                    path.unlink()


def _kind_of(path: Path, name: str, is_depth: bool) -> UploadKind:
    """Return the kind of a file by its first bytes; raises `InputError` for what is plainly not usable."""
    if is_depth:
        check_is_depth(path)
        return "depth"
    kind = sent_kind(path, name)
    if kind == "photo":
        declared_size(path)
    return kind


@contextmanager
def _explained() -> Iterator[None]:
    """Say why a request could not be received."""
    try:
        yield
    except ClientDisconnect as error:
        raise InputError("the upload was interrupted.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise ResourceError(DISK_FULL) from error
        raise


def _facts(path: Path) -> Path:
    return path.with_name(f"{path.stem}.json")


def shown_name(name: str) -> str:
    """Return the name of an uploaded file as people may read it; it never becomes a path."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:_LONGEST_NAME].strip() or "panorama"


def copied(sources: Sequence[Path], folder: Path, depth: Path | None = None) -> None:
    """Make the folder of a job, in which ``sources`` and ``depth`` are what was uploaded; without copies where that can be.

    Raises `InputError` where a source is gone, and `ResourceError` for a full disk.
    """
    with _explained():
        folder.mkdir(parents=True)
        for source, name in zip(sources, source_names(len(sources)), strict=True):
            _copy(source, folder / name)
        if depth is not None:
            _copy(depth, folder / DEPTH_SOURCE)


def _copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError as error:
        raise InputError(UPLOAD_GONE) from error
    except OSError:
        shutil.copyfile(source, target)
