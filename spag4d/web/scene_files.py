"""Scenes that were sent: whether a file is one, and reading it under a name with its own ending, which some formats go by."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spag4d.clips.photo_or_clip import media_kind
from spag4d.errors import InputError
from spag4d.formats import FORMATS
from spag4d.formats.layer_comment import layer_counts
from spag4d.formats.moving import is_moving
from spag4d.formats.recognise import kind_of, scene_endings
from spag4d.formats.scene import read_scene_comments
from spag4d.web.job import Job, Kind

MOVING_SCENE = "scene.4dgs"
"""Of a job: a scene that moves, as it was sent."""
_PACKED = (".gz", ".zip")
_ENDING = re.compile(r"(\.[a-z0-9]{1,10}){1,2}$")


@contextmanager
def named_as(path: Path, name: str) -> Iterator[Path]:
    """Give a file a name with the ending of ``name`` while the block lasts; messages name the file itself."""
    found = _ENDING.search(name.lower())
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=".named") as folder:
        named = Path(folder, f"scene{found[0] if found else ''}")
        try:
            os.link(path, named)
        except OSError:
            shutil.copyfile(path, named)
        try:
            yield named
        except InputError as error:
            raise InputError(str(error).replace(str(named), str(path)).replace(named.name, path.name)) from None


def sent_kind(path: Path, name: str) -> Kind:
    """Return what a file shows, "photo", "video" or "scene"; raises `InputError` where it is none of them."""
    try:
        return media_kind(path)
    except InputError as error:
        refused = error
    try:
        with named_as(path, name) as named:
            if not is_moving(named):
                kind_of(named)
        return "scene"
    except InputError as error:
        raise (error if name.lower().endswith((*scene_endings(), *_PACKED)) else refused) from None


def fullest_scene(job: Job, folder: Path) -> Path | None:
    """Return the scene of a job that holds most, or None where it has no single one: layers first, then exact values."""
    formats = sorted(FORMATS, key=lambda name: not FORMATS.load(name).holds_layers)
    names = [MOVING_SCENE, *(f"scene.{name}" for name in formats)]
    return next((folder / name for name in names if name in job.files), None)


def layers_of(job: Job, folder: Path) -> dict[str, int]:
    """Return how many Gaussians each layer of a job's scene has, in the order in which its .ply file holds them."""
    path = folder / "scene.ply"
    return layer_counts(read_scene_comments(path)) if path.name in job.files else {}
