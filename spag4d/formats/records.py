"""Files that hold one record of fixed size for each Gaussian: written and opened without a copy of the whole."""

import errno
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from spag4d.errors import InputError
from spag4d.progress import Progress

CHUNK = 65536
"""Records: numpy's calls on this many are long enough that two threads seldom wait for each other."""
_THREADS = 2
"""One fills a block while the other writes."""

Encoder = Callable[[slice], np.ndarray]
BlockEncoder = Callable[[slice], Sequence[np.ndarray]]


@dataclass(frozen=True)
class Block:
    """A part of a file with ``bytes`` for each group of ``per`` Gaussians, the last group of which may be smaller."""

    bytes: int
    per: int = 1

    def size(self, count: int) -> int:
        """Return the bytes that ``count`` Gaussians take."""
        return -(-count // self.per) * self.bytes


def write_records(path: Path, header: bytes, count: int, encode: Encoder, record_bytes: int, progress: Progress) -> None:
    """Write ``header`` and ``count`` records to ``path``.

    ``encode(rows)`` returns the records of a slice as one contiguous array; two threads encode and write in turn. Raises
    `OSError`, and `Cancelled` between chunks.
    """
    write_blocks(path, header, count, lambda rows: (encode(rows),), (Block(record_bytes),), progress)


def write_blocks(path: Path, header: bytes, count: int, encode: BlockEncoder, blocks: Sequence[Block],
                 progress: Progress) -> None:
    """Write ``header`` and blocks that follow each other, each with all ``count`` Gaussians, as `write_records` does.

    ``encode(rows)`` returns the part of a slice in each block; slices begin at multiples of 65536.
    """
    starts = list(accumulate((block.size(count) for block in blocks), initial=len(header)))
    path.write_bytes(header)
    _reserve(path, starts[-1])

    def fill(start: int) -> int:
        end = min(start + CHUNK, count)
        chunks = encode(slice(start, end))
        with path.open("r+b") as file:
            for chunk, first, block in zip(chunks, starts[:-1], blocks, strict=True):
                file.seek(first + block.size(start))
                file.write(np.ascontiguousarray(chunk).data)
        return end

    with ThreadPoolExecutor(_THREADS) as pool:
        chunks = [pool.submit(fill, start) for start in range(0, count, CHUNK)]
        try:
            for chunk in chunks:
                progress.report("Writing", chunk.result(), count)
        finally:
            pool.shutdown(cancel_futures=True)


def _reserve(path: Path, size: int) -> None:
    """Reserve the disk space at once: a full disk shows before any work, and writing is three times as fast on ext4.

    The file is opened for appending because the C library, where the file system cannot reserve, would write into every
    block by itself; in this mode it refuses instead, and nothing is lost.
    """
    if size == 0 or not hasattr(os, "posix_fallocate"):
        return
    with path.open("ab") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise


def map_records(path: Path, record: np.dtype, offset: int, count: int) -> np.ndarray:
    """Return ``count`` records that begin at byte ``offset`` as a read-only view of the file; `InputError` if it is shorter."""
    size, expected = path.stat().st_size, offset + count * record.itemsize
    if size < expected:
        raise InputError(f"{path} is cut short: it has {size} bytes and promises {expected}. Copy or download it again.")
    return np.memmap(path, record, "r", offset, (count,)) if count else np.empty(0, record)


def unit_quats(quats_wxyz: Float32[np.ndarray, "n 4"]) -> Float32[np.ndarray, "n 4"]:
    """Return quaternions (n, 4) of length one; those of length zero become the identity."""
    identity = np.array([1, 0, 0, 0], np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # of foreign files: what is not finite then is left out by others
        length = np.linalg.norm(quats_wxyz, axis=1, keepdims=True)
        return np.where(length > 0, quats_wxyz / np.where(length > 0, length, 1), identity).astype(np.float32, copy=False)
