"""The sky as a backdrop: a sphere beyond everything, in the colours of the photograph's sky alone.

The fine layer is as sharp as the photograph and reaches a few cells below the skyline; the wide layer behind it reaches
as far as a step aside uncovers, so that this is sky and neither a gap nor the outline of what stood in front. Pixels at the
skyline mix both colours: there, and below, the colour of the nearest pure sky continues.
"""

import math
from dataclasses import dataclass
from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.device import return_free_memory
from spag4d.geometry.around import grown
from spag4d.geometry.equirect import crop_sphere, pad_sphere
from spag4d.geometry.fill import weighted_fill
from spag4d.geometry.nearest import nearest_of
from spag4d.kernels import in_parts, kernel
from spag4d.progress import SILENT, Progress
from spag4d.splat.fine import UniformCells
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.grid import cover
from spag4d.splat.sphere_grid import SphereGrid
from spag4d.splat.surface import InverseMap

_MIXED_PX = 2
"""Pixels beside the skyline that hold colours of both sides: blur and demosaicing of a camera."""
OVERLAP_CELLS = 2
"""Cells of the sharp sky that continue behind the skyline, so that no gap opens along it."""
_LEAST_SKIRT_RAD, _MOST_SKIRT_RAD = float(np.radians(8)), float(np.radians(45))
"""The blurred sky reaches at least so far behind what stands before it, as depth of far things is not to be trusted, and at
most as far as a step moves what is one step away."""
_COARSE_PX = 4
"""Pixels: the blurred part has no detail that would be lost."""
_MOST_ROWS = 512
"""To find what is uncovered the picture need not be finer."""
_LEAST_ROWS = 16
"""Fewer in a thread take less time than starting it."""
_WHOLE = 255
"""The share of a block that lies in a mask is counted in parts of this."""
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
"""Python's own numbers would make float64 of a kernel's arithmetic."""

Mask = Bool[np.ndarray, "h w"]


def dome_radius_m(farthest_m: float) -> float:
    """Return a radius beyond everything: twice the farthest surface that is drawn, and 200 m at least."""
    return max(200.0, 2 * farthest_m)


def dome_gaussians(
    panorama: Panorama,
    depth: DepthMap,
    *,
    stride: int = 2,
    look: Look | None = None,
    radius_m: float = 200.0,
    step_m: float = 0.5,
    progress: Progress = SILENT,
) -> Gaussians:
    """Return the sky of a panorama as Gaussians on a sphere of ``radius_m``, none where there is no sky.

    The wide layer lies 7 % farther, and behind everything that a step of ``step_m`` moves off the sky. Raises
    `ValueError` where panorama and depth map differ in size.
    """
    look = look or Look()
    sky = backdrop_of(panorama, depth, OVERLAP_CELLS * stride, step_m)
    if sky is None:
        return Gaussians.empty()
    fine_map, wide_map = (backdrop_map(mask, stride, radius_m) for mask in (sky.fine, sky.skirt))
    picture = sky.picture
    del sky  # its masks are not needed where a conversion needs most memory
    return_free_memory()
    return cover(picture, UniformCells(fine_map, stride), wide_map, look, progress, stage="sky").joined


@dataclass(frozen=True)
class Backdrop:
    """What the sphere shows: a ``picture`` of sky alone, and where it is drawn, sharply (``fine``) and blurred (``skirt``)."""

    picture: Panorama
    fine: Mask
    skirt: Mask


def backdrop_of(panorama: Panorama, depth: DepthMap, overlap_px: int, step_m: float) -> Backdrop | None:
    """Return the backdrop of a panorama, or None where there is no sky; the fine part reaches ``overlap_px`` beyond the sky.

    The blurred part lies behind everything that a step of ``step_m`` moves off the sky.
    Raises `ValueError` where panorama and depth map differ in size.
    """
    if panorama.size_hw != depth.size_hw:
        raise ValueError(f"the panorama has {panorama.size_hw} pixels, the depth map {depth.size_hw}")
    valid = np.ones_like(depth.sky) if panorama.valid is None else panorama.valid
    sky = depth.sky & valid
    if not sky.any():
        return None
    pure = ~grown(~sky, _MIXED_PX)
    fine, skirt = grown(sky, overlap_px) & valid, _uncovered(sky, depth, step_m) & valid
    return Backdrop(Panorama(_backdrop(panorama.rgb, pure if pure.any() else sky, skirt | fine), panorama.name), fine, skirt)


def backdrop_map(mask: Mask, stride: int, radius_m: float) -> InverseMap:
    """Return the sphere where most of a block of ``stride`` × ``stride`` pixels is in the mask."""
    height, width = mask.shape
    grid = SphereGrid.of_rows(height, stride)
    size = (2 * max(1, round(width / stride / 2)), len(grid))
    if stride > 1:
        mask = cv2.resize(mask.view(np.uint8) * np.uint8(_WHOLE), size, interpolation=cv2.INTER_AREA) >= _WHOLE / 2
    inverse = np.zeros(mask.shape, np.float32)
    inverse[mask] = 1 / radius_m
    return InverseMap(inverse, grid, backdrop=True)


