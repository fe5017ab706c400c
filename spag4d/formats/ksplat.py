"""The .ksplat file of GaussianSplats3D (Kellogg), read only: sections of Gaussians in buckets, of three levels of compression.

A header of 4096 bytes, one of 1024 for each section, then section by section how many Gaussians the buckets have that are not
full, where the buckets stand, and the Gaussians. Positions are relative to their bucket's middle where they are compressed.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.data import SH_COUNTS, Gaussians
from spag4d.errors import InputError
from spag4d.formats.format import Format, degree_in_words
from spag4d.formats.placing import ORIGIN, placed
from spag4d.formats.records import map_records, unit_quats
from spag4d.io.opening import require_file
from spag4d.progress import SILENT, Progress

_HEADER = struct.Struct("<BB2xIIIIHH12xff")
_SECTION = struct.Struct("<IIIIfH2xI4xIIH")
_HEADER_BYTES, _SECTION_BYTES = 4096, 1024
"""By the format, as all here."""
_CENTRE_BYTES = 12
"""Three floats, the centre of a bucket."""
_NUMBERS, _SH_NUMBERS = ("<f4", "<f2", "<f2"), ("<f4", "<f2", "u1")
"""By level of compression; compressed positions are whole numbers."""
_RANGE = 32767
"""Steps from a bucket's centre to its side, where the file does not name them."""
_SH_RANGE = (-1.5, 1.5)
"""Of coefficients in bytes, where the file does not name it."""


@dataclass(frozen=True)
class _File:
    sections: int
    count: int
    level: int
    sh_range: tuple[float, float]


