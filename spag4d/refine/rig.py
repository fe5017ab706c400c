"""The tripod, monopod or helmet under the camera: what stands on the floor straight below and ends before the floor does."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool

from spag4d.data import DepthMap, Panorama, PinholeCamera
from spag4d.geometry.camera import camera_looking, view_directions
from spag4d.geometry.equirect import column_azimuths_rad, row_elevations_rad
from spag4d.geometry.resample import views_from_panorama
from spag4d.progress import SILENT, Progress
from spag4d.refine.caps import STAGE, Cap, on_plane
from spag4d.refine.floor_plane import PolePlane, plane_around
from spag4d.refine.pole_view import continued, sampled
from spag4d.refine.rig_colors import odd_colors

_FOV_DEG = 80.0
"""The view down shows 40° around the nadir, more than a rig with its margins."""
_VIEW_PX = 513
"""Pixels across, 0.19° each at the centre: finer than any depth model sees. Odd, so that one of them is the nadir."""
_RING_DEG = (33.0, 60.0)
"""Where the floor is looked for: outside of every tripod."""
_FARTHEST_DEG = 33.0
"""The radius of a tripod whose legs stand 1 m from the point below a camera 1.55 m high; what reaches farther is furniture."""
_LEAST_SHARE, _STEEPEST_DEG = 0.6, 10.0
"""The floor has to cover most of the ring and be level, or nothing is changed: a missed tripod is ugly, a wrong floor worse."""
_ABOVE, _CLEARLY_ABOVE = 0.2, 0.3
"""Shares of the camera's height: what counts as standing on the floor, and what half of a rig exceeds."""
_FOOT_DEG, _CENTER_DEG, _LEAST_DEG = 4.0, 3.0, 2.0
"""On a floor 1.6 m below: the band around a rig, out to 11 cm, that has to be floor; how near to the nadir (8 cm) a rig
comes; and the radius (6 cm) of the smallest."""
_ON_FLOOR = 0.08
"""Share of the camera's height, 13 cm of 1.6 m: above the unevenness of estimated floors, below any tripod's legs."""
_MARGIN_DEG, _COLOR_MARGIN_DEG = 1.5, 0.6
"""How far a rig is grown, in pixels of that view 8 and 3: estimated depth is blurred more widely than colours are."""

Mask = Bool[np.ndarray, "n n"]


def clear_rig(panorama: Panorama, depth: DepthMap, *, progress: Progress = SILENT) -> tuple[Panorama, DepthMap]:
    """Return panorama and depth with the floor in the place of a rig below the camera, or both as they are without one.

    A rig contains the nadir. It stands clearly above the floor and ends steeply and within 33° of the nadir, or it has colours
    that the floor has not and is small or slender. Without a floor that is level and covers most of the ring around, nothing
    is changed. Raises `Cancelled`.
    """
    progress.report(STAGE, 0, 1)
    known = np.ones(depth.sky.shape, bool) if panorama.valid is None else panorama.valid
    floor = plane_around(depth, known, *_RING_DEG, below=True)
    if floor is None or not floor.fitted or floor.share < _LEAST_SHARE or floor.tilt_deg > _STEEPEST_DEG or not known[-1].all():
        return panorama, depth
    rig = _rig(panorama, depth, floor)
    if not rig.any():
        return panorama, depth
    cap = _cap(rig, len(known))
    levelled = on_plane(depth, known & ~cap.mask, cap)
    if levelled is None:
        return panorama, depth
    usable = known & ~cap.mask & _on_floor(depth, floor)
    return replace(panorama, rgb=continued(panorama.rgb, cap.mask, usable, below=True)), levelled


def _camera() -> PinholeCamera:
    return camera_looking(np.array([0.0, 1.0, 0.0]), _FOV_DEG, (_VIEW_PX, _VIEW_PX))


