"""Where panoramas were taken, as a file says: ``poses.json``, which `write_poses` writes, or a COLMAP model."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from spag4d.data import Pose
from spag4d.errors import InputError
from spag4d.io.atomic import atomic_path
from spag4d.io.foreign_json import Foreign, validated
from spag4d.io.opening import opened
from spag4d.world.colmap_model import Model, Points, has_model, read_model, write_model
from spag4d.world.poses import Places

NAME = "poses.json"
_AXES = ("x right, y down, z forward, in metres; position_m and the columns of rotation are the camera's place and axes in the "
         "world: world = rotation * camera + position_m")
_PLACES_OF_MODELS = (".", "0", "sparse/0", "sparse")
"""Where programs put a model in the folder of a project."""
_ROUNDED = 1e-3
"""By so much a rotation written with three decimals is off."""
_NAMED = 3
"""So many names are examples enough."""

Triple = tuple[float, float, float]


class _Pose(Foreign):
    position_m: Triple
    rotation: tuple[Triple, Triple, Triple]


class _Poses(Foreign):
    panoramas: dict[str, _Pose]


@dataclass(frozen=True)
class KnownPoses:
    """Poses by the names of pictures, as ``path`` holds them, and whether they are ``in_metres``; a model's unit is unknown."""

    path: Path
    model: Model
    in_metres: bool

    @property
    def digest(self) -> str:
        """What distinguishes these poses and points from others."""
        digest = hashlib.sha256(self.model.points.xyz.tobytes())
        for name, pose in self.model.poses.items():
            digest.update(name.encode() + pose.rotation.tobytes() + pose.translation.tobytes())
        return digest.hexdigest()

    def named(self, name: str) -> str | None:
        """Return the name by which the poses know a picture: its own, or one that a folder precedes."""
        same = [known for known in self.model.poses if known == name or PurePosixPath(known).name == name]
        return name if name in same else same[0] if len(same) == 1 else None

    def beside(self, names: Sequence[str]) -> dict[str, Pose]:
        """Return the poses of pictures that are not among the ``names``."""
        used = {self.named(name) for name in names}
        return {name: pose for name, pose in self.model.poses.items() if name not in used}

    def places(self, names: Sequence[str]) -> Places:
        """Return the places of pictures that all have a pose."""
        known, points = list(self.model.poses), self.model.points
        numbers = np.full(len(known), -1)
        for number, name in enumerate(map(self.named, names)):
            assert name is not None, f"{names[number]} has no pose"
            numbers[known.index(name)] = number
        seen_by = numbers[points.seen_by]
        used = Points(points.xyz, points.error_px, seen_by[seen_by >= 0], points.which[seen_by >= 0])
        return Places(tuple(self.model.poses[str(self.named(name))] for name in names), used)

    def check(self, names: Sequence[str], fewest: int = 2) -> None:
        """Raise `InputError` where too few pictures have a pose."""
        if sum(self.named(name) is not None for name in names) < fewest:
            few = "none" if fewest == 1 else "fewer than two"
            raise InputError(f"the poses in {self.path} are of {_some(list(self.model.poses))}, and {few} of them "
                             f"belong to the input: {_some(names)}. A pose has the name of its picture.")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}" or "nothing"


def read_poses(path: Path) -> KnownPoses:
    """Read ``poses.json``, a COLMAP model, or a folder with one of both, the file first.

    Raises `InputError` for anything else, and for axes that are mirrored or no rotation.
    """
    file = path / NAME if path.is_dir() else path
    if file.suffix.lower() == ".json" and (file.exists() or not path.is_dir()):
        return KnownPoses(file, _from_json(file), in_metres=True)
    if not path.is_dir():
        raise InputError(f"{path} holds no poses: name a {NAME}, or the folder of a COLMAP model.")
    folder = next((path / place for place in _PLACES_OF_MODELS if has_model(path / place)), None)
    if folder is None:
        raise InputError(f"{path} holds neither {NAME} nor a COLMAP model, which has images.bin or images.txt.")
    return KnownPoses(folder, read_model(folder), in_metres=False)


def _from_json(path: Path) -> Model:
    with opened(path, "file of poses") as file:
        stated = validated(_Poses, file.read(), path, "list of poses").panoramas
    nothing = Points(np.empty((0, 3)), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))
    return Model({name: _pose(name, pose, path) for name, pose in stated.items()}, nothing)


def _pose(name: str, stated: _Pose, path: Path) -> Pose:
    matrix = np.array(stated.rotation)
    left, stretch, right = np.linalg.svd(matrix)
    if np.abs(stretch - 1).max() > _ROUNDED:
        raise InputError(f"{path}: the rotation of '{name}' stretches by {stretch.min():.4g} to {stretch.max():.4g}, so it is "
                         "not a rotation. Its three rows have the length 1 and are at right angles.")
    if np.linalg.det(matrix) < 0:
        raise InputError(f"{path}: the rotation of '{name}' mirrors (its determinant is -1). The axes of the camera and of the "
                         "world are right-handed: x right, y down, z forward.")
    return Pose(left @ right, np.array(stated.position_m))


def write_poses(folder: Path, poses: Mapping[str, Pose], points: Points, size_hw: tuple[int, int]) -> None:
    """Write poses in metres into a folder, as ``poses.json`` and as a COLMAP model of panoramas (h, w); see `write_model`."""
    write_model(folder, Model(poses, points), size_hw)
    lines = ",\n".join(f"  {json.dumps(name, ensure_ascii=False)}: {json.dumps(_stated(pose))}" for name, pose in poses.items())
    with atomic_path(folder / NAME) as path:
        path.write_text(f'{{\n "axes": "{_AXES}",\n "panoramas": {{\n{lines}\n }}\n}}\n', encoding="utf-8")


def _stated(pose: Pose) -> dict[str, object]:
    rotation = [[round(float(value), 9) for value in row] for row in pose.rotation]
    return {"position_m": [round(float(value), 6) for value in pose.translation], "rotation": rotation}
