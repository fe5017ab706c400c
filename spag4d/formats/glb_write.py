"""The .glb file: glTF 2.0 with the extension KHR_gaussian_splatting, 60 bytes for each Gaussian, exact.

glTF is y up: everything is turned by 180° about x, so that a camera at the origin without any rotation, which the file has too,
stands at the capture point and looks forward. Attributes are linear floats: position (m), rotation as xyzw, standard
deviations (m), opacity, and the coefficients of the sRGB colour, 12 bytes for each; COLOR_0 is for programs that draw points.
"""

import json
import struct
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from spag4d import __version__
from spag4d.color import linear_from_srgb, sh0_from_rgb
from spag4d.data import SH_COUNTS, Gaussians
from spag4d.formats.records import Block, unit_quats, write_blocks
from spag4d.geometry.harmonics import turned_sh
from spag4d.progress import SILENT, Progress

EXTENSION = "KHR_gaussian_splatting"
SCALE, ROTATION, OPACITY, COLOR = (f"{EXTENSION}:{name}" for name in ("SCALE", "ROTATION", "OPACITY", "SH_DEGREE_0_COEF_0"))
MAGIC, VERSION, JSON_CHUNK, BINARY_CHUNK = b"glTF", 2, b"JSON", b"BIN\0"
"""By the format."""
SRGB = "srgb_rec709_display"
_FLOAT, _BYTE, _POINTS, _VERTICES = 5126, 5121, 0, 34962
"""glTF's numbers (those of OpenGL) for component types, primitive and buffer target."""
_ATTRIBUTES = (("POSITION", 3), (SCALE, 3), (ROTATION, 4), (OPACITY, 1), (COLOR, 3), ("COLOR_0", 4))
"""And how many numbers each has per Gaussian."""
_GLTF_FROM_OURS = np.diag([1.0, -1.0, -1.0])
"""glTF is y up and z backward."""
_FIELD_OF_VIEW_RAD, _NEAR_M = float(np.radians(60)), 0.01
"""Of the camera that the file suggests: 60° from top to bottom, as in scene cards; nothing is nearer than 1 cm."""


Attributes = Sequence[tuple[str, int]]
"""Name and numbers per Gaussian."""


def sh_names(count: int) -> list[str]:
    """Return the names of the attributes that hold ``count`` coefficients (0, 3, 8 or 15) above degree 0."""
    return [f"{EXTENSION}:SH_DEGREE_{degree}_COEF_{number}" for degree in range(1, 1 + SH_COUNTS.index(count))
            for number in range(2 * degree + 1)]


def write_glb(path: Path, gaussians: Gaussians, *, comments: Sequence[str] = (), progress: Progress = SILENT) -> None:
    """Write the Gaussians in the order they have, and ``comments`` as extras of the asset."""
    count = len(gaussians)
    attributes = [*_ATTRIBUTES, *((name, 3) for name in sh_names(SH_COUNTS[gaussians.sh_degree]))]
    blocks = [Block(width if name == "COLOR_0" else 4 * width) for name, width in attributes]
    size = sum(block.size(count) for block in blocks)
    text = json.dumps(_document(gaussians, attributes, blocks, comments), separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 4)
    binary = struct.pack("<I4s", size, BINARY_CHUNK) if count else b""
    total = 12 + 8 + len(text) + len(binary) + size
    header = struct.pack("<4sIII4s", MAGIC, VERSION, total, len(text), JSON_CHUNK) + text + binary
    write_blocks(path, header, count, partial(_encode, gaussians), blocks, progress)


def _document(
    gaussians: Gaussians, attributes: Attributes, blocks: Sequence[Block], comments: Sequence[str]
) -> dict[str, Any]:
    camera = {"type": "perspective", "perspective": {"yfov": _FIELD_OF_VIEW_RAD, "znear": _NEAR_M}}
    asset: dict[str, Any] = {"version": "2.0", "generator": f"SPAG-4D {__version__}"}
    if comments:
        asset["extras"] = {"comments": list(comments)}
    document = {"asset": asset, "scene": 0, "scenes": [{"nodes": [0]}], "cameras": [camera],
                "nodes": [{"camera": 0, "name": "capture point"}]}
    return {**document, **_mesh(gaussians, attributes, blocks)} if len(gaussians) else document


def _mesh(gaussians: Gaussians, attributes: Attributes, blocks: Sequence[Block]) -> dict[str, Any]:
    """Return the document's part about the Gaussians; glTF does not allow an empty one."""
    count, start, views, accessors = len(gaussians), 0, [], []
    for index, ((name, width), block) in enumerate(zip(attributes, blocks, strict=True)):
        views.append({"buffer": 0, "byteOffset": start, "byteLength": block.size(count), "target": _VERTICES})
        start += block.size(count)
        accessor: dict[str, Any] = {"bufferView": index, "componentType": _FLOAT, "count": count,
                                    "type": "SCALAR" if width == 1 else f"VEC{width}"}
        accessors.append(accessor | ({"componentType": _BYTE, "normalized": True} if name == "COLOR_0" else {}))
    turned = gaussians.means * np.array([1, -1, -1], np.float32)
    accessors[0] |= {"min": turned.min(0).tolist(), "max": turned.max(0).tolist()}
    how = {"kernel": "ellipse", "colorSpace": SRGB, "sortingMethod": "cameraDistance", "projection": "perspective"}
    primitive = {"attributes": {name: index for index, (name, _) in enumerate(attributes)}, "mode": _POINTS,
                 "extensions": {EXTENSION: how}}
    return {"extensionsUsed": [EXTENSION], "buffers": [{"byteLength": start}], "bufferViews": views, "accessors": accessors,
            "meshes": [{"primitives": [primitive]}], "scenes": [{"nodes": [0, 1]}],
            "nodes": [{"camera": 0, "name": "capture point"}, {"mesh": 0, "name": "Gaussians"}]}


def _encode(gaussians: Gaussians, rows: slice) -> list[np.ndarray]:
    means = gaussians.means[rows] * np.array([1, -1, -1], np.float32)
    w, x, y, z = unit_quats(gaussians.quats_wxyz[rows]).T
    opacities = np.clip(gaussians.opacities[rows], 0, 1)
    colors = np.clip(gaussians.colors[rows], 0, 1)
    points = np.rint(np.column_stack([linear_from_srgb(colors), opacities]) * np.float32(255)).astype(np.uint8)
    sh = [] if gaussians.sh is None else turned_sh(_GLTF_FROM_OURS, gaussians.sh[rows]).swapaxes(0, 1)
    return [means, np.maximum(gaussians.scales[rows], 0), np.stack([w, -z, y, -x], -1), np.ascontiguousarray(opacities),
            sh0_from_rgb(gaussians.colors[rows]), points, *sh]
