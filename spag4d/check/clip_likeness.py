"""Does a scene that moves look like its clip from where the camera was, is it as far on as the clip, and does it flicker."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.check.likeness import decibels, mean_over
from spag4d.data import Gaussians, Panorama, Pose
from spag4d.formats.finite import usable
from spag4d.formats.moving import MovingFile
from spag4d.geometry.equirect import solid_angle_weights
from spag4d.progress import SILENT, Progress
from spag4d.render.view import Rendering, render_panorama
from spag4d.splat.edit import moved, rotated

ROWS = 256
"""Of the pictures that are compared: what moves is judged there, not sharpness."""
_CHANGES, _STAYS = 24 / 255, 9 / 255
"""By more a clip's picture changes where something moves; by less, where nothing does."""
_NEAREST_M, _FARTHEST_M = 1e-3, 1e5
"""So that logarithms are finite."""


@dataclass(frozen=True)
class FrameLikeness:
    """A frame beside the scene: PSNR in dB; by how many frames what changes is behind the clip, and the rms change of log
    distance since the frame before where the clip does not change, None for a first frame and where the camera travels."""

    time_s: float
    likeness_db: float
    late_frames: float | None
    flicker: float | None

    def __str__(self) -> str:
        """Describe it."""
        late = "" if self.late_frames is None else f", what changes {self.late_frames:.2f} frames late"
        flicker = "" if self.flicker is None else f", flicker {self.flicker:.4f}"
        return f"{self.likeness_db:.1f} dB like the clip{late}{flicker}"


def clip_likeness(
    found: MovingFile, frames: Iterable[Panorama], times_s: Sequence[float], *, every: int = 1, progress: Progress = SILENT
) -> Iterator[FrameLikeness]:
    """Yield how each ``every``-th of a clip's frames is shown by a scene at its time; of the first, nothing came before."""
    before: tuple[Panorama, Rendering] | None = None
    for number, (frame, time_s) in enumerate(zip(frames, times_s, strict=False)):
        progress.report("Comparing", number, len(times_s))
        shown = None
        if number % every == 0 or (number + 1) % every == 0:
            shown = render_panorama(_seen_by(found, time_s, progress), frame.size_hw[0])
        if shown is not None and number % every == 0:
            yield _compared(time_s, frame, shown, before, stands=_stands(found))
        before = None if shown is None else (frame, shown)
    progress.report("Comparing", len(times_s), len(times_s))


def _stands(found: MovingFile) -> bool:
    way = found.timeline.way
    return way is None or all(np.array_equal(pose.translation, way.poses[0].translation) for pose in way.poses)


def _seen_by(found: MovingFile, time_s: float, progress: Progress) -> Gaussians:
    """Return the scene at a time in the axes of the camera that took the clip."""
    way, gaussians = found.timeline.way, usable(found.at(time_s), progress)
    pose = Pose.identity() if way is None else way.at(time_s)
    return rotated(moved(gaussians, -pose.translation), pose.rotation.T)


def _compared(
    time_s: float, frame: Panorama, shown: Rendering, before: tuple[Panorama, Rendering] | None, *, stands: bool
) -> FrameLikeness:
    weights = np.broadcast_to(solid_angle_weights(len(frame.rgb))[:, None], shown.alpha.shape)
    weights = weights if frame.valid is None else np.where(frame.valid, weights, 0)
    likeness_db = decibels(mean_over(((shown.rgb - frame.rgb) ** 2).mean(-1), weights))
    if before is None:
        return FrameLikeness(time_s, likeness_db, None, None)
    change = np.abs(frame.rgb - before[0].rgb).max(-1)
    late = _late(frame.rgb, before[0].rgb, shown.rgb, np.where(change > _CHANGES, weights, 0))
    still = np.where((change < _STAYS) & np.isfinite(shown.distance) & np.isfinite(before[1].distance), weights, 0)
    flicker = _flicker(shown, before[1], still) if stands and still.any() else None
    return FrameLikeness(time_s, likeness_db, late, flicker)


def _flicker(shown: Rendering, before: Rendering, weights: Float64[np.ndarray, "h w"]) -> float:
    logs = [np.log(np.clip(one.distance, _NEAREST_M, _FARTHEST_M)) for one in (shown, before)]
    return float(np.sqrt(mean_over((logs[0] - logs[1]) ** 2, weights)))


def _late(
    frame: Float32[np.ndarray, "h w 3"], before: Float32[np.ndarray, "h w 3"], shown: Float32[np.ndarray, "h w 3"],
    weights: Float64[np.ndarray, "h w"],
) -> float | None:
    """Return how much of what is shown is the frame before: the share that fits best, None where nothing changes."""
    back, off = before - frame, shown - frame
    total = float((weights * (back**2).sum(-1)).sum())
    return float((weights * (back * off).sum(-1)).sum()) / total if total > 0 else None
