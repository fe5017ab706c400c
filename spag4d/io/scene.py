"""A scene file of any format."""

from pathlib import Path

from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.io import READERS


def read_scene(path: Path) -> Gaussians:
    """Read a scene by the extension of its file; raises `InputError` for an unknown one and what the format's reader raises."""
    extension = path.suffix.lower().removeprefix(".")
    if extension not in READERS:
        endings = " or ".join(f".{name}" for name in READERS)
        raise InputError(f"cannot tell the format of '{path.name}': a scene ends in {endings}.")
    return READERS.load(extension)(path)
