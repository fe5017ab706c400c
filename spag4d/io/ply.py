"""The PLY file of 3D Gaussian splatting (Kerbl et al. 2023), with colours of degree 0.

Encodings: logit of the opacity, natural logarithm of the scale, spherical-harmonic coefficient of the colour, rotation as
wxyz. The file is as plain as can be, because some reader refuses each of these: a second element, properties that are not
``float``, types spelled ``float32``, line ends other than ``\\n``.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.color import rgb_from_sh0, sh0_from_rgb
from spag4d.data import Gaussians
from spag4d.io.ply_header import comment_lines, read_header
from spag4d.io.records import map_records, require_file, unit_quats, write_records
from spag4d.io.usable import usable
from spag4d.progress import SILENT, Progress

_MEAN, _NORMAL, _COLOR = ("x", "y", "z"), ("nx", "ny", "nz"), ("f_dc_0", "f_dc_1", "f_dc_2")
_SCALE, _QUAT = ("scale_0", "scale_1", "scale_2"), ("rot_0", "rot_1", "rot_2", "rot_3")
_PROPERTIES = (*_MEAN, *_NORMAL, *_COLOR, "opacity", *_SCALE, *_QUAT)

_SMALLEST_SCALE_M = 1e-8
_OPACITY_MARGIN = 1e-6  # keeps the logit finite
_LARGEST_EXPONENT = 80.0  # keeps float32 finite


def write_ply(path: Path, gaussians: Gaussians, *, comments: Sequence[str] = (), progress: Progress = SILENT) -> None:
    """Write a binary little-endian PLY: float32 x y z, normal, f_dc, opacity, scale, rot, one comment line for each comment.

    The normal is the thin axis of a Gaussian, turned towards the capture point. Raises `InputError` where ``path`` cannot be
    written, `ResourceError` when the disk is full, `Cancelled`; an older file stays as it was then.
    """
    gaussians = usable(gaussians, progress)
    lines = ["ply", "format binary_little_endian 1.0", *comment_lines(comments),
             f"element vertex {len(gaussians)}", *(f"property float {name}" for name in _PROPERTIES), "end_header", ""]
    write_records(path, "\n".join(lines).encode("ascii"), len(gaussians), partial(_encode, gaussians),
                  4 * len(_PROPERTIES), "Writing PLY", progress)


def read_ply(path: Path) -> Gaussians:
    """Read a 3DGS PLY of any tool: properties in any order, further ones (view-dependent colour, normals) ignored.

    Quaternions come back with length one and colours within 0–1. Raises `InputError` for a file that is missing, empty, cut
    short, no PLY, or a PLY of another kind (ASCII, big endian, compressed, a mesh).
    """
    require_file(path)
    header = read_header(path, (*_MEAN, *_COLOR, "opacity", *_SCALE, *_QUAT))
    vertices = map_records(path, header.record, header.offset, header.count)
    logit = np.clip(_columns(vertices, "opacity")[:, 0], -_LARGEST_EXPONENT, _LARGEST_EXPONENT)
    log_scales = np.clip(_columns(vertices, *_SCALE), -_LARGEST_EXPONENT, _LARGEST_EXPONENT)
    return Gaussians(
        means=_columns(vertices, *_MEAN),
        scales=np.exp(log_scales),
        quats_wxyz=unit_quats(_columns(vertices, *_QUAT)),
        opacities=1 / (1 + np.exp(-logit)),
        colors=np.clip(rgb_from_sh0(_columns(vertices, *_COLOR)), 0, 1),
    )


def _columns(vertices: np.ndarray, *names: str) -> Float32[np.ndarray, "n k"]:
    columns = np.empty((len(vertices), len(names)), np.float32)
    for index, name in enumerate(names):
        columns[:, index] = vertices[name]
    return columns


def _encode(gaussians: Gaussians, rows: slice) -> Float32[np.ndarray, "n 17"]:
    """Compute property by property in contiguous memory and transpose once, which is the fastest way to interleave them."""
    planes = np.empty((len(_PROPERTIES), rows.stop - rows.start), np.float32)
    means, normals, colors, opacity, scales, quats = np.split(planes, (3, 6, 9, 10, 13))
    means[:] = gaussians.means[rows].T
    colors[:] = sh0_from_rgb(gaussians.colors[rows]).T
    opacity[0] = _logit(gaussians.opacities[rows])
    log_scales = np.maximum(gaussians.scales[rows], _SMALLEST_SCALE_M)
    scales[:] = np.log(log_scales, out=log_scales).T
    quats[:] = gaussians.quats_wxyz[rows].T
    axes = _thin_axes(scales, quats)
    np.multiply(axes, np.copysign(np.float32(1), -np.einsum("ij,ij->j", axes, means)), out=normals)
    return cv2.transpose(planes)


def _logit(opacities: Float32[np.ndarray, " n"]) -> Float32[np.ndarray, " n"]:
    alpha = np.clip(opacities, _OPACITY_MARGIN, 1 - _OPACITY_MARGIN)
    alpha /= 1 - alpha
    return np.log(alpha, out=alpha)


def _thin_axes(scales: Float32[np.ndarray, "3 n"], quats: Float32[np.ndarray, "4 n"]) -> Float32[np.ndarray, "3 n"]:
    """Return the unit axes along which the Gaussians are thinnest."""
    x, y, z = scales
    axes = _rotated_axis(quats, 2)
    for axis, thinnest in ((0, (x <= y) & (x < z)), (1, (y < x) & (y < z))):
        if thinnest.any():
            np.copyto(axes, _rotated_axis(quats, axis), where=thinnest)
    return axes


def _rotated_axis(quats: Float32[np.ndarray, "4 n"], axis: int) -> Float32[np.ndarray, "3 n"]:
    """Return column ``axis`` of the rotation matrices: 1 - 2 (b² + c²), 2 (a b + w c), 2 (a c - w b)."""
    second, third = (axis + 1) % 3, (axis + 2) % 3
    scaled = quats * np.float32(np.sqrt(2))
    w, a, b, c = scaled[0], scaled[1 + axis], scaled[1 + second], scaled[1 + third]
    rotated = np.empty((3, quats.shape[1]), np.float32)
    product = b * b
    np.subtract(1, product, out=rotated[axis])
    rotated[axis] -= np.multiply(c, c, out=product)
    np.multiply(a, b, out=rotated[second])
    rotated[second] += np.multiply(w, c, out=product)
    np.multiply(a, c, out=rotated[third])
    rotated[third] -= np.multiply(w, b, out=product)
    return rotated
