"""One conversion as the server knows it: the request, its progress and the result."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, computed_field

from spag4d.data import View
from spag4d.formats import FORMATS, MOVING
from spag4d.formats.format import Format
from spag4d.formats.outputs import AUTO, BOTH, formats_in

Status = Literal["queued", "running", "done", "failed", "cancelled"]
Kind = Literal["photo", "video", "place", "clip", "scene", "export", "picture", "animation"]

CLIP_FORMAT = "4dgs"
MOVING_KINDS: dict[str, str] = {
    "clip": "The whole clip in one file: what stands is stored once, and what moves with its motion",
    "animation": "The scene in one file, with what moves in it",
}
"""The kinds of job whose scene moves, with what its file is good for."""


class Viewpoint(BaseModel):
    """A panorama of a scene of several: see `spag4d.conversion.Viewpoint`."""

    model_config = ConfigDict(frozen=True)

    name: str
    position_m: tuple[float, float, float]
    measured: float
    walking_range_m: dict[str, float]


class Result(BaseModel):
    """What a finished job made; an opened scene has no depth model. Times are in seconds, depths in metres.


    ``scale_sigma`` is the standard deviation of the log of the scale, where that is estimated.
    ``walking_range_m`` is how far you can walk in each of 14 directions, in a video until its first frame opens gaps;
    ``viewpoints`` says the same for each panorama of a scene of several.
    """

    model_config = ConfigDict(frozen=True)

    splat_count: int
    processing_time: float
    depth_range: tuple[float, float] | None = None
    depth_model: str = ""
    metres_from: str = ""
    scale_sigma: float | None = None
    sharp: str = ""
    device: str
    stage_times: dict[str, float] = {}
    walking_range_m: dict[str, float] = {}
    viewpoints: list[Viewpoint] = []


class Job(BaseModel):
    """One conversion.

    A ``scene`` is a file of any tool that was opened, or a new version of another job's scene; an ``export`` is such a scene
    in another format, a ``picture`` a still or film of it, an ``animation`` its picture come alive. ``of`` is that other job,
    ``wish`` what was asked for (see `making.Wish`) and ``file`` the name of the scene that it is made of. ``start`` is where
    one stands at first, None for the capture point. The one that ``is_example`` was asked for by nobody: it waits until nothing
    else is to be done.

    A ``place`` is one scene of several pictures, whose names ``sources`` tells, or of a single video of a walk; a ``clip`` is a
    video as one scene that moves.
    ``depth_map`` is the name of the file with distances that came with a picture, or empty.
    ``fraction`` is how much of it is done, 0–1, and ``left_s`` about how many seconds are left; ``frames`` are the whole
    frames of a video so far; ``files`` are the names of what it has made with their sizes in bytes.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    kind: Kind
    name: str
    sources: list[str] = []
    depth_map: str = ""
    settings: dict[str, Any]
    of: str = ""
    wish: dict[str, Any] = {}
    file: str = ""
    start: View | None = None
    is_example: bool = False
    created_s: float
    status: Status = "queued"
    started_s: float | None = None
    ended_s: float | None = None
    starts: int = 0
    stage: str = ""
    detail: str = ""
    done: int = 0
    total: int = 0
    fraction: float = 0.0
    left_s: float | None = None
    frames: int = 0
    warnings: list[str] = []
    error: str = ""
    files: dict[str, int] = {}
    result: Result | None = None

    @computed_field
    @property
    def formats(self) -> list[str]:
        """The formats of its scenes, the quickest to show first."""
        return [CLIP_FORMAT] if self.kind in MOVING_KINDS else [format.name for format in self._formats]

    @computed_field
    @property
    def shown(self) -> str | None:
        """The format of the scenes that the page shows, None where it can show none of them."""
        if self.kind in MOVING_KINDS:
            return CLIP_FORMAT
        first = self._formats[0]
        return None if first.shown is None else first.name

    @computed_field
    @property
    def downloads(self) -> dict[str, tuple[str, str]]:
        """Its formats, each with its label and purpose."""
        if self.kind in MOVING_KINDS:
            return {CLIP_FORMAT: (MOVING.load(CLIP_FORMAT).label, MOVING_KINDS[self.kind])}
        chosen = {format.name: format for format in self._formats}
        return {name: (chosen[name].label, chosen[name].purpose) for name in FORMATS if name in chosen}

    @property
    def _formats(self) -> list[Format]:
        chosen = self.settings["format"]
        names = formats_in(BOTH if chosen == AUTO else chosen)
        return sorted(map(FORMATS.load, names), key=lambda format: len(FORMATS) + 1 if format.shown is None else format.shown)

    @property
    def called(self) -> list[str]:
        """What people call its files; jobs of earlier versions have one, of the job's name."""
        return self.sources or [self.name]

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ("done", "failed", "cancelled")
