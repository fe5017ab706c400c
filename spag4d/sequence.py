"""The folder of a converted video: which files belong to it, its record ``sequence.json``, and how a stopped run continues."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spag4d import __version__
from spag4d.conversion import ConversionResult, FrameResult
from spag4d.errors import InputError
from spag4d.formats import FORMATS
from spag4d.formats.outputs import format_of, output_paths, without_extension
from spag4d.io.atomic import atomic_path
from spag4d.io.unpacked_size import check_unpacked
from spag4d.io.zip_archive import opened_zip
from spag4d.sequence_record import RECORD, read_record
from spag4d.settings import AUTO, Settings

_LOCK = ".sequence.lock"
_FREE = ("device",)
"""Settings that may change between a run and its continuation."""

Wxyz = tuple[float, float, float, float]


@dataclass(frozen=True)
class VideoPlan:
    """What a sequence is made from: the clip's identity, the settings, and the time and the poses of each frame."""

    clip: Mapping[str, Any]
    settings: Settings
    times_s: Sequence[float]
    world_from_camera_wxyz: Sequence[Wxyz]
    world_from_file_wxyz: Sequence[Wxyz]
    lost: frozenset[int] = frozenset()


class Sequence360:
    """The frames in a folder, of which the first ``done`` are complete."""

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        """Take a record that `begun` or `found` returned."""
        self.folder = folder
        self._record = record

    @property
    def done(self) -> int:
        """Number of complete frames."""
        return self._record["done"]

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self._record["settings"]["fps"]

    @property
    def files(self) -> list[Path]:
        """The first file of each complete frame."""
        return [self.folder / frame["files"][0] for frame in self._record["frames"][: self.done]]

    def files_of(self, number: int) -> list[Path]:
        """Return the files of the frame ``number`` from 0."""
        return [self.folder / name for name in self._record["frames"][number]["files"]]

    def set_walking_range(self, number: int, range_m: Mapping[str, float]) -> None:
        """Record the walking range of the frame ``number``, counted from 0."""
        self._record["frames"][number]["walking_range_m"] = dict(range_m)
        self._write()

    def plan(self, settings: Settings) -> VideoPlan:
        """Return the recorded plan."""
        frames = self._record["frames"]
        poses = [[tuple(frame["pose"][f"world_from_{name}_wxyz"]) for frame in frames] for name in ("camera", "file")]
        lost = frozenset(number for number, frame in enumerate(frames) if frame["lost"])
        return VideoPlan(self._record["clip"], settings, [frame["time_s"] for frame in frames], poses[0], poses[1], lost)

    def outputs(self, number: int) -> dict[str, Path]:
        """Return format → file of the frame ``number`` from 0."""
        return frame_outputs(self.folder, number, self._record["settings"]["format"])

    def add(self, frame: FrameResult, state: Mapping[str, np.ndarray]) -> None:
        """Record that a frame's files are complete, after saving ``state``, from which the next frame can continue."""
        self._record["done"] = frame.number
        if state and frame.number < frame.count:
            with atomic_path(self._state_path(frame.number)) as path:
                np.savez(path, **state)  # type: ignore[arg-type]
        self._record["frames"][frame.number - 1] |= facts_of(frame.result)
        self._write()
        for path in self.folder.glob(".frame_[0-9]*.state.npz"):  # also one left by a run that was killed here
            if path != self._state_path(frame.number):
                path.unlink(missing_ok=True)

    def add_rest(self, facts: Sequence[Mapping[str, Any]]) -> None:
        """Record that all frames are complete, by the ``facts`` of those that were not, see `facts_of`."""
        for frame, found in zip(self._record["frames"][self.done :], facts, strict=True):
            frame |= found
        self._record["done"] = self.count
        self._write()

    @property
    def count(self) -> int:
        """Number of frames that there will be."""
        return len(self._record["frames"])

    def state(self) -> dict[str, np.ndarray]:
        """Return the state saved with the last frame; raises `InputError` where it is missing."""
        path = self._state_path(self.done)
        if self.done in (0, len(self._record["frames"])) or not self._record["settings"]["temporal_alpha"]:
            return {}
        try:
            with opened_zip(path) as archive:
                check_unpacked(path.stat().st_size, sum(entry.file_size for entry in archive.infolist()), path)
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, InputError) as error:
            raise InputError(f"cannot continue in {self.folder}: {path.name}, which holds the state of the last frame, is "
                             "missing or damaged. --overwrite starts over.") from error

    def _state_path(self, done: int) -> Path:
        return self.folder / f".frame_{done:05d}.state.npz"

    def _write(self) -> None:
        with atomic_path(self.folder / RECORD) as path:
            path.write_text(json.dumps(self._record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @staticmethod
    def begun(folder: Path, plan: VideoPlan) -> "Sequence360":
        """Write the record of a sequence without frames yet."""
        frames = [
            {"number": number + 1, "time_s": time_s, "files": [path.name for path in paths.values()],
             "pose": {"world_from_camera_wxyz": list(camera), "world_from_file_wxyz": list(file)},
             "lost": number in plan.lost}
            for number, (time_s, camera, file) in enumerate(
                zip(plan.times_s, plan.world_from_camera_wxyz, plan.world_from_file_wxyz, strict=True))
            for paths in [frame_outputs(folder, number, plan.settings.format)]
        ]
        record = {"program": "SPAG-4D", "version": __version__, "clip": dict(plan.clip), "fps": plan.settings.fps,
                  "settings": plan.settings.model_dump(), "done": 0, "frames": frames}
        sequence = Sequence360(folder, record)
        sequence._write()
        return sequence

    @staticmethod
    def recorded(folder: Path) -> "Sequence360":
        """Return the sequence in a folder, whatever it was made from; raises `InputError` without one."""
        record = read_record(folder)
        if record is None:
            raise InputError(f"{folder} holds no {RECORD}, so it is not the folder of a converted video. Name a scene in it.")
        return Sequence360(folder, record)

    @staticmethod
    def found(folder: Path, clip: Mapping[str, Any], settings: Settings) -> "Sequence360 | None":
        """Return the sequence that a folder holds, or None; raises `InputError` where it is a different one."""
        record = read_record(folder)
        if record is None:
            if any(folder.glob("frame_[0-9]*")):
                raise InputError(f"{folder} holds frames, but no {RECORD} that describes them. Choose another folder, or "
                                 "replace them with --overwrite.")
            return None
        wanted = settings.model_dump()
        differing = [f"{name} was {record['settings'].get(name)!r} and is {value!r}" for name, value in wanted.items()
                     if record["settings"].get(name) != value and name not in _FREE]
        differing += [f"the video's {name} was {record['clip'].get(name)!r} and is {value!r}" for name, value in clip.items()
                      if record["clip"].get(name) != value]
        if record["version"] != __version__:
            differing.append(f"SPAG-4D was {record['version']} and is {__version__}")
        if differing:
            raise InputError(f"{folder} holds a sequence that was started differently: {'; '.join(differing)}. Choose another "
                             "folder, or start over with --overwrite.")
        return Sequence360(folder, record)


def facts_of(result: ConversionResult) -> dict[str, Any]:
    """Return what the record says of a frame once it is complete."""
    reach = result.depth_range and [round(value, 4) for value in result.depth_range]
    return {"splat_count": result.splat_count, "depth_range_m": reach, "warnings": list(result.warnings),
            "walking_range_m": dict(result.walking_range_m)}


@contextmanager
def opened(folder: Path, *, overwrite: bool) -> Iterator[None]:
    """Make the folder, keep other runs out of it while the block lasts, and empty it of an older sequence to overwrite it."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise InputError(f"another run is writing to {folder}. Wait until it ends, or choose another folder.") from error
    except OSError as error:
        raise InputError(f"cannot write to the folder {folder}: {error.strerror}. Choose another one.") from error
    try:
        if overwrite:
            _cleared(folder)
        yield
    finally:
        lock.release()
        (folder / _LOCK).unlink(missing_ok=True)


def _cleared(folder: Path) -> None:
    (folder / RECORD).unlink(missing_ok=True)
    for path in [*folder.glob("frame_[0-9]*"), *folder.glob(".frame_[0-9]*.state.npz"), *folder.glob(".frame_[0-9]*.part.*")]:
        digits = without_extension(path).name.removeprefix("frame_")
        if path.name.startswith(".") or (digits.isdecimal() and format_of(path)):
            path.unlink()


def frame_outputs(folder: Path, number: int, format: str) -> dict[str, Path]:
    """Return format → file of the frame ``number`` from 0."""
    return output_paths(folder / f"frame_{number + 1:05d}", next(iter(FORMATS)) if format == AUTO else format)
