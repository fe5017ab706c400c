"""The convolutional parts of SHARP: decoders of the encoder's maps, and a U-Net that fits its depth to another one.

Official parameter names.
"""

from __future__ import annotations

import torch
from torch import nn

from spag4d.networks.dpt import conv3


class Residual(nn.Module):
    """Layers added to what came in, which may pass a projection."""

    def __init__(self, *layers: nn.Module, shortcut: nn.Module | None = None) -> None:
        """``layers`` follow each other."""
        super().__init__()
        self.residual = nn.Sequential(*layers)
        self.shortcut = shortcut or nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, c, h, w) to (b, c', h, w)."""
        return self.shortcut(x) + self.residual(x)


def plain_unit(channels: int) -> Residual:
    """Return two convolutions with a residual connection."""
    return Residual(nn.ReLU(), conv3(channels, channels), nn.ReLU(), conv3(channels, channels))


def normed_unit(channels_in: int, channels_out: int, groups: int) -> Residual:
    """Return two normalised convolutions, narrower between them, with a residual connection."""
    between = channels_out // 2
    return Residual(
        nn.GroupNorm(groups, channels_in), nn.ReLU(), conv3(channels_in, between),
        nn.GroupNorm(groups, between), nn.ReLU(), conv3(between, channels_out),
        shortcut=None if channels_in == channels_out else nn.Conv2d(channels_in, channels_out, 1))


class Fusion(nn.Module):
    """Join a coarse map with one of its size, and go on to twice that size."""

    def __init__(self, channels: int, *, joins: bool = True, doubles: bool = True) -> None:
        """The coarsest fusion joins nothing, the finest keeps the size."""
        super().__init__()
        if joins:
            self.resnet1 = plain_unit(channels)
        self.resnet2 = plain_unit(channels)
        self.deconv = nn.ConvTranspose2d(channels, channels, 2, 2, bias=False) if doubles else nn.Identity()
        self.out_conv = nn.Conv2d(channels, channels, 1)

    def forward(self, top: torch.Tensor, lateral: torch.Tensor | None = None) -> torch.Tensor:
        """Map (b, c, h, w), with ``lateral`` of its shape, to (b, c, h, w) or (b, c, 2 h, 2 w)."""
        if lateral is not None:
            top = top + self.resnet1(lateral)
        return self.out_conv(self.deconv(self.resnet2(top)))


class PyramidDecoder(nn.Module):
    """Five maps, each half as large as the one before, to one of the size of the first."""

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        """``channels`` come in, finest first; ``width`` channels go out."""
        super().__init__()
        first = nn.Identity() if channels[0] == width else nn.Conv2d(channels[0], width, 1, bias=False)
        self.convs = nn.ModuleList([first, *(conv3(count, width, bias=False) for count in channels[1:])])
        last = len(channels) - 1
        self.fusions = nn.ModuleList(Fusion(width, joins=level < last, doubles=level > 0) for level in range(last + 1))

    def forward(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Return (b, width, h, w)."""
        fused = self.fusions[-1](self.convs[-1](maps[-1]))
        for level in reversed(range(len(maps) - 1)):
            fused = self.fusions[level](fused, self.convs[level](maps[level]))
        return fused


def disparity_head(width: int, between: int) -> nn.Sequential:
    """Return what makes two layers of disparity (b, 2, 2 h, 2 w) of (b, width, h, w)."""
    half = width // 2
    return nn.Sequential(conv3(width, half), nn.ConvTranspose2d(half, half, 2, 2), conv3(half, between), nn.ReLU(),
                         nn.Conv2d(between, 2, 1), nn.ReLU())


class SkipEncoder(nn.Module):
    """Colour and disparity of every two by two pixels."""

    def __init__(self, channels_in: int, width: int) -> None:
        """So many channels in and out."""
        super().__init__()
        self.conv = nn.Conv2d(channels_in, width, 2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, c, 2 h, 2 w) to (b, width, h, w)."""
        return self.conv(x)


class GaussianDecoder(nn.Module):
    """The encoder's maps, colour and disparity, to features of the Gaussians' geometry and texture."""

    def __init__(self, channels: tuple[int, ...], width: int, channels_out: int) -> None:
        """``channels`` of the five maps; ``channels_out`` of either result."""
        super().__init__()
        self.decoder = PyramidDecoder(channels, width)
        self.image_encoder = SkipEncoder(5, width)
        self.fusion = Fusion(width, doubles=False)
        self.texture_head, self.geometry_head = (
            nn.Sequential(normed_unit(width, width, 8), normed_unit(width, width, 8), nn.ReLU(),
                          nn.Conv2d(width, channels_out, 1), nn.ReLU()) for _ in ("texture", "geometry"))

    def forward(self, feature_input: torch.Tensor, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """Map (b, 5, S, S) and the maps to geometry and texture, both (b, channels_out, S / 2, S / 2)."""
        features = self.fusion(self.decoder(maps), self.image_encoder(feature_input))
        return [self.geometry_head(features), self.texture_head(features)]


class PredictionHead(nn.Module):
    """Features to the 14 numbers by which each Gaussian departs from its start."""

    def __init__(self, channels: int) -> None:
        """``channels`` of geometry and of texture."""
        super().__init__()
        self.geometry_prediction_head = nn.Conv2d(channels, 3 * 2, 1)
        self.texture_prediction_head = nn.Conv2d(channels, 11 * 2, 1)

    def forward(self, geometry: torch.Tensor, texture: torch.Tensor) -> torch.Tensor:
        """Map two (b, c, h, w) to (b, 14, 2 layers, h, w): x, y, disparity, 3 scales, 4 of rotation, 3 colours, opacity."""
        found = (self.geometry_prediction_head(geometry), self.texture_prediction_head(texture))
        return torch.cat([x.unflatten(1, (-1, 2)) for x in found], 1)


class UNetEncoder(nn.Module):
    """Two maps to features at several sizes."""

    def __init__(self, width: int, steps: int) -> None:
        """Twice as many channels at every halving, from ``width``."""
        super().__init__()
        self.conv_in = nn.Sequential(conv3(2, width), nn.GroupNorm(4, width), nn.ReLU())
        widths = [width << step for step in range(steps + 1)]
        self.convs_down = nn.ModuleList(
            nn.Sequential(nn.AvgPool2d(2), normed_unit(near, far, 4), normed_unit(far, far, 4))
            for near, far in zip(widths, widths[1:], strict=False))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return the features, finest first."""
        found = [self.conv_in(x)]
        for down in self.convs_down:
            found.append(down(found[-1]))
        return found


class UNetDecoder(nn.Module):
    """Features at several sizes to one map."""

    def __init__(self, width: int, steps: int) -> None:
        """The counterpart of the encoder."""
        super().__init__()
        widths = [width << step for step in reversed(range(steps))]
        joined = [2 * widths[0], *(2 * below for below in widths[:-1])]
        self.convs_up = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2), normed_unit(below, here, 4), normed_unit(here, here, 4))
            for below, here in zip(joined, widths, strict=True))
        self.conv_out = nn.Sequential(nn.GroupNorm(4, 2 * width), nn.ReLU(), nn.Conv2d(2 * width, width, 1),
                                      nn.GroupNorm(4, width), nn.ReLU())

    def forward(self, found: list[torch.Tensor]) -> torch.Tensor:
        """Return (b, width, h, w)."""
        x = found[-1]
        for up, lateral in zip(self.convs_up, reversed(found[:-1]), strict=True):
            x = torch.cat((up(x), lateral), 1)
        return self.conv_out(x)


class ScaleMap(nn.Module):
    """The factor that fits one depth to another, learned."""

    def __init__(self, width: int, steps: int) -> None:
        """``steps`` halvings."""
        super().__init__()
        self.encoder, self.decoder = UNetEncoder(width, steps), UNetDecoder(width, steps)
        self.conv_out = nn.Conv2d(width, 1, 1)

    def forward(self, depth: torch.Tensor, metric: torch.Tensor) -> torch.Tensor:
        """Map two depths (b, 1, S, S) to the factor of the first, of their shape."""
        return self.conv_out(self.decoder(self.encoder(torch.cat((1 / depth, 1 / metric), 1)))).exp()
