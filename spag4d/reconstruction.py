"""Several panoramas of one place become one scene: places, depth by parallax, and one surface where several are seen."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool

from spag4d.conversion import Run
from spag4d.data import LAYERS, DepthMap, Gaussians, Layers, Panorama, Pose
from spag4d.geometry.equirect import solid_angle_weights
from spag4d.splat.edit import moved, rotated
from spag4d.stages import Stages, resized, shrunk
from spag4d.world.agree import measured, whole
from spag4d.world.exposure import balanced
from spag4d.world.exposure import gains as exposures
from spag4d.world.join import Captured, captured_world, own_part
from spag4d.world.known_poses import KnownPoses, write_poses
from spag4d.world.poses import PlaceFinder, Places
from spag4d.world.settle import metres_per_unit, settled
from spag4d.world.sources import Source
from spag4d.world.sweep import FAR_M, Swept, View, sweep

WORKING_ROWS = 512
"""Rows of the pictures in which parallax is sought: 0.35° a pixel, in which it is found to a tenth."""
_FEWEST_MEASURED = 0.1
"""Less of the sphere than this is measured by chance alone when a camera stands still."""
_NEIGHBOURS = 6
"""So many other panoramas tell a panorama's depth, the nearest ones; more cost time and add little."""


@dataclass
class Reconstruction:
    """A world under way: its sources, and what is known of each panorama, on few rows."""

    stages: Stages
    sources: Sequence[Source]
    run: Run
    known: KnownPoses | None = None
    pictures: list[Panorama] = field(default_factory=list)
    depths: list[DepthMap] = field(default_factory=list)
    scale_sigma: float | None = None
    metres_from: str = ""

    def places(self, *, in_order: bool) -> Places:
        """Return where the panoramas were taken, in metres; each is read once, and its depth estimated."""
        return self._found_places(in_order=in_order) if self.known is None else self._known_places(self.known)

    def _found_places(self, *, in_order: bool) -> Places:
        with closing(PlaceFinder()) as finder:
            for panorama in self._looked_at():
                finder.add(panorama)
            with self.run.stage("Poses") as listener:
                places = finder.find(in_order=in_order, progress=listener)
        self._say_who_is_left_out(places)
        return self._in_metres(places)

    def _known_places(self, known: KnownPoses) -> Places:
        """Return the places as a file states them; panoramas without one are left out from here on."""
        names = [source.name for source in self.sources]
        known.check(names)
        lost = [name for name in names if known.named(name) is None]
        if lost:
            self.run.between_stages.warn(f"left out, as {known.path} holds no pose for them: {', '.join(lost)}")
        self.sources = [source for source in self.sources if known.named(source.name) is not None]
        for _ in self._looked_at():
            pass
        places = known.places([source.name for source in self.sources])
        if known.in_metres:
            self.metres_from = f"the poses in {known.path.name}"
            return settled(places, self.run.settings.global_scale)
        return self._in_metres(places)

    def _in_metres(self, places: Places) -> Places:
        """Return the places in metres by what the depth model sees in each panorama."""
        distances = [np.where(depth.sky, np.inf, depth.distance) for depth in self.depths]
        found = metres_per_unit(places, distances)
        if found is None:
            self.run.between_stages.warn("no surface tells the scale: the unit of the poses is taken for a metre")
            return settled(places, self.run.settings.global_scale)
        factor, self.scale_sigma = found
        return settled(places, factor)

    def _looked_at(self) -> Iterator[Panorama]:
        for source in self.sources:
            panorama = self._read(source)
            depth = self.stages.raw_depth(panorama, None, self.run)
            small, depth = shrunk(panorama, depth, WORKING_ROWS)
            self.pictures.append(small)
            self.depths.append(depth)
            yield panorama

    def _read(self, source: Source) -> Panorama:
        with self.run.stage("Reading") as listener:
            panorama = source.read(force_erp=self.run.settings.force_erp, progress=listener)
        return self.stages.painted(panorama, self.run)

    def _say_who_is_left_out(self, places: Places) -> None:
        names = [source.name for source in self.sources]
        for group in places.others:
            members = ", ".join(names[number] for number in group)
            self.run.between_stages.warn(f"left out, as they belong together but not to the others: {members}")
        elsewhere = {number for group in places.others for number in group}
        lost = [names[number] for number in range(len(names)) if number not in {*places.found, *elsewhere}]
        if lost:
            self.run.between_stages.warn(f"left out, as too little in them is seen in others: {', '.join(lost)}")

    def write_poses(self, folder: Path, places: Places) -> None:
        """Write where the panoramas were taken; see `spag4d.world.known_poses.write_poses`."""
        poses = {self.sources[number].name: places.world_from_camera[number] for number in places.found}
        numbers = np.full(len(self.sources), -1)
        numbers[list(places.found)] = range(len(poses))
        points = replace(places.points, seen_by=numbers[places.points.seen_by])
        write_poses(folder, {name: pose for name, pose in poses.items() if pose}, points, self.pictures[0].size_hw)

    def world(self, places: Places) -> dict[int, Captured]:
        """Return every panorama that has a place, with whole depth: measured where others show the same."""
        views = {number: self._view(number, places.world_from_camera[number]) for number in places.found}
        swept: dict[int, Swept] = {}
        near = {number: _nearest(number, views) for number in views}
        with self.run.stage("Parallax") as listener:
            for done, (number, view) in enumerate(views.items()):
                listener.report("Parallax", done, len(views))
                swept[number] = sweep(view, [views[other] for other in near[number]])
        parts: dict[int, tuple[View, np.ndarray, np.ndarray]] = {}
        for number, view in views.items():
            sure = measured(view, swept[number], [(views[other], swept[other]) for other in near[number]])
            parts[number] = view, whole(view.prior, swept[number].distance, sure), sure
        world = captured_world(parts)
        self._say_what_was_measured(world)
        return world

    def _say_what_was_measured(self, world: Mapping[int, Captured]) -> None:
        most = max(_share(captured.sure) for captured in world.values())
        if most < _FEWEST_MEASURED:
            why = ("the camera hardly moved. For a video from a tripod use `spag4d convert-video`." if self.known is None else
                   "the camera hardly moved, or the poses are wrong. Their axes are x right, y down, z forward.")
            self.run.between_stages.warn(f"only {most:.0%} of the sphere could be measured by parallax: {why}")

    def scene(self, world: Mapping[int, Captured]) -> Layers:
        """Return one scene: each panorama's layers where it sees best, the sky from the one in the middle."""
        gains = exposures({number: self.pictures[number].rgb for number in world}, world)
        middle, parts = _middle(world), []
        for number, captured in world.items():
            panorama = self._read(self.sources[number])
            depth = self._depth(number, captured, panorama.size_hw)
            panorama, depth = self.stages.finished(balanced(panorama, gains[number]), depth, self.run)
            layers = _placed(self.stages.gaussians(panorama, depth, self.run), captured.view.pose)
            with self.run.stage("Joining") as listener:
                parts.append(own_part(layers, number, world, with_sky=number == middle))
                listener.report("Joining", len(parts), len(world))
        return _joined(parts)

    def reach(self, world: Mapping[int, Captured]) -> tuple[float, float]:
        """Return how near and far surfaces are to the panoramas."""
        distances = np.concatenate([captured.distance[captured.distance < FAR_M / 2] for captured in world.values()])
        return (float(distances.min()), float(distances.max())) if distances.size else (FAR_M, FAR_M)

    def depth_told(self, world: Mapping[int, Captured]) -> DepthMap:
        """Return the depth of the panorama in the middle, as what stands for all of them in records."""
        number = _middle(world)
        depth = self._depth(number, world[number], world[number].distance.shape)
        return replace(depth, scale_sigma=self.scale_sigma, metres_from=self.metres_from or depth.metres_from)

    def _depth(self, number: int, captured: Captured, size_hw: tuple[int, int]) -> DepthMap:
        single = self.depths[number]
        sky = single.sky & ~captured.sure
        joint = replace(single, distance=captured.distance, sky=sky, model=f"parallax and {single.model}", doubt=None)
        return resized(joint, size_hw)

    def _view(self, number: int, pose: Pose | None) -> View:
        assert pose is not None
        picture, depth = self.pictures[number], self.depths[number]
        known = np.ones(picture.size_hw, bool) if picture.valid is None else picture.valid
        prior = np.where(depth.sky, np.float32(FAR_M), np.minimum(depth.distance, np.float32(FAR_M)))
        return View(cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY), pose, prior, known)


def _share(mask: Bool[np.ndarray, "h w"]) -> float:
    """Return how much of the sphere a mask covers."""
    return float(np.average(mask.mean(1), weights=solid_angle_weights(len(mask))))


def _nearest(number: int, views: Mapping[int, View]) -> list[int]:
    """Return which other panoramas tell this one's depth."""
    place = views[number].pose.translation
    others = [other for other in views if other != number]
    return sorted(others, key=lambda other: float(np.linalg.norm(views[other].pose.translation - place)))[:_NEIGHBOURS]


def _middle(world: Mapping[int, Captured]) -> int:
    places = {number: captured.view.pose.translation for number, captured in world.items()}
    mean = np.mean(list(places.values()), axis=0)
    return min(places, key=lambda number: float(np.linalg.norm(places[number] - mean)))


def _placed(layers: Layers, pose: Pose) -> Layers:
    """Return a panorama's Gaussians in the world's axes."""
    return layers.changed(lambda gaussians: moved(rotated(gaussians, pose.rotation), pose.translation))


def _joined(parts: Sequence[Layers]) -> Layers:
    return Layers(*(Gaussians.concatenate([getattr(part, name) for part in parts]) for name in LAYERS))
