"""Decoding a picture file, recognised by its content, to upright sRGB pixels."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Bool, Float32
from numpy.typing import NDArray
from PIL import Image

from spag4d.errors import InputError, Spag4dError, either, reason
from spag4d.io.opening import opened
from spag4d.photos.coded_color import CodedColor, color_of_boxes, color_of_png
from spag4d.photos.declared_size import bytes_of, check_promise
from spag4d.photos.icc import matrix_profile, srgb_image
from spag4d.photos.picture_kinds import HEAD_BYTES, KINDS, picture_kind, unread_kind
from spag4d.photos.pillow_image import load_whole, opened_still, webp_size
from spag4d.photos.quiet_decoders import quiet_decoders
from spag4d.photos.sample_types import split_alpha, unit_floats
from spag4d.photos.sixteen_bit import DeepTiff, decode_png, is_deep_png
from spag4d.progress import SILENT, Progress

_EXIF_ORIENTATION, _EXIF_MAKER = 274, 271
"""Tags of Exif 2.3."""
_LOST_TAGS = "a part of its metadata is damaged and was ignored, which may be its colour profile"
_META_BYTES = 1 << 16
"""Where AVIF and HEIC files describe their colours: in front of their pixels."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture: ``rgb`` (h, w, 3) in sRGB 0–1; ``visible`` (h, w) is False where alpha is 0, None if nowhere.

    ``maker`` is the camera's maker, or empty.
    """

    rgb: Float32[np.ndarray, "h w 3"]
    visible: Bool[np.ndarray, "h w"] | None = None
    xmp: bytes = b""
    maker: str = ""


@dataclass(frozen=True)
class _Stored:
    """The contents of a file: an 8-bit image or the upright pixels of a deeper one, and the metadata of colours and
    placement."""

    content: Image.Image | NDArray[Any]
    icc: bytes
    xmp: bytes
    orientation: int = 1
    maker: str = ""
    coded: CodedColor = CodedColor()
    notes: tuple[str, ...] = ()


def decode_picture(path: Path, *, progress: Progress = SILENT) -> Picture:
    """Decode a picture file: rotated by its EXIF data, colours converted to sRGB, precision kept.

    The size is checked against that of the file before anything is decoded. Raises `InputError` for a file that is missing,
    unreadable, not a picture, damaged, cut off or too large.
    """
    with opened(path, "picture") as file:
        kind = _kind(file, path)
        with _explained(path, kind):
            stored = _load(file, kind, path)
            read = _shallow_picture if isinstance(stored.content, Image.Image) else _deep_picture
            picture = read(path, stored, progress)
    for note in (*stored.notes, stored.coded.ignored, stored.coded.cut):
        if note:
            progress.warn(f"{path.name}: {note}")
    return picture


def declared_size(path: Path) -> tuple[int, int]:
    """Return the width and height that a picture file declares, without decoding it. Raises `InputError` as
    `decode_picture`."""
    with opened(path, "picture") as file:
        kind = _kind(file, path)
        with _explained(path, kind):
            if kind == "TIFF":
                width, height = DeepTiff(file).size
            else:
                _check_webp(file, kind, path)
                width, height = opened_still(file, kind).size
            check_promise(path, width, height, bytes_of(file.fileno()))
    return width, height


def _kind(file: BinaryIO, path: Path) -> str:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if kind := picture_kind(head):
        return kind
    if named := unread_kind(head):
        raise InputError(f"{path} {named}")
    if head[4:8] == b"ftyp" or head.startswith(b"\x1aE\xdf\xa3"):
        raise InputError(f"{path} is a video. `spag4d convert-video` converts its frames.")
    raise InputError(f"{path} is not a picture of a known kind: it begins with {head[:8]!r}. Save it as {either(KINDS)}.")


@contextmanager
def _explained(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a decoder raises over a broken file into an `InputError`; it can be an exception of any type."""
    try:
        with warnings.catch_warnings(), quiet_decoders():
            warnings.filterwarnings("ignore", module="PIL")  # remarks on odd metadata do not help in converting a picture
            yield
    except (Spag4dError, MemoryError):
        raise
    except Exception as error:
        raise InputError(f"{path} cannot be decoded: it is damaged, incomplete or a rare kind of {kind}: {reason(error)}. "
                         "Copy it or export it again.") from error


