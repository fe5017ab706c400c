"""The equirectangular picture: pixels, directions, solid angles, and what lies beyond its edges.

Pixel positions here are **index coordinates**: the centre of pixel (row j, column i) is (u, v) = (i, j), as `cv2.remap`
takes them. A panorama is ``w = 2 h`` wide; its columns wrap, and a row continues over the pole at azimuth + 180°.
"""

from functools import lru_cache
from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64, Shaped

from spag4d.kernels import exact_kernel, in_parts

_LEAST_DIRECTIONS = 131072
"""A thread's share: a millisecond of work."""
_LEAST = np.float32(1e-37)
"""Near the smallest number of float32: stands in for the length of a vector of no length."""
_ARC = tuple(map(np.float32, (
    0.0028662257, -0.0161657367, 0.0429096138, -0.0752896400, 0.1065626393, -0.1420889944, 0.1999355085, -0.3333314528, 1.0)))
"""From the highest power down."""
_LARGEST_CACHED_HEIGHT = 2048  # 100 MB of directions; taller panoramas are computed anew, by bands where memory counts


def row_elevations_rad(height: int) -> Float64[np.ndarray, " h"]:
    """Return the elevation of each row's pixel centres, from nearly π/2 (zenith) down to nearly -π/2."""
    return np.pi / 2 - np.pi * (np.arange(height) + 0.5) / height


def column_azimuths_rad(width: int) -> Float64[np.ndarray, " w"]:
    """Return the azimuth of each column's pixel centres, rising from nearly -π to nearly π; 0 is +z and π/2 is +x."""
    return 2 * np.pi * (np.arange(width) + 0.5) / width - np.pi


def directions(height: int, rows: slice | None = None) -> Float32[np.ndarray, "rows w 3"]:
    """Return the unit direction of every pixel of a panorama of this height, read-only.

    ``rows`` selects a band without computing the rest. Whole grids up to 2048 rows are cached (the latest two); one of 8192
    rows takes 1.6 GB, so go through it by bands.
    """
    if rows is None and height <= _LARGEST_CACHED_HEIGHT:
        return _cached_directions(height)
    return _directions(height, slice(None) if rows is None else rows)


def _directions(height: int, rows: slice) -> np.ndarray:
    azimuth = column_azimuths_rad(2 * height)
    elevation = row_elevations_rad(height)[rows, None]
    grid = np.empty((elevation.shape[0], 2 * height, 3), np.float32)
    cosine = np.cos(elevation).astype(np.float32)
    np.multiply(cosine, np.sin(azimuth).astype(np.float32), out=grid[..., 0])
    grid[..., 1] = -np.sin(elevation)
    np.multiply(cosine, np.cos(azimuth).astype(np.float32), out=grid[..., 2])
    grid.flags.writeable = False
    return grid


@lru_cache(maxsize=2)
def _cached_directions(height: int) -> np.ndarray:
    return _directions(height, slice(None))


def pixels_from_directions(vectors: Float[np.ndarray, "*n 3"], height: int) -> Float[np.ndarray, "*n 2"]:
    """Return where directions fall on a panorama of this height.

    ``vectors`` (…, 3) of any length; the result (…, 2) is (u, v) in index coordinates and of the same float type, with u in
    [-0.5, w - 0.5) and v in [-0.5, h - 0.5]. In float32 a panorama of 16384 x 8192 is met within 0.003 px.
    """
    pixels = np.empty((*vectors.shape[:-1], 2), vectors.dtype)
    if vectors.dtype == np.float32:
        flat, out = np.ascontiguousarray(vectors).reshape(-1, 3), pixels.reshape(-1)
        in_parts(lambda first, last: _fall(flat[first:last], height, out[2 * first : 2 * last]), len(flat), _LEAST_DIRECTIONS)
        return pixels
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    u, v = pixels[..., 0], pixels[..., 1]
    width = 2 * height
    np.multiply(np.arctan2(x, z), width / (2 * np.pi), out=u)
    u += (width - 1) / 2
    np.subtract(u, width, out=u, where=u >= width - 0.5)  # straight backwards, azimuth +π, is the left edge
    np.maximum(u, -0.5, out=u)
    np.multiply(np.arctan2(y, np.hypot(x, z)), height / np.pi, out=v)
    v += (height - 1) / 2
    np.clip(v, -0.5, height - 0.5, out=v)
    return pixels


