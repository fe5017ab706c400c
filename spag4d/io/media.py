"""Whether a file is a picture or a video, judged by how it begins and never by its name."""

from pathlib import Path
from typing import Literal

from spag4d.errors import InputError
from spag4d.io.decode import picture_kind

_HEAD_BYTES = 400


def media_kind(path: Path) -> Literal["photo", "video"]:
    """Return what a file shows; raises `InputError` for what is neither. Nothing is decoded."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise InputError(f"{path} is empty (0 bytes). Copy or download it again.")
    if picture_kind(head):
        return "photo"
    if _is_video(head):
        return "video"
    raise InputError(f"{path} is neither a picture nor a video of a known kind: it begins with {head[:8]!r}. "
                     "Use JPEG, PNG, WebP, TIFF or BMP; or MP4, MOV, MKV, WebM, AVI or MPEG-TS.")


def _is_video(head: bytes) -> bool:
    brand = head[8:12]
    if head[4:8] == b"ftyp":
        return brand not in (b"heic", b"heix", b"mif1", b"avif")  # pictures in the same container
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free"):
        return True
    if head[:4] == b"RIFF":
        return brand == b"AVI "
    if head[:4] in (b"\x1aE\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"\x30\x26\xb2\x75") or head[:3] == b"FLV":
        return True
    return any(head[start::step][:2] == b"GG" for start, step in ((0, 188), (4, 192)))
