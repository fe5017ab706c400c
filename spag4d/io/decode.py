"""From a picture file to its pixels: JPEG, PNG, WebP, TIFF and BMP, told apart by content, upright and in sRGB."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Bool, Float32
from numpy.typing import NDArray
from PIL import BmpImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from spag4d.errors import InputError, Spag4dError, either, reason
from spag4d.io.deep import DeepTiff, decode_png, is_deep_png
from spag4d.io.icc import matrix_profile, srgb_image
from spag4d.io.levels import split_alpha, unit_floats
from spag4d.progress import SILENT, Progress

PIXEL_LIMIT = 16384 * 8192 * 102 // 100
"""Most pixels that a picture may have: 16384 x 8192, and the 2 % that a nearly 2:1 picture can have more."""

_EXIF_ORIENTATION = 274
# Called directly, as `Image.open` has a limit of its own that only a global switch lifts, and knows formats nobody asked for.
_PLUGINS: dict[str, Any] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"BM": "BMP",
    b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "TIFF", b"MM\0+": "TIFF",
}


@dataclass(frozen=True)
class Picture:
    """A decoded picture: ``rgb`` (h, w, 3) in sRGB 0–1; ``visible`` (h, w) is False where alpha is 0, None if nowhere."""

    rgb: Float32[np.ndarray, "h w 3"]
    visible: Bool[np.ndarray, "h w"] | None = None
    xmp: bytes = b""


@dataclass(frozen=True)
class _Stored:
    """What a file holds: an 8-bit image or the upright pixels of a deeper one, and what describes their colours and place."""

    content: Image.Image | NDArray[Any]
    icc: bytes
    xmp: bytes
    orientation: int = 1


def decode_picture(path: Path, *, progress: Progress = SILENT) -> Picture:
    """Decode a picture file: rotated as its EXIF data says, colours converted to sRGB, precision kept.

    The size is checked before anything is decoded. Raises `InputError` for a file that is missing, not readable, no picture,
    damaged, cut off or too large.
    """
    with _opened(path) as file:
        kind = _kind(file, path)
        with _explained(path, kind):
            stored = _load(file, kind, path)
    if isinstance(stored.content, Image.Image):
        return _shallow_picture(path, stored.content, stored, progress)
    return _deep_picture(path, stored.content, stored, progress)


def declared_size(path: Path) -> tuple[int, int]:
    """Return width and height as a picture file declares them; nothing is decoded. Raises `InputError` as `decode_picture`."""
    with _opened(path) as file:
        kind = _kind(file, path)
        with _explained(path, kind):
            width, height = DeepTiff(file).size if kind == "TIFF" else _PLUGINS[kind](file).size
    check_pixel_count(path, width, height)
    return width, height


def check_pixel_count(path: Path | str, width: int, height: int) -> None:
    """Refuse pictures of more than `PIXEL_LIMIT` pixels with an `InputError` that states both numbers."""
    if width * height > PIXEL_LIMIT:
        raise InputError(f"{path} has {width} x {height} pixels, {width * height / 1e6:,.0f} million. The limit is "
                         f"{PIXEL_LIMIT / 1e6:,.0f} million (16384 x 8192): make it smaller first.")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path.is_dir():
        raise InputError(f"{path} is a folder. Name a picture in it, or convert the whole folder with --batch.")
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}. Check the name.") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}. Check its permissions.") from error
    with file:
        yield file


def _kind(file: BinaryIO, path: Path) -> str:
    head = file.read(16)
    file.seek(0)
    if not head:
        raise InputError(f"{path} is empty (0 bytes). Copy or download it again.")
    if kind := picture_kind(head):
        return kind
    if head[4:8] == b"ftyp" or head.startswith(b"\x1aE\xdf\xa3"):
        raise InputError(f"{path} is a video. `spag4d convert-video` converts its frames.")
    raise InputError(f"{path} is no picture of a known kind: it begins with {head[:8]!r}. Save it as {either(_PLUGINS)}.")


def picture_kind(head: bytes) -> str | None:
    """Return the kind of picture that begins with these bytes (16 are enough), or None."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return next((kind for signature, kind in _SIGNATURES.items() if head.startswith(signature)), None)


@contextmanager
def _explained(path: Path, kind: str) -> Iterator[None]:
    """Put into words what a decoder makes of a broken file, which can be an exception of any type."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="PIL")  # remarks on odd metadata help nobody who converts a picture
            yield
    except (Spag4dError, MemoryError):
        raise
    except Exception as error:
        raise InputError(f"{path} cannot be decoded, it is damaged, cut off or of a rare kind of {kind}: {reason(error)}. "
                         "Copy it again or export it anew.") from error


def _load(file: BinaryIO, kind: str, path: Path) -> _Stored:
    if kind == "TIFF" and (tiff := DeepTiff(file)).is_deep:
        check_pixel_count(path, *tiff.size)
        return _Stored(tiff.decode(), tiff.icc, tiff.xmp)
    image: Image.Image = _PLUGINS[kind](file)
    check_pixel_count(path, *image.size)
    if kind == "PNG" and is_deep_png(file):
        content = _upright(decode_png(file), _orientation(image))
        return _Stored(content, image.info.get("icc_profile") or b"", _xmp(image))
    image.load()
    return _Stored(image, image.info.get("icc_profile") or b"", _xmp(image), _orientation(image))


def _shallow_picture(path: Path, image: Image.Image, stored: _Stored, progress: Progress) -> Picture:
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"))
    if stored.icc:
        try:
            image = srgb_image(image, stored.icc)
        except ValueError as error:
            progress.warn(f"the colour profile of {path.name} was ignored: {error}.")
    pixels = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    if alpha is not None:
        pixels = np.dstack([pixels, alpha])
    colors, visible = split_alpha(_upright(pixels, stored.orientation), str(path))
    return Picture(unit_floats(colors, str(path)), visible, stored.xmp)


def _deep_picture(path: Path, pixels: NDArray[Any], stored: _Stored, progress: Progress) -> Picture:
    colors, visible = split_alpha(pixels, str(path))
    rgb = unit_floats(colors, str(path))
    profile = matrix_profile(stored.icc) if stored.icc else None
    if profile is not None and not profile.is_srgb():
        rgb = profile.to_srgb(rgb)
    elif stored.icc and profile is None:
        rgb = _by_8_bits(path, rgb, stored.icc, progress)
    return Picture(rgb, visible, stored.xmp)


def _by_8_bits(path: Path, rgb: NDArray[np.float32], icc: bytes, progress: Progress) -> NDArray[np.float32]:
    """Convert with a profile made of tables, for which there is LittleCMS alone."""
    try:
        image = srgb_image(Image.fromarray(np.rint(rgb * 255).astype(np.uint8)), icc)
    except ValueError as error:
        progress.warn(f"the colour profile of {path.name} was ignored: {error}.")
        return rgb
    progress.warn(f"{path.name} has a colour profile made of tables: its colours were converted at 8 bits.")
    return unit_floats(np.asarray(image), str(path))


def _xmp(image: Image.Image) -> bytes:
    packet = image.info.get("xmp", b"")
    if isinstance(packet, tuple):  # older Pillow, for a TIFF tag of undefined type
        packet = packet[0]
    return packet if isinstance(packet, bytes) else b""


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation 1–8 that is still to be applied; Pillow itself has turned a loaded TIFF."""
    try:
        return image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # unreadable EXIF data, of which Pillow can say so with any exception, is no reason to refuse a picture
        return 1


def _upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Rotate and mirror stored pixels (h, w, …) to how they are meant to be seen."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
