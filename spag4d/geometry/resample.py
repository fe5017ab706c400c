"""Sampling between the panorama and its views, bilinear, in float32, through cached maps.

`cv2.remap` does the work: from OpenCV 5 on it interpolates float32 pictures of one, three or four channels with exact weights
(other types and channel counts, and OpenCV 4 always, round positions to 1/32 px, which errs by up to 0.016 px per axis). Six
faces of 1024² from 4096 x 2048 cost 28 / 69 / 49 ms of one core with 1 / 3 / 4 channels, with
`torch.nn.functional.grid_sample` 29 / 78 / 106 ms (`benchmarks/resample.py`).
Nothing here filters: before a reduction of more than about 1.5 times the caller averages the panorama down (`cv2.INTER_AREA`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast, no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import PinholeCamera
from spag4d.geometry import equirect
from spag4d.geometry.camera import view_contains, view_pixels_from_directions
from spag4d.geometry.map_cache import MapCache
from spag4d.kernels import in_parts, kernel

MAPS = MapCache(capacity_bytes=512 << 20)
_MARGIN_PX = 1  # what bilinear sampling reaches beyond the outermost pixel centres
_OUTSIDE = -1.0  # a finite position for pixels that the view does not show


@dataclass(frozen=True)
class Footprint:
    """The part of a panorama that a view can show, and where on the view its pixels lie.

    ``rows`` and ``columns`` are indices of the panorama, the columns wrapped; ``pixels`` (rows, columns, 2) are index
    coordinates on the view, (-1, -1) where the view does not show them.
    """

    rows: slice
    columns: np.ndarray
    pixels: np.ndarray

    def add(self, panorama: np.ndarray, values: np.ndarray) -> None:
        """Add values (rows, columns[, c]) to the panorama (h, w[, c]) at their place."""
        wrap = int(self.columns.argmin())
        for part in (slice(0, wrap), slice(wrap, self.columns.size)):  # slices, because indexing by arrays is ten times slower
            if part.start < part.stop:
                start = int(self.columns[part.start])
                panorama[self.rows, start : start + part.stop - part.start] += values[:, part]


def views_from_panorama(
    image: Float32[np.ndarray, "h w *c"] | Bool[np.ndarray, "h w"], cameras: Sequence[PinholeCamera]
) -> list[Float32[np.ndarray, "_ _ *c"]]:
    """Return each camera's view of a panorama (h, w) or (h, w, c) of any float data, distance along the ray included.

    Of a mask it is the share that is set. Raises `ValueError` for a camera that does not stand at the capture point and for
    other data than float32.
    """
    if image.dtype not in (np.float32, np.bool_):
        raise ValueError(f"sampling keeps float32 data, got {image.dtype}")
    height = image.shape[0]
    seen = [_window(camera, height)[0] for camera in cameras]
    rows = slice(max(0, min(part.start for part in seen) - 1), min(height, max(part.stop for part in seen) + 1))
    padded = _padded_rows(image, rows)
    return [sample(padded, _panorama_map(camera, height)) for camera in cameras]


def _padded_rows(image: np.ndarray, rows: slice) -> np.ndarray:
    """Return the panorama with a margin of one pixel, as `equirect.pad_sphere` does, but only these rows of it are filled."""
    height, width = image.shape[:2]
    padded = np.empty((height + 2, width + 2, *image.shape[2:]), np.float32)
    padded[1:-1, 1:-1][rows] = image[rows]
    for pole in (0, -1):
        padded[pole, 1:-1] = np.roll(image[pole], width // 2, 0)
    filled = padded[rows.start : rows.stop + 2]
    filled[:, 0], filled[:, -1] = filled[:, -2], filled[:, 1]
    return padded


def footprint(camera: PinholeCamera, height: int) -> Footprint:
    """Return the footprint of the view on a panorama of this height; the arrays are cached and read-only."""
    rows, columns = _window(camera, height)

    def make() -> tuple[np.ndarray, ...]:
        pixels = view_pixels_from_directions(camera, equirect.directions(height, rows).take(columns, axis=1))
        np.copyto(pixels, _OUTSIDE, where=~view_contains(camera, pixels, float(_MARGIN_PX))[..., None])
        return (pixels,)

    return Footprint(rows, columns, *MAPS.get(("footprint", height, _key(camera)), make))


def sample_view(
    view: Float32[np.ndarray, "vh vw *c"], camera: PinholeCamera, part: Footprint
) -> Float32[np.ndarray, "_ _ *c"]:
    """Return the view's values (rows, columns[, c]) over its footprint.

    Between the outermost pixel centres and the border the outermost values hold; outside the view the values mean nothing.
    """
    if view.shape[:2] != (camera.height, camera.width):
        raise ValueError(f"the view has shape {view.shape}, its camera {camera.height} x {camera.width}")
    return sample(view, part.pixels)


def _panorama_map(camera: PinholeCamera, height: int) -> np.ndarray:
    """Return where each pixel of the view lies on the padded panorama, (h, w, 2) float32."""

    def make() -> tuple[np.ndarray, ...]:
        pixels = np.empty((camera.height, camera.width, 2), np.float32)
        rotation = np.ascontiguousarray(camera.world_from_camera.rotation, np.float64)
        lens = float(camera.fx), float(camera.fy), float(camera.cx), float(camera.cy)
        in_parts(lambda *rows: _locate(rotation, lens, height, rows, pixels), camera.height, 64)
        return (pixels,)

    return MAPS.get(("panorama", height, _key(camera)), make)[0]


@kernel
@no_type_check
def _locate(rotation, lens, height, rows, pixels):
    """Do what `equirect.pixels_from_directions` does with `view_directions`, in a tenth of the time, and add the margin."""
    fx, fy, cx, cy = lens
    for row in range(rows[0], rows[1]):
        y = (row + 0.5 - cy) / fy
        a, b, c = rotation[:, 1] * y + rotation[:, 2]
        for column in range(pixels.shape[1]):
            x = (column + 0.5 - cx) / fx
            right, down, ahead = rotation[0, 0] * x + a, rotation[1, 0] * x + b, rotation[2, 0] * x + c
            u = _angle(right, ahead) * (height / np.pi) + (height - 0.5)
            u = u - 2 * height if u >= 2 * height - 0.5 else u
            v = _angle(down, np.sqrt(right * right + ahead * ahead)) * (height / np.pi) + (height - 1) / 2
            pixels[row, column, 0] = max(u, -0.5) + _MARGIN_PX
            pixels[row, column, 1] = min(max(v, -0.5), height - 0.5) + _MARGIN_PX


@kernel
@no_type_check
def _angle(y, x):
    """Return the arc tangent as `np.arctan2` does, so that eight run at once (Moshier's Cephes, atan.c; error 2e-16)."""
    most, least = max(abs(y), abs(x)), min(abs(y), abs(x))
    tangent = least / max(most, 1e-300)
    past = tangent > 0.66
    t = (tangent - 1) / (tangent + 1) if past else tangent
    z = t * t
    above = (((-8.750608600031904e-1 * z - 1.615753718733365e1) * z - 7.500855792314705e1) * z - 1.228866684490136e2) * z
    below = ((((z + 2.485846490142306e1) * z + 1.650270098316989e2) * z + 4.328810604912903e2) * z + 4.853903996359137e2) * z
    angle = t + t * z * (above - 6.485021904942025e1) / (below + 1.945506571482614e2) + (np.pi / 4 if past else 0.0)
    angle = np.pi / 2 - angle if abs(y) > abs(x) else angle
    angle = np.pi - angle if x < 0 else angle
    return -angle if y < 0 else angle


def _key(camera: PinholeCamera) -> tuple:
    pose = camera.world_from_camera
    if pose.translation.any():
        raise ValueError(f"a panorama is seen from the capture point only, the camera stands at {pose.translation}")
    intrinsics = (camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy)
    return (*intrinsics, pose.rotation.tobytes())


def _window(camera: PinholeCamera, height: int) -> tuple[slice, np.ndarray]:
    """Return rows and columns that hold the cone around the view: its axis, and the angle to its farthest corner."""
    x = np.array([camera.cx, camera.width - camera.cx]).max() / camera.fx
    y = np.array([camera.cy, camera.height - camera.cy]).max() / camera.fy
    cone_rad = np.arctan(np.hypot(x, y))
    axis = camera.world_from_camera.rotation[:, 2]
    u, v = equirect.pixels_from_directions(axis, height)
    pixel_rad = np.pi / height
    top, bottom = v - cone_rad / pixel_rad - 1, v + cone_rad / pixel_rad + 1
    rows = slice(max(0, int(np.floor(top))), min(height, int(np.ceil(bottom)) + 1))
    horizontal = np.hypot(axis[0], axis[2])
    if top <= 0 or bottom >= height - 1:  # a pole is inside, and with it every azimuth
        return rows, np.arange(2 * height)
    half_px = np.arcsin(min(1.0, np.sin(cone_rad) / horizontal)) / pixel_rad + 1
    columns = np.arange(int(np.floor(u - half_px)), int(np.ceil(u + half_px)) + 1)
    return rows, (columns % (2 * height))[: 2 * height]


def sample(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return a float32 picture (h, w[, c]) at positions (…, …, 2) in index coordinates; beyond the border its edge goes on."""
    if image.dtype != np.float32:
        raise ValueError(f"sampling keeps float32 data, got {image.dtype}")
    shape = (*pixels.shape[:2], *image.shape[2:])
    if image.ndim == 2 or image.shape[2] in (1, 3, 4):
        second_map = cast(cv2.typing.MatLike, None)  # an empty array instead gives garbage
        return cv2.remap(image, pixels, second_map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(shape)
    sampled = np.empty(shape, np.float32)
    for channel in range(image.shape[2]):  # other channel counts take the path of inexact weights
        sampled[..., channel] = sample(image[..., channel], pixels)
    return sampled