def _rig(panorama: Panorama, depth: DepthMap, floor: PolePlane) -> Mask:
    """Return the rig's place in the view down, with a margin; it is found by its height, by its colours or not at all."""
    camera = _camera()
    rays = view_directions(camera)
    from_nadir_deg = np.degrees(np.arccos(rays[..., 1])).astype(np.float32)
    surface, lower = np.empty_like(depth.distance), slice(len(depth.sky) // 2, None)
    surface[lower] = np.where(depth.sky[lower], np.float32(1e6), depth.distance[lower])
    above = 1 - views_from_panorama(surface, [camera])[0] * (rays @ _normal(floor))
    rig = _standing(above, from_nadir_deg)
    seen = odd_colors(views_from_panorama(panorama.rgb, [camera])[0], from_nadir_deg, np.abs(above) < _ON_FLOOR)
    return _grown(rig, _MARGIN_DEG) | (np.zeros_like(rig) if seen is None else _grown(seen, _COLOR_MARGIN_DEG))


def _standing(above: np.ndarray, from_nadir_deg: np.ndarray) -> Mask:
    """Return what stands clearly above the floor, contains the nadir and ends steeply; empty where there is nothing such."""
    nothing = np.zeros(above.shape, bool)
    labels = cv2.connectedComponents((above > _ABOVE).view(np.uint8), connectivity=8)[1]
    center = labels[(from_nadir_deg < _CENTER_DEG) & (labels > 0)]
    if not center.size:
        return nothing
    rig = labels == np.bincount(center).argmax()
    foot = _grown(rig, _FOOT_DEG) & ~_grown(rig, _MARGIN_DEG)
    is_one = (from_nadir_deg[rig].max() < _FARTHEST_DEG and rig.sum() > np.pi * _px(_LEAST_DEG) ** 2
              and np.median(above[rig]) > _CLEARLY_ABOVE and np.abs(np.median(above[foot])) < _ON_FLOOR)
    return rig if is_one else nothing


def _normal(floor: PolePlane) -> np.ndarray:
    assert floor.normal is not None
    return floor.normal


def _px(angle_deg: float) -> float:
    return _camera().fx * float(np.tan(np.radians(angle_deg)))


def _grown(mask: np.ndarray, by_deg: float) -> np.ndarray:
    size = 2 * round(_px(by_deg)) + 1
    return cv2.dilate(mask.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0


def _cap(rig: np.ndarray, height: int) -> Cap:
    """Return the view's mask on the panorama."""
    reach_px = np.abs(np.argwhere(rig) - _VIEW_PX // 2).max(0) + 1
    reach_rad = min(np.arctan(np.hypot(*reach_px) / _camera().fx), np.radians(_FOV_DEG / 2))
    rows = slice(int(np.flatnonzero(row_elevations_rad(height) < reach_rad - np.pi / 2)[0]), height)
    mask = np.zeros((height, 2 * height), bool)
    mask[rows] = sampled(rig.astype(np.float32), _camera(), height, rows) > 0.5
    first = np.flatnonzero(mask.any(1))[0]
    return Cap(mask, True, float(90 + np.degrees(row_elevations_rad(height)[first]) + 90 / height))


def _on_floor(depth: DepthMap, floor: PolePlane) -> np.ndarray:
    """Return the pixels of the lower hemisphere that lie on the floor."""
    height = depth.size_hw[0]
    result = np.zeros(depth.sky.shape, bool)
    x, y, z = _normal(floor).astype(np.float32)
    elevation, azimuth = (rad.astype(np.float32) for rad in (row_elevations_rad(height), column_azimuths_rad(2 * height)))
    around = np.sin(azimuth) * x + np.cos(azimuth) * z
    for start in range(height // 2, height, 256):
        band = slice(start, min(start + 256, height))
        inverse = np.multiply.outer(np.cos(elevation[band]), around) - (np.sin(elevation[band]) * y)[:, None]
        off = depth.distance[band] * inverse - 1
        result[band] = (np.abs(off) < _ON_FLOOR) & ~depth.sky[band]
    return result
