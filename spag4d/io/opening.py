"""Opening a file that a person named, with clear errors for everything that is not a readable file."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from spag4d.errors import InputError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(?=[^/])")
"""The beginning of a web address; a Windows drive has one letter. Paths keep one of the two slashes."""


@contextmanager
def opened(path: Path, kind: str) -> Iterator[BinaryIO]:
    """Open a file for reading; messages call it a ``kind``, such as "picture".

    Raises `InputError` where it is missing, empty, unreadable, or not a file (a folder, a pipe, an address), also while the
    block reads.
    """
    try:
        check_is_readable(path)
        if path.is_dir():
            raise InputError(f"{path} is a folder. Name a {kind} in it.")
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise InputError(f"{path} is empty (0 bytes). Copy or download it again.")
            yield file
    except OSError as error:
        if error.errno is None:  # a decoder's own
            raise
        raise unreadable(path, error) from error


def require_file(path: Path) -> None:
    """Raise `InputError`, as `opened` does, unless a scene's ``path`` is a file that can be opened and holds something."""
    with opened(path, "scene"):
        pass


def check_is_readable(path: Path) -> None:
    """Raise `InputError` for an address, which is not a file, and for a pipe, which may never end."""
    address = _ADDRESS.match(str(path))
    try:
        mode = path.stat().st_mode
    except OSError:
        if address is None:
            return
        raise InputError(f"{address[1]}://{str(path)[address.end():]} is an address. Nothing is fetched from the web: "
                         "download the file and name that.") from None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError(f"{path} is a pipe or a device, not a file. Save its contents to a file, and name that.")


def unreadable(path: Path, error: OSError) -> InputError:
    """Return the error for a file that the system refuses to read."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"there is no file {path}. Check the name.")
    if isinstance(error, PermissionError):
        return InputError(f"cannot read {path}: {error.strerror}. Check its permissions.")
    return InputError(f"cannot read {path}: {error.strerror}. Name another file.")
