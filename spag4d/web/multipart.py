"""Multipart forms, taken apart as they arrive: a file goes straight to where it is to lie."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.multipart import parse_options_header

from spag4d.errors import InputError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FORM_BYTES = 1 << 16
"""What a form may hold beside its file."""

_LONGEST_NAME = 120
"""Letters of a file's name: in Cyrillic 240 bytes, and file systems end at 255."""


class TooLarge(Exception):
    """More was sent than may be."""


@dataclass
class Form:
    """What a request carried: text fields, and perhaps a file."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    name: str = ""


class Receiver:
    """Takes the parts of a form as the parser finds them: a file goes to the disk, fields may be short."""

    def __init__(self, path: Path) -> None:
        """Write the file, if there is one, to ``path``."""
        self._path = path
        self._form = Form()
        self._file: BinaryIO | None = None
        self._header_name = self._header_value = b""
        self._disposition = b""
        self._field = ""
        self._value = b""
        self._text_bytes = 0
        self._ended = False

    def callbacks(self) -> "MultipartCallbacks":
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin_part, "on_header_field": self._on_header_name,
            "on_header_value": self._on_header_value, "on_header_end": self._end_header,
            "on_headers_finished": self._begin_content, "on_part_data": self._on_content,
            "on_part_end": self._end_part, "on_end": self._end,
        }

    def form(self) -> Form:
        """Return what was received, once all of it was."""
        if not self._ended:
            raise InputError("the form is incomplete: its end is missing. Send it again.")
        return self._form

    def discard(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _begin_part(self) -> None:
        self._disposition, self._value = b"", b""

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _begin_content(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            if self._field in self._form.fields:
                raise InputError(f"'{self._field}' was sent twice.")
            return
        if self._field != "file" or self._form.file is not None:
            raise InputError("send one file, in the field 'file'.")
        self._form.name = shown_name(options[b"filename"].decode("utf-8", "replace"))
        self._form.file = self._path
        self._file = self._path.open("wb")

    def _on_content(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(memoryview(data)[start:end])
            return
        self._text_bytes += end - start
        if self._text_bytes > FORM_BYTES:
            raise TooLarge
        self._value += data[start:end]

    def _end_part(self) -> None:
        if self._file is None:
            self._form.fields[self._field] = self._value.decode("utf-8", "replace")
        else:
            self._file.close()
            self._file = None

    def _end(self) -> None:
        self._ended = True


def shown_name(name: str) -> str:
    """Return the name of an uploaded file as people may read it; it never becomes a path."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:_LONGEST_NAME].strip() or "panorama"