def _uncovered(sky: Mask, depth: DepthMap, step_m: float) -> Mask:
    """Return the sky, and what a step aside can move so far that sky appears in its place."""
    height, width = sky.shape
    rows = min(height, _MOST_ROWS)
    size = (2 * rows, rows)
    coarse = np.zeros((rows, 2 * rows), np.bool_)
    in_parts(lambda first, last: _mark(sky, coarse, first, last), rows, _LEAST_ROWS)
    distance = cv2.resize(depth.distance, size, interpolation=cv2.INTER_NEAREST)
    margin_rad = np.clip(np.float32(step_m) / distance, _LEAST_SKIRT_RAD, _MOST_SKIRT_RAD)
    uncovered = nearest_of(np.flatnonzero(coarse), rows)[1] <= margin_rad + np.float32(np.pi / rows)
    return cv2.resize(uncovered.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _backdrop(rgb: Float32[np.ndarray, "h w 3"], pure: Mask, needed: Mask) -> Float32[np.ndarray, "h w 3"]:
    """Return the picture with everything but pure sky replaced by the colours of the sky around it, in the needed rows."""
    height, width = pure.shape
    size_hw = (max(1, height // _COARSE_PX), max(2, width // _COARSE_PX // 2 * 2))
    color, share = np.empty((*size_hw, 3), np.float32), np.empty(size_hw, np.float32)
    in_parts(lambda first, last: _mean(rgb, pure, color, share, first, last), size_hw[0], _LEAST_ROWS)
    margin = size_hw[0] // 4
    filled = weighted_fill(pad_sphere(color, margin), pad_sphere(share, margin), margin)
    spread = np.ascontiguousarray(crop_sphere(filled, margin))
    top, bottom = np.flatnonzero(needed.any(axis=1))[[0, -1]].tolist()
    result = np.zeros_like(rgb)
    in_parts(lambda first, last: _paint(rgb, pure, spread, top + first, top + last, result), bottom + 1 - top, _LEAST_ROWS)
    return result


@kernel
@no_type_check
def _mark(mask, coarse, first, last):
    """Mark, in some rows, the blocks of pixels in which the mask is set anywhere."""
    (height, width), (rows, columns) = mask.shape, coarse.shape
    line = np.empty(width, np.bool_)
    for row in range(first, last):
        line[:] = False
        for y in range(row * height // rows, -(-(row + 1) * height // rows)):
            for x in range(width):
                line[x] |= mask[y, x]
        for column in range(columns):
            coarse[row, column] = line[column * width // columns : -(-(column + 1) * width // columns)].any()


@kernel
@no_type_check
def _mean(rgb, pure, color, share, first, last):
    """Write, in some rows, which part of each block of pixels is pure, and the sum of its colours over the block's area."""
    (height, width), (rows, columns) = pure.shape, share.shape
    high, wide = np.float32(height / rows), np.float32(width / columns)
    part = _ONE / (high * wide)
    for row in range(first, last):
        top, bottom = np.float32(row) * high, np.float32(row + 1) * high
        for column in range(columns):
            left, right = np.float32(column) * wide, np.float32(column + 1) * wide
            red = green = blue = total = _ZERO
            for y in range(int(top), min(math.ceil(bottom), height)):
                tall = part * (min(np.float32(y + 1), bottom) - max(np.float32(y), top))
                for x in range(int(left), min(math.ceil(right), width)):
                    if pure[y, x]:
                        weight = tall * (min(np.float32(x + 1), right) - max(np.float32(x), left))
                        red += weight * rgb[y, x, 0]
                        green += weight * rgb[y, x, 1]
                        blue += weight * rgb[y, x, 2]
                        total += weight
            color[row, column, 0], color[row, column, 1], color[row, column, 2] = red, green, blue
            share[row, column] = total


@kernel
@no_type_check
def _paint(rgb, pure, spread, first, last, result):
    """Write, in some rows, the picture where it is pure, and elsewhere the coarse picture ``spread``, linearly between."""
    (height, width), (rows, columns) = pure.shape, spread.shape[:2]
    down, right = np.float32(rows / height), np.float32(columns / width)
    for row in range(first, last):
        y = max((np.float32(row) + _HALF) * down - _HALF, _ZERO)
        top = min(int(y), rows - 1)
        lower = y - np.float32(top)
        above, below = spread[top], spread[min(top + 1, rows - 1)]
        for column in range(width):
            if pure[row, column]:
                for c in range(3):
                    result[row, column, c] = rgb[row, column, c]
                continue
            x = max((np.float32(column) + _HALF) * right - _HALF, _ZERO)
            left = min(int(x), columns - 1)
            beside, other = x - np.float32(left), min(left + 1, columns - 1)
            for c in range(3):
                upper_mean = above[left, c] + (above[other, c] - above[left, c]) * beside
                lower_mean = below[left, c] + (below[other, c] - below[left, c]) * beside
                result[row, column, c] = upper_mean + (lower_mean - upper_mean) * lower
