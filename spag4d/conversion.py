"""One conversion: its state while it runs, and its result."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from spag4d.data import DepthMap
from spag4d.device import explained_memory_errors
from spag4d.kernels import one_blas_thread
from spag4d.progress import Event, Notice, Progress, Step
from spag4d.registry import load
from spag4d.settings import Settings

Given = Mapping[str, object]


def _on(name: str, *, usually: bool = False) -> Callable[[Given], bool]:
    """Return the condition that a switch is on, or unset and ``usually`` on."""
    return lambda settings: bool(settings.get(name, usually))


@dataclass(frozen=True)
class Stage:
    """A stage of a conversion: how many ``seconds`` it takes on a processor, and whether settings make it ``expected``.

    Only the ratio of seconds matters: they share out a progress bar until a conversion has been measured. An unexpected stage
    gets its share when it starts. After a stage that ``shows`` there is a coarse scene to look at. One between raw depth and
    Gaussians is the function ``place``, ``"module:function"``, as in `spag4d.finishing`, and called where it is expected; the
    others are called where `spag4d.core` and `spag4d.stages` need them.
    """

    seconds: float
    expected: Callable[[Given], bool] = lambda settings: True
    shows: bool = False
    place: str = ""

    def load(self) -> Callable[..., Any]:
        """Import the function that does the work."""
        return load(self.place)


def _rare(settings: Given) -> bool:
    """Return False: few pictures have caps, only videos are steadied, and only the command line writes pages."""
    return False


STAGES = {
    "Reading": Stage(4.0),
    "Caps": Stage(4.0, _rare),
    "Depth": Stage(20.0),
    "Poses": Stage(30.0, _rare),
    "Parallax": Stage(60.0, _rare),
    "Detail": Stage(60.0, _on("depth_tiles")),
    "Scale": Stage(2.0),
    "First look": Stage(5.0, shows=True),
    "Edges": Stage(30.0, place="spag4d.finishing:edges"),
    "Poles": Stage(2.0, _on("fill_nadir", usually=True), place="spag4d.finishing:poles"),
    "Gaussians": Stage(20.0),
    "SHARP": Stage(600.0, _on("sharp_refine")),
    "Sky dome": Stage(2.0, _on("sky_dome", usually=True)),
    "Motion": Stage(2.0, _rare),
    "Joining": Stage(5.0, _rare),
    "Likeness": Stage(40.0, _rare),
    "Mesh": Stage(5.0, _rare),
    "Steadying": Stage(2.0, _rare),
    "Walking range": Stage(10.0),
    "Writing": Stage(20.0),
    "Writing depth": Stage(5.0),
    "Writing mesh": Stage(1.0, _rare),
    "Writing page": Stage(5.0, _rare),
}
"""All stages of a conversion, in order."""

FRAMES = "Frames"
"""The stage of a video's progress that counts its frames."""


@dataclass(frozen=True)
class Viewpoint:
    """A panorama of a scene of several: where in the file's axes it was taken, and how much of it was ``measured``, 0–1.

    ``walking_range_m`` is how far you can walk from there, as in `ConversionResult`; near several of them the farthest counts.
    """

    name: str
    position_m: tuple[float, float, float]
    measured: float
    walking_range_m: Mapping[str, float]


@dataclass(frozen=True)
class ConversionResult:
    """What a conversion made, and what the user should know about it.

    ``file_size`` is in bytes over all of ``output_paths``; ``processing_time`` and ``stage_times`` are in seconds;
    ``depth_range`` is the nearest and the farthest surface in metres, before ``depth_min`` and ``depth_max`` cut it and without
    the sky dome (None where all is sky). ``metres_from`` is the source of the scale where it is not the depth model: another
    model or the camera's height; ``scale_sigma`` is the standard deviation of the log of the scale where that is estimated,
    None where it was measured. ``sharp`` is the mode in which SHARP was used, or empty. ``walking_range_m`` is how far you can
    walk from the origin in each of 14 directions, ``+x`` and so on, of the file's axes. ``viewpoints`` are the panoramas of a
    scene of several, and none of a single one.
    """

    output_paths: tuple[Path, ...]
    splat_count: int
    file_size: int
    processing_time: float
    stage_times: Mapping[str, float]
    depth_range: tuple[float, float] | None
    depth_model: str
    metres_from: str
    scale_sigma: float | None
    sharp: str
    walking_range_m: Mapping[str, float]
    device: str
    warnings: tuple[str, ...]
    viewpoints: tuple[Viewpoint, ...] = ()


