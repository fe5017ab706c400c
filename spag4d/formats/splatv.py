"""The .splatv file of splaTV (Kwok, MIT), read only: SpacetimeGaussians as 16 words each, the rows of a texture.

u32 0x674B, u32 length of a JSON list of what follows, that list, and of its entries the one of type "splat": for each Gaussian
the mean as floats; then half floats: wxyz, scales, 0; RGBA as bytes; half floats: motion of nine numbers, 0, omega, middle and
width in time (see `curved`). The last row of the texture is filled up with zeros.
"""

import struct
from pathlib import Path

import numpy as np
from pydantic import Field, RootModel

from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.formats.curved import FAINTEST, Curved
from spag4d.formats.moving import MovingFile, MovingFormat
from spag4d.formats.moving_rows import MovingRows, usual_timeline
from spag4d.formats.records import map_records
from spag4d.io.foreign_json import Foreign, validated

MAGIC = struct.pack("<I", 0x674B)
_HEAD = struct.Struct("<II")
_LARGEST_JSON = 1 << 20
"""Bytes: a real one has some hundred for each camera."""
_TEXTURE_ROW = 1024
"""Gaussians that a row of the texture holds, so the most that are filled up at its end."""
RECORD = np.dtype([("mean", "<f4", 3), ("quat", "<f2", 4), ("scale", "<f2", 4), ("rgba", "u1", 4), ("motion", "<f2", 10),
                   ("omega", "<f2", 4), ("time", "<f2", 2)])


class _Chunk(Foreign):
    type: str
    size: int = Field(ge=0)


class _Chunks(RootModel[list[_Chunk]]):
    pass


def _opened(path: Path) -> MovingFile:
    offset, size = _place(path)
    if size % RECORD.itemsize:
        raise InputError(f"{path} is damaged: its {size:,} bytes of Gaussians are not {RECORD.itemsize} for each.")
    rows = map_records(path, RECORD, offset, size // RECORD.itemsize)
    tail = rows[-_TEXTURE_ROW:]
    used = np.flatnonzero(tail.view(np.uint8).reshape(len(tail), -1).any(1)) if len(tail) else np.zeros(0, np.int64)
    rows = rows[:len(rows) - len(tail) + (int(used[-1]) + 1 if len(used) else 0)]
    if not len(rows):
        raise InputError(f"{path} is a scene of no Gaussians.")
    return MovingRows(rows, _decoded, usual_timeline(), f"SPLATV, records of {RECORD.itemsize} bytes, curved motion", FAINTEST)


def _place(path: Path) -> tuple[int, int]:
    """Return where the Gaussians begin, and their bytes; raises `InputError`."""
    with path.open("rb") as file:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            raise InputError(f"{path} is cut short: its header is missing. Copy or download it again.")
        _, length = _HEAD.unpack(head)
        if length > _LARGEST_JSON:
            raise InputError(f"{path} is damaged: its list of contents has {length:,} bytes.")
        at, chunks = _HEAD.size + length, validated(_Chunks, file.read(length), path, "list of contents")
    for chunk in chunks.root:
        if chunk.type == "splat":
            return at, chunk.size
        at += chunk.size
    raise InputError(f"{path} holds no Gaussians: none of its contents is of the type 'splat'.")


def _decoded(rows: np.ndarray) -> Curved:
    rgba = rows["rgba"] / np.float32(255)
    gaussians = Gaussians(rows["mean"].astype(np.float32), rows["scale"][:, :3].astype(np.float32),
                          rows["quat"].astype(np.float32), rgba[:, 3].copy(), rgba[:, :3].copy())
    centers, widths = rows["time"].astype(np.float32).T
    return Curved(gaussians, rows["motion"][:, :9].astype(np.float32).reshape(-1, 3, 3), rows["omega"].astype(np.float32),
                  centers, widths)


SPLATV = MovingFormat("splatv", "SPLATV", lambda path, head: head.startswith(MAGIC), _opened)
