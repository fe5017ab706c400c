"""The PLY file of 3D Gaussian splatting (Kerbl et al. 2023), with view-dependent colours of degree 0 to 3.

Encodings: logit of the opacity, natural logarithm of the scale, spherical-harmonic coefficients of the colour (those above
degree 0 channel by channel), rotation as wxyz. The file is as plain as can be, because some reader refuses each of these: a
second element, properties that are not ``float``, types spelled ``float32``, line ends other than ``\\n``.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.data import SH_COUNTS, Gaussians
from spag4d.formats.format import Format, degree_in_words
from spag4d.formats.placing import ORIGIN, placed
from spag4d.formats.ply_comments import read_comments
from spag4d.formats.ply_encode import encoded
from spag4d.formats.ply_header import begins_ply, comment_lines, read_header
from spag4d.formats.ply_vertices import COLOR, MEAN, QUAT, SCALE, Vertices, is_disc, read_vertices
from spag4d.formats.records import unit_quats, write_records
from spag4d.io.opening import require_file
from spag4d.progress import SILENT, Progress

_NORMAL = ("nx", "ny", "nz")

_LARGEST_EXPONENT = 80.0  # keeps float32 finite


def write_ply(path: Path, gaussians: Gaussians, *, comments: Sequence[str] = (), progress: Progress = SILENT) -> None:
    """Write a binary little-endian PLY of float32, one comment line for each comment.

    The properties are x y z, normal, f_dc, f_rest (where colours depend on the view), opacity, scale and rot. The normal is the
    thin axis of a Gaussian, turned towards the capture point.
    """
    properties = property_names(0 if gaussians.sh is None else gaussians.sh.shape[1])
    lines = ["ply", "format binary_little_endian 1.0", *comment_lines(comments),
             f"element vertex {len(gaussians)}", *(f"property float {name}" for name in properties), "end_header", ""]
    write_records(path, "\n".join(lines).encode("ascii"), len(gaussians), partial(encoded, gaussians),
                  4 * len(properties), progress)


def property_names(sh_count: int) -> tuple[str, ...]:
    """Return the properties that are written, with so many coefficients of view-dependent colour."""
    return (*MEAN, *_NORMAL, *COLOR, *(f"f_rest_{number}" for number in range(3 * sh_count)), "opacity", *SCALE, *QUAT)


def read_ply(path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT) -> Gaussians:
    """Read a 3DGS PLY of any tool: text or binary, properties in any order, further ones (normals) ignored.

    Quaternions come back with length one, and colours within 0–1 where they do not depend on the view. Discs of 2DGS get a thin
    third axis. ``shift_m`` is added to the places in float64. Warns of what is in the file and not in what is returned. Raises
    `InputError` for a file that is missing, empty, cut short, no PLY, or a PLY of another kind (compressed, a mesh).
    """
    require_file(path)
    vertices = read_vertices(path, progress)
    return activated(vertices, placed(vertices.means, shift_m, progress))


def activated(vertices: Vertices, means: Float32[np.ndarray, "n 3"]) -> Gaussians:
    """Return the Gaussians of vertices as stored, at ``means``."""
    colors = vertices.colors
    return Gaussians(
        means=means,
        scales=np.exp(np.clip(vertices.log_scales, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)),
        quats_wxyz=unit_quats(vertices.quats_wxyz),
        opacities=1 / (1 + np.exp(-np.clip(vertices.logits, -_LARGEST_EXPONENT, _LARGEST_EXPONENT))),
        colors=np.clip(colors, 0, 1) if vertices.sh is None else colors,
        sh=vertices.sh,
    )


def read_raw_ply(path: Path) -> Gaussians:
    """Read a 3DGS PLY; an infinite logit becomes an opacity of 0 or 1 as meant, what is not a number stays that.

    Raises `InputError` as `read_ply` does.
    """
    vertices = read_vertices(path)
    with np.errstate(over="ignore", invalid="ignore"):
        return Gaussians(vertices.means.astype(np.float32), np.exp(vertices.log_scales), vertices.quats_wxyz,
                         1 / (1 + np.exp(-vertices.logits)), vertices.colors, vertices.sh)


def describe_ply(path: Path) -> str:
    """Describe encoding, properties and degree of view-dependent colour, compressed or not; raises `InputError`."""
    header = read_header(path)
    rest = sum(element.rest_count for element in header.elements)
    kind = "chunks of 256 with 16 bytes each" if header.is_compressed else \
        f"{sum(len(element.properties) for element in header.elements)} properties"
    form = "" if header.encoding == "binary_little_endian" else f" {header.encoding.replace('_', ' ')}"
    discs = ", discs of 2DGS" if any(element.name == "vertex" and is_disc(element) for element in header.elements) else ""
    degree = SH_COUNTS.index(rest // 3) if rest // 3 in SH_COUNTS else 0
    return f"PLY{form}, {kind}{discs}{degree_in_words(degree)}"


def _recognises(path: Path, head: bytes) -> bool:
    return begins_ply(head) and not read_header(path).is_compressed


PLY = Format("ply", "PLY", "Exact: for editors and other programs", _recognises, read_ply, describe_ply, write_ply,
             comments=read_comments, raw=read_raw_ply, holds_layers=True, shown=5)
