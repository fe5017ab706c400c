"""The one place where a setting is declared: default, bounds or choices, unit, group and help.

Python defaults, command-line options, the JSON schema for web pages, the table in docs/settings.md and the record written into
an output all come from the class `Settings`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from spag4d.depth import DEPTH_MODELS
from spag4d.errors import InputError
from spag4d.formats import FORMATS
from spag4d.formats.outputs import AUTO, BOTH
from spag4d.registry import nearest

VIDEO = "Video"
"""The group of the settings that apply to videos only."""

SHARP = "SHARP"
"""The group of the settings for SHARP."""


_LEAST_HEIGHT_M = 0.01
"""1 cm, lower than any camera stands."""


class _Several(tuple[str, ...]):
    """Choices of which several can be combined with commas, except the first."""


class _Help(NamedTuple):
    """Help shown everywhere, and what the command line (``typed``) or the page (``clicked``) adds to it."""

    text: str
    typed: str = ""
    clicked: str = ""


def _setting(
    default: Any, text: str | _Help, *, label: str, group: str, unit: str = "", choices: Sequence[str] = (), bare: str = "",
    main: bool = False, **bounds: Any,
) -> Any:
    """Declare a setting; the web page shows ``main`` ones first."""
    words = _Help(text) if isinstance(text, str) else text
    extra: JsonDict = {"group": group, "unit": unit, "main": main}
    if bare:
        extra["bare"] = bare
    extra |= {"typed": words.typed, "clicked": words.clicked}
    if choices:
        extra["enum"] = [*choices]
    if isinstance(choices, _Several):
        extra["several"] = True
    return Field(default, title=label, description=words.text, json_schema_extra=extra, **bounds)


class Settings(BaseModel):
    """How a panorama is converted; immutable, and unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    depth_model: str = _setting(
        AUTO, "Network that estimates depth; auto takes the best one installed.",
        label="Depth model", group="Depth", choices=(AUTO, *DEPTH_MODELS))
    da3_projection: str = _setting(
        "cubemap", "What da3 looks at: the panorama as one picture, 6 views of a cube, or 20 views of an icosahedron.",
        label="Views for da3", group="Depth", choices=("equirectangular", "cubemap", "icosahedral"))
    dap_normalization: str = _setting(
        "imagenet", _Help("How dap's input is normalised.", typed="download-models --verify says which is right."),
        label="Normalisation for dap", group="Depth", choices=("imagenet", "none"))
    depth_tiles: bool = _setting(
        False, "Add fine detail from perspective views, estimated by da3.",
        label="Detail from views", group="Depth")
    camera_height: float = _setting(
        0.0, "Height of the camera above the floor, which sets the scale of the scene; "
        "0 weighs the model's own scale against the usual heights of cameras and rooms.",
        label="Camera height", group="Depth", unit="m", ge=0, le=1000)
    commercial_ok: bool = _setting(
        False, "Use only models whose results may be sold.",
        label="For commercial use", group="Depth")
    depth_map_unit: float = _setting(
        0.001, "Metres per unit of the integers in a depth map of your own, unless the file records its own unit.",
        label="Depth map unit", group="Depth", unit="m", ge=1e-6, le=1000)
    use_guided_filter: bool = _setting(
        True, "Sharpen depth edges along the edges of the picture.",
        label="Sharpen edges", group="Depth")
    guided_strength: float = _setting(
        1.0, "How closely depth edges follow the picture: 0 not at all, 1 fully.",
        label="Edge strength", group="Depth", ge=0, le=1)
    fill_nadir: bool = _setting(
        True, "Continue the floor, ceiling or sky where a black cap or the tripod hides it.",
        label="Fill nadir and zenith", group="Depth")
    depth_min: float = _setting(
        0.1, "Surfaces nearer than this are dropped.",
        label="Nearest distance", group="Depth", unit="m", ge=0, le=10_000)
    depth_max: float = _setting(
        100.0, "Surfaces farther than this, unless they are sky, are moved to this distance.",
        label="Farthest distance", group="Depth", unit="m", ge=0.01, le=10_000)
    global_scale: float = _setting(
        1.0, "Factor applied to all distances.",
        label="Scale", group="Depth", ge=0.001, le=1000)
    stride: int = _setting(
        2, "Pixels per Gaussian along each axis; 1 is the finest.",
        label="Pixels per Gaussian", group="Gaussians", unit="px", ge=1, le=16)
    max_splats: int | None = _setting(
        None,
        "Make at most this many Gaussians, small where the picture has detail and large where it is flat, instead of one every "
        "few pixels.",
        label="Maximum Gaussians", group="Gaussians", ge=1000, le=1_000_000_000)
    scale_factor: float = _setting(
        1.5, "Size of the Gaussians; 1.5 is calibrated to be sharp without gaps.",
        label="Gaussian size", group="Gaussians", ge=0.1, le=10)
    thickness: float = _setting(
        0.1, "Thickness of a Gaussian, as a fraction of its extent along the surface.",
        label="Thickness", group="Gaussians", ge=0.001, le=1)
    opacity: float = _setting(
        0.99, "Opacity of surface Gaussians.",
        label="Opacity", group="Gaussians", ge=0.01, le=0.999)
    backing: bool = _setting(
        True, "Put a coarse layer behind the fine one to close gaps.",
        label="Backing layer", group="Gaussians")
    walk_range: float = _setting(
        1.0, "How far you can step from the camera before gaps open behind objects; 0 fills nothing in.",
        label="Fill-in range", group="Gaussians", unit="m", ge=0, le=3)
    sharp_refine: bool | None = _setting(
        None, "Refine the Gaussians with SHARP (research only); the default if its weights are installed.",
        label="Refine with SHARP", group=SHARP)
    sharp_mode: str = _setting(
        "refine",
        "refine: our Gaussians with SHARP's sizes and colours; layers: SHARP's own, which also fill in what objects hide.",
        label="SHARP mode", group=SHARP, choices=("refine", "layers"))
    sharp_projection: str = _setting(
        "cubemap", "Views shown to SHARP: 6 of a cube, or 20 of an icosahedron.",
        label="SHARP views", group=SHARP, choices=("cubemap", "icosahedral"))
    sharp_cubemap_size: int = _setting(
        1536, "Resolution of a view per 90°, in multiples of 384; above 1536 there are more views.",
        label="View resolution", group=SHARP, unit="px", ge=384, le=6144)
    scale_blend: float = _setting(
        0.8, "How much of SHARP's sizes to use in refine mode.",
        label="SHARP's sizes", group=SHARP, ge=0, le=1)
    opacity_blend: float = _setting(
        1.0, "How much of SHARP's opacities to use in refine mode.",
        label="SHARP's opacities", group=SHARP, ge=0, le=1)
    color_blend: float = _setting(
        0.5, "How much of SHARP's colours to use; the rest comes from the photo.",
        label="SHARP's colours", group=SHARP, ge=0, le=1)
    sky_dome: bool = _setting(
        True, "Show the sky on a sphere behind everything; otherwise it is dropped.",
        label="Sky dome", group="Sky")
    sky_threshold: float = _setting(
        80.0, "Everything farther than this is sky; 0 leaves that to the depth model.",
        label="Sky begins at", group="Sky", unit="m", ge=0, le=10_000)
    fps: float = _setting(
        10.0, "Scenes per second of video.",
        label="Scenes per second", group=VIDEO, unit="1/s", ge=0.001, le=240, main=True)
    start: float = _setting(
        0.0, "Where in the video to begin.",
        label="Start", group=VIDEO, unit="s", ge=0, le=1_000_000, main=True)
    duration: float | None = _setting(
        None, "How much of the video to convert; by default, all of it from the start on.",
        label="Duration", group=VIDEO, unit="s", ge=0.001, le=1_000_000, main=True)
    stabilize: str = _setting(
        "off", _Help("lock keeps the first frame's heading, smooth removes only the shake.",
                     typed="Without a value: lock."),
        label="Stabilise", group=VIDEO, choices=("off", "lock", "smooth"), bare="lock", main=True)
    temporal_alpha: float = _setting(
        0.3, "How strongly each frame is smoothed by the frames before it: 0 not at all, higher is smoother.",
        label="Smoothing over time", group=VIDEO, ge=0, le=0.99)
    format: str = _setting(
        AUTO, _Help("File formats.",
                    typed="Separate several by commas; both means ply,splat. auto follows the extension of the output.",
                    clicked="auto and both make a PLY and a SPLAT."),
        label="Files", group="Files", choices=_Several((AUTO, *FORMATS, BOTH)))
    force_erp: bool = _setting(
        False, "Treat a picture that is not 2:1 as a full panorama and resample it.",
        label="Accept any shape", group="Files")
    device: str = _setting(
        AUTO, "Where networks run: auto, cpu, cuda, cuda:N or mps.",
        label="Device", group="Program")

    @model_validator(mode="after")
    def _values_fit(self) -> "Settings":
        for setting in declared():
            value = getattr(self, setting.name)
            wrong = setting.wrong_choice(value) if setting.choices else None
            if wrong is not None:
                raise ValueError(f"{setting.name} = {value!r}: choose one of {', '.join(setting.choices)}"
                                 f"{' or several' if setting.several else ''}{nearest(wrong, setting.choices)}")
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", self.device):
            raise ValueError(f"device = {self.device!r}: choose one of auto, cpu, cuda, cuda:0, cuda:1 … or mps")
        if 0 < self.camera_height < _LEAST_HEIGHT_M:
            raise ValueError(f"camera_height = {self.camera_height!r}: a camera stands {_LEAST_HEIGHT_M:g} m or higher; 0 "
                             "keeps the model's scale")
        if self.depth_min >= self.depth_max:
            raise ValueError(f"depth_min ({self.depth_min:g} m) must be below depth_max ({self.depth_max:g} m)")
        if self.max_splats is not None and self.sharp_mode == "layers":
            raise ValueError("max_splats limits our own Gaussians, and sharp_mode = layers replaces them with SHARP's: "
                             "leave one of them out")
        return self

    def of_model(self, name: str) -> dict[str, Any]:
        """Return the settings that belong to one model: those whose name begins with the model's, without that beginning."""
        prefix = f"{name}_"
        return {key.removeprefix(prefix): value for key, value in self.model_dump().items() if key.startswith(prefix)}

    @classmethod
    def of(cls, **values: Any) -> "Settings":
        """Build settings from keywords; raises `InputError` naming the unknown key or the value out of bounds."""
        for name in values:
            if name not in cls.model_fields:
                raise InputError(f"unknown setting '{name}'{nearest(name, cls.model_fields)}")
        try:
            return cls(**values)
        except ValidationError as error:
            raise InputError("; ".join(_explained(item) for item in error.errors())) from None

    def changed(self, **overrides: Any) -> "Settings":
        """Return these settings with some of them replaced; raises `InputError` as `of` does."""
        return Settings.of(**{**self.model_dump(exclude_unset=True), **overrides}) if overrides else self

    @property
    def named(self) -> list[str]:
        """The settings that were given, in the order of their declaration; all others have their defaults."""
        return [name for name in type(self).model_fields if name in self.model_fields_set and getattr(self, name) is not None]

    @property
    def named_of_sharp(self) -> list[str]:
        """The settings of SHARP that were given."""
        return [name for name in self.named if name != "sharp_refine" and Declared(name).extra["group"] == SHARP]

    @property
    def asks_for_sharp(self) -> bool:
        """Whether SHARP was requested explicitly, so that its absence is an error."""
        return bool(self.named_of_sharp) if self.sharp_refine is None else self.sharp_refine


