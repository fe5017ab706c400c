"""The records of a .4dgs file, version 1 (Avala AI's open draft): what stands in them, and how they follow each other.

A record is one byte of kind, eight of length, and its content; readers pass over kinds and trailing fields that they do not
know. ``Header, Quantization, WindowTable, Chunk …, ChunkIndex …, Footer`` lie between two magics.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spag4d.formats.fourdgs_streams import damaged

MAGIC = b"\x894DGS1\r\n"
RECORD = struct.Struct("<BQ")
HEADER, FOOTER, QUANTIZATION, WINDOWS, CHUNK, SH_BAND, INDEX = 0x01, 0x02, 0x03, 0x04, 0x05, 0x07, 0x08
OBJECT_TRACK = 0x25
BIRTH = "gaussian-birth"
"""The temporal model in which each Gaussian has its own life; the other of the draft, of key frames, is not read."""
SCHEME = "uniform-v1"
_WINDOW = struct.Struct("<dd")
_CHUNK = struct.Struct("<ddII")
_ENTRY = struct.Struct("<ddQQII")
_FOOTER = struct.Struct("<QQI")
_STEPS = struct.Struct("<3d8dB")
_COUNTS = struct.Struct("<dQd")
_BOX = struct.Struct("<6dBB")
_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")

Box = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Header:
    """``cutoff`` is the share of its opacity below which a Gaussian that fades is gone; ``box`` holds all means (low, high)."""

    duration_s: float
    count: int
    cutoff: float
    box: Box
    library: str = ""
    model: str = BIRTH
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Steps:
    """The grids that numbers lie on: each step is twice the largest error."""

    origin_m: tuple[float, float, float]
    position_m: float
    log_scale: float
    rotation: float
    color: float
    opacity: float
    velocity: float
    time_s: float
    log_sigma: float


@dataclass(frozen=True)
class ChunkHead:
    """What stands before a chunk's streams, which are ``size`` bytes, packed by ``packing``."""

    first_s: float
    last_s: float
    count: int
    packing: str
    unpacked_size: int
    size: int


class Fields:
    """Reads the fields of one record in turn; raises `InputError` where they end early."""

    def __init__(self, data: bytes | memoryview, path: Path) -> None:
        """Start at the beginning of a record's content."""
        self._data, self._path, self.at = memoryview(data), path, 0

    def take(self, layout: struct.Struct) -> tuple:
        """Return the next fields of a layout."""
        return layout.unpack(self.bytes(layout.size))

    def bytes(self, size: int) -> memoryview:
        """Return the next bytes."""
        if size > len(self._data) - self.at:
            raise damaged(self._path, "a record is shorter than its fields")
        self.at += size
        return self._data[self.at - size:self.at]

    def text(self) -> str:
        """Return the next text."""
        size, = self.take(_U32)
        return str(self.bytes(size), "utf-8", "replace")

    def texts(self) -> dict[str, str]:
        """Return the next texts by name."""
        size, = self.take(_U32)
        inner, found = Fields(self.bytes(size), self._path), {}
        while inner.at < size:
            name = inner.text()
            found[name] = inner.text()
        return found


def record(kind: int, content: bytes) -> bytes:
    """Return a whole record."""
    return RECORD.pack(kind, len(content)) + content


def header_record(header: Header) -> bytes:
    """Return the first record."""
    return record(HEADER, text_field("") + text_field(header.library)
                  + _COUNTS.pack(header.duration_s, header.count, header.cutoff) + text_field(header.model)
                  + _BOX.pack(*header.box, 0, 0) + _texts(header.attributes))


def header_of(content: bytes, path: Path) -> Header:
    """Return the header; raises `InputError`."""
    fields = Fields(content, path)
    fields.text()
    library = fields.text()
    duration_s, count, cutoff = fields.take(_COUNTS)
    model = fields.text()
    box = fields.take(_BOX)[:6]
    return Header(duration_s, count, cutoff, box, library, model, fields.texts())


def steps_record(steps: Steps, bounds: Mapping[str, float]) -> bytes:
    """Return the record of the grids; ``bounds`` are the largest errors by the draft's names."""
    return record(QUANTIZATION, text_field(SCHEME) + _STEPS.pack(
        *steps.origin_m, steps.position_m, steps.log_scale, steps.rotation, steps.color, steps.opacity, steps.velocity,
        steps.time_s, steps.log_sigma, 1) + _texts({name: repr(float(bound)) for name, bound in bounds.items()}))


def steps_of(content: bytes, path: Path) -> tuple[str, Steps]:
    """Return the scheme and its grids; raises `InputError`."""
    fields = Fields(content, path)
    scheme, values = fields.text(), fields.take(_STEPS)
    return scheme, Steps(values[:3], *values[3:11])


def windows_record(windows_s: Sequence[tuple[float, float]]) -> bytes:
    """Return the record of the windows that Gaussians name by number."""
    return record(WINDOWS, _U32.pack(len(windows_s)) + b"".join(_WINDOW.pack(*window) for window in windows_s))


def windows_of(content: bytes, path: Path) -> list[tuple[float, float]]:
    """Return the windows; raises `InputError`."""
    fields = Fields(content, path)
    count, = fields.take(_U32)
    return list(_WINDOW.iter_unpack(fields.bytes(count * _WINDOW.size)))


def chunk_record(first_s: float, last_s: float, count: int, streams: bytes) -> bytes:
    """Return the record of one chunk of Gaussians, all of which live between the two times."""
    size = _U64.pack(len(streams))
    return record(CHUNK, _CHUNK.pack(first_s, last_s, 0, count) + text_field("") + size + size + streams)


def chunk_head(fields: Fields) -> ChunkHead:
    """Return what stands before a chunk's streams; raises `InputError`."""
    first_s, last_s, _, count = fields.take(_CHUNK)
    packing = fields.text()
    return ChunkHead(first_s, last_s, count, packing, *fields.take(_U64), *fields.take(_U64))


def index_record(first_s: float, last_s: float, offset: int, size: int, count: int) -> bytes:
    """Return the record that says where a chunk is."""
    return record(INDEX, _ENTRY.pack(first_s, last_s, offset, size, count, 0))


def footer_record(summary_at: int, checksum: int) -> bytes:
    """Return the last record: where the summary begins, and its CRC-32."""
    return record(FOOTER, _FOOTER.pack(summary_at, 0, checksum))


def text_field(text: str) -> bytes:
    """Return a text as records hold it."""
    data = text.encode()
    return _U32.pack(len(data)) + data


def _texts(texts: Mapping[str, str]) -> bytes:
    body = b"".join(text_field(name) + text_field(text) for name, text in sorted(texts.items()))
    return _U32.pack(len(body)) + body
