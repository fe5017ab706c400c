"""What stands, as a camera that travels sees it: pictures from elsewhere, moved to where that camera is by their depth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from spag4d.data import Pose
from spag4d.geometry.equirect import directions, pixels_from_directions
from spag4d.motion.lasting import Lasting, lasting_of
from spag4d.motion.standing_kernels import find_nearest
from spag4d.video.flow import look_up


@dataclass(frozen=True)
class Sighting:
    """A picture of the place, in bytes, and where it was taken (world from camera).

    ``distance`` (h, w) is that of what it shows, infinite where it tells nothing about the place: where something moves.
    """

    rgb: UInt8[np.ndarray, "h w 3"]
    distance: Float32[np.ndarray, "h w"]
    pose: Pose


@dataclass(frozen=True)
class Ground:
    """What stands around a place: its picture and its distance (h, w), each where it is ``known`` (h, w)."""

    lasting: Lasting
    distance: Float32[np.ndarray, "h w"]
    known: Bool[np.ndarray, "h w"]


def ground_from(pose: Pose, sightings: Sequence[Sighting]) -> Ground:
    """Return what lasts of sightings of one size, as a camera sees it that is elsewhere."""
    seen = [_seen_from(pose, sighting) for sighting in sightings]
    lasting, log_distance = lasting_of(np.stack([rgb for rgb, _ in seen]), np.stack([log for _, log in seen]))
    known = np.isfinite(log_distance)
    return Ground(lasting, np.exp(np.where(known, log_distance, np.float32(0))), known)


def _seen_from(pose: Pose, sighting: Sighting) -> tuple[UInt8[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"]]:
    """Return the picture and the log distance that a sighting shows of another place, -infinite where it shows nothing."""
    rays = directions(len(sighting.distance))
    tells = np.isfinite(sighting.distance)
    points = rays[tells] * sighting.distance[tells][:, None]
    distance = _nearest(pose.to_camera(_in_world(points, sighting.pose)), len(rays))
    seen = np.isfinite(distance)
    points = _in_world(rays * np.where(seen, distance, np.float32(1))[..., None], pose)
    rgb = look_up(sighting.rgb.astype(np.float32), sighting.pose.to_camera(points))
    log_distance = np.full(distance.shape, -np.inf, np.float32)
    return (rgb + 0.5).astype(np.uint8), np.log(distance, out=log_distance, where=seen)


def _in_world(points: Float32[np.ndarray, "*n 3"], pose: Pose) -> Float32[np.ndarray, "*n 3"]:
    return points @ pose.rotation.T.astype(np.float32) + pose.translation.astype(np.float32)


def _nearest(points: Float32[np.ndarray, "n 3"], height: int) -> Float32[np.ndarray, "h w"]:
    """Return the distance of the nearest point in each pixel, infinite without; a point fills the four pixels around it."""
    nearest = np.full((height, 2 * height), np.inf, np.float32)
    find_nearest(pixels_from_directions(points, height), np.linalg.norm(points, axis=1), nearest)
    return nearest
