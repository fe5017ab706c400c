"""The document of a glTF 2.0 file, validated, and the bytes that it points to."""

import base64
import binascii
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import numpy as np
from jaxtyping import Float32, UInt8
from pydantic import Field

from spag4d.errors import InputError, reason
from spag4d.formats.glb_write import BINARY_CHUNK, EXTENSION, JSON_CHUNK, MAGIC, SRGB, VERSION
from spag4d.io.foreign_json import Foreign, validated
from spag4d.io.names_in_files import file_inside
from spag4d.io.opening import require_file

_KINDS = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_LARGEST_DOCUMENT = 16 << 20
"""Bytes: it lists what is in the buffers, and 100,000 nodes take less."""
_DATA = "data:"

_Index = Annotated[int, Field(ge=0)]
_Three = Annotated[list[float], Field(min_length=3, max_length=3)]
_Four = Annotated[list[float], Field(min_length=4, max_length=4)]
_Sixteen = Annotated[list[float], Field(min_length=16, max_length=16)]


class _Accessor(Foreign):
    bufferView: _Index | None = None  # noqa: N815 (names of glTF, here and below)
    byteOffset: _Index = 0  # noqa: N815
    componentType: int  # noqa: N815
    count: _Index
    type: str
    normalized: bool = False
    sparse: Any = None


class _View(Foreign):
    buffer: _Index
    byteOffset: _Index = 0  # noqa: N815
    byteStride: _Index = 0  # noqa: N815
    extensions: Any = None


class _Buffer(Foreign):
    uri: str | None = None


class Splatting(Foreign):
    """The KHR_gaussian_splatting part of a primitive."""

    colorSpace: str = SRGB  # noqa: N815


class _Extensions(Foreign):
    splatting: Splatting | None = Field(default=None, validation_alias=EXTENSION)


class Primitive(Foreign):
    """Attributes of points, by the accessors that hold them."""

    attributes: dict[str, _Index]
    extensions: _Extensions = _Extensions()


class _Mesh(Foreign):
    primitives: list[Primitive]


class Node(Foreign):
    """A placement: a matrix, or rotation (xyzw), scale and translation."""

    mesh: _Index | None = None
    children: list[_Index] = []
    matrix: _Sixteen | None = None
    rotation: _Four = [0.0, 0.0, 0.0, 1.0]
    scale: _Three = [1.0, 1.0, 1.0]
    translation: _Three = [0.0, 0.0, 0.0]


class _Scene(Foreign):
    nodes: list[_Index] = []


class _Asset(Foreign):
    version: str = "2.0"
    generator: str = "an unknown program"
    extras: Any = None


class Document(Foreign):
    """The parts of a glTF document that are read."""

    asset: _Asset = _Asset()
    scene: _Index = 0
    scenes: list[_Scene] = []
    nodes: list[Node] = []
    meshes: list[_Mesh] = []
    accessors: list[_Accessor] = []
    bufferViews: list[_View] = []  # noqa: N815
    buffers: list[_Buffer] = []

    @property
    def comments(self) -> list[str]:
        """Comments that SPAG-4D wrote."""
        comments = self.asset.extras.get("comments") if isinstance(self.asset.extras, dict) else None
        return [str(comment) for comment in comments] if isinstance(comments, list) else []

    def placed_nodes(self) -> Iterator[tuple[Node, Node | None]]:
        """Yield the nodes of the scene, each after its parent and with it; raises `ValueError` where one has several."""
        if not self.scenes:
            return
        waiting: list[tuple[int, Node | None]] = [(index, None) for index in self.scenes[self.scene].nodes]
        seen: set[int] = set()
        while waiting:
            index, parent = waiting.pop()
            if index in seen:
                raise ValueError(f"node {index} stands in the scene twice, which glTF forbids")
            seen.add(index)
            node = self.nodes[index]
            yield node, parent
            waiting += [(child, node) for child in node.children]


