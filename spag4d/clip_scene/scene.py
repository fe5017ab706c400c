"""The steps from a clip to its file."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from spag4d import __version__
from spag4d.clip_scene.film import Film
from spag4d.clip_scene.place import Place
from spag4d.clip_scene.tripod import Tripod
from spag4d.clip_scene.turns import turns_of
from spag4d.clip_scene.walk import Walk
from spag4d.clips.clip import Clip, Shown
from spag4d.conversion import FRAMES, ConversionResult, Run, counted
from spag4d.data import Gaussians, Moving, Panorama, Pose
from spag4d.formats.moving import Timeline, write_moving
from spag4d.geometry.way import Way
from spag4d.motion.split import depth_of_moving
from spag4d.motion.windows import in_windows
from spag4d.photos.write_depth import write_depth
from spag4d.reconstruction.kept_work import KeptWork, kept_work
from spag4d.splat.budget import uniform_stride
from spag4d.splat.density import Extent, Uniform
from spag4d.splat.edit import moved, rotated
from spag4d.splat.gaussian_shape import Look
from spag4d.stages import Stages


def write_clip(
    stages: Stages, run: Run, clip: Clip, shown: list[Shown], output: Path, depth_path: Path | None = None
) -> ConversionResult:
    """Write the scene of the frames ``shown`` of a clip, and the depth of what stands, and return what was made.

    The run's choices are made. What was found out is kept beside the output until then, so that a run that was stopped goes on,
    to the same bytes. Raises `InputError` for a clip of which no place can be made.
    """
    started = time.perf_counter()
    with kept_work(output, made_of(clip, run)) as kept:
        film = Film(stages, run, clip, shown, kept)
        place = place_of(film)
        keep_moving(film, place, range(film.count))
        return written(film, place, output, started, depth_path)


def made_of(clip: Clip, run: Run) -> dict[str, Any]:
    """Return what decides about what is kept of a clip: with other settings nothing of an earlier run is used."""
    return {"version": __version__, "clip": clip.identity(), "settings": run.settings.model_dump(exclude={"device"})}


def place_of(film: Film) -> Place:
    """Return the place, made of what is kept where it was found before."""
    turns = turns_of(film)
    return Walk(film) if turns is None else Tripod(film, turns)


def written(film: Film, place: Place, output: Path, started: float, depth_path: Path | None) -> ConversionResult:
    """Write the scene of frames that are all made, and the depth of what stands."""
    run, edges_s = film.run, np.arange(film.count + 1) / film.run.settings.fps
    timeline = Timeline(float(edges_s[-1]), run.settings.fps, way=_way(place, (edges_s[:-1] + edges_s[1:]) / 2))

    def parts() -> Iterator[Moving]:
        yield Moving.still(place.standing.gaussians, 0.0, timeline.duration_s)
        yield from in_windows((_kept_moving(film.kept, number) for number in range(film.count)), edges_s)

    with run.stage("Writing") as listener:
        count = write_moving(output, timeline, parts(), comments=place.standing.comments, progress=listener)
    depth = place.standing.depth
    if depth_path is not None:
        write_depth(depth_path, depth)
    return run.result(started, [output], count, depth, depth.reach(), film.stages.device)


def _way(place: Place, times_s: Float64[np.ndarray, " n"]) -> Way | None:
    """Return where the camera was in the middle of each frame's time, None where it stood and did not turn."""
    poses = [place.pose(number) for number in range(len(times_s))]
    return None if all(map(_is_identity, poses)) else Way(times_s, poses)


def _is_identity(pose: Pose) -> bool:
    return np.array_equal(pose.rotation, np.eye(3)) and not pose.translation.any()


def keep_moving(film: Film, place: Place, numbers: Sequence[int]) -> None:
    """Make the Gaussians of what moves, frame by frame, where they are not kept yet."""
    run = film.run
    missing = [number for number in numbers if film.kept.find(moving_name(number)) is None]
    for number, frame in zip(missing, film.read(missing), strict=True):
        own = Run(run.settings, counted(run.listener, number, film.count))
        moving = _made_moving(film.stages, place, number, frame, own)
        film.kept.keep(moving_name(number), moving.arrays)
        run.warnings.extend(warning for warning in own.warnings if warning not in run.warnings)
        run.listener.report(FRAMES, number + 1, film.count)


def _made_moving(stages: Stages, place: Place, number: int, frame: Panorama, run: Run) -> Gaussians:
    """Return the Gaussians of what moves in a frame, in the world's axes."""
    sight = place.sight(number, frame)
    if not sight.moves.any():
        return Gaussians.empty()
    panorama, depth = stages.finished(sight.panorama, place.depth(number, sight.panorama, run), run, still=False)
    settings = run.settings
    look = Look(settings.scale_factor, settings.thickness, settings.opacity, settings.backing)
    extent = Extent((settings.depth_min, settings.depth_max))
    rows = panorama.size_hw[0]
    stride = settings.stride if settings.max_splats is None else uniform_stride(rows, settings.max_splats)
    depth = depth_of_moving(depth, sight.stands, sight.moves)
    with run.stage("Gaussians") as listener:
        made = Uniform(stride).plan(panorama, depth, look=look, extent=extent).surface_gaussians(listener).joined
    return made if _is_identity(sight.pose) else moved(rotated(made, sight.pose.rotation), sight.pose.translation)


def _kept_moving(kept: KeptWork, number: int) -> Gaussians:
    found = kept.find(moving_name(number))
    assert found is not None, f"frame {number} was made and is gone"
    return Gaussians(**found)


def moving_name(number: int) -> str:
    """Return the name under which what moves in a frame is kept."""
    return f"moving_{number:05d}"
