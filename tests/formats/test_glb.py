import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d.color import linear_from_srgb, sh0_from_rgb
from spag4d.errors import InputError
from spag4d.formats.glb_read import read_glb, read_glb_comments
from spag4d.formats.glb_write import write_glb
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll, rotations_from_quats
from tests.formats.gaussian_scenes import scene
from tests.formats.precision import differences


def taken_apart(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    magic, version, total, length, kind = struct.unpack_from("<4sIII4s", data)
    assert (magic, version, total, kind) == (b"glTF", 2, len(data), b"JSON") and length % 4 == 0
    size, kind = struct.unpack_from("<I4s", data, 20 + length)
    assert kind == b"BIN\0" and 28 + length + size == total
    return json.loads(data[20:20 + length]), data[28 + length:]


def put_together(path: Path, document: dict[str, Any], binary: bytes) -> None:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    path.write_bytes(struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(binary), len(text), b"JSON") + text
                     + struct.pack("<I4s", len(binary), b"BIN\0") + binary)


def attribute(document: dict[str, Any], binary: bytes, name: str) -> np.ndarray:
    accessor = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"][name]]
    view = document["bufferViews"][accessor["bufferView"]]
    kind = {5126: "<f4", 5121: "u1"}[accessor["componentType"]]
    values = np.frombuffer(binary[view["byteOffset"]:][:view["byteLength"]], kind)
    return values.reshape(accessor["count"], -1)


def test_every_field_is_where_the_extension_says(tmp_path: Path) -> None:
    written = scene(100)
    write_glb(tmp_path / "a.glb", written, comments=["grüße"])
    document, binary = taken_apart(tmp_path / "a.glb")
    primitive = document["meshes"][0]["primitives"][0]
    assert primitive["mode"] == 0 and document["extensionsUsed"] == ["KHR_gaussian_splatting"]
    assert primitive["extensions"]["KHR_gaussian_splatting"] == {
        "kernel": "ellipse", "colorSpace": "srgb_rec709_display", "sortingMethod": "cameraDistance",
        "projection": "perspective"}
    half_turn = np.diag([1, -1, -1])
    means = attribute(document, binary, "POSITION")
    np.testing.assert_array_equal(means, written.means * [1, -1, -1])
    bounds = document["accessors"][0]
    np.testing.assert_array_equal([bounds["min"], bounds["max"]], [means.min(0), means.max(0)])
    quats = np.roll(attribute(document, binary, "KHR_gaussian_splatting:ROTATION"), 1, axis=1)
    np.testing.assert_allclose(rotations_from_quats(quats), half_turn @ rotations_from_quats(written.quats_wxyz), atol=1e-5)
    np.testing.assert_array_equal(attribute(document, binary, "KHR_gaussian_splatting:SCALE"), written.scales)
    np.testing.assert_array_equal(attribute(document, binary, "KHR_gaussian_splatting:OPACITY")[:, 0], written.opacities)
    np.testing.assert_array_equal(attribute(document, binary, "KHR_gaussian_splatting:SH_DEGREE_0_COEF_0"),
                                  sh0_from_rgb(written.colors))
    points = attribute(document, binary, "COLOR_0")
    np.testing.assert_allclose(points[:, :3] / 255, linear_from_srgb(written.colors), atol=0.51 / 255)
    assert read_glb_comments(tmp_path / "a.glb") == ["grüße"]


def test_a_camera_stands_at_the_capture_point_and_looks_forward(tmp_path: Path) -> None:
    """A glTF camera looks along -z with +y up; the half turn about x makes that our +z with -y up."""
    write_glb(tmp_path / "a.glb", scene(3))
    document, _ = taken_apart(tmp_path / "a.glb")
    nodes = [document["nodes"][index] for index in document["scenes"][0]["nodes"]]
    assert [set(node) - {"name"} for node in nodes] == [{"camera"}, {"mesh"}]
    assert document["cameras"][0]["type"] == "perspective"


