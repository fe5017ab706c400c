"""A panorama as overlapping flat views, for programs that know nothing else, and back: pictures or clips of each view.

``views.json`` names the views in order, with the camera of each: ``width``, ``height``, ``fx``, ``fy``, ``cx``, ``cy`` in
pixels and the rows of ``world_from_camera`` (x right, y down, z forward; ahead is the middle of the panorama).
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image
from pydantic import Field

from spag4d import __version__
from spag4d.clips.clip import Clip, read_clip
from spag4d.clips.frames import read_pixels
from spag4d.clips.movie import write_movie
from spag4d.clips.photo_or_clip import media_kind
from spag4d.color import bytes_from_rgb
from spag4d.data import Panorama, PinholeCamera, Pose
from spag4d.errors import InputError, either, reason
from spag4d.geometry.blend import blend_views
from spag4d.geometry.cubemap import cubemap
from spag4d.geometry.icosahedron import face_views
from spag4d.geometry.resample import views_from_panorama
from spag4d.io.atomic import atomic_path, check_target
from spag4d.io.foreign_json import Foreign, validated
from spag4d.io.opening import opened
from spag4d.photos.decode import decode_picture
from spag4d.progress import SILENT, Progress

RECORD = "views.json"
MOVIE = ".mp4"
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
_LARGEST = 1 << 20
"""Bytes of views.json: real ones have some hundred for each view."""
_MOST_VIEWS, _MOST_PX = 200, 16384
_SAME_SHAPE = 0.02
"""By which the sides of a picture that came back may differ from its view's: models round to multiples of 16 or 64 pixels."""


_Row = tuple[float, float, float]


class _Camera(Foreign):
    width: int = Field(ge=1, le=_MOST_PX)
    height: int = Field(ge=1, le=_MOST_PX)
    fx: float = Field(gt=0)
    fy: float = Field(gt=0)
    cx: float
    cy: float
    world_from_camera: tuple[_Row, _Row, _Row]


class _View(Foreign):
    name: str
    camera: _Camera


class _Record(Foreign):
    height: int = Field(ge=32, le=_MOST_PX // 2)
    views: list[_View] = Field(min_length=1, max_length=_MOST_VIEWS)


@dataclass(frozen=True)
class _Returned:
    """What came back of a view: its file, and its camera in that file's pixels."""

    path: Path
    camera: PinholeCamera
    clip: Clip | None


def write_views(
    panorama: Panorama, folder: Path, *, cube: bool = False, size_px: int = 768, progress: Progress = SILENT
) -> int:
    """Write 20 views of 80°, or the six of a cube of 95°, as PNGs with their cameras; return how many there are.

    Raises `InputError` for a folder that holds views, and where it cannot be written.
    """
    if (folder / RECORD).exists():
        raise InputError(f"{folder} holds views already: name another folder, or delete {RECORD} there.")
    cameras = (cubemap if cube else face_views)(size_px)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror}.") from error
    views = []
    for number, camera in enumerate(cameras):
        progress.report("Views", number, len(cameras))
        seen, = views_from_panorama(panorama.rgb, [camera])
        name = f"view_{number + 1:02d}"
        with atomic_path(folder / f"{name}.png") as temporary:
            Image.fromarray(bytes_from_rgb(seen)).save(temporary)
        views.append({"name": name, "camera": _written(camera)})
    record = {"program": f"SPAG-4D {__version__}", "height": panorama.size_hw[0], "views": views}
    with atomic_path(folder / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=1))
    progress.report("Views", len(cameras), len(cameras))
    return len(cameras)


def assemble(folder: Path, output: Path, *, height: int | None = None, progress: Progress = SILENT) -> int:
    """Fuse the pictures or clips in a folder of views to a panorama or a 360° video; return the number of frames.

    Weights fall to zero at the borders of the views and add up to one. ``height`` is that of the result, by default of the
    panorama that the views are of. Raises `InputError` where a view is missing or is of another shape.
    """
    record = _record(folder)
    returned = [_returned(folder, view, progress) for view in record.views]
    rows = (height or record.height) // 2 * 2
    check_target(output)
    clips = [view.clip for view in returned if view.clip is not None]
    if clips and output.suffix.lower() != MOVIE:
        raise InputError(f"a view came back as a clip: what becomes of it is a video, and ends in {MOVIE}, not as "
                         f"{output.name}.")
    if not clips:
        if output.suffix.lower() not in PICTURES:
            raise InputError(f"all views are pictures: what becomes of them ends in {either(PICTURES)}, not as {output.name}.")
        views = [decode_picture(view.path, progress=progress).rgb for view in returned]
        with atomic_path(output) as temporary:
            Image.fromarray(_fused(views, returned, rows)).save(temporary, quality=95)
        return 1
    count = min(len(clip.ticks) for clip in clips)
    if count < max(len(clip.ticks) for clip in clips):
        progress.warn(f"the clips are not equally long: the shortest has {count} frames, and so has the video")
    write_movie(output, _frames(returned, rows, count, progress), clips[0].rate)
    return count


