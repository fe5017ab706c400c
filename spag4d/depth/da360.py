"""DA360: disparity up to one factor, which comes from a metric model."""

from __future__ import annotations

import numpy as np
from torch import nn

from spag4d.data import DepthMap, Panorama
from spag4d.depth.base import DepthModel
from spag4d.depth.panoramic import blend_turns, both_turns, depth_map, small_panorama
from spag4d.depth.scale import MetricReference, surface_weights
from spag4d.geometry.fit import fit_factor
from spag4d.models.weights import weights_path
from spag4d.networks.da360 import load_da360
from spag4d.progress import SILENT, Progress

SIZE_HW = (518, 1036)
"""37 × 74 patches of 14 pixels."""


class Da360Depth:
    """DA360 with the metres of the best metric model that is installed."""

    name = "da360"

    def __init__(
        self, device: str = "cpu", *, network: nn.Module | None = None, reference: DepthModel | None = None
    ) -> None:
        """Load the weights to ``device``; ``network`` and ``reference`` replace the usual ones. Raises `WeightsError`."""
        self.device = device
        self.network = (network or load_da360(weights_path(self.name))).to(device)
        self.reference = MetricReference(device, reference)

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        """Return distance along the ray in the reference's metres, and the reference's sky.

        Raises `Cancelled` and `ResourceError`.
        """
        small = small_panorama(panorama, SIZE_HW)
        reference = self.reference.estimate(small, progress=progress.part(0, 2))
        weights = surface_weights(reference.sky)
        turns = [1 / disparity for disparity, in both_turns(self.network, small, self.device, progress=progress.part(1, 2))]
        scaled = [np.log(distance * np.float32(fit_factor(distance, reference.distance, weights))) for distance in turns]
        sky_score = np.where(reference.sky, np.float32(1), np.float32(-1))
        return depth_map(
            blend_turns(*scaled), sky_score, panorama, model=self.name, metres_from=reference.model, progress=progress)
