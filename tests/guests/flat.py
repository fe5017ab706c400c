"""A depth model as a guest writes one: a sphere of 3 m around the camera."""

import numpy as np

from spag4d.data import DepthMap, Panorama
from spag4d.progress import SILENT, Progress


class FlatDepth:
    name = "flat"

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        progress.report("Depth", 0, 1)
        size_hw = panorama.size_hw
        return DepthMap(np.full(size_hw, 3, np.float32), np.zeros(size_hw, bool), model=self.name)
