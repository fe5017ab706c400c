"""``spag4d transform``: scene files joined, cut, moved and written in another format."""

from pathlib import Path
from typing import Any

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import EXTENSIONS, PLACE, FilePath, Numbers

_SPHERE = Numbers("X,Y,Z,R", ",", 4, float)
_ANGLES = Numbers("YAW,PITCH,ROLL", ",", 3, float)


<<<<<<< HEAD
@click.command(epilog=EXTENSIONS)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=FilePath)
@click.argument("output", type=FilePath)
@click.option("--min-opacity", type=click.FloatRange(0, 1), default=0, show_default=True,
              help="Leave out Gaussians less opaque than this.")
@click.option("--crop-sphere", "crop_sphere_m", type=_SPHERE,
              help="Keep what lies within the sphere of this centre and radius. [m]")
@click.option("--max-splats", type=click.IntRange(1),
              help="Keep the N Gaussians that cover the most as seen from the capture point.")
@click.option("--scale", type=float, default=1, show_default=True, help="Factor by which to enlarge the scene.")
@click.option("--rotate", "rotate_deg", type=_ANGLES, default="0,0,0", show_default=True,
              help="Turn the scene to the right, up, and right side down, as you would turn a camera. [degrees]")
@click.option("--translate", "translate_m", type=PLACE, default="0,0,0", show_default=True,
              help="Move the scene: right, down, forward. [m]")
@click.option("--up", type=click.Choice(["-y", "y"]), default="-y", show_default=True,
              help="The axis that points up; y turns the scene by 180° about x. A .glb is always y up.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def transform(inputs: tuple[Path, ...], output: Path, up: str, quiet: bool, **options: Any) -> None:
    """Convert, join, cut and move the scene files INPUT... and write them to OUTPUT.

    The format of each INPUT is recognised by its content, also inside a .gz or .zip. The extension of OUTPUT chooses what is
    written. Operations are applied in the order listed here.
=======
@dataclass(frozen=True)
class Change:
    """Changes to a scene, in this order.

    Gaussians less opaque than ``min_opacity`` or outside of ``crop_sphere_m`` (centre and radius) are left out, and of the
    others the ``max_splats`` that cover most of the view from the capture point are kept. Then the scene is scaled by
    ``scale``, turned by ``rotate_deg`` (yaw to the right, pitch up, roll to the right, as a camera is) and moved by
    ``translate_m`` (right, down, forward). Finally ``y_up`` turns it by 180° about x. Raises `InputError`.
>>>>>>> 267d77c (Docstrings of io, models, clips, photos, formats, commands and the top of the package in plain English; the help of serve names its address again)
    """
    from spag4d.commands.console import Console
    from spag4d.commands.transform_scenes import Change, transform_scenes

<<<<<<< HEAD
    change = Change(y_up=up == "y", **options)
    with Console(quiet=quiet) as console:
        path, count = transform_scenes(inputs, output, change, progress=console.progress)
        console.say(f"{path}: {count:,} Gaussians, {path.stat().st_size / 1e6:.1f} MB")
=======
    min_opacity: float = 0.0
    crop_sphere_m: tuple[float, float, float, float] | None = None
    max_splats: int | None = None
    scale: float = 1.0
    rotate_deg: Vector = (0.0, 0.0, 0.0)
    translate_m: Vector = (0.0, 0.0, 0.0)
    y_up: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no scene."""
        if not 1 / MOST_SCALE <= self.scale <= MOST_SCALE:
            raise InputError(f"--scale is a factor from {1 / MOST_SCALE:g} to {MOST_SCALE:g}, got {self.scale:g}")
        if not all(abs(value) <= FARTHEST_M for value in (*self.translate_m, *(self.crop_sphere_m or ()))):
            raise InputError(f"--translate and --crop-sphere take at most {FARTHEST_M:g} m")
        if not all(abs(value) <= MOST_TURN_DEG for value in self.rotate_deg):
            raise InputError(f"--rotate takes at most {MOST_TURN_DEG:g} degrees")
        if self.crop_sphere_m is not None and not self.crop_sphere_m[3] > 0:
            raise InputError(f"--crop-sphere ends in a radius above 0, got {self.crop_sphere_m[3]:g}")

    @property
    def rotation(self) -> Float64[np.ndarray, "3 3"]:
        """How the scene is turned, without the half turn of ``y_up``."""
        return rotation_from_yaw_pitch_roll(*np.radians(self.rotate_deg))

    @property
    def shift_m(self) -> Float64[np.ndarray, "3"]:
        """What moves the scene as ``translate_m`` does, but before it is scaled and turned.

        Readers add it to positions before rounding them to float32.
        """
        return self.rotation.T @ np.array(self.translate_m) / self.scale

    def apply(self, gaussians: Gaussians) -> Gaussians:
        """Return the changed Gaussians, which were read with ``shift_m``."""
        if self.min_opacity > 0:
            gaussians = opaque(gaussians, self.min_opacity)
        if self.crop_sphere_m is not None:
            gaussians = within(gaussians, np.array(self.crop_sphere_m[:3]) + self.shift_m, self.crop_sphere_m[3])
        if self.max_splats is not None:
            gaussians = most_visible(gaussians, self.max_splats, self.shift_m)
        gaussians = scaled(gaussians, self.scale)
        if any(self.rotate_deg):
            gaussians = rotated(gaussians, self.rotation)
        return rotated(gaussians, _HALF_TURN_ABOUT_X) if self.y_up else gaussians


def transform(
    inputs: Sequence[Path], output: Path, change: Change | None = None, *, progress: Progress = SILENT
) -> tuple[Path, int]:
    """Read scenes, join them, change them and write them to ``output``; return it and the number of Gaussians written.

    The comments of a single unchanged scene are kept where the format has room for them. Raises `InputError`,
    `ResourceError` and `Cancelled`; an older file is only ever replaced by a whole new one.
    """
    change = change or Change()
    (kind, path), = output_paths(output).items()
    _check(inputs, path, kind, change)
    parts = []
    for number, source in enumerate(inputs):
        progress.report("Reading", number, len(inputs))
        parts.append(read_scene(source, shift_m=change.shift_m, progress=progress))
    progress.report("Reading", len(inputs), len(inputs))
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to be written is left out, with a warning
        gaussians = change.apply(Gaussians.concatenate(parts))
    if not len(gaussians):
        raise InputError("nothing is left: no Gaussian passes --crop-sphere and --min-opacity.")
    gaussians = usable(gaussians, progress)
    if not len(gaussians):
        raise InputError("nothing is left: --scale and --translate make the numbers too large.")
    unchanged = len(inputs) == 1 and change == Change()
    comments = read_scene_comments(inputs[0]) if unchanged else [f"SPAG-4D {__version__}", "transformed"]
    write_scene(path, gaussians, kind, comments=comments, progress=progress)
    return path, len(gaussians)


def _check(inputs: Sequence[Path], path: Path, kind: str, change: Change) -> None:
    """Raise `InputError` before any work for a command that cannot succeed."""
    if change.y_up and FORMATS.load(kind).y_up:
        raise InputError(f"--up y does not apply to .{kind} files, which are always y up.")
    check_target(path)
    for source in inputs:
        kind_of(source)
        if os.path.realpath(source) == os.path.realpath(path):
            raise InputError(f"{path} is also an input: writing there would destroy it. Choose another name.")
>>>>>>> 267d77c (Docstrings of io, models, clips, photos, formats, commands and the top of the package in plain English; the help of serve names its address again)
