"""What stands around the camera of a clip, and how its frames differ from that."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool

from spag4d.clip_scene.film import Arrays, Film
from spag4d.conversion import Run
from spag4d.data import DepthMap, Gaussians, Panorama, Pose
from spag4d.errors import InputError
from spag4d.reconstruction.kept_work import depth_from_arrays, depth_to_arrays


@dataclass(frozen=True)
class Standing:
    """What stands: its Gaussians in the world's axes, the depth of one view of it, and what the file notes of it."""

    gaussians: Gaussians
    depth: DepthMap
    comments: Sequence[str]


@dataclass(frozen=True)
class Sight:
    """A frame: its picture, where (h, w) something moves, the depth of what stands behind, and the world from its axes."""

    panorama: Panorama
    moves: Bool[np.ndarray, "h w"]
    stands: DepthMap
    pose: Pose


@runtime_checkable
class Place(Protocol):
    """What stands around the camera of a clip, and how each of its frames stands to that."""

    standing: Standing

    def pose(self, number: int) -> Pose:
        """Return the world from the axes of a frame's camera."""
        ...

    def sight(self, number: int, frame: Panorama) -> Sight:
        """Return a frame as it differs from what stands."""
        ...

    def depth(self, number: int, panorama: Panorama, run: Run) -> DepthMap:
        """Return the depth of the picture of a frame's sight, by itself alone."""
        ...


def kept_standing(film: Film, make: Callable[[], tuple[Gaussians, DepthMap]]) -> Standing:
    """Return what stands, made first where it is not kept, and tell the film's run how far one can walk there.

    Raises `InputError` where nothing stands.
    """
    arrays = film.kept_or_made("standing", lambda: _to_arrays(film, *make()))
    gaussians = Gaussians(**{name[2:]: values for name, values in arrays.items() if name.startswith("g_")})
    told = json.loads(str(arrays["told"]))
    film.run.sharp, film.run.walking_range_m = told["sharp"], told["walking_range_m"]
    return Standing(gaussians, depth_from_arrays(arrays), told["comments"])


def _to_arrays(film: Film, gaussians: Gaussians, depth: DepthMap) -> Arrays:
    if not len(gaussians):
        raise InputError(f"nothing of {film.clip.path.name} stands between --depth-min and --depth-max.")
    run = film.run
    told = {"comments": film.stages.comments(depth, run, gaussians), "sharp": run.sharp, "walking_range_m": run.walking_range_m}
    return {**{f"g_{name}": values for name, values in gaussians.arrays.items()}, **depth_to_arrays(depth),
            "told": np.array(json.dumps(told))}
