"""Whether a file is a picture or a video, judged by its first bytes, never by its name."""

from pathlib import Path
from typing import Literal

from spag4d.errors import InputError
from spag4d.io.opening import opened
from spag4d.photos.picture_kinds import HEAD_BYTES, picture_kind, unread_kind


def media_kind(path: Path) -> Literal["photo", "video"]:
    """Return the kind of a file without decoding it; raises `InputError` where it is neither."""
    with opened(path, "picture or video") as file:
        head = file.read(HEAD_BYTES)
    if picture_kind(head):
        return "photo"
    if _is_video(head):
        return "video"
    if named := unread_kind(head):
        raise InputError(f"{path} {named}")
    raise InputError(f"{path} is neither a picture nor a video of a known kind: it begins with {head[:8]!r}. "
                     "Use JPEG, PNG, WebP, TIFF, BMP, AVIF or HEIC; or MP4, MOV, MKV, WebM, AVI or MPEG-TS.")


def _is_video(head: bytes) -> bool:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return True
    if head[:4] == b"RIFF":
        return head[8:12] == b"AVI "
    if head[:4] in (b"\x1aE\xdf\xa3", b"\0\0\1\xba", b"\0\0\1\xb3", b"\x30\x26\xb2\x75") or head[:3] == b"FLV":
        return True
    return any(head[start::step][:2] == b"GG" for start, step in ((0, 188), (4, 192)))
