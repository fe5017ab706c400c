"""Pictures and videos of a scene file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spag4d.clips.movie import write_movie
from spag4d.data import DepthMap, Gaussians, PinholeCamera
from spag4d.errors import InputError, either
from spag4d.formats.finite import usable
from spag4d.formats.moving import is_moving, opened_moving
from spag4d.formats.scene import read_scene
from spag4d.io.atomic import atomic_path, check_target
from spag4d.photos.gpano import sphere_xmp
from spag4d.photos.write_depth import check_depth_path, write_depth
from spag4d.progress import SILENT, Progress
from spag4d.render.camera_path import FARTHEST_M, CameraPath
from spag4d.render.on_cuda import drawing_device
from spag4d.render.path import parallax_path, view_from
from spag4d.render.view import Rendering, render_panorama, render_view

MOVIE = ".mp4"
_JPEG = (".jpg", ".jpeg")
_PICTURES = (".png", *_JPEG, ".webp")
_SOLID = 0.5
"""Alpha at which a pixel has a distance."""
_USUAL_SECONDS = 10.0
"""Of a video of a still scene: a turn all around that can be followed."""

Point = tuple[float, float, float]
Played = Callable[[float], Gaussians]
"""A scene by the time in seconds."""

MOST_SECONDS, MOST_FPS = 3600.0, 240.0
"""An hour, and the rate of the fastest common screens: a typing error must not fill the disk."""


@dataclass(frozen=True)
class Shot:
    """What to draw: places in metres (x right, y down, z forward), ``size_wh`` in pixels, ``fov_deg`` across.

    ``look_at_m`` None looks ahead, along +z. With ``panorama`` the whole sphere is drawn, and with ``depth`` distances along
    the ray instead of colours. ``classic`` draws as the original 3DGS rasteriser, otherwise as web viewers do. A scene that
    moves is drawn as it is at ``time_s``, from which on a video of it plays. A video lasts ``seconds``, None for 10 s or as
    long as such a scene, at ``fps`` frames each; its camera goes round the position at ``radius_m``. Raises `InputError`.
    """

    position_m: Point = (0.0, 0.0, 0.0)
    look_at_m: Point | None = None
    fov_deg: float = 75.0
    size_wh: tuple[int, int] = (1280, 720)
    panorama: bool = False
    depth: bool = False
    classic: bool = False
    seconds: float | None = None
    fps: float = 24.0
    radius_m: float = 0.3
    time_s: float = 0.0
    path: CameraPath | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        width, height = self.size_wh
        if not (1 <= width <= 16384 and 1 <= height <= 16384):
            raise InputError(f"a picture has 1 to 16384 pixels along each side, got {width} x {height}")
        if self.panorama and width != 2 * height:
            raise InputError(f"a panorama is twice as wide as high, got {width} x {height}")
        if not 1 <= self.fov_deg <= 179:
            raise InputError(f"a field of view lies between 1 and 179 degrees, got {self.fov_deg:g}")
        if not all(abs(value) <= FARTHEST_M for value in (*self.position_m, *(self.look_at_m or ()))):
            raise InputError(f"places lie within {FARTHEST_M:g} m of the capture point along each axis")
        for name, value, most in (("--seconds", self.seconds, MOST_SECONDS), ("--fps", self.fps, MOST_FPS)):
            if value is not None and not 0.001 <= value <= most:
                raise InputError(f"{name} lies between 0.001 and {most:g}, got {value:g}")
        if not 0 <= self.radius_m <= FARTHEST_M:
            raise InputError(f"--radius lies between 0 and {FARTHEST_M:g} m, got {self.radius_m:g}")
        if self.look_at_m == self.position_m:
            raise InputError("--look-at is the place to look at, and must differ from --position")


def draw(scene: Path, output: Path, shot: Shot, *, device: str = "auto", progress: Progress = SILENT) -> None:
    """Draw a scene file as a picture, or as a video where ``output`` ends in .mp4.

    Raises `InputError`, `ResourceError` and `Cancelled`; an older file is only ever replaced by a whole new one.
    """
    extension = output.suffix.lower()
    if shot.depth and extension != MOVIE:
        check_depth_path(output)
    elif extension not in (*_PICTURES, MOVIE):
        raise InputError(f"cannot tell the format of '{output.name}': end it in {either(_PICTURES)}, or in "
                         f"{MOVIE} for a video.")
    if extension == MOVIE and (shot.panorama or shot.depth):
        raise InputError(f"a video shows a flat view in colour: leave out --panorama and --depth, or do not "
                         f"end the output in {MOVIE}.")
    if extension == MOVIE and min(shot.size_wh) < 2:
        raise InputError(f"a video has at least 2 pixels along each side, got {shot.size_wh[0]} x {shot.size_wh[1]}")
    if shot.path is not None and extension != MOVIE:
        raise InputError(f"a camera path makes a video: end '{output.name}' in {MOVIE}, or leave out --path.")
    check_target(output)
    device = drawing_device(device)
    played, length_s = _played(scene, shot.time_s, progress)
    if extension == MOVIE:
        length_s = length_s if shot.path is None else max(shot.path.duration_s, 1 / shot.fps)
        shot = replace(shot, seconds=shot.seconds or min(length_s, MOST_SECONDS))
        write_movie(output, _film(played, shot, device, progress), shot.fps)
        return
    gaussians = played(shot.time_s)
    progress.report("Drawing", 0, 1)
    _write(output, _still(gaussians, shot, device), shot, progress)
    progress.report("Drawing", 1, 1)


def _played(scene: Path, time_s: float, progress: Progress) -> tuple[Played, float]:
    """Return what shows a scene at a time, again and again, and how long it is; a still one is always the same."""
    if not is_moving(scene):
        gaussians = read_scene(scene, progress=progress)
        return lambda _: gaussians, _USUAL_SECONDS
    found = opened_moving(scene, progress=progress)
    length_s = found.timeline.duration_s
    if time_s > length_s:
        raise InputError(f"{scene} lasts {length_s:g} s, and --time is {time_s:g}.")
    return lambda moment_s: usable(found.at(moment_s if moment_s <= length_s else moment_s % length_s), progress), length_s


def _still(gaussians: Gaussians, shot: Shot, device: str) -> Rendering:
    place, height = np.array(shot.position_m), shot.size_wh[1]
    if shot.panorama:
        return render_panorama(gaussians, height, place, compensated=not shot.classic, device=device)
    target = place + (0, 0, 1) if shot.look_at_m is None else np.array(shot.look_at_m)
    camera = view_from(place, target, shot.fov_deg, (height, shot.size_wh[0]))
    return render_view(gaussians, camera, compensated=not shot.classic, device=device)


def _film(played: Played, shot: Shot, device: str, progress: Progress) -> Iterator[NDArray[np.uint8]]:
    count = max(1, round((shot.seconds or _USUAL_SECONDS) * shot.fps))
    for number, camera in enumerate(_cameras(shot, count)):
        progress.report("Drawing", number, count)
        gaussians = played(shot.time_s + number / shot.fps)
        yield render_view(gaussians, camera, compensated=not shot.classic, device=device).eight_bits
    progress.report("Drawing", count, count)


def _cameras(shot: Shot, count: int) -> Iterator[PinholeCamera]:
    size_hw = (shot.size_wh[1] // 2 * 2, shot.size_wh[0] // 2 * 2)  # video encoders take even sizes only
    if shot.path is not None:
        last = count if shot.path.loop else max(count - 1, 1)
        return (shot.path.camera(number / last, size_hw) for number in range(count))
    target = None if shot.look_at_m is None else np.array(shot.look_at_m)
    return parallax_path(np.array(shot.position_m), target, shot.radius_m, count, shot.fov_deg, size_hw)


def _write(output: Path, drawn: Rendering, shot: Shot, progress: Progress) -> None:
    if shot.depth:
        nothing = drawn.alpha < _SOLID
        write_depth(output, DepthMap(np.where(nothing, np.float32(1), drawn.distance), nothing), progress=progress)
        return
    with atomic_path(output) as temporary:
        is_sphere = shot.panorama and output.suffix.lower() in _JPEG
        facts: dict[str, Any] = {"xmp": sphere_xmp(drawn.alpha.shape)} if is_sphere else {}
        Image.fromarray(drawn.eight_bits).save(temporary, quality=95, **facts)
