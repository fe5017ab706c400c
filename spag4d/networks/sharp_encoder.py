"""The encoder of SHARP: two vision transformers over a pyramid of tiles, and five maps made of their tokens.

Bochkovskii et al., "Depth Pro: Sharp Monocular Metric Depth in Less Than a Second", 2024; official parameter names.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from spag4d.networks.vit import DinoV2, as_map

PATCH = 16
"""Pixels across that make a token, as published."""


class PyramidEncoder(nn.Module):
    """Five maps of a picture, from half its resolution down to a thirty-second.

    One transformer sees tiles of the picture at full, half and quarter size, another one the whole picture at quarter size. The
    picture is four tiles wide.
    """

    def __init__(self, width: int, depth: int, heads: int, side: int, channels: tuple[int, ...]) -> None:
        """Tiles of ``side`` x ``side`` patches; ``channels`` of the five maps, finest first."""
        super().__init__()
        self.side = side
        self.taps = (depth // 4 - 1, depth // 2 - 1, depth - 1)
        self.patch_encoder = DinoV2(width, depth, PATCH, side, heads=heads)
        self.image_encoder = DinoV2(width, depth, PATCH, side, heads=heads)
        self.upsample_latent0 = enlarging(width, channels[0], 3)
        self.upsample_latent1 = enlarging(width, channels[1], 2)
        self.upsample0, self.upsample1, self.upsample2 = (enlarging(width, count, 1) for count in channels[2:])
        self.upsample_lowres = nn.ConvTranspose2d(width, channels[4], 2, 2)
        self.fuse_lowres = nn.Conv2d(2 * channels[4], channels[4], 1)

    def forward(self, picture: torch.Tensor, *, patch_overlap: bool, tiles_at_once: int) -> list[torch.Tensor]:
        """Map a picture (b, 3, 64 side, 64 side), -1..1, to the five maps.

        Overlapping tiles, 35 instead of 21, leave out the tokens at their edges; ``side`` has to be a multiple of 8 then.
        """
        counts = (5, 3, 1) if patch_overlap else (4, 2, 1)
        levels = [picture, *(F.interpolate(picture, scale_factor=factor, mode="bilinear") for factor in (0.5, 0.25))]
        cut = torch.cat([tiles(level, count, PATCH * self.side) for level, count in zip(levels, counts, strict=True)])
        chunks = [self._chunk(chunk) for chunk in cut.split(tiles_at_once)]
        early, middle, last = (torch.cat(maps) for maps in zip(*chunks, strict=True))
        fine, half, coarse = last.split([len(picture) * count**2 for count in counts])
        early, middle, fine = (joined(maps, counts[0], 4 * self.side) for maps in
                               (early[: len(fine)], middle[: len(fine)], fine))
        whole = self.image_encoder.maps(levels[2], self.taps[-1:])[0]
        lowest = torch.cat((self.upsample2(coarse), self.upsample_lowres(whole)), 1)
        return [self.upsample_latent0(early), self.upsample_latent1(middle), self.upsample0(fine),
                self.upsample1(joined(half, counts[1], 2 * self.side)), self.fuse_lowres(lowest)]

    def _chunk(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        early, middle, last = self.patch_encoder.tapped(pictures, self.taps)
        return [as_map(tokens[:, 1:], (self.side, self.side)) for tokens in (early, middle, self.patch_encoder.norm(last))]


def enlarging(channels_in: int, channels: int, doublings: int) -> nn.Sequential:
    """Return a projection and so many learned doublings of the resolution."""
    return nn.Sequential(nn.Conv2d(channels_in, channels, 1, bias=False),
                         *(nn.ConvTranspose2d(channels, channels, 2, 2, bias=False) for _ in range(doublings)))


def tiles(picture: torch.Tensor, count: int, size: int) -> torch.Tensor:
    """Cut (b, c, h, h) into ``count`` x ``count`` equally spaced squares: (count count b, c, size, size), row by row."""
    starts = [index * (picture.shape[3] - size) // max(count - 1, 1) for index in range(count)]
    return torch.cat([picture[:, :, top : top + size, left : left + size] for top in starts for left in starts])


def joined(maps: torch.Tensor, count: int, size: int) -> torch.Tensor:
    """Put the maps (count count b, c, h, h) of `tiles` together to (b, c, size, size).

    What two neighbours both cover is shared out half and half.
    """
    side = maps.shape[3]
    crop = (count * side - size) // (2 * (count - 1))
    spans = [slice(crop if index else 0, side - crop if index < count - 1 else side) for index in range(count)]
    grid = maps.unflatten(0, (count, count, -1))
    return torch.cat([torch.cat([grid[i, j, :, :, rows, columns] for j, columns in enumerate(spans)], 3)
                      for i, rows in enumerate(spans)], 2)
