"""Gaussians of a .spz file of any tool, version 1 to 4."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from spag4d.color import rgb_from_sh0
from spag4d.data import SH_COUNTS, Gaussians
from spag4d.errors import InputError
from spag4d.formats.gzip_stream import GzipReader
from spag4d.formats.placing import ORIGIN, placed
from spag4d.formats.smallest_three import from_unsigned, quats_from_smallest_three
from spag4d.formats.spz_write import COLOR_SCALE, HEADER, MAGIC, MAGNITUDE, SCALE_LOW, SCALE_STEPS, SH_STEPS
from spag4d.formats.zstd_streams import zstd_blocks
from spag4d.io.opening import require_file
from spag4d.io.unpacked_size import check_unpacked
from spag4d.io.zip_archive import GZIP
from spag4d.progress import SILENT, Progress

_HALVES, _SMALLEST_THREE, _STREAMS, _NEWEST = 1, 3, 4, 4
"""Versions: positions as half floats, the first with rotations by their smallest three, the first of zstd streams."""
_SH_COUNTS = (*SH_COUNTS, 24)
"""Coefficients by degree, up to 4, which is read and cut to 3."""
_MOST_FRACTIONAL_BITS = 23
"""A place has 24 bits, one of them the sign."""

_Bytes = UInt8[np.ndarray, "m k"]


@dataclass(frozen=True)
class SpzHeader:
    """A file's header; ``degree`` is that of view-dependent colour."""

    version: int
    count: int
    degree: int
    fractional_bits: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Bytes for each Gaussian, block by block: positions, opacities, colours, scales, rotations, view-dependent colours."""
        positions = 6 if self.version == _HALVES else 9
        return positions, 1, 3, 3, 4 if self.version >= _SMALLEST_THREE else 3, 3 * _SH_COUNTS[self.degree]


def read_spz(path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT) -> Gaussians:
    """Read a .spz file of version 1 to 4 of any tool, packed or not, moved by ``shift_m``.

    Raises `InputError` for a file that is missing, empty, cut short, damaged, of another version or no .spz file.
    """
    header = read_spz_header(path)
    check_unpacked(path.stat().st_size, header.count * sum(header.widths), path)
    if header.version >= _STREAMS:
        means, alphas, colors, scales, quats, sh = zstd_blocks(path, header.count, header.widths)
    else:
        with GzipReader(path, packed=_is_packed(path)) as file:
            file.read(HEADER.size)
            means, alphas, colors, scales, quats, sh = (
                np.frombuffer(file.read(header.count * width), np.uint8).reshape(-1, width or 1) for width in header.widths)
            file.check_end()
    coefficients = _sh(sh, header, path, progress)
    base = rgb_from_sh0(_sh0(colors))
    return Gaussians(
        means=placed(_means(means, header), shift_m, progress),
        scales=np.exp(scales.astype(np.float32) / SCALE_STEPS + SCALE_LOW),
        quats_wxyz=_quats(quats) if header.version >= _SMALLEST_THREE else _older_quats(quats),
        opacities=alphas[:, 0].astype(np.float32) / 255,
        colors=np.clip(base, 0, 1) if coefficients is None else base,
        sh=coefficients,
    )


def read_spz_header(path: Path) -> SpzHeader:
    """Read the header of a .spz file; raises `InputError` for what cannot be read."""
    require_file(path)
    with GzipReader(path, packed=_is_packed(path)) as file:
        magic, version, count, degree, bits, _, streams = HEADER.unpack(file.read(HEADER.size))
    if magic != MAGIC:
        raise InputError(f"{path} is not a .spz file: it does not begin with NGSP.")
    if not 1 <= version <= _NEWEST or degree >= len(_SH_COUNTS) or bits > _MOST_FRACTIONAL_BITS:
        raise InputError(f"{path} is a .spz file of version {version} and degree {degree}; those up to {_NEWEST} can be read.")
    if version >= _STREAMS and (_is_packed(path) or not streams and count):
        raise InputError(f"{path} is damaged: a .spz file of version {version} holds streams, and this one has none. Copy or "
                         "download it again.")
    return SpzHeader(version, count, degree, bits)


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP


def _sh0(packed: _Bytes) -> Float32[np.ndarray, "n 3"]:
    return ((packed.astype(np.float32) / 255 - 0.5) / COLOR_SCALE).astype(np.float32, copy=False)


def _sh(
    packed: UInt8[np.ndarray, "n c"], header: SpzHeader, path: Path, progress: Progress
) -> Float32[np.ndarray, "n k 3"] | None:
    kept = min(_SH_COUNTS[header.degree], SH_COUNTS[-1])
    if not kept:
        return None
    if kept < _SH_COUNTS[header.degree]:
        progress.warn(f"{path.name} has view-dependent colour of degree {header.degree}: everything above degree 3 is left out")
    return ((packed[:, :3 * kept].astype(np.float32) - SH_STEPS) / SH_STEPS).reshape(-1, kept, 3)


def _means(packed: _Bytes, header: SpzHeader) -> Float32[np.ndarray, "n 3"]:
    if header.version == _HALVES:
        return np.ascontiguousarray(packed).view("<f2").astype(np.float32)
    words = np.zeros((len(packed), 3, 4), np.uint8)
    words[:, :, 1:] = packed.reshape(-1, 3, 3)
    return (words.view("<i4")[:, :, 0] >> 8).astype(np.float32) / np.float32(1 << header.fractional_bits)


def _quats(packed: _Bytes) -> Float32[np.ndarray, "n 4"]:
    largest, fields = from_unsigned(np.ascontiguousarray(packed).view("<u4")[:, 0], 10)
    negative = fields > MAGNITUDE
    others = np.where(negative, (MAGNITUDE + 1) - fields, fields) / np.float32(MAGNITUDE)
    largest = (largest + 1) % 4
    return quats_from_smallest_three(largest, np.where((largest > 0)[:, None], np.roll(others, 1, 1), others))


def _older_quats(packed: _Bytes) -> Float32[np.ndarray, "n 4"]:
    """Return the quaternions of version 1 and 2: x, y, z in bytes, and a positive w that follows from them."""
    xyz = packed.astype(np.float32) / np.float32(127.5) - 1
    square = np.einsum("ij,ij->i", xyz, xyz)
    quats = np.column_stack([np.sqrt(np.maximum(1 - square, 0)), xyz])
    return (quats / np.sqrt(np.maximum(square, 1))[:, None]).astype(np.float32)