def _written(camera: PinholeCamera) -> dict[str, object]:
    values = {name: getattr(camera, name) for name in ("width", "height", "fx", "fy", "cx", "cy")}
    return values | {"world_from_camera": camera.world_from_camera.rotation.round(12).tolist()}


def _record(folder: Path) -> _Record:
    path = folder / RECORD
    with opened(path, "record") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise InputError(f"{path} is no record of views: it has more than {_LARGEST:,} bytes.")
    return validated(_Record, data, path, RECORD)


def _returned(folder: Path, view: _View, progress: Progress) -> _Returned:
    """Find a view's picture or clip, whatever it ends in, and its camera in the size that it came back in."""
    kinds = {path: _kind(path) for path in sorted(folder.iterdir()) if path.stem == view.name and path.is_file()}
    clips = [path for path, kind in kinds.items() if kind == "video"]
    chosen = clips or [path for path, kind in kinds.items() if kind == "photo"]
    if len(chosen) != 1:
        raise InputError(f"{folder} holds {len(chosen) or 'no'} pictures or clips of {view.name}: there is one of each view.")
    clip = read_clip(chosen[0], progress=progress) if clips else None
    if clip is None:
        return _Returned(chosen[0], _camera(view, decode_picture(chosen[0], progress=progress).rgb.shape[:2], chosen[0]), None)
    with closing(read_pixels(clip, clip.ticks[:1])) as pixels:
        first = next(pixels)
    return _Returned(chosen[0], _camera(view, first.shape[:2], chosen[0]), clip)


def _kind(path: Path) -> str:
    """Return "photo" or "video", or nothing for other files, which may lie about."""
    try:
        return media_kind(path)
    except InputError:
        return ""


def _camera(view: _View, size_hw: tuple[int, int], path: Path) -> PinholeCamera:
    camera, (height, width) = view.camera, size_hw
    across, down = width / camera.width, height / camera.height
    if abs(across / down - 1) > _SAME_SHAPE:
        raise InputError(f"{path} is {width} x {height} pixels, and its view is {camera.width} x {camera.height}: they have to "
                         "have the same shape.")
    try:
        pose = Pose(np.array(camera.world_from_camera, np.float64), np.zeros(3))
        return PinholeCamera(width, height, camera.fx * across, camera.fy * down, camera.cx * across, camera.cy * down, pose)
    except ValueError as error:
        raise InputError(f"the camera of {view.name} in {RECORD} is no camera: {reason(error)}.") from error


def _frames(returned: Sequence[_Returned], rows: int, count: int, progress: Progress) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Yield the frames of the video; of each clip one is in memory, and a view that is a picture stands still."""
    still = {view.path: decode_picture(view.path).rgb for view in returned if view.clip is None}
    with ExitStack() as stack:
        playing = {view.path: stack.enter_context(closing(read_pixels(view.clip, view.clip.ticks[:count])))
                   for view in returned if view.clip is not None}
        for number in range(count):
            progress.report("Assembling", number, count)
            views = [still[view.path] if view.clip is None else next(playing[view.path]) for view in returned]
            yield _fused(views, returned, rows)
        progress.report("Assembling", count, count)


def _fused(
    views: Sequence[Float32[np.ndarray, "_ _ 3"]], returned: Sequence[_Returned], rows: int
) -> UInt8[np.ndarray, "h w 3"]:
    try:
        return bytes_from_rgb(blend_views(views, [view.camera for view in returned], rows))
    except ValueError as error:
        raise InputError(f"the views in {RECORD} do not make a whole panorama: {reason(error)}.") from error
