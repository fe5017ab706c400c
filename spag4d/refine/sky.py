"""Which pixels are sky."""

from dataclasses import replace

from spag4d.data import DepthMap
from spag4d.progress import SILENT, Progress


def mark_sky(depth: DepthMap, *, threshold_m: float = 80.0, progress: Progress = SILENT) -> DepthMap:
    """Return the depth map whose sky is the model's own mask or lies farther than ``threshold_m``; 0 keeps the mask alone.

    Comes after `refine_edges`: until then a threshold finds a skyline that is as blurred as the depth. Raises `Cancelled`.
    """
    progress.report("Marking sky", 0, 1)
    if threshold_m > 0:
        depth = replace(depth, sky=depth.sky | (depth.distance > threshold_m))
    progress.report("Marking sky", 1, 1)
    return depth
