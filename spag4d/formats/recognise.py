"""What a scene file is, by what is in it: its name decides only for formats without a beginning of their own."""

import gzip
import zlib
from pathlib import Path

from spag4d.errors import InputError, reason
from spag4d.formats.ksplat import is_ksplat
from spag4d.formats.ply_header import read_header
from spag4d.formats.sog_meta import META
from spag4d.formats.splat import is_splat
from spag4d.io.archive import opened_zip
from spag4d.io.opening import require_file

GZIPPED, ZIPPED = "gz", "zip"
"""What is no scene but may hold one."""
_HEAD = 4096
_SPZ = b"NGSP"
_KNOWN = {b"\x1f\x8b": GZIPPED, b"glTF": "glb", _SPZ: "spz", b"PK\x03\x04": ZIPPED, b"PK\x05\x06": ZIPPED}
_LFS = b"version https://git-lfs"
_OTHERS = {
    b"\x89PNG": "a picture (PNG)", b"\xff\xd8\xff": "a picture (JPEG)", b"GIF8": "a picture (GIF)",
    b"II*\0": "a picture (TIFF)", b"MM\0*": "a picture (TIFF)", b"\x93NUMPY": "an array of numpy", b"%PDF": "a PDF document",
    b"7z\xbc\xaf": "a 7-Zip archive", b"Rar!": "a RAR archive", b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"BZh": "packed with bzip2", b"\xfd7zXZ": "packed with xz", b"SQLite": "a database", b"\x7fELF": "a program",
    b"SP4D": "a scene that moves (.splat4d), which cannot be read yet",
    b"\x894DGS": "a scene that moves (.4dgs), which cannot be read yet",
}
_ENDINGS = "PLY, compressed PLY, SPZ, SOG, glTF (.glb, .gltf), SPLAT and KSPLAT, also in a .zip or .gz"


def kind_of(path: Path) -> str:
    """Return the format of a scene file or folder, or `GZIPPED` or `ZIPPED`; raises `InputError` for what is no scene."""
    if path.is_dir():
        if (path / META).is_file():
            return "sog"
        raise InputError(f"{path} is a folder, not a scene: it holds no {META}. Name a file in it.")
    require_file(path)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"ply") and head[3:4] in (b"\n", b"\r", b" "):
        return "compressed.ply" if read_header(path).is_compressed else "ply"
    kind = next((kind for magic, kind in _KNOWN.items() if head.startswith(magic)), None)
    if kind == GZIPPED:
        return "spz" if _unpacked_head(path) == _SPZ else GZIPPED
    if kind == ZIPPED:
        return "sog" if _holds_meta(path) else ZIPPED
    return kind or _text_kind(path, head) or _nameless_kind(path, head)


def _unpacked_head(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(len(_SPZ))
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is damaged, or no gzip file: {reason(error)}. Copy or download it again.") from error


def _holds_meta(path: Path) -> bool:
    with opened_zip(path) as archive:
        return any(name == META or name.endswith(f"/{META}") for name in archive.namelist())


def _text_kind(path: Path, head: bytes) -> str | None:
    """Return the format of a document, None for what is none; raises `InputError` for a document that is no scene."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_LFS):
        raise InputError(f"{path} is not the file itself but a pointer to it, as Git LFS leaves one. Fetch the file with "
                         "`git lfs pull`, or download it again.")
    if text[:1] == b"<" and text[1:2].isascii() and (text[1:2].isalpha() or text[1:2] in (b"!", b"?")):
        raise InputError(f"{path} is a web page, not a scene: what was saved is the page about it. Download the file itself.")
    if text[:1] not in (b"{", b"["):
        return None
    if path.name == META or b'"means"' in text:
        return "sog"
    if path.suffix.lower() == ".gltf" or b'"asset"' in text:
        return "glb"
    raise InputError(f"{path} is JSON, but neither glTF nor the {META} of a SOG scene.")


def _nameless_kind(path: Path, head: bytes) -> str:
    """Return the format of a file whose format has no beginning of its own."""
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            raise InputError(f"{path} is {what}, not a scene. A scene is one of {_ENDINGS}.")
    if head[4:8] == b"ftyp":
        raise InputError(f"{path} is a picture or video, not a scene. A scene is one of {_ENDINGS}.")
    ending = path.suffix.lower()
    if ending == ".ksplat" or (ending != ".splat" and is_ksplat(path)):
        return "ksplat"
    if ending == ".splat":
        if is_splat(path):
            return "splat"
        raise InputError(f"{path} is no .splat file, or damaged: its numbers are none of places, sizes and rotations. Copy or "
                         "download it again.")
    if ending == ".spz":
        raise InputError(f"{path} is no .spz file: it is no gzip file and does not begin with NGSP.")
    if ending in (".ply", ".glb", ".sog"):
        raise InputError(f"{path} is no {ending} file, whatever its name says. Copy or download it again.")
    raise InputError(f"cannot tell the format of '{path.name}'. A scene is one of {_ENDINGS}.")
