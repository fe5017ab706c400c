"""The .spz format (Niantic), from version 1 to 4; version 3 is written."""

import gzip
import zlib
from pathlib import Path

from spag4d.errors import InputError, reason
from spag4d.formats.format import Format, degree_in_words
from spag4d.formats.spz_read import read_spz, read_spz_header
from spag4d.formats.spz_write import MAGIC, write_spz
from spag4d.io.zip_archive import GZIP


def describe_spz(path: Path) -> str:
    """Describe version, precision and degree of view-dependent colour; raises `InputError`."""
    header = read_spz_header(path)
    steps = f"positions in steps of 1/{1 << header.fractional_bits} m"
    return f"SPZ version {header.version}, {steps}{degree_in_words(header.degree)}"


def _recognises(path: Path, head: bytes) -> bool:
    return head.startswith(MAGIC) or (head.startswith(GZIP) and _unpacked_head(path) == MAGIC)


def _unpacked_head(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(len(MAGIC))
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is damaged, or not a gzip file: {reason(error)}. Copy or download it again.") from error


SPZ = Format("spz", "SPZ", "Very small, for web viewers and headsets", _recognises, read_spz, describe_spz, write_spz, shown=2)
