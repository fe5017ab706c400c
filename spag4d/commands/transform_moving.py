"""What ``spag4d transform`` does with scenes that move: sequences to one file and back, and one file to another."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from spag4d import __version__
from spag4d.commands.transform_scenes import Change
from spag4d.conversion import ConversionResult, FrameResult
from spag4d.data import Gaussians, Moving
from spag4d.errors import InputError
from spag4d.formats.finite import usable
from spag4d.formats.moving import MovingFile, Timeline, is_moving, opened_moving, write_moving
from spag4d.formats.recognise import scene_endings
from spag4d.formats.scene import read_scene, write_scene
from spag4d.geometry.rotation import rotations_from_quats
from spag4d.io.atomic import check_target
from spag4d.motion.windows import in_windows
from spag4d.progress import SILENT, Progress
from spag4d.sequence import Sequence360, VideoPlan, opened
from spag4d.sequence_record import RECORD
from spag4d.settings import Settings
from spag4d.splat.edit import moved, rotated

_MOST_FRAMES = 100_000
"""Of a folder: an hour at 25 frames a second. More is a damaged file, or a typing error."""
_NO_TURN = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class _Frames:
    """The frames of a folder: their files, when each begins and the last ends, and the world's axes from each file's."""

    files: Sequence[Path]
    edges_s: Float64[np.ndarray, " edges"]
    turns: Float64[np.ndarray, "n 3 3"]
    fps: float


def sequence_to_moving(
    folder: Path, output: Path, change: Change, *, fps: float | None = None, duration_s: float | None = None,
    progress: Progress = SILENT,
) -> tuple[Path, int]:
    """Write the frames of a folder as one scene that moves; return it and the number of Gaussians stored.

    The folder is that of a converted video, or holds scenes with numbers in their names, which are ``fps`` a second; the whole
    may last ``duration_s`` instead. Raises `InputError` for others, and what writing raises.
    """
    check_target(output)
    if not folder.is_dir():
        raise InputError(f"{output.name} is a scene that moves: name a folder of frames to make it from, not {folder}.")
    frames = _recorded(folder, fps) if (folder / RECORD).exists() else _numbered(folder, fps)

    def scenes() -> Iterator[Gaussians]:
        for number, file in enumerate(frames.files):
            progress.report("Reading", number, len(frames.files))
            gaussians = rotated(read_scene(file, shift_m=change.shift_m), frames.turns[number])
            yield change.apply(gaussians)
        progress.report("Reading", len(frames.files), len(frames.files))

    slower = 1.0 if duration_s is None else duration_s / float(frames.edges_s[-1])
    timeline = Timeline(slower * float(frames.edges_s[-1]), frames.fps / slower)
    notes = [f"SPAG-4D {__version__}", f"of {len(frames.files)} frames"]
    parts = in_windows(scenes(), slower * frames.edges_s)
    return output, write_moving(output, timeline, parts, comments=notes, progress=progress)


def moving_to_moving(
    source: Path, output: Path, change: Change, *, fps: float | None = None, duration_s: float | None = None,
    progress: Progress = SILENT,
) -> tuple[Path, int]:
    """Write a scene that moves in another format, some of its Gaussians at a time; return it and the number of Gaussians.

    Curved ways become straight pieces (see `formats.curved`), and windows bells where the format knows nothing else. Raises
    `InputError`, and what writing raises.
    """
    check_target(output)
    found = opened_moving(source, duration_s=duration_s, progress=progress)
    timeline = Timeline(found.timeline.duration_s, fps or found.timeline.fps)
    parts = (_changed(part, change) for part in found.parts(progress=progress))
    unchanged = change == Change() and duration_s is None
    notes = found.comments if unchanged else [f"SPAG-4D {__version__}", "transformed"]
    return output, write_moving(output, timeline, parts, comments=notes, progress=progress)


def _changed(part: Moving, change: Change) -> Moving:
    """Return moving Gaussians as `Change.apply` leaves still ones.

    They are cropped by where they are at their centre, or at the end of their window that is nearest to it.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to be written is left out, with a warning
        part = replace(part, gaussians=moved(part.gaussians, change.shift_m))
        part = part.select(part.gaussians.opacities >= np.float32(change.min_opacity))
        if change.crop_sphere_m is not None:
            offset_s = np.clip(part.centers_s, *part.windows_s.T) - part.centers_s
            offsets = part.gaussians.means + part.velocities * offset_s[:, None]
            offsets -= np.array(change.crop_sphere_m[:3]) + change.shift_m
            part = part.select(np.einsum("ij,ij->i", offsets, offsets) <= change.crop_sphere_m[3] ** 2)
        velocities = (part.velocities @ change.linear.T).astype(np.float32)
        return replace(part, gaussians=change.moved(part.gaussians), velocities=velocities)