def _load(file: BinaryIO, kind: str, path: Path) -> _Stored:
    size, lost = bytes_of(file.fileno()), ()
    if kind == "TIFF":
        tiff = DeepTiff(file)
        if tiff.is_raw:
            raise InputError(f"{path} is a raw picture of a camera (DNG). Develop it and save it as TIFF or JPEG first.")
        check_promise(path, *tiff.size, size)
        lost = (_LOST_TAGS,) if tiff.lacks_tags else ()
        if tiff.is_deep:
            icc, xmp, notes = _described(tiff.icc, tiff.xmp)
            return _Stored(tiff.decode(), icc, xmp, notes=(*lost, *notes))
        tiff.check_is_whole(size)
    _check_webp(file, kind, path)
    image = opened_still(file, kind)
    check_promise(path, *image.size, size)
    icc, xmp, notes = _described(image.info.get("icc_profile"), image.info.get("xmp"))
    if not xmp:
        image.info.pop("xmp", None)  # Pillow looks for the orientation in it, whatever it is
    coded = _coded_color(file, kind, has_profile=bool(icc))
    if kind == "PNG" and is_deep_png(file):
        content = _upright(decode_png(file), _orientation(image))
        return _Stored(content, icc, xmp, coded=coded, notes=notes)
    load_whole(image, file, kind)
    return _Stored(image, icc, xmp, _orientation(image), _maker(image), coded, (*lost, *notes))


def _check_webp(file: BinaryIO, kind: str, path: Path) -> None:
    head = file.read(30) if kind == "WebP" else b""
    file.seek(0)
    size = webp_size(head)
    if size is not None:
        check_promise(path, *size, bytes_of(file.fileno()))


def _described(icc: object, xmp: object) -> tuple[bytes, bytes, tuple[str, ...]]:
    """Return the profile and the XMP packet of a file, empty without them, and a warning."""
    if isinstance(xmp, tuple) and len(xmp) == 1:  # older Pillow, for a TIFF tag of undefined type
        xmp = xmp[0]
    found, notes = [], []
    for name, value in (("colour profile", icc), ("XMP", xmp)):
        if value is not None and not isinstance(value, bytes):
            notes.append(f"its {name} was ignored, because it has the wrong type")
        found.append(value if isinstance(value, bytes) else b"")
    return found[0], found[1], tuple(notes)


def _coded_color(file: BinaryIO, kind: str, *, has_profile: bool) -> CodedColor:
    if kind not in ("PNG", "AVIF", "HEIC"):
        return CodedColor()
    at = file.tell()
    file.seek(0)
    data = file.read(-1 if kind == "PNG" else _META_BYTES)
    file.seek(at)
    if kind == "PNG":
        return color_of_png(data)
    return CodedColor() if has_profile else color_of_boxes(data)


def _shallow_picture(path: Path, stored: _Stored, progress: Progress) -> Picture:
    image = stored.content
    assert isinstance(image, Image.Image)  # noqa: S101
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"))
    if stored.icc and stored.coded.profile is None:
        try:
            image = srgb_image(image, stored.icc)
        except ValueError as error:
            progress.warn(f"the colour profile of {path.name} was ignored: {reason(error)}.")
    pixels = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    if alpha is not None:
        pixels = np.dstack([pixels, alpha])
    colors, visible = split_alpha(_upright(pixels, stored.orientation), str(path))
    return Picture(_in_srgb(unit_floats(colors, str(path)), stored.coded), visible, stored.xmp, stored.maker)


def _deep_picture(path: Path, stored: _Stored, progress: Progress) -> Picture:
    assert isinstance(stored.content, np.ndarray)  # noqa: S101
    colors, visible = split_alpha(stored.content, str(path))
    rgb = unit_floats(colors, str(path))
    if stored.coded.profile is not None:
        return Picture(_in_srgb(rgb, stored.coded), visible, stored.xmp)
    profile = matrix_profile(stored.icc) if stored.icc else None
    if profile is not None and not profile.is_srgb():
        rgb = profile.to_srgb(rgb)
    elif stored.icc and profile is None:
        rgb = _by_8_bits(path, rgb, stored.icc, progress)
    return Picture(rgb, visible, stored.xmp)


def _in_srgb(rgb: NDArray[np.float32], coded: CodedColor) -> NDArray[np.float32]:
    return rgb if coded.profile is None or coded.profile.is_srgb() else coded.profile.to_srgb(rgb)


def _by_8_bits(path: Path, rgb: NDArray[np.float32], icc: bytes, progress: Progress) -> NDArray[np.float32]:
    """Convert with a profile made of tables, which only LittleCMS can apply."""
    try:
        image = srgb_image(Image.fromarray(np.rint(rgb * 255).astype(np.uint8)), icc)
    except ValueError as error:
        progress.warn(f"the colour profile of {path.name} was ignored: {reason(error)}.")
        return rgb
    progress.warn(f"{path.name} has a colour profile made of tables: its colours were converted at 8 bits.")
    return unit_floats(np.asarray(image), str(path))


def _maker(image: Image.Image) -> str:
    """Return the camera's maker by the EXIF data, or an empty string."""
    try:
        return str(image.getexif().get(_EXIF_MAKER, "")).strip("\0 ")
    except Exception:  # as below
        return ""


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation 1–8 that is still to be applied; Pillow itself has turned a loaded TIFF."""
    try:
        return image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # unreadable EXIF data, on which Pillow can raise anything, is no reason to refuse a picture
        return 1


def _upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Rotate and mirror stored pixels (h, w, …) as they are meant to be seen."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
