"""Reading a .4dgs file: its heads when it is opened, its chunks when they are asked for."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Float64

from spag4d.data import Gaussians, Moving
from spag4d.errors import InputError, printable
from spag4d.formats.fourdgs_grid import CHANNELS, LARGEST, STORED_BYTES, WINDOW, from_bins
from spag4d.formats.fourdgs_records import (
    BIRTH,
    CHUNK,
    HEADER,
    MAGIC,
    OBJECT_TRACK,
    QUANTIZATION,
    RECORD,
    SCHEME,
    SH_BAND,
    WINDOWS,
    ChunkHead,
    Fields,
    Header,
    Steps,
    chunk_head,
    header_of,
    steps_of,
    windows_of,
)
from spag4d.formats.fourdgs_streams import damaged, decoded, unpacked
from spag4d.formats.fourdgs_way import TRAJECTORY, Y_UP, turned_way, way_of
from spag4d.formats.fourdgs_write import AXES, COMMENT, FPS, turned_half
from spag4d.formats.moving import Timeline
from spag4d.geometry.rotation import turned_quats
from spag4d.geometry.way import Way
from spag4d.io.opening import opened
from spag4d.io.unpacked_size import check_unpacked
from spag4d.progress import SILENT, Progress

_LARGEST_HEAD = 16 << 20
"""Bytes: a million windows. Larger heads are not honest ones."""
_CHUNK_HEAD = 128
"""Bytes, more than stand before a chunk's streams."""
_PACKINGS = {"deflate": 0, "zstd": 1}
_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""To y down, z forward from z up, y forward."""
_TURNS = {"y-up-right-handed": Y_UP, "z-up-right-handed": _Z_UP}
_FASTEST_FPS = 1000.0
"""Pictures a second that a file may state."""


@dataclass(frozen=True)
class _Place:
    """Where a chunk's streams are, and what stands before them."""

    offset: int
    head: ChunkHead


