"""Files taken apart and put together again, so that what is changed inside of them is still reached.

A check sum or a length that is wrong ends the reading before anything else is looked at: here they are made right again.
"""

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import zstandard


@dataclass(frozen=True)
class Part:
    """A piece of a file by the name that it has there; ``packs`` says whether what is in it is packed."""

    name: bytes
    body: bytes
    packs: bool = False


@dataclass(frozen=True)
class Opened:
    """The parts of a file, and who makes a file of such parts."""

    parts: list[Part]
    joined: Callable[[list[Part]], bytes]


def opened(data: bytes) -> Opened | None:
    """Return the parts of what is known, and None of anything else."""
    for beginning, take_apart in _KNOWN.items():
        if re.match(beginning, data, re.DOTALL):
            with suppress(Exception):  # what was changed before may no longer be what it begins as
                return take_apart(data)
    return None


def _zip(data: bytes) -> Opened:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return Opened([Part(name.encode(), archive.read(name), packs=True) for name in archive.namelist()], _zipped)


def _zipped(parts: list[Part]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, part in enumerate(parts):
            name = part.name[:1000].decode(errors="replace") or f"part{number}"
            archive.writestr(name if name not in archive.namelist() else f"{number}{name}", part.body)
    return packed.getvalue()


def _gzip(data: bytes) -> Opened:
    return Opened([Part(b"", gzip.decompress(data), packs=True)],
                  lambda parts: b"".join(gzip.compress(part.body, 6) for part in parts))


def _chunks(data: bytes, start: int, head: str, *, even: bool = False) -> list[Part]:
    """Return parts of which each has a name and a size before it, in the order that ``head`` says: "4sI" or "I4s"."""
    parts, at = [], start
    while at + 8 <= len(data):
        name, size = struct.unpack_from(head, data, at)
        if isinstance(name, int):
            name, size = size, name
        parts.append(Part(name, data[at + 8:at + 8 + size]))
        at += 8 + size + (size % 2 if even else 0)
        at += 4 if start == 8 and not even and head == ">I4s" else 0  # a PNG's check sum
    return parts


def _png(data: bytes) -> Opened:
    def joined(parts: list[Part]) -> bytes:
        return data[:8] + b"".join(
            struct.pack(">I", len(part.body)) + part.name[:4].ljust(4) + part.body +
            struct.pack(">I", zlib.crc32(part.name[:4].ljust(4) + part.body)) for part in parts)

    return Opened(_chunks(data, 8, ">I4s"), joined)


def _riff(data: bytes) -> Opened:
    def joined(parts: list[Part]) -> bytes:
        body = b"".join(part.name[:4].ljust(4) + struct.pack("<I", len(part.body)) + part.body + b"\0" * (len(part.body) % 2)
                        for part in parts)
        return b"RIFF" + struct.pack("<I", 4 + len(body)) + data[8:12] + body

    return Opened(_chunks(data, 12, "<4sI", even=True), joined)


def _glb(data: bytes) -> Opened:
    def joined(parts: list[Part]) -> bytes:
        body = b"".join(struct.pack("<I", len(part.body)) + part.name[:4].ljust(4) + part.body for part in parts)
        return data[:8] + struct.pack("<I", 12 + len(body)) + body

    return Opened(_chunks(data, 12, "<I4s", even=True), joined)


def _jpeg(data: bytes) -> Opened:
    parts, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xDA, 0xD9):
        size, = struct.unpack_from(">H", data, at + 2)
        parts.append(Part(data[at + 1:at + 2], data[at + 4:at + 2 + size]))
        at += 2 + size
    parts.append(Part(b"", data[at:]))

    def joined(parts: list[Part]) -> bytes:
        return b"\xff\xd8" + b"".join(
            b"\xff" + part.name[:1] + struct.pack(">H", min(2 + len(part.body), 65535)) + part.body if part.name else part.body
            for part in parts)

    return Opened(parts, joined)


def _boxes(data: bytes) -> Opened:
    """Take ISO media files apart, and boxes that hold boxes and nothing else."""
    parts, at = [], 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data) or not re.fullmatch(rb"[\w ]{4}", name):
            raise ValueError("no boxes")
        parts.append(Part(name, data[at + 8:at + size]))
        at += size
    return Opened(parts, lambda parts: b"".join(
        struct.pack(">I", 8 + len(part.body)) + part.name[:4].ljust(4) + part.body for part in parts))


