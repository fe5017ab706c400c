"""The .sog file, version 2 (PlayCanvas): lossless WebP pictures in a zip, a pixel for each Gaussian, and meta.json.

Positions are 16 bits between the bounds of the scene, on a scale of sign(x) ln(1 + |x|); scales and colours are indices of 256
values that meta.json lists; rotations are their three smallest components in bytes; view-dependent colours are one of up to
65536 sets. Gaussians stand in the order of `curve`, as neighbours compress well.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, UInt8
from PIL import Image

from spag4d import __version__
from spag4d.color import sh0_from_rgb
from spag4d.data import SH_COUNTS, Gaussians
from spag4d.formats.hilbert import curve_order
from spag4d.formats.sog_palette import palette
from spag4d.formats.sog_rotation import packed_rotations
from spag4d.progress import SILENT, Progress

PICTURES = {"means": ("means_l.webp", "means_u.webp"), "scales": ("scales.webp",), "quats": ("quats.webp",),
            "sh0": ("sh0.webp",), "shN": ("shN_centroids.webp", "shN_labels.webp")}
LARGEST = 65535
"""Of 16 bits, the two bytes that a coordinate has."""
PALETTE_COLUMNS = 64
"""Sets of view-dependent colour that stand side by side in their picture."""
_CODES = 256
"""Of a byte."""
_SMALLEST_SCALE_M, _LARGEST_SCALE_M = 1e-8, 1e8
"""Only to take logarithms: nothing visible is smaller or larger."""
_BINS = 1 << 14
"""Of the histogram from which codes are placed, 64 to a code."""
_SHARE_EVEN = 0.5
"""Of the codes, spread evenly: rare values keep half of the steps that they would have without the histogram."""
_THREADS = 2
"""One picture is packed while the next is made."""
_EFFORT = {"lossless": True, "quality": 50, "method": 4, "exact": True}


def write_sog(path: Path, gaussians: Gaussians, *, comments: Sequence[str] = (), progress: Progress = SILENT) -> None:
    """Write version 2 of the format, ``comments`` beside the name of the program in meta.json.

    Positions are off by 1/131070 of the scene's width at most, measured on the logarithmic scale; rotations by 0.6° at most,
    colours and opacities by 1/510; scales depend on how widely those of the scene differ, and view-dependent colours, of more
    than 65536 Gaussians, on how many of them are alike.
    """
    count = len(gaussians)
    meta, planes = _encoded(gaussians)
    meta["asset"] = {"generator": f"SPAG-4D {__version__}", "comments": list(comments)}
    with path.open("wb") as file, zipfile.ZipFile(file, "w") as archive, \
            ThreadPoolExecutor(_THREADS) as pool:
        names = [name for part, pictures in PICTURES.items() if part in meta for name in pictures]
        packing = [pool.submit(_picture, plane) for plane in planes]
        try:
            for number, (name, packed) in enumerate(zip(names, packing, strict=True), 1):
                archive.writestr(zipfile.ZipInfo(name), packed.result())
                progress.report("Writing", count * number // len(names), count)
        finally:
            pool.shutdown(cancel_futures=True)
        archive.writestr(zipfile.ZipInfo("meta.json"), json.dumps(meta))


def _encoded(gaussians: Gaussians) -> tuple[dict[str, Any], list[UInt8[np.ndarray, "h w 4"]]]:
    """Return meta.json and the pictures."""
    order = curve_order(gaussians.means, in_shells=True)
    low, high, fixed = _positions(gaussians.means[order])
    rotations, turned_scales = packed_rotations(gaussians.quats_wxyz[order], gaussians.scales[order])
    scale_codes, scales = _coded(np.log(np.clip(turned_scales, _SMALLEST_SCALE_M, _LARGEST_SCALE_M)))
    color_codes, colors = _coded_colors(gaussians.colors[order], is_base=gaussians.sh is not None)
    opacities = np.rint(np.clip(gaussians.opacities[order], 0, 1) * np.float32(255)).astype(np.uint8)
    meta = {"version": 2, "count": len(order),
            "means": {"mins": low.tolist(), "maxs": high.tolist(), "files": [*PICTURES["means"]]},
            "scales": {"codebook": scale_codes.tolist(), "files": [*PICTURES["scales"]]},
            "quats": {"files": [*PICTURES["quats"]]},
            "sh0": {"codebook": color_codes.tolist(), "files": [*PICTURES["sh0"]]}}
    values = [(fixed & 255).astype(np.uint8), (fixed >> 8).astype(np.uint8), scales, rotations,
              np.column_stack([colors, opacities])]
    pictures = [_laid_out(table) for table in values]
    if gaussians.sh is not None and len(order):
        meta["shN"], more = _view_dependent(gaussians.sh[order])
        pictures += more
    return meta, pictures


def _view_dependent(sh: Float32[np.ndarray, "n k 3"]) -> tuple[dict[str, Any], list[UInt8[np.ndarray, "h w 4"]]]:
    """Return meta.json's part about view-dependent colours, and the pictures of the sets and of each Gaussian's choice."""
    sets, labels = palette(sh)
    codes, coded = _coded(sets.reshape(len(sets), -1))
    across = PALETTE_COLUMNS * sh.shape[1]
    pixels = np.zeros((-(-len(sets) // PALETTE_COLUMNS) * across, 4), np.uint8)
    pixels[:, 3] = 255
    pixels[:len(sets) * sh.shape[1], :3] = coded.reshape(-1, 3)
    meta = {"count": len(sets), "bands": SH_COUNTS.index(sh.shape[1]), "codebook": codes.tolist(), "files": [*PICTURES["shN"]]}
    return meta, [pixels.reshape(-1, across, 4), _laid_out(np.stack([labels & 255, labels >> 8], -1).astype(np.uint8))]


def _coded_colors(
    colors: Float32[np.ndarray, "n 3"], *, is_base: bool
) -> tuple[Float32[np.ndarray, "256"], UInt8[np.ndarray, "n 3"]]:
    """Return 256 coefficients of degree 0, and the index of each colour, which is beyond 0-1 where it is but a base."""
    low, high = (min(0.0, float(colors.min())), max(1.0, float(colors.max()))) if is_base and len(colors) else (0.0, 1.0)
    shares = (np.clip(colors, low, high) - np.float32(low)) / np.float32(high - low)
    codes = sh0_from_rgb(np.linspace(low, high, _CODES, dtype=np.float32))
    return codes, np.rint(shares * np.float32(_CODES - 1)).astype(np.uint8)


def _positions(means: Float32[np.ndarray, "n 3"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the bounds (3,) on the logarithmic scale, and the positions between them as whole numbers (n, 3)."""
    logs = np.copysign(np.log1p(np.abs(means)), means)
    low, high = (logs.min(0), logs.max(0)) if len(logs) else (np.zeros(3, np.float32), np.zeros(3, np.float32))
    width = np.where(high > low, high - low, 1)
    return low, high, np.rint((logs - low) / width * np.float32(LARGEST)).astype(np.uint16)


