"""Pictures of a scene: pinhole views and panoramas, with alpha and distance."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from spag4d.data import Gaussians, PinholeCamera
from spag4d.geometry.cubemap import cubemap
from spag4d.geometry.equirect import directions
from spag4d.render.blend import Pixels, blend, pixels_at
from spag4d.render.project import project
from spag4d.render.seen_colors import seen_colors

ORIGIN = np.zeros(3)
"""The capture point."""


@dataclass(frozen=True)
class Rendering:
    """A picture: ``rgb`` (h, w, 3) sRGB over black, ``alpha`` (h, w), and ``distance`` (h, w) along the ray in metres.

    The distance is the mean of the Gaussians', weighted by how much each shows; infinite where there are none.
    """

    rgb: Float32[np.ndarray, "h w 3"]
    alpha: Float32[np.ndarray, "h w"]
    distance: Float32[np.ndarray, "h w"]

    @property
    def eight_bits(self) -> UInt8[np.ndarray, "h w 3"]:
        """The colours as files hold them, 0–255."""
        return np.rint(np.clip(self.rgb, 0, 1) * 255).astype(np.uint8)


def render_view(gaussians: Gaussians, camera: PinholeCamera, *, compensated: bool = True, device: str = "cpu") -> Rendering:
    """Draw a pinhole view.

    ``compensated`` draws as web viewers do, otherwise as the original 3DGS rasteriser (see `project`). ``device`` is "cpu", or
    a CUDA device as `on_cuda.drawing_device` returns it.
    """
    out = np.zeros((camera.height * camera.width, 5), np.float32)
    _draw(gaussians, camera, _all_pixels(camera.height, camera.width), out, compensated, device)
    return _rendering(out.reshape(camera.height, camera.width, 5))


def render_panorama(
    gaussians: Gaussians, height: int, position_m: Float64[np.ndarray, "3"] = ORIGIN, *, compensated: bool = True,
    device: str = "cpu",
) -> Rendering:
    """Draw the whole sphere around a place, ``height`` × 2 ``height`` pixels.

    It is drawn as the six views of a cube whose pixels at their centres are as large as the panorama's. On the CPU each is
    sampled exactly at the panorama's pixels, on CUDA it is resampled.
    """
    out = np.zeros((2 * height * height, 5), np.float32)
    for camera, pixels in panorama_views(height, position_m):
        _draw(gaussians, camera, pixels, out, compensated, device)
    return _rendering(out.reshape(height, 2 * height, 5))


def panorama_views(height: int, position_m: Float64[np.ndarray, "3"]) -> list[tuple[PinholeCamera, Pixels]]:
    """Return the views of which a panorama is drawn, each with the panorama's pixels that it shows."""
    return list(zip(_faces(height, position_m), _panorama_pixels(height), strict=True))


def _draw(
    gaussians: Gaussians, camera: PinholeCamera, pixels: Pixels, out: np.ndarray, compensated: bool, device: str
) -> None:
    if device.startswith("cuda"):
        from spag4d.render.on_cuda import drawn_on_cuda

        out[pixels.order] = drawn_on_cuda(gaussians, camera, pixels.places, device, compensated=compensated)
    else:
        splats = project(gaussians, camera, compensated=compensated)
        blend(splats, seen_colors(gaussians, splats.index, camera.world_from_camera.translation), pixels, out)


def _rendering(out: np.ndarray) -> Rendering:
    red_green_blue, distance, alpha = out[..., :3], out[..., 3], out[..., 4]
    mean = np.divide(distance, alpha, out=np.full_like(alpha, np.inf), where=alpha > 0)
    return Rendering(np.ascontiguousarray(red_green_blue), np.ascontiguousarray(alpha), mean)


@lru_cache(maxsize=4)
def _all_pixels(height: int, width: int) -> Pixels:
    row, column = np.divmod(np.arange(height * width), width)
    return pixels_at(row * width + column, np.stack([column + 0.5, row + 0.5]).astype(np.float32), (height, width))


def _face_px(height: int) -> int:
    return max(1, round(2 * height / np.pi))


def _faces(height: int, position_m: np.ndarray) -> list[PinholeCamera]:
    return [camera.moved(position_m) for camera in cubemap(_face_px(height), 90.0)]


@lru_cache(maxsize=2)
def _panorama_pixels(height: int) -> list[Pixels]:
    """Return, face by face, the panorama's pixels that it shows."""
    size = _face_px(height)
    rays = directions(height).reshape(-1, 3)
    cameras = cubemap(size, 90.0)
    axes = np.stack([camera.world_from_camera.rotation[:, 2] for camera in cameras]).astype(np.float32)
    face = (rays @ axes.T).argmax(1)
    found = []
    for number, camera in enumerate(cameras):
        order = np.flatnonzero(face == number)
        x, y, z = (rays[order] @ camera.world_from_camera.rotation.astype(np.float32)).T
        places = np.stack([x / z * camera.fx + camera.cx, y / z * camera.fy + camera.cy]).astype(np.float32)
        found.append(pixels_at(order, places, (size, size)))
    return found
