"""Gaussians of a .glb file of any tool."""

import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from spag4d.color import rgb_from_sh0, srgb_from_linear
from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.geometry.rotation import rotations_from_quats, turned_quats
from spag4d.io.glb import BINARY_CHUNK, COLOR, EXTENSION, JSON_CHUNK, MAGIC, OPACITY, ROTATION, SCALE, SRGB, VERSION
from spag4d.io.records import require_file, unit_quats

_KINDS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}
_OURS_FROM_GLTF = np.diag([1.0, -1.0, -1.0])
_STRETCH = 1e-3
_DEEPEST = 100


def read_glb(path: Path) -> Gaussians:
    """Read all Gaussians of a .glb file, where its nodes put them; view-dependent colour is left out.

    Raises `InputError` for a file that is missing, empty, cut short, no binary glTF 2.0, compressed by a further extension, or
    whose nodes stretch or mirror Gaussians.
    """
    require_file(path)
    document, binary = _chunks(path)
    try:
        parts = [_moved(_gaussians(document, binary, primitive), matrix, path)
                 for mesh, matrix in _meshes(document) for primitive in document["meshes"][mesh]["primitives"]
                 if EXTENSION in primitive.get("extensions", {})]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no glTF with plain Gaussians: {type(error).__name__} {error}. Save it without "
                         "compression.") from error
    return Gaussians.concatenate(parts)


def read_glb_document(path: Path) -> dict[str, Any]:
    """Return the JSON of a .glb file; raises `InputError` for what is none."""
    require_file(path)
    return _chunks(path)[0]


def read_glb_comments(path: Path) -> list[str]:
    """Return the comments that `write_glb` wrote; raises `InputError` for what is no .glb."""
    extras = read_glb_document(path).get("asset", {}).get("extras", {})
    comments = extras.get("comments", []) if isinstance(extras, dict) else []
    return [str(comment) for comment in comments]


def _chunks(path: Path) -> tuple[dict[str, Any], np.ndarray]:
    """Return the document and the bytes behind it, as a view of the file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        magic, version, total, length, kind = struct.unpack("<4sIII4s", file.read(20).ljust(20, b"\0"))
        if magic != MAGIC or version != VERSION or kind != JSON_CHUNK:
            raise InputError(f"{path} is no .glb file of glTF 2.0.")
        if total > size:
            raise InputError(f"{path} is cut short: it has {size} bytes and promises {total}. Copy or download it again.")
        text, (length_of_binary, kind) = file.read(length), struct.unpack("<I4s", file.read(8).ljust(8, b"\0"))
        start = file.tell()
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} has a damaged glTF document: {error}.") from error
    if kind != BINARY_CHUNK or not length_of_binary:
        return document, np.empty(0, np.uint8)
    return document, np.memmap(path, np.uint8, "r", start, (min(length_of_binary, size - start),))


def _meshes(document: dict[str, Any]) -> Iterator[tuple[int, Float64[np.ndarray, "4 4"]]]:
    """Yield the meshes of the scene, each with where its node puts it."""
    nodes = document.get("nodes", [])
    if not document.get("scenes"):
        return
    waiting = [(index, np.eye(4), 0) for index in document["scenes"][document.get("scene", 0)].get("nodes", [])]
    while waiting:
        index, matrix, depth = waiting.pop()
        node = nodes[index]
        matrix = matrix @ _local(node)
        if "mesh" in node:
            yield node["mesh"], matrix
        if depth < _DEEPEST:
            waiting += [(child, matrix, depth + 1) for child in node.get("children", [])]


def _local(node: dict[str, Any]) -> Float64[np.ndarray, "4 4"]:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    matrix = np.eye(4)
    matrix[:3, :3] = rotations_from_quats(np.array([[w, x, y, z]], np.float64))[0] * np.array(node.get("scale", (1, 1, 1)))
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def _gaussians(document: dict[str, Any], binary: np.ndarray, primitive: dict[str, Any]) -> Gaussians:
    attributes = primitive["attributes"]

    def values(name: str) -> np.ndarray:
        return _accessor(document, binary, attributes[name])

    x, y, z, w = values(ROTATION).T
    colors = rgb_from_sh0(values(COLOR))
    if primitive["extensions"][EXTENSION].get("colorSpace", SRGB) != SRGB:
        colors = srgb_from_linear(np.clip(colors, 0, 1))
    return Gaussians(values("POSITION"), values(SCALE), unit_quats(np.stack([w, x, y, z], -1)), values(OPACITY)[:, 0],
                     np.clip(colors, 0, 1))


def _accessor(document: dict[str, Any], binary: np.ndarray, index: int) -> np.ndarray:
    """Return the numbers of an accessor as float32 (n, k), whole ones normalised where it says so."""
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    if view.get("extensions") or view["buffer"] != 0 or accessor.get("sparse"):
        raise ValueError("a compressed or sparse attribute")
    kind, width, count = np.dtype(_KINDS[accessor["componentType"]]), _WIDTHS[accessor["type"]], accessor["count"]
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    stride = view.get("byteStride", 0) or kind.itemsize * width
    if start < 0 or count < 0 or start + stride * (count - 1) + kind.itemsize * width > len(binary):
        raise ValueError(f"accessor {index} is outside of the file")
    table = np.ndarray((count, width), kind, binary, start, (stride, kind.itemsize))
    values = np.array(table, np.float32)
    if accessor.get("normalized") and kind.kind != "f":
        values = np.maximum(values / np.float32(np.iinfo(kind).max), -1)
    return values


def _moved(gaussians: Gaussians, matrix: Float64[np.ndarray, "4 4"], path: Path) -> Gaussians:
    """Return the Gaussians where a node puts them, in our frame."""
    size = np.linalg.norm(matrix[:3, :3], axis=0)
    rotation = matrix[:3, :3] / size.mean()
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > _STRETCH or np.linalg.det(rotation) < 0:
        raise InputError(f"{path} has Gaussians that a node stretches or mirrors, which cannot be read.")
    turn = _OURS_FROM_GLTF @ rotation
    place = (_OURS_FROM_GLTF @ matrix[:3, 3]).astype(np.float32)
    factor = np.float32(size.mean())
    means = gaussians.means @ (turn.T * size.mean()).astype(np.float32) + place
    return replace(gaussians, means=means, scales=gaussians.scales * factor,
                   quats_wxyz=turned_quats(turn, gaussians.quats_wxyz))

