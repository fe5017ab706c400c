"""Pinhole views: pixels, directions, and the only place where planar z meets the distance along the ray.

View pixels are **index coordinates** like those of `equirect`: the centre of pixel (row j, column i) is (u, v) = (i, j).
`PinholeCamera` has the same point at (i + 0.5, j + 0.5); the half pixel is taken off here and nowhere else.
"""

import math

import numpy as np
from jaxtyping import Bool, Float, Float64

from spag4d.data import PinholeCamera, Pose
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll


def camera_looking(direction: Float64[np.ndarray, "3"], fov_deg: float, size_hw: tuple[int, int]) -> PinholeCamera:
    """Return an upright view from the capture point with square pixels and its axis along ``direction``.

    ``fov_deg`` is the horizontal field of view between the outer borders of the first and the last column, 0–180 degrees
    exclusive, else `ValueError`. Upright means that the rows are level. Straight up and down, where every roll is level, the
    view is that of a head that tilts: +x stays right.
    """
    if not 0 < fov_deg < 180:
        raise ValueError(f"a perspective view has a field of view between 0 and 180 degrees, got {fov_deg}")
    x, y, z = direction
    horizontal = math.hypot(x, z)
    yaw_rad = math.atan2(x, z) if horizontal > 1e-9 * abs(y) else 0.0
    rotation = rotation_from_yaw_pitch_roll(yaw_rad, math.atan2(-y, horizontal), 0.0)
    height, width = size_hw
    focal_px = width / 2 / math.tan(math.radians(fov_deg) / 2)
    return PinholeCamera(width, height, focal_px, focal_px, width / 2, height / 2, Pose(rotation, np.zeros(3)))


def directions_from_view_pixels(camera: PinholeCamera, pixels: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "*n 3"]:
    """Return the unit directions (…, 3) in the world of positions (u, v) on the view, in index coordinates."""
    rays = np.empty((*pixels.shape[:-1], 3), pixels.dtype)
    rays[..., 0] = (pixels[..., 0] + 0.5 - camera.cx) / camera.fx
    rays[..., 1] = (pixels[..., 1] + 0.5 - camera.cy) / camera.fy
    rays[..., 2] = 1
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    return rays @ camera.world_from_camera.rotation.T.astype(pixels.dtype)


def view_pixels_from_directions(camera: PinholeCamera, vectors: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 2"]:
    """Return where world directions (…, 3) of any length fall on the view: (u, v) in index coordinates, NaN behind it."""
    x, y, z = np.moveaxis(vectors @ camera.world_from_camera.rotation.astype(vectors.dtype), -1, 0)
    pixels = np.empty((*vectors.shape[:-1], 2), vectors.dtype)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # grazing directions fall infinitely far outside
        inverse_z = np.where(z > 0, 1 / z, np.nan)
        np.add(x * inverse_z * camera.fx, camera.cx - 0.5, out=pixels[..., 0])
        np.add(y * inverse_z * camera.fy, camera.cy - 0.5, out=pixels[..., 1])
    return pixels


def view_contains(camera: PinholeCamera, pixels: Float[np.ndarray, "*n 2"], margin_px: float = 0.0) -> Bool[np.ndarray, "*n"]:
    """Return which positions (u, v) lie on the view, up to the outer borders of its pixels plus ``margin_px``."""
    border = 0.5 + margin_px
    u, v = pixels[..., 0], pixels[..., 1]
    return (u >= -border) & (u <= camera.width - 1 + border) & (v >= -border) & (v <= camera.height - 1 + border)


def view_directions(camera: PinholeCamera) -> Float64[np.ndarray, "h w 3"]:
    """Return the unit world direction of every pixel centre of the view."""
    return directions_from_view_pixels(camera, _pixel_grid(camera))


def distance_from_z(camera: PinholeCamera, z_m: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Return the distance along the ray of every pixel of a planar depth map of the view."""
    return z_m * _ray_lengths(camera).astype(z_m.dtype)


def z_from_distance(camera: PinholeCamera, distance_m: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Return the planar depth of every pixel of a map of distances along the ray."""
    return distance_m / _ray_lengths(camera).astype(distance_m.dtype)


def _ray_lengths(camera: PinholeCamera) -> np.ndarray:
    """Return the length (h, w) of each pixel's ray up to the plane z = 1."""
    x = (np.arange(camera.width) + 0.5 - camera.cx) / camera.fx
    y = (np.arange(camera.height) + 0.5 - camera.cy) / camera.fy
    return np.sqrt(1 + x**2 + y[:, None] ** 2)


def _pixel_grid(camera: PinholeCamera) -> np.ndarray:
    u, v = np.meshgrid(np.arange(camera.width, dtype=np.float64), np.arange(camera.height, dtype=np.float64))
    return np.stack([u, v], -1)
