"""The depth model that ships with the package: small, metric, made for any CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spag4d.data import DepthMap, Panorama
from spag4d.depth.doubt import doubt
from spag4d.depth.resize import enlarge, shrink
from spag4d.device import explained_memory_errors
from spag4d.networks.builtin_arrays import Answers, BuiltinArrays
from spag4d.networks.builtin_weights import MAX_DISTANCE_M, MIN_DISTANCE_M, WORKING_HW
from spag4d.progress import SILENT, Progress

if TYPE_CHECKING:

    from spag4d.networks.builtin import BuiltinNetwork


class BuiltinDepth:
    """Metric distance and sky by the project's own network, which works on 1024 x 512 pixels whatever comes in."""

    name = "builtin"

    def __init__(self, device: str = "cpu", *, network: BuiltinNetwork | None = None) -> None:
        """Load the weights to ``device``; ``network`` replaces the one that ships. Raises `WeightsError`.

        PyTorch is only needed for a device other than the processor, and for a ``network``.
        """
        self.device = device
        self.network = BuiltinArrays() if device == "cpu" and network is None else _on_device(network, device)

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        """Return distance along the ray in metres, finite everywhere, and the mask of the sky, of the panorama's size.

        Sky lies at `MAX_DISTANCE_M`. Raises `Cancelled` and `ResourceError`.
        """
        distance, sky, doubt_of = self._predict(panorama, progress)
        distance[sky] = MAX_DISTANCE_M
        return DepthMap(distance, sky, kind="metric", model=self.name, doubt=doubt_of)

    def predict(self, panorama: Panorama, *, progress: Progress = SILENT) -> tuple[np.ndarray, np.ndarray]:
        """Return what `estimate` does as two arrays, with the distance of a surface in the sky's place too."""
        return self._predict(panorama, progress)[:2]

    def _predict(self, panorama: Panorama, progress: Progress) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        progress.report("Estimating depth", 0, 1)
        with explained_memory_errors():
            answers = self.answers(shrink(panorama.rgb, WORKING_HW))
            near, gap, choice, sky, _ = answers
            distance, is_sky = enlarge(near, sky, panorama.size_hw, progress, other=(gap, choice))
        np.clip(distance, MIN_DISTANCE_M, MAX_DISTANCE_M, out=distance)
        progress.report("Estimating depth", 1, 1)
        return distance, is_sky, doubt(answers)

    def answers(self, rgb: np.ndarray) -> Answers:
        """Return what the network says about a picture (h, w, 3) of `WORKING_HW`; see `BuiltinArrays`."""
        return self.network(rgb) if isinstance(self.network, BuiltinArrays) else _by_torch(self.network, rgb, self.device)


def _on_device(network: BuiltinNetwork | None, device: str) -> BuiltinNetwork:
    from spag4d.networks.builtin import load_builtin

    return (network or load_builtin()).to(device)


def _by_torch(network: BuiltinNetwork, rgb: np.ndarray, device: str) -> Answers:
    import torch

    with torch.inference_mode():
        picture = torch.from_numpy(rgb).to(device).permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)
        answer, apart = network.both_ways(picture)
        near, gap, choice, sky, differs = (part[0].cpu().numpy() for part in (*answer.parts, apart))
    return near, gap, choice, sky, differs
