"""The header of a PLY file of any tool."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spag4d.errors import InputError

_TYPES = {
    "char": "i1", "uchar": "u1", "short": "<i2", "ushort": "<u2", "int": "<i4", "uint": "<u4", "float": "<f4", "double": "<f8",
    "int8": "i1", "uint8": "u1", "int16": "<i2", "uint16": "<u2", "int32": "<i4", "uint32": "<u4", "float32": "<f4",
    "float64": "<f8",
}
_HEADER_LIMIT = 1 << 20
_COMMENT_LIMIT = 1000  # readers built on rply refuse lines of 1024 characters

Element = tuple[str, int, list[tuple[str, str]]]
"""An element's name, how many there are, and its properties with their numpy types."""


@dataclass(frozen=True)
class PlyHeader:
    """``count`` vertices, each one ``record``, begin at byte ``offset``."""

    record: np.dtype
    count: int
    offset: int


def read_header(path: Path, required: Sequence[str]) -> PlyHeader:
    """Read where the vertices are; raises `InputError` unless they are binary, little endian and have all ``required``."""
    elements, offset = read_elements(path)
    names = [name for name, _, _ in elements]
    if "chunk" in names:
        raise InputError(f"{path} is a compressed PLY: end its name in .compressed.ply.")
    if names[:1] != ["vertex"]:
        raise InputError(f"{path} holds no Gaussians: its first element is '{names[0] if names else ''}', expected 'vertex'.")
    return PlyHeader(record_of(path, elements[0], required), elements[0][1], offset)


def read_elements(path: Path) -> tuple[list[Element], int]:
    """Return the elements of a binary little-endian PLY and where their data begin; raises `InputError` for any other."""
    lines, offset = header_lines(path)
    encoding, elements = _parsed(path, lines)
    if encoding != "binary_little_endian":
        raise InputError(f"{path} is a PLY in '{encoding}' form. Save it as binary_little_endian.")
    return elements, offset


def record_of(path: Path, element: Element, required: Sequence[str]) -> np.dtype:
    """Return an element's record; raises `InputError` where it lacks ``required`` properties or has one of them twice."""
    _, _, properties = element
    present = {name for name, _ in properties}
    missing = [name for name in required if name not in present]
    if missing:
        raise InputError(f"{path} is no 3DGS PLY: it lacks the properties {', '.join(missing)}.")
    try:
        return np.dtype(properties)
    except ValueError as error:  # a property twice
        raise InputError(f"{path} has a damaged PLY header: {error}.") from error


def comment_lines(comments: Sequence[str]) -> list[str]:
    """Return the lines of a header for comments: printable ASCII, and without the word that readers take for its end."""
    return [f"comment {_one_line(comment)}" for comment in comments]


def _one_line(comment: str) -> str:
    escaped = "".join(c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in comment)
    escaped = escaped.replace("end_header", "end\\x5fheader")
    return escaped if len(escaped) <= _COMMENT_LIMIT else f"{escaped[:_COMMENT_LIMIT]}..."


def header_lines(path: Path) -> tuple[list[str], int]:
    """Return the header's lines after the first, without their ends, and where the data begin; raises `InputError`."""
    lines: list[str] = []
    with path.open("rb") as file:
        if file.readline(5).rstrip() != b"ply":
            raise InputError(f"{path} is not a PLY file: it does not begin with 'ply'.")
        while file.tell() < _HEADER_LIMIT:
            line = file.readline(_HEADER_LIMIT)
            lines.append(line.decode("ascii", "replace").rstrip("\r\n"))
            if lines[-1] == "end_header" and line.endswith(b"\n"):
                return lines, file.tell()
            if not line:
                break
    raise InputError(f"{path} is cut short or no PLY file: its header has no end.")


def _parsed(path: Path, lines: Sequence[str]) -> tuple[str, list[Element]]:
    """Return the encoding and the elements as (name, count, [(property, numpy type)])."""
    encoding, elements = "unknown", []
    for line, words in _statements(lines):
        try:
            if words[0] == "format":
                encoding = words[1]
            elif words[0] == "element":
                elements.append((words[1], _count(words[2]), []))
            elif words[0] == "property" and (words[1] != "list" or elements[-1][0] == "vertex"):
                elements[-1][2].append((words[2], _TYPES[words[1]]))
        except (IndexError, KeyError, ValueError) as error:
            raise InputError(f"{path} has a damaged PLY header at '{line[:80]}'.") from error
    return encoding, elements


def _statements(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for line in lines:
        words = line.split()
        if words and words[0] in ("format", "element", "property"):
            yield line, words


def _count(word: str) -> int:
    if not word.isdecimal():
        raise ValueError(word)
    return int(word)
