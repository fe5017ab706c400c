"""Uploads: streamed to the disk as they come, and refused as soon as they are too large."""

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from spag4d.clips.photo_or_clip import media_kind
from spag4d.errors import InputError, ResourceError, reason
from spag4d.photos.decode import declared_size
from spag4d.web.job import Kind
from spag4d.web.jobs import DISK_FULL
from spag4d.web.multipart import FORM_BYTES, Form, Receiver, TooLarge
from spag4d.web.places import SOURCE

_DAY_S = 86400.0
"""Seconds after which a file that no job took is removed."""
_OURS = re.compile(r"[0-9a-f]{16}(\.json|\.part)?")
_SPARE_BYTES = 500_000_000
"""What has to stay free on the disk for the scenes that are made of an upload."""


@dataclass(frozen=True)
class Upload:
    """A file that was sent: where it lies, what it shows and what its sender calls it."""

    path: Path
    kind: Kind
    name: str


class _Facts(BaseModel):
    """What is written down beside a kept upload."""

    kind: Kind
    name: str


class Uploads:
    """The folder of uploaded files, each of which can be used for a day."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        """Keep uploads in ``folder``, of at most ``max_bytes`` each."""
        self._folder, self.max_bytes = folder, max_bytes
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob("*.part"):
            if _OURS.fullmatch(unfinished.name):
                unfinished.unlink(missing_ok=True)

    async def receive(self, request: Request) -> Form:
        """Read a multipart request; raises `TooLarge`, `InputError` if it is not a form, `ResourceError` for a full disk."""
        content_type, options = parse_options_header(request.headers.get("content-type"))
        if content_type != b"multipart/form-data" or not options.get(b"boundary"):
            raise InputError("send a form of the type multipart/form-data.")
        self._check_length(request.headers.get("content-length", ""))
        receiver = Receiver(self._folder / f"{secrets.token_hex(8)}.part")
        try:
            with _explained():
                parser = MultipartParser(options[b"boundary"], receiver.callbacks())
                async for piece in self._limited(request.stream()):
                    await run_in_threadpool(parser.write, piece)
            return receiver.form()
        except BaseException:
            receiver.discard()
            raise

    def _check_length(self, declared: str) -> None:
        length = int(declared) if declared.isdecimal() and len(declared) < 20 else 0
        if length > self.max_bytes + FORM_BYTES:
            raise TooLarge
        if length + _SPARE_BYTES > shutil.disk_usage(self._folder).free:
            raise ResourceError(DISK_FULL)

    async def _limited(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        received = 0
        async for piece in pieces:
            received += len(piece)
            if received > self.max_bytes + FORM_BYTES:
                raise TooLarge
            yield piece

    def keep(self, form: Form) -> tuple[str, Upload]:
        """Keep the file of a form and return its id with it; raises `InputError` for what can be seen not to be usable."""
        if form.file is None:
            raise InputError("no file was sent, in the field 'file'.")
        try:
            kind = media_kind(form.file)
            if kind == "photo":
                declared_size(form.file)
        except InputError as error:
            form.file.unlink(missing_ok=True)
            raise InputError(str(error).replace(str(form.file), form.name)) from error
        try:
            with _explained():
                _facts(form.file).write_text(_Facts(kind=kind, name=form.name).model_dump_json(), encoding="utf-8")
                kept = form.file.replace(form.file.with_suffix(""))
        except ResourceError:
            self.forget(form)
            raise
        return kept.name, Upload(kept, kind, form.name)

    def get(self, id: str) -> Upload | None:
        """Return a kept upload, or None where there is no such one."""
        path = self._folder / id
        if not re.fullmatch("[0-9a-f]{16}", id) or not path.is_file():
            return None
        try:
            facts = _Facts.model_validate_json(_facts(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return Upload(path, facts.kind, facts.name)

    def forget(self, form: Form) -> None:
        """Delete the file of a form, kept or not; jobs that use it have one of their own."""
        if form.file is not None:
            for path in (form.file, form.file.with_suffix(""), _facts(form.file)):
                path.unlink(missing_ok=True)

    def clear_old(self) -> None:
        """Delete what was sent a day ago; jobs that use it have a file of their own."""
        for path in self._folder.iterdir():
            with suppress(OSError):  # it is being renamed or read
                if _OURS.fullmatch(path.name) and path.stat().st_mtime < time.time() - _DAY_S:
                    path.unlink()


@contextmanager
def _explained() -> Iterator[None]:
    """Say in words why a request could not be received."""
    try:
        yield
    except FormParserError as error:
        raise InputError(f"the form is damaged: {reason(error)}.") from error
    except ClientDisconnect as error:
        raise InputError("the upload was interrupted.") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise ResourceError(DISK_FULL) from error
        raise


def _facts(path: Path) -> Path:
    return path.with_name(f"{path.stem}.json")


def copied(source: Path, folder: Path) -> None:
    """Make the folder of a job, in which ``source`` is what was uploaded; without a copy where the file system can.

    Raises `InputError` where the source is gone, and `ResourceError` for a full disk.
    """
    with _explained():
        folder.mkdir(parents=True)
        try:
            os.link(source, folder / SOURCE)
        except FileNotFoundError as error:
            raise InputError("that upload no longer exists. Send the file again.") from error
        except OSError:
            shutil.copyfile(source, folder / SOURCE)
