"""Gaussians of a glTF file of any tool, .glb or .gltf."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.color import rgb_from_sh0, srgb_from_linear
from spag4d.data import SH_COUNTS, Gaussians
from spag4d.errors import InputError, reason
from spag4d.formats.glb_write import COLOR, OPACITY, ROTATION, SCALE, SRGB, sh_names
from spag4d.formats.gltf import Document, GltfFile, Node, Primitive
from spag4d.formats.placing import ORIGIN, placed
from spag4d.formats.records import unit_quats
from spag4d.geometry.harmonics import turned_sh
from spag4d.geometry.rotation import rotations_from_quats, turned_quats
from spag4d.io.unpacked_size import check_unpacked
from spag4d.progress import SILENT, Progress

_OURS_FROM_GLTF = np.diag([1.0, -1.0, -1.0])
"""glTF is y up and z backward."""
_STRETCH = 1e-3
"""Off an exact rotation, per entry: rounding of float32 leaves 1e-6, a Gaussian stretched by 0.1 % is no longer what the file
holds."""
_BYTES_PER_GAUSSIAN = 60
"""14 floats and a colour of four bytes, as in `glb_write`."""

Matrix = Float64[np.ndarray, "4 4"]


def read_glb(path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT) -> Gaussians:
    """Read all Gaussians of a glTF file, where its nodes put them, moved by ``shift_m``.

    Raises `InputError` for a file that is missing, empty, cut short, not glTF 2.0 or compressed by a further extension, whose
    nodes stretch Gaussians, or which names one mesh so often that it holds far more than its size.
    """
    file = GltfFile(path)
    try:
        parts = [_moved(gaussians, matrix, shift_m, path, progress) for gaussians, matrix in _parts(file, progress)]
    except (KeyError, IndexError) as error:
        raise InputError(f"{path} refers to something that is not in it ({reason(error)}). Export it again, without "
                         "compression.") from error
    except ValueError as error:
        raise InputError(f"{path} cannot be read as a glTF of Gaussians: {reason(error)}. Export it again.") from error
    return Gaussians.concatenate(parts)


def read_glb_document(path: Path) -> Document:
    """Return the document of a glTF file; raises `InputError` for anything else."""
    return GltfFile(path).document


def read_glb_comments(path: Path) -> list[str]:
    """Return the comments that `write_glb` wrote; raises `InputError` for anything but glTF."""
    return read_glb_document(path).comments


def _parts(file: GltfFile, progress: Progress) -> list[tuple[Gaussians, Matrix]]:
    """Return the scene's primitives, each read once, with the placements that nodes give it."""
    places: dict[int, Matrix] = {}
    count, parts, read = 0, [], {}
    for node, parent in file.document.placed_nodes():
        places[id(node)] = (np.eye(4) if parent is None else places[id(parent)]) @ _local(node)
        if node.mesh is None:
            continue
        for number, primitive in enumerate(file.document.meshes[node.mesh].primitives):
            if primitive.extensions.splatting is None:
                continue
            key = node.mesh, number
            if key not in read:
                read[key] = _gaussians(file, primitive, progress)
            count += len(read[key])
            check_unpacked(file.size, count * _BYTES_PER_GAUSSIAN, file.path)
            parts.append((read[key], places[id(node)]))
    return parts


def _local(node: Node) -> Matrix:
    if node.matrix is not None:
        return np.array(node.matrix, np.float64).reshape(4, 4).T
    x, y, z, w = node.rotation
    matrix = np.eye(4)
    if x or y or z:
        matrix[:3, :3] = rotations_from_quats(np.array([[w, x, y, z]], np.float64))[0]
    matrix[:3, :3] *= np.array(node.scale)
    matrix[:3, 3] = node.translation
    return matrix


def _gaussians(file: GltfFile, primitive: Primitive, progress: Progress) -> Gaussians:
    splatting = primitive.extensions.splatting
    assert splatting is not None

    def values(name: str, width: int) -> Float32[np.ndarray, "n k"]:
        found = file.values(primitive.attributes[name])
        if found.shape != (count, width):
            raise ValueError(f"{name} has {found.shape[1]} numbers for {found.shape[0]} Gaussians, not {width} for {count}")
        return found

    count = len(file.values(primitive.attributes["POSITION"]))

    x, y, z, w = values(ROTATION, 4).T
    colors = rgb_from_sh0(values(COLOR, 3))
    sh = _sh(primitive, values)
    if splatting.colorSpace != SRGB:
        colors = srgb_from_linear(np.clip(colors, 0, 1))
        if sh is not None:
            progress.warn(f"{file.path.name} has linear colours, whose dependence on the view has no counterpart in sRGB: it "
                          "is left out")
            sh = None
    return Gaussians(values("POSITION", 3), values(SCALE, 3), unit_quats(np.stack([w, x, y, z], -1)), values(OPACITY, 1)[:, 0],
                     np.clip(colors, 0, 1) if sh is None else colors, sh)


def _sh(primitive: Primitive, values: Callable[[str, int], Float32[np.ndarray, "n 3"]]) -> Float32[np.ndarray, "n k 3"] | None:
    """Return the coefficients of all complete degrees."""
    count = max(known for known in SH_COUNTS if {*sh_names(known)} <= primitive.attributes.keys())
    return np.stack([values(name, 3) for name in sh_names(count)], 1) if count else None


def _moved(
    gaussians: Gaussians, matrix: Matrix, shift_m: Float64[np.ndarray, "3"], path: Path, progress: Progress
) -> Gaussians:
    """Return the Gaussians as a node places them, turned into our frame; a mirrored ellipsoid equals a turned one."""
    size = np.linalg.norm(matrix[:3, :3], axis=0)
    factor = float(size.mean())
    if not 0 < factor < np.inf:
        raise ValueError("a node of no size")
    turn = _OURS_FROM_GLTF @ matrix[:3, :3] / factor
    if np.abs(turn @ turn.T - np.eye(3)).max() > _STRETCH:
        raise InputError(f"{path} has Gaussians that a node stretches, which cannot be read.")
    place_m = _OURS_FROM_GLTF @ matrix[:3, 3]
    means = gaussians.means @ (turn.T * factor).astype(np.float32)
    exact = means.astype(np.float64) + place_m if place_m.any() else means
    return replace(
        gaussians, means=placed(exact, shift_m, progress), scales=gaussians.scales * np.float32(factor),
        quats_wxyz=turned_quats(turn * np.sign(np.linalg.det(turn)), gaussians.quats_wxyz),
        sh=None if gaussians.sh is None else turned_sh(turn, gaussians.sh))
