"""A clip becomes one scene that moves: what stands is made once, and of each frame only what moves."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

from spag4d import __version__
from spag4d.clips.clip import Clip, Shown
from spag4d.clips.frames import read_frames
from spag4d.conversion import FRAMES, ConversionResult, Run, counted
from spag4d.data import DepthMap, Gaussians, Moving, Panorama
from spag4d.errors import InputError
from spag4d.formats.moving import Timeline, write_moving
from spag4d.geometry.equirect import directions
from spag4d.motion.lasting import Lasting, lasting_picture
from spag4d.motion.split import depth_of_moving, moving_region
from spag4d.motion.windows import in_windows
from spag4d.photos.image import panorama_from_array
from spag4d.photos.write_depth import write_depth
from spag4d.reconstruction.kept_work import KeptWork, depth_from_arrays, depth_to_arrays, kept_work
from spag4d.splat.budget import uniform_stride
from spag4d.splat.density import Extent, Uniform
from spag4d.splat.gaussian_shape import Look
from spag4d.stages import Stages
from spag4d.video.flow import look_up
from spag4d.video.odometry import WORKING_HEIGHT, find_features, find_heading, parallax_rad

STANDING = "What stands"
"""The stage of the progress that looks at pictures from all over the clip."""
_SAMPLES = 15
"""Pictures from all over the clip by which the place is known: as bytes they take as much memory as four panoramas."""
_COMPARED = 5
"""Pictures that are compared with the first one to see whether the camera travels."""
_TRAVELS_RAD = np.radians(0.3)
"""By which most things shift where a camera travels: 2.5 pixels of `WORKING_HEIGHT`, and more than turns are wrong by."""
_TURNS_RAD = np.radians(0.15)
"""Below, a camera is taken to stand: turning its pictures would only blur them."""


@dataclass(frozen=True)
class _Standing:
    """What stands: its Gaussians, its picture and depth in the world's axes, and what the file notes of it."""

    gaussians: Gaussians
    lasting: Lasting
    depth: DepthMap
    comments: Sequence[str]