class FourdgsFile:
    """An opened file; raises `InputError` where it is damaged, cut short, or of a kind that cannot be read."""

    def __init__(self, path: Path) -> None:
        """Read the heads of all records; nothing is unpacked."""
        self._path, self.notices = path, set[str]()
        self._header: Header | None = None
        self._grid: Steps | None = None
        self._way: Way | None = None
        self._windows: list[tuple[float, float]] = []
        self._places: list[_Place] = []
        self._shown: dict[int, Moving] = {}
        self._size = path.stat().st_size
        with opened(path, "scene") as file:
            self._walk(file)
        self._check()

    @property
    def _head(self) -> Header:
        assert self._header is not None
        return self._header

    @property
    def timeline(self) -> Timeline:
        """How long it is, and its pictures a second where the file says that."""
        try:
            fps = float(self._head.attributes.get(FPS, "nan"))
        except ValueError:
            fps = math.nan
        turn = self._turn
        way = self._way if self._way is None or turn is None else turned_way(self._way, turn)
        return Timeline(self._head.duration_s, fps if 0 < fps <= _FASTEST_FPS else None, way=way)

    @property
    def count(self) -> int:
        """Number of Gaussians stored."""
        return sum(place.head.count for place in self._places)

    @property
    def encoding(self) -> str:
        """Version, precision and number of chunks, for people."""
        assert self._grid is not None
        by = f", by {printable(self._head.library)[:80]}" if self._head.library else ""
        return (f"4DGS version 1 in {len(self._places)} chunks, positions in steps of {1000 * self._grid.position_m:.3g} mm"
                f"{by}")

    @property
    def comments(self) -> list[str]:
        """What SPAG-4D noted."""
        return [printable(text) for name, text in self._head.attributes.items() if name.startswith(COMMENT)]

    def parts(
        self, first_s: float = -math.inf, last_s: float = math.inf, *, progress: Progress = SILENT
    ) -> Iterator[Moving]:
        """Yield the chunks that live between two times, one by one."""
        chosen = [place for place in self._places
                  if place.head.count and place.head.first_s <= last_s and first_s < place.head.last_s]
        with opened(self._path, "scene") as file:
            for number, place in enumerate(chosen):
                progress.report("Reading", number, len(chosen))
                yield self._part(file, place)
        progress.report("Reading", len(chosen), len(chosen))

    def at(self, time_s: float) -> Gaussians:
        """Return the scene at a time, at the very end the last moment before it; its chunks are kept for the next call."""
        time_s = min(time_s, math.nextafter(self._head.duration_s, 0))
        wanted = [place for place in self._places if place.head.count and place.head.first_s <= time_s < place.head.last_s]
        with opened(self._path, "scene") as file:
            self._shown = {place.offset: self._shown.get(place.offset) or self._part(file, place) for place in wanted}
        return Gaussians.concatenate([part.at(time_s, self._head.cutoff) for part in self._shown.values()])

    def _walk(self, file: BinaryIO) -> None:
        at = len(MAGIC)
        if file.read(at) != MAGIC:
            raise InputError(f"{self._path} is not a .4dgs file of version 1.")
        while at + RECORD.size <= self._size:
            file.seek(at)
            kind, size = RECORD.unpack(file.read(RECORD.size))
            at += RECORD.size
            if size > self._size - at:
                raise InputError(f"{self._path} is cut short: a record promises {size:,} bytes and has {self._size - at:,}. "
                                 "Copy or download it again.")
            self._take(file, kind, size, at)
            at += size
        file.seek(at)
        if file.read() != MAGIC:
            raise InputError(f"{self._path} is cut short: its end is missing. Copy or download it again.")

    def _take(self, file: BinaryIO, kind: int, size: int, at: int) -> None:
        """Keep what is needed of one record."""
        if kind == CHUNK:
            fields = Fields(file.read(min(size, _CHUNK_HEAD)), self._path)
            head = chunk_head(fields)
            if head.size > size - fields.at:
                raise damaged(self._path, "a chunk is longer than its record")
            self._places.append(_Place(at + fields.at, head))
        elif kind in (HEADER, QUANTIZATION, WINDOWS, TRAJECTORY):
            if size > _LARGEST_HEAD:
                raise damaged(self._path, f"its head has {size:,} bytes")
            self._keep(kind, file.read(size))
        elif kind == SH_BAND:
            self.notices.add("has view-dependent colour, which is left out")
        elif kind == OBJECT_TRACK:
            self.notices.add("moves things as wholes, which is left out")

    def _keep(self, kind: int, content: bytes) -> None:
        if kind == HEADER:
            self._header = header_of(content, self._path)
            if self._head.model != BIRTH:
                raise InputError(f"{self._path} keeps its motion in another way ({printable(self._head.model)[:40]}), which "
                                 f"cannot be read; '{BIRTH}' can.")
        elif kind == QUANTIZATION:
            scheme, self._grid = steps_of(content, self._path)
            if scheme != SCHEME:
                raise InputError(f"{self._path} is packed in a way that is not known ({printable(scheme)[:40]}).")
        elif kind == TRAJECTORY:
            self._way = self._way or way_of(content, self._path)
        else:
            self._windows = windows_of(content, self._path)

    def _check(self) -> None:
        """Raise `InputError` where heads are missing or hold what cannot be, or promise more than the file can hold."""
        if self._header is None or self._grid is None:
            raise damaged(self._path, "its header is missing")
        head, grid = self._header, self._grid
        steps = [value for name, value in vars(grid).items() if name != "origin_m"]
        if not all(math.isfinite(value) and value > 0 for value in steps) or not all(map(math.isfinite, grid.origin_m)):
            raise damaged(self._path, "a step of its grids is not a positive number")
        if not (math.isfinite(head.duration_s) and head.duration_s > 0 and 0 < head.cutoff <= 1):
            raise damaged(self._path, f"it lasts {head.duration_s:g} s and hides what is fainter than {head.cutoff:g}")
        if any(math.isnan(value) for window in self._windows for value in window):
            raise damaged(self._path, "a window has no time")
        check_unpacked(self._size, self.count * STORED_BYTES, self._path)
        if not self.count:
            raise InputError(f"{self._path} is a scene of no Gaussians.")

    def _part(self, file: BinaryIO, place: _Place) -> Moving:
        assert self._grid is not None
        file.seek(place.offset)
        data, packing = file.read(place.head.size), place.head.packing
        if packing:
            check_unpacked(self._size, place.head.unpacked_size, self._path)
            data = unpacked(data, place.head.unpacked_size, _PACKINGS.get(packing, -1), self._path)
        bins = decoded(memoryview(data), CHANNELS, place.head.count, self._path)
        if missing := CHANNELS.keys() - bins.keys():
            raise damaged(self._path, f"a chunk lacks the attributes {sorted(missing)}")
        if not ((bins[LARGEST] >= 0) & (bins[LARGEST] <= 3)).all():
            raise damaged(self._path, "a rotation has no component of that number")
        if not ((bins[WINDOW] >= 0) & (bins[WINDOW] < len(self._windows))).all():
            raise damaged(self._path, f"a Gaussian has none of the {len(self._windows)} windows")
        return self._upright(from_bins(bins, self._windows, self._grid, self._head.cutoff))

    @property
    def _turn(self) -> Float64[np.ndarray, "3 3"] | None:
        """The rotation to the frame of this program; files that name no axes have that already, as PLYs do."""
        return _TURNS.get(self._head.attributes.get(AXES, ""))

    def _upright(self, part: Moving) -> Moving:
        """Return a part in the frame of this program."""
        turn = self._turn
        if turn is None:
            return part
        if turn is Y_UP:
            return turned_half(part)
        gaussians, transposed = part.gaussians, turn.astype(np.float32).T
        turned = replace(gaussians, means=gaussians.means @ transposed, quats_wxyz=turned_quats(turn, gaussians.quats_wxyz))
        return replace(part, gaussians=turned, velocities=part.velocities @ transposed)
