"""What ``spag4d transform`` does: scene files read, merged, cut, turned and written in another format."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from spag4d import __version__
from spag4d.data import LAYERS, AnyScene, Gaussians, Layers, Scene
from spag4d.errors import InputError
from spag4d.formats import FORMATS
from spag4d.formats.finite import usable
from spag4d.formats.moving import is_moving, opened_moving, scene_at
from spag4d.formats.outputs import output_paths
from spag4d.formats.recognise import kind_of
from spag4d.formats.scene import read_layers, read_scene_comments, write_scene
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.io.atomic import check_target
from spag4d.progress import SILENT, Progress
from spag4d.splat.edit import most_visible, moved, opaque, rotated, scaled, within

_HALF_TURN_ABOUT_X = np.diag([1.0, -1.0, -1.0])
"""From x right, y down, z forward to y up."""

Vector = tuple[float, float, float]

MOST_SCALE = 1e6
"""A factor of a million, either way: from a scan in millimetres to one in kilometres."""
FARTHEST_M = 1e9
"""Farther than anything on Earth is from its centre: larger numbers are typing errors."""
MOST_TURN_DEG = 36_000.0
"""A hundred turns: larger angles are typing errors."""


@dataclass(frozen=True)
class Change:
    """Changes to a scene, in this order.

    The layers that ``drop`` names, Gaussians less opaque than ``min_opacity`` and those outside of ``crop_sphere_m`` (centre
    and radius) are left out, and of the others the ``max_splats`` that cover most of the view from the capture point are kept.
    Then the scene is scaled by ``scale``, turned by ``rotate_deg`` (yaw to the right, pitch up, roll to the right, as a camera
    is) and moved by ``translate_m`` (right, down, forward). Finally ``y_up`` turns it by 180° about x. Raises `InputError`.
    """

    drop: tuple[str, ...] = ()
    min_opacity: float = 0.0
    crop_sphere_m: tuple[float, float, float, float] | None = None
    max_splats: int | None = None
    scale: float = 1.0
    rotate_deg: Vector = (0.0, 0.0, 0.0)
    translate_m: Vector = (0.0, 0.0, 0.0)
    y_up: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no scene."""
        if unknown := [name for name in self.drop if name not in LAYERS]:
            raise InputError(f"--drop takes layers with commas between them, of {', '.join(LAYERS)}, and not '{unknown[0]}'")
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
    def linear(self) -> Float64[np.ndarray, "3 3"]:
        """What becomes of differences of places: they are scaled and turned."""
        return self.scale * ((_HALF_TURN_ABOUT_X @ self.rotation) if self.y_up else self.rotation)

    @property
    def shift_m(self) -> Float64[np.ndarray, "3"]:
        """What moves the scene as ``translate_m`` does, but before it is scaled and turned.

        Readers add it to positions before rounding them to float32.
        """
        return self.rotation.T @ np.array(self.translate_m) / self.scale

    def apply(self, scene: AnyScene) -> AnyScene:
        """Return the changed scene, which was read with ``shift_m`` and without the layers to ``drop``."""
        if self.min_opacity > 0:
            scene = opaque(scene, self.min_opacity)
        if self.crop_sphere_m is not None:
            scene = within(scene, np.array(self.crop_sphere_m[:3]) + self.shift_m, self.crop_sphere_m[3])
        if self.max_splats is not None:
            scene = most_visible(scene, self.max_splats, self.shift_m)
        return scene.changed(self.moved)

    def moved(self, gaussians: Gaussians) -> Gaussians:
        """Return Gaussians that were read with ``shift_m``, scaled and turned."""
        gaussians = scaled(gaussians, self.scale)
        if any(self.rotate_deg):
            gaussians = rotated(gaussians, self.rotation)
        return rotated(gaussians, _HALF_TURN_ABOUT_X) if self.y_up else gaussians


def transform_scenes(
    inputs: Sequence[Path], output: Path, change: Change | None = None, *, time_s: float | None = None,
    duration_s: float | None = None, progress: Progress = SILENT,
) -> tuple[Path, int]:
    """Read scenes, join them, change them and write them to ``output``; return it and the number of Gaussians written.

    Of scenes that move the moment ``time_s`` is taken, as if they lasted ``duration_s``. The comments of a single unchanged
    scene are kept where the format has room for them. Raises `InputError`, `ResourceError` and `Cancelled`; an older file is
    only ever replaced by a whole new one.
    """
    change = change or Change()
    (kind, path), = output_paths(output).items()
    _check(inputs, path, kind, change, time_s, duration_s)
    scene = _read(inputs, change, time_s, duration_s, progress)
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to be written is left out, with a warning
        scene = change.apply(scene)
    if not len(scene):
        raise InputError("nothing is left: no Gaussian passes --drop, --min-opacity and --crop-sphere.")
    scene = usable(scene, progress)
    if not len(scene):
        raise InputError("nothing is left: --scale and --translate make the numbers too large.")
    unchanged = len(inputs) == 1 and change == Change()
    comments = _comments(inputs[0]) if unchanged else [f"SPAG-4D {__version__}", "transformed"]
    write_scene(path, scene, kind, comments=comments, progress=progress)
    return path, len(scene)


def _comments(source: Path) -> list[str]:
    return opened_moving(source).comments if is_moving(source) else read_scene_comments(source)


def _read(
    inputs: Sequence[Path], change: Change, time_s: float | None, duration_s: float | None, progress: Progress
) -> Scene:
    """Return one scene in the layers that its file names, or several joined, without the layers to drop."""
    parts = []
    for number, source in enumerate(inputs):
        progress.report("Reading", number, len(inputs))
        if is_moving(source):
            assert time_s is not None  # `_check` refuses such a source without it
            part = moved(scene_at(source, time_s, duration_s=duration_s, progress=progress), change.shift_m)
        else:
            part = read_layers(source, shift_m=change.shift_m, progress=progress)
        parts.append(_without(part, change.drop, source) if change.drop else part)
    progress.report("Reading", len(inputs), len(inputs))
    return parts[0] if len(parts) == 1 else Gaussians.concatenate([part.joined for part in parts])


def _without(scene: Scene, names: Sequence[str], source: Path) -> Layers:
    if not isinstance(scene, Layers):
        holders = " and ".join(f".{name}" for name in FORMATS if FORMATS.load(name).holds_layers)
        raise InputError(f"{source} does not say which of its Gaussians are {' or '.join(names)}, so --drop cannot be applied. "
                         f"{holders} files say it, as `spag4d convert` writes them: drop there, and go on to other formats "
                         "with the result.")
    return scene.without(names)


def _check(
    inputs: Sequence[Path], path: Path, kind: str, change: Change, time_s: float | None, duration_s: float | None
) -> None:
    """Raise `InputError` before any work for a command that cannot succeed."""
    if change.y_up and FORMATS.load(kind).y_up:
        raise InputError(f"--up y does not apply to .{kind} files, which are always y up.")
    check_target(path)
    moving = [source for source in inputs if is_moving(source)]
    if moving and time_s is None:
        raise InputError(f"{moving[0]} is a scene that moves: --time chooses the moment to write as {path.name}. Without it "
                         "name a folder, for all of its frames.")
    if (time_s is not None or duration_s is not None) and not moving:
        raise InputError(f"{'--duration' if time_s is None else '--time'} applies to scenes that move, and no input is one.")
    for source in inputs:
        if source not in moving:
            kind_of(source)
        if os.path.realpath(source) == os.path.realpath(path):
            raise InputError(f"{path} is also an input: writing there would destroy it. Choose another name.")