@exact_kernel
@no_type_check
def _fall(vectors, height, pixels):
    """Write where directions (n, 3) fall, as (2 n,). Branches are choices and rows apart, so that eight run at a time."""
    per_rad, width = np.float32(height / np.pi), np.float32(2 * height)
    middle_u, middle_v = np.float32(height - 0.5), np.float32(0.5 * (height - 1))
    right, bottom, edge = np.float32(2 * height - 0.5), np.float32(height - 0.5), np.float32(-0.5)
    one, half_turn, quarter_turn = np.float32(1), np.float32(np.pi), np.float32(np.pi / 2)
    xs, ys, zs = vectors[:, 0].copy(), vectors[:, 1].copy(), vectors[:, 2].copy()
    for k in range(len(xs)):
        x, y, z = abs(xs[k]), abs(ys[k]), abs(zs[k])
        longer = max(x, z, _LEAST)
        ratio = min(x, z) / longer
        azimuth = _arc(ratio)
        azimuth = quarter_turn - azimuth if x > z else azimuth
        azimuth = half_turn - azimuth if zs[k] < 0 else azimuth
        u = middle_u + per_rad * (-azimuth if xs[k] < 0 else azimuth)
        u = u - width if u >= right else u  # straight backwards, azimuth +π, is the left edge
        level = longer * np.sqrt(one + ratio * ratio)
        elevation = _arc(min(y, level) / max(y, level))
        elevation = quarter_turn - elevation if y > level else elevation
        v = middle_v + per_rad * (-elevation if ys[k] < 0 else elevation)
        pixels[2 * k] = max(u, edge)  # float32 has no π
        pixels[2 * k + 1] = min(max(v, edge), bottom)


@exact_kernel
@no_type_check
def _arc(ratio):
    """Return the arctangent of a float32 from 0 to 1, within 2e-8 (Abramowitz and Stegun, 1964, 4.4.49)."""
    square = ratio * ratio
    value = _ARC[0]
    for factor in _ARC[1:]:
        value = value * square + factor
    return value * ratio


def nearest_pixels(vectors: Float[np.ndarray, "*n 3"], height: int) -> tuple[Int64[np.ndarray, "*n"], Int64[np.ndarray, "*n"]]:
    """Return the row (…) and the column (…) of the pixel whose centre is nearest to each direction (…, 3), of any length."""
    columns, rows = np.moveaxis(np.rint(pixels_from_directions(vectors, height)).astype(np.int64), -1, 0)
    return np.clip(rows, 0, height - 1), columns % (2 * height)


def directions_from_pixels(pixels: Float[np.ndarray, "*n 2"], height: int) -> Float[np.ndarray, "*n 3"]:
    """Return the unit directions (…, 3) of positions (u, v) in index coordinates; u beyond the edges wraps."""
    azimuth = (pixels[..., 0] - (2 * height - 1) / 2) * (np.pi / height)
    elevation = ((height - 1) / 2 - pixels[..., 1]) * (np.pi / height)
    cosine = np.cos(elevation)
    return np.stack([cosine * np.sin(azimuth), -np.sin(elevation), cosine * np.cos(azimuth)], -1)


def solid_angle_weights(height: int) -> Float64[np.ndarray, " h"]:
    """Return the solid angle in steradians of one pixel of each row; over all pixels they sum to 4π.

    The integral of cos(elevation) over a pixel: sin a - sin b = 2 cos((a + b) / 2) sin((a - b) / 2).
    """
    column_rad = np.pi / height
    return column_rad * 2 * np.sin(np.pi / (2 * height)) * np.cos(row_elevations_rad(height))


def pad_sphere(image: Shaped[np.ndarray, "h w *c"], pad_px: int) -> Shaped[np.ndarray, "h2 w2 *c"]:
    """Return the panorama with a margin on all four sides that shows what the sphere shows there, as a new array.

    Left and right the columns wrap; beyond a pole the picture continues with the same rows, outwards, at azimuth + 180°.
    ``image`` (h, w) or (h, w, c) of any dtype and even width; the result is (h + 2 pad, w + 2 pad[, c]). Raises `ValueError`
    for a margin greater than the height.
    """
    height, width = image.shape[:2]
    if not 0 <= pad_px <= min(height, width) or width % 2:
        raise ValueError(f"cannot pad {height} x {width} by {pad_px} px: needs an even width and at most {height} px")
    padded = np.empty((height + 2 * pad_px, width + 2 * pad_px, *image.shape[2:]), image.dtype)
    inner = padded[:, pad_px : pad_px + width]
    half, end = width // 2, height + pad_px
    inner[pad_px:end] = image
    for source, target in ((image[:pad_px][::-1], inner[:pad_px]), (image[height - pad_px :][::-1], inner[end:])):
        target[:, :half] = source[:, half:]
        target[:, half:] = source[:, :half]
    padded[:, :pad_px] = inner[:, width - pad_px :]
    padded[:, pad_px + width :] = inner[:, :pad_px]
    return padded


def crop_sphere(padded: Shaped[np.ndarray, "h2 w2 *c"], pad_px: int) -> Shaped[np.ndarray, "h w *c"]:
    """Return the panorama inside the margin of `pad_sphere`, as a view."""
    return padded[pad_px : padded.shape[0] - pad_px, pad_px : padded.shape[1] - pad_px]
