"""Depth Anything 3, metric: a perspective model, on a panorama as one picture, on a cube's faces or an icosahedron's."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from torch import nn

from spag4d.data import DepthMap, Panorama, PinholeCamera
from spag4d.depth.panoramic import Floats, blend_turns, both_turns, depth_map, small_panorama
from spag4d.depth.perspective import joined_views
from spag4d.device import explained_memory_errors
from spag4d.geometry import RIGS
from spag4d.models.weights import weights_path
from spag4d.networks.da3 import FOCAL_PX, load_da3
from spag4d.networks.vit import normalised
from spag4d.progress import SILENT, Progress

VIEW_PX = 504
"""A view is 36 patches of 14 pixels across, the size that the model was published with."""
WHOLE_HW = (252, 504)
"""The panorama as one picture: as wide as a view, in whole patches of 14 pixels."""
_NEAREST, _FARTHEST = np.float32(1e-3), np.float32(1e4)
"""Only to take logarithms: surfaces are never there, and in the sky the network may return anything."""
_RIG_OF = {"cubemap": "cubemap", "icosahedral": "icosahedron"}


class Da3Depth:
    """Depth Anything 3 in its own metres; also a `spag4d.depth.perspective.PerspectiveModel`."""

    name = "da3"
    sky_from = 0.3

    def __init__(
        self, device: str = "cpu", *, network: nn.Module | None = None,
        projection: Literal["equirectangular", "cubemap", "icosahedral"] = "cubemap",
    ) -> None:
        """Load the weights to ``device``; ``network`` replaces the published one. Raises `WeightsError`."""
        self.device = device
        self.network = (network or load_da3(weights_path(self.name))).to(device)
        self.projection = projection

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        """Return distance along the ray in metres and the sky. Raises `Cancelled` and `ResourceError`."""
        if self.projection == "equirectangular":
            return self._as_one_picture(panorama, progress)
        with explained_memory_errors():
            cameras = RIGS.load(_RIG_OF[self.projection])(VIEW_PX)
            joined = joined_views(panorama.rgb, self, cameras, progress=progress)
        return depth_map(joined.log_distance, joined.sky_score, panorama, model=self.name, progress=progress)

    @torch.inference_mode()
    def look(self, rgb: Floats, camera: PinholeCamera) -> tuple[Floats, Floats]:
        """Return planar depth (h, w) in metres and the sky's score of a view (h, w, 3)."""
        picture = normalised(torch.from_numpy(rgb).permute(2, 0, 1)[None].to(self.device))
        depth, sky = (values[0].float().cpu().numpy() for values in self.network(picture))
        depth = np.clip(depth, _NEAREST, _FARTHEST)  # in the sky it may be anything
        return depth * np.float32((camera.fx + camera.fy) / 2 / FOCAL_PX), sky

    def _as_one_picture(self, panorama: Panorama, progress: Progress) -> DepthMap:
        """Show the network the whole panorama, with the focal length that it has at the horizon."""
        small = small_panorama(panorama, WHOLE_HW)
        factor = WHOLE_HW[1] / (2 * math.pi) / FOCAL_PX
        turns = both_turns(self.network, small, self.device, progress=progress)
        log_distance = blend_turns(*(np.log(np.clip(depth, _NEAREST, _FARTHEST) * np.float32(factor)) for depth, _ in turns))
        sky = blend_turns(*(sky for _, sky in turns)) - np.float32(self.sky_from)
        return depth_map(log_distance, sky, panorama, model=self.name, progress=progress)
