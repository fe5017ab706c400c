"""A scene file of any format."""

from pathlib import Path

from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.io import COMMENT_READERS, READERS
from spag4d.io.outputs import format_of


def read_scene(path: Path) -> Gaussians:
    """Read a scene by the extension of its file; raises `InputError` for an unknown one and what the format's reader raises."""
    return READERS.load(scene_format(path))(path)


def scene_format(path: Path) -> str:
    """Return the format by a file's extension; raises `InputError` for one that is no scene's."""
    found = format_of(path)
    if found is None:
        endings = " or ".join(f".{name}" for name in READERS)
        raise InputError(f"cannot tell the format of '{path.name}': a scene ends in {endings}.")
    return found


def read_scene_comments(path: Path) -> list[str]:
    """Return the comments of a scene file, none where its format has no place for them; raises `InputError`."""
    kind = scene_format(path)
    return COMMENT_READERS.load(kind)(path) if kind in COMMENT_READERS else []
