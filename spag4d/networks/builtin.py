"""The network of the built-in depth model: one panorama in, log distance and a sky logit out.

A convolutional encoder and decoder looks at half the resolution, with attention at its narrowest level, where each of a few
tokens sees the whole sphere; a few layers at full resolution then say where exactly things end.

The sphere has no border: every convolution pads in azimuth by wrapping and across a pole with the rows half a turn away, and
attention encodes azimuth by rotations of whole frequencies. Rolling the input by a multiple of `STRIDE` columns therefore rolls
the output by the same.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from spag4d.errors import WeightsError

STRIDE = 64
WORKING_HW = (256, 512)
WIDTHS = (16, 32, 64, 128, 256)
MIN_DISTANCE_M = 0.1
MAX_DISTANCE_M = 300.0
WEIGHTS_PATH = Path(__file__).with_suffix(".safetensors")
WEIGHTS_SHA256 = "5e0ea4b804eee57cf113357d85caa815976f8c342b0fee5639ad4af841624d61"
_HORIZON_SINE = 0.02
_REMEDY = "Reinstall spag4d, or restore the file from the repository."


def pad_sphere(x: torch.Tensor, pixels: int) -> torch.Tensor:
    """Continue an equirectangular map over its borders.

    (b, c, h, w) to (b, c, h + 2 pixels, w + 2 pixels): rows beyond a pole are those on its other side, half a turn
    away and mirrored in elevation; columns wrap. Needs an even w and pixels <= h.
    """
    half = x.shape[-1] // 2
    top = x[:, :, :pixels].flip(2).roll(half, 3)
    bottom = x[:, :, -pixels:].flip(2).roll(half, 3)
    tall = torch.cat((top, x, bottom), 2)
    return torch.cat((tall[..., -pixels:], tall, tall[..., :pixels]), 3)


def elevation_features(height: int, device: torch.device | None = None) -> torch.Tensor:
    """What a level camera knows about each row: (4, height) float32.

    Sine and cosine of the elevation, then the log distance of a plane one metre above or below the camera and of an
    upright cylinder of one metre radius around it.
    """
    rows = torch.arange(height, dtype=torch.float32, device=device)
    elevation = math.pi / 2 - math.pi * (rows + 0.5) / height
    sine, cosine = elevation.sin(), elevation.cos()
    plane, cylinder = -sine.abs().clamp_min(_HORIZON_SINE).log(), -cosine.clamp_min(_HORIZON_SINE).log()
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


class Context(nn.Module):
    """What and where things are: an encoder and decoder over the panorama at half resolution.

    `forward` takes sRGB (b, 3, h, w) and what is known of its rows, (4, h); it returns features (b, c, h / 2, w / 2) and
    the four maps of `surface_and_sky`, (b, 4, h, w).
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

    def forward(self, rgb: torch.Tensor, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return features and maps."""
        x2 = F.silu(self.stem(_with_rows(rgb, rows)))
        x4 = self.encode4(self.down4(x2))
        x8 = self.encode8(self.down8(x4))
        x16 = self.encode16(self.down16(x8))
        x = self.encode32(self.down32(x16))
        x = self.decode16(self.up16(x, x16))
        x = self.decode8(self.up8(x, x8))
        x = self.decode4(self.up4(x, x4))
        x = F.silu(self.head_norm(self.up2(x, x2)))
        return x, F.pixel_shuffle(self.head(pad_sphere(x, 1)), 2)


class Detail(nn.Module):
    """Where exactly things end: corrects the maps of `Context` at full resolution, starting from no correction."""

    def __init__(self, channels: int) -> None:
        """``channels`` are those of the features of `Context`."""
        super().__init__()
        self.stem = Down(3 + 4, channels)
        self.up = Up(channels, channels)
        self.maps = nn.Conv2d(4, channels, 1)
        self.block = ConvBlock(channels)
        self.head_norm = ChannelNorm(channels)
        self.head = nn.Conv2d(channels, 4 * 4, 3, bias=False)
        nn.init.zeros_(self.head.weight)

    def forward(
        self, rgb: torch.Tensor, rows: torch.Tensor, features: torch.Tensor, maps: torch.Tensor
    ) -> torch.Tensor:
        """Map sRGB (b, 3, h, w), and features and maps of `Context` for half of h and w, to maps (b, 4, h, w)."""
        x = self.block(self.up(features, self.stem(_with_rows(rgb, rows)) + self.maps(maps)))
        correction = F.pixel_shuffle(self.head(pad_sphere(F.silu(self.head_norm(x)), 1)), 2)
        return F.interpolate(maps, scale_factor=2) + correction


class BuiltinNetwork(nn.Module):
    """Log distance and sky logit of a level panorama.

    `forward` takes sRGB (b, 3, h, w) in 0..1, w = 2 h, h a multiple of `STRIDE` and at least twice it, and returns two
    (b, h, w) tensors: natural log of the distance along the ray in metres, and the logit of being sky. `coarse` does the
    same without the detail, for a panorama of half the size.
    """

    def __init__(self) -> None:
        """Start from random weights."""
        super().__init__()
        self.context = Context(WIDTHS)
        self.detail = Detail(WIDTHS[0])

    def forward(self, rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log distance and sky logit."""
        rows = elevation_features(rgb.shape[2], rgb.device)
        features, maps = self.context(*_half(rgb))
        return surface_and_sky(self.detail(rgb, rows, features, maps), rows)

    def coarse(self, rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log distance and sky logit of a panorama of the size that `Context` works on."""
        rows = elevation_features(rgb.shape[2], rgb.device)
        return surface_and_sky(self.context(rgb, rows)[1], rows)


def surface_and_sky(maps: torch.Tensor, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn maps (b, 4, h, w) into log distance and sky logit.

    The distance is that of a level plane to a power, times that of an upright cylinder to a power, times a factor: a floor,
    a ceiling or a wall is a map that hardly changes from pixel to pixel.
    """
    plane, cylinder = rows[2, :, None], rows[3, :, None]
    return 1.5 + maps[:, 0] + maps[:, 1] * plane + maps[:, 2] * cylinder, maps[:, 3]


def _half(rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return F.avg_pool2d(rgb, 2), elevation_features(rgb.shape[2] // 2, rgb.device)


def _with_rows(rgb: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    b, _, _, w = rgb.shape
    return torch.cat((rgb * 4 - 2, rows[None, :, :, None].expand(b, -1, -1, w)), 1)


def load_builtin(path: Path = WEIGHTS_PATH, sha256: str | None = WEIGHTS_SHA256) -> BuiltinNetwork:
    """Return the network with its trained weights, ready for inference on the CPU.

    The file's sha256 is compared unless it is None. Raises `WeightsError` where the file is missing, altered or not of this
    network.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read the built-in depth weights {path} ({error.strerror}). {_REMEDY}") from error
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise WeightsError(f"{path} is damaged: its sha256 is {found}, expected {sha256}. {_REMEDY}")
    with torch.device("meta"):
        network = BuiltinNetwork()
    try:
        network.load_state_dict({name: value.float() for name, value in load(content).items()}, assign=True)
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{path} does not hold weights of the built-in network ({reason}). {_REMEDY}") from error
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
