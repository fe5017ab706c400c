"""The built-in network on a processor, in numpy: what `spag4d.networks.builtin` computes, to rounding, without PyTorch.

PyTorch takes longer to import than a small picture to convert. Maps are (h, w, c) of one panorama. A convolution copies the
patches of some rows, as many as the processor's cache holds, and multiplies them by the weights, on all cores.
"""

from collections.abc import Mapping
from typing import no_type_check

import cv2
import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray
from safetensors.numpy import load

from spag4d.kernels import in_parts, kernel, one_blas_thread
from spag4d.networks.builtin_weights import FIRST_CHOICE, FIRST_GAP, HORIZON_SINE, weights_content

Map = NDArray[np.float32]
Answers = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]

_BAND_BYTES = 1 << 20
"""Of patches at a time: what a core's own cache holds on the processors of the last ten years, or twice that."""
_LEAST_PRODUCTS = 1 << 24
"""Multiplications for a thread of its own: half a millisecond."""
_HEAD_CHANNELS = 32
"""Of each head of attention, as the weights have them."""
_NORM_EPSILON = np.float32(1e-5)
"""Added to the variance, as PyTorch's layer norm does."""
_HALF, _TANH_IS_ONE = np.float32(0.5), np.float32(9)
"""Beyond the second tanh is 1 in single precision."""
_T1, _T3, _T5, _T7, _T9, _T11, _T13 = map(np.float32, (
    4.89352455891786e-03, 6.37261928875436e-04, 1.48572235717979e-05, 5.12229709037114e-08, -8.60467152213735e-11,
    2.00018790482477e-13, -2.76076847742355e-16))
_E0, _E2, _E4, _E6 = map(np.float32, (4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06))
"""Coefficients of tanh, by the power that they belong to, of the numerator and the denominator."""


