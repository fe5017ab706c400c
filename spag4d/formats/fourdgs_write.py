"""Writing a .4dgs file as its Gaussians come.

Counts, windows and the box stand at the beginning and are known at the end, so the packed chunks wait in a nameless file.
"""

import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Float32

from spag4d import __version__
from spag4d.data import Moving
from spag4d.errors import InputError
from spag4d.formats.finite import is_usable
from spag4d.formats.fourdgs_grid import POSITION, bounds_of, fits, steps_for, to_bins
from spag4d.formats.fourdgs_records import (
    MAGIC,
    Box,
    Header,
    Steps,
    chunk_record,
    footer_record,
    header_record,
    index_record,
    steps_record,
    windows_record,
)
from spag4d.formats.fourdgs_streams import encoded
from spag4d.formats.fourdgs_way import way_records
from spag4d.formats.hilbert import curve_order
from spag4d.formats.moving import Timeline
from spag4d.progress import SILENT, Progress

_CHUNK = 1 << 18
"""Gaussians: 2 MB packed, which a player has before long, and 100 MB while it is being packed."""
_SAMPLE = 1 << 17
"""Gaussians: more than sixteen of the blocks in which animations lay copies, and 0.1 s."""
_CUTOFF = 0.05
"""The share of its opacity at which a Gaussian is gone: the draft's usual one."""
COMMENT, FPS, AXES = "comment_", "fps", "coordinate_system"
_ATTRIBUTES = {AXES: "y-up-right-handed", "color_space": "srgb-rec709-display", "visibility_profile": "box"}
_TO_Y_UP = np.array([1, -1, -1], np.float32)
"""The half turn about x."""


