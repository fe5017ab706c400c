"""Recognising a scene file by its content; its name decides only for formats without a beginning of their own."""

from collections.abc import Iterator
from pathlib import Path

from spag4d.errors import InputError
from spag4d.formats import readable
from spag4d.formats.format import Format, json_in, text_in
from spag4d.formats.sog_meta import META
from spag4d.io.opening import require_file
from spag4d.io.zip_archive import GZIP, ZIP

GZIPPED, ZIPPED = "gz", "zip"
"""Containers, which are not scenes but may hold one."""
_CONTAINERS = {GZIP: GZIPPED, **dict.fromkeys(ZIP, ZIPPED)}
_HEAD = 4096
"""Bytes, a page of most file systems: all beginnings that are looked for are shorter."""
_LFS = b"version https://git-lfs"
_OTHERS = {
    b"\x89PNG": "a picture (PNG)", b"\xff\xd8\xff": "a picture (JPEG)", b"GIF8": "a picture (GIF)",
    b"II*\0": "a picture (TIFF)", b"MM\0*": "a picture (TIFF)", b"\x93NUMPY": "an array of numpy", b"%PDF": "a PDF document",
    b"7z\xbc\xaf": "a 7-Zip archive", b"Rar!": "a RAR archive", b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"BZh": "packed with bzip2", b"\xfd7zXZ": "packed with xz", b"SQLite": "a database", b"\x7fELF": "a program",
    b"SP4D": "a scene that moves (.splat4d), which cannot be read yet",
    b"\x4b\x67\0\0": "a scene that moves (.splatv), of which `spag4d transform` with --time makes a still scene",
    b"\x894DGS": "a scene that moves (.4dgs), of which `spag4d transform` with --time makes a still scene",
}


def kind_of(path: Path) -> str:
    """Return the format of a scene file or folder, or `GZIPPED` or `ZIPPED`; raises `InputError` for anything else."""
    head = b"" if path.is_dir() else _head(path)
    found = _claimed(path, head, beginning=True)
    found = found or next((kind for start, kind in _CONTAINERS.items() if head.startswith(start)), None)
    if found is None:
        _refuse(path, head)
        found = _claimed(path, head, beginning=False)
    return found or _unknown(path)


def scene_endings() -> tuple[str, ...]:
    """Return the endings of scenes' names, in lower case, without those of packed ones."""
    return tuple(ending for format in _formats() for ending in format.all_endings)


def _head(path: Path) -> bytes:
    require_file(path)
    with path.open("rb") as file:
        return file.read(_HEAD)


def _formats() -> Iterator[Format]:
    formats = readable()
    return (formats.load(name) for name in formats)


def _claimed(path: Path, head: bytes, *, beginning: bool) -> str | None:
    """Return the first format that recognises a file, among those with or those without a beginning of their own."""
    return next((format.name for format in _formats() if format.beginning == beginning and format.recognises(path, head)), None)


def _refuse(path: Path, head: bytes) -> None:
    """Raise `InputError` for files that are certainly something else."""
    if path.is_dir():
        raise InputError(f"{path} is a folder, not a scene: it holds no {META}. Name a file in it.")
    text = text_in(head)
    if text.startswith(_LFS):
        raise InputError(f"{path} is not the file itself but a pointer to it, as Git LFS leaves one. Fetch the file with "
                         "`git lfs pull`, or download it again.")
    if text[:1] == b"<" and text[1:2].isascii() and (text[1:2].isalpha() or text[1:2] in (b"!", b"?")):
        raise InputError(f"{path} is a web page, not a scene: what was saved is the page about it. Download the file itself.")
    if json_in(head):
        raise InputError(f"{path} is JSON, but neither glTF nor the {META} of a SOG scene.")
    what = "a picture or video" if head[4:8] == b"ftyp" else next(
        (what for magic, what in _OTHERS.items() if head.startswith(magic)), None)
    if what:
        raise InputError(f"{path} is {what}, not a scene. A scene is one of {_in_words()}.")


def _unknown(path: Path) -> str:
    """Raise `InputError` for a file of an unknown kind."""
    ending = next((ending for ending in scene_endings() if path.name.lower().endswith(ending)), None)
    if ending:
        raise InputError(f"{path} is not a {ending} file, whatever its name says, or it is damaged. Copy or download it again.")
    raise InputError(f"cannot tell the format of '{path.name}'. A scene is one of {_in_words()}.")


def _in_words() -> str:
    return f"{', '.join(scene_endings())}, also in a .zip or .gz"
