"""Mesh files: .glb (glTF 2.0, y up, shown as bright as the photograph), and .ply in our own axes."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from spag4d import __version__
from spag4d.color import linear_from_srgb
from spag4d.errors import InputError
from spag4d.io.atomic import atomic_path
from spag4d.mesh.mesh import Mesh

_FLOAT, _UINT16, _UINT32, _VERTICES, _INDICES, _TRIANGLES = 5126, 5123, 5125, 34962, 34963, 4
"""glTF's numbers (those of OpenGL) for component types, buffer targets and primitive."""
_UNLIT = "KHR_materials_unlit"
_PLY_VERTEX = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")])
_PLY_FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3)])
_PLY_TYPES = {"<f4": "float", "|u1": "uchar"}


def check_mesh_path(path: Path) -> None:
    """Raise `InputError` where the extension names no kind of mesh file."""
    if path.suffix.lower() not in (".glb", ".ply"):
        raise InputError(f"cannot tell what kind of mesh '{path.name}' is: end it in .glb or .ply.")


def write_mesh(path: Path, mesh: Mesh) -> None:
    """Write a mesh in the format of the extension; raises `InputError` for one without triangles, and as `atomic_path` does."""
    check_mesh_path(path)
    if not len(mesh.triangles):
        raise InputError(f"no surface is left for the mesh {path.name}: all of the scene is sky.")
    with atomic_path(path) as temporary:
        temporary.write_bytes(glb_bytes(mesh) if path.suffix.lower() == ".glb" else _ply(mesh))


def glb_bytes(mesh: Mesh) -> bytes:
    """Return a .glb file with the mesh."""
    vertices = mesh.vertices * np.array([1, -1, -1], np.float32)  # glTF is y up and z backward
    colors = np.concatenate([linear_from_srgb(mesh.colors), np.ones((len(mesh.colors), 1), np.float32)], 1)
    parts = [vertices.astype("<f4").tobytes(), np.rint(colors * 65535).astype("<u2").tobytes(),
             mesh.triangles.astype("<u4").tobytes()]
    document = json.dumps(_document(vertices, len(mesh.triangles), [len(part) for part in parts]), separators=(",", ":"))
    text = document.encode("ascii")
    text += b" " * (-len(text) % 4)
    binary = b"".join(parts)
    total = 12 + 8 + len(text) + 8 + len(binary)
    return (struct.pack("<4sIII4s", b"glTF", 2, total, len(text), b"JSON") + text
            + struct.pack("<I4s", len(binary), b"BIN\0") + binary)


def _document(vertices: np.ndarray, triangles: int, sizes: list[int]) -> dict[str, Any]:
    views = [{"buffer": 0, "byteOffset": sum(sizes[:number]), "byteLength": size,
              "target": _INDICES if number == 2 else _VERTICES} for number, size in enumerate(sizes)]
    accessors = [
        {"bufferView": 0, "componentType": _FLOAT, "count": len(vertices), "type": "VEC3", "min": vertices.min(0).tolist(),
         "max": vertices.max(0).tolist()},
        {"bufferView": 1, "componentType": _UINT16, "normalized": True, "count": len(vertices), "type": "VEC4"},
        {"bufferView": 2, "componentType": _UINT32, "count": 3 * triangles, "type": "SCALAR"},
    ]
    material = {"doubleSided": True, "pbrMetallicRoughness": {"metallicFactor": 0}, "extensions": {_UNLIT: {}}}
    primitive = {"attributes": {"POSITION": 0, "COLOR_0": 1}, "indices": 2, "mode": _TRIANGLES, "material": 0}
    return {"asset": {"version": "2.0", "generator": f"SPAG-4D {__version__}"}, "extensionsUsed": [_UNLIT], "scene": 0,
            "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0, "name": "surfaces"}], "meshes": [{"primitives": [primitive]}],
            "materials": [material], "accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": sum(sizes)}]}


def _ply(mesh: Mesh) -> bytes:
    vertices = np.empty(len(mesh.vertices), _PLY_VERTEX)
    for column, name in enumerate("xyz"):
        vertices[name] = mesh.vertices[:, column]
    for column, name in enumerate(("red", "green", "blue")):
        vertices[name] = np.rint(mesh.colors[:, column] * 255)
    faces = np.empty(len(mesh.triangles), _PLY_FACE)
    faces["count"], faces["corners"] = 3, mesh.triangles
    properties = [f"property {_PLY_TYPES[_PLY_VERTEX[name].str]} {name}" for name in _PLY_VERTEX.names or ()]
    header = ["ply", "format binary_little_endian 1.0", f"comment SPAG-4D {__version__}",
              "comment x right, y down, z forward, in metres", f"element vertex {len(vertices)}", *properties,
              f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header", ""]
    return "\n".join(header).encode("ascii") + vertices.tobytes() + faces.tobytes()
