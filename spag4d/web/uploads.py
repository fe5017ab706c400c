"""Uploads: streamed to the disk as they come, and refused as soon as they are too large."""

import errno
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import FormParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from spag4d.errors import InputError, ResourceError
from spag4d.io.media import media_kind
from spag4d.web.jobs import Kind

_FORM_BYTES = 1 << 16
_LONGEST_NAME = 120
_DAY_S = 86400.0


class TooLarge(Exception):
    """More was sent than may be."""


@dataclass(frozen=True)
class Upload:
    """A file that was sent: where it lies, what it shows and what its sender calls it."""

    path: Path
    kind: Kind
    name: str


@dataclass
class Form:
    """What a request carried: text fields, and perhaps a file."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    name: str = ""


class Uploads:
    """The folder of files that were sent and belong to no job yet."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        """Keep uploads in ``folder``, of at most ``max_bytes`` each."""
        self._folder, self.max_bytes = folder, max_bytes
        folder.mkdir(parents=True, exist_ok=True)

    async def receive(self, request: Request) -> Form:
        """Read a multipart request; raises `TooLarge`, `InputError` for what is no form, and `ResourceError` for a full disk."""
        content_type, options = parse_options_header(request.headers.get("content-type"))
        if content_type != b"multipart/form-data" or b"boundary" not in options:
            raise InputError("send a form of the type multipart/form-data.")
        limit = self.max_bytes + _FORM_BYTES
        if int(request.headers.get("content-length", "0")) > limit:
            raise TooLarge
        form = Form()
        with self._explained(form):
            parser = self._parser(options[b"boundary"], form)
            received = 0
            async for piece in request.stream():
                received += len(piece)
                if received > limit:
                    raise TooLarge
                await run_in_threadpool(parser.write, piece)
            await run_in_threadpool(parser.finalize)
        return form

    def _parser(self, boundary: bytes, form: Form) -> FormParser:
        def on_field(part: Any) -> None:
            name = (part.field_name or b"").decode("utf-8", "replace")
            if name in form.fields:
                raise InputError(f"'{name}' was sent twice.")
            form.fields[name] = (part.value or b"").decode("utf-8", "replace")

        def on_file(part: Any) -> None:
            if form.file is not None or part.field_name != b"file":
                raise InputError("send one file, in the field 'file'.")
            part.flush_to_disk()
            form.file = self._folder / secrets.token_hex(8)
            form.name = shown_name((part.file_name or b"").decode("utf-8", "replace"))
            part.close()
            os.replace(os.fsdecode(part.actual_file_name), form.file)

        config: dict[Any, Any] = {
            "UPLOAD_DIR": str(self._folder), "UPLOAD_DELETE_TMP": False, "UPLOAD_KEEP_FILENAME": False,
            "UPLOAD_KEEP_EXTENSIONS": False, "MAX_MEMORY_FILE_SIZE": 1}
        return FormParser("multipart/form-data", on_field, on_file, boundary=boundary, config=config)

    @contextmanager
    def _explained(self, form: Form) -> Iterator[None]:
        """Leave nothing behind of a request that fails, and say why it did."""
        before = set(self._folder.iterdir())
        try:
            yield
        except BaseException as error:
            for path in set(self._folder.iterdir()) - before if form.file is None else {form.file}:
                path.unlink(missing_ok=True)
            if isinstance(error, FormParserError):
                raise InputError(f"the form is damaged: {error}") from error
            if isinstance(error, ClientDisconnect):
                raise InputError("the upload was broken off.") from error
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ResourceError("the server's disk is full. Delete scenes that you no longer need.") from error
            raise

    def keep(self, form: Form) -> tuple[str, Upload]:
        """Keep the file of a form for a later job, and return its id with it; raises `InputError` for what cannot be used."""
        if form.file is None:
            raise InputError("no file was sent, in the field 'file'.")
        try:
            upload = Upload(form.file, media_kind(form.file), form.name)
        except InputError as error:
            form.file.unlink(missing_ok=True)
            raise InputError(str(error).replace(str(form.file), form.name)) from error
        _facts(form.file).write_text(json.dumps({"kind": upload.kind, "name": upload.name}), encoding="utf-8")
        return form.file.name, upload

    def get(self, id: str) -> Upload | None:
        """Return a kept upload, or None where there is no such one."""
        if not re.fullmatch("[0-9a-f]{16}", id):
            return None
        try:
            facts = json.loads(_facts(self._folder / id).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return Upload(self._folder / id, facts["kind"], facts["name"])

    def clear_old(self) -> None:
        """Delete what was sent a day ago and never used."""
        for path in self._folder.iterdir():
            if path.stat().st_mtime < time.time() - _DAY_S:
                path.unlink(missing_ok=True)


def _facts(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def shown_name(name: str) -> str:
    """Return the name of an uploaded file as people may read it; it never becomes a path."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:_LONGEST_NAME].strip() or "panorama"


def copied(source: Path, target: Path) -> None:
    """Let ``target`` be the same file as ``source``, without a copy where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
