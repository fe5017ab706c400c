"""The way of the camera in a .4dgs file: the record of a rig's trajectory, and that of the frame in which it is given."""

import struct
from pathlib import Path

import numpy as np

from spag4d.data import Pose
from spag4d.formats.fourdgs_records import Fields, record, text_field
from spag4d.formats.fourdgs_streams import damaged
from spag4d.geometry.rotation import quats_from_rotations, rotations_from_quats
from spag4d.geometry.way import Way

FRAME, TRAJECTORY = 0x20, 0x22
_NAME = "camera"
_RIGHT_HANDED, _UP, _FORWARD, _METRES = 1, 1, 5, 1
"""By the draft's numbers: y is up, and -z ahead."""
_FRAME = struct.Struct("<4Bd")
_HEAD, _SAMPLE = struct.Struct("<BI"), struct.Struct("<d4d3d")
_STRAIGHT = 0
"""Between two samples: straight, turning evenly. The other way of the draft is in steps."""
Y_UP = np.diag([1.0, -1.0, -1.0])
"""To y down, z forward from y up, -z forward, and back."""


def way_records(way: Way) -> bytes:
    """Return the records of a way; the camera's own axes are turned as those of the scene are, y up."""
    turned = [turned_pose(pose, Y_UP) for pose in way.poses]
    quats = quats_from_rotations(np.stack([pose.rotation for pose in turned]))
    samples = b"".join(_SAMPLE.pack(time_s, *quat[[1, 2, 3, 0]], *pose.translation)
                       for time_s, quat, pose in zip(way.times_s, quats, turned, strict=True))
    frame = record(FRAME, text_field("scene") + _FRAME.pack(_RIGHT_HANDED, _UP, _FORWARD, _METRES, 1.0))
    return frame + record(TRAJECTORY, text_field(_NAME) + _HEAD.pack(_STRAIGHT, len(way.poses)) + samples)


def way_of(content: bytes, path: Path) -> Way | None:
    """Return the way of a trajectory's record in the file's axes, None where it has no samples; raises `InputError`."""
    fields = Fields(content, path)
    fields.text()
    _, count = fields.take(_HEAD)
    values = np.array(list(_SAMPLE.iter_unpack(fields.bytes(count * _SAMPLE.size))), np.float64).reshape(-1, 8)
    if not count:
        return None
    lengths = np.linalg.norm(values[:, 1:5], axis=1)
    if not np.isfinite(values).all() or (np.diff(values[:, 0]) <= 0).any() or not lengths.all():
        raise damaged(path, "the way of its camera has no order, or is not finite")
    rotations = rotations_from_quats(values[:, [4, 1, 2, 3]] / lengths[:, None])
    return Way(values[:, 0], [Pose(rotation, place) for rotation, place in zip(rotations, values[:, 5:], strict=True)])


def turned_way(way: Way, turn: np.ndarray) -> Way:
    """Return a way after a rotation of all axes, the scene's and the camera's own."""
    return Way(way.times_s, [turned_pose(pose, turn) for pose in way.poses])


def turned_pose(pose: Pose, turn: np.ndarray) -> Pose:
    """Return a pose after a rotation of all axes."""
    return Pose(turn @ pose.rotation @ turn.T, turn @ pose.translation)
