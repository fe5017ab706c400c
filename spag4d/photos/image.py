"""Reading a panorama: any common picture file, or an array, becomes a full sphere of exactly 2:1."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from spag4d.data import Panorama
from spag4d.errors import InputError, reason
from spag4d.photos.black_caps import black_caps
from spag4d.photos.declared_size import check_pixel_count
from spag4d.photos.decode import Picture, decode_picture
from spag4d.photos.fisheye import circles_in, what_to_export
from spag4d.photos.gpano import OtherProjection, crop_from_xmp
from spag4d.photos.sample_types import split_alpha, unit_floats
from spag4d.progress import SILENT, Progress

IMAGE_EXTENSIONS = frozenset({
    ".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".heic", ".heif", ".insp", ".jxl"})
"""Extensions, in lower case, by which a folder's pictures are found, including kinds that are only refused with an explanation.
The content decides what a file is."""

RATIO_TOLERANCE = 0.01
"""Share by which width / height may differ from 2: sizes rounded to blocks of 8 or 16 pixels stay within it."""
_MIN_HEIGHT = 16
"""Rows, 11° each: less holds no scene."""


def picture_files(paths: Iterable[Path]) -> list[Path]:
    """Return those of the paths that are files named like pictures and not hidden, in order."""
    return sorted(path for path in paths if path.suffix.lower() in IMAGE_EXTENSIONS and path.is_file() and path.name[0] != ".")


def read_panorama(path: Path, *, force_erp: bool = False, progress: Progress = SILENT) -> Panorama:
    """Read a 360° panorama from a JPEG, PNG, WebP, TIFF, BMP, AVIF or HEIC file, named after the file's stem.

    Rotated by its EXIF data; sRGB, grey and 16 bits are accepted. Pixels of alpha 0, black caps at the poles, and what a crop
    (GPano data) leaves out of the sphere are not ``valid``. Within 1 % of 2:1 the longer side is shrunk to fit. Any other shape
    needs ``force_erp``, which shrinks it as well, and so do fisheye circles and pictures that declare another projection.
    Raises `InputError`.
    """
    progress.report("Reading", 0, 2)
    picture = decode_picture(path, progress=progress)
    progress.report("Reading", 1, 2)
    panorama = _panorama(_uncropped(picture, path, force_erp, progress), str(path), path.stem, force_erp)
    progress.report("Reading", 2, 2)
    return panorama


def panorama_from_array(rgb: NDArray[Any], *, name: str = "panorama", force_erp: bool = False) -> Panorama:
    """Make a panorama of sRGB pixels (h, w), (h, w, 3) or (h, w, 4): uint8, uint16, or floats within 0–1.

    Alpha, black caps and the ratio of sides are treated as in `read_panorama`. Raises `InputError`.
    """
    colors, visible = split_alpha(rgb, name)
    check_pixel_count(name, colors.shape[1], colors.shape[0])
    return _panorama(Picture(unit_floats(colors, name), visible), name, name, force_erp)


def _uncropped(picture: Picture, path: Path, force_erp: bool, progress: Progress) -> Picture:
    """Place a crop on its sphere; contradictory data is reported and ignored."""
    height, width = picture.rgb.shape[:2]
    try:
        crop = crop_from_xmp(picture.xmp, (height, width))
    except OtherProjection as error:
        if not force_erp:
            raise InputError(f"{path} says that its projection is {reason(error)}, not equirectangular: lines would bend. "
                             "Export it as 360° equirectangular (2:1). If it is that all the same, --force-erp takes it "
                             "so.") from error
        return picture
    except ValueError as error:
        progress.warn(f"the GPano data of {path.name} was ignored: {reason(error)}.")
        return picture
    if crop is None:
        return picture
    check_pixel_count(f"the full sphere of {path}", crop.full_hw[1], crop.full_hw[0])
    visible = np.ones((height, width), bool) if picture.visible is None else picture.visible
    return Picture(crop.place(picture.rgb), crop.place(visible), maker=picture.maker)


def _panorama(picture: Picture, source: str, name: str, force_erp: bool) -> Panorama:
    rgb, valid = picture.rgb, picture.visible
    if not force_erp:
        check_stitched(rgb, source, picture.maker)
    size_hw = _fitting_size(rgb.shape[0], rgb.shape[1], source, force_erp)
    caps = black_caps(rgb, valid)
    if caps is not None:
        valid = ~caps if valid is None else valid & ~caps
    if valid is not None and not valid.any():
        raise InputError(f"{source} shows nothing: all of it is black or transparent. Choose another picture.")
    if size_hw != rgb.shape[:2]:
        rgb = _area_mean(rgb, size_hw)
        valid = None if valid is None else _area_mean(valid.astype(np.float32), size_hw) > 0.999
    return Panorama(rgb, name, valid=valid)


def check_stitched(rgb: NDArray[Any], source: str, maker: str = "") -> None:
    """Raise `InputError` where a picture (h, w, 3) shows fisheye circles, naming the software of the camera's maker."""
    circles = circles_in(rgb)
    if circles:
        shown = "the circle of a fisheye lens" if circles == 1 else "the circles of two fisheye lenses"
        raise InputError(f"{source} shows {shown}, not a panorama. {what_to_export(maker)} If it is a panorama all the same, "
                         "--force-erp takes it as one.")


def _fitting_size(height: int, width: int, source: str, force_erp: bool) -> tuple[int, int]:
    """Return the largest 2:1 size within the picture's own; raises `InputError` where the picture is not a panorama."""
    ratio = width / height
    if not force_erp and abs(width - 2 * height) > RATIO_TOLERANCE * 2 * height:
        raise InputError(f"{source} is {width} x {height} pixels, a ratio of {ratio:.3f}:1. A 360° panorama is 2:1 "
                         "(within 1 %). If it shows the full sphere all the same, --force-erp resamples it.")
    fitting = min(height, width // 2)
    if fitting < _MIN_HEIGHT:
        raise InputError(f"{source} is {width} x {height} pixels. A panorama needs {2 * _MIN_HEIGHT} x {_MIN_HEIGHT} at least.")
    return fitting, 2 * fitting


def _area_mean(pixels: NDArray[np.float32], size_hw: tuple[int, int]) -> NDArray[np.float32]:
    return cv2.resize(pixels, size_hw[::-1], interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
