"""Where the panoramas were taken, and in what unit."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from spag4d.data import Pose
from spag4d.errors import InputError
from spag4d.progress import Progress
from spag4d.reconstruction.panoramas import Panoramas
from spag4d.world.carried import carried_along
from spag4d.world.known_poses import KnownPoses, write_poses
from spag4d.world.own_places import OwnFinder, place_finder
from spag4d.world.poses import ColmapFinder, Places
from spag4d.world.settle import carried, metres_per_unit, metres_per_unit_by_gps, settled
from spag4d.world.sources import Source

_ALIKE_ROWS, _ALIKE = 128, 0.02
"""Five levels of 255, as a mean over pictures of so many rows: noise and people who walk about make less, a step aside more."""
_NO_WAY = ("the camera hardly moved from one panorama to the next, so that nothing shifts between them. For a video from a "
           "tripod use `spag4d convert-video`, for a single panorama `spag4d convert`.")


@dataclass(frozen=True)
class Placed:
    """Places in metres; ``metres_from`` is the source of the scale where it is not the depth model, and ``scale_sigma`` the
    standard deviation of its logarithm where it is estimated. ``beside`` are poses of pictures that are not in the scene."""

    places: Places
    scale_sigma: float | None = None
    metres_from: str = ""
    beside: Mapping[str, Pose] = field(default_factory=dict)

    def scaled(self, factor: float, metres_from: str) -> "Placed":
        """Return all places ``factor`` times as far apart, as ``metres_from`` says."""
        beside = {name: Pose(pose.rotation, factor * pose.translation) for name, pose in self.beside.items()}
        return Placed(settled(self.places, factor), None, metres_from, beside)


def with_poses(sources: Sequence[Source], known: KnownPoses, progress: Progress) -> list[Source]:
    """Return the sources whose poses are known, and warn of the others; raises `InputError` for fewer than two."""
    names = [source.name for source in sources]
    known.check(names)
    lost = [name for name in names if known.named(name) is None]
    if lost:
        progress.warn(f"left out, as {known.path} holds no pose for them: {', '.join(lost)}")
    return [source for source in sources if known.named(source.name) is not None]


def placed(panoramas: Panoramas, known: KnownPoses | None, *, in_order: bool) -> Placed:
    """Look at all panoramas and return where they were taken: as is ``known``, or as they show."""
    factor = panoramas.run.settings.global_scale
    if known is None:
        return in_metres(_found(panoramas, in_order=in_order), panoramas, factor)
    panoramas.look_at_all()
    places = known.places(panoramas.names)
    found = (Placed(settled(places, factor), metres_from=f"the poses in {known.path.name}") if known.in_metres
             else in_metres(places, panoramas, factor))
    return replace(found, beside=carried(known.beside(panoramas.names), places, found.places))


def in_metres(places: Places, panoramas: Panoramas, otherwise: float) -> Placed:
    """Return the places in metres by GPS where that is exact enough, else by what the depth model sees in each panorama."""
    if not panoramas.run.settings.camera_height:
        by_gps = metres_per_unit_by_gps(settled(places, 1.0), panoramas.gps())
        if by_gps is not None:
            return Placed(settled(places, by_gps[0] * otherwise), by_gps[1], "GPS in the pictures")
    distances = [np.where(depth.sky, np.inf, depth.distance) for depth in panoramas.depths]
    found = metres_per_unit(places, distances)
    if found is None:
        panoramas.run.between_stages.warn("no surface tells the scale: the unit of the poses is taken for a metre")
        return Placed(settled(places, otherwise))
    factor, sigma = found
    return Placed(settled(places, factor), sigma)


def _found(panoramas: Panoramas, *, in_order: bool) -> Places:
    known = panoramas.kept.find("places")
    if known is None:
        with closing(place_finder()) as finder:
            for panorama in panoramas.look():
                finder.add(panorama)
            with panoramas.run.stage("Poses") as listener:
                finder.hide(carried_along(panoramas.pictures, panoramas.depths))
                places = _places(finder, panoramas, in_order=in_order, progress=listener)
        panoramas.kept.keep("places", places.to_arrays())
    else:
        panoramas.look_at_all()
        places = Places.from_arrays(known)
    _say_who_is_left_out(places, panoramas.names, panoramas.run.between_stages)
    return places


def _places(finder: ColmapFinder | OwnFinder, panoramas: Panoramas, *, in_order: bool, progress: Progress) -> Places:
    try:
        return finder.find(in_order=in_order, progress=progress)
    except InputError as error:
        if _stood_still(panoramas):
            raise InputError(_NO_WAY) from error
        if isinstance(finder, OwnFinder):
            raise
    own = OwnFinder()  # finds two or three panoramas where COLMAP wants more
    for number in range(len(panoramas.names)):
        own.add(panoramas.read(number))
    own.hide(carried_along(panoramas.pictures, panoramas.depths))
    return own.find(in_order=in_order, progress=progress)


def _stood_still(panoramas: Panoramas) -> bool:
    """Return whether most panoramas show the same in the same direction, as from a tripod."""
    first, *others = (cv2.resize(picture.rgb, (2 * _ALIKE_ROWS, _ALIKE_ROWS), interpolation=cv2.INTER_AREA)
                      for picture in panoramas.pictures)
    return float(np.median([np.abs(other - first).mean() for other in others])) < _ALIKE


def _say_who_is_left_out(places: Places, names: Sequence[str], progress: Progress) -> None:
    for group in places.others:
        members = ", ".join(names[number] for number in group)
        progress.warn(f"left out, as they belong together but not to the others: {members}")
    elsewhere = {number for group in places.others for number in group}
    lost = [names[number] for number in range(len(names)) if number not in {*places.found, *elsewhere}]
    if lost:
        progress.warn(f"left out, as too little in them is seen in others: {', '.join(lost)}")


def save_places(folder: Path, placed: Placed, panoramas: Panoramas) -> None:
    """Write where the panoramas were taken, and pictures beside them; see `write_poses`."""
    places = placed.places
    poses = {panoramas.names[number]: pose for number, pose in enumerate(places.world_from_camera) if pose is not None}
    numbers = np.full(len(panoramas.names), -1)
    numbers[list(places.found)] = range(len(poses))
    points = replace(places.points, seen_by=numbers[places.points.seen_by])
    write_poses(folder, {**poses, **placed.beside}, points, panoramas.pictures[0].size_hw)
