"""SHARP's network as the faces of a panorama see it: pictures in, depth out, Gaussians out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32

from spag4d.color import srgb_from_linear
from spag4d.device import cpu_gains_from_bfloat16, is_out_of_memory
from spag4d.errors import ResourceError
from spag4d.models.weights import weights_path
from spag4d.networks.sharp import Encoding, SharpNetwork, load_sharp
from spag4d.networks.sharp_gaussians import SharpGaussians, unprojected
from spag4d.progress import SILENT, Progress

_TILES = 35
"""All tiles of a picture at once, as the network has them: 25 + 9 + 1."""

Square = Float32[np.ndarray, "_ _ 3"]
Layers = Float32[np.ndarray, "2 _ _"]


@dataclass(frozen=True)
class FaceGaussians:
    """Two layers of Gaussians of a face, on a grid (2, h, w), in the frame of its camera: x right, y down, z forward.

    The first layer is visible, the second is hidden by it. ``means`` and ``scales`` (…, 3) in the unit of the depth that
    went in, ``quats_wxyz`` (…, 4) of length one, ``opacities`` (…), ``colors`` (…, 3) in sRGB 0–1.
    """

    means: Float32[np.ndarray, "2 h w 3"]
    scales: Float32[np.ndarray, "2 h w 3"]
    quats_wxyz: Float32[np.ndarray, "2 h w 4"]
    opacities: Float32[np.ndarray, "2 h w"]
    colors: Float32[np.ndarray, "2 h w 3"]


@dataclass(frozen=True)
class Encoded:
    """An encoded face: ``disparity`` (2, s, s) of both layers, in face widths, and the network's ``maps`` for decoding."""

    disparity: Layers
    maps: list[np.ndarray]


@runtime_checkable
class SharpModel(Protocol):
    """Predicts two layers of Gaussians for a square picture, in two steps, so that depth can be set between them."""

    def encode(self, rgb: Square, *, patch_overlap: bool, progress: Progress = SILENT) -> Encoded:
        """Encode a picture (s, s, 3), sRGB 0–1."""
        ...

    def decode(
        self, rgb: Square, encoded: Encoded, depth: Layers, fov_deg: float, *, progress: Progress = SILENT
    ) -> FaceGaussians:
        """Return the Gaussians of the picture whose layers have the z-depth ``depth`` (2, s, s)."""
        ...


class SharpPredictor:
    """The published network; transformers and decoders run in bfloat16 where the processor gains from it."""

    def __init__(self, device: str = "cpu", *, network: SharpNetwork | None = None) -> None:
        """Load the weights to ``device``; ``network`` replaces the published one. Raises `WeightsError`."""
        self.device = device
        self.network = (network or load_sharp(weights_path("sharp"))).to(device)
        self._tiles = _TILES
        self._dtype = torch.bfloat16 if device == "cpu" and cpu_gains_from_bfloat16() else None

    @torch.inference_mode()
    def encode(self, rgb: Square, *, patch_overlap: bool, progress: Progress = SILENT) -> Encoded:
        """Encode a picture; if memory runs out, with half as many tiles at once, down to one. Raises `ResourceError`."""
        image = self._image(rgb)
        while True:
            try:
                encoding = self.network.encode(
                    image, patch_overlap=patch_overlap, tiles_at_once=self._tiles, dtype=self._dtype, progress=progress)
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self._tiles == 1:
                    raise ResourceError("memory ran out in SHARP. Lower --sharp-cubemap-size, use --device cpu, or leave SHARP "
                                        "out with --no-sharp-refine.") from error
                self._tiles //= 2
        return Encoded(encoding.disparity[0].float().cpu().numpy(), [x[0].half().cpu().numpy() for x in encoding.maps])

    @torch.inference_mode()
    def decode(
        self, rgb: Square, encoded: Encoded, depth: Layers, fov_deg: float, *, progress: Progress = SILENT
    ) -> FaceGaussians:
        """Return the Gaussians of a picture; raises `ResourceError`."""
        maps = [torch.from_numpy(x)[None].to(self.device).float() for x in encoded.maps]
        disparity, layers = (torch.from_numpy(x)[None].to(self.device) for x in (encoded.disparity, depth))
        image = self._image(rgb)
        found = self.network.decode(image, Encoding(maps, disparity), layers, dtype=self._dtype, progress=progress)
        return _as_numpy(unprojected(found, fov_deg))

    def _image(self, rgb: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(rgb).permute(2, 0, 1)[None].to(self.device)


def _as_numpy(found: SharpGaussians) -> FaceGaussians:
    means, scales, quats, opacities, colors = (
        x[0].float().cpu().numpy() for x in (found.means, found.scales, found.quats, found.opacities, found.colors))
    return FaceGaussians(means, scales, quats, opacities, srgb_from_linear(colors))


def fov_deg(focal_px: float, width_px: int) -> float:
    """Return the field of view of a square view, exactly 90 where it is that within rounding."""
    found = math.degrees(2 * math.atan(width_px / 2 / focal_px))
    return 90.0 if abs(found - 90) < 1e-9 else found
