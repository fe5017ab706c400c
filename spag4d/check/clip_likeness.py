"""Does a scene that moves look like its clip from where the camera was, is it as far on as the clip, and does it flicker."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64

from spag4d.check.likeness import decibels, mean_over
from spag4d.data import Gaussians, Panorama, Pose
from spag4d.formats.finite import usable
from spag4d.formats.moving import MovingFile
from spag4d.geometry.equirect import crop_sphere, pad_sphere, solid_angle_weights
from spag4d.progress import SILENT, Progress
from spag4d.render.view import Rendering, render_panorama
from spag4d.splat.edit import moved, rotated

ROWS = 256
"""Of the pictures that are compared: what moves is judged there, not sharpness."""
_CHANGES, _STAYS = 24 / 255, 18 / 255
"""By more a clip changes where something moves; by less, from its darkest to its brightest frame, where nothing ever does."""
_OUTLINE_PX = 4
"""So far the soft outline of what moves reaches into what stands, and the mean distance there is one between the two."""
_SAMPLES = 15
"""Frames from all over a clip whose median is what it usually shows."""
_NEAREST_M, _FARTHEST_M = 1e-3, 1e5
"""So that logarithms are finite."""


@dataclass(frozen=True)
class FrameLikeness:
    """A frame beside the scene: PSNR in dB; by how many frames what changes is behind the clip, None for a first frame; how
    solid what is unusual in the clip is shown, 1 where nothing shines through; and the rms change of log distance since the
    frame before where the clip never changes. Both are None where the camera does not stand."""

    time_s: float
    likeness_db: float
    late_frames: float | None
    solidity: float | None
    flicker: float | None

    def __str__(self) -> str:
        """Describe it."""
        late = "" if self.late_frames is None else f", what changes {self.late_frames:.2f} frames late"
        solidity = "" if self.solidity is None else f", what moves {self.solidity:.0%} solid"
        flicker = "" if self.flicker is None else f", flicker {self.flicker:.4f}"
        return f"{self.likeness_db:.1f} dB like the clip{late}{solidity}{flicker}"


@dataclass(frozen=True)
class Usual:
    """What a clip shows most of the time, and where (h, w) it always does, away from all that moves."""

    rgb: Float32[np.ndarray, "h w 3"]
    always: Bool[np.ndarray, "h w"]


def usual_of(frames: Iterable[Panorama], count: int) -> Usual:
    """Return what ``count`` frames of a camera that stands usually show."""
    sampled = set(np.linspace(0, count - 1, min(count, _SAMPLES)).round().astype(int).tolist())
    samples, least, most = [], np.float32(np.inf), np.float32(-np.inf)
    for number, frame in enumerate(frames):
        least, most = np.minimum(least, frame.rgb), np.maximum(most, frame.rgb)
        if number in sampled:
            samples.append(frame.rgb)
    changes = pad_sphere(((most - least).max(-1) > _STAYS).astype(np.uint8), _OUTLINE_PX)
    near = crop_sphere(cv2.dilate(changes, np.ones((2 * _OUTLINE_PX + 1,) * 2, np.uint8)), _OUTLINE_PX)
    return Usual(np.median(samples, 0).astype(np.float32), near == 0)


def clip_likeness(
    found: MovingFile, read: Callable[[], Iterable[Panorama]], times_s: Sequence[float], *, every: int = 1,
    progress: Progress = SILENT,
) -> Iterator[FrameLikeness]:
    """Yield how each ``every``-th of a clip's frames is shown by a scene at its time; of the first, nothing came before.

    ``read`` returns the frames anew at each call.
    """
    usual = usual_of(read(), len(times_s)) if _stands(found) else None
    before: tuple[Panorama, Rendering] | None = None
    for number, (frame, time_s) in enumerate(zip(read(), times_s, strict=False)):
        progress.report("Comparing", number, len(times_s))
        shown = None
        if number % every == 0 or (number + 1) % every == 0:
            shown = render_panorama(_seen_by(found, time_s, progress), frame.size_hw[0])
        if shown is not None and number % every == 0:
            yield _compared(time_s, frame, shown, before, usual)
        before = None if shown is None else (frame, shown)
    progress.report("Comparing", len(times_s), len(times_s))


def _stands(found: MovingFile) -> bool:
    way = found.timeline.way
    return way is None or all(np.array_equal(pose.translation, way.poses[0].translation)
                              and np.array_equal(pose.rotation, way.poses[0].rotation) for pose in way.poses)


def _seen_by(found: MovingFile, time_s: float, progress: Progress) -> Gaussians:
    """Return the scene at a time in the axes of the camera that took the clip."""
    way, gaussians = found.timeline.way, usable(found.at(time_s), progress)
    pose = Pose.identity() if way is None else way.at(time_s)
    return rotated(moved(gaussians, -pose.translation), pose.rotation.T)


def _compared(
    time_s: float, frame: Panorama, shown: Rendering, before: tuple[Panorama, Rendering] | None, usual: Usual | None
) -> FrameLikeness:
    weights = np.broadcast_to(solid_angle_weights(len(frame.rgb))[:, None], shown.alpha.shape)
    weights = weights if frame.valid is None else np.where(frame.valid, weights, 0)
    likeness_db = decibels(mean_over(((shown.rgb - frame.rgb) ** 2).mean(-1), weights))
    solidity = late = flicker = None
    if usual is not None:
        hidden = share_of(usual.rgb, frame.rgb, shown.rgb, np.where(usual.always, 0, weights))
        solidity = None if hidden is None else 1 - hidden
    if before is not None:
        late = share_of(before[0].rgb, frame.rgb, shown.rgb, weights)
        flicker = None if usual is None else _flicker(shown, before[1], np.where(usual.always, weights, 0))
    return FrameLikeness(time_s, likeness_db, late, solidity, flicker)


def _flicker(shown: Rendering, before: Rendering, weights: Float64[np.ndarray, "h w"]) -> float | None:
    """Return the rms change of log distance where both show a surface, None where neither does."""
    weights = np.where(np.isfinite(shown.distance) & np.isfinite(before.distance), weights, 0)
    logs = [np.log(np.clip(one.distance, _NEAREST_M, _FARTHEST_M)) for one in (shown, before)]
    return float(np.sqrt(mean_over((logs[0] - logs[1]) ** 2, weights))) if weights.any() else None


def share_of(
    other: Float32[np.ndarray, "h w 3"], frame: Float32[np.ndarray, "h w 3"], shown: Float32[np.ndarray, "h w 3"],
    weights: Float64[np.ndarray, "h w"],
) -> float | None:
    """Return how much of what is shown is another picture than the frame, where they differ: the share that fits best."""
    aside, off = other - frame, shown - frame
    weights = np.where(np.abs(aside).max(-1) > _CHANGES, weights, 0)
    total = float((weights * (aside**2).sum(-1)).sum())
    return float((weights * (aside * off).sum(-1)).sum()) / total if total > 0 else None
