"""Caps at the poles, where the picture holds nothing: floor, ceiling or sky go on there, so that no scene has a hole.

First `paint_caps`, before any network looks at the picture: beside a black disc depth models err, and inside of it they guess.
Then, with the depth of what is around, `fill_caps`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool

from spag4d.data import DepthMap, Panorama, PinholeCamera
from spag4d.geometry.camera import view_directions
from spag4d.geometry.equirect import directions
from spag4d.geometry.fill import smooth_fill
from spag4d.geometry.resample import views_from_panorama
from spag4d.progress import SILENT, Progress
from spag4d.refine.floor_plane import PolePlane, plane_around
from spag4d.refine.pole_view import bands, continued, pole_camera, sampled

STAGE = "Filling the poles"
_WIDEST_DEG = 60.0
"""From the pole. A wider cap leaves too little floor to continue: it is a picture's lower border."""
_RIM_DEG = 1.0
"""Left out around a cap: pixels of its rim are mixed with black, at 1024 rows the six nearest."""
_VIEW_PX = 384
"""Pixels across of the view in which the surface is continued; it is smooth there by construction, so more would show the
same."""
_LARGEST_CURVE = 0.25
"""What differs from the plane by more, in log distance, stands on it."""

Mask = Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Cap:
    """A region (h, w) that contains the pole ``below`` or above, and reaches ``radius_deg`` from it."""

    mask: Mask
    below: bool
    radius_deg: float


def polar_caps(valid: Mask) -> Iterator[Cap]:
    """Yield the invalid regions that contain a pole and end within 60° of it; other gaps are the border of the picture."""
    height = len(valid)
    reach = int(np.ceil((_WIDEST_DEG + 1) / 180 * height))
    for below in (False, True):
        from_pole = valid[::-1] if below else valid
        if from_pole[0].any():
            continue
        part = _connected(~from_pole[:reach])
        radius_deg = (np.flatnonzero(part.any(1))[-1] + 1) * 180 / height
        if radius_deg <= _WIDEST_DEG:
            mask = np.zeros_like(valid)
            (mask[::-1] if below else mask)[:reach] = part
            yield Cap(mask, below, float(radius_deg))


def paint_caps(panorama: Panorama, *, progress: Progress = SILENT) -> Panorama:
    """Return the panorama with what is around its caps continued in their place, which stays invalid: there is no depth yet.

    Raises `Cancelled`.
    """
    if panorama.valid is None:
        return panorama
    rgb = panorama.rgb
    for cap in polar_caps(panorama.valid):
        progress.report(STAGE, 0, 1)
        rgb = continued(rgb, cap.mask, panorama.valid, below=cap.below)
    return replace(panorama, rgb=rgb)


def fill_caps(
    panorama: Panorama, depth: DepthMap, *, keep: bool = False, progress: Progress = SILENT
) -> tuple[Panorama, DepthMap]:
    """Return a panorama that `paint_caps` made and its depth with the caps filled: valid, and on the plane around them.

    Below and above that is a plane fitted to the ring around the cap, or sky where the ring is mostly sky. With ``keep``
    surfaces that ``depth`` has in a cap stay, which is right for measured depth. A cap with nothing around stays invalid.
    Raises `Cancelled`.
    """
    if panorama.valid is None:
        return panorama, depth
    known = panorama.valid
    valid = known.copy()
    for cap in polar_caps(known):
        progress.report(STAGE, 0, 1)
        levelled = on_plane(depth, known, cap, keep=keep)
        if levelled is not None:
            depth, valid = levelled, valid | cap.mask
    return replace(panorama, valid=None if valid.all() else valid), depth


def on_plane(depth: DepthMap, known: Mask, cap: Cap, *, keep: bool = False) -> DepthMap | None:
    """Return the depth with the plane around the cap, or the sky, in its place, None where nothing around is ``known``."""
    inner_deg = cap.radius_deg + _RIM_DEG
    plane = plane_around(depth, known, inner_deg, ring_end_deg(cap.radius_deg), below=cap.below)
    if plane is None:
        return None
    shape = None if plane.normal is None else _rim_to_rim(depth, known, cap, plane)
    distance, sky = depth.distance.copy(), depth.sky.copy()
    for band in bands(cap.mask):
        change = cap.mask[band] & sky[band] if keep else cap.mask[band]
        if shape is None:
            np.copyto(distance[band], np.median(depth.distance[known & depth.sky]), where=change)
        else:
            curved = np.exp(sampled(*shape, len(known), band))
            np.copyto(distance[band], plane.distance(directions(len(known), band)) * curved, where=change)
        np.copyto(sky[band], shape is None, where=change)
    return replace(depth, distance=distance, sky=sky)


def _rim_to_rim(depth: DepthMap, known: Mask, cap: Cap, plane: PolePlane) -> tuple[np.ndarray, PinholeCamera]:
    """Return the surface's log distance over the plane's, in a view at the pole: as it is around the cap, smooth inside it.

    Estimated floors are not flat; without this a gap would open along the rim when seen from the side.
    """
    camera = pole_camera(cap.mask, below=cap.below, largest_px=_VIEW_PX)
    distance, seen = (views_from_panorama(values, [camera])[0]
                      for values in (depth.distance, known & ~depth.sky & ~cap.mask))
    off = np.log(distance / plane.distance(view_directions(camera).astype(np.float32)))
    standing = cv2.dilate((np.abs(off) > _LARGEST_CURVE).view(np.uint8), np.ones((3, 3), np.uint8)) > 0  # with mixed pixels
    return smooth_fill(off[..., None], (seen > 0.999) & ~standing)[..., 0], camera


def ring_end_deg(radius_deg: float) -> float:
    """Return the angle from the pole at which the ring ends that a cap is continued from: 2.5 radii on the floor, or a wide
    step."""
    radius = np.tan(np.radians(radius_deg))
    return float(np.degrees(np.arctan(max(2.5 * radius, radius + 0.7))))


def _connected(mask: Mask) -> Mask:
    """Return the part of the mask (rows, w) that hangs together with its first row, all of which is in it, across the seam."""
    width = mask.shape[1]
    labels = cv2.connectedComponents(np.tile(mask, (1, 2)).view(np.uint8), connectivity=4)[1]
    part = labels == labels[0, 0]
    return part[:, :width] | part[:, width:]
