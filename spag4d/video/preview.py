"""What a sequence looks like to somebody who moves a little, beside its depth, as pictures of a video."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from spag4d.data import Gaussians, PinholeCamera, Pose
from spag4d.geometry.camera import camera_looking, view_pixels_from_directions
from spag4d.geometry.equirect import pixels_from_directions
from spag4d.progress import SILENT, Progress

_VIEW_HW = (540, 960)
_DEPTH_HW = (480, 960)
_FOV_DEG = 90.0
_SWAY_M = 0.15
_SWAY_S = 4.0
_PAN_DEG_PER_S = 6.0
_NEAREST_M = 0.05
_SHORTEST_M, _LONGEST_M = 0.5, 100.0

Picture = UInt8[np.ndarray, "h w 3"]


def preview_pictures(
    frames: Iterable[Gaussians], count: int, fps: float, *, progress: Progress = SILENT
) -> Iterator[Picture]:
    """Yield a picture (1020, 960, 3) for each frame: above a view that sways and pans, below the depth all around.

    Gaussians are drawn as points of their own size, the nearest in front; near is red, far blue, nothing is black.
    """
    for number, gaussians in enumerate(frames):
        progress.report("Drawing the preview", number, count)
        camera = _camera(number / fps)
        yield np.concatenate([_view(gaussians, camera), _depth(gaussians)])
    progress.report("Drawing the preview", count, count)


def _camera(time_s: float) -> PinholeCamera:
    phase, azimuth = 2 * np.pi * time_s / _SWAY_S, np.radians(_PAN_DEG_PER_S * time_s)
    ahead = np.array([np.sin(azimuth), 0.0, np.cos(azimuth)])
    aside = np.array([ahead[2], 0.0, -ahead[0]])
    place = _SWAY_M * (np.sin(phase) * aside + 0.5 * np.sin(phase / 2) * ahead)
    camera = camera_looking(ahead, _FOV_DEG, _VIEW_HW)
    return PinholeCamera(camera.width, camera.height, camera.fx, camera.fy, camera.cx, camera.cy,
                         Pose(camera.world_from_camera.rotation, place))


def _view(gaussians: Gaussians, camera: PinholeCamera) -> Picture:
    away = gaussians.means - camera.world_from_camera.translation.astype(np.float32)
    distance = np.linalg.norm(away, axis=1)
    pixels = view_pixels_from_directions(camera, away)
    size_px = gaussians.scales.max(1) / np.maximum(distance, _NEAREST_M) * camera.fx
    seen = np.isfinite(pixels).all(1) & (distance > _NEAREST_M)
    drawn = _drawn(pixels[seen], distance[seen], size_px[seen], gaussians.colors[seen], _VIEW_HW)
    return (drawn * 255 + 0.5).clip(0, 255).astype(np.uint8)


def _depth(gaussians: Gaussians) -> Picture:
    distance = np.linalg.norm(gaussians.means, axis=1)
    seen = distance > _NEAREST_M
    pixels = pixels_from_directions(gaussians.means[seen], _DEPTH_HW[0])
    size_px = gaussians.scales.max(1)[seen] / distance[seen] * (_DEPTH_HW[0] / np.pi)
    near = np.log(np.clip(distance[seen], _SHORTEST_M, _LONGEST_M) / _SHORTEST_M) / np.log(_LONGEST_M / _SHORTEST_M)
    shade = _drawn(pixels, distance[seen], size_px, (1 - near * 0.98)[:, None].astype(np.float32), _DEPTH_HW)[..., 0]
    colored = cv2.cvtColor(cv2.applyColorMap((shade * 255).astype(np.uint8), cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    colored[shade == 0] = 0
    return np.asarray(colored, np.uint8)


def _drawn(
    pixels: Float32[np.ndarray, "n 2"], distance: Float32[np.ndarray, " n"], size_px: Float32[np.ndarray, " n"],
    values: Float32[np.ndarray, "n c"], size_hw: tuple[int, int],
) -> Float32[np.ndarray, "h w c"]:
    """Draw points as squares of about their size from the farthest to the nearest; small ones cover what wide ones leave."""
    height, width = size_hw
    order = np.argsort(-distance)
    column, row = np.rint(pixels[order]).astype(np.int64).T
    reach = np.clip(np.ceil(size_px[order]), 0, 4).astype(np.int64)
    picture = np.zeros((height * width, values.shape[1]), np.float32)
    depth = np.full(height * width, np.inf, np.float32)
    sorted_values, sorted_distance = values[order], distance[order]
    for dy in range(-4, 5):
        for dx in range(-4, 5):
            ring = max(abs(dy), abs(dx))
            y, x = row + dy, column + dx
            inside = (reach >= ring) & (y >= 0) & (y < height) & (x >= 0) & (x < width)
            place, far = (y * width + x)[inside], sorted_distance[inside] * np.float32(1 + 0.01 * ring)
            nearer = far < depth[place]
            place, far = place[nearer], far[nearer]
            depth[place] = far  # of several in one place the last counts, which is the nearest
            picture[place] = sorted_values[inside][nearer]
    return _closed(picture.reshape(height, width, -1), np.isfinite(depth).reshape(height, width))


def _closed(picture: Float32[np.ndarray, "h w c"], drawn: np.ndarray) -> Float32[np.ndarray, "h w c"]:
    """Fill gaps between points, not the holes behind things: what is open takes the mean around it, farther each time."""
    for step in (3, 5, 9):
        share = cv2.blur(drawn.astype(np.float32), (step, step))
        mean = cv2.blur(picture * drawn[..., None], (step, step)).reshape(picture.shape)
        fill = ~drawn & (share > 0)
        picture[fill] = mean[fill] / share[fill, None]
        drawn = drawn | fill
    return picture
