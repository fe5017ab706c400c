"""Writing depth: numbers for other programs, or a picture to look at."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from spag4d.data import DEPTH_UNIT_KEY, DepthMap
from spag4d.errors import InputError, either
from spag4d.io.atomic import atomic_path
from spag4d.progress import SILENT, Progress

PNG_UNIT_M = 0.002
"""Metres per count of a 16-bit PNG: 2 mm reach from 0.002 m to 131 m. Recorded in the file, so that it is read back
correctly."""

PREVIEW_EXTENSIONS = (".jpg", ".jpeg", ".webp")
DEPTH_EXTENSIONS = (".npy", ".png", *PREVIEW_EXTENSIONS)

_MAX_COUNT = 65535
"""The largest number of 16 bits."""
_WEBP_SIDE_PX = 16383
"""WebP has 14 bits for a side."""


def check_depth_path(path: Path) -> None:
    """Raise `InputError` where the extension of ``path`` names no kind of depth file."""
    if path.suffix.lower() not in DEPTH_EXTENSIONS:
        raise InputError(f"cannot tell what kind of depth file '{path.name}' is: end it in .npy (metres), "
                         f".png (16 bits), or {either(PREVIEW_EXTENSIONS)} (coloured preview).")


def write_depth(path: Path, depth: DepthMap, *, progress: Progress = SILENT) -> None:
    """Write a depth map in the format of the extension.

    ``.npy``: float32 metres along the ray, sky infinite. ``.png``: 16 bits in steps of `PNG_UNIT_M` metres, sky 0; farther
    surfaces are cut at 131.07 m with a warning. ``.jpg``, ``.jpeg``, ``.webp``: a coloured preview, near red, far blue, sky
    black. Raises `InputError` for any other extension and what `atomic_path` raises.
    """
    check_depth_path(path)
    extension = path.suffix.lower()
    progress.report("Writing depth", 0, 1)
    with atomic_path(path) as temporary:
        if extension == ".npy":
            with temporary.open("wb") as file:
                np.save(file, np.where(depth.sky, np.float32(np.inf), depth.distance), allow_pickle=False)
        elif extension == ".png":
            _write_png(temporary, depth, progress)
        else:
            _write_preview(temporary, depth)
    progress.report("Writing depth", 1, 1)


def _write_png(path: Path, depth: DepthMap, progress: Progress) -> None:
    counts = np.rint(depth.distance / np.float32(PNG_UNIT_M))
    beyond = float(((counts > _MAX_COUNT) & ~depth.sky).mean())
    if beyond > 0:
        progress.warn(f"{beyond:.1%} of the depth map lies beyond {_MAX_COUNT * PNG_UNIT_M:.1f} m and was cut there, as a PNG "
                      "reaches no farther. Use .npy to keep it.")
    counts = np.where(depth.sky, 0, np.clip(counts, 1, _MAX_COUNT)).astype(np.uint16)
    record = PngImagePlugin.PngInfo()
    record.add_text(DEPTH_UNIT_KEY, str(PNG_UNIT_M))
    Image.fromarray(counts).save(path, format="PNG", pnginfo=record, compress_level=3)


def _write_preview(path: Path, depth: DepthMap) -> None:
    kind = "WEBP" if path.suffix.lower() == ".webp" else "JPEG"
    if kind == "WEBP" and max(depth.size_hw) > _WEBP_SIDE_PX:
        raise InputError(f"WebP ends at {_WEBP_SIDE_PX} pixels and the depth map has {depth.size_hw[1]}. Use .jpg.")
    Image.fromarray(colored(depth)).save(path, format=kind, quality=92)


def colored(depth: DepthMap) -> NDArray[np.uint8]:
    """Return the depth map as colours (h, w, 3), RGB 0–255: logarithmic from near red to far blue, sky black."""
    logarithm = np.log(depth.distance)
    surfaces = logarithm[~depth.sky]
    near, far = np.percentile(surfaces, (1, 99)) if surfaces.size else (0.0, 1.0)
    nearness = np.clip((far - logarithm) / max(far - near, 1e-6), 0, 1)
    picture = cv2.applyColorMap(np.rint(nearness * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    picture[depth.sky] = 0
    return picture.astype(np.uint8, copy=False)
