"""The network of the built-in depth model: one panorama in, log distance and a sky logit out.

Two encoders and decoders in a row. `Context` looks at a quarter of the resolution and knows places: how large, how far, where
the sky is. `Detail` looks at all of it, knows things, and corrects the first one's answer. Both have attention at their
narrowest level, where each token sees the whole sphere.

Next to an edge the right answer is one side or the other and never their mean, so the result holds both: a near distance, how
much farther the other side is, and which of the two it is. The choice is a smooth map whose sign decides; enlarged, it gives
an edge that is a line (after the bimodal output of Tosi et al., "SMD-Nets", 2021).

The sphere has no border: every convolution pads in azimuth by wrapping and across a pole with the rows half a turn away, and
attention encodes azimuth by rotations of whole frequencies. Rolling the input by a multiple of `STRIDE` columns therefore rolls
the output by the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from spag4d.errors import WeightsError
from spag4d.networks.builtin_weights import (
    FIRST_CHOICE,
    FIRST_GAP,
    HORIZON_SINE,
    REMEDY,
    WEIGHTS_PATH,
    WEIGHTS_SHA256,
    weights_content,
)

STRIDE = 128
"""Columns: a panorama turned by a multiple of them gives exactly the turned answer, see above."""
CONTEXT_WIDTHS = (16, 32, 64, 128, 256)
"""Channels, level by level, as the weights have them."""
DETAIL_WIDTHS = (24, 48, 96, 192, 288)
"""Channels, level by level, as the weights have them."""


def pad_sphere(x: torch.Tensor, pixels: int) -> torch.Tensor:
    """Continue an equirectangular map over its borders.

    (b, c, h, w) to (b, c, h + 2 pixels, w + 2 pixels): rows beyond a pole are those on its other side, half a turn
    away and mirrored in elevation; columns wrap. Needs pixels <= h.
    """
    return _PadSphere.apply(x, pixels)  # pyright: ignore[reportReturnType]


class _PadSphere(torch.autograd.Function):
    """Copies and gradients of `pad_sphere` in one pass: out of cat, flip and roll they took a third of a training step."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: torch.Tensor, pixels: int) -> torch.Tensor:
        """Return the padded map, in the memory format of ``x``."""
        ctx.pixels = pixels  # pyright: ignore[reportAttributeAccessIssue]
        b, c, h, w = x.shape
        layout = torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        out = torch.empty((b, c, h + 2 * pixels, w + 2 * pixels), dtype=x.dtype, device=x.device, memory_format=layout)
        inner = out[..., pixels : pixels + w]
        inner[:, :, pixels : pixels + h] = x
        inner[:, :, :pixels] = x[:, :, :pixels].flip(2).roll(w // 2, 3)
        inner[:, :, pixels + h :] = x[:, :, h - pixels :].flip(2).roll(w // 2, 3)
        out[..., :pixels] = out[..., w : w + pixels]
        out[..., pixels + w :] = out[..., pixels : 2 * pixels]
        return out

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        """Add the gradient of every copy to that of its original."""
        pixels: int = ctx.pixels  # pyright: ignore[reportAttributeAccessIssue]
        h = gradients[0].shape[2] - 2 * pixels
        top, middle, bottom = (_unwrapped(part, pixels) for part in gradients[0].split((pixels, h, pixels), 2))
        for edge, beyond in ((middle[:, :, :pixels], top), (middle[:, :, h - pixels :], bottom)):
            edge += beyond.flip(2).roll(-(beyond.shape[3] // 2), 3)
        return middle, None


def _unwrapped(gradient: torch.Tensor, pixels: int) -> torch.Tensor:
    """Take away ``pixels`` columns at both ends of (b, c, n, w) and add them where they were copied from."""
    kept = gradient[..., pixels:-pixels].clone()
    kept[..., -pixels:] += gradient[..., :pixels]
    kept[..., :pixels] += gradient[..., -pixels:]
    return kept


def elevation_features(height: int, device: torch.device | None = None) -> torch.Tensor:
    """What a level camera knows about each row: (4, height) float32.

    Sine and cosine of the elevation, then the log distance of a plane one metre above or below the camera and of an
    upright cylinder of one metre radius around it.
    """
    rows = torch.arange(height, dtype=torch.float32, device=device)
    elevation = math.pi / 2 - math.pi * (rows + 0.5) / height
    sine, cosine = elevation.sin(), elevation.cos()
    plane, cylinder = -sine.abs().clamp_min(HORIZON_SINE).log(), -cosine.clamp_min(HORIZON_SINE).log()
    return torch.stack((sine, cosine, plane, cylinder))


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel of a (b, c, h, w) tensor."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Normalise."""
        return super().forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvBlock(nn.Module):
    """Residual block of two 3 x 3 convolutions; the shape stays."""

    def __init__(self, channels: int) -> None:
        """Start as the identity."""
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.expand = nn.Conv2d(channels, channels, 3)
        self.project = nn.Conv2d(channels, channels, 3)
        nn.init.zeros_(self.project.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, c, h, w) to its like."""
        return x + self.project(F.silu(self.expand(pad_sphere(self.norm(x), 2))))


class AttentionBlock(nn.Module):
    """Residual global attention and a two-layer perceptron on every pixel; the shape stays."""

    def __init__(self, channels: int, head_channels: int = 32) -> None:
        """Start as the identity; each head compares ``head_channels`` of the channels."""
        super().__init__()
        self.head_channels = head_channels
        self.norm = ChannelNorm(channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.merge = nn.Conv2d(channels, channels, 1)
        self.mlp_norm = ChannelNorm(channels)
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.project = nn.Conv2d(2 * channels, channels, 1)
        nn.init.zeros_(self.merge.weight)
        nn.init.zeros_(self.project.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, c, h, w) to its like."""
        x = x + self.merge(self._attend(self.qkv(self.norm(x))))
        return x + self.project(F.silu(self.expand(self.mlp_norm(x))))

    def _attend(self, qkv: torch.Tensor) -> torch.Tensor:
        b, _, h, w = qkv.shape
        tokens = qkv.permute(0, 2, 3, 1).reshape(b, h, w, 3, -1, self.head_channels)
        query, key, value = tokens.permute(3, 0, 4, 1, 2, 5)
        query, key = turn_by_azimuth(query), turn_by_azimuth(key)
        attended = F.scaled_dot_product_attention(query.flatten(2, 3), key.flatten(2, 3), value.flatten(2, 3))
        return attended.transpose(1, 2).reshape(b, h, w, -1).permute(0, 3, 1, 2)


def turn_by_azimuth(x: torch.Tensor) -> torch.Tensor:
    """Rotate channel pairs of (..., w, c) by 0, 1, 2 ... c/2 - 1 times the azimuth of their column.

    Dot products of turned vectors depend on the difference of azimuth alone, and wrap because the frequencies are whole.
    """
    w, c = x.shape[-2:]
    azimuth = torch.arange(w, dtype=x.dtype, device=x.device) * (2 * math.pi / w)
    angle = azimuth[:, None] * torch.arange(c // 2, dtype=x.dtype, device=x.device)
    cosine, sine = angle.cos(), angle.sin()
    first, second = x[..., : c // 2], x[..., c // 2 :]
    return torch.cat((first * cosine - second * sine, first * sine + second * cosine), -1)


class Down(nn.Module):
    """Halve the resolution with a 3 x 3 convolution."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        """Take and give so many channels."""
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, c, h, w) to (b, c', h / 2, w / 2)."""
        return self.conv(pad_sphere(x, 1))


class Up(nn.Module):
    """Double the resolution by pixel shuffle and add the encoder's features of that level."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        """Take and give so many channels."""
        super().__init__()
        self.norm = ChannelNorm(channels_in)
        self.spread = nn.Conv2d(channels_in, 4 * channels_out, 1)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Map (b, c, h, w) and the skip (b, c', 2 h, 2 w) to the skip's shape."""
        return skip + F.pixel_shuffle(self.spread(self.norm(x)), 2)


@dataclass(frozen=True)
class Answer:
    """The network's answer for each pixel, (b, h, w) each.

    ``near`` is the natural log of a distance along the ray in metres, ``gap`` >= 0 what the log of the other distance is more
    by, ``choice`` the logit of its being the other one, ``sky`` the logit of its being sky.
    """

    near: torch.Tensor
    gap: torch.Tensor
    choice: torch.Tensor
    sky: torch.Tensor

    @property
    def parts(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """The four maps in the order of the fields."""
        return self.near, self.gap, self.choice, self.sky

    def map(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Answer:
        """Return the answer with each of its maps changed."""
        return Answer(*(change(part) for part in self.parts))

    @property
    def log_distance(self) -> torch.Tensor:
        """The log of the distance that is the likelier."""
        return self.near + self.gap * (self.choice > 0)


class Context(nn.Module):
    """What place this is: an encoder and decoder over the panorama at a quarter of the resolution.

    `forward` takes sRGB (b, 3, h, w) and what is known of its rows, (4, h); it returns features at 1/2, 1/4 and 1/8 of h and
    w, finest first, and the four maps of `level_surface` and the sky, (b, 4, h, w).
    """

    def __init__(self, widths: tuple[int, int, int, int, int], attention_blocks: int = 4) -> None:
        """``widths`` are the channels at 1/2, 1/4 ... 1/32 of the resolution that comes in."""
        super().__init__()
        half, quarter, eighth, sixteenth, deepest = widths
        self.stem = Down(3 + 4, half)
        self.down4, self.encode4 = Down(half, quarter), ConvBlock(quarter)
        self.down8, self.encode8 = Down(quarter, eighth), nn.Sequential(*(ConvBlock(eighth) for _ in range(2)))
        self.down16 = Down(eighth, sixteenth)
        self.encode16 = nn.Sequential(*(ConvBlock(sixteenth) for _ in range(3)))
        self.down32 = Down(sixteenth, deepest)
        self.encode32 = nn.Sequential(ConvBlock(deepest), *(AttentionBlock(deepest) for _ in range(attention_blocks)))
        self.up16, self.decode16 = Up(deepest, sixteenth), ConvBlock(sixteenth)
        self.up8, self.decode8 = Up(sixteenth, eighth), ConvBlock(eighth)
        self.up4, self.decode4 = Up(eighth, quarter), ConvBlock(quarter)
        self.up2 = Up(quarter, half)
        self.head_norm = ChannelNorm(half)
        self.head = nn.Conv2d(half, 4 * 4, 3)
        nn.init.zeros_(self.head.weight)

    def forward(self, rgb: torch.Tensor, rows: torch.Tensor) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """Return features and maps."""
        x2 = F.silu(self.stem(_with_rows(rgb, rows)))
        x4 = self.encode4(self.down4(x2))
        x8 = self.encode8(self.down8(x4))
        x16 = self.encode16(self.down16(x8))
        y16 = self.decode16(self.up16(self.encode32(self.down32(x16)), x16))
        y8 = self.decode8(self.up8(y16, x8))
        y4 = self.decode4(self.up4(y8, x4))
        y2 = F.silu(self.head_norm(self.up2(y4, x2)))
        return (y2, y4, y8), F.pixel_shuffle(self.head(pad_sphere(y2, 1)), 2)


class Detail(nn.Module):
    """What things there are and where exactly they end: corrects the maps of `Context`, starting from no correction.

    An encoder and decoder over the whole resolution; what `Context` found comes in at every level that both have.
    """

    def __init__(self, widths: tuple[int, int, int, int, int], context: tuple[int, ...], attention_blocks: int = 4) -> None:
        """``widths`` are the channels at 1/2, 1/4 ... 1/32, ``context`` those of the features of `Context`, finest first."""
        super().__init__()
        half, quarter, eighth, sixteenth, deepest = widths
        self.stem = Down(3 + 4, half)
        self.down4, self.maps4, self.encode4 = Down(half, quarter), nn.Conv2d(4, quarter, 1), ConvBlock(quarter)
        self.down8, self.join8, self.encode8 = Down(quarter, eighth), nn.Conv2d(context[0], eighth, 1), ConvBlock(eighth)
        self.down16, self.join16 = Down(eighth, sixteenth), nn.Conv2d(context[1], sixteenth, 1)
        self.encode16 = nn.Sequential(*(ConvBlock(sixteenth) for _ in range(2)))
        self.down32, self.join32 = Down(sixteenth, deepest), nn.Conv2d(context[2], deepest, 1)
        self.encode32 = nn.Sequential(*(AttentionBlock(deepest) for _ in range(attention_blocks)))
        self.up16, self.decode16 = Up(deepest, sixteenth), nn.Sequential(*(ConvBlock(sixteenth) for _ in range(2)))
        self.up8, self.decode8 = Up(sixteenth, eighth), nn.Sequential(*(ConvBlock(eighth) for _ in range(2)))
        self.up4, self.decode4 = Up(eighth, quarter), ConvBlock(quarter)
        self.up2 = Up(quarter, half)
        self.maps2, self.decode2 = nn.Conv2d(4, half, 1), ConvBlock(half)
        self.head_norm = ChannelNorm(half)
        self.head = nn.Conv2d(half, 4 * 6, 3, bias=False)
        nn.init.zeros_(self.head.weight)

    def forward(
        self, rgb: torch.Tensor, rows: torch.Tensor, features: tuple[torch.Tensor, ...], maps: torch.Tensor
    ) -> torch.Tensor:
        """Map sRGB (b, 3, h, w), and features and maps of `Context` for a quarter of h and w, to six maps (b, 6, h, w)."""
        x2 = F.silu(self.stem(_with_rows(rgb, rows)))
        x4 = self.encode4(self.down4(x2) + self.maps4(maps))
        x8 = self.encode8(self.down8(x4) + self.join8(features[0]))
        x16 = self.encode16(self.down16(x8) + self.join16(features[1]))
        x32 = self.encode32(self.down32(x16) + self.join32(features[2]))
        x = self.decode16(self.up16(x32, x16))
        x = self.decode8(self.up8(x, x8))
        x = self.decode4(self.up4(x, x4))
        x = self.decode2(self.up2(x, x2 + F.interpolate(self.maps2(maps), scale_factor=2)))
        correction = F.pixel_shuffle(self.head(pad_sphere(F.silu(self.head_norm(x)), 1)), 2)
        return torch.cat((correction[:, :4] + _smoothly_enlarged(maps), correction[:, 4:]), 1)


class BuiltinNetwork(nn.Module):
    """Distance and sky of a level panorama.

    `forward` takes sRGB (b, 3, h, w) in 0..1, w = 2 h, h a multiple of `STRIDE` and at least twice it, and returns its
    `Answer`. `coarse` does the same without the detail, for a panorama of a quarter of the size.
    """

    def __init__(self) -> None:
        """Start from random weights."""
        super().__init__()
        self.context = Context(CONTEXT_WIDTHS)
        self.detail = Detail(DETAIL_WIDTHS, CONTEXT_WIDTHS[:3])

    def forward(self, rgb: torch.Tensor) -> Answer:
        """Return what is seen."""
        return self.both(rgb)[0]

    def both(self, rgb: torch.Tensor) -> tuple[Answer, Answer]:
        """Return the answer, and the context's own at a quarter of the size."""
        rows, small_rows = (elevation_features(rgb.shape[2] // part, rgb.device) for part in (1, 4))
        features, maps = self.context(F.avg_pool2d(rgb, 4), small_rows)
        return answer(self.detail(rgb, rows, features, maps), rows), answer(maps, small_rows)

    def both_ways(self, rgb: torch.Tensor) -> tuple[Answer, torch.Tensor]:
        """Return the answer, made with the mean of what the context says of the picture and of its mirror image, and apart.

        That is the difference (b, h / 4, w / 4) of the logs of the context's two distances. The mean has a fortieth less error
        than the first; the mirror image's detail, thirty times the work, would add nothing to that.
        """
        rows, small_rows = (elevation_features(rgb.shape[2] // part, rgb.device) for part in (1, 4))
        small = F.avg_pool2d(rgb, 4)
        features, maps = self.context(small, small_rows)
        mirrored = self.context(small.flip(-1), small_rows)[1].flip(-1)
        apart = answer(maps, small_rows).near - answer(mirrored, small_rows).near
        return answer(self.detail(rgb, rows, features, (maps + mirrored) / 2), rows), apart

    def coarse(self, rgb: torch.Tensor) -> Answer:
        """Return the context's answer for a panorama of its working size."""
        rows = elevation_features(rgb.shape[2], rgb.device)
        return answer(self.context(rgb, rows)[1], rows)


def answer(maps: torch.Tensor, rows: torch.Tensor) -> Answer:
    """Turn maps (b, 4 or 6, h, w) into an `Answer`; without the last two there is no other side.

    The distance is that of a level plane to a power, times that of an upright cylinder to a power, times a factor: a floor,
    a ceiling or a wall is a map that hardly changes from pixel to pixel.
    """
    plane, cylinder = rows[2, :, None], rows[3, :, None]
    factor, of_plane, of_cylinder, sky, *other = maps.float().unbind(1)
    near = 1.5 + factor + of_plane * plane + of_cylinder * cylinder
    if not other:
        return Answer(near, torch.zeros_like(near), torch.full_like(near, -1.0), sky)
    return Answer(near, F.softplus(other[0] + FIRST_GAP), other[1] + FIRST_CHOICE, sky)


def _smoothly_enlarged(maps: torch.Tensor) -> torch.Tensor:
    """Four times as many rows and columns, linear between pixel centres on the sphere."""
    large = F.interpolate(pad_sphere(maps, 1), scale_factor=4, mode="bilinear", align_corners=False)
    return large[..., 4:-4, 4:-4]


def _with_rows(rgb: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    b, _, _, w = rgb.shape
    return torch.cat((rgb * 4 - 2, rows[None, :, :, None].expand(b, -1, -1, w)), 1)


def load_builtin(path: Path = WEIGHTS_PATH, sha256: str | None = WEIGHTS_SHA256) -> BuiltinNetwork:
    """Return the network with its trained weights, ready for inference on the CPU.

    The file's sha256 is compared unless it is None. Raises `WeightsError` where the file is missing, altered or not of this
    network.
    """
    content = weights_content(path, sha256)
    with torch.device("meta"):
        network = BuiltinNetwork()
    try:
        network.load_state_dict({name: value.float() for name, value in load(content).items()}, assign=True)
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{path} does not hold weights of the built-in network ({reason}). {REMEDY}") from error
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