@dataclass(frozen=True)
class _Section:
    count: int
    room: int
    bucket_room: int
    buckets: int
    block_m: float
    bucket_bytes: int
    steps: int
    full: int
    partial: int
    degree: int

    def bucket_of_each(self, sizes: np.ndarray) -> np.ndarray:
        """Return the bucket of each Gaussian: the full ones come first, then those of ``sizes``."""
        full = np.minimum(np.arange(self.full * self.bucket_room) // max(self.bucket_room, 1), self.full)
        return np.concatenate([full, np.repeat(self.full + np.arange(self.partial), sizes)])[:self.count]


def _recognises(path: Path, head: bytes) -> bool:
    """Go by the name, or see whether the header fits the file's size."""
    ending = path.suffix.lower()
    if ending in (".ksplat", ".splat") or len(head) < _HEADER.size:
        return ending == ".ksplat"
    major, minor, sections, _, room, count, level, *_ = _HEADER.unpack(head[:_HEADER.size])
    fits = _HEADER_BYTES + sections * _SECTION_BYTES + count * 24 <= path.stat().st_size
    return major == 0 and minor >= 1 and level <= 2 and sections > 0 and 0 < count <= room and fits


def read_ksplat(path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT) -> Gaussians:
    """Read a .ksplat file of version 0.1 or later, moved by ``shift_m``.

    Raises `InputError` for a file that is missing, empty, cut short, damaged, of another version or not a .ksplat file.
    """
    require_file(path)
    header = _header(path)
    start = _HEADER_BYTES + header.sections * _SECTION_BYTES
    parts = []
    for section in _sections(path, header):
        part, start = _read(path, header, section, start)
        parts.append(part)
    gaussians = Gaussians.concatenate(parts)
    if len(gaussians) != header.count or not header.count:
        raise InputError(f"{path} is damaged: it promises {header.count} Gaussians and holds {len(gaussians)}. Copy it again.")
    return replace(gaussians, means=placed(gaussians.means, shift_m, progress))


def describe_ksplat(path: Path) -> str:
    """Describe level of compression and degree of view-dependent colour; raises `InputError` as `read_ksplat` does."""
    header = _header(path)
    degree = max((section.degree for section in _sections(path, header)), default=0)
    return f"KSPLAT, compressed at level {header.level}{degree_in_words(degree)}"


def _header(path: Path) -> _File:
    with path.open("rb") as file:
        data = file.read(_HEADER_BYTES)
    if len(data) < _HEADER_BYTES:
        raise InputError(f"{path} is cut short or not a .ksplat file: its header takes {_HEADER_BYTES} bytes.")
    major, minor, sections, _, _, count, level, _, low, high = _HEADER.unpack(data[:_HEADER.size])
    if major != 0 or minor < 1 or level > 2:
        raise InputError(f"{path} is not a .ksplat file, or is one of version {major}.{minor} and level {level}; version "
                         "0.1 and levels 0 to 2 can be read.")
    if _HEADER_BYTES + sections * _SECTION_BYTES > path.stat().st_size:
        raise InputError(f"{path} is cut short: it promises {sections} sections. Copy or download it again.")
    return _File(sections, count, level, (low or _SH_RANGE[0], high or _SH_RANGE[1]))


def _sections(path: Path, header: _File) -> Iterator[_Section]:
    with path.open("rb") as file:
        file.seek(_HEADER_BYTES)
        for _ in range(header.sections):
            data = file.read(_SECTION_BYTES)
            count, room, bucket_room, buckets, block_m, size, steps, full, partial, degree = _SECTION.unpack(
                data[:_SECTION.size])
            section = _Section(count, room, bucket_room, buckets, block_m, size, steps or _RANGE, full, partial, degree)
            if degree >= len(SH_COUNTS) or count > room or full + partial > buckets or \
                    (header.level and size != _CENTRE_BYTES) or not np.isfinite(block_m):
                raise InputError(f"{path} is damaged: one of its sections is malformed. Copy or download it again.")
            yield section


def _read(path: Path, header: _File, section: _Section, start: int) -> tuple[Gaussians, int]:
    """Return the Gaussians of the section at a byte offset, and the offset of the next one."""
    record = _record(header.level, 3 * SH_COUNTS[section.degree])
    sizes = map_records(path, np.dtype("<u4"), start, section.partial)
    start += section.partial * 4
    centres = map_records(path, np.dtype(("<f4", 3)), start, section.buckets) if header.level else np.empty((0, 3), np.float32)
    start += section.buckets * section.bucket_bytes
    rows = map_records(path, record, start, section.room)[:section.count]
    means = rows["mean"].astype(np.float32)
    if header.level:
        if int(sizes.sum(dtype=np.uint64)) + section.full * section.bucket_room > section.room or \
                len(bucket := section.bucket_of_each(sizes)) < section.count:
            raise InputError(f"{path} is damaged: its buckets do not hold its Gaussians. Copy or download it again.")
        means = (means - section.steps) * np.float32(section.block_m / 2 / section.steps) + centres[bucket]
    rgba = rows["rgba"] / np.float32(255)
    sh = _sh(rows["sh"], header) if section.degree else None
    gaussians = Gaussians(means, rows["scale"].astype(np.float32), unit_quats(rows["quat"].astype(np.float32)),
                          rgba[:, 3].copy(), rgba[:, :3].copy(), sh)
    return gaussians, start + section.room * record.itemsize


def _record(level: int, sh_numbers: int) -> np.dtype:
    number = _NUMBERS[level]
    return np.dtype([("mean", "<u2" if level else "<f4", 3), ("scale", number, 3), ("quat", number, 4), ("rgba", "u1", 4),
                     ("sh", _SH_NUMBERS[level], sh_numbers)])


def _sh(packed: np.ndarray, header: _File) -> Float32[np.ndarray, "n k 3"]:
    """Return the coefficients, which stand degree by degree, and within each channel by channel."""
    values = packed.astype(np.float32)
    if header.level == 2:
        low, high = header.sh_range
        values = np.float32(low) + values * np.float32((high - low) / 255)
    bands, start = [], 0
    for degree in range(1, 1 + SH_COUNTS.index(values.shape[1] // 3)):
        width = 3 * (2 * degree + 1)
        bands.append(values[:, start:start + width].reshape(-1, 3, width // 3).swapaxes(1, 2))
        start += width
    return np.concatenate(bands, 1)


KSPLAT = Format("ksplat", "KSPLAT", "Read, not written", _recognises, read_ksplat, describe_ksplat, shown=7, beginning=False)
