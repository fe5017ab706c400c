"""The PLY of SpacetimeGaussians (Li et al., CVPR 2024), read only: its lite form, whose colours are plain.

The properties of a 3DGS PLY, but ``f_dc`` are red, green and blue from 0 to 1, and beside them ``trbf_center``, ``trbf_scale``
(logarithm of the width in time), ``motion_0`` to ``8`` (by degree, then by axis) and ``omega``; see `curved`. The full form
keeps its colours in a network beside the file.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from spag4d.errors import InputError
from spag4d.formats.curved import FAINTEST, Curved
from spag4d.formats.moving import MovingFile, MovingFormat
from spag4d.formats.moving_rows import MovingRows, usual_timeline
from spag4d.formats.ply import activated
from spag4d.formats.ply_comments import read_comments
from spag4d.formats.ply_header import vertex_names
from spag4d.formats.ply_rows import columns
from spag4d.formats.ply_vertices import SPACETIME, check_color, vertex_rows, vertices_in

_MOTION = tuple(f"motion_{number}" for number in range(9))
_OMEGA = tuple(f"omega_{number}" for number in range(4))
_TIMES = (SPACETIME, "trbf_scale")


def _opened(path: Path) -> MovingFile:
    """Open a file; raises `InputError` for the full form, and for damaged ones."""
    rows, element = vertex_rows(path, (*_TIMES, *_MOTION, *_OMEGA))
    if not len(rows):
        raise InputError(f"{path} is a scene of no Gaussians.")
    check_color(path, element)
    return MovingRows(rows, partial(_decoded, path), usual_timeline(), f"SpacetimeGaussian PLY (lite), {len(element.names)} "
                      "properties, curved motion", FAINTEST, read_comments(path))


def _decoded(path: Path, rows: np.ndarray) -> Curved:
    vertices = vertices_in(path, rows)
    gaussians = replace(activated(vertices, vertices.means.astype(np.float32)), quats_wxyz=vertices.quats_wxyz)
    centers, widths = columns(rows, _TIMES).T
    with np.errstate(over="ignore"):
        return Curved(gaussians, columns(rows, _MOTION).reshape(-1, 3, 3), columns(rows, _OMEGA), centers, np.exp(widths))


def _recognises(path: Path, head: bytes) -> bool:
    return {*_TIMES, *_MOTION, *_OMEGA} <= vertex_names(path, head)


SPACETIME_PLY = MovingFormat("spacetime.ply", "SpacetimeGaussian", _recognises, _opened)