def percent(log_sigma: float) -> int:
    """Return the per cent by which a length is off where its logarithm is off by ``log_sigma``; at least 1."""
    return max(1, round(100 * (math.exp(log_sigma) - 1)))


@dataclass(frozen=True)
class FrameResult:
    """One frame of a converted video: its ``number`` from 1 of ``count``, and what was made.

    ``time_s`` counts from the video's first frame. The quaternions (wxyz) are the rotations of the camera and of the file's
    axes; the world is the camera of the sequence's first frame.
    """

    number: int
    count: int
    time_s: float
    world_from_camera_wxyz: tuple[float, float, float, float]
    world_from_file_wxyz: tuple[float, float, float, float]
    result: ConversionResult


@dataclass
class Run:
    """One conversion under way: its settings, the time of each stage, the warnings so far."""

    settings: Settings
    listener: Progress
    stage_times: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    sharp: str = ""
    walking_range_m: dict[str, float] = field(default_factory=dict)
    viewpoints: tuple[Viewpoint, ...] = ()
    seen_from: Float64[np.ndarray, "k 3"] | None = None
    """Places of the panoramas of a scene of several, in the file's axes."""

    def result(
        self, started: float, paths: Iterable[Path], count: int, depth: DepthMap, reach: tuple[float, float] | None, device: str
    ) -> ConversionResult:
        """Return what this run, begun at ``started``, made: ``count`` Gaussians in files, on surfaces that ``reach`` so far."""
        paths = tuple(paths)
        return ConversionResult(
            output_paths=paths,
            splat_count=count,
            file_size=sum(path.stat().st_size for path in paths),
            processing_time=time.perf_counter() - started,
            stage_times=self.stage_times,
            depth_range=reach,
            depth_model=depth.model,
            metres_from=depth.metres_from,
            scale_sigma=depth.scale_sigma,
            sharp=self.sharp,
            walking_range_m=self.walking_range_m,
            device=device,
            warnings=tuple(self.warnings),
            viewpoints=self.viewpoints,
        )

    @property
    def between_stages(self) -> Progress:
        """The progress outside of stages: its warnings are kept as those of stages are."""
        return replace(self.listener, on_event=self._hear)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Notice):
            self.warnings.append(event.message)
        self.listener.on_event(event)

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Time one of the `STAGES`, report its steps under its name, and explain memory errors."""
        assert name in STAGES, f"the stage {name} needs a line in the table STAGES"
        reached = 0.0

        def hear(event: Event) -> None:
            nonlocal reached
            if isinstance(event, Notice):
                self._hear(event)
            elif event.done >= reached * event.total > 0 or not reached:  # a part of a part must not move the bar back
                reached = event.done / max(event.total, 1)
                self.listener.on_event(replace(event, stage=name))

        progress = replace(self.listener, on_event=hear)
        started = time.perf_counter()
        progress.report(name, 0, 1)
        with explained_memory_errors(), one_blas_thread():
            yield progress
        self.stage_times[name] = self.stage_times.get(name, 0.0) + time.perf_counter() - started
        self.listener.on_event(Step(name, 1, 1))  # too late to cancel this stage


def counted(progress: Progress, number: int, count: int) -> Progress:
    """Return the progress for the frame ``number`` of ``count``: its stages are details of the frames' progress."""

    def hear(event: Event) -> None:
        progress.on_event(Step(FRAMES, number, count, event.stage) if isinstance(event, Step) else event)

    return replace(progress, on_event=hear)
