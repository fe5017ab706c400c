"""Temporary files of writers: each is locked by its writer, so that those of killed runs can be recognised and removed."""

import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

if sys.platform != "win32":
    import fcntl

_PART = re.compile(r"\.[0-9a-f]{12}\.part(\.\w+)?")
_NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)
"""Fails where the file exists; without O_BINARY Windows would change line ends."""
_seen: set[Path] = set()


class Held:
    """A file that is kept open and locked; where there are no such locks (Windows), an open file cannot be deleted anyway."""

    def __init__(self, file: IO[bytes]) -> None:
        """Wait for the lock, which a cleaner may hold for a moment."""
        self._file = file
        if sys.platform != "win32":
            with suppress(OSError):  # a file system without locks, on which nothing is cleaned up either
                fcntl.flock(file, fcntl.LOCK_EX)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._file.fileno()

    def release(self) -> None:
        """Close the file where an open one cannot be renamed."""
        if sys.platform == "win32":
            self._file.close()

    @property
    def is_gone(self) -> bool:
        """Whether a cleaner was quicker than the lock."""
        return os.name != "nt" and os.fstat(self.fileno()).st_nlink == 0


@contextmanager
def begun_part(target: Path) -> Iterator[tuple[Path, Held]]:
    """Yield the path of a new file beside ``target``, and its holder; it is deleted unless it was renamed."""
    while True:
        part = target.with_name(f".{secrets.token_hex(6)}.part{target.suffix}")
        file = os.fdopen(os.open(part, _NEW, 0o666), "wb", buffering=0)
        held = Held(file)
        if not held.is_gone:
            break
        file.close()
    try:
        yield part, held
    finally:
        with suppress(OSError):  # what went wrong before matters more
            if sys.platform == "win32":
                file.close()
            part.unlink(missing_ok=True)
        file.close()


def clear_abandoned(folder: Path) -> None:
    """Delete temporary files in a folder whose writers are gone; once per process and folder."""
    if folder in _seen:
        return
    _seen.add(folder)
    with suppress(OSError):  # a folder that cannot be listed may be written to all the same
        for path in folder.iterdir():
            if _PART.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                _delete_abandoned(path)


def _delete_abandoned(path: Path) -> None:
    with suppress(OSError):  # another process holds it, or has just removed it
        if sys.platform == "win32":
            path.unlink()
            return
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                path.unlink()
