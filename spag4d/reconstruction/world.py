"""The depth of all panoramas together: measured by parallax where others show the same, else a single view's; then made one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Float64

from spag4d.data import Pose
from spag4d.geometry.equirect import directions, solid_angle_weights
from spag4d.progress import Progress
from spag4d.reconstruction.helpers import Helpers
from spag4d.reconstruction.moving import left_to_others, without_moving
from spag4d.reconstruction.panoramas import Panoramas
from spag4d.world.agree import Whole, measured, whole
from spag4d.world.exposure import Gains
from spag4d.world.join import Captured, captured_world, shown_by
from spag4d.world.one_depth import brought_together
from spag4d.world.poses import Places
from spag4d.world.sweep import FAR_M, Swept, View, sweep

_FEWEST_MEASURED = 0.1
"""Less of the sphere than this is measured by chance alone when a camera stands still."""
_NEIGHBOURS = 6
"""So many other panoramas tell a panorama's depth, the nearest ones; more cost time and add little."""


@dataclass(frozen=True)
class World:
    """Panoramas by their numbers, and how bright each is against the others."""

    captured: Mapping[int, Captured]
    gains: Gains

    @property
    def middle(self) -> int:
        """Number of the panorama nearest to the mean of all places."""
        places = {number: captured.view.pose.translation for number, captured in self.captured.items()}
        mean = np.mean(list(places.values()), axis=0)
        return min(places, key=lambda number: float(np.linalg.norm(places[number] - mean)))

    @property
    def places(self) -> Float64[np.ndarray, "k 3"]:
        """Where the panoramas were taken."""
        return np.stack([captured.view.pose.translation for captured in self.captured.values()])

    @property
    def shares(self) -> dict[int, float]:
        """How much of the sphere was measured from each panorama, 0–1."""
        return {number: share(captured.sure) for number, captured in self.captured.items()}

    def kept(self, number: int, distance: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
        """Return where a panorama, of such distances, shows what the scene takes from it."""
        left = left_to_others(self.captured[number].moving, distance.shape)
        pose = self.captured[number].view.pose
        points = directions(len(distance)) * distance[..., None] @ pose.rotation.T.astype(np.float32)
        means = (points + pose.translation.astype(np.float32)).reshape(-1, 3)
        return shown_by(means, number, self.captured).reshape(distance.shape) & ~left

    def kept_share(self, number: int, sky: Bool[np.ndarray, "h w"]) -> float:
        """Return which share of its sphere the scene takes from a panorama that has ``sky`` there."""
        kept = self.kept(number, self.captured[number].distance)
        return share(np.where(sky, number == self.middle, kept))

    @property
    def reach(self) -> tuple[float, float]:
        """How near and far surfaces are to the panoramas."""
        near = [captured.distance[captured.distance < FAR_M / 2] for captured in self.captured.values()]
        distances = np.concatenate(near)
        return (float(distances.min()), float(distances.max())) if distances.size else (FAR_M, FAR_M)


def scaled_world(world: World, factor: float) -> World:
    """Return a world ``factor`` times as large."""
    def scaled(captured: Captured) -> Captured:
        view, size = captured.view, np.float32(factor)
        pose = Pose(view.pose.rotation, factor * view.pose.translation)
        return replace(captured, view=replace(view, pose=pose, prior=size * view.prior), distance=size * captured.distance,
                       worth=captured.worth / size**2)

    return World({number: scaled(captured) for number, captured in world.captured.items()}, world.gains)


def share(mask: Bool[np.ndarray, "h w"]) -> float:
    """Return how much of the sphere a mask covers."""
    return float(np.average(mask.mean(1), weights=solid_angle_weights(len(mask))))


def measured_world(panoramas: Panoramas, places: Places, helpers: Helpers | None = None) -> World:
    """Return every panorama that has a place, with whole depth; ``helpers`` look for parallax where there are any."""
    views = {number: panoramas.view(number, pose) for number, pose in enumerate(places.world_from_camera) if pose is not None}
    near = {number: nearest(number, views) for number in views}
    if helpers is not None:
        helpers.sweep({f"swept-{number}": (view, [views[other] for other in near[number]]) for number, view in views.items()})
    swept: dict[int, Swept] = {}
    with panoramas.run.stage("Parallax") as listener:
        for done, (number, view) in enumerate(views.items()):
            part = listener.part(done, len(views))
            found = panoramas.kept.find(f"swept-{number}")
            if found is None:
                swept[number] = sweep(view, [views[other] for other in near[number]], progress=part)
                panoramas.kept.keep(f"swept-{number}", vars(swept[number]))
            else:
                swept[number] = Swept(**found)
    wholes: dict[int, Whole] = {}
    for number, view in views.items():
        sure = measured(view, swept[number], [(views[other], swept[other]) for other in near[number]])
        wholes[number] = Whole(view, whole(view.prior, swept[number].distance, sure), sure, np.zeros_like(sure))
    pictures = {number: panoramas.pictures[number] for number in wholes}
    with panoramas.run.stage("Joining") as listener:
        found = brought_together(without_moving(wholes, pictures), near, progress=listener)
        return World(*captured_world(found, {number: picture.rgb for number, picture in pictures.items()}))


def warn_of_guesses(world: World, progress: Progress, *, are_poses_known: bool) -> None:
    """Warn where parallax has measured next to nothing."""
    most = max(world.shares.values())
    if most < _FEWEST_MEASURED:
        why = ("the camera hardly moved, or the poses are wrong. Their axes are x right, y down, z forward." if are_poses_known
               else "the camera hardly moved. For a video from a tripod use `spag4d convert-video`.")
        progress.warn(f"only {most:.0%} of the sphere could be measured by parallax: {why}")


def nearest(number: int, views: Mapping[int, View]) -> list[int]:
    """Return which other panoramas tell a panorama's depth, nearest first."""
    place = views[number].pose.translation
    others = [other for other in views if other != number]
    return sorted(others, key=lambda other: float(np.linalg.norm(views[other].pose.translation - place)))[:_NEIGHBOURS]
