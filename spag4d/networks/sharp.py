"""SHARP: two layers of Gaussians for a flat picture (Apple, "Sharp Monocular View Synthesis in Less Than a Second", 2025).

Encoding, which also says the depth, and decoding are separate steps, so that the depth of several faces can be made to agree
before there is any Gaussian.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from spag4d.device import half_precision
from spag4d.networks.checkpoint import State, filled, not_of_this_network, official, read_checkpoint
from spag4d.networks.sharp_decoder import GaussianDecoder, PredictionHead, PyramidDecoder, ScaleMap, disparity_head
from spag4d.networks.sharp_encoder import PATCH, PyramidEncoder
from spag4d.networks.sharp_gaussians import SharpGaussians, moved, start
from spag4d.networks.vit import HEAD_WIDTH
from spag4d.progress import SILENT, Progress

_MONO, _ALIGN = "monodepth_model.monodepth_predictor", "depth_alignment.scale_map_estimator"
_UNUSED = (r".*\.(patch|image)_encoder\.head\.(weight|bias)",  # of 21 841 classes
           r".*\.decoder\.fusions\.4\.resnet1\..*")


@dataclass(frozen=True)
class SharpSizes:
    """The sizes of the network, read from the shapes of a checkpoint, but for the heads of attention."""

    width: int
    depth: int
    heads: int
    side: int
    channels: tuple[int, ...]
    depth_width: int
    depth_between: int
    gaussian_width: int
    gaussian_channels: int
    align_width: int
    align_steps: int

    @staticmethod
    def of(state: State, heads: int | None) -> SharpSizes:
        """Read the sizes; heads are 64 wide unless given. Raises `KeyError` where a name is missing."""
        encoder = f"{_MONO}.encoder"
        width = state[f"{encoder}.patch_encoder.cls_token"].shape[-1]
        enlargements = ("upsample_latent0", "upsample_latent1", "upsample0", "upsample1", "upsample2")
        return SharpSizes(
            width=width,
            depth=_count(state, rf"{encoder}.patch_encoder.blocks"),
            heads=heads or width // HEAD_WIDTH,
            side=math.isqrt(state[f"{encoder}.patch_encoder.pos_embed"].shape[1] - 1),
            channels=tuple(state[f"{encoder}.{name}.0.weight"].shape[0] for name in enlargements),
            depth_width=state[f"{_MONO}.decoder.fusions.0.out_conv.weight"].shape[0],
            depth_between=state[f"{_MONO}.head.2.weight"].shape[0],
            gaussian_width=state["feature_model.fusion.out_conv.weight"].shape[0],
            gaussian_channels=state["prediction_head.geometry_prediction_head.weight"].shape[1],
            align_width=state[f"{_ALIGN}.encoder.conv_in.0.weight"].shape[0],
            align_steps=_count(state, f"{_ALIGN}.encoder.convs_down"),
        )


def _count(state: State, prefix: str) -> int:
    numbered = re.compile(rf"{re.escape(prefix)}\.(\d+)\.")
    return 1 + max((int(found[1]) for found in map(numbered.match, state) if found), default=-1)


@dataclass(frozen=True)
class Encoding:
    """What is known of pictures: five feature ``maps``, finest first, and ``disparity`` (b, 2, S, S) of both layers."""

    maps: list[torch.Tensor]
    disparity: torch.Tensor


class _Monodepth(nn.Module):
    """Encoder, decoder and head of the depth network."""

    def __init__(self, sizes: SharpSizes) -> None:
        """Allocate them."""
        super().__init__()
        self.encoder = PyramidEncoder(sizes.width, sizes.depth, sizes.heads, sizes.side, sizes.channels)
        self.decoder = PyramidDecoder(sizes.channels, sizes.depth_width)
        self.head = disparity_head(sizes.depth_width, sizes.depth_between)


class SharpNetwork(nn.Module):
    """Two layers of Gaussians of square pictures of ``size`` pixels: 1536 in the published network.

    Images are (b, 3, S, S), sRGB 0..1. The transformers and decoders run in half precision, bfloat16 on CUDA unless ``dtype``
    is given, and once more in float32, with a warning, where that gives numbers that are not finite. All else is float32.
    """

    def __init__(self, sizes: SharpSizes) -> None:
        """Allocate a network of these sizes."""
        super().__init__()
        self.size = 4 * PATCH * sizes.side
        self.monodepth_model = nn.ModuleDict({"monodepth_predictor": _Monodepth(sizes)})
        self.feature_model = GaussianDecoder(sizes.channels, sizes.gaussian_width, sizes.gaussian_channels)
        self.prediction_head = PredictionHead(sizes.gaussian_channels)
        self.depth_alignment = nn.ModuleDict({"scale_map_estimator": ScaleMap(sizes.align_width, sizes.align_steps)})

    def encode(self, image: torch.Tensor, *, patch_overlap: bool = True, tiles_at_once: int = 35,
               dtype: torch.dtype | None = None, progress: Progress = SILENT) -> Encoding:
        """Look at pictures; 21 tiles each instead of 35 without ``patch_overlap``, at most so many at once."""
        mono: _Monodepth = self.monodepth_model["monodepth_predictor"]  # pyright: ignore[reportAssignmentType]

        def compute() -> list[torch.Tensor]:
            maps = mono.encoder(2 * image - 1, patch_overlap=patch_overlap, tiles_at_once=tiles_at_once)
            return [*maps, mono.decoder(maps)]

        *maps, decoded = in_half(compute, image.device.type, dtype, progress)
        return Encoding(maps, mono.head(decoded.float()))

    def decode(self, image: torch.Tensor, encoding: Encoding, depth: torch.Tensor, *,
               dtype: torch.dtype | None = None, progress: Progress = SILENT) -> SharpGaussians:
        """Return the Gaussians of pictures whose layers have the z-depth ``depth`` (b, 2, S, S)."""
        begin = start(image, depth)
        return moved(begin, self.delta(begin.feature_input, encoding.maps, dtype=dtype, progress=progress))

    def delta(self, feature_input: torch.Tensor, maps: list[torch.Tensor], *, dtype: torch.dtype | None = None,
              progress: Progress = SILENT) -> torch.Tensor:
        """Return how the Gaussians depart from their start, (b, 14, 2, S / 2, S / 2)."""

        def compute() -> list[torch.Tensor]:
            kept = maps if torch.is_autocast_enabled(feature_input.device.type) else [x.float() for x in maps]
            return self.feature_model(feature_input, kept)

        geometry, texture = in_half(compute, feature_input.device.type, dtype, progress)
        return self.prediction_head(geometry.float(), texture.float())

    def learned_scale(self, depth: torch.Tensor, metric: torch.Tensor) -> torch.Tensor:
        """Return the factor (b, 1, S, S) that fits both layers of ``depth`` (b, 2, S, S) to a z-depth (b, 1, S, S)."""
        return self.depth_alignment["scale_map_estimator"](depth[:, :1], metric)


def in_half(compute: Callable[[], list[torch.Tensor]], device: str, dtype: torch.dtype | None,
            progress: Progress) -> list[torch.Tensor]:
    """Return what ``compute`` gives in half precision, or in float32 where that is not finite."""
    single = torch.autocast(device, enabled=False)
    with half_precision(device) if dtype is None else single if dtype == torch.float32 else torch.autocast(device, dtype):
        is_half = torch.is_autocast_enabled(device)
        found = compute()
    if not is_half or all(bool(x.isfinite().all()) for x in found):
        return found
    del found
    progress.warn("SHARP left the range of half precision; this part is computed again in float32, which takes longer")
    with single:
        return compute()


def load_sharp(path: Path) -> SharpNetwork:
    """Load the published SHARP file; raises `WeightsError`."""
    return sharp_from(read_checkpoint(path), path)


def sharp_from(held: dict[str, Any], origin: object, *, heads: int | None = None) -> SharpNetwork:
    """Build the network from what a checkpoint holds; ``origin`` names it in messages, ``heads`` are 64 wide unless given."""
    state = official(held, prefix="", dropped=_UNUSED)
    try:
        sizes = SharpSizes.of(state, heads)
    except (KeyError, AttributeError, IndexError) as error:
        raise not_of_this_network(origin, f"{error} is missing or not a tensor") from error
    return filled(lambda: SharpNetwork(sizes), state, origin)
