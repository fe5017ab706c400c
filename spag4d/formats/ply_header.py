"""The header of a PLY file of any tool."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spag4d.errors import InputError, reason

ASCII = "ascii"
_ORDERS = {ASCII: "<", "binary_little_endian": "<", "binary_big_endian": ">"}
_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4", "double": "f8",
    "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4", "float32": "f4",
    "float64": "f8",
}
_HEADER_LIMIT = 1 << 20
"""Bytes: real headers take two kB and comments a few more; without an end a file of one line would be read whole."""
_PROPERTY_LIMIT = 1000  # numpy's records of more are slow to make, and no scene has a fifth of it
_COMMENT_LIMIT = 1000  # readers built on rply refuse lines of 1024 characters


def begins_ply(head: bytes) -> bool:
    """Return whether a file that begins with ``head`` is a PLY."""
    return head.startswith(b"ply") and head[3:4] in (b"\n", b"\r", b" ")


@dataclass(frozen=True)
class Element:
    """``count`` of one kind, each with ``properties`` of a name and a numpy type without byte order; a "list" has none."""

    name: str
    count: int
    properties: list[tuple[str, str]]

    @property
    def names(self) -> list[str]:
        """The names of the properties."""
        return [name for name, _ in self.properties]

    @property
    def rest_count(self) -> int:
        """How many properties hold view-dependent colour."""
        return sum(name.startswith("f_rest_") for name in self.names)


@dataclass(frozen=True)
class PlyHeader:
    """A PLY's header: how numbers are written, its elements, and the byte at which the first one begins."""

    encoding: str
    elements: list[Element]
    offset: int

    @property
    def order(self) -> str:
        """The byte order as numpy writes it."""
        return _ORDERS[self.encoding]

    @property
    def is_compressed(self) -> bool:
        """Whether it is PlayCanvas's compressed PLY."""
        return [element.name for element in self.elements[:2]] == ["chunk", "vertex"]


def read_header(path: Path) -> PlyHeader:
    """Return a PLY's header; raises `InputError` where it is not a PLY or cannot be understood."""
    lines, offset = header_lines(path)
    encoding, elements = _parsed(path, lines)
    if encoding not in _ORDERS:
        raise InputError(f"{path} is a PLY in '{encoding[:80]}' form. Save it as binary_little_endian.")
    return PlyHeader(encoding, elements, offset)


def vertex_names(path: Path, head: bytes) -> set[str]:
    """Return the names of the vertices' properties in a file that begins with ``head``, none for what is not a PLY."""
    if not begins_ply(head):
        return set()
    try:
        return {name for element in read_header(path).elements if element.name == "vertex" for name in element.names}
    except InputError:
        return set()


def comment_lines(comments: Sequence[str]) -> list[str]:
    """Return a header's comment lines: printable ASCII, and without the word that ends a header."""
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
    raise InputError(f"{path} is cut short or not a PLY file: its header has no end.")


def _parsed(path: Path, lines: Sequence[str]) -> tuple[str, list[Element]]:
    encoding, elements = "unknown", []
    for line, words in _statements(lines):
        try:
            if words[0] == "format":
                encoding = words[1]
            elif words[0] == "element":
                elements.append(Element(words[1], _count(words[2]), []))
            elif words[1] == "list":
                elements[-1].properties.append((words[4], ""))
            else:
                elements[-1].properties.append((words[2], _TYPES[words[1]]))
        except (IndexError, KeyError, ValueError) as error:
            raise InputError(f"{path} has a damaged PLY header at '{line[:80]}'.") from error
        if elements and len(elements[-1].properties) > _PROPERTY_LIMIT:
            raise InputError(f"{path} is not a scene: its element '{elements[-1].name[:80]}' has more than {_PROPERTY_LIMIT} "
                             "properties.")
    return encoding, elements


def _statements(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for line in lines:
        words = line.split()
        if words and words[0] in ("format", "element", "property"):
            yield line, words


def _count(word: str) -> int:
    if not (word.isascii() and word.isdecimal() and len(word) < 16):
        raise ValueError(word)
    return int(word)


def record_of(path: Path, header: PlyHeader, element: Element) -> np.dtype:
    """Return an element's record; raises `InputError` where it has lists, or a property twice."""
    if not element.properties or any(not kind for _, kind in element.properties):
        raise InputError(f"{path} holds no Gaussians: its element '{element.name[:80]}' has no properties, or lists of them.")
    try:
        return np.dtype([(name, header.order + kind) for name, kind in element.properties])
    except ValueError as error:  # a property twice
        raise InputError(f"{path} has a damaged PLY header: {reason(error)}.") from error