def _tiff(data: bytes) -> Opened:
    """Take the tags of a TIFF, or of EXIF data, as parts: names are tag and type, bodies the values."""
    order = "<" if data[:2] == b"II" else ">"
    first, = struct.unpack_from(f"{order}I", data, 4)
    count, = struct.unpack_from(f"{order}H", data, first)
    parts = []
    for at in range(first + 2, first + 2 + 12 * count, 12):
        kind, values = struct.unpack_from(f"{order}HI", data, at + 2)
        size = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}.get(kind, 1)
        place = struct.unpack_from(f"{order}I", data, at + 8)[0] if size * values > 4 else at + 8
        parts.append(Part(data[at:at + 4], data[place:place + size * values]))

    def joined(parts: list[Part]) -> bytes:
        entries, values, place = b"", b"", len(data) + 6 + 12 * len(parts)
        for part in parts:
            tag, kind = struct.unpack(f"{order}HH", part.name[:4].ljust(4, b"\1"))
            size = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}.get(kind, 1)
            body = part.body
            if len(body) > 4:
                values += body
                body = struct.pack(f"{order}I", place + len(values) - len(part.body))
            entries += struct.pack(f"{order}HHI", tag, kind, len(part.body) // size) + body.ljust(4, b"\0")
        tags = struct.pack(f"{order}H", len(parts) & 0xFFFF) + entries + bytes(4)
        return data[:4] + struct.pack(f"{order}I", len(data)) + data[8:] + tags + values

    return Opened(parts, joined)


def _exif(data: bytes) -> Opened:
    return Opened([Part(data[:6], data[6:])], lambda parts: b"".join(part.name + part.body for part in parts))


def _named_profile(data: bytes) -> Opened:
    """Take a PNG's colour profile, of which the name is that of our samples."""
    name, _, rest = data.partition(b"\0\0")
    return Opened([Part(name, zlib.decompress(rest), packs=True)],
                  lambda parts: b"".join(part.name + b"\0\0" + zlib.compress(part.body) for part in parts))


def _jpeg_profile(data: bytes) -> Opened:
    return Opened([Part(data[:14], data[14:])], lambda parts: b"".join(part.name[:14] + part.body for part in parts))


def _profile(data: bytes) -> Opened:
    """Take the tags of a colour profile."""
    count, = struct.unpack_from(">I", data, 128)
    entries = [struct.unpack_from(">4sII", data, 132 + 12 * number) for number in range(count)]
    parts = [Part(name, data[start:start + size]) for name, start, size in entries]

    def joined(parts: list[Part]) -> bytes:
        table, body, start = b"", b"", 132 + 12 * len(parts)
        for part in parts:
            table += struct.pack(">4sII", part.name[:4].ljust(4), start + len(body), len(part.body))
            body += part.body
        return struct.pack(">I", start + len(body)) + data[4:128] + struct.pack(">I", len(parts)) + table + body

    return Opened(parts, joined)


def _ply(data: bytes) -> Opened:
    """Take the lines of a header, and what follows it."""
    head, end, rest = data.partition(b"end_header\n")
    lines = [Part(b"", line) for line in head.splitlines(keepends=True)]
    return Opened([*lines, Part(b"", end), Part(b"", rest)], lambda parts: b"".join(part.body for part in parts))


def _npy(data: bytes) -> Opened:
    size, = struct.unpack_from("<H", data, 8)
    parts = [Part(data[:8], data[10:10 + size]), Part(b"", data[10 + size:])]

    def joined(parts: list[Part]) -> bytes:
        return b"".join((part.name + struct.pack("<H", len(part.body) & 0xFFFF) if part.name else b"") + part.body
                        for part in parts)

    return Opened(parts, joined)


def _streams(data: bytes) -> Opened:
    """Take the streams of a .spz file of version 4: a header of 32 bytes, a table of sizes, and what is packed."""
    count = data[15]
    sizes = [struct.unpack_from("<QQ", data, 32 + 16 * number) for number in range(count)]
    parts, at = [Part(b"header", data[:32])], 32 + 16 * count
    for packed, unpacked in sizes:
        body = zstandard.ZstdDecompressor().decompress(data[at:at + packed], max_output_size=unpacked)
        parts.append(Part(b"", body, packs=True))
        at += packed

    def joined(parts: list[Part]) -> bytes:
        packed = [(zstandard.ZstdCompressor().compress(part.body), len(part.body)) for part in parts if not part.name]
        table = b"".join(struct.pack("<QQ", len(body), size) for body, size in packed)
        return b"".join(part.body for part in parts if part.name) + table + b"".join(body for body, _ in packed)

    return Opened(parts, joined)


_KNOWN: dict[bytes, Callable[[bytes], Opened]] = {
    rb"PK\x03\x04": _zip, rb"\x1f\x8b": _gzip, rb"\x89PNG": _png, b"RIFF": _riff, b"glTF": _glb, rb"\xff\xd8\xff": _jpeg,
    rb"Exif\0\0": _exif, rb"II\*\0": _tiff, rb"MM\0\*": _tiff, rb"ICC_PROFILE\0": _jpeg_profile, rb".{36}acsp": _profile,
    rb"profile\0\0": _named_profile, b"ply\n": _ply, rb"\x93NUMPY": _npy, rb"NGSP\x04": _streams, rb".{4}[\w ]{4}": _boxes,
}
"""How something begins → who takes it apart."""
