"""Fine detail for the depth of a panorama: its low frequencies, with the high ones of perspective views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spag4d.data import DepthMap, Panorama
from spag4d.depth.perspective import PerspectiveModel, joined_views, working_height
from spag4d.depth.resize import enlarge, resize_distance
from spag4d.device import explained_memory_errors
from spag4d.geometry import RIGS
from spag4d.geometry.smooth import low_pass
from spag4d.progress import SILENT, Progress

TILES_MODEL = "da3"
"""The depth model that sees the views."""

VIEW_PX = 504
"""36 patches of 14 pixels of da3."""
_RIG = "icosahedron"
_CUT_DEG = 3.0
"""What is finer comes from the views, what is coarser stays the model's. Not tuned: wider takes the views' own errors along."""


def add_detail(
    base: DepthMap, panorama: Panorama, model: PerspectiveModel, *, view_px: int = VIEW_PX, progress: Progress = SILENT
) -> DepthMap:
    """Return the depth map with detail that the model sees in 20 views of 80°, each ``view_px`` square.

    The views are aligned to the base, and differ from it afterwards only by what is finer than 3°; the sky stays the base's.
    Raises `Cancelled` and `ResourceError`.
    """
    with explained_memory_errors():
        cameras = RIGS.load(_RIG)(view_px)
        height = working_height(cameras)
        coarse = resize_distance(np.where(base.sky, np.float32(np.inf), base.distance), (height, 2 * height))
        reference = np.where(np.isfinite(coarse), np.log(coarse), np.nan)
        tiles = joined_views(panorama.rgb, model, cameras, reference=reference, progress=progress)
        difference = (reference - tiles.log_distance).astype(np.float32)
        detailed = tiles.log_distance + low_pass(difference, np.isfinite(difference), _CUT_DEG)
        distance, _ = enlarge(detailed, np.full(detailed.shape, -1, np.float32), panorama.size_hw, progress)
    return replace(base, distance=np.where(base.sky, base.distance, distance))
