"""From a world of any scale and direction to metres, upright, with the first panorama at the origin."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32, Float64

from spag4d.data import Pose
from spag4d.geometry.equirect import nearest_pixels
from spag4d.photos.gps import Gps, metres_east_and_north
from spag4d.world.poses import Places

_GPS_SPREAD = 10.0
"""By so many times their error GPS places have to be spread about their mean: then the scale is right to a tenth or better."""
_UP = np.array([0.0, -1.0, 0.0])


def settled(places: Places, factor: float) -> Places:
    """Return the places ``factor`` times as far apart, and upright.

    Upright is the mean of the panoramas' own verticals, as cameras level their pictures; the first panorama whose place is
    known is the origin and looks ahead.
    """
    first = places.world_from_camera[places.found[0]]
    assert first is not None
    turn = _upright(places, first)

    def moved(pose: Pose | None) -> Pose | None:
        return None if pose is None else Pose(turn @ pose.rotation, factor * turn @ (pose.translation - first.translation))

    xyz = factor * (places.points.xyz - first.translation) @ turn.T
    return replace(places, world_from_camera=tuple(map(moved, places.world_from_camera)),
                   points=replace(places.points, xyz=xyz))


def carried(poses: Mapping[str, Pose], before: Places, after: Places) -> dict[str, Pose]:
    """Return poses moved as the places ``before`` became those ``after``."""
    (first, *others), (moved, *found) = (_poses(places) for places in (before, after))
    turn = moved.rotation @ first.rotation.T
    way, new_way = (sum(float(np.linalg.norm(pose.translation - start.translation)) for pose in rest)
                    for start, rest in ((first, others), (moved, found)))
    factor = new_way / way if way else 1.0
    return {name: Pose(turn @ pose.rotation, moved.translation + factor * turn @ (pose.translation - first.translation))
            for name, pose in poses.items()}


def _poses(places: Places) -> list[Pose]:
    return [pose for pose in places.world_from_camera if pose is not None]


def metres_per_unit(places: Places, distances: Sequence[Float32[np.ndarray, "h w"]]) -> tuple[float, float] | None:
    """Return the median factor between what single views and points say, and how sure it is; None without points on surfaces.

    ``distances`` are those that a single view tells for each panorama, in metres, infinite for sky. The second number is the
    standard deviation of the factor's logarithm, from the spread of the panoramas' own medians.
    """
    points, own = places.points, []
    for number in places.found:
        pose = places.world_from_camera[number]
        assert pose is not None
        local = pose.to_camera(points.xyz[points.which[points.seen_by == number]])
        estimated = distances[number][nearest_pixels(local, len(distances[number]))]
        finite = np.isfinite(estimated)
        ratio = np.log(estimated[finite] / np.linalg.norm(local, axis=1)[finite])
        own += [float(np.median(ratio))] if ratio.size else []
    if not own:
        return None
    return float(np.exp(np.median(own))), float(np.std(own) / np.sqrt(len(own)))


def metres_per_unit_by_gps(places: Places, gps: Sequence[Gps | None]) -> tuple[float, float] | None:
    """Return the factor by which upright places fit those of GPS, and how sure it is, as `metres_per_unit` does.

    None where a picture has no GPS, or where they are not spread so far that it tells more than a depth model.
    """
    known = [gps[number] for number in places.found]
    stated = [place for place in known if place is not None]
    if len(stated) < len(known):
        return None
    level = np.array([(pose.translation[0], pose.translation[2]) for pose in _poses(places)])
    ground = metres_east_and_north(stated)
    level, ground = level - level.mean(0), ground - ground.mean(0)
    spread_m = float(np.sqrt((ground**2).sum(1).mean()))
    error_m = float(np.mean([place.error_m for place in stated]))
    if spread_m < _GPS_SPREAD * error_m:
        return None
    one, other = level @ (1, 1j), ground @ (1, 1j)  # from above, x to the right and z ahead turn as east and north do
    if not one.any():
        return None
    factor = abs(np.vdot(one, other)) / np.vdot(one, one).real
    return float(factor), error_m / spread_m / np.sqrt(len(stated))


def _upright(places: Places, first: Pose) -> Float64[np.ndarray, "3 3"]:
    """Return the rotation that brings the mean vertical to -y and the first panorama's view ahead above the z axis."""
    up = np.mean([pose.rotation @ _UP for pose in _poses(places)], axis=0)
    down = -up / np.linalg.norm(up)
    ahead = first.rotation[:, 2] - (first.rotation[:, 2] @ down) * down
    if np.linalg.norm(ahead) < 1e-6:
        ahead = np.cross(first.rotation[:, 0], down)
    ahead = ahead / np.linalg.norm(ahead)
    return np.stack([np.cross(down, ahead), down, ahead])
