"""The vision transformer that the published networks share, with the official parameter names.

`DinoV2` has a learned table of positions (Oquab et al., "DINOv2", 2023), `DinoV3` rotates queries and keys by position
instead (Siméoni et al., "DINOv3", 2025). Sizes are the caller's, who reads them from the checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

HEAD_WIDTH = 64
"""Channels of an attention head, in every published network."""
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Red, green, blue of ImageNet's pictures, sRGB 0–1."""

Rotation = tuple[torch.Tensor, torch.Tensor]


def normalised(rgb: torch.Tensor) -> torch.Tensor:
    """Return sRGB (b, 3, h, w) in 0..1 with the mean and spread of ImageNet's pictures taken out."""
    mean, std = (torch.tensor(values, dtype=rgb.dtype, device=rgb.device).view(1, 3, 1, 1) for values in (_MEAN, _STD))
    return (rgb - mean) / std


class Attention(nn.Module):
    """Self-attention of several heads."""

    def __init__(self, width: int, heads: int) -> None:
        """``width`` channels, shared out equally to the ``heads``."""
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: torch.Tensor, rotation: Rotation | None) -> torch.Tensor:
        """Map (b, n, c) to the same shape; ``rotation`` turns queries and keys of the last tokens."""
        b, n, c = tokens.shape
        query, key, value = self.qkv(tokens).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        if rotation is not None:
            query, key = rotated(query, rotation), rotated(key, rotation)
        attended = F.scaled_dot_product_attention(query, key, value)
        return self.proj(attended.transpose(1, 2).reshape(b, n, c))


class Mlp(nn.Module):
    """Two linear layers with an exact GELU between them."""

    def __init__(self, width: int) -> None:
        """``width`` channels, four times as many inside."""
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map (b, n, c) to the same shape."""
        return self.fc2(F.gelu(self.fc1(tokens)))


class LayerScale(nn.Module):
    """A factor for every channel."""

    def __init__(self, width: int) -> None:
        """``width`` channels."""
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Map (b, n, c) to the same shape."""
        return tokens * self.gamma


class Block(nn.Module):
    """Attention and MLP, each behind a layer norm and added to what came in."""

    def __init__(self, width: int, heads: int, eps: float) -> None:
        """``width`` channels, ``heads`` of the attention; ``eps`` of both norms."""
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)
        self.attn, self.mlp = Attention(width, heads), Mlp(width)
        self.ls1, self.ls2 = LayerScale(width), LayerScale(width)

    def forward(self, tokens: torch.Tensor, rotation: Rotation | None) -> torch.Tensor:
        """Map (b, n, c) to the same shape."""
        tokens = tokens + self.ls1(self.attn(self.norm1(tokens), rotation))
        return tokens + self.ls2(self.mlp(self.norm2(tokens)))


