"""The rows of a PLY's elements, whether they are text or binary, of either byte order."""

import warnings
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from spag4d.errors import InputError, reason
from spag4d.formats.ply_header import ASCII, PlyHeader, record_of
from spag4d.formats.records import map_records

_LEAST_TEXT = 2
"""Bytes that a number takes as text: a digit and a separator."""
_BLOCK = 8192  # rows, which stay in the processor's cache while their columns are taken one by one


def element_rows(path: Path, header: PlyHeader, index: int, required: Sequence[str]) -> np.ndarray:
    """Return the rows of element ``index`` as records, a read-only view of the file where it is binary.

    Raises `InputError` where the element lacks ``required`` properties, has lists or follows an element with lists, or the file
    is shorter than it promises.
    """
    element = header.elements[index]
    missing = [name for name in required if name not in element.names]
    if missing:
        raise InputError(f"{path} is not a 3DGS PLY: it lacks the properties {', '.join(missing)}.")
    before = [(record_of(path, header, other).itemsize, other.count) for other in header.elements[:index]]
    record = record_of(path, header, element)
    if header.encoding == ASCII:
        return _text_rows(path, header.offset, sum(count for _, count in before), record, element.count)
    return map_records(path, record, header.offset + sum(size * count for size, count in before), element.count)


def _text_rows(path: Path, offset: int, skipped: int, record: np.dtype, count: int) -> np.ndarray:
    """Return lines of text as records; the promised count is checked against the size of the file first."""
    if count * len(record.names or ()) * _LEAST_TEXT > path.stat().st_size - offset + 1:
        raise InputError(f"{path} is cut short: it promises {count} lines of numbers. Copy or download it again.")
    if not count:
        return np.empty(0, record)
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("error")
            file.seek(offset)
            lines = (line.decode("ascii") for line in islice(file, skipped, None) if line.strip())
            rows = np.loadtxt(islice(lines, count), record, comments=None, ndmin=1)
    except (ValueError, OverflowError, UserWarning) as error:
        raise InputError(f"{path} is damaged: a line of it is not numbers ({reason(error)}). Copy or download it "
                         "again.") from error
    if len(rows) < count:
        raise InputError(f"{path} is cut short: it has {len(rows)} lines and promises {count}. Copy or download it again.")
    return rows


def columns(rows: np.ndarray, names: Sequence[str]) -> Float32[np.ndarray, "n k"]:
    """Return some properties as the columns (n, k) of a table; numbers beyond float32 become infinite."""
    table = np.empty((len(rows), len(names)), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(rows), _BLOCK):
            block, out = rows[start:start + _BLOCK], table[start:start + _BLOCK]
            for index, name in enumerate(names):
                out[:, index] = block[name]
    return table