def _explained(item: Any) -> str:
    reason = item["msg"].removeprefix("Value error, ")
    if not item["loc"]:
        return reason
    return f"{item['loc'][0]} = {item['input']!r}: {reason[0].lower()}{reason[1:]}"


@dataclass(frozen=True)
class Declared:
    """One setting as command line, page and documents show it."""

    name: str

    @property
    def field(self) -> FieldInfo:
        """The declaration as pydantic keeps it."""
        return Settings.model_fields[self.name]

    @property
    def extra(self) -> dict[str, Any]:
        """The keys beside the standard ones: group, unit, enum."""
        extra = self.field.json_schema_extra
        return extra if isinstance(extra, dict) else {}

    @property
    def choices(self) -> list[str]:
        """Names to choose from, or an empty list."""
        return self.extra.get("enum", [])

    @property
    def several(self) -> bool:
        """Whether its value may be several of the choices."""
        return self.extra.get("several", False)

    def wrong_choice(self, value: str) -> str | None:
        """Return the part of a value that is not among the choices, or None."""
        words = [word.strip() for word in value.split(",")] if self.several else [value]
        allowed = self.choices[1:] if len(words) > 1 else self.choices
        return next((word for word in words if word not in allowed), None)

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off; a switch without a default depends on what is installed."""
        return self.kind is bool

    @property
    def kind(self) -> Any:
        """The Python type of its values, apart from None as a default."""
        return next(kind for kind in get_args(self.field.annotation) or (self.field.annotation,) if kind is not type(None))

    @property
    def bare(self) -> str:
        """The value of the option given without one, or an empty string."""
        return self.extra.get("bare", "")

    @property
    def label(self) -> str:
        """Its name on the page."""
        return self.field.title or self.name

    @property
    def option(self) -> str:
        """The command-line option; switches get ``--x/--no-x``."""
        name = self.name.removeprefix("use_").replace("_", "-")
        return f"--{name}/--no-{name}" if self.is_switch else f"--{name}"

    @property
    def help_typed(self) -> str:
        """What it does, in the words of the command line."""
        return " ".join(filter(None, (self.field.description, self.extra["typed"])))

    @property
    def bounds(self) -> str:
        """Allowed values as text."""
        if self.choices:
            return ", ".join(self.choices) + (" or several" if self.several else "")
        signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
        limits = {sign: getattr(rule, key) for rule in self.field.metadata for key, sign in signs.items() if hasattr(rule, key)}
        return ", ".join(f"{sign} {limit:g}" for sign, limit in limits.items())


def declared(*, video: bool = True) -> Iterator[Declared]:
    """Iterate over the settings in the order of their declaration, with or without those for videos only."""
    return (one for one in map(Declared, Settings.model_fields) if video or one.extra["group"] != VIDEO)


def page_schema() -> dict[str, Any]:
    """Return the JSON schema of the settings that the web page shows."""
    schema = Settings.model_json_schema()
    schema["properties"] = {name: _for_page(one) for name, one in schema["properties"].items()}
    return schema


def _for_page(one: dict[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in one.items() if name not in ("typed", "clicked", "bare")}
    return {**own, "description": " ".join(filter(None, (one["description"], one["clicked"])))}


_UNSET = {"duration": "the rest", "max_splats": "no limit"}


def markdown_table() -> str:
    """Return the table of all settings in docs/settings.md."""
    lines = ["| option | Python | default | allowed | what it does |", "|---|---|---|---|---|"]
    for setting in declared():
        default = setting.field.default
        words = {None: "if installed", True: "on", False: "off"}
        shown = words[default] if setting.is_switch else f"{default} {setting.extra['unit']}".strip()
        shown = _UNSET.get(setting.name, shown)
        lines.append(f"| `{setting.option}` | `{setting.name}` | {shown} | {setting.bounds} | {setting.help_typed} |")
    return "\n".join(lines) + "\n"