class ClipScene:
    """The steps from a clip to its file."""

    def __init__(self, stages: Stages, run: Run, clip: Clip, shown: Sequence[Shown]) -> None:
        """Take the frames ``shown`` of a clip; the run's choices are made."""
        self._stages, self._run, self._clip, self._shown = stages, run, clip, shown
        self._count = len(shown)

    def write(self, output: Path, depth_path: Path | None = None) -> ConversionResult:
        """Write the scene, and the depth of what stands, and return what was made.

        What was found out is kept beside the output until then, so that a run that was stopped goes on, to the same bytes.
        Raises `InputError` for a camera that travels.
        """
        started, settings = time.perf_counter(), self._run.settings
        made_of = {"version": __version__, "clip": self._clip.identity(), "settings": settings.model_dump(exclude={"device"})}
        with kept_work(output, made_of) as kept:
            turns = self._turns(kept)
            standing = self._standing(kept, turns)
            self._keep_moving(kept, turns, standing)
            edges_s = np.arange(self._count + 1) / settings.fps
            timeline = Timeline(float(edges_s[-1]), settings.fps)

            def parts() -> Iterator[Moving]:
                yield Moving.still(standing.gaussians, 0.0, timeline.duration_s)
                yield from in_windows((self._moving(kept, number) for number in range(self._count)), edges_s)

            with self._run.stage("Writing") as listener:
                count = write_moving(output, timeline, parts(), comments=standing.comments, progress=listener)
        depth = standing.depth
        if depth_path is not None:
            write_depth(depth_path, depth)
        return self._run.result(started, [output], count, depth, depth.reach(), self._stages.device)

    def _turns(self, kept: KeptWork) -> Float64[np.ndarray, "n 3 3"]:
        """Return ``world_from_camera`` of the frames; raises `InputError` where the camera travels."""
        def found() -> dict[str, np.ndarray]:
            progress, small = self._run.between_stages, {"height": WORKING_HEIGHT, "force_erp": self._run.settings.force_erp}
            heading = find_heading(read_frames(self._clip, self._shown, **small), self._count, progress=progress)
            if heading.lost:
                progress.warn(f"in {len(heading.lost)} of {self._count} frames too little was recognised to find how the "
                              "camera turned")
            turns = heading.world_from_camera
            if (np.einsum("nii->n", turns) > 1 + 2 * np.cos(_TURNS_RAD)).all():
                turns = np.tile(np.eye(3), (self._count, 1, 1))
            self._check_stands(turns, small)
            return {"turns": turns}

        return _kept_or_made(kept, "turns", found)["turns"]

    def _check_stands(self, turns: Float64[np.ndarray, "n 3 3"], small: dict[str, Any]) -> None:
        chosen = _spread(self._count, _COMPARED + 1)
        first = None
        for number, frame in zip(chosen, read_frames(self._clip, [self._shown[n] for n in chosen], **small), strict=True):
            features = find_features(frame)
            first = first or features
            shift_rad = parallax_rad(first, features, turns[number].T @ turns[chosen[0]])
            if shift_rad > _TRAVELS_RAD:
                raise InputError(
                    f"the camera of {self._clip.path.name} travels: at {float(self._shown[number].time_s):.1f} s most things "
                    f"have shifted by {np.degrees(shift_rad):.1f}° beside its turns. One file is made of clips whose camera "
                    "stands or only turns: name a folder instead, for a sequence of scenes, or take `spag4d reconstruct` for "
                    "the place alone.")

    def _pictures(
        self, numbers: Sequence[int], turns: Float64[np.ndarray, "n 3 3"]
    ) -> Iterator[tuple[int, Panorama, UInt8[np.ndarray, "h w 3"]]]:
        """Yield frames in the world's axes, by number, with their pixels in bytes."""
        frames = read_frames(self._clip, [self._shown[number] for number in numbers], force_erp=self._run.settings.force_erp,
                             progress=self._run.between_stages)
        for number, frame in zip(numbers, frames, strict=True):
            panorama = _in_world(frame, turns[number])
            yield number, panorama, (panorama.rgb * 255 + 0.5).astype(np.uint8)

    def _standing(self, kept: KeptWork, turns: Float64[np.ndarray, "n 3 3"]) -> _Standing:
        found = _kept_or_made(kept, "standing", lambda: self._made_standing(self._lasting(kept, turns)))
        gaussians = Gaussians(**{name[2:]: values for name, values in found.items() if name.startswith("g_")})
        return _Standing(gaussians, Lasting(found["rgb"], found["noise"]), depth_from_arrays(found),
                         json.loads(str(found["comments"])))

    def _lasting(self, kept: KeptWork, turns: Float64[np.ndarray, "n 3 3"]) -> Lasting:
        """Return what lasts of pictures from all over the clip, whose depth is kept."""
        chosen, pictures, distances = _spread(self._count, _SAMPLES), [], []
        for place, (number, panorama, pixels) in enumerate(self._pictures(chosen, turns)):
            run = Run(self._run.settings, self._run.between_stages.under(STANDING).part(place, len(chosen)))
            distances.append(np.log(self._depth(kept, number, panorama, run).distance))
            pictures.append(pixels)
        return lasting_picture(np.stack(pictures), np.stack(distances))

    def _depth(self, kept: KeptWork, number: int, panorama: Panorama, run: Run) -> DepthMap:
        """Return a frame's depth, which is kept if it was made before."""
        def made() -> dict[str, np.ndarray]:
            return depth_to_arrays(self._stages.raw_depth(self._stages.painted(panorama, run), None, run, still=False))

        return depth_from_arrays(_kept_or_made(kept, f"depth_{number:05d}", made))

    def _made_standing(self, lasting: Lasting) -> dict[str, np.ndarray]:
        run = self._run
        place = panorama_from_array(lasting.rgb, name=self._clip.path.stem, force_erp=True)
        place = self._stages.painted(place, run)
        panorama, depth = self._stages.finished(place, self._stages.raw_depth(place, None, run), run)
        layers = self._stages.gaussians(panorama, depth, run)
        if not len(layers):
            raise InputError(f"nothing of {self._clip.path.name} stands between --depth-min and --depth-max.")
        comments = self._stages.comments(depth, run, layers.joined)
        arrays = {f"g_{name}": values for name, values in layers.joined.arrays.items()}
        return {**arrays, **depth_to_arrays(depth), "rgb": lasting.rgb, "noise": lasting.noise,
                "comments": np.array(json.dumps(comments))}

    def _keep_moving(self, kept: KeptWork, turns: Float64[np.ndarray, "n 3 3"], standing: _Standing) -> None:
        """Make the Gaussians of what moves, frame by frame, where they are not kept yet."""
        progress = self._run.listener
        missing = [number for number in range(self._count) if kept.find(_moving_name(number)) is None]
        for number, panorama, pixels in self._pictures(missing, turns):
            run = Run(self._run.settings, counted(progress, number, self._count))
            moving = self._made_moving(kept, number, panorama, pixels, standing, run)
            kept.keep(_moving_name(number), moving.arrays)
            self._run.warnings.extend(warning for warning in run.warnings if warning not in self._run.warnings)
            progress.report(FRAMES, number + 1, self._count)

    def _made_moving(
        self, kept: KeptWork, number: int, panorama: Panorama, pixels: UInt8[np.ndarray, "h w 3"], standing: _Standing, run: Run
    ) -> Gaussians:
        moves = moving_region(pixels, standing.lasting)
        if panorama.valid is not None:
            moves &= panorama.valid
        if not moves.any():
            return Gaussians.empty()
        panorama, depth = self._stages.finished(panorama, self._depth(kept, number, panorama, run), run, still=False)
        settings = run.settings
        look = Look(settings.scale_factor, settings.thickness, settings.opacity, settings.backing)
        extent = Extent((settings.depth_min, settings.depth_max))
        rows = panorama.size_hw[0]
        stride = settings.stride if settings.max_splats is None else uniform_stride(rows, settings.max_splats)
        depth = depth_of_moving(depth, standing.depth, moves)
        with run.stage("Gaussians") as listener:
            return Uniform(stride).plan(panorama, depth, look=look, extent=extent).surface_gaussians(listener).joined

    def _moving(self, kept: KeptWork, number: int) -> Gaussians:
        found = kept.find(_moving_name(number))
        assert found is not None, f"frame {number} was made and is gone"
        return Gaussians(**found)


def _kept_or_made(kept: KeptWork, name: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return what was kept under a name, made first where it is missing.

    What was just made is read back, too: arrays that lie otherwise in memory round otherwise, and a run that was stopped would
    not end in the same bytes.
    """
    found = kept.find(name)
    if found is None:
        kept.keep(name, make())
        found = kept.find(name)
    assert found is not None, f"{name} was kept and is gone"
    return found


def _moving_name(number: int) -> str:
    return f"moving_{number:05d}"


def _spread(count: int, most: int) -> list[int]:
    """Return up to ``most`` numbers below ``count``, evenly from the first to the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)).tolist()


def _in_world(frame: Panorama, world_from_camera: Float64[np.ndarray, "3 3"]) -> Panorama:
    """Return a frame as a camera sees it that has the world's axes."""
    if np.array_equal(world_from_camera, np.eye(3)):
        return frame
    rays = directions(frame.size_hw[0]) @ world_from_camera.astype(np.float32)
    valid = None if frame.valid is None else look_up(frame.valid.astype(np.float32), rays) > 0.999
    return replace(frame, rgb=np.clip(look_up(frame.rgb, rays), 0, 1), valid=valid)
