"""COLMAP's sparse models of panoramas: ``images`` and ``points3D``, read as text or binary, written as text.

COLMAP writes poses as camera_from_world with quaternions wxyz, and its camera model EQUIRECTANGULAR has our axes. Layout:
COLMAP's documentation, "Output Format"; both files have kept it from version 3.0 to 4.2.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from spag4d.data import Pose
from spag4d.errors import InputError, reason
from spag4d.geometry.rotation import quats_from_rotations, rotations_from_quats
from spag4d.io.atomic import atomic_path
from spag4d.io.opening import opened

CAMERA_MODEL = "EQUIRECTANGULAR"
_CAMERA_MODEL_NUMBER = 17
_CAMERA, _IMAGE, _POINT = struct.Struct("<IiQQ2d"), struct.Struct("<I4d3dI"), struct.Struct("<Q3d3BdQ")
_FEATURE_BYTES, _SIGHT_BYTES = 24, 8

Image = tuple[int, str, Pose]
"""Number, name and pose (world_from_camera) of a picture."""
Sights = tuple[float, float, float, float, Sequence[int]]
"""A point: where it is, by how many pixels it is missed, and the numbers of the pictures that see it."""


@dataclass(frozen=True)
class Points:
    """``n`` points that panoramas see: where they are (n, 3), and by how many pixels they are missed (n).

    ``seen_by`` (m) are numbers of panoramas and ``which`` (m) of points, a pair for each sight.
    """

    xyz: Float64[np.ndarray, "n 3"]
    error_px: Float64[np.ndarray, " n"]
    seen_by: Int64[np.ndarray, " m"]
    which: Int64[np.ndarray, " m"]


@dataclass(frozen=True)
class Model:
    """A sparse model: poses (world_from_camera) by the names of the pictures; ``seen_by`` of its points counts these names."""

    poses: Mapping[str, Pose]
    points: Points


def has_model(folder: Path) -> bool:
    """Return whether a folder itself holds a model."""
    return _kind(folder) is not None


def _kind(folder: Path) -> str | None:
    return next((kind for kind in (".bin", ".txt") if (folder / f"images{kind}").exists()), None)


def read_model(folder: Path) -> Model:
    """Read a model from the folder that holds ``images`` and ``points3D``.

    Raises `InputError` for what is no model, or one of pictures that are not panoramas.
    """
    kind = _kind(folder)
    if kind is None:
        raise InputError(f"{folder} holds no COLMAP model: there is no images.bin or images.txt in it.")
    read_images, read_points = (_images_bin, _points_bin) if kind == ".bin" else (_images_txt, _points_txt)
    try:
        _check_cameras(_bytes(folder / f"cameras{kind}"), kind)
        images = list(read_images(_bytes(folder / f"images{kind}")))
        points = list(read_points(_bytes(path))) if _holds_something(path := folder / f"points3D{kind}") else []
    except (struct.error, ValueError, IndexError) as error:
        raise InputError(f"the COLMAP model in {folder} is damaged: {reason(error)}.") from error
    numbers = {identity: number for number, (identity, _, _) in enumerate(images)}
    return Model({name: pose for _, name, pose in images}, _joined(points, numbers))


def write_model(folder: Path, model: Model, size_hw: tuple[int, int]) -> None:
    """Write a model as text, as of panoramas (h, w) of one camera; without the features in the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    height, width = size_hw
    images = [f"{number} {_numbers(_camera_from_world(pose))} 1 {name}\n"
              for number, (name, pose) in enumerate(model.poses.items(), 1)]
    seen: list[list[str]] = [[] for _ in model.points.xyz]
    for picture, which in zip(model.points.seen_by, model.points.which, strict=True):
        seen[which].append(f"{picture + 1} 0")
    rows = zip(model.points.xyz, model.points.error_px, seen, strict=True)
    points = [f"{number} {_numbers(xyz)} 128 128 128 {error:.4f} {' '.join(sights)}"
              for number, (xyz, error, sights) in enumerate(rows, 1)]
    cameras = [f"1 {CAMERA_MODEL} {width} {height} {width} {height}"]
    for name, lines in (("cameras", cameras), ("images", images), ("points3D", points)):
        with atomic_path(folder / f"{name}.txt") as path:
            path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:.9g}" for value in values)


def _camera_from_world(pose: Pose) -> list[float]:
    quat = quats_from_rotations(pose.rotation.T[None])[0]
    return [*quat, *(-pose.rotation.T @ pose.translation)]


def _pose(quat_wxyz: Sequence[float], translation: Sequence[float]) -> Pose:
    rotation = rotations_from_quats(np.array([quat_wxyz], np.float64))[0].T
    return Pose(rotation, -rotation @ np.array(translation, np.float64))


def _bytes(path: Path) -> bytes:
    with opened(path, "COLMAP model") as file:
        return file.read()


def _holds_something(path: Path) -> bool:
    """Return whether there is a file of points: models of poses that were known before have none, or an empty one."""
    return path.exists() and path.stat().st_size > 0


def _check_cameras(data: bytes, kind: str) -> None:
    if kind == ".bin":
        (count,) = struct.unpack_from("<Q", data)
        models = [_CAMERA.unpack_from(data, 8)[1]] if count else []  # of others the length is not known
    else:
        models = [line.split()[1] for line in _lines(data)]
    if any(model not in (CAMERA_MODEL, _CAMERA_MODEL_NUMBER) for model in models):
        raise InputError(f"this COLMAP model has cameras that are no panoramas. Only {CAMERA_MODEL} ones are read.")


def _images_bin(data: bytes) -> Iterator[Image]:
    (count,), at = struct.unpack_from("<Q", data), 8
    for _ in range(count):
        identity, *pose, _ = _IMAGE.unpack_from(data, at)
        end = data.index(b"\0", at + _IMAGE.size)
        yield identity, data[at + _IMAGE.size : end].decode(), _pose(pose[:4], pose[4:])
        (features,) = struct.unpack_from("<Q", data, end + 1)
        at = end + 9 + _FEATURE_BYTES * features
    if at > len(data):
        raise ValueError("images.bin ends early")


def _points_bin(data: bytes) -> Iterator[Sights]:
    (count,), at = struct.unpack_from("<Q", data), 8
    for _ in range(count):
        _, x, y, z, _, _, _, error, sights = _POINT.unpack_from(data, at)
        at += _POINT.size
        yield x, y, z, error, struct.unpack_from(f"<{2 * sights}I", data, at)[::2]
        at += _SIGHT_BYTES * sights


def _lines(data: bytes) -> list[str]:
    return [line for line in data.decode().splitlines() if not line.startswith("#")]


def _images_txt(data: bytes) -> Iterator[Image]:
    for line in _lines(data)[::2]:  # every other one lists features
        if line:
            identity, *pose, _, name = line.split(maxsplit=9)
            yield int(identity), name, _pose([float(word) for word in pose[:4]], [float(word) for word in pose[4:]])


def _points_txt(data: bytes) -> Iterator[Sights]:
    for line in filter(None, _lines(data)):
        words = line.split()
        x, y, z = (float(word) for word in words[1:4])
        yield x, y, z, float(words[7]), [int(word) for word in words[8::2]]


def _joined(points: Sequence[Sights], numbers: Mapping[int, int]) -> Points:
    sights = [(numbers[picture], which) for which, point in enumerate(points) for picture in point[4] if picture in numbers]
    seen_by, which = np.array(sights, np.int64).reshape(-1, 2).T
    values = np.array([point[:4] for point in points], np.float64).reshape(-1, 4)
    return Points(values[:, :3], values[:, 3], seen_by, which)
