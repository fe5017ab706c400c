import struct
from pathlib import Path

import numpy as np
import pytest

from spag4d.errors import InputError
from spag4d.geometry.rotation import quats_from_rotations
from spag4d.world.colmap_model import Model, Points, read_model, write_model
from tests.world.rooms import PLACES

POINTS = Points(np.array([[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]]), np.array([0.25, 0.5]), np.array([0, 1, 1]), np.array([0, 0, 1]))
MODEL = Model({"a photo.jpg": PLACES[1], "b.png": PLACES[2]}, POINTS)


def check(model: Model) -> None:
    assert list(model.poses) == list(MODEL.poses)
    for name, pose in MODEL.poses.items():
        np.testing.assert_allclose(model.poses[name].rotation, pose.rotation, atol=1e-7)
        np.testing.assert_allclose(model.poses[name].translation, pose.translation, atol=1e-7)
    for name in ("xyz", "error_px", "seen_by", "which"):
        np.testing.assert_allclose(getattr(model.points, name), getattr(POINTS, name), atol=1e-7)


def test_a_model_as_text_comes_back(tmp_path: Path) -> None:
    write_model(tmp_path / "sparse", MODEL, (512, 1024))
    check(read_model(tmp_path / "sparse"))


def in_binary(folder: Path, camera_model: int = 17) -> None:
    """Write the model as COLMAP does, with features, numbers that have gaps, and pictures of one camera."""
    (folder / "cameras.bin").write_bytes(struct.pack("<QIiQQ2d", 1, 1, camera_model, 1024, 512, 1024, 512))
    images = struct.pack("<Q", 2)
    for number, (name, pose) in zip((7, 9), MODEL.poses.items(), strict=True):
        quat, inverse = quats_from_rotations(pose.rotation.T[None])[0], -pose.rotation.T @ pose.translation
        images += struct.pack("<I4d3dI", number, *quat, *inverse, 1) + name.encode() + b"\0"
        images += struct.pack("<Q2dq2dq", 2, 1.5, 2.5, -1, 3.5, 4.5, 1)
    (folder / "images.bin").write_bytes(images)
    (folder / "points3D.bin").write_bytes(
        struct.pack("<Q", 2) + struct.pack("<Q3d3BdQ4I", 5, 1, 2, 3, 0, 0, 0, 0.25, 2, 7, 0, 9, 1)
        + struct.pack("<Q3d3BdQ2I", 6, -1, 0.5, 4, 0, 0, 0, 0.5, 1, 9, 0))


def test_a_binary_model_is_read(tmp_path: Path) -> None:
    in_binary(tmp_path)
    check(read_model(tmp_path))


def test_cameras_that_are_no_panoramas_are_refused(tmp_path: Path) -> None:
    in_binary(tmp_path, camera_model=1)
    with pytest.raises(InputError, match="EQUIRECTANGULAR"):
        read_model(tmp_path)


@pytest.mark.parametrize("name", ["images.bin", "points3D.bin", "cameras.bin"])
def test_a_damaged_model_is_said_in_words(tmp_path: Path, name: str) -> None:
    in_binary(tmp_path)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) - 9])
    with pytest.raises(InputError, match="damaged"):
        read_model(tmp_path)


def test_a_folder_without_a_model_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no images\.bin"):
        read_model(tmp_path)
