"""Damaged and malicious scene files: one sentence each, at a cost that the size of the file bounds."""

import base64
import io
import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spag4d.errors import InputError
from spag4d.formats.glb_write import write_glb
from spag4d.formats.scene import read_scene
from spag4d.formats.sog_write import write_sog
from tests.formats.gaussian_scenes import scene
from tests.formats.test_glb import put_together, taken_apart

SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "cases" / "hostile"


def sog_of(path: Path, meta: dict[str, Any] | bytes, pictures: dict[str, bytes] | None = None, degree: int = 1) -> None:
    """Write a .sog file of which meta.json has some entries changed, or is something else."""
    write_sog(path, scene(50, sh_degree=degree))
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()} | (pictures or {})
    if isinstance(meta, dict):
        document = json.loads(entries["meta.json"])
        for place, value in meta.items():
            part, _, name = place.rpartition(".")
            (document[part] if part else document)[name] = value
        meta = json.dumps(document).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (entries | {"meta.json": meta}).items():
            archive.writestr(name, data)


def packed(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.convert("RGBA").save(data, "WEBP", lossless=True)
    return data.getvalue()


@pytest.mark.parametrize(("meta", "words"), [
    ({"count": -5}, "'count'"), ({"count": float("inf")}, "'count'"), ({"count": "many"}, "'count'"),
    ({"count": 1e300}, "'count'"), ({"count": True}, "'count'"), ({"count": 51_000}, "pixels"), ({"means": []}, "'means'"),
    ({"means.mins": [0, 0]}, "'means.mins'"),
    ({"means.maxs": [0, 0, None]}, "'means.maxs.2'"), ({"means.maxs": [0, 0, float("nan")]}, "'means.maxs.2'"),
    ({"means.files": ["means_l.webp"]}, "'means.files'"), ({"means.files": [1, 2]}, "'means.files.0'"),
    ({"scales.codebook": [0.0] * 255}, "'scales.codebook'"), ({"scales.codebook": ["x"] * 256}, "'scales.codebook.0'"),
    ({"sh0.files": ["gone.webp"]}, "lacks gone.webp"), ({"quats": None}, "'quats'"), ({"asset": [1]}, "'asset'"),
    ({"version": "2"}, "'version'"), ({"version": 3}, "version 3"), ({"shN.bands": 4}, "'shN.bands'"),
    ({"shN.count": 0}, "'shN.count'"), ({"shN.count": 40}, "takes set 49 of 40"), ({"shN.count": 9000}, "pixels"),
    ({"sh0.files": ["../means_l.webp"]}, "not the plain name"), (b"[]", "meta.json is malformed"),
    (b"[" * 500, "recursion limit"),
    (b'{"version": 2, "count": 1e999}', "meta.json"), (b" " * (1 << 20) + b"{}", "has 1,048,578 bytes"),
    (b"\xff\xfe{}", "Invalid"),
])
def test_meta_json_of_a_sog(tmp_path: Path, meta: dict[str, Any] | bytes, words: str) -> None:
    sog_of(tmp_path / "a.sog", meta)
    assert_one_sentence(tmp_path / "a.sog", words)


def assert_one_sentence(path: Path, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_scene(path)
    assert words in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_pictures_of_a_sog(tmp_path: Path) -> None:
    large, noise = packed(Image.new("RGBA", (4000, 4000))), packed(Image.effect_noise((16, 16), 50))
    assert len(large) < 20_000
    for data, words in ((large, "promise to unpack to"), (noise[:len(noise) // 2], "a picture is damaged"),
                        (b"\x89PNG" + bytes(40), "not WebP"), (b"", "not WebP")):
        sog_of(tmp_path / "a.sog", {}, {"means_u.webp": data})
        tracemalloc.start()
        assert_one_sentence(tmp_path / "a.sog", words)
        assert tracemalloc.get_traced_memory()[1] < 8e6
        tracemalloc.stop()


def changed_glb(path: Path, change: Any) -> None:
    write_glb(path, scene(2000, sh_degree=1))
    document, binary = taken_apart(path)
    change(document)
    put_together(path, document, binary)


def many_nodes(document: dict[str, Any]) -> None:
    document["nodes"] = [{"mesh": 0} for _ in range(3000)]
    document["scenes"] = [{"nodes": list(range(3000))}]


@pytest.mark.parametrize(("change", "words"), [
    (lambda d: d["nodes"][1].update(children=[1]), "node 1 stands in the scene twice"),
    (lambda d: d.update(nodes=[{"children": [1, 1]}, {"mesh": 0}]), "node 1 stands in the scene twice"),
    (many_nodes, "promise to unpack to"), (lambda d: d.update(nodes=[1]), "'nodes.0'"),
    (lambda d: d.update(scene=7), "refers to something"),
    (lambda d: d["nodes"][1].update(mesh=5), "refers to"), (lambda d: d["nodes"][1].update(mesh=-1), "'nodes.1.mesh'"),
    (lambda d: d["nodes"][1].update(scale=[0, 0, 0]), "a node of no size"),
    (lambda d: d["nodes"][1].update(matrix=[1.0] * 15), "'nodes.1.matrix'"),
    (lambda d: d["nodes"][1].update(translation=["a", 0, 0]), "'nodes.1.translation.0'"),
    (lambda d: d["accessors"][0].update(count=10 ** 15), "outside of the file"),
    (lambda d: d["accessors"][0].update(count=-1), "'accessors.0.count'"),
    (lambda d: d["accessors"][0].update(count=10), "4 for 10"), (lambda d: d["accessors"][0].update(type="MAT4"), "unknown"),
    (lambda d: d["accessors"][0].update(type="SCALAR"), "has 1 numbers for"),
    (lambda d: d["bufferViews"][0].update(byteStride=1), "outside of the file"),
    (lambda d: d["buffers"][0].update(uri="../a.bin"), "not the plain name"),
    (lambda d: d["buffers"][0].update(uri="http://example.org/a.bin"), "not the plain name"),
    (lambda d: d["buffers"][0].update(uri="data:application/octet-stream;base64,!"), "a damaged buffer"),
    (lambda d: d["meshes"][0].update(primitives=[[]]), "'meshes.0.primitives.0'"),
])
def test_documents_of_a_gltf(tmp_path: Path, change: Any, words: str) -> None:
    changed_glb(tmp_path / "a.glb", change)
    assert_one_sentence(tmp_path / "a.glb", words)


def test_a_gltf_with_its_buffer_beside_or_inside(tmp_path: Path) -> None:
    write_glb(tmp_path / "a.glb", scene(100, sh_degree=2))
    document, binary = taken_apart(tmp_path / "a.glb")
    (tmp_path / "the buffer.bin").write_bytes(binary)
    for uri in ("the%20buffer.bin", "data:application/octet-stream;base64," + base64.b64encode(binary).decode()):
        document["buffers"][0]["uri"] = uri
        (tmp_path / "a.gltf").write_text(json.dumps(document))
        read = read_scene(tmp_path / "a.gltf")
        np.testing.assert_array_equal(read.means, scene(100).means)
        assert read.sh_degree == 2
    document["nodes"][1]["scale"] = [1, -1, 1]
    (tmp_path / "a.gltf").write_text(json.dumps(document))
    np.testing.assert_array_equal(read_scene(tmp_path / "a.gltf").means, scene(100).means * [1, -1, 1])


@pytest.mark.parametrize("text", [
    "element vertex 4000000000\nproperty float x\nproperty float y\nproperty float z\n",
    "element vertex 1\n" + "".join(f"property float a{number}\n" for number in range(1001)),
])
def test_headers_of_a_ply(tmp_path: Path, text: str) -> None:
    for form in ("ascii", "binary_little_endian"):
        (tmp_path / "a.ply").write_bytes(f"ply\nformat {form} 1.0\n{text}end_header\n".encode() + bytes(64))
        with pytest.raises(InputError):
            read_scene(tmp_path / "a.ply")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not there")
def test_samples() -> None:
    names = [path for path in SAMPLES.iterdir() if path.suffix in (".sog", ".glb")]
    assert names
    for path in names:
        assert_one_sentence(path, path.name)
