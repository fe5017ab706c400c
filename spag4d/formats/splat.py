"""The .splat file: 32 bytes for each Gaussian, without a header, sorted so that what a viewer loads first matters most."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, Float64, Int32, UInt32

from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.formats.format import Format
from spag4d.formats.placing import ORIGIN, placed
from spag4d.formats.records import map_records, unit_quats, write_records
from spag4d.io.opening import require_file
from spag4d.progress import SILENT, Progress

RECORD = np.dtype([("mean", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("quat_wxyz", "u1", 4)])
"""Metres, standard deviations in metres, colour and opacity times 255, and ``128 q + 128``."""
_LOOKED_AT, _MOST = 2048, 0.5
"""Gaussians by which a file without any header is judged, and the share of them that have to be possible."""
_FARTHEST_M = np.float32(1e8)
"""Farther or larger than this, a number was never a scene's; squares stay finite in float32."""
_ROUNDING = 40
"""How far a rotation's length may be from 128: some writers let it overflow a byte."""


def write_splat(path: Path, gaussians: Gaussians, *, comments: Sequence[str] = (), progress: Progress = SILENT) -> None:
    """Write the common 32-byte records, by descending volume × opacity; there is no place for ``comments``.

    Colours and opacities are rounded to 1/255. Rotations turn by 0.43° on average and at most 0.9°: they are written with
    length one, because Spark and the first viewer of this format do not normalise them, and with the sign that makes the
    largest component negative, because a byte holds -1 exactly and +1 not at all.
    """
    encode = partial(_encode, gaussians, _largest_first(gaussians))
    write_records(path, b"", len(gaussians), encode, RECORD.itemsize, progress)


def _recognises(path: Path, head: bytes) -> bool:
    """Go by the name, and by most of the first Gaussians: do they have a place, a size and a rotation?"""
    if path.suffix.lower() != ".splat":
        return False
    count = min(path.stat().st_size // RECORD.itemsize, _LOOKED_AT)
    if not count:
        return path.stat().st_size > 0
    records = map_records(path, RECORD, 0, count)
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.linalg.norm(records["quat_wxyz"] - np.float32(128), axis=1)
        good = (np.abs(records["mean"]).max(1) < _FARTHEST_M) & (np.abs(records["scale"]).max(1) < _FARTHEST_M)
        good &= (records["scale"] >= 0).all(1) & (np.abs(length - 128) < _ROUNDING)
    is_text = _is_text(records.tobytes())
    return bool(good.mean() > _MOST) and not is_text


def _is_text(data: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\n\r" for byte in data)


def read_splat(path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT) -> Gaussians:
    """Read a .splat file of any tool, moved by ``shift_m``.

    Raises `InputError` for one that is missing, empty or not made of 32-byte records.
    """
    require_file(path)
    count, rest = divmod(path.stat().st_size, RECORD.itemsize)
    if rest:
        raise InputError(f"{path} is cut short or not a .splat file: its {path.stat().st_size} bytes are not a multiple of 32.")
    records = map_records(path, RECORD, 0, count)
    rgba = records["rgba"] / np.float32(255)
    return Gaussians(
        means=placed(np.array(records["mean"], np.float32), shift_m, progress),
        scales=np.array(records["scale"], np.float32),
        quats_wxyz=unit_quats(records["quat_wxyz"] - np.float32(128)),
        opacities=rgba[:, 3].copy(),
        colors=rgba[:, :3].copy(),
    )


def read_raw_splat(path: Path) -> Gaussians:
    """Read a .splat file, whose bytes can hold no invalid opacity or colour; raises `InputError` as `read_splat` does."""
    records = map_records(path, RECORD, 0, path.stat().st_size // RECORD.itemsize)
    rgba = records["rgba"] / np.float32(255)
    return Gaussians(np.array(records["mean"]), np.array(records["scale"]), records["quat_wxyz"] - np.float32(128),
                     rgba[:, 3].copy(), rgba[:, :3].copy())


def _largest_first(gaussians: Gaussians) -> UInt32[np.ndarray, " n"]:
    """Return the order of descending volume × opacity, equal ones in the order they have.

    Sorts whole numbers that hold the inverted weight above and the index below: positive floats sort like their bits.
    """
    x, y, z = gaussians.scales.T
    weight = x * y
    weight *= z
    weight *= gaussians.opacities
    keys = np.invert(np.maximum(weight, 0, out=weight).view(np.uint32)).astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= np.arange(len(keys), dtype=np.uint32)
    keys.sort()
    return keys.astype(np.uint32)


def _encode(gaussians: Gaussians, order: UInt32[np.ndarray, " n"], rows: slice) -> Int32[np.ndarray, "m 8"]:
    """Compute the eight words of a record one by one in contiguous memory and transpose once."""
    members = order[rows].astype(np.intp)
    words = np.empty((8, len(members)), np.int32)
    floats = words.view(np.float32)
    floats[0:3] = gaussians.means.take(members, axis=0).T
    floats[3:6] = gaussians.scales.take(members, axis=0).T
    rgba = np.empty((4, len(members)), np.float32)
    rgba[:3] = gaussians.colors.take(members, axis=0).T
    rgba[3] = gaussians.opacities.take(members)
    rgba *= 255
    words[6] = _packed(rgba)
    words[7] = _packed(_byte_range(gaussians.quats_wxyz.take(members, axis=0)))
    return cv2.transpose(words)


def _byte_range(quats_wxyz: Float32[np.ndarray, "n 4"]) -> Float32[np.ndarray, "4 n"]:
    """Map quaternions of length one to 0–256, with the sign that makes the largest component negative."""
    wxyz = np.ascontiguousarray(quats_wxyz.T)
    wxyz *= np.where(wxyz.max(0) > -wxyz.min(0), np.float32(-128), np.float32(128))
    wxyz += 128
    return wxyz


def _packed(values: Float32[np.ndarray, "4 n"]) -> Int32[np.ndarray, " n"]:
    """Round four values to bytes, the first of them the lowest of the word."""
    rounded = np.clip(np.rint(values, out=values), 0, 255, out=values).astype(np.uint8)
    return cv2.transpose(rounded).view("<i4")[:, 0]


SPLAT = Format("splat", "SPLAT", "Small, for web viewers", _recognises, read_splat, lambda path: "SPLAT, records of 32 bytes",
               write_splat, raw=read_raw_splat, shown=1, holds_sh=False, beginning=False)
