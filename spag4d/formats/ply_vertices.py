"""The vertices of a 3DGS PLY as stored, before a reader repairs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from spag4d.color import rgb_from_sh0
from spag4d.data import SH_COUNTS
from spag4d.errors import InputError
from spag4d.formats.ply_header import Element, PlyHeader, read_header
from spag4d.formats.ply_rows import columns, element_rows
from spag4d.progress import SILENT, Progress

MEAN, COLOR, SCALE = ("x", "y", "z"), ("f_dc_0", "f_dc_1", "f_dc_2"), ("scale_0", "scale_1", "scale_2")
QUAT = ("rot_0", "rot_1", "rot_2", "rot_3")
_DISC = SCALE[:2]
_THIN = float(np.log(0.01))
"""A disc of 2DGS has no thickness; a hundredth of its smaller radius is too little to be seen from the side."""
SPACETIME = "trbf_center"
"""The property that SpacetimeGaussians have, whose colours are plain numbers from 0 to 1."""
_NETWORK_COLOR = ("f_dc_3", "f_t_0")
"""Properties of its full form, whose colours come out of a network."""
_MOVES = {SPACETIME: "SpacetimeGaussian", "velocity_0": "FreeTimeGS", "motion_0": "a motion of its own"}
"""Property → what moves so."""


@dataclass(frozen=True)
class Vertices:
    """The values as stored, NaN included; ``means`` are float64 where the file has doubles."""

    means: Float[np.ndarray, "n 3"]
    log_scales: Float32[np.ndarray, "n 3"]
    quats_wxyz: Float32[np.ndarray, "n 4"]
    logits: Float32[np.ndarray, " n"]
    colors: Float32[np.ndarray, "n 3"]
    sh: Float32[np.ndarray, "n k 3"] | None


def is_disc(element: Element) -> bool:
    """Return whether an element holds 2DGS Gaussians, which have no third size."""
    return {*_DISC} <= {*element.names} and SCALE[2] not in element.names


def read_vertices(path: Path, progress: Progress = SILENT) -> Vertices:
    """Read the vertices of a 3DGS PLY, and warn of what cannot be kept; raises `InputError` for one of another kind."""
    rows, element = vertex_rows(path)
    check_color(path, element)
    _warn_of_motion(path, element, progress)
    return vertices_in(path, rows, progress)


def vertex_rows(path: Path, required: Sequence[str] = ()) -> tuple[np.ndarray, Element]:
    """Return the rows of a 3DGS PLY's vertices, and the element; raises `InputError` where it lacks something."""
    header = read_header(path)
    index = _vertex_index(path, header)
    element = header.elements[index]
    sizes = _DISC if is_disc(element) else SCALE
    return element_rows(path, header, index, (*MEAN, *COLOR, "opacity", *sizes, *QUAT, *required)), element


def vertices_in(path: Path, rows: np.ndarray, progress: Progress = SILENT) -> Vertices:
    """Return some rows as vertices."""
    names = rows.dtype.names or ()
    element = Element("vertex", len(rows), [(name, "") for name in names])
    colors = columns(rows, COLOR)
    return Vertices(_means(rows), _log_scales(rows, element), columns(rows, QUAT), columns(rows, ("opacity",))[:, 0],
                    colors if SPACETIME in names else rgb_from_sh0(colors), _sh(path, rows, element, progress))


def check_color(path: Path, element: Element) -> None:
    """Raise `InputError` for SpacetimeGaussians whose colours come out of a network."""
    if SPACETIME in element.names and {*_NETWORK_COLOR} & {*element.names}:
        raise InputError(f"{path} is the full form of a SpacetimeGaussian scene: its colours come out of a network in the .pt "
                         "file beside it, and cannot be shown without that. Train or export the lite form.")


def _vertex_index(path: Path, header: PlyHeader) -> int:
    if header.is_compressed:
        raise InputError(f"{path} is a compressed PLY, not one of plain numbers.")
    names = [element.name for element in header.elements]
    if "vertex" not in names:
        raise InputError(f"{path} holds no Gaussians: it has no element 'vertex', only '{', '.join(names)[:80]}'.")
    return names.index("vertex")


def _means(rows: np.ndarray) -> Float[np.ndarray, "n 3"]:
    if all(rows.dtype[name].itemsize < 8 for name in MEAN):
        return columns(rows, MEAN)
    return np.stack([rows[name].astype(np.float64) for name in MEAN], -1)


def _log_scales(rows: np.ndarray, element: Element) -> Float32[np.ndarray, "n 3"]:
    if not is_disc(element):
        return columns(rows, SCALE)
    radii = columns(rows, _DISC)
    return np.column_stack([radii, radii.min(1) + np.float32(_THIN)])


def _sh(path: Path, rows: np.ndarray, element: Element, progress: Progress) -> Float32[np.ndarray, "n k 3"] | None:
    """Return the coefficients, which the file stores channel by channel."""
    count, rest = divmod(element.rest_count, 3)
    if rest or not {f"f_rest_{number}" for number in range(3 * count)} <= {*element.names}:
        progress.warn(f"{path.name} has {element.rest_count} numbers of view-dependent colour, which is not a whole degree: "
                      "they are left out")
        return None
    kept = max(known for known in SH_COUNTS if known <= count)
    if kept < count:
        progress.warn(f"{path.name} has view-dependent colour beyond degree {SH_COUNTS.index(kept)}: the rest is left out")
    if not kept:
        return None
    names = [f"f_rest_{channel * count + number}" for number in range(kept) for channel in range(3)]
    return columns(rows, names).reshape(-1, kept, 3)


def _warn_of_motion(path: Path, element: Element, progress: Progress) -> None:
    for name, what in _MOVES.items():
        if name in element.names:
            progress.warn(f"{path.name} is a scene that moves ({what}). Its motion is left out: each Gaussian stands where it "
                          "is at its own time, and all of them are there at once")
            return
