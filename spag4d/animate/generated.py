"""A still comes alive by a video model: it sees flat views that overlap and agree, and their clips become a 360° loop."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from spag4d.animate.fields import inside, resized_region, rising
from spag4d.animate.video_models import Wish, clips_of
from spag4d.animate.views import MOVIE
from spag4d.clips.movie import write_movie
from spag4d.color import bytes_from_rgb
from spag4d.data import Panorama
from spag4d.depth.resize import shrunk_panorama
from spag4d.errors import InputError
from spag4d.geometry.blend import feather
from spag4d.geometry.icosahedron import face_views
from spag4d.geometry.resample import Footprint, footprint, sample_view, views_from_panorama
from spag4d.io.atomic import check_target
from spag4d.progress import SILENT, Progress

_MOST_ROWS = 2048
"""Of a video: players decode 4096 pixels across, and not many more."""
_MARGIN_DEG = 1.0
"""Over which what was generated fades into the photo, from the border of its region inwards."""
_WHOLE_PX = 32
"""The largest pieces that models cut pictures into."""
_SHARED = 4
"""One in so many frames of a clip is spent on its way back to the beginning."""


def write_generated(
    panorama: Panorama, output: Path, pipeline: Any, wish: Wish, *, region: Bool[np.ndarray, "rows _"] | None = None,
    fps: float = 16.0, progress: Progress = SILENT,
) -> int:
    """Write the panorama as a looping 360° video, in which a pipeline of `load_pipeline` moves the region; return its frames.

    The region is everything by default; what is outside stays the photo. The pipeline sees 20 views, or those that the region
    is on. Raises `InputError`, `ResourceError` and `Cancelled`.
    """
    check_generated(output, wish.size_px)
    rgb = shrunk_panorama(panorama, min(_MOST_ROWS, panorama.size_hw[0]) // 2 * 2).rgb
    share = _share(region, rgb.shape[0])
    cameras = face_views(wish.size_px)
    numbers = [number for number, camera in enumerate(cameras) if _shows(share, footprint(camera, rgb.shape[0]))]
    rows = 2 * math.ceil(math.pi * cameras[0].fx / 2)
    views = views_from_panorama(shrunk_panorama(panorama, rows).rgb, [cameras[number] for number in numbers])
    clips = clips_of(pipeline, views, numbers, wish, progress)
    looped = list(_looped(min(len(clip) for clip in clips)))
    write_movie(output, _pictures(rgb, share, clips, numbers, looped, progress), fps)
    return len(looped)


def check_generated(output: Path, size_px: int) -> None:
    """Raise `InputError` where a video cannot be written so, before a model is loaded."""
    check_target(output)
    if output.suffix.lower() != MOVIE:
        raise InputError(f"what a video model makes is a video, and ends in {MOVIE}, not as {output.name} does. "
                         "`spag4d convert-video` makes a scene of it.")
    if size_px % _WHOLE_PX:
        raise InputError(f"--size is a multiple of {_WHOLE_PX}, as models need it, got {size_px}")


def _share(region: Bool[np.ndarray, "rows _"] | None, rows: int) -> Float32[np.ndarray, "h w"]:
    """Return how much of each pixel is generated."""
    if region is None:
        return np.ones((rows, 2 * rows), np.float32)
    core = inside(resized_region(region, rows), _MARGIN_DEG)
    if not core.any():
        raise InputError("the region is too small: nothing would move.")
    return rising(core, _MARGIN_DEG)


def _shows(share: Float32[np.ndarray, "h w"], part: Footprint) -> bool:
    return bool((share[part.rows][:, part.columns] * (part.pixels[..., 0] > -1)).any())


def _looped(count: int) -> Iterator[list[tuple[int, float]]]:
    """Yield the frames of each picture of a loop, and their shares: the end of the clip fades into its beginning."""
    shared = count // _SHARED
    for number in range(count - shared):
        new = min(1.0, number / shared) if shared else 1.0
        yield [(number, new), (number + count - shared, 1 - new)][:1 if new == 1 else 2]


def _pictures(
    rgb: Float32[np.ndarray, "h w 3"], share: Float32[np.ndarray, "h w"], clips: Sequence[UInt8[np.ndarray, "_ _ _ 3"]],
    numbers: Sequence[int], looped: Sequence[list[tuple[int, float]]], progress: Progress,
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Yield the photo with the clips in it, by weights that add up to ``share``."""
    cameras = face_views(clips[0].shape[1])
    parts = [footprint(cameras[number], rgb.shape[0]) for number in numbers]
    weights = [feather(cameras[number], part.pixels) for number, part in zip(numbers, parts, strict=True)]
    total = np.zeros(share.shape, np.float32)
    for part, weight in zip(parts, weights, strict=True):
        part.add(total, weight)
    scale = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
    shares = [(weight * scale[part.rows][:, part.columns])[..., None] for part, weight in zip(parts, weights, strict=True)]
    still = rgb * (1 - share)[..., None]
    for done, frames in enumerate(looped):
        progress.report("Assembling", done, len(looped))
        picture = still.copy()
        for number, part, weight, clip in zip(numbers, parts, shares, clips, strict=True):
            view = np.add.reduce([clip[frame] * np.float32(part_of / 255) for frame, part_of in frames])
            part.add(picture, sample_view(view, cameras[number], part) * weight)
        yield bytes_from_rgb(picture)
    progress.report("Assembling", len(looped), len(looped))
