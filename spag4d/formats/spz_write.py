"""The .spz file, version 3 (Niantic): gzip around a header of 16 bytes and 20 bytes for each Gaussian, attribute by attribute.

Positions are whole numbers of 24 bits, in units of 1/4096 m unless the scene reaches farther than 2 km. Colours are
coefficients of degree 0 in steps that span -0.44 to 1.44, and those above it, up to 45 bytes more, steps of 1/128 from -1 to
1; logarithms of scales have steps of 1/16 from -10, 45 µm to 380 m. The specification has y up; every
reader, though, takes what is there as it is, and expects y down as in a PLY.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from spag4d.color import sh0_from_rgb
from spag4d.data import Gaussians
from spag4d.formats.gzip_stream import Piece, gzipped
from spag4d.formats.records import CHUNK
from spag4d.formats.smallest_three import smallest_three
from spag4d.progress import SILENT, Progress

MAGIC, _VERSION = b"NGSP", 3
"""By the format."""
HEADER = struct.Struct("<4sIIBBBB")
_FRACTIONAL_BITS = 12
"""Of a place in metres, steps of a quarter of a millimetre out to 2 km; fewer where a scene is larger."""
_LARGEST_FIXED = (1 << 23) - 1
"""24 bits with the sign."""
COLOR_SCALE = 0.15
"""By the format, as all below: a byte of colour holds harmonics of degree 0 up to ±3.3."""
SCALE_STEPS, SCALE_LOW = 16, -10
"""A byte of size holds a logarithm in steps of 1/16, from -10 on."""
MAGNITUDE = 511
"""Nine bits hold a component of a rotation."""
_LEVEL = 6
"""zlib's default."""
SH_STEPS = np.float32(128)
"""A byte of view-dependent colour holds -1 to 1."""

_Bytes = UInt8[np.ndarray, "m k"]


def write_spz(path: Path, gaussians: Gaussians, *, comments: Sequence[str] = (), progress: Progress = SILENT) -> None:
    """Write version 3 of the format, in the order that the Gaussians have; there is no place for ``comments``.

    Positions are off by 1/8192 m at most, scales by 3.2 %, rotations by 0.3°, colours and opacities by 1/255.
    """
    count, bits = len(gaussians), _fractional_bits(gaussians.means, progress)
    encoders: list[Callable[[slice], _Bytes]] = [
        partial(_positions, gaussians.means, bits), partial(_opacities, gaussians.opacities),
        partial(_colors, gaussians.colors), partial(_scales, gaussians.scales), partial(_rotations, gaussians.quats_wxyz)]
    if gaussians.sh is not None:
        encoders.append(partial(_sh, gaussians.sh))
    header = HEADER.pack(MAGIC, _VERSION, count, gaussians.sh_degree, bits, 0, 0)
    done = 0
    with path.open("wb") as file:
        for taken, part in gzipped(_pieces(header, encoders, count), _LEVEL):
            file.write(part)
            done += taken
            if taken:
                progress.report("Writing", done // len(encoders), count)


def _pieces(header: bytes, encoders: Sequence[Callable[[slice], _Bytes]], count: int) -> Iterator[Piece]:
    yield 0, lambda: header
    for encode in encoders:
        for start in range(0, count, CHUNK):
            rows = slice(start, min(start + CHUNK, count))
            yield rows.stop - start, lambda encode=encode, rows=rows: encode(rows).tobytes()


def _fractional_bits(means: Float32[np.ndarray, "n 3"], progress: Progress) -> int:
    """Return how many bits of a coordinate are behind the point: fewer where the scene reaches very far."""
    farthest = float(np.abs(means).max()) if len(means) else 0.0
    bits = _FRACTIONAL_BITS
    while bits > 0 and farthest * (1 << bits) > _LARGEST_FIXED:
        bits -= 1
    if bits < _FRACTIONAL_BITS:
        step_m = 2.0 ** -bits
        progress.warn(f"the scene reaches {farthest:,.0f} m, so the SPZ file stores positions in steps of {step_m:g} m")
    return bits


def _positions(means: Float32[np.ndarray, "n 3"], bits: int, rows: slice) -> _Bytes:
    fixed = np.clip(np.rint(means[rows] * np.float32(1 << bits)), -_LARGEST_FIXED, _LARGEST_FIXED)
    return fixed.astype("<i4").view(np.uint8).reshape(-1, 3, 4)[:, :, :3].reshape(-1, 9)


def _opacities(opacities: Float32[np.ndarray, " n"], rows: slice) -> _Bytes:
    return _rounded(opacities[rows] * np.float32(255))[:, None]


def _colors(colors: Float32[np.ndarray, "n 3"], rows: slice) -> _Bytes:
    return _rounded(sh0_from_rgb(colors[rows]) * np.float32(255 * COLOR_SCALE) + np.float32(127.5))


def _scales(scales: Float32[np.ndarray, "n 3"], rows: slice) -> _Bytes:
    return _rounded((np.log(np.maximum(scales[rows], np.float32(1e-30))) - SCALE_LOW) * SCALE_STEPS)


def _rotations(quats_wxyz: Float32[np.ndarray, "n 4"], rows: slice) -> _Bytes:
    """Pack the index of the largest of x, y, z, w and the others, each as sign and magnitude, into words."""
    largest, others = smallest_three(quats_wxyz[rows])
    others = np.where((largest > 0)[:, None], np.roll(others, -1, 1), others)  # w comes last here
    words = ((largest + 3) % 4).astype(np.uint32)
    for value in others.T:
        magnitude = np.minimum(np.rint(np.abs(value) * MAGNITUDE), MAGNITUDE).astype(np.uint32)
        words = (words << np.uint32(10)) | ((value < 0).astype(np.uint32) << np.uint32(9)) | magnitude
    return words.astype("<u4").view(np.uint8).reshape(-1, 4)


def _sh(sh: Float32[np.ndarray, "n c 3"], rows: slice) -> _Bytes:
    return _rounded(sh[rows] * SH_STEPS + SH_STEPS).reshape(rows.stop - rows.start, -1)


def _rounded(values: Float32[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
