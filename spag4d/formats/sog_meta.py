"""The document meta.json of a .sog file, and where its pictures are: in a zip, or in a folder."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field

from spag4d.errors import InputError
from spag4d.io.foreign_json import Foreign, validated
from spag4d.io.names_in_files import file_inside, plain_name
from spag4d.io.opening import require_file
from spag4d.io.unpacked_size import check_unpacked
from spag4d.io.zip_archive import opened_zip

META = "meta.json"
_VERSION = 2
"""The only one in use."""
_LARGEST_META = 1 << 20
"""Bytes: the lists of 256 numbers take 20 kB, comments a few more."""

_Three = Annotated[list[float], Field(min_length=3, max_length=3)]
_Codes = Annotated[list[float], Field(min_length=256, max_length=256)]
_One = Annotated[list[str], Field(min_length=1)]
_Two = Annotated[list[str], Field(min_length=2)]


class _Version(Foreign):
    version: int = 1


class _Pictures(Foreign):
    files: _One


class _Means(Foreign):
    mins: _Three
    maxs: _Three
    files: _Two


class _Coded(Foreign):
    codebook: _Codes
    files: _One


class Palette(Foreign):
    """Up to 65536 sets of view-dependent colour, which Gaussians share."""

    count: int = Field(ge=1, le=65536)
    bands: int = Field(ge=1, le=3)
    codebook: _Codes
    files: _Two


class _Asset(Foreign):
    comments: list[str] = []


class SogMeta(Foreign):
    """The contents of meta.json."""

    version: int
    count: int = Field(ge=0, le=1 << 31)
    means: _Means
    scales: _Coded
    quats: _Pictures
    sh0: _Coded
    shN: Palette | None = None  # noqa: N815 (its name in the file)
    asset: _Asset = _Asset()


class SogFiles:
    """The files of one scene: ``read(name)`` returns the bytes of one that its meta.json names."""

    def __init__(self, path: Path, folder: Path | None, archive: zipfile.ZipFile | None, prefix: str = "") -> None:
        """Take a folder, or an archive in which all names begin with ``prefix``; ``path`` is its name in messages."""
        self.path, self._folder, self._archive, self._prefix = path, folder, archive, prefix

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return a file's bytes; raises `InputError` where it is missing, larger than ``most`` or packed beyond the limit."""
        if self._archive is None:
            assert self._folder is not None
            file = file_inside(self._folder, name, self.path)
            require_file(file)
            self._check(name, file.stat().st_size, most)
            return file.read_bytes()
        try:
            entry = self._archive.getinfo(self._prefix + plain_name(name, self.path))
        except KeyError as error:
            raise InputError(f"{self.path} is damaged, or not a .sog file: it lacks {name}. Copy or download it "
                             "again.") from error
        self._check(name, entry.file_size, most)
        check_unpacked(self.size, entry.file_size, self.path)
        return self._archive.read(entry)

    def _check(self, name: str, size: int, most: int | None) -> None:
        if most is not None and size > most:
            raise InputError(f"{self.path} is damaged or malicious: its {name} has {size:,} bytes.")

    @property
    def size(self) -> int:
        """Bytes of all the files together."""
        if self._folder is None:
            return self.path.stat().st_size
        return sum(file.stat().st_size for file in self._folder.iterdir() if file.is_file() and not file.is_symlink())

    def meta(self) -> SogMeta:
        """Return meta.json; raises `InputError` for another version or an invalid document."""
        data = self.read(META, _LARGEST_META)
        version = validated(_Version, data, self.path, META).version
        if version != _VERSION:
            raise InputError(f"{self.path} is a .sog file of version {version}, and version {_VERSION} can be read.")
        return validated(SogMeta, data, self.path, META)


@contextmanager
def opened_sog(path: Path) -> Iterator[SogFiles]:
    """Open a .sog file, a zip in which meta.json may stand in a folder, or a folder or meta.json with its pictures beside it.

    Raises `InputError`, also later for damaged members.
    """
    if path.is_dir():
        if not (path / META).is_file():
            raise InputError(f"{path} is a folder, not a scene: it holds no {META}.")
        yield SogFiles(path, path, None)
        return
    require_file(path)
    if path.name == META:
        yield SogFiles(path, path.parent, None)
        return
    with opened_zip(path) as archive:
        yield SogFiles(path, None, archive, _prefix(archive, path))


def _prefix(archive: zipfile.ZipFile, path: Path) -> str:
    """Return the prefix of the files' names: the folder of meta.json."""
    places = [PurePosixPath(name) for name in archive.namelist() if name == META or name.endswith(f"/{META}")]
    if len(places) != 1:
        raise InputError(f"{path} is damaged, or not a .sog file: it has {len(places) or 'no'} {META}. Copy or download it "
                         "again.")
    return "" if str(places[0]) == META else f"{places[0].parent}/"
