"""Depth that the user brings along: from a scanner, a renderer or an earlier run."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spag4d.data import DepthMap
from spag4d.depth.resize import resize_distance
from spag4d.errors import InputError
from spag4d.photos.read_depth import read_depth_numbers
from spag4d.progress import SILENT, Progress

DEFAULT_UNIT_M = 0.001
"""Metres per count of integers that come without a unit: millimetres, as depth cameras write them."""

NEAREST_M, FARTHEST_M = 1e-6, 65504.0
"""Distances outside of these mean that nothing is there: zero, and the value (the largest half float) that renderers write."""

_RATIO_TOLERANCE = 0.01
"""Share by which width / height may differ from 2, as for photos: sizes rounded to blocks of 8 pixels stay within it."""
_EMPTY_SKY_M = 1000.0  # where there is nothing but sky
_FEW = 0.01
"""Share of a depth map within the range that is drawn below which its unit is likely to be wrong."""


def depth_from_file(path: Path, size_hw: tuple[int, int], *, unit_m: float | None = None) -> DepthMap:
    """Read distance along the ray from npy, npz, 16-bit PNG, float or 16-bit TIFF, EXR or PFM, resized to ``size_hw``.

    Floats are metres. Whole numbers are multiplied by ``unit_m`` (default: 0.001), except in a PNG that records its unit, as
    those written by `spag4d.photos.write_depth` do. Zero, negative, NaN, infinite and absurdly far values (65504 m and more)
    are sky. Raises `InputError` for files that are missing, damaged, of another kind, not 2:1 within 1 %, or without any
    surface.
    """
    values, recorded_unit_m = read_depth_numbers(path)
    if values.dtype.kind in "iu" and values.itemsize == 1:
        raise InputError(f"{path} holds 8-bit integers, which are too coarse for distances. Use 16 bits or floats.")
    unit_m = recorded_unit_m or unit_m or DEFAULT_UNIT_M
    depth = depth_from_array(values, size_hw, unit_m=unit_m if values.dtype.kind in "iu" else 1.0, name=path.name)
    if depth.sky.all():
        raise InputError(f"{path} holds no surface: all of it is infinitely far.")
    return depth


def check_reach(depth: DepthMap, nearest_m: float, farthest_m: float, *, progress: Progress = SILENT) -> None:
    """Raise `InputError` where no surface of a given depth map lies between two distances, and warn where few do."""
    near = (depth.distance >= nearest_m) & (depth.distance <= farthest_m) & ~depth.sky
    share = float(near.mean())
    if share >= _FEW:
        return
    reach = depth.reach()
    lies = "is sky all over" if reach is None else f"reaches from {reach[0]:.4g} to {reach[1]:.4g} m"
    what = (f"{depth.model} {lies}, and of that {share:.2%} lies where surfaces are drawn: --depth-min is {nearest_m:g} m, and "
            f"the sky begins at {farthest_m:g} m (--sky-threshold). Check its unit: --depth-map-unit says what whole numbers "
            "count.")
    if not share:
        raise InputError(what)
    progress.warn(what)


def depth_from_array(
    values: NDArray[Any], size_hw: tuple[int, int], *, unit_m: float = 1.0, name: str = "depth array"
) -> DepthMap:
    """Make a metric depth map of distances (h, w) along the ray in units of ``unit_m`` metres, resized to ``size_hw``.

    Every pixel keeps the distance of one surface: edges and sky are never mixed in. Sky pixels get the distance of the
    farthest surface, as a depth map is finite everywhere. Raises `InputError`.
    """
    values = _as_plane(np.asarray(values), name)
    if not (math.isfinite(unit_m) and unit_m > 0):
        raise InputError(f"the unit of {name} is {unit_m}. It must be a positive number of metres.")
    with np.errstate(invalid="ignore", over="ignore"):  # NaN and what is too large for float32 are no surface
        distance = values.astype(np.float32) * np.float32(unit_m)
        surface = (distance > NEAREST_M) & (distance < FARTHEST_M)
    if not surface.any() and not np.isposinf(distance).any():
        raise InputError(f"{name} holds no distance between 0 and {FARTHEST_M:.0f} m. Check its unit.")
    farthest = distance.max(where=surface, initial=0) if surface.any() else np.float32(_EMPTY_SKY_M)
    distance = resize_distance(np.where(surface, distance, np.float32(np.inf)), size_hw)
    sky = ~np.isfinite(distance)
    return DepthMap(np.where(sky, farthest, distance), sky, "metric", name)


def _as_plane(values: NDArray[Any], name: str) -> NDArray[Any]:
    if values.dtype.kind not in "fiu":
        raise InputError(f"{name} holds values of type {values.dtype}. Distances are numbers.")
    plane = values.squeeze() if values.ndim > 2 else values
    height, width = plane.shape if plane.ndim == 2 else (0, 0)
    if height * width == 0 or abs(width - 2 * height) > _RATIO_TOLERANCE * 2 * height:
        raise InputError(f"{name} has the shape {values.shape}. A depth map is (h, w) with w = 2 h, within 1 %.")
    return plane
