"""PanDA: relative distance with metres from a metric model; and its indoor variant with metres of its own."""

from __future__ import annotations

import numpy as np
from torch import nn

from spag4d.data import DepthMap, Panorama
from spag4d.depth.base import DepthModel
from spag4d.depth.panoramic import Floats, blend_turns, both_turns, depth_map, small_panorama
from spag4d.depth.scale import MetricReference, surface_weights
from spag4d.geometry.fit import Affine, fit_affine, fit_factor
from spag4d.models.weights import weights_path
from spag4d.networks.panda import load_panda
from spag4d.progress import SILENT, Progress

SIZE_HW = (504, 1008)
"""36 × 72 patches of 14 pixels."""
_FITTED = (0.02, 0.98)  # outside, the network's training clipped what it saw
_SKY_FROM = 0.8
"""Relative distance, 0–1, from which the sky of the metric model is believed: nearer, the two contradict each other.
Judgement."""
_INDOOR_M = 10.0
"""Metres at which the network answers 1: the end of the range it was trained on."""
_NEAREST_SHARE = 0.25
"""Of the reference's nearest distance: the fitted line crosses zero somewhere, and a logarithm needs what is positive."""


class PandaDepth:
    """PanDA, large, with the metres of the best metric model that is installed."""

    name = "panda"

    def __init__(
        self, device: str = "cpu", *, network: nn.Module | None = None, reference: DepthModel | None = None
    ) -> None:
        """Load the weights to ``device``; ``network`` and ``reference`` replace the usual ones. Raises `WeightsError`."""
        self.device = device
        self.network = (network or load_panda(weights_path(self.name))).to(device)
        self.reference = MetricReference(device, reference)

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        """Return distance along the ray in the reference's metres.

        Sky is where the reference sees sky and the network sees something far. Raises `Cancelled` and `ResourceError`.
        """
        small = small_panorama(panorama, SIZE_HW)
        reference = self.reference.estimate(small, progress=progress.part(0, 2))
        turns = [relative for relative, in both_turns(self.network, small, self.device, progress=progress.part(1, 2))]
        is_sky = reference.sky & (blend_turns(*turns) > _SKY_FROM)
        log_metres = blend_turns(*_log_metres(turns, reference, progress))
        sky_score = np.where(is_sky, np.float32(1), np.float32(-1))
        return depth_map(log_metres, sky_score, panorama, model=self.name, metres_from=reference.model, progress=progress)


class PandaSmallDepth(PandaDepth):
    """PanDA, small: a thirteenth of the size, for computers without a GPU."""

    name = "panda-small"


def _log_metres(turns: list[Floats], reference: DepthMap, progress: Progress) -> list[Floats]:
    """Return the log of relative depths in the reference's metres: scale and shift are fitted, not stretched to a range."""
    weights = surface_weights(reference.sky)
    fits = [fit_affine(turn, reference.distance, np.where((turn > _FITTED[0]) & (turn < _FITTED[1]), weights, 0))
            for turn in turns]
    if None in fits:
        progress.warn(f"this picture's depth does not agree with that of {reference.model}; only the scale is taken from it")
        fits = [Affine(fit_factor(turn, reference.distance, weights), 0.0) for turn in turns]
    nearest = _NEAREST_SHARE * reference.distance.min()
    return [np.log(np.maximum(fit(turn), nearest)) for fit, turn in zip(fits, turns, strict=True) if fit is not None]


class PandaMatterportDepth:
    """PanDA, trained on rooms in metres up to 10 m; it knows no sky."""

    name = "panda-matterport"

    def __init__(self, device: str = "cpu", *, network: nn.Module | None = None) -> None:
        """Load the weights to ``device``; ``network`` replaces the published one. Raises `WeightsError`."""
        self.device = device
        self.network = (network or load_panda(weights_path(self.name))).to(device)

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        """Return distance along the ray in metres; nothing is sky. Raises `Cancelled` and `ResourceError`."""
        small = small_panorama(panorama, SIZE_HW)
        turns = both_turns(self.network, small, self.device, progress=progress)
        log_metres = blend_turns(*(np.log(np.maximum(relative * _INDOOR_M, 0.1)) for (relative,) in turns))
        return depth_map(log_metres, np.full(SIZE_HW, -1, np.float32), panorama, model=self.name, progress=progress)
