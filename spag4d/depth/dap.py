"""DAP: distance in metres up to 100 m, and sky."""

from __future__ import annotations

from typing import Literal

import numpy as np
from torch import nn

from spag4d.data import DepthMap, Panorama
from spag4d.depth.panoramic import blend_turns, both_turns, depth_map, small_panorama
from spag4d.models.weights import weights_path
from spag4d.networks.dap import load_dap
from spag4d.networks.vit import normalised
from spag4d.progress import SILENT, Progress

SIZE_HW = (512, 1024)
"""32 × 64 patches of 16 pixels."""
NEAREST_M, FARTHEST_M = 0.1, 100.0
"""Metres. The network answers in units of 100 m, the end of its training range; 0.1 m only keeps the logarithm finite."""
_MASKED = 0.5
"""Probability of lying beyond 100 m or in the sky: the more likely of the two answers."""


class DapDepth:
    """Depth Any Panoramas, at the size that it was trained at."""

    name = "dap"

    def __init__(
        self, device: str = "cpu", *, network: nn.Module | None = None, normalization: Literal["imagenet", "none"] = "imagenet"
    ) -> None:
        """Load the weights to ``device``; ``network`` replaces the published one.

        The authors' programs disagree about ``normalization``: they evaluate with ImageNet's and demonstrate with none.
        Raises `WeightsError`.
        """
        self.device = device
        self.network = (network or load_dap(weights_path(self.name))).to(device)
        self.normalise = normalised if normalization == "imagenet" else lambda picture: picture

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        """Return distance along the ray in metres and the sky, which is what the network masks as too far.

        Raises `Cancelled` and `ResourceError`.
        """
        small = small_panorama(panorama, SIZE_HW)
        turns = both_turns(self.network, small, self.device, normalise=self.normalise, progress=progress)
        log_distance = blend_turns(*(np.log(np.clip(depth * FARTHEST_M, NEAREST_M, FARTHEST_M)) for depth, _ in turns))
        masked = blend_turns(*(mask for _, mask in turns))
        return depth_map(log_distance, masked - _MASKED, panorama, model=self.name, progress=progress)