class GltfFile:
    """A .glb file, or a .gltf file with buffers beside it or inside."""

    def __init__(self, path: Path) -> None:
        """Read the document; raises `InputError` where it is not glTF 2.0, cut short or invalid."""
        require_file(path)
        self.path = path
        self._binary = np.empty(0, np.uint8)
        self.document = validated(Document, self._text(), path, "glTF document")
        self._buffers: dict[int, UInt8[np.ndarray, " n"]] = {}

    def _text(self) -> bytes:
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            magic, version, total, length, kind = struct.unpack("<4sIII4s", file.read(20).ljust(20, b"\0"))
            if magic != MAGIC:
                file.seek(0)
                return self._limited(file.read(_LARGEST_DOCUMENT + 1))
            if version != VERSION or kind != JSON_CHUNK:
                raise InputError(f"{self.path} is not a .glb file of glTF 2.0.")
            if total > size or length > size:
                raise InputError(f"{self.path} is cut short: it has {size} bytes and promises {max(total, length)}. Copy or "
                                 "download it again.")
            text = self._limited(file.read(min(length, _LARGEST_DOCUMENT + 1)))
            length_of_binary, kind = struct.unpack("<I4s", file.read(8).ljust(8, b"\0"))
            start = file.tell()
        if kind == BINARY_CHUNK and length_of_binary and start < size:
            self._binary = np.memmap(self.path, np.uint8, "r", start, (min(length_of_binary, size - start),))
        return text

    def _limited(self, text: bytes) -> bytes:
        if len(text) > _LARGEST_DOCUMENT:
            raise InputError(f"{self.path} is not a scene: its glTF document has more than {_LARGEST_DOCUMENT >> 20} MiB.")
        return text

    @property
    def size(self) -> int:
        """Bytes of the file and of the buffers beside it that were read."""
        return self.path.stat().st_size + sum(buffer.nbytes for buffer in self._buffers.values() if buffer is not self._binary)

    def values(self, index: int) -> Float32[np.ndarray, "n k"]:
        """Return the numbers of an accessor, integers normalised where it declares that.

        Raises `ValueError` or `IndexError` for one that is compressed, sparse or outside of the file.
        """
        accessor = self.document.accessors[index]
        if accessor.bufferView is None or accessor.sparse or accessor.type not in _WIDTHS or \
                accessor.componentType not in _KINDS:
            raise ValueError("a compressed, sparse or unknown attribute")
        view = self.document.bufferViews[accessor.bufferView]
        if view.extensions:
            raise ValueError("a compressed attribute")
        data, kind, width = self._buffer(view.buffer), np.dtype(_KINDS[accessor.componentType]), _WIDTHS[accessor.type]
        start, size = view.byteOffset + accessor.byteOffset, kind.itemsize * width
        stride = view.byteStride or size
        if stride < size or start + stride * (accessor.count - 1) + size > len(data) and accessor.count:
            raise ValueError(f"accessor {index} is outside of the file")
        if not accessor.count:
            return np.empty((0, width), np.float32)
        values = np.array(np.ndarray((accessor.count, width), kind, data, start, (stride, kind.itemsize)), np.float32)
        if accessor.normalized and kind.kind != "f":
            values = np.maximum(values / np.float32(np.iinfo(kind).max), -1)
        return values

    def _buffer(self, index: int) -> UInt8[np.ndarray, " n"]:
        if index not in self._buffers:
            self._buffers[index] = self._opened(self.document.buffers[index].uri)
        return self._buffers[index]

    def _opened(self, uri: str | None) -> UInt8[np.ndarray, " n"]:
        if uri is None:
            return self._binary
        if uri.startswith(_DATA):
            try:
                return np.frombuffer(base64.b64decode(uri.partition(",")[2], validate=True), np.uint8)
            except binascii.Error as error:
                raise ValueError(f"a damaged buffer ({reason(error)})") from error
        path = file_inside(self.path.parent, unquote(uri), self.path)
        require_file(path)
        return np.memmap(path, np.uint8, "r")
