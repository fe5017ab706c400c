"""Depth that the user brings along: from a scanner, a renderer or an earlier run."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, TiffImagePlugin

from spag4d.data import DEPTH_UNIT_KEY, DepthMap
from spag4d.depth.resize import resize_distance
from spag4d.errors import InputError

DEFAULT_UNIT_M = 0.001
"""Metres per count of integers that come without a unit: millimetres, as depth cameras write them."""

NEAREST_M, FARTHEST_M = 1e-6, 65504.0
"""Distances outside of these mean that nothing is there: zero, and the value (the largest half float) that renderers write."""

_ARRAY_SIGNATURES = (b"\x93NUMPY", b"PK")
_RATIO_TOLERANCE = 0.01
_PIXEL_LIMIT = 2**28
_EMPTY_SKY_M = 1000.0  # where there is nothing but sky
_NPZ_KEYS = ("distance_m", "depth", "arr_0")
_EXR_CHANNELS = ("Z", "V", "Y", "R")


def depth_from_file(path: Path, size_hw: tuple[int, int], *, unit_m: float | None = None) -> DepthMap:
    """Read distance along the ray from npy, npz, 16-bit PNG, float or 16-bit TIFF, or EXR, resized to ``size_hw``.

    Arrays and floats are metres. Integers of pictures are multiplied by ``unit_m`` (default: 0.001), except in a PNG that
    records its unit, as those written by `spag4d.io.depth_map` do. Zero, negative, NaN, infinite and absurdly far values
    (65504 m and more) are sky. Raises `InputError` for files that are missing, damaged, of another kind, or not 2:1 within 1 %.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder. Name a depth map in it.")
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"there is no depth map {path}. Check the name.") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}. Check its permissions.") from error
    values, recorded_unit_m = _decoded(path, data)
    if values.dtype.kind in "iu" and not data.startswith(_ARRAY_SIGNATURES):
        return depth_from_array(values, size_hw, unit_m=recorded_unit_m or unit_m or DEFAULT_UNIT_M, name=path.name)
    return depth_from_array(values, size_hw, name=path.name)


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


def _decoded(path: Path, data: bytes) -> tuple[NDArray[Any], float | None]:
    """Return the stored numbers and the unit that the file records; what it is, the content decides."""
    readers = {
        b"\x93NUMPY": _from_numpy, b"PK": _from_numpy, b"\x89PNG": _from_png,
        b"II": _from_tiff, b"MM": _from_tiff, b"\x76\x2f\x31\x01": lambda _: _from_exr(path),
    }
    for signature, read in readers.items():
        if data.startswith(signature):
            try:
                return read(data)
            except (InputError, MemoryError):
                raise
            except Exception as error:  # decoders raise anything over a broken file
                reason = " ".join(str(error).split()) or type(error).__name__
                raise InputError(f"the depth map {path} cannot be read: {reason}. Copy it again or export it anew.") from error
    seen = f"it begins with {data[:8]!r}" if data else "it is empty"
    raise InputError(f"{path} is no depth map: {seen}. Use npy, npz, 16-bit PNG, float TIFF or EXR.")


def _from_numpy(data: bytes) -> tuple[NDArray[Any], None]:
    try:
        loaded = np.load(io.BytesIO(data), allow_pickle=False)
        return (loaded if isinstance(loaded, np.ndarray) else _only_array(loaded)), None
    except ValueError as error:
        if "pickle" in str(error):  # a pickle can run any code when it is loaded
            raise ValueError("it holds Python objects instead of plain numbers") from error
        raise


def _only_array(archive: np.lib.npyio.NpzFile) -> NDArray[Any]:
    with archive:
        known = [key for key in _NPZ_KEYS if key in archive.files] or (archive.files if len(archive.files) == 1 else [])
        if not known:
            raise ValueError(f"none of its arrays ({', '.join(archive.files)}) is called {' or '.join(_NPZ_KEYS)}")
        return archive[known[0]]


def _from_png(data: bytes) -> tuple[NDArray[Any], float | None]:
    image = PngImagePlugin.PngImageFile(io.BytesIO(data))
    recorded = image.info.get(DEPTH_UNIT_KEY)
    return _grey(image), None if recorded is None else float(recorded)


def _from_tiff(data: bytes) -> tuple[NDArray[Any], None]:
    return _grey(TiffImagePlugin.TiffImageFile(io.BytesIO(data))), None


def _grey(image: Image.Image) -> NDArray[Any]:
    if not image.mode.startswith(("I", "F")):
        raise ValueError(f"its pixels are of the kind {image.mode}; distances need one channel of 16 bits or floats, "
                         "8 bits and colours cannot hold them")
    if image.width * image.height > _PIXEL_LIMIT:
        raise ValueError(f"{image.width} x {image.height} pixels are more than {_PIXEL_LIMIT / 1e6:.0f} million")
    values = np.asarray(image)
    return values.astype(values.dtype.newbyteorder("="))


def _from_exr(path: Path) -> tuple[NDArray[Any], None]:
    import OpenEXR  # 0.1 s that only those pay who need it

    channels = OpenEXR.File(str(path), separate_channels=True).channels()
    names = list(channels)
    chosen = names if len(names) == 1 else [
        name for wanted in _EXR_CHANNELS for name in names if name.rpartition(".")[2] == wanted]
    if not chosen:
        raise ValueError(f"none of its channels ({', '.join(names)}) is called {', '.join(_EXR_CHANNELS)}")
    return channels[chosen[0]].pixels, None
