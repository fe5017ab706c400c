"""Whole files or none: every writer goes through a temporary name in the target folder."""

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spag4d.errors import InputError, ResourceError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, which replaces it when the block ends well and is deleted otherwise.

    The extension is kept, for writers that decide by it. Raises `InputError` where the folder is missing or not writable
    and `ResourceError` when the disk is full; an older file at ``path`` stays as it was in both cases.
    """
    check_target(path)
    temporary = path.with_name(f".{secrets.token_hex(6)}.part{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Raise `InputError` where ``path`` cannot be a file's name or its folder is missing, so that no work is done in vain."""
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise _explained(error, path) from error
    if is_folder:
        raise InputError(f"cannot write {path}: it is a folder. Name a file in it.")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: the folder {path.parent} does not exist. Create it first.")


def _explained(error: OSError, path: Path) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ResourceError(f"the disk is full: {path} was not written. Free some space or raise --stride.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InputError(f"cannot write {path}: {error.strerror}. Choose a folder that you may write to.")
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):
        return InputError(f"cannot write {path}: {error.strerror}. Choose another name.")
    return error
