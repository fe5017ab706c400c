import json
import struct
from pathlib import Path

import numpy as np
import pytest
from plyfile import PlyData

from spag4d.color import linear_from_srgb
from spag4d.errors import InputError
from spag4d.mesh.mesh import Mesh
from spag4d.mesh.write import check_mesh_path, write_mesh

MESH = Mesh(np.array([[0, 1, 2], [1, 1, 2], [0, 2, 2], [1, 2, 3]], np.float32),
            np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5]], np.float32), np.array([[0, 2, 1], [1, 2, 3]]))


def test_a_ply_is_read_by_others(tmp_path: Path) -> None:
    write_mesh(tmp_path / "a.ply", MESH)
    data = PlyData.read(str(tmp_path / "a.ply"))
    vertices = data["vertex"].data
    np.testing.assert_array_equal(np.stack([vertices[name] for name in "xyz"], 1), MESH.vertices)
    assert vertices["red"].tolist() == [255, 0, 0, 128]
    np.testing.assert_array_equal(np.stack(list(data["face"]["vertex_indices"])), MESH.triangles)


def test_a_glb_is_y_up_with_linear_colours(tmp_path: Path) -> None:
    write_mesh(tmp_path / "a.glb", MESH)
    data = (tmp_path / "a.glb").read_bytes()
    magic, version, total, length, kind = struct.unpack_from("<4sIII4s", data)
    assert (magic, version, total, kind) == (b"glTF", 2, len(data), b"JSON")
    document = json.loads(data[20 : 20 + length])
    size, kind = struct.unpack_from("<I4s", data, 20 + length)
    binary = data[28 + length :]
    assert kind == b"BIN\0" and size == len(binary) == document["buffers"][0]["byteLength"] and (20 + length) % 4 == 0

    def values(number: int, dtype: str, width: int) -> np.ndarray:
        accessor = document["accessors"][number]
        view = document["bufferViews"][accessor["bufferView"]]
        assert accessor["count"] * width * np.dtype(dtype).itemsize == view["byteLength"]
        return np.frombuffer(binary, dtype, accessor["count"] * width, view["byteOffset"]).reshape(-1, width)

    np.testing.assert_array_equal(values(0, "<f4", 3), MESH.vertices * (1, -1, -1))
    np.testing.assert_allclose(values(1, "<u2", 4)[:, :3] / 65535, linear_from_srgb(MESH.colors), atol=1e-4)
    np.testing.assert_array_equal(values(2, "<u4", 1).reshape(-1, 3), MESH.triangles)
    assert document["accessors"][0]["max"] == [1.0, -1.0, -2.0]


def test_other_extensions_and_empty_meshes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"end it in \.glb or \.ply"):
        check_mesh_path(tmp_path / "a.obj")
    nothing = Mesh(np.empty((0, 3), np.float32), np.empty((0, 3), np.float32), np.empty((0, 3), np.int64))
    with pytest.raises(InputError, match="no surface is left"):
        write_mesh(tmp_path / "a.ply", nothing)
    assert not (tmp_path / "a.ply").exists()
