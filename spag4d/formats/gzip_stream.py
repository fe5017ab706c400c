"""A gzip file of one member, packed by several threads: readable everywhere, and faster than one thread packs it."""

import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

from spag4d.errors import InputError, reason
from spag4d.io.unpacked_size import check_unpacked

_THREADS = 2
"""More gain little: what is packed has to be made and written too."""
_AHEAD = 2 * _THREADS
"""Blocks that wait to be written, so that no thread idles and memory stays small."""
_WINDOW = 32768
"""Bytes that deflate looks back (RFC 1951): each block begins with the end of the one before as its dictionary."""
_RAW, _WITH_HEADER = -15, 31
"""zlib's window bits: deflate without a header, and gzip with one."""
_MEMORY = 9
"""zlib's most, 256 kB per thread."""
_READ = 1 << 20
"""Bytes that are unpacked at once, so that no bomb unfolds in memory."""

Piece = tuple[int, Callable[[], bytes]]


def gzipped(pieces: Iterable[Piece], level: int) -> Iterator[tuple[int, bytes]]:
    """Yield a gzip file in parts; each of the ``pieces`` is a number, which is passed on, and a function that makes its bytes.

    Pieces are packed separately, each with the end of the one before as its dictionary, and joined into one deflate stream (RFC
    1951) by empty blocks that end on a byte. The file holds no time stamp.
    """
    yield 0, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    check, size, tail = 0, 0, b""
    with ThreadPoolExecutor(_THREADS) as pool:
        packing: deque[tuple[int, Future[bytes]]] = deque()
        for number, data in _ahead(pool, pieces):
            check, size = zlib.crc32(data, check), size + len(data)
            packing.append((number, pool.submit(_packed, data, tail, level)))
            tail = data[-_WINDOW:] if len(data) >= _WINDOW else (tail + data)[-_WINDOW:]
            while len(packing) > _AHEAD:
                done, future = packing.popleft()
                yield done, future.result()
        for done, future in packing:
            yield done, future.result()
    yield 0, b"\x03\x00" + struct.pack("<II", check, size & 0xFFFFFFFF)


def _ahead(pool: ThreadPoolExecutor, pieces: Iterable[Piece]) -> Iterator[tuple[int, bytes]]:
    """Make the next pieces while the one before is packed."""
    made: deque[tuple[int, Future[bytes]]] = deque()
    for number, make in pieces:
        made.append((number, pool.submit(make)))
        if len(made) > _THREADS:
            done, future = made.popleft()
            yield done, future.result()
    for done, future in made:
        yield done, future.result()


def _packed(data: bytes, before: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, _RAW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, before) if before else \
        zlib.compressobj(level, zlib.DEFLATED, _RAW, _MEMORY)
    return packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


class GzipReader:
    """Reads a gzip file from its beginning, never more than requested, so that a file cannot expand in memory.

    Nor does it unpack more than `check_unpacked` allows.
    """

    def __init__(self, path: Path, *, packed: bool = True) -> None:
        """Open a file, read as it is unless ``packed``; raises `InputError` where it is not a gzip file."""
        self._path, self._file = path, path.open("rb")
        self._unpacker = zlib.decompressobj(_WITH_HEADER) if packed else None
        self._unpacked, self._size = 0, path.stat().st_size

    def read(self, size: int) -> bytearray:
        """Return the next ``size`` bytes; raises `InputError` where bytes are missing or damaged."""
        data = bytearray()
        while len(data) < size:
            data += self._some(min(size - len(data), _READ))
        return data

    def _some(self, limit: int) -> bytes:
        if self._unpacker is None:
            return self._file.read(limit) or self._ended()
        packed = self._unpacker.unconsumed_tail or self._file.read(_READ)
        if self._unpacker.eof or not packed:
            self._ended()
        try:
            data = self._unpacker.decompress(packed, limit)
        except zlib.error as error:
            raise InputError(f"{self._path} is damaged, or not a gzip file: {reason(error)}. Copy or download it "
                             "again.") from error
        self._unpacked += len(data)
        check_unpacked(self._size, self._unpacked, self._path)
        return data

    def _ended(self) -> NoReturn:
        raise InputError(f"{self._path} is cut short: it holds less than its header promises. Copy or download it again.")

    def check_end(self) -> None:
        """Raise `InputError` unless the file ends here with the right checksum, or continues with unrelated data."""
        while self._unpacker is not None and not self._unpacker.eof:
            self._some(_READ)

    def __enter__(self) -> "GzipReader":
        """Keep the file open until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()
