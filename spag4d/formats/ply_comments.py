"""The comments of a PLY file: read, and one of them replaced without touching the data."""

import shutil
from collections.abc import Callable
from pathlib import Path

from spag4d.errors import InputError
from spag4d.formats.ply_header import header_lines
from spag4d.io.atomic import atomic_path

_WORD = b"comment "


def read_comments(path: Path) -> list[str]:
    """Return the comments in a PLY's header, without that word; raises `InputError` for anything but a PLY."""
    lines, _ = header_lines(path)
    return [line.removeprefix("comment ") for line in lines if line.startswith("comment ")]


def replace_comment(path: Path, comment: str, is_older: Callable[[str], bool]) -> None:
    """Put a comment before the first element of a PLY, instead of those that ``is_older`` knows.

    Everything else stays byte for byte, and the file is replaced as a whole. Raises `InputError`, `ResourceError`.
    """
    _, offset = header_lines(path)
    with path.open("rb") as source, atomic_path(path) as target:
        lines = source.read(offset).splitlines(keepends=True)
        end = b"\r\n" if lines[0].endswith(b"\r\n") else b"\n"
        kept = [line for line in lines if not (line.startswith(_WORD) and is_older(_text(line)))]
        before = next((number for number, line in enumerate(kept) if line.startswith(b"element")), None)
        if before is None:
            raise InputError(f"{path} has a damaged PLY header: it names no element.")
        kept.insert(before, _WORD + comment.encode("ascii") + end)
        with target.open("wb") as file:
            file.writelines(kept)
            shutil.copyfileobj(source, file, 1 << 20)


def _text(line: bytes) -> str:
    return line.decode("ascii", "replace").removeprefix("comment ").rstrip("\r\n")
