"""A scene file of any format, also inside a .gz or .zip."""

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Float64

from spag4d.data import Gaussians, Layers, Scene
from spag4d.errors import InputError, printable, reason
from spag4d.formats import FORMATS, readable
from spag4d.formats.finite import is_usable, usable
from spag4d.formats.format import Format
from spag4d.formats.layer_comment import is_layers, layers_comment, layers_in
from spag4d.formats.placing import ORIGIN
from spag4d.formats.recognise import GZIPPED, ZIPPED, kind_of, scene_endings
from spag4d.io.atomic import atomic_path
from spag4d.io.unpacked_size import check_unpacked
from spag4d.io.zip_archive import opened_zip
from spag4d.progress import SILENT, Progress

_PIECE = 1 << 20
"""Bytes at a time from one file to the other."""
_DEEPEST = 2
"""A scene is packed in a .gz, and that in a .zip, at most."""


@dataclass(frozen=True)
class SceneFile:
    """A scene of a known format: ``path`` is the file itself, unpacked where it was packed."""

    format: Format
    path: Path

    def read(self, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT) -> Gaussians:
        """Return the Gaussians, moved by ``shift_m``; raises `InputError` as the format's reader does."""
        return self.format.read(self.path, shift_m=shift_m, progress=progress)

    def raw(self, gaussians: Gaussians) -> Gaussians:
        """Return the file's values, neither clipped nor repaired, as which ``gaussians`` were read; raises `InputError`."""
        return gaussians if self.format.raw is None else self.format.raw(self.path)

    def layers(self, gaussians: Gaussians) -> Layers | None:
        """Return ``gaussians``, which were read from it, in layers; None where the file does not name them, `InputError`."""
        return layers_in(self.comments, gaussians) if self.format.holds_layers else None

    @property
    def encoding(self) -> str:
        """Description of version, precision and view-dependent colour; raises `InputError`."""
        return printable(self.format.describe(self.path))

    @property
    def comments(self) -> list[str]:
        """Its comments, without terminal control characters; raises `InputError`."""
        return [] if self.format.comments is None else [printable(comment) for comment in self.format.comments(self.path)]


@contextmanager
def opened_scene(path: Path) -> Iterator[SceneFile]:
    """Recognise a file or folder, and unpack it while the block lasts if it is packed.

    Raises `InputError` for anything but a scene. Messages name ``path``, also those raised in the block.
    """
    kind = kind_of(path)
    if kind not in (GZIPPED, ZIPPED):
        yield SceneFile(readable().load(kind), path)
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            inner = path
            for level in range(_DEEPEST):
                inner = _unpacked(kind, inner, Path(folder, str(level)))
                kind = kind_of(inner)
                if kind not in (GZIPPED, ZIPPED):
                    break
            else:
                raise InputError(f"{path} is compressed several times over. Unpack it first.")
            yield SceneFile(readable().load(kind), inner)
        except InputError as error:
            for level in range(_DEEPEST):
                error = InputError(str(error).replace(f"{Path(folder, str(level))}", str(path)))
            raise error from None


def _unpacked(kind: str, path: Path, folder: Path) -> Path:
    folder.mkdir()
    return _ungzipped(path, folder) if kind == GZIPPED else _unzipped(path, folder)


def _ungzipped(path: Path, folder: Path) -> Path:
    target, total, size = folder / (path.stem or "scene"), 0, path.stat().st_size
    try:
        with gzip.open(path) as source, target.open("wb") as file:
            while piece := source.read(_PIECE):
                total += len(piece)
                check_unpacked(size, total, path)
                file.write(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is cut short or damaged: {reason(error)}. Copy or download it again.") from error
    return target


def _unzipped(path: Path, folder: Path) -> Path:
    """Unpack the one scene of an archive, and the files beside it."""
    with opened_zip(path) as archive:
        files = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_hidden(entry.filename)]
        scenes = [entry for entry in files if entry.filename.lower().endswith((*scene_endings(), ".gz"))]
        if len(scenes) != 1:
            raise InputError(f"{path} holds {len(scenes) or 'no'} scenes" + (": unpack it and name one." if scenes else "."))
        place = PurePosixPath(scenes[0].filename).parent
        beside = [entry for entry in files if PurePosixPath(entry.filename).parent == place]
        check_unpacked(path.stat().st_size, sum(entry.file_size for entry in beside), path)
        for entry in beside:
            name = PurePosixPath(entry.filename).name
            with archive.open(entry) as source, (folder / name).open("wb") as file:
                shutil.copyfileobj(source, file, _PIECE)
        return folder / PurePosixPath(scenes[0].filename).name


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def read_scene(path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT) -> Gaussians:
    """Read a scene, recognised by its content, moved by ``shift_m``.

    Raises `InputError` for anything but a scene, for one without a usable Gaussian, and what the format's reader raises.
    """
    return read_layers(path, shift_m=shift_m, progress=progress).joined


def read_layers(
    path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT
) -> Scene:
    """Read a scene as `read_scene` does, in layers where the file names them."""
    with opened_scene(path) as found:
        gaussians = found.read(shift_m=shift_m, progress=progress)
        layers = found.layers(gaussians)
    if not len(gaussians):
        raise InputError(f"{path} is a scene of no Gaussians.")
    if not is_usable(gaussians).any():
        raise InputError(f"{path} holds no usable Gaussian: all {len(gaussians):,} have a value that is not a finite number.")
    return gaussians if layers is None else layers


def read_scene_comments(path: Path) -> list[str]:
    """Return the comments of a scene file, empty where its format has no place for them; raises `InputError`."""
    with opened_scene(path) as found:
        return found.comments


def write_scene(
    path: Path, scene: Scene, format: str, *, comments: Sequence[str] = (), progress: Progress = SILENT
) -> None:
    """Write a scene of a format, whole or not at all; a comment names its layers where the format can hold that.

    Gaussians with a value that is not finite are left out with a warning, and so is view-dependent colour where the format has
    no place for it. Raises `InputError` where ``path`` cannot be written, `ResourceError` when the disk is full, `Cancelled`;
    in all these cases an older file stays as it was.
    """
    known: Format = FORMATS.load(format)
    assert known.write is not None
    scene = usable(scene, progress)
    gaussians, comments = scene.joined, [comment for comment in comments if not is_layers(comment)]
    if isinstance(scene, Layers) and len(scene) and known.holds_layers:
        comments.append(layers_comment(scene))
    if gaussians.sh is not None and not known.holds_sh:
        progress.warn(f"a .{format} file has no place for view-dependent colour: it is left out")
        gaussians = replace(gaussians, sh=None)
    stage, count = f"Writing {format.upper()}", len(gaussians)
    progress.report(stage, 0, count)
    with atomic_path(path) as temporary:
        known.write(temporary, gaussians, comments=comments, progress=progress.under(stage))