@dataclass
class _Written:
    """What has been packed so far."""

    spool: BinaryIO
    windows: dict[tuple[float, float], int] = field(default_factory=dict)
    chunks: list[tuple[float, float, int, int, int]] = field(default_factory=list)
    low: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    high: np.ndarray = field(default_factory=lambda: np.full(3, -np.inf))

    @property
    def count(self) -> int:
        """Gaussians so far."""
        return sum(chunk[4] for chunk in self.chunks)

    @property
    def box(self) -> Box:
        """Least and greatest coordinates."""
        return tuple(float(value) for value in (*self.low, *self.high))  # type: ignore[return-value]

    def numbers(self, windows_s: np.ndarray) -> np.ndarray:
        """Return the numbers of windows (n, 2) in the table, into which new ones go."""
        starts, ends = np.unique(windows_s[:, 0]), np.unique(windows_s[:, 1])  # few: a tenth of the time that pairs take
        pairs = np.searchsorted(starts, windows_s[:, 0]) * len(ends) + np.searchsorted(ends, windows_s[:, 1])
        distinct = np.unique(pairs)
        known = [self.windows.setdefault((float(starts[pair // len(ends)]), float(ends[pair % len(ends)])), len(self.windows))
                 for pair in distinct]
        return np.array(known, np.int64)[np.searchsorted(distinct, pairs)]


def write_fourdgs(
    path: Path, timeline: Timeline, parts: Iterable[Moving], /, *, comments: Iterable[str] = (), progress: Progress = SILENT
) -> int:
    """Write the parts, the first of which decides how fine the grids are; return the number of Gaussians written.

    Positions are off by a twentieth of the usual size at most, sizes by 2 %, turns by 0.35°, colours and opacities by one
    level of 255. View-dependent colour, Gaussians that are not finite and those beyond the grid are left out with a warning.
    """
    steps: Steps | None = None
    with tempfile.TemporaryFile(dir=path.parent) as spool, ThreadPoolExecutor() as pool:
        written = _Written(spool)
        for part in parts:
            if len(part):
                steps = steps or steps_for(part.gaussians)
                _add(written, part, steps, pool, progress)
            del part  # before the next one is made
        if steps is None or not written.count:
            raise InputError("there is nothing to write: the scene has no usable Gaussian.")
        _assemble(path, timeline, written, steps, list(comments))
    return written.count


def _kept(part: Moving, steps: Steps, progress: Progress) -> Moving:
    """Return what can be stored, in the order in which it packs best."""
    if part.gaussians.sh is not None:
        progress.warn("a .4dgs file is written without view-dependent colour", general=True)
    keep = is_usable(part.gaussians) & fits(part, steps)
    if left_out := len(keep) - int(np.count_nonzero(keep)):
        progress.warn(f"{left_out:,} of {len(keep):,} Gaussians are left out: a value is not finite, or too large for the file")
    members = np.flatnonzero(keep)
    means = part.gaussians.means[members]
    order = curve_order(means, in_shells=True)
    return part.select(members if _packed_size(means, steps) <= _packed_size(means[order], steps) else members[order])


def _packed_size(means: Float32[np.ndarray, "n 3"], steps: Steps) -> int:
    """Return the bytes of a sample of places: panoramas' rows beat any curve, and so do copies where each block repeats one."""
    some = means[max(0, (len(means) - _SAMPLE) // 2) :][:_SAMPLE]
    return len(encoded(POSITION, np.rint(some / np.float32(steps.position_m)).astype(np.int64)))


def _add(written: _Written, part: Moving, steps: Steps, pool: ThreadPoolExecutor, progress: Progress) -> None:
    """Pack a part, in chunks."""
    kept = turned_half(_kept(part, steps, progress))
    for start in range(0, len(kept), _CHUNK):
        _add_chunk(written, kept.select(slice(start, start + _CHUNK)), steps, pool)


def _add_chunk(written: _Written, part: Moving, steps: Steps, pool: ThreadPoolExecutor) -> None:
    means = part.gaussians.means
    written.low, written.high = np.minimum(written.low, means.min(0)), np.maximum(written.high, means.max(0))
    bins = to_bins(part, written.numbers(part.windows_s), steps, _CUTOFF)
    streams = b"".join(pool.map(encoded, bins.keys(), bins.values()))
    first_s, last_s = float(part.windows_s[:, 0].min()), float(part.windows_s[:, 1].max())
    data = chunk_record(first_s, last_s, len(part), streams)
    written.chunks.append((first_s, last_s, written.spool.tell(), len(data), len(part)))
    written.spool.write(data)


def turned_half(part: Moving) -> Moving:
    """Return moving Gaussians turned by 180° about x: from y down to y up, or back."""
    gaussians = part.gaussians
    w, x, y, z = gaussians.quats_wxyz.T
    turned = replace(gaussians, means=gaussians.means * _TO_Y_UP, quats_wxyz=np.stack([-x, w, -z, y], 1), sh=None)
    return replace(part, gaussians=turned, velocities=part.velocities * _TO_Y_UP)


def _assemble(path: Path, timeline: Timeline, written: _Written, steps: Steps, comments: Sequence[str]) -> None:
    """Write the whole file: what lives longest first, then by the time at which it begins."""
    notes = {f"{COMMENT}{number:02d}": comment for number, comment in enumerate(comments)}
    rate = {} if timeline.fps is None else {FPS: repr(float(timeline.fps))}
    header = Header(timeline.duration_s, written.count, _CUTOFF, written.box, f"SPAG-4D {__version__}",
                    attributes={**_ATTRIBUTES, **rate, **notes})
    order = sorted(written.chunks, key=lambda chunk: (chunk[0], -chunk[1], chunk[2]))
    with path.open("wb") as file:
        file.write(MAGIC + header_record(header) + steps_record(steps, bounds_of(steps)))
        file.write(windows_record(list(written.windows)))
        file.write(b"" if timeline.way is None else way_records(timeline.way))
        summary = b"".join(_copied(file, written.spool, order))
        summary_at = file.tell()
        file.write(summary + footer_record(summary_at, zlib.crc32(summary)) + MAGIC)


def _copied(file: BinaryIO, spool: BinaryIO, chunks: Sequence[tuple[float, float, int, int, int]]) -> Iterator[bytes]:
    """Copy the chunks, and yield the record of where each of them is."""
    for first_s, last_s, start, size, count in chunks:
        spool.seek(start)
        at = file.tell()
        data = spool.read(size)
        file.write(data)
        yield index_record(first_s, last_s, at, size, count)