class BuiltinArrays:
    """The network with its trained weights; raises `WeightsError` where these are missing or altered."""

    def __init__(self, weights: Mapping[str, np.ndarray] | None = None) -> None:
        """Take ``weights`` by their names in the file in place of those that ship."""
        weights = load(weights_content()) if weights is None else weights
        self._weights = {name: _as_matrix(value.astype(np.float32)) for name, value in weights.items()}

    def __call__(self, rgb: Map) -> Answers:
        """Return near, gap, choice and sky (h, w) of a panorama, and apart (h / 4, w / 4).

        See `Answer` and `BuiltinNetwork.both_ways` of `spag4d.networks.builtin`.
        """
        with one_blas_thread():
            return self._answers(rgb)

    def _answers(self, rgb: Map) -> Answers:
        h, w, _ = rgb.shape
        small = rgb.reshape(h // 4, 4, w // 4, 4, 3).mean((1, 3), dtype=np.float32)
        features, maps = self._context(small)
        mirrored = self._context(np.ascontiguousarray(small[:, ::-1]))[1][:, ::-1]
        mean = np.asarray((maps + mirrored) / 2, np.float32)
        return *_answers(self._detail(rgb, features, mean)), _near(maps) - _near(mirrored)

    def _context(self, rgb: Map) -> tuple[tuple[Map, Map, Map], Map]:
        part = "context."
        x2 = self._convolved(part + "stem.conv", _padded(_with_rows(rgb), 1), stride=2, silu=True)
        x4 = self._blocks(part + "encode4", self._down(part + "down4", x2))
        x8 = self._blocks(part + "encode8", self._down(part + "down8", x4), 2)
        x16 = self._blocks(part + "encode16", self._down(part + "down16", x8), 3)
        x32 = self._block(part + "encode32.0", self._down(part + "down32", x16))
        for number in range(1, 5):
            x32 = self._attended(f"{part}encode32.{number}", x32)
        y16 = self._blocks(part + "decode16", self._up(part + "up16", x32, x16))
        y8 = self._blocks(part + "decode8", self._up(part + "up8", y16, x8))
        y4 = self._blocks(part + "decode4", self._up(part + "up4", y8, x4))
        y2 = self._normalised(part + "head_norm", self._up(part + "up2", y4, x2), silu=True)
        return (y2, y4, y8), _shuffled(self._convolved(part + "head", _padded(y2, 1)))

    def _detail(self, rgb: Map, features: tuple[Map, Map, Map], maps: Map) -> Map:
        part = "detail."
        x2 = self._convolved(part + "stem.conv", _padded(_with_rows(rgb), 1), stride=2, silu=True)
        x4 = self._down(part + "down4", x2) + self._convolved(part + "maps4", maps)
        x4 = self._blocks(part + "encode4", x4)
        x8 = self._blocks(part + "encode8", self._joined("8", x4, features[0]))
        x16 = self._blocks(part + "encode16", self._joined("16", x8, features[1]), 2)
        x32 = self._joined("32", x16, features[2])
        for number in range(4):
            x32 = self._attended(f"{part}encode32.{number}", x32)
        x = self._blocks(part + "decode16", self._up(part + "up16", x32, x16), 2)
        x = self._blocks(part + "decode8", self._up(part + "up8", x, x8), 2)
        x = self._blocks(part + "decode4", self._up(part + "up4", x, x4))
        x2 += self._convolved(part + "maps2", maps).repeat(2, 0).repeat(2, 1)
        x = self._blocks(part + "decode2", self._up(part + "up2", x, x2))
        x = self._normalised(part + "head_norm", x, silu=True)
        correction = _shuffled(self._convolved(part + "head", _padded(x, 1)))
        correction[..., :4] += _smoothly_enlarged(maps)
        return correction

    def _joined(self, level: str, x: Map, features: Map) -> Map:
        return self._down(f"detail.down{level}", x) + self._convolved(f"detail.join{level}", features)

    def _down(self, name: str, x: Map) -> Map:
        return self._convolved(name + ".conv", _padded(x, 1), stride=2)

    def _up(self, name: str, x: Map, skip: Map) -> Map:
        return skip + _shuffled(self._convolved(name + ".spread", self._normalised(name + ".norm", x)))

    def _blocks(self, name: str, x: Map, count: int = 1) -> Map:
        for number in range(count):
            x = self._block(f"{name}.{number}" if count > 1 else name, x)
        return x

    def _block(self, name: str, x: Map) -> Map:
        inner = _padded(self._normalised(name + ".norm", x), 2)
        return x + self._convolved(name + ".project", self._convolved(name + ".expand", inner, silu=True))

    def _attended(self, name: str, x: Map) -> Map:
        qkv = self._convolved(name + ".qkv", self._normalised(name + ".norm", x))
        x = x + self._convolved(name + ".merge", _attention(qkv))
        wide = self._convolved(name + ".expand", self._normalised(name + ".mlp_norm", x), silu=True)
        return x + self._convolved(name + ".project", wide)

    def _normalised(self, name: str, x: Map, *, silu: bool = False) -> Map:
        out, channels = np.empty_like(x), x.shape[2]
        pixels, to = x.reshape(-1, channels), out.reshape(-1, channels)
        weight, bias = self._weights[name + ".weight"], self._weights[name + ".bias"]
        in_parts(lambda first, last: _normalise(pixels[first:last], weight, bias, to[first:last]), len(pixels), 1 << 14)
        if silu:
            in_parts(lambda first, last: _silu(to[first:last], np.zeros_like(bias)), len(pixels), 1 << 14)
        return out

    def _convolved(self, name: str, x: Map, *, stride: int = 1, silu: bool = False) -> Map:
        """Convolve a map, which is padded already where the kernel is larger than a pixel."""
        matrix, bias = self._weights[name + ".weight"], self._weights.get(name + ".bias")
        size = round((len(matrix) / x.shape[2]) ** 0.5)
        h, w = ((length - size) // stride + 1 for length in x.shape[:2])
        out = np.empty((h, w, matrix.shape[1]), np.float32)
        rows = max(1, _BAND_BYTES // (4 * w * len(matrix)))
        patches = _patches(x, size, stride)
        in_parts(lambda first, last: _times(patches[first:last], matrix, bias, out[first:last], rows=rows, silu=silu), h,
                 max(1, _LEAST_PRODUCTS // (w * matrix.size)))
        return out


def _times(
    patches: np.ndarray, matrix: np.ndarray, bias: np.ndarray | None, out: Map, *, rows: int, silu: bool
) -> None:
    """Write the product of patches (h, w, size, size * c) and a matrix, in bands of so many rows that stay in the cache."""
    for top in range(0, len(out), rows):
        band = out[top : top + rows].reshape(-1, matrix.shape[1])
        copied = np.ascontiguousarray(patches[top : top + rows])
        np.matmul(copied.reshape(len(band), -1), matrix, out=band)
        if silu:
            _silu(band, bias)
        elif bias is not None:
            band += bias


def _as_matrix(weight: np.ndarray) -> np.ndarray:
    """Return the weights of a convolution as a matrix from the numbers of a patch to the channels that come out."""
    return weight if weight.ndim == 1 else np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).reshape(-1, len(weight))


def _patches(x: Map, size: int, stride: int) -> np.ndarray:
    """Return a view (h, w, size, size * c) of the patches of a map: neighbours in a row lie side by side in memory."""
    down, right, channel = x.strides
    h, w = ((length - size) // stride + 1 for length in x.shape[:2])
    return np.lib.stride_tricks.as_strided(
        x, (h, w, size, size * x.shape[2]), (stride * down, stride * right, down, channel), writeable=False)


def _padded(x: Map, pixels: int) -> Map:
    """Continue a map over its borders, as `spag4d.networks.builtin.pad_sphere` does."""
    h, w, channels = x.shape
    out = np.empty((h + 2 * pixels, w + 2 * pixels, channels), np.float32)
    inner = out[:, pixels : pixels + w]
    inner[pixels : pixels + h] = x
    inner[:pixels] = np.roll(x[:pixels][::-1], w // 2, 1)
    inner[pixels + h :] = np.roll(x[h - pixels :][::-1], w // 2, 1)
    out[:, :pixels] = out[:, w : w + pixels]
    out[:, pixels + w :] = out[:, pixels : 2 * pixels]
    return out


@kernel
@no_type_check
def _normalise(x, weight, bias, out):
    """Layer norm over the channels of each pixel."""
    count = np.float32(x.shape[1])
    for i in range(len(x)):
        total = np.float32(0)
        for k in range(x.shape[1]):
            total += x[i, k]
        mean, square = total / count, np.float32(0)
        for k in range(x.shape[1]):
            square += (x[i, k] - mean) ** 2
        scale = np.float32(1) / np.sqrt(square / count + _NORM_EPSILON)
        for k in range(x.shape[1]):
            out[i, k] = (x[i, k] - mean) * scale * weight[k] + bias[k]


@kernel
@no_type_check
def _silu(x, bias):
    """Add the bias and multiply by the logistic function, in place.

    The logistic function is (1 + tanh(v / 2)) / 2, and tanh a quotient of polynomials (Eigen's, exact to two units in the
    last place), which the compiler turns into vectors as it does not the exponential.
    """
    for i in range(x.shape[0]):
        for k in range(x.shape[1]):
            value = x[i, k] + bias[k]
            t = min(max(value * _HALF, -_TANH_IS_ONE), _TANH_IS_ONE)
            s = t * t
            odd = t * (_T1 + s * (_T3 + s * (_T5 + s * (_T7 + s * (_T9 + s * (_T11 + s * _T13))))))
            even = _E0 + s * (_E2 + s * (_E4 + s * _E6))
            x[i, k] = value * (_HALF + _HALF * (odd / even))


def _shuffled(x: Map) -> Map:
    """Spread four channels over two rows and two columns."""
    h, w, channels = x.shape
    return x.reshape(h, w, channels // 4, 2, 2).transpose(0, 3, 1, 4, 2).reshape(2 * h, 2 * w, channels // 4)


def _attention(qkv: Map) -> Map:
    """Let every pixel attend to all others; queries and keys are turned by their azimuth."""
    h, w, channels = qkv.shape
    query, key, value = qkv.reshape(h, w, 3, -1, _HEAD_CHANNELS).transpose(2, 3, 0, 1, 4)
    query, key = (_turned(part).reshape(len(part), h * w, -1) for part in (query, key))
    weights = query @ key.transpose(0, 2, 1)
    weights *= np.float32(_HEAD_CHANNELS**-0.5)
    np.exp(weights - weights.max(-1, keepdims=True), out=weights)
    weights /= weights.sum(-1, keepdims=True)
    attended = weights @ np.ascontiguousarray(value).reshape(len(value), h * w, -1)
    return np.ascontiguousarray(attended.transpose(1, 0, 2)).reshape(h, w, channels // 3)


def _turned(x: np.ndarray) -> np.ndarray:
    """Rotate channel pairs of (..., w, c) by whole multiples of the azimuth; see `builtin.turn_by_azimuth`."""
    w, c = x.shape[-2:]
    azimuth = np.arange(w, dtype=np.float32) * np.float32(2 * np.pi / w)
    angle = azimuth[:, None] * np.arange(c // 2, dtype=np.float32)
    cosine, sine = np.cos(angle), np.sin(angle)
    first, second = x[..., : c // 2], x[..., c // 2 :]
    return np.concatenate((first * cosine - second * sine, first * sine + second * cosine), -1)


def _elevation_features(height: int) -> Float32[np.ndarray, "h 4"]:
    elevation = np.float32(np.pi / 2) - np.float32(np.pi) * (np.arange(height, dtype=np.float32) + np.float32(0.5)) / height
    sine, cosine = np.sin(elevation), np.cos(elevation)
    plane = -np.log(np.maximum(np.abs(sine), HORIZON_SINE))
    return np.stack((sine, cosine, plane, -np.log(np.maximum(cosine, HORIZON_SINE))), -1).astype(np.float32)


def _with_rows(rgb: Map) -> Map:
    h, w, _ = rgb.shape
    rows = np.broadcast_to(_elevation_features(h)[:, None], (h, w, 4))
    return np.concatenate((rgb * np.float32(4) - np.float32(2), rows), -1)


def _smoothly_enlarged(maps: Map) -> Map:
    """Four times as many rows and columns, linear between pixel centres on the sphere."""
    padded = _padded(maps, 1)
    large = cv2.resize(padded, (4 * padded.shape[1], 4 * padded.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.float32)[4:-4, 4:-4]


def _near(maps: Map) -> np.ndarray:
    """Return the log of the distance that the first three maps say; see `spag4d.networks.builtin.answer`."""
    plane, cylinder = _elevation_features(len(maps))[:, 2:, None].transpose(1, 0, 2)
    factor, of_plane, of_cylinder = np.moveaxis(maps[..., :3], -1, 0)
    return np.float32(1.5) + factor + of_plane * plane + of_cylinder * cylinder


def _answers(maps: Map) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    sky, gap, choice = np.moveaxis(maps[..., 3:], -1, 0)
    return _near(maps), np.logaddexp(np.float32(0), gap + np.float32(FIRST_GAP)), choice + np.float32(FIRST_CHOICE), sky
