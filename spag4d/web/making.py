"""What a client can ask to have made of a finished scene: versions, other formats, web pages, pictures, films, animations."""

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from spag4d.animate.motions import Motion
from spag4d.animate.regions import brushed, polygon
from spag4d.errors import InputError
from spag4d.formats import FORMATS
from spag4d.render.camera_path import CameraPath, KeyView
from spag4d.shots import Shot
from spag4d.splat.edits import Edit
from spag4d.web.job import Kind

MOST_EDITS = 500
"""Of one version: each stroke of the eraser is one."""
MOST_PX = 8192
"""Along a side of a picture: a panorama of 8192 × 4096 is what headsets show at most."""
MOST_MOTIONS, MOST_STROKES = 20, 200

_Yaw = Annotated[float, Field(ge=-720, le=720)]
_Pitch = Annotated[float, Field(ge=-90, le=90)]


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Version(_Wish):
    """The scene after some edits, as a job beside the old one."""

    make: Literal["version"]
    edits: list[Edit] = Field(min_length=1, max_length=MOST_EDITS)


class Export(_Wish):
    """The scene in another format."""

    make: Literal["file"]
    format: str = Field(json_schema_extra={"enum": list(FORMATS)})

    @field_validator("format")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in FORMATS:
            raise ValueError(f"one of {', '.join(FORMATS)}")
        return name


class WebPage(_Wish):
    """The scene as a web page, a single file with its viewer."""

    make: Literal["page"]


class Still(_Wish):
    """A picture from anywhere, or the whole sphere around that place; of a scene that moves at a time."""

    make: Literal["still"]
    view: KeyView
    width: int = Field(ge=16, le=MOST_PX)
    height: int = Field(ge=16, le=MOST_PX)
    panorama: bool = False
    time_s: float = Field(default=0.0, ge=0, le=3600)

    @property
    def file(self) -> str:
        """The name of its file."""
        return "360.jpg" if self.panorama else "view.png"

    def shot(self) -> Shot:
        """Return what to draw; raises `InputError`."""
        size_wh = (self.width, self.height)
        return Shot(position_m=self.view.position, look_at_m=self.view.look_at, panorama=self.panorama, time_s=self.time_s,
                    fov_deg=self.view.fov_deg(self.width / self.height), size_wh=size_wh)


class Film(_Wish):
    """A video along a camera path, of ``seconds`` or as long as the path takes."""

    make: Literal["film"]
    path: CameraPath
    width: int = Field(ge=16, le=MOST_PX // 2)
    height: int = Field(ge=16, le=MOST_PX // 2)
    fps: float = Field(default=30.0, ge=1, le=60)
    seconds: float | None = Field(default=None, ge=0.1, le=600)

    @property
    def file(self) -> str:
        """The name of its file."""
        return "film.mp4"

    def shot(self) -> Shot:
        """Return what to draw; raises `InputError`."""
        return Shot(path=self.path, size_wh=(self.width, self.height), fps=self.fps, seconds=self.seconds)


class Stroke(_Wish):
    """What a round brush has covered: all within ``radius_deg`` of one of some places, each its yaw (90 right) and pitch."""

    radius_deg: float = Field(gt=0, le=60)
    places_deg: list[tuple[_Yaw, _Pitch]] = Field(min_length=1, max_length=5000)


class Move(_Wish):
    """What moves, and how, as `spag4d.animate.motions.Motion` says it; without strokes and polygon it is all of the sky."""

    motion: Literal["clouds", "water", "falls", "smoke", "flow", "sway"]
    amount: float
    heading_deg: float = 0.0
    strokes: list[Stroke] = Field(default=[], max_length=MOST_STROKES)
    polygon: str = Field(default="", max_length=10_000, description="Corners in degrees: yaw,pitch yaw,pitch …")

    def given(self) -> Motion:
        """Return the motion; raises `InputError` for one that cannot be."""
        parts = [brushed([(stroke.radius_deg, stroke.places_deg) for stroke in self.strokes])] if self.strokes else []
        parts += [polygon(self.polygon)] if self.polygon else []
        region = np.any(parts, axis=0) if parts else None
        return Motion(self.motion, region, self.amount, self.heading_deg)


class Animation(_Wish):
    """The picture of a scene come alive, in a loop: a scene that moves, as a job beside the old one."""

    make: Literal["animation"]
    motions: list[Move] = Field(min_length=1, max_length=MOST_MOTIONS)
    loop_s: float = Field(default=6.0, ge=0.5, le=60)

    def given(self) -> list[Motion]:
        """Return the motions; raises `InputError` for one that cannot be."""
        return [move.given() for move in self.motions]


AnyWish = Version | Export | WebPage | Still | Film | Animation
Wish = Annotated[AnyWish, Field(discriminator="make")]

_WISH = TypeAdapter[AnyWish](Wish)

KINDS: dict[str, Kind] = {
    "version": "scene", "file": "export", "page": "export", "still": "picture", "film": "picture", "animation": "animation"}
"""The kind of the job that makes it."""


def checked(wish: AnyWish) -> dict[str, Any]:
    """Return a wish as JSON values for the record of its job; raises `InputError` for what cannot be drawn."""
    if isinstance(wish, Still | Film):
        wish.shot()
    if isinstance(wish, Animation):
        wish.given()
    return wish.model_dump(mode="json")


def recorded(wish: dict[str, Any]) -> AnyWish:
    """Return the wish of a job's record; raises `InputError` for one of another version of the program."""
    try:
        return _WISH.validate_python(wish, strict=False)
    except ValueError as error:
        raise InputError("this version of SPAG-4D does not know what was asked for. Ask again.") from error
