"""Reading ``sequence.json``, the record of a converted video: validated, without names of files outside its folder."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from spag4d.errors import InputError
from spag4d.io.foreign_json import Foreign, validated
from spag4d.io.names_in_files import file_inside
from spag4d.io.opening import opened

RECORD = "sequence.json"
_LARGEST = 32 << 20
"""Bytes: a frame takes 1 kB, so that this is a video of 20 minutes."""

_Wxyz = Annotated[list[float], Field(min_length=4, max_length=4)]


class _Pose(Foreign):
    world_from_camera_wxyz: _Wxyz
    world_from_file_wxyz: _Wxyz


class _Frame(Foreign):
    time_s: float
    files: Annotated[list[str], Field(min_length=1)]
    pose: _Pose
    lost: bool


class _Record(Foreign):
    clip: dict[str, Any]
    settings: dict[str, Any]
    version: str
    done: int = Field(ge=0)
    frames: list[_Frame]


def read_record(folder: Path) -> dict[str, Any] | None:
    """Return the record of a folder, None where it has none; raises `InputError` for one that is damaged or reaches outside."""
    path = folder / RECORD
    if not path.exists():
        return None
    with opened(path, "record") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InputError(f"{path} is not the record of a sequence: it has more than {_LARGEST >> 20} MiB.")
    record = validated(_Record, data, path, "record")
    if record.done > len(record.frames):
        raise InputError(f"{path} is damaged: {record.done} of {len(record.frames)} frames are done. --overwrite starts over.")
    for frame in record.frames:
        for name in frame.files:
            file_inside(folder, name, path)
    return json.loads(data)
