"""Zip archives from elsewhere."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spag4d.errors import InputError, reason

GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""How files begin that are packed with gzip, or are archives, the second kind of them empty."""
_ENCRYPTED = 1
"""Bit of an entry's flags, by the format."""


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive without encrypted members; raises `InputError` for whatever is wrong with it, also while it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            if any(entry.flag_bits & _ENCRYPTED for entry in archive.infolist()):
                raise InputError(f"{path} is encrypted. Unpack it first.")
            yield archive
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is cut short or damaged: {reason(error)}. Copy or download it again.") from error
    except (NotImplementedError, EOFError, zlib.error) as error:  # packed in ways that Python does not know, or wrongly
        raise InputError(f"{path} cannot be unpacked: {reason(error)}. Copy or download it again.") from error