def test_nodes_move_turn_and_scale(tmp_path: Path) -> None:
    written = scene(50)
    write_glb(tmp_path / "a.glb", written)
    document, binary = taken_apart(tmp_path / "a.glb")
    document["nodes"][1] |= {"rotation": [0, np.sin(0.3), 0, np.cos(0.3)], "scale": [2, 2, 2]}
    document["nodes"].append({"children": [1], "translation": [1, 2, 3]})
    document["scenes"][0]["nodes"] = [0, 2]
    put_together(tmp_path / "b.glb", document, binary)
    read = read_glb(tmp_path / "b.glb")
    turn = rotation_from_yaw_pitch_roll(-0.6, 0.0, 0.0)  # about +y, which is up there, by 0.6 to the left
    np.testing.assert_allclose(read.means, 2 * written.means @ turn.T + [1, -2, -3], atol=1e-4)
    np.testing.assert_allclose(read.scales, 2 * written.scales, rtol=1e-5)
    turned = turn @ rotations_from_quats(written.quats_wxyz)
    np.testing.assert_allclose(rotations_from_quats(read.quats_wxyz), turned, atol=1e-5)
    document["nodes"][1]["scale"] = [1, 2, 1]
    put_together(tmp_path / "b.glb", document, binary)
    with pytest.raises(InputError, match="a node stretches"):
        read_glb(tmp_path / "b.glb")


def test_linear_colours_and_interleaved_or_whole_numbers_are_read(tmp_path: Path) -> None:
    written = scene(20)
    write_glb(tmp_path / "a.glb", written)
    document, _ = taken_apart(tmp_path / "a.glb")
    table = np.zeros(20, np.dtype([
        ("p", "<f4", 3), ("s", "<f4", 3), ("q", "<i2", 4), ("o", "u1"), ("pad", "u1", 3), ("c", "<f4", 3)]))
    table["p"], table["s"] = written.means * [1, -1, -1], written.scales
    w, x, y, z = written.quats_wxyz.T
    table["q"] = np.rint(np.stack([w, -z, y, -x], -1) * 32767)
    table["o"] = np.rint(written.opacities * 255)
    table["c"] = sh0_from_rgb(linear_from_srgb(written.colors))
    document["bufferViews"] = [{"buffer": 0, "byteLength": table.nbytes, "byteStride": table.itemsize}]
    names = ("POSITION", *(f"KHR_gaussian_splatting:{name}" for name in ("SCALE", "ROTATION", "OPACITY", "SH_DEGREE_0_COEF_0")))
    kinds = ((5126, "VEC3"), (5126, "VEC3"), (5122, "VEC4"), (5121, "SCALAR"), (5126, "VEC3"))
    document["accessors"] = [
        {"bufferView": 0, "byteOffset": (table.dtype.fields or {})[key][1], "componentType": kind, "type": shape, "count": 20,
         "normalized": kind != 5126} for (kind, shape), key in zip(kinds, "psqoc", strict=True)]
    primitive = document["meshes"][0]["primitives"][0]
    primitive["attributes"] = {name: index for index, name in enumerate(names)}
    primitive["extensions"]["KHR_gaussian_splatting"]["colorSpace"] = "lin_rec709_display"
    put_together(tmp_path / "b.glb", document, table.tobytes())
    found = differences(read_glb(tmp_path / "b.glb"), written)
    assert found.position_m.max() == 0 and found.rotation_deg.max() < 0.01 and found.scale.max() < 1e-6
    assert found.color.max() < 1e-4 and found.opacity.max() < 0.51 / 255


def test_other_files_are_refused_in_words(tmp_path: Path) -> None:
    write_glb(tmp_path / "a.glb", scene(3))
    document, binary = taken_apart(tmp_path / "a.glb")
    document["bufferViews"][0]["byteLength"] = 7
    document["accessors"][0]["count"] = 10 ** 9
    put_together(tmp_path / "b.glb", document, binary)
    with pytest.raises(InputError, match="outside of the file"):
        read_glb(tmp_path / "b.glb")
    document["bufferViews"][0]["extensions"] = {"EXT_meshopt_compression": {}}
    put_together(tmp_path / "b.glb", document, binary)
    with pytest.raises(InputError, match="compressed"):
        read_glb(tmp_path / "b.glb")
    (tmp_path / "b.glb").write_bytes(b"glTF" + bytes(30))
    with pytest.raises(InputError, match=r"not a \.glb file of glTF 2\.0"):
        read_glb(tmp_path / "b.glb")
    put_together(tmp_path / "b.glb", {"asset": {"version": "2.0"}, "meshes": []}, b"")
    assert len(read_glb(tmp_path / "b.glb")) == 0