def moving_to_sequence(
    source: Path, folder: Path, change: Change, *, format: str, fps: float | None = None, duration_s: float | None = None,
    progress: Progress = SILENT,
) -> tuple[Path, int]:
    """Write a scene that moves as the frames of a folder, ``fps`` a second; return it and the number of Gaussians written.

    A run that was stopped goes on. Raises `InputError` where the folder holds another sequence, and what writing raises.
    """
    found = opened_moving(source, duration_s=duration_s, progress=progress)
    rate = replace(found.timeline, fps=fps or found.timeline.fps)
    if round(rate.duration_s * rate.rate) > _MOST_FRAMES:
        raise InputError(f"{source} lasts {rate.duration_s:g} s, which makes more than {_MOST_FRAMES:,} frames: lower --fps.")
    times_s, total = rate.frame_times_s, 0
    settings = Settings(fps=rate.rate, format=format)
    clip = {"name": source.name, "bytes": source.stat().st_size, "frames": len(times_s), "length_s": round(rate.duration_s, 6)}
    turns = [_NO_TURN] * len(times_s)
    begins_s = [round(number / rate.rate, 9) for number in range(len(times_s))]
    with opened(folder, overwrite=False):
        sequence = Sequence360.found(folder, clip, settings) or Sequence360.begun(
            folder, VideoPlan(clip, settings, begins_s, turns, turns))
        for number in range(sequence.done, len(times_s)):
            progress.report("Frames", number, len(times_s))
            result = _write_frame(found, times_s[number], sequence, number, change, progress)
            sequence.add(FrameResult(number + 1, len(times_s), begins_s[number], _NO_TURN, _NO_TURN, result), {})
            total += result.splat_count
        progress.report("Frames", len(times_s), len(times_s))
    return folder, total


def _write_frame(
    found: MovingFile, time_s: float, sequence: Sequence360, number: int, change: Change, progress: Progress
) -> ConversionResult:
    began = time.perf_counter()
    gaussians = usable(change.apply(usable(found.at(time_s), progress)), progress)
    outputs = sequence.outputs(number)
    for kind, path in outputs.items():
        write_scene(path, gaussians, kind, comments=[f"SPAG-4D {__version__}", *found.comments])
    size = sum(path.stat().st_size for path in outputs.values())
    return ConversionResult(tuple(outputs.values()), len(gaussians), size, time.perf_counter() - began, {}, None, "unknown", "",
                            None, "", {}, "cpu", ())


def _recorded(folder: Path, fps: float | None) -> _Frames:
    """Return the frames of a converted video, in the axes of the world, in which what stands still does so."""
    sequence = Sequence360.recorded(folder)
    files = sequence.files
    if not files:
        raise InputError(f"{folder} holds no complete frame yet. Convert the video first.")
    plan = sequence.plan(Settings())
    rate = fps or sequence.fps
    starts = np.arange(len(files)) / rate if fps else np.array(plan.times_s[:len(files)]) - plan.times_s[0]
    if (np.diff(starts) <= 0).any():
        raise InputError(f"{folder / RECORD} is damaged: the times of its frames do not rise.")
    turns = rotations_from_quats(np.array(plan.world_from_file_wxyz[:len(files)], np.float64))
    return _Frames(files, np.append(starts, starts[-1] + 1 / rate), turns, rate)


def _numbered(folder: Path, fps: float | None) -> _Frames:
    """Return the scenes of a folder in the order of their numbers."""
    endings = scene_endings()
    files = [path for path in folder.iterdir() if path.name.lower().endswith(endings) and re.search(r"\d", path.name)]
    if not files:
        raise InputError(f"{folder} holds neither {RECORD} nor scenes with numbers in their names: it is no sequence.")
    if fps is None:
        raise InputError(f"{folder} holds no {RECORD} that says how many frames a second it has: give --fps.")
    files.sort(key=lambda path: (int(re.findall(r"\d+", path.name)[-1]), path.name))
    turns = np.tile(np.eye(3), (len(files), 1, 1))
    return _Frames(files, np.arange(len(files) + 1) / fps, turns, fps)


def check_one_moving(inputs: Sequence[Path], output: Path, change: Change, time_s: float | None) -> Path:
    """Return the one input of a command that writes a scene that moves or its frames.

    Raises `InputError` for several inputs, and for options of still scenes.
    """
    if len(inputs) > 1:
        raise InputError("scenes that move are converted one at a time: name one input.")
    if os.path.realpath(inputs[0]) == os.path.realpath(output):
        raise InputError(f"{output} is also the input: writing there would destroy it. Choose another name.")
    if time_s is not None:
        raise InputError(f"--time makes a still scene, and {output.name} is one that moves: leave it out, or end it otherwise.")
    if change.drop or (change.max_splats is not None and is_moving(inputs[0])):
        raise InputError("--drop and --max-splats apply to still scenes: --time makes one of a scene that moves.")
    return inputs[0]
