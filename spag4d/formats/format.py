"""What a scene format is: the record that each of them fills in, and what several share to recognise their files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from spag4d.data import Gaussians
from spag4d.formats.placing import ORIGIN
from spag4d.progress import SILENT, Progress


@runtime_checkable
class Reader(Protocol):
    """Reads a file, with a warning about whatever it leaves out. Raises `InputError`."""

    def __call__(
        self, path: Path, /, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT
    ) -> Gaussians:
        """Return the Gaussians, moved by ``shift_m`` before their places are cut to float32 (see `placing.placed`)."""
        ...


@runtime_checkable
class Writer(Protocol):
    """Writes finite Gaussians to a temporary file; reports progress and warns of lost precision."""

    def __call__(
        self, path: Path, gaussians: Gaussians, /, *, comments: Sequence[str] = (), progress: Progress = SILENT
    ) -> None:
        """Leave ``comments`` out where the format has no place for them."""
        ...


@dataclass(frozen=True)
class Format:
    """Everything that the program knows about one scene format.

    ``label`` and ``purpose`` are for people. ``recognises(path, head)`` decides whether a file has this format by its first
    4096 bytes (none for a folder) and, where these are not enough, by more of it; formats are tried in the order of their
    registry, those without a ``beginning`` of their own last. ``describe(path)`` returns precision and version as text.

    ``write`` is None for a format that is only read, ``comments`` for one without a place for them. ``raw`` reads the stored
    values, invalid ones too, for `spag4d info` and `spag4d check`; it is None where `read` repairs nothing. ``shown`` ranks it
    among the formats that the web page can show (1 first), None where it cannot. ``holds_sh`` is whether view-dependent colour
    is kept, ``holds_layers`` whether Gaussians keep their order, so that a comment can name the layers, ``y_up`` whether its
    files are y up (`read` and `write` turn them), ``endings`` the extensions of its files beside ``.name``.
    """

    name: str
    label: str
    purpose: str
    recognises: Callable[[Path, bytes], bool]
    read: Reader
    describe: Callable[[Path], str]
    write: Writer | None = None
    comments: Callable[[Path], list[str]] | None = None
    raw: Callable[[Path], Gaussians] | None = None
    shown: int | None = None
    holds_sh: bool = True
    holds_layers: bool = False
    y_up: bool = False
    beginning: bool = True
    endings: tuple[str, ...] = ()

    @property
    def all_endings(self) -> tuple[str, ...]:
        """The endings of its files' names, in lower case."""
        return f".{self.name}", *self.endings


def degree_in_words(degree: int) -> str:
    """Return the end of a description: the degree of view-dependent colour."""
    return f", view-dependent colour of degree {degree}" if degree > 0 else ""


def json_in(head: bytes) -> bytes:
    """Return the beginning of a JSON document, empty for anything else."""
    text = text_in(head)
    return text if text[:1] in (b"{", b"[") else b""


def text_in(head: bytes) -> bytes:
    """Return the beginning of a text without a byte order mark and white space."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()
