"""Pictures of a video that shows a sequence from a slightly moving place, with its depth below."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from jaxtyping import UInt8

from spag4d.data import Gaussians, PinholeCamera
from spag4d.geometry.camera import camera_looking
from spag4d.progress import SILENT, Progress
from spag4d.render.view import Rendering, render_panorama, render_view

_VIEW_HW = (540, 960)
"""Pixels, a quarter of Full HD: a preview may be coarse, and each frame is drawn on the CPU."""
_DEPTH_ROWS = 480
"""Half the view's width: a panorama is as wide as the view above it."""
_FOV_DEG = 90.0
"""Degrees across, by eye: wide enough to show how outlines move."""
_SWAY_M = 0.15
"""Aside, by eye: parallax shows, and what a step uncovers is filled for 0.5 m by default."""
_SWAY_S, _PAN_DEG_PER_S = 4.0, 6.0
"""A slow breath, and a turn in a minute: by eye, slow enough to judge flicker."""
_SOLID = 0.5
"""Alpha from which a pixel has a distance."""
_SHORTEST_M, _LONGEST_M = 0.5, 100.0
"""Metres at the ends of the colour scale, as near as rooms get and as far as surfaces are drawn by default."""

Picture = UInt8[np.ndarray, "h w 3"]


def preview_pictures(
    frames: Iterable[Gaussians], count: int, fps: float, *, progress: Progress = SILENT
) -> Iterator[Picture]:
    """Yield a picture (1020, 960, 3) for each frame: above a view that sways and pans, below the depth all around.

    Near is red, far blue, nothing is black.
    """
    for number, gaussians in enumerate(frames):
        progress.report("Drawing the preview", number, count)
        view = render_view(gaussians, _camera(number / fps))
        yield np.concatenate([view.eight_bits, _depth(render_panorama(gaussians, _DEPTH_ROWS))])
    progress.report("Drawing the preview", count, count)


def _camera(time_s: float) -> PinholeCamera:
    phase, azimuth = 2 * np.pi * time_s / _SWAY_S, np.radians(_PAN_DEG_PER_S * time_s)
    ahead = np.array([np.sin(azimuth), 0.0, np.cos(azimuth)])
    aside = np.array([ahead[2], 0.0, -ahead[0]])
    place = _SWAY_M * (np.sin(phase) * aside + 0.5 * np.sin(phase / 2) * ahead)
    return camera_looking(ahead, _FOV_DEG, _VIEW_HW).moved(place)


def _depth(drawn: Rendering) -> Picture:
    far = np.log(np.clip(drawn.distance, _SHORTEST_M, _LONGEST_M) / _SHORTEST_M) / np.log(_LONGEST_M / _SHORTEST_M)
    colored = cv2.cvtColor(cv2.applyColorMap(((1 - far) * 255).astype(np.uint8), cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    colored[drawn.alpha < _SOLID] = 0
    return np.asarray(colored, np.uint8)
