"""Gaussians of a .sog file of any tool."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from spag4d.color import rgb_from_sh0
from spag4d.data import SH_COUNTS, Gaussians
from spag4d.errors import InputError, reason
from spag4d.formats.placing import ORIGIN, placed
from spag4d.formats.smallest_three import quats_from_smallest_three
from spag4d.formats.sog_meta import Palette, SogFiles, SogMeta, opened_sog
from spag4d.formats.sog_write import LARGEST, PALETTE_COLUMNS
from spag4d.formats.webp import webp_pixels, webp_size
from spag4d.io.unpacked_size import check_unpacked
from spag4d.progress import SILENT, Progress

_TAG = 252
"""Alpha of a rotation's pixel, plus the number of the largest component."""
_PIXEL_BYTES = 4
"""Red, green, blue, alpha."""

Picture = Callable[[str, int], UInt8[np.ndarray, "n 4"]]
"""Returns the requested number of pixels of a picture."""


def read_sog(path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT) -> Gaussians:
    """Read a .sog file of version 2 of any tool, a zip or a folder, moved by ``shift_m``.

    Raises `InputError` for a file that is missing, empty, cut short, damaged, of another version or not a .sog file.
    """
    with opened_sog(path) as files:
        meta = files.meta()
        try:
            return _gaussians(meta, _pictures(files, meta), shift_m, progress)
        except ValueError as error:
            raise InputError(f"{path} is damaged, or not a .sog file: {reason(error)}. Copy or download it again.") from error


def read_sog_meta(path: Path) -> SogMeta:
    """Return meta.json; raises `InputError` for anything but a .sog file."""
    with opened_sog(path) as files:
        return files.meta()


def read_sog_comments(path: Path) -> list[str]:
    """Return the comments that `write_sog` wrote; raises `InputError` for anything but a .sog file."""
    return read_sog_meta(path).asset.comments


def _pictures(files: SogFiles, meta: SogMeta) -> Picture:
    """Return a function that unpacks pictures, once all of them together are no larger than the file can honestly hold."""
    names = [*meta.means.files[:2], meta.scales.files[0], meta.quats.files[0], meta.sh0.files[0]]
    names += meta.shN.files[:2] if meta.shN else []
    packed = {name: files.read(name) for name in dict.fromkeys(names)}
    pixels = sum(width * height for width, height in map(webp_size, packed.values()))
    sh_bytes = 3 * SH_COUNTS[meta.shN.bands] * meta.count if meta.shN else 0
    check_unpacked(files.size, pixels * _PIXEL_BYTES + sh_bytes, files.path)

    def picture(name: str, count: int) -> UInt8[np.ndarray, "n 4"]:
        found = webp_pixels(packed[name]).reshape(-1, 4)
        if len(found) < count:
            raise ValueError(f"{name} has {len(found)} pixels, not {count}")
        return found[:count]

    return picture


def _gaussians(meta: SogMeta, picture: Picture, shift_m: Float64[np.ndarray, "3"], progress: Progress) -> Gaussians:
    colors, rotations = picture(meta.sh0.files[0], meta.count), picture(meta.quats.files[0], meta.count)
    base = rgb_from_sh0(_coded(meta.sh0.codebook, colors[:, :3]))
    return Gaussians(
        means=placed(_means(meta, picture), shift_m, progress),
        scales=np.exp(_coded(meta.scales.codebook, picture(meta.scales.files[0], meta.count)[:, :3])),
        quats_wxyz=_quats(rotations),
        opacities=colors[:, 3].astype(np.float32) / 255,
        colors=base if meta.shN else np.clip(base, 0, 1),
        sh=_sh(meta.shN, picture, meta.count) if meta.shN else None,
    )


def _coded(codebook: list[float], codes: UInt8[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    return np.clip(np.array(codebook), -80, 80).astype(np.float32)[codes]


def _means(meta: SogMeta, picture: Picture) -> Float32[np.ndarray, "n 3"]:
    low, high = (picture(name, meta.count)[:, :3] for name in meta.means.files[:2])
    first, last = np.array(meta.means.mins), np.array(meta.means.maxs)
    shares = ((high.astype(np.uint16) << np.uint16(8)) | low) / np.float64(LARGEST)
    logs = np.clip(first + shares * (last - first), -80, 80)  # keeps float32 finite
    return np.copysign(np.expm1(np.abs(logs)), logs).astype(np.float32)


def _quats(rotations: UInt8[np.ndarray, "n 4"]) -> Float32[np.ndarray, "n 4"]:
    largest = np.where(rotations[:, 3] >= _TAG, rotations[:, 3] - np.minimum(rotations[:, 3], _TAG), 0).astype(np.uint8)
    return quats_from_smallest_three(largest, rotations[:, :3].astype(np.float32) / np.float32(127.5) - 1)


def _sh(palette: Palette, picture: Picture, count: int) -> Float32[np.ndarray, "n k 3"]:
    """Look up each Gaussian's coefficients: rows of 64 sets, each set as many pixels as it has coefficients."""
    coefficients = SH_COUNTS[palette.bands]
    row = PALETTE_COLUMNS * coefficients
    sets = picture(palette.files[0], -(-palette.count // PALETTE_COLUMNS) * row)[:, :3].reshape(-1, coefficients, 3)
    labels = picture(palette.files[1], count)
    index = labels[:, 0].astype(np.intp) | (labels[:, 1].astype(np.intp) << 8)
    if len(index) and index.max() >= palette.count:
        raise ValueError(f"a Gaussian takes set {index.max()} of {palette.count} of view-dependent colour")
    return _coded(palette.codebook, sets)[index]
