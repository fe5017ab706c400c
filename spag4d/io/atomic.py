"""Whole files or none: every writer goes through a temporary name in the target folder."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spag4d.errors import InputError, ResourceError
from spag4d.io.temporary_files import begun_part, clear_abandoned

_UNTOUCHED = b"?"
_STREAMS = ("/dev/std", "/dev/fd/", "/proc/self/fd/")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, which replaces it when the block ends well and is deleted otherwise.

    The extension is kept, for writers that decide by it, and a symbolic link is followed. File and folder are on the disk
    before this returns, so that a power cut leaves the old file or the new one. Raises `InputError` where the folder is missing
    or not writable and `ResourceError` when the disk is full; an older file at ``path`` stays as it was in both cases.
    """
    check_target(path)
    target = destination(path)
    try:
        clear_abandoned(target.parent)
        with begun_part(target) as (temporary, held):
            os.write(held.fileno(), _UNTOUCHED)
            yield temporary
            if temporary.stat().st_size == len(_UNTOUCHED) and temporary.read_bytes() == _UNTOUCHED:
                raise RuntimeError(f"nothing was written to {path}")
            os.fsync(held.fileno())
            held.release()
            temporary.replace(target)
        _keep_entry(target.parent)
    except OSError as error:
        raise explained(error, path) from error


def destination(path: Path) -> Path:
    """Return the file that is written for ``path``: what it points to where it is a symbolic link."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def check_target(path: Path) -> None:
    """Raise `InputError` where ``path`` cannot be written as a file, before any work is done."""
    try:
        target = destination(path)
        mode = _mode(target)
        if mode is not None and stat.S_ISDIR(mode):
            raise InputError(f"cannot write {path}: it is a folder. Name a file in it.")
        if is_stream(path):
            raise InputError(f"cannot write {path}: it is a pipe or a device, and scenes and pictures are written whole or not "
                             "at all. Name a file.")
        folder = _mode(target.parent)
        if folder is None or not stat.S_ISDIR(folder):
            raise InputError(f"cannot write {path}: the folder {target.parent} does not exist. Create it first.")
    except OSError as error:
        raise explained(error, path) from error
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"cannot write {path}: its folder is not writable. Choose a folder that you may write to.")


def made_folder(path: Path) -> Path:
    """Return the folder ``path``, made with those above it where it is missing; raises `InputError` where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InputError(f"{path} is a file, and a folder is needed. Name another one.") from error
    except OSError as error:
        raise explained(error, path) from error
    return path


def is_stream(path: Path) -> bool:
    """Return whether a path is a pipe or a device, or another name for standard output, even if that is a file."""
    mode = _mode(path)
    special = mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
    return special or str(path).startswith(_STREAMS)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _keep_entry(folder: Path) -> None:
    """Flush a folder's entries to the disk, where the system allows opening folders."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some network folders refuse it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_full(error: OSError) -> bool:
    """Return whether the system reports a full disk."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def explained(error: OSError, path: Path) -> Exception:
    """Return an error that explains why the system refuses to write ``path``; other errors are returned unchanged."""
    if is_full(error):
        return ResourceError(f"the disk is full: {path} was not written. Free some space or raise --stride.")
    if error.errno is None:
        return error
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InputError(f"cannot write {path}: {error.strerror}. Choose a folder that you may write to.")
    return InputError(f"cannot write {path}: {error.strerror}. Choose another name or folder.")