def _coded(values: Float32[np.ndarray, "n k"]) -> tuple[Float64[np.ndarray, "256"], UInt8[np.ndarray, "n k"]]:
    """Return 256 numbers, more of them where there are more values, and for each value which is the nearest.

    They follow the cube root of the density, which has the least mean square error (Panter and Dite 1951), with a share spread
    evenly over the occupied range, so that rare values are not far off either.
    """
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    step = max(high - low, 1e-6) / (_BINS - 1)
    bins = np.rint((values - np.float32(low)) / np.float32(step)).astype(np.int32)
    density = np.cbrt(_smooth(np.bincount(bins.ravel(), minlength=_BINS).astype(np.float64)))
    density = (1 - _SHARE_EVEN) * density / max(density.sum(), 1e-30) + _SHARE_EVEN / _BINS
    reached = np.cumsum(density)
    codes = low + step * np.interp((np.arange(_CODES) + 0.5) / _CODES * reached[-1], reached, np.arange(_BINS))
    nearest = np.searchsorted((codes[1:] + codes[:-1]) / 2, low + step * np.arange(_BINS)).astype(np.uint8)
    return codes, nearest[bins]


def _smooth(counts: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    width = _BINS // 256
    return np.convolve(counts, np.full(width, 1 / width), "same")


def _laid_out(table: UInt8[np.ndarray, "n k"]) -> UInt8[np.ndarray, "h w 4"]:
    """Return the pixels of a picture, row by row; opaque where there are but three numbers."""
    width = max(4, -(-int(np.ceil(np.sqrt(len(table)))) // 4) * 4)
    height = max(1, -(-len(table) // width))
    pixels = np.zeros((height * width, 4), np.uint8)
    pixels[:, 3] = 255
    pixels[:len(table), :table.shape[1]] = table
    return pixels.reshape(height, width, 4)


def _picture(pixels: UInt8[np.ndarray, "h w 4"]) -> bytes:
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, "WEBP", **_EFFORT)
    return packed.getvalue()
