"""Standard input, kept in a temporary file while it is needed, because readers seek."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spag4d.errors import InputError, ResourceError
from spag4d.io.atomic import is_full

NAMES = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
"""The name of standard input where a file is expected."""

_FOLDER = "TEMP" if os.name == "nt" else "TMPDIR"


@contextmanager
def kept(path: Path) -> Iterator[Path]:
    """Yield ``path``, or a file with the contents of standard input where ``path`` names that.

    Raises `InputError` where nothing comes, and `ResourceError` where it does not fit on the disk of temporary files.
    """
    if str(path) not in NAMES:
        yield path
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError("nothing arrives on the standard input. Name a file, or pipe one in.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stdin"
        try:
            with file.open("wb") as target:
                shutil.copyfileobj(sys.stdin.buffer, target, 1 << 20)
        except OSError as error:
            if is_full(error):
                raise ResourceError(f"the disk is full: what arrives on the standard input does not fit into {folder}. "
                                    f"Free some space, or set {_FOLDER} to another folder.") from error
            raise InputError(f"the standard input cannot be read: {error.strerror or error}. Name a file.") from error
        yield file
