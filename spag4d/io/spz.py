"""The .spz file, version 3 (Niantic): gzip around a header of 16 bytes and 20 bytes for each Gaussian, attribute by attribute.

Positions are whole numbers of 24 bits, in units of 1/4096 m unless the scene reaches farther than 2 km. Colours are
coefficients of degree 0 in steps that span -0.44 to 1.44; logarithms of scales have steps of 1/16 from -10, 45 µm to 380 m.
The specification has y up; every reader, though, takes what is there as it is, and expects y down as in a PLY.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from spag4d.color import rgb_from_sh0, sh0_from_rgb
from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.io.atomic import atomic_path
from spag4d.io.gzip_stream import GzipReader, Piece, gzipped
from spag4d.io.records import CHUNK, require_file
from spag4d.io.smallest_three import from_unsigned, quats_from_smallest_three, smallest_three
from spag4d.io.usable import usable
from spag4d.progress import SILENT, Progress

_MAGIC, _VERSION, _OLDER_VERSION = b"NGSP", 3, 2
_HEADER = struct.Struct("<4sIIBBBB")
_FRACTIONAL_BITS = 12
_LARGEST_FIXED = (1 << 23) - 1
_COLOR_SCALE = 0.15
_SCALE_STEPS, _SCALE_LOW = 16, -10
_MAGNITUDE = 511
_LEVEL = 6
_SH_VALUES = (0, 9, 24, 45, 72)

_Bytes = UInt8[np.ndarray, "m k"]


def write_spz(path: Path, gaussians: Gaussians, *, comments: Sequence[str] = (), progress: Progress = SILENT) -> None:
    """Write version 3 of the format, in the order that the Gaussians have; there is no place for ``comments``.

    Positions are off by 1/8192 m at most, scales by 3.2 %, rotations by 0.3°, colours and opacities by 1/255. Raises
    `InputError` where ``path`` cannot be written, `ResourceError` when the disk is full, `Cancelled`; an older file stays as
    it was then.
    """
    gaussians = usable(gaussians, progress)
    count, bits = len(gaussians), _fractional_bits(gaussians.means, progress)
    encoders: list[Callable[[slice], _Bytes]] = [
        partial(_positions, gaussians.means, bits), partial(_opacities, gaussians.opacities),
        partial(_colors, gaussians.colors), partial(_scales, gaussians.scales), partial(_rotations, gaussians.quats_wxyz)]
    header = _HEADER.pack(_MAGIC, _VERSION, count, 0, bits, 0, 0)
    done = 0
    progress.report("Writing SPZ", 0, count)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for taken, part in gzipped(_pieces(header, encoders, count), _LEVEL):
            file.write(part)
            done += taken
            if taken:
                progress.report("Writing SPZ", done // len(encoders), count)


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
        progress.warn(f"the scene reaches {farthest:,.0f} m, so that the SPZ file holds positions in steps of {step_m:g} m")
    return bits


def _positions(means: Float32[np.ndarray, "n 3"], bits: int, rows: slice) -> _Bytes:
    fixed = np.clip(np.rint(means[rows] * np.float32(1 << bits)), -_LARGEST_FIXED, _LARGEST_FIXED)
    return fixed.astype("<i4").view(np.uint8).reshape(-1, 3, 4)[:, :, :3].reshape(-1, 9)


def _opacities(opacities: Float32[np.ndarray, " n"], rows: slice) -> _Bytes:
    return _rounded(opacities[rows] * np.float32(255))[:, None]


def _colors(colors: Float32[np.ndarray, "n 3"], rows: slice) -> _Bytes:
    return _rounded(sh0_from_rgb(colors[rows]) * np.float32(255 * _COLOR_SCALE) + np.float32(127.5))


def _scales(scales: Float32[np.ndarray, "n 3"], rows: slice) -> _Bytes:
    return _rounded((np.log(np.maximum(scales[rows], np.float32(1e-30))) - _SCALE_LOW) * _SCALE_STEPS)


def _rotations(quats_wxyz: Float32[np.ndarray, "n 4"], rows: slice) -> _Bytes:
    """Pack the index of the largest of x, y, z, w and the others, each as sign and magnitude, into words."""
    largest, others = smallest_three(quats_wxyz[rows])
    others = np.where((largest > 0)[:, None], np.roll(others, -1, 1), others)  # w comes last here
    words = ((largest + 3) % 4).astype(np.uint32)
    for value in others.T:
        magnitude = np.minimum(np.rint(np.abs(value) * _MAGNITUDE), _MAGNITUDE).astype(np.uint32)
        words = (words << np.uint32(10)) | ((value < 0).astype(np.uint32) << np.uint32(9)) | magnitude
    return words.astype("<u4").view(np.uint8).reshape(-1, 4)


def _rounded(values: Float32[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def read_spz(path: Path) -> Gaussians:
    """Read a .spz file of version 2 or 3 of any tool; view-dependent colour is left out.

    Raises `InputError` for a file that is missing, empty, cut short, damaged, of another version or no .spz file.
    """
    header = read_spz_header(path)
    count = header.count
    with GzipReader(path) as file:
        file.read(_HEADER.size)

        def block(width: int) -> UInt8[np.ndarray, "n k"]:
            return np.frombuffer(file.read(count * width), np.uint8).reshape(count, width)

        means, alphas, colors, scales = block(9), block(1), block(3), block(3)
        quats = _quats(block(4)) if header.version == _VERSION else _older_quats(block(3))
        file.read(count * _SH_VALUES[header.degree])
        file.check_end()
    return Gaussians(
        means=_means(means, header.fractional_bits),
        scales=np.exp(scales.astype(np.float32) / _SCALE_STEPS + _SCALE_LOW),
        quats_wxyz=quats,
        opacities=alphas[:, 0].astype(np.float32) / 255,
        colors=np.clip(rgb_from_sh0(_sh0(colors)), 0, 1),
    )


@dataclass(frozen=True)
class SpzHeader:
    """What a file says of itself; ``degree`` is that of view-dependent colour."""

    version: int
    count: int
    degree: int
    fractional_bits: int


def read_spz_header(path: Path) -> SpzHeader:
    """Read the header of a .spz file; raises `InputError` for what cannot be read."""
    require_file(path)
    _refuse_newer(path)
    with GzipReader(path) as file:
        magic, version, count, degree, bits, _, _ = _HEADER.unpack(file.read(_HEADER.size))
    if magic != _MAGIC:
        raise InputError(f"{path} is no .spz file: it does not begin with NGSP.")
    if version not in (_OLDER_VERSION, _VERSION) or degree >= len(_SH_VALUES) or bits > 23:
        raise InputError(f"{path} is a .spz file of version {version} and degree {degree}; versions 2 and 3 can be read.")
    return SpzHeader(version, count, degree, bits)


def _refuse_newer(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(4) == _MAGIC:
            raise InputError(f"{path} is a .spz file of version 4 or newer, and versions 2 and 3 can be read: save it as one.")


def _sh0(packed: _Bytes) -> Float32[np.ndarray, "n 3"]:
    return ((packed.astype(np.float32) / 255 - 0.5) / _COLOR_SCALE).astype(np.float32, copy=False)


def _means(fixed: _Bytes, bits: int) -> Float32[np.ndarray, "n 3"]:
    words = np.zeros((len(fixed), 3, 4), np.uint8)
    words[:, :, 1:] = fixed.reshape(-1, 3, 3)
    return (words.view("<i4")[:, :, 0] >> 8).astype(np.float32) / np.float32(1 << bits)


def _quats(packed: _Bytes) -> Float32[np.ndarray, "n 4"]:
    largest, fields = from_unsigned(np.ascontiguousarray(packed).view("<u4")[:, 0], 10)
    negative = fields > _MAGNITUDE
    others = np.where(negative, (_MAGNITUDE + 1) - fields, fields) / np.float32(_MAGNITUDE)
    largest = (largest + 1) % 4
    return quats_from_smallest_three(largest, np.where((largest > 0)[:, None], np.roll(others, 1, 1), others))


def _older_quats(packed: _Bytes) -> Float32[np.ndarray, "n 4"]:
    """Return the quaternions of version 2: x, y, z in bytes, and a positive w that follows from them."""
    xyz = packed.astype(np.float32) / np.float32(127.5) - 1
    square = np.einsum("ij,ij->i", xyz, xyz)
    quats = np.column_stack([np.sqrt(np.maximum(1 - square, 0)), xyz])
    return (quats / np.sqrt(np.maximum(square, 1))[:, None]).astype(np.float32)
