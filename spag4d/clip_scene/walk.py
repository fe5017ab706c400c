"""The place around a camera that travels: one scene of keyframes, before which each frame shows what moves."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool

from spag4d.clip_scene.film import Arrays, Film, in_bytes
from spag4d.clip_scene.keyframes import keyframes_of
from spag4d.clip_scene.place import Sight, kept_standing
from spag4d.conversion import Run
from spag4d.data import DepthMap, Gaussians, Panorama, Pose
from spag4d.depth.resize import shrunk_panorama
from spag4d.errors import InputError
from spag4d.geometry.way import Way
from spag4d.motion.seen_again import Sighting, ground_from
from spag4d.motion.split import moving_region
from spag4d.reconstruction.panoramas import Panoramas
from spag4d.reconstruction.places import Placed, in_metres
from spag4d.reconstruction.scene import scene_of
from spag4d.reconstruction.world import World, measured_world
from spag4d.render.view import render_panorama
from spag4d.splat.edit import moved, rotated
from spag4d.stages import resized
from spag4d.world.join import Captured
from spag4d.world.own_places import place_finder
from spag4d.world.poses import Places
from spag4d.world.settle import carried
from spag4d.world.sources import Frame
from spag4d.world.sweep import FAR_M

_FEWEST_FOUND = 0.5
"""Of the frames: with fewer places the way between them would be made up."""
_NEAREST_KEYFRAMES = 15
"""So many tell what stands behind a frame: the farther ones see other sides of things."""
_ROWS, _SLIP_PX = 256, 1
"""What moves is looked for in pictures of 256 rows, 0.7° each: depth that is a few per cent off slips the others' pictures by
less than that from a step away."""


class Walk:
    """The place, upright, with the first keyframe at its origin."""

    def __init__(self, film: Film) -> None:
        """Find where the frames were taken, and what stands there; raises `InputError` where too little is recognised."""
        self._film = film
        places = self._found_places()
        self._keyframes = keyframes_of(places)
        self._panoramas = Panoramas(film.stages, [Frame(film.clip, film.shown[key]) for key in self._keyframes], film.run,
                                    film.kept)
        self._panoramas.look_at_all()
        found = in_metres(_of_keyframes(places, self._keyframes), self._panoramas, film.run.settings.global_scale)
        self._poses = _whole_way(places, _of_keyframes(places, self._keyframes), found.places)
        world = measured_world(self._panoramas, found.places)
        self._carried = np.all([captured.moving for captured in world.captured.values()], axis=0)
        self._sightings = [self._sighting(number, captured) for number, captured in world.captured.items()]
        film.run.seen_from = world.places
        self.standing = kept_standing(film, lambda: self._made_standing(world, found))

    def pose(self, number: int) -> Pose:
        """Return where the camera was at a frame."""
        return self._poses[number]

    def sight(self, number: int, frame: Panorama) -> Sight:
        """Return a frame in the axes of its own camera."""
        pose = self._poses[number]
        moves, rows = self._split(frame, pose), min(_ROWS, frame.size_hw[0])
        standing = rotated(moved(self.standing.gaussians, -pose.translation), pose.rotation.T)
        distance = render_panorama(standing, rows).distance  # as drawn: what moves must not be behind that
        shown = np.isfinite(distance)
        stands = DepthMap(np.where(shown, distance, np.float32(FAR_M)), ~shown | (distance > FAR_M / 2))
        moves = _resized(moves, frame.size_hw)
        if frame.valid is not None:
            moves &= frame.valid
        return Sight(frame, moves, resized(stands, frame.size_hw), pose)

    def depth(self, number: int, panorama: Panorama, run: Run) -> DepthMap:
        """Return a frame's depth, a keyframe's as it was made for the place."""
        if number in self._keyframes:
            return resized(self._panoramas.depths[self._keyframes.index(number)], panorama.size_hw)
        stages = self._film.stages
        return stages.raw_depth(stages.painted(panorama, run), None, run, still=False)

    def _found_places(self) -> Places:
        film = self._film

        def found() -> Arrays:
            with closing(place_finder()) as finder:
                for frame in film.read(range(film.count)):
                    finder.add(frame)
                with film.run.stage("Poses") as listener:
                    return finder.find(in_order=True, progress=listener).to_arrays()

        places = Places.from_arrays(film.kept_or_made("places", found))
        if len(places.found) < _FEWEST_FOUND * film.count:
            raise InputError(
                f"the camera of {film.clip.path.name} travels, and too little is recognised to find its way: of {film.count} "
                f"frames {len(places.found)} fit together. Name a folder instead, for a sequence of scenes.")
        if lost := film.count - len(places.found):
            film.run.between_stages.warn(f"in {lost} of {film.count} frames too little was recognised to find where the camera "
                                         "was: it is taken to have gone straight on")
        return places

    def _sighting(self, number: int, captured: Captured) -> Sighting:
        rows = min(_ROWS, len(captured.distance))
        rgb = in_bytes(shrunk_panorama(self._panoramas.pictures[number], rows))
        shown = DepthMap(captured.distance, captured.moving | ~captured.view.known)
        shown = resized(shown, (rows, 2 * rows))
        return Sighting(rgb, np.where(shown.sky, np.float32(np.inf), shown.distance), captured.view.pose)

    def _split(self, frame: Panorama, pose: Pose) -> Bool[np.ndarray, "h w"]:
        """Return where a frame on few rows shows something that moves."""
        near = sorted(self._sightings, key=lambda one: float(np.linalg.norm(one.pose.translation - pose.translation)))
        ground = ground_from(pose, near[:_NEAREST_KEYFRAMES])
        small = in_bytes(shrunk_panorama(frame, len(ground.distance)))
        moves = moving_region(small, ground.lasting, slip_px=_SLIP_PX, unknown=~ground.known)
        return moves | _resized(self._carried, moves.shape)

    def _made_standing(self, world: World, found: Placed) -> tuple[Gaussians, DepthMap]:
        whole = world.captured[world.middle]
        depth = self._panoramas.joint_depth(world.middle, whole, whole.distance.shape)
        depth = replace(depth, scale_sigma=found.scale_sigma, metres_from=found.metres_from or depth.metres_from)
        return scene_of(self._panoramas, world, lambda *_: None).joined, depth


def _of_keyframes(places: Places, keyframes: Sequence[int]) -> Places:
    """Return the places of some frames alone, numbered in their order."""
    numbers = np.full(len(places.world_from_camera), -1)
    numbers[list(keyframes)] = range(len(keyframes))
    seen = numbers[places.points.seen_by] >= 0
    points = replace(places.points, seen_by=numbers[places.points.seen_by[seen]], which=places.points.which[seen])
    return Places(tuple(places.world_from_camera[key] for key in keyframes), points)


def _whole_way(places: Places, before: Places, after: Places) -> list[Pose]:
    """Return the poses of all frames, where the keyframes came from ``before`` to ``after``."""
    found = {str(number): pose for number, pose in enumerate(places.world_from_camera) if pose is not None}
    placed = carried(found, before, after)
    way = Way(np.array([float(name) for name in placed]), list(placed.values()))
    return [way.at(float(number)) for number in range(len(places.world_from_camera))]


def _resized(mask: Bool[np.ndarray, "h w"], size_hw: tuple[int, ...]) -> Bool[np.ndarray, "rows columns"]:
    if mask.shape == size_hw:
        return mask
    return np.asarray(cv2.resize(mask.astype(np.float32), size_hw[::-1], interpolation=cv2.INTER_LINEAR)) > 0.5
