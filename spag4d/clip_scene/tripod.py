"""The place around a camera that stands or only turns: for each direction, what lasts over the clip."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from spag4d.clip_scene.film import STANDING, Arrays, Film, in_bytes, spread
from spag4d.clip_scene.place import Sight, kept_standing
from spag4d.conversion import Run
from spag4d.data import DepthMap, Gaussians, Panorama, Pose
from spag4d.geometry.equirect import directions
from spag4d.motion.lasting import Lasting, lasting_picture
from spag4d.motion.split import moving_region
from spag4d.photos.image import panorama_from_array
from spag4d.reconstruction.kept_work import depth_from_arrays, depth_to_arrays
from spag4d.video.flow import look_up

_SAMPLES = 15
"""Pictures from all over the clip by which the place is known: as bytes they take as much memory as four panoramas."""


class Tripod:
    """The place, in the axes of the clip's first frame."""

    def __init__(self, film: Film, turns: Float64[np.ndarray, "n 3 3"]) -> None:
        """Find what stands before a camera of such ``turns``, world from camera; raises `InputError` where nothing does."""
        self._film, self._turns = film, turns
        self._lasting = Lasting(**film.kept_or_made("lasting", lambda: vars(self._found_lasting())))
        self.standing = kept_standing(film, self._made_standing)

    def pose(self, number: int) -> Pose:
        """Return how the camera had turned at a frame."""
        return Pose(self._turns[number], np.zeros(3))

    def sight(self, number: int, frame: Panorama) -> Sight:
        """Return a frame in the world's axes."""
        panorama = _in_world(frame, self._turns[number])
        moves = moving_region(in_bytes(panorama), self._lasting)
        if panorama.valid is not None:
            moves &= panorama.valid
        return Sight(panorama, moves, self.standing.depth, Pose.identity())

    def depth(self, number: int, panorama: Panorama, run: Run) -> DepthMap:
        """Return a frame's depth, which is kept if it was made before."""
        def made() -> Arrays:
            stages = self._film.stages
            return depth_to_arrays(stages.raw_depth(stages.painted(panorama, run), None, run, still=False))

        return depth_from_arrays(self._film.kept_or_made(f"depth_{number:05d}", made))

    def _found_lasting(self) -> Lasting:
        """Return what lasts of pictures from all over the clip, whose depth is kept."""
        chosen, pictures, distances = spread(self._film.count, _SAMPLES), [], []
        for place, (number, panorama) in enumerate(self._samples(chosen)):
            run = Run(self._film.run.settings, self._film.run.between_stages.under(STANDING).part(place, len(chosen)))
            distances.append(np.log(self.depth(number, panorama, run).distance))
            pictures.append(in_bytes(panorama))
        return lasting_picture(np.stack(pictures), np.stack(distances))

    def _samples(self, numbers: Sequence[int]) -> Iterator[tuple[int, Panorama]]:
        for number, frame in zip(numbers, self._film.read(numbers), strict=True):
            yield number, _in_world(frame, self._turns[number])

    def _made_standing(self) -> tuple[Gaussians, DepthMap]:
        run, stages, name = self._film.run, self._film.stages, self._film.clip.path.stem
        place = stages.painted(panorama_from_array(self._lasting.rgb, name=name, force_erp=True), run)
        panorama, depth = stages.finished(place, stages.raw_depth(place, None, run), run)
        return stages.gaussians(panorama, depth, run).joined, depth


def _in_world(frame: Panorama, world_from_camera: Float64[np.ndarray, "3 3"]) -> Panorama:
    """Return a frame as a camera sees it that has the world's axes."""
    if np.array_equal(world_from_camera, np.eye(3)):
        return frame
    rays = directions(frame.size_hw[0]) @ world_from_camera.astype(np.float32)
    valid = None if frame.valid is None else look_up(frame.valid.astype(np.float32), rays) > 0.999
    return replace(frame, rgb=np.clip(look_up(frame.rgb, rays), 0, 1), valid=valid)
