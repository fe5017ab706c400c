"""File names inside foreign files may only name files beside them."""

from pathlib import Path

from spag4d.errors import InputError

_FORBIDDEN = set('/\\:\0')


def plain_name(name: str, said_by: Path) -> str:
    """Return a name from a foreign file if it cannot be a path; raises `InputError` otherwise."""
    if not name or name in (".", "..") or _FORBIDDEN & set(name) or len(name) > 255:
        raise InputError(f"{said_by} names the file '{name[:80]}', which is not the plain name of a file beside it. Files "
                         "elsewhere are not touched.")
    return name


def file_inside(folder: Path, name: str, said_by: Path) -> Path:
    """Return the file of a ``folder`` that a file names; raises `InputError` where it or a link leads out of the folder."""
    path = folder / plain_name(name, said_by)
    if path.is_symlink() and path.resolve().parent != folder.resolve():
        raise InputError(f"{said_by} names '{name}', which is a link out of the folder {folder}. Links are not followed.")
    return path
