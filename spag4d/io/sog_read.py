"""Gaussians of a .sog file of any tool."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, UnidentifiedImageError

from spag4d.color import rgb_from_sh0
from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.io.records import require_file
from spag4d.io.smallest_three import quats_from_smallest_three
from spag4d.io.sog import LARGEST

_META = "meta.json"
_TAG = 252
_MOST_PIXELS = 1 << 28


def read_sog(path: Path) -> Gaussians:
    """Read a .sog file of version 2 of any tool, all in one archive; view-dependent colour is left out.

    Raises `InputError` for a file that is missing, empty, cut short, damaged, of another version or no .sog file.
    """
    require_file(path)
    with _opened(path) as archive:
        return _gaussians(_meta(path, archive), lambda name: _pixels(archive.read(name)))


def read_sog_meta(path: Path) -> dict[str, Any]:
    """Return meta.json; raises `InputError` for what is no .sog file."""
    require_file(path)
    with _opened(path) as archive:
        return _meta(path, archive)


def read_sog_comments(path: Path) -> list[str]:
    """Return the comments that `write_sog` wrote; raises `InputError` for what is no .sog file."""
    comments = read_sog_meta(path).get("asset", {}).get("comments", [])
    return [str(comment) for comment in comments]


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the archive and put into words what may be wrong with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} is cut short or no .sog file: {error}. Copy or download it again.") from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, UnidentifiedImageError, OSError) as error:
        raise InputError(f"{path} is damaged, or no .sog file: {error}. Copy or download it again.") from error


def _meta(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    meta = json.loads(archive.read(_META))
    if meta.get("version") != 2:
        raise InputError(f"{path} is a .sog file of version {meta.get('version', 1)}, and version 2 can be read.")
    return meta


def _pixels(data: bytes) -> UInt8[np.ndarray, "n 4"]:
    with Image.open(io.BytesIO(data)) as picture:
        if picture.width * picture.height > _MOST_PIXELS:
            raise ValueError(f"a picture of {picture.width} x {picture.height} pixels")
        return np.array(picture.convert("RGBA")).reshape(-1, 4)


def _gaussians(meta: Mapping[str, Any], pixels: Callable[[str], UInt8[np.ndarray, "n 4"]]) -> Gaussians:
    count = int(meta["count"])

    def picture(part: str, index: int = 0) -> UInt8[np.ndarray, "n 4"]:
        found = pixels(meta[part]["files"][index])
        if len(found) < count:
            raise ValueError(f"{meta[part]['files'][index]} has {len(found)} pixels for {count} Gaussians")
        return found[:count]

    colors, rotations = picture("sh0"), picture("quats")
    return Gaussians(
        means=_means(meta["means"], picture("means"), picture("means", 1)),
        scales=np.exp(np.array(meta["scales"]["codebook"], np.float32)[picture("scales")[:, :3]]),
        quats_wxyz=_quats(rotations),
        opacities=colors[:, 3].astype(np.float32) / 255,
        colors=np.clip(rgb_from_sh0(np.array(meta["sh0"]["codebook"], np.float32)[colors[:, :3]]), 0, 1),
    )


def _means(about: Mapping[str, Any], low: np.ndarray, high: np.ndarray) -> Float32[np.ndarray, "n 3"]:
    first, last = (np.array(about[name], np.float64) for name in ("mins", "maxs"))
    shares = ((high[:, :3].astype(np.uint16) << np.uint16(8)) | low[:, :3]) / np.float64(LARGEST)
    logs = first + shares * (last - first)
    return np.copysign(np.expm1(np.abs(logs)), logs).astype(np.float32)


def _quats(rotations: UInt8[np.ndarray, "n 4"]) -> Float32[np.ndarray, "n 4"]:
    largest = np.where(rotations[:, 3] >= _TAG, rotations[:, 3] - np.minimum(rotations[:, 3], _TAG), 0).astype(np.uint8)
    return quats_from_smallest_three(largest, rotations[:, :3].astype(np.float32) / np.float32(127.5) - 1)