class PatchEmbed(nn.Module):
    """Cut a picture into square patches and describe each by a token."""

    def __init__(self, width: int, patch: int) -> None:
        """``patch`` pixels on a side, ``width`` channels per token."""
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Map (b, 3, h, w) to (b, c, h / patch, w / patch)."""
        return self.proj(picture)


class VisionTransformer(nn.Module):
    """What `DinoV2` and `DinoV3` have in common; ``prefix`` tokens stand before those of the patches."""

    prefix = 1

    def __init__(self, width: int, depth: int, patch: int, *, eps: float, final_eps: float, heads: int | None = None) -> None:
        """``eps`` of the blocks' norms and of the final one: they differ. ``heads`` are 64 wide unless given."""
        super().__init__()
        self.patch = patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.patch_embed = PatchEmbed(width, patch)
        self.blocks = nn.ModuleList(Block(width, heads or width // HEAD_WIDTH, eps) for _ in range(depth))
        self.norm = nn.LayerNorm(width, final_eps)

    def embed(self, patches: torch.Tensor) -> tuple[torch.Tensor, Rotation | None]:
        """Return the first block's tokens (b, n, c) for patches (b, c, h, w), and the rotation for attention."""
        raise NotImplementedError

    def maps(self, picture: torch.Tensor, taps: tuple[int, ...]) -> list[torch.Tensor]:
        """Return the tokens of the patches after the blocks ``taps`` as float32 maps (b, c, h, w)."""
        size_hw = [size // self.patch for size in picture.shape[2:]]
        return [as_map(tokens[:, self.prefix :], size_hw) for tokens in self(picture, taps)]

    def forward(self, picture: torch.Tensor, taps: tuple[int, ...]) -> list[torch.Tensor]:
        """Return the tokens (b, prefix + h w, c) after the blocks numbered ``taps``, through the final norm.

        ``picture`` (b, 3, H, W) is normalised, H and W multiples of the patch; patches are in row-major order.
        """
        return [self.norm(tokens) for tokens in self.tapped(picture, taps)]

    def tapped(self, picture: torch.Tensor, taps: tuple[int, ...]) -> list[torch.Tensor]:
        """Return the same tokens as the blocks left them, without the final norm."""
        tokens, rotation = self.embed(self.patch_embed(picture))
        tapped = []
        for index, block in enumerate(self.blocks[: max(taps) + 1]):
            tokens = block(tokens, rotation)
            if index in taps:
                tapped.append(tokens)
        return tapped


class DinoV2(VisionTransformer):
    """A table of positions, interpolated to the grid of patches."""

    def __init__(self, width: int, depth: int, patch: int, side: int, *, eps: float = 1e-6, final_eps: float = 1e-6,
                 heads: int | None = None) -> None:
        """``side`` x ``side`` positions are in the table, after that of the class token."""
        super().__init__(width, depth, patch, eps=eps, final_eps=final_eps, heads=heads)
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + side * side, width))

    def embed(self, patches: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Put the class token in front and add positions."""
        tokens = torch.cat((self.cls_token.expand(len(patches), -1, -1), patches.flatten(2).transpose(1, 2)), 1)
        return tokens + self.positions(patches.shape[2], patches.shape[3]).to(tokens.dtype), None

    def positions(self, height: int, width: int) -> torch.Tensor:
        """Return the positions (1, 1 + height width, c), cubic between those of the table.

        The scale is that of a grid a tenth larger than asked for, as the networks were trained with it.
        """
        side = math.isqrt(self.pos_embed.shape[1] - 1)
        if (height, width) == (side, side):
            return self.pos_embed
        table = self.pos_embed[:, 1:].float().reshape(1, side, side, -1).permute(0, 3, 1, 2)
        grid = F.interpolate(table, scale_factor=((height + 0.1) / side, (width + 0.1) / side), mode="bicubic")
        return torch.cat((self.pos_embed[:, :1], grid.flatten(2).transpose(1, 2)), 1)


class RopeEmbed(nn.Module):
    """The wavelengths of rotary positions, kept in float32 whatever the rest is."""

    def __init__(self) -> None:
        """A quarter of a head's channels turn by the row, and as many by the column, in pairs."""
        super().__init__()
        self.periods: torch.Tensor
        self.register_buffer("periods", torch.zeros(HEAD_WIDTH // 4))

    def forward(self, height: int, width: int) -> Rotation:
        """Return cosine and sine (height width, 64) of every patch's angles; positions run from -1 to 1 on each axis."""
        rows, columns = (
            (torch.arange(size, dtype=torch.float32, device=self.periods.device) + 0.5) * (2 / size) - 1
            for size in (height, width))
        positions = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), -1).flatten(0, 1)
        angles = (2 * math.pi * positions[:, :, None] / self.periods.float()).flatten(1).tile(2)
        return angles.cos(), angles.sin()


class DinoV3(VisionTransformer):
    """Rotary positions; four storage tokens beside the class token."""

    prefix = 5

    def __init__(self, width: int, depth: int, patch: int, *, eps: float = 1e-5) -> None:
        """``eps`` of all norms."""
        super().__init__(width, depth, patch, eps=eps, final_eps=eps)
        self.storage_tokens = nn.Parameter(torch.zeros(1, self.prefix - 1, width))
        self.rope_embed = RopeEmbed()

    def embed(self, patches: torch.Tensor) -> tuple[torch.Tensor, Rotation]:
        """Put class and storage tokens in front."""
        first = torch.cat((self.cls_token, self.storage_tokens), 1).expand(len(patches), -1, -1)
        tokens = torch.cat((first, patches.flatten(2).transpose(1, 2)), 1)
        return tokens, self.rope_embed(patches.shape[2], patches.shape[3])


def as_map(tokens: torch.Tensor, size_hw: Sequence[int]) -> torch.Tensor:
    """Return tokens (b, h w, c) in row-major order as a float32 map (b, c, h, w)."""
    return tokens.float().transpose(1, 2).unflatten(2, tuple(size_hw))


def rotated(x: torch.Tensor, rotation: Rotation) -> torch.Tensor:
    """Turn channel i of the last tokens of (b, heads, n, 64) against channel i + 32, in float32."""
    cosine, sine = rotation
    kept, turned = x[:, :, : -len(cosine)], x[:, :, -len(cosine) :].float()
    first, second = turned.chunk(2, -1)
    return torch.cat((kept, (turned * cosine + torch.cat((-second, first), -1) * sine).to(x.dtype)), 2)
