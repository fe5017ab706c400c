"""The views in which SHARP sees a panorama, and the view that owns a direction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from spag4d.data import PinholeCamera
from spag4d.geometry.camera import camera_looking, directions_from_view_pixels
from spag4d.geometry.cubemap import cubemap
from spag4d.geometry.icosahedron import face_views
from spag4d.progress import SILENT, Progress

NETWORK_PX = 1536
"""The only size that the network takes."""

_STEP_PX = 384
"""A quarter of the network's 1536 pixels, so that faces are cut into whole tiles."""
_MARGIN = math.tan(math.radians(50))  # half of 100 degrees where 90 would do: faces overlap by 5 degrees on each side
_TILE_MARGIN = 1.15
"""A tile shows 15 % more to each side than it owns: the network sees what surrounds it."""


@dataclass(frozen=True)
class Faces:
    """Square views of `NETWORK_PX` pixels that together see everything.

    They are rendered at ``render_px`` and enlarged; ``patch_overlap`` is whether the network uses overlapping tiles.
    """

    cameras: tuple[PinholeCamera, ...]
    render_px: int
    patch_overlap: bool


def sharp_faces(
    projection: str, size_px: int = NETWORK_PX, *, progress: Progress = SILENT
) -> Faces:
    """Return the views: six of 100°, or twenty of 80° through the faces of an icosahedron.

    ``size_px`` is the resolution per 90° of a cube's face, brought to the nearest multiple of 384 with a warning. Above 1536 a
    face is cut into several views; below, views are rendered coarser and seen in tiles that do not overlap.
    """
    nearest = max(_STEP_PX, round(size_px / _STEP_PX) * _STEP_PX)
    if nearest != size_px:
        progress.warn(f"SHARP's views come in multiples of {_STEP_PX} px: {size_px} was changed to {nearest}")
    render_px = min(nearest, NETWORK_PX)
    cuts = -(-nearest // NETWORK_PX)
    if projection == "icosahedral":
        if cuts > 1:
            progress.warn(f"views of an icosahedron have {NETWORK_PX} px, not {nearest}; a cubemap can have more")
        cameras = face_views(NETWORK_PX)
    else:
        cameras = tuple(view for face in cubemap(NETWORK_PX, 90.0) for view in _cut(face, cuts))
    return Faces(cameras, render_px, nearest >= NETWORK_PX)


def _cut(face: PinholeCamera, cuts: int) -> list[PinholeCamera]:
    """Return ``cuts`` x ``cuts`` upright views that see the parts of a face, and some degrees more."""
    edges = np.linspace(-0.5, NETWORK_PX - 0.5, cuts + 1)
    return [_around(face, edges[i : i + 2], edges[j : j + 2], cuts) for j in range(cuts) for i in range(cuts)]


def _around(face: PinholeCamera, across: np.ndarray, down: np.ndarray, cuts: int) -> PinholeCamera:
    middle = directions_from_view_pixels(face, np.array([across.mean(), down.mean()]))
    corners = directions_from_view_pixels(face, np.array([(u, v) for u in across for v in down]))
    rotation = camera_looking(middle, 90.0, (2, 2)).world_from_camera.rotation
    seen = corners @ rotation
    reach = np.abs(seen[:, :2] / seen[:, 2:]).max() * (_MARGIN if cuts == 1 else _TILE_MARGIN)
    return camera_looking(middle, math.degrees(2 * math.atan(reach)), (NETWORK_PX, NETWORK_PX))


def owners(cameras: Sequence[PinholeCamera], vectors: Float[np.ndarray, "*n 3"]) -> Int[np.ndarray, "*n"]:  # noqa: F821
    """Return the number of the view whose axis is nearest to each direction (…, 3): exactly one owns it."""
    axes = np.stack([camera.world_from_camera.rotation[:, 2] for camera in cameras], -1)
    return (vectors @ axes.astype(vectors.dtype)).argmax(-1)
