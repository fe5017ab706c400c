"""`SPAG4D`: photos and videos become scenes."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spag4d.batch import Item, Outcome, convert_items, list_items
from spag4d.clips.clip import Clip, Shown, read_clip
from spag4d.clips.frames import read_frames
from spag4d.cluster.claims import Claims
from spag4d.cluster.shares import Share, numbers_of
from spag4d.compiling import compile_in_background
from spag4d.conversion import FRAMES, ConversionResult, FrameResult, Run, counted
from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.errors import InputError, either
from spag4d.formats import MOVING
from spag4d.formats.moving import moving_format_of, opened_moving
from spag4d.formats.moving_page import check_moving_page, write_moving_page
from spag4d.formats.outputs import output_paths
from spag4d.formats.scene import read_scene
from spag4d.formats.scene_card import card_path
from spag4d.formats.viewer_page import check_page, write_viewer_page
from spag4d.io.atomic import check_target
from spag4d.mesh.collision import is_collision, viewer_glb
from spag4d.mesh.write import check_mesh_path, write_mesh
from spag4d.photos.write_depth import check_depth_path, write_depth
from spag4d.progress import SILENT, Progress
from spag4d.reconstruction.kept_work import forget_work
from spag4d.sequence import Sequence360, VideoPlan, opened
from spag4d.sequence_record import RECORD
from spag4d.settings import Settings
from spag4d.stages import DepthLike, PanoramaLike, Stages, check_models, density_of, shrunk, with_choices_made
from spag4d.video_parts import Parts, convert_parts
from spag4d.world import EVERY_S

if TYPE_CHECKING:
    from spag4d.world.sources import Source

_FIRST_LOOK_ROWS = 512
"""Rows of the panorama of a first look."""


class SPAG4D:
    """Converts panoramas to Gaussians; keeps its depth model loaded between calls.

    >>> converter = SPAG4D(stride=4)
    >>> result = converter.convert("panorama.jpg", "scene.ply", scale_factor=1.2)  # doctest: +SKIP
    """

    def __init__(self, **settings: Any) -> None:
        """Take any fields of `Settings` as defaults of this converter.

        Raises `InputError` for an unknown name (with the nearest known one), a value out of bounds, a device that this
        machine does not have, or a model whose licence does not fit, and `WeightsError` for one that is not installed.
        """
        self.settings = Settings.of(**settings)
        check_models(self.settings)
        compile_in_background()
        self._stages = Stages()

    def convert(
        self,
        input_path: PanoramaLike,
        output_path: str | Path,
        *,
        depth_map: DepthLike | None = None,
        save_depth: str | Path | None = None,
        first_look: str | Path | None = None,
        export_html: str | Path | None = None,
        mesh: str | Path | None = None,
        progress: Progress = SILENT,
        **overrides: Any,
    ) -> ConversionResult:
        """Convert a panorama (file or array) into splat files with one scene card beside them, and return what was made.

        ``depth_map`` (file, array in metres, or `DepthMap`) replaces the depth model; ``save_depth`` names a file for the depth
        that was used, ``first_look`` one for a coarse scene that is written as soon as there is depth, ``export_html`` a web
        page with scene and viewer inside, and ``mesh`` a .glb or .ply for the surfaces as triangles (.collision.glb or
        .collision.ply for the few that stop and carry a visitor); ``overrides`` are settings for this call. Raises
        `InputError`, `WeightsError`, `ResourceError` or `Cancelled`; a file is only ever replaced by a whole new one.
        """
        started = time.perf_counter()
        run = Run(self.settings.changed(**overrides), progress)
        outputs = output_paths(Path(output_path), run.settings.format)
        depth_path = None if save_depth is None else Path(save_depth)
        early = {} if first_look is None else output_paths(Path(first_look))
        page = None if export_html is None else Path(export_html)
        card = card_path(next(iter(outputs.values())))
        targets = [*outputs.values(), *early.values(), card, *([] if page is None else [page])]
        _check_targets(targets, depth_path, sources=(input_path, depth_map))
        if page is not None:
            check_page(page)
        mesh_path = _checked_mesh(mesh, targets, (input_path, depth_map))
        measured = depth_map is not None
        panorama = self._read(input_path, run, measured=measured)
        depth = self._stages.raw_depth(panorama, depth_map, run)
        if early:
            self._first_look(panorama, depth, early, run, measured=measured)
        panorama, depth = self._stages.finished(panorama, depth, run, measured=measured)
        layers = self._stages.gaussians(panorama, depth, run)
        if not len(layers):
            raise InputError(_nothing_left(panorama, depth, run.settings))
        self._stages.write(layers, outputs, depth, run)
        self._stages.write_card(outputs, depth, run)
        if depth_path is not None:
            with run.stage("Writing depth") as listener:
                write_depth(depth_path, depth, progress=listener)
        if mesh_path is not None:
            met = is_collision(mesh_path)
            triangles = self._stages.collision(depth, run) if met else self._stages.mesh(panorama, depth, run)
            with run.stage("Writing mesh"):
                write_mesh(mesh_path, triangles)
        if page is not None:
            collision = viewer_glb(self._stages.collision(depth, run))
            with run.stage("Writing page") as listener:
                write_viewer_page(page, layers.joined, collision=collision, title=panorama.name, progress=listener)
        device = self._stages.device if depth_map is None else "cpu"
        return run.result(started, outputs.values(), len(layers), depth, depth.reach(panorama.valid), device)

    def _read(self, source: PanoramaLike, run: Run, *, measured: bool) -> Panorama:
        """Return the panorama with its caps painted over, after checking that the chosen models can be used."""
        check_models(run.settings)
        panorama = self._stages.read(source, run)
        self._stages.choose(run, given_depth=measured)
        return self._stages.painted(panorama, run)

    def _first_look(
        self, panorama: Panorama, depth: DepthMap, outputs: Mapping[str, Path], run: Run, *, measured: bool
    ) -> None:
        """Write a coarse scene from the raw depth, without the warnings, which follow later anyway."""
        with run.stage("First look") as listener:
            quick = Run(run.settings.changed(stride=2, max_splats=None, use_guided_filter=False, sharp_refine=False),
                        Progress(is_cancelled=listener.is_cancelled))
            panorama, depth = shrunk(panorama, depth, _FIRST_LOOK_ROWS)
            panorama, depth = self._stages.finished(panorama, depth, quick, measured=measured)
            layers = self._stages.gaussians(panorama, depth, quick)
            self._stages.write(layers, outputs, depth, quick, with_range=False)

    def convert_folder(
        self,
        input_folder: str | Path,
        output_folder: str | Path,
        *,
        recursive: bool = False,
        overwrite: bool = False,
        share: str | None = None,
        claim: bool = False,
        cluster: str | None = None,
        on_item: Callable[[int, int, Item], None] = lambda number, count, item: None,
        progress: Progress = SILENT,
    ) -> Generator[Outcome, None, None]:
        """Convert every panorama in a folder, and yield the outcome of each: a result, an error, or neither where it was done.

        A scene that is newer than its picture stays, unless ``overwrite``. Of several runs, on any machines, each can do a
        ``share``, such as "2/8", or ``claim`` what no other is at. ``cluster`` lets the workers of a Ray cluster do it:
        "auto" is the one that runs on this machine or that RAY_ADDRESS names, "local" a new one of this machine alone,
        "ray://host:port" one elsewhere. ``on_item`` hears of each item that is done here, by its number from 1 of how many,
        before it begins. Raises `InputError` for a folder without pictures or no such cluster, and `Cancelled`.
        """
        if claim and overwrite:
            raise InputError("--claim takes what is not done yet, --overwrite does everything again. Leave one of them out.")
        items = list_items(Path(input_folder), Path(output_folder), format=self.settings.format, recursive=recursive)
        part = items if share is None else Share.of(share).part(items)
        if cluster is not None:
            if claim:
                raise InputError("--claim is for runs without a scheduler, and a cluster has one: leave one of them out.")
            from spag4d.batch_on_cluster import convert_items_on_cluster

            yield from convert_items_on_cluster(cluster, part, Path(output_folder), self.settings, overwrite=overwrite,
                                                progress=progress)
            return

        def begun(number: int, item: Item) -> Progress:
            on_item(number + 1, len(part), item)
            return progress

        yield from convert_items(self.convert, part, self.settings, overwrite=overwrite, claims=Claims() if claim else None,
                                 progress=begun)

    def convert_video(
        self,
        input_path: str | Path,
        output_folder: str | Path,
        *,
        overwrite: bool = False,
        preview: str | Path | None = None,
        save_depth: str | Path | None = None,
        cluster: str | None = None,
        progress: Progress = SILENT,
        **overrides: Any,
    ) -> Iterator[FrameResult]:
        """Convert a 360° video into a sequence of scenes in a folder, and yield each frame's result.

        A run that was stopped continues where it ended, and yields only new frames; ``overwrite`` starts over.
        ``preview`` names an MP4 file that shows the sequence, ``save_depth`` a file for the depth of its first frame, or one
        for each where ``{}`` stands for the frame's number. Nothing happens until the first frame is requested. A ``cluster``,
        see `convert_folder`, yields frames as they end. Raises what `convert` does, and `InputError` where the folder holds a
        sequence of another video or other settings.
        """
        folder = Path(output_folder)
        if preview is not None:
            _check_preview(Path(preview), Path(input_path))
        if cluster is not None:
            if save_depth is not None:
                raise InputError("a cluster does not save the depth of the first frame: leave one of them out.")
            self.prepare_video(input_path, folder, overwrite=overwrite, progress=progress, **overrides)
            yield from self._on_cluster(cluster, *self._clip(input_path, progress, overrides), folder, progress)
            self.collect_video(input_path, folder, preview=preview, progress=progress, **overrides)
            return
        clip, shown, settings = self._clip(input_path, progress, overrides)
        settings = with_choices_made(settings, progress)
        with opened(folder, overwrite=overwrite):
            sequence = Sequence360.found(folder, clip.identity(), settings)
            if sequence is None:
                sequence = Sequence360.begun(folder, _plan(clip, shown, settings, progress))
            depth_path = None if save_depth is None else Path(save_depth)
            yield from self._frames(clip, shown, sequence, settings, progress, depth_path)
            if preview is not None:
                _write_preview(Path(preview), map(read_scene, sequence.files), sequence.done, settings, progress)

    def prepare_video(
        self, input_path: str | Path, output_path: str | Path, *, overwrite: bool = False, progress: Progress = SILENT,
        **overrides: Any,
    ) -> None:
        """Find out what all frames of a video need, so that several runs can make them with `convert_part`.

        That is how the camera turned, and for one file (.4dgs) what stands. Raises what `convert_video` and `convert_clip` do.
        """
        from spag4d.clip_scene.parts import prepare_clip

        output = Path(output_path)
        clip, shown, settings = self._clip(input_path, progress, overrides)
        if moving_format_of(output) is not None:
            if overwrite:
                forget_work(output)
            prepare_clip(*self._of_clip(clip, shown, settings, progress), output)
            return
        with opened(output, overwrite=overwrite):
            settings = with_choices_made(settings, progress)
            if Sequence360.found(output, clip.identity(), settings) is None:
                Sequence360.begun(output, _plan(clip, shown, settings, progress))

    def convert_part(
        self, input_path: str | Path, output_path: str | Path, *, frames: str | None = None, share: str | None = None,
        progress: Progress = SILENT, **overrides: Any,
    ) -> Iterator[FrameResult]:
        """Make some frames of a video that `prepare_video` has looked at, beside other runs, and yield those made here.

        ``frames`` is a range such as "101-200", ``share`` a share such as "2/8". Frames that are steadied by the ones before
        wait for these, or make them, too, where no other run is at them. One file (.4dgs) yields nothing. Raises what
        `convert_video` does, and `InputError` where nothing was prepared.
        """
        from spag4d.clip_scene.parts import make_frames

        output = Path(output_path)
        clip, shown, settings = self._clip(input_path, progress, overrides)
        numbers = numbers_of(len(shown), share=share, range_=frames)
        if moving_format_of(output) is not None:
            make_frames(*self._of_clip(clip, shown, settings, progress), output, numbers)
            return
        sequence = self._prepared(output, clip, settings, progress)
        plan = sequence.plan(with_choices_made(settings, SILENT))

        def made(number: int, steadier: Any) -> FrameResult:
            with closing(read_frames(clip, shown[number : number + 1], force_erp=settings.force_erp)) as panoramas:
                return self._frame_result(next(panoramas), number, sequence, plan, steadier, progress)

        yield from convert_parts(made, Parts(sequence), numbers, settings.temporal_alpha, progress)

    def collect_video(
        self, input_path: str | Path, output_path: str | Path, *, preview: str | Path | None = None,
        progress: Progress = SILENT, **overrides: Any,
    ) -> ConversionResult | None:
        """Finish a video of which `convert_part` has made all frames; returns the result of one file (.4dgs).

        Raises `InputError` where frames are missing.
        """
        from spag4d.clip_scene.parts import collect_clip

        output = Path(output_path)
        if preview is not None:
            _check_preview(Path(preview), Path(input_path))
        clip, shown, settings = self._clip(input_path, progress, overrides)
        if moving_format_of(output) is not None:
            result = collect_clip(*self._of_clip(clip, shown, settings, progress), output)
            if preview is not None:
                _write_moving_preview(Path(preview), output, len(shown), settings, progress)
            return result
        with opened(output, overwrite=False):
            sequence = self._prepared(output, clip, settings, progress)
            Parts(sequence).collect()
            if preview is not None:
                _write_preview(Path(preview), map(read_scene, sequence.files), sequence.done, settings, progress)
        return None

    def _on_cluster(
        self, cluster: str, clip: Clip, shown: list[Shown], settings: Settings, output: Path, progress: Progress
    ) -> Iterator[FrameResult]:
        """Yield the frames of a prepared video that are not made yet as the workers of a cluster make them."""
        from spag4d.video_on_cluster import frames_on_cluster

        is_one_file = moving_format_of(output) is not None
        numbers = list(range(len(shown)))
        if not is_one_file:
            parts = Parts(self._prepared(output, clip, settings, SILENT))
            numbers = [number for number in numbers if not parts.is_done(number)]
        yield from frames_on_cluster(cluster, clip.path.absolute(), output.absolute(), numbers, settings,
                                     is_one_file=is_one_file, progress=progress)

    def _clip(self, source: str | Path, progress: Progress, overrides: Mapping[str, Any]) -> tuple[Clip, list[Shown], Settings]:
        settings = self.settings.changed(**overrides)
        clip = read_clip(Path(source), progress=progress)
        return clip, clip.frames(settings.fps, settings.start, settings.duration, progress=progress), settings

    def _of_clip(
        self, clip: Clip, shown: list[Shown], settings: Settings, progress: Progress
    ) -> tuple[Stages, Run, Clip, list[Shown]]:
        """Return what the functions in `spag4d.clip_scene` begin with."""
        run = Run(settings, progress)
        self._stages.choose(run)
        return self._stages, run, clip, shown

    def _prepared(self, folder: Path, clip: Clip, settings: Settings, progress: Progress) -> Sequence360:
        sequence = Sequence360.found(folder, clip.identity(), with_choices_made(settings, progress))
        if sequence is None:
            raise InputError(f"{folder} holds no {RECORD} yet: give the command with --prepare first.")
        return sequence

    def convert_clip(
        self,
        input_path: str | Path,
        output_path: str | Path,
        *,
        overwrite: bool = False,
        preview: str | Path | None = None,
        export_html: str | Path | None = None,
        save_depth: str | Path | None = None,
        cluster: str | None = None,
        progress: Progress = SILENT,
        **overrides: Any,
    ) -> ConversionResult:
        """Convert a 360° video into one file of a scene that moves (.4dgs).

        What stands is made once and what moves frame by frame, in the axes of the first frame, or upright where the camera
        travels. A run that was stopped goes on where it was; ``overwrite`` starts over. ``preview`` names an MP4 file that
        shows the scene, ``export_html`` a web page that plays it, ``save_depth`` a file for the depth of what stands; for
        ``cluster`` see `convert_folder`. Raises what `convert` does, and `InputError` where a camera travels and its way is not
        found.
        """
        from spag4d.clip_scene.parts import collect_clip, prepare_clip
        from spag4d.clip_scene.scene import write_clip

        output = Path(output_path)
        if moving_format_of(output) is None:
            endings = either(f".{name}" for name in MOVING)
            raise InputError(f"one file for a clip ends in {endings}, and not as {output.name} does.")
        _check_targets([output], None if save_depth is None else Path(save_depth), sources=(input_path,))
        if preview is not None:
            _check_preview(Path(preview), Path(input_path))
        if export_html is not None:
            check_moving_page(Path(export_html), output)
        clip, shown, settings = self._clip(input_path, progress, overrides)
        if overwrite:
            forget_work(output)
        of = self._of_clip(clip, shown, settings, progress)
        depth_path = None if save_depth is None else Path(save_depth)
        if cluster is None:
            result = write_clip(*of, output, depth_path)
        else:
            prepare_clip(*of, output)
            for _ in self._on_cluster(cluster, clip, shown, settings, output, progress):
                pass
            result = collect_clip(*of, output, depth_path)
        if preview is not None:
            _write_moving_preview(Path(preview), output, len(shown), settings, progress)
        if export_html is not None:
            write_moving_page(Path(export_html), output, title=Path(input_path).stem)
        return result

    def animate(
        self,
        input_path: PanoramaLike,
        output_path: str | Path,
        motions: Sequence[Any] = (),
        *,
        loop_s: float = 6.0,
        depth_map: DepthLike | None = None,
        progress: Progress = SILENT,
        **overrides: Any,
    ) -> ConversionResult:
        """Convert a panorama into a scene that moves and loops (.4dgs), or into a looping 360° video (.mp4).

        ``motions`` are `spag4d.animate.motions.Motion`, each of a region of the panorama, the first of which has what several
        claim; without any the clouds drift. Everything else stands. The loop lasts ``loop_s``. Raises what `convert` does.
        """
        from spag4d.animated_scene import MOVIE, write_animation

        output = Path(output_path)
        if output.suffix.lower() != MOVIE and moving_format_of(output) is None:
            endings = either([*(f".{name}" for name in MOVING), MOVIE])
            raise InputError(f"what comes alive ends in {endings}, and not as {output.name} does.")
        if not 0.5 <= loop_s <= 60:
            raise InputError(f"a loop lasts 0.5 to 60 s, got {loop_s:g}")
        _check_targets([output], None, sources=(input_path, depth_map))
        started, run = time.perf_counter(), Run(self.settings.changed(**overrides), progress)
        finished = self._filled(input_path, depth_map, run)
        return write_animation(self._stages, run, finished, output, motions, loop_s, started)

    def _frames(
        self, clip: Clip, shown: list[Shown], sequence: Sequence360, settings: Settings, progress: Progress,
        depth_path: Path | None,
    ) -> Iterator[FrameResult]:
        from spag4d.video.steadier import Steadier

        plan = sequence.plan(settings)
        steadier = Steadier(settings.temporal_alpha)
        steadier.restore(sequence.state())
        first, count = sequence.done, len(shown)
        panoramas = read_frames(clip, shown[first:], force_erp=settings.force_erp, progress=progress)
        with closing(panoramas):
            for number, panorama in enumerate(panoramas, first):
                path = None if depth_path is None else _of_frame(depth_path, number)
                frame = self._frame_result(panorama, number, sequence, plan, steadier, progress, path)
                sequence.add(frame, steadier.state())
                progress.report(FRAMES, number + 1, count)
                yield frame

    def _frame_result(
        self, panorama: Panorama, number: int, sequence: Sequence360, plan: VideoPlan, steadier: Any, progress: Progress,
        depth_path: Path | None = None,
    ) -> FrameResult:
        run = Run(plan.settings, counted(progress, number, sequence.count))
        if number in plan.lost:
            run.warnings.append("too little was recognised in this frame: it goes on turning as the one before")
        result = self._frame(panorama, number, sequence.outputs(number), plan, steadier, run, depth_path)
        return FrameResult(number + 1, sequence.count, plan.times_s[number], plan.world_from_camera_wxyz[number],
                           plan.world_from_file_wxyz[number], result)

    def _frame(
        self, panorama: Panorama, number: int, outputs: Mapping[str, Path], plan: VideoPlan, steadier: Any, run: Run,
        depth_path: Path | None,
    ) -> ConversionResult:
        from spag4d.splat.edit import rotated
        from spag4d.video.poses import file_from_camera, new_from_old

        started = time.perf_counter()
        panorama = self._stages.painted(panorama, run)
        depth = self._stages.raw_depth(panorama, None, run, still=False)
        with run.stage("Steadying"):
            turn = new_from_old(plan.world_from_camera_wxyz, number)
            depth = steadier.depth(depth, panorama, turn)
        panorama, depth = self._stages.finished(panorama, depth, run, still=False)
        if depth_path is not None:
            write_depth(depth_path, depth)
        layers = self._stages.gaussians(panorama, depth, run)
        with run.stage("Steadying"):
            layers = steadier.gaussians(layers, density_of(run.settings).memory_rows(panorama.size_hw[0]))
            turn = file_from_camera(plan.world_from_camera_wxyz[number], plan.world_from_file_wxyz[number])
            layers = layers.changed(lambda gaussians: rotated(gaussians, turn))
        if not len(layers):
            run.warnings.append(_nothing_left(panorama, depth, run.settings))
        self._stages.write(layers, outputs, depth, run)
        reach = depth.reach(panorama.valid)
        return run.result(started, outputs.values(), len(layers), depth, reach, self._stages.device)

    def reconstruct(  # noqa: PLR0913
        self,
        input_paths: Sequence[str | Path],
        output_path: str | Path,
        *,
        every_s: float = EVERY_S,
        poses: str | Path | None = None,
        save_poses: str | Path | None = None,
        save_depth: str | Path | None = None,
        mesh: str | Path | None = None,
        distance: tuple[str, str, float] | None = None,
        cluster: str | None = None,
        progress: Progress = SILENT,
        **overrides: Any,
    ) -> ConversionResult:
        """Make one scene of several panoramas of one place, and return what was made.

        ``input_paths`` are pictures, a folder of them, or a video of a walk, of which every ``every_s`` seconds one is taken;
        ``poses`` is a ``poses.json`` or the folder of a COLMAP model that says where they were taken. ``save_poses`` names a
        folder for both, ``save_depth`` one for each panorama's depth, ``mesh`` one for triangles as in `convert`.
        ``distance`` sets the scale: two points, each "NAME:X,Y" in pixels of a panorama, and how many metres lie between them.
        ``max_splats`` is a number for the whole scene, whose origin is the first panorama's capture point. A ``cluster``, see
        `convert_folder`, looks for depth and parallax. Raises what `convert` does, and `InputError` where fewer than two
        panoramas show the same place.
        """
        from spag4d.reconstruction.run import Wishes, reconstruct
        from spag4d.world.known_distance import KnownDistance

        run = Run(self.settings.changed(**overrides), progress)
        outputs = output_paths(Path(output_path), run.settings.format)
        card = card_path(next(iter(outputs.values())))
        _check_targets([*outputs.values(), card], None, sources=tuple(input_paths))
        def path(name: str | Path | None) -> Path | None:
            return None if name is None else Path(name)

        known_distance = None if distance is None else KnownDistance.of(distance[0], distance[1], float(distance[2]))
        mesh_path = _checked_mesh(mesh, [*outputs.values(), card], tuple(input_paths))
        wishes = Wishes(every_s, path(poses), path(save_poses), path(save_depth), mesh_path, known_distance)
        sources = [Path(path) if cluster is None else Path(path).absolute() for path in input_paths]
        return reconstruct(self._stages, run, sources, outputs, wishes, cluster)

    def single_depth(self, source: "Source", *, progress: Progress = SILENT) -> tuple[dict[str, Any], list[str]]:
        """Return the depth of a single panorama as `reconstruct` keeps it, and what to warn of: its part that a worker does."""
        from spag4d.reconstruction.panoramas import kept_depth, read

        run = Run(with_choices_made(self.settings, SILENT), progress)
        return kept_depth(self._stages, read(self._stages, source, run), run), run.warnings

    def to_gaussians(
        self, panorama: PanoramaLike, *, depth_map: DepthLike | None = None, progress: Progress = SILENT, **overrides: Any
    ) -> Gaussians:
        """Return the Gaussians of a panorama (file or array) without writing a file."""
        run = Run(self.settings.changed(**overrides), progress)
        return self._stages.gaussians(*self._filled(panorama, depth_map, run), run).joined

    def estimate_depth(self, panorama: PanoramaLike, *, progress: Progress = SILENT, **overrides: Any) -> DepthMap:
        """Return the refined depth map of a panorama (file or array), the sky marked."""
        run = Run(self.settings.changed(**{**overrides, "sharp_refine": False}), progress)
        return self._filled(panorama, None, run)[1]

    def _filled(self, source: PanoramaLike, given: DepthLike | None, run: Run) -> tuple[Panorama, DepthMap]:
        """Return the panorama and its refined depth, both without caps."""
        measured = given is not None
        panorama = self._read(source, run, measured=measured)
        return self._stages.finished(panorama, self._stages.raw_depth(panorama, given, run), run, measured=measured)


def _plan(clip: Clip, shown: list[Shown], settings: Settings, progress: Progress) -> VideoPlan:
    """Follow the camera through the whole video, before any frame is converted."""
    from spag4d.video.odometry import WORKING_HEIGHT, find_heading, steady_view
    from spag4d.video.poses import wxyz

    frames = read_frames(clip, shown, height=WORKING_HEIGHT, force_erp=settings.force_erp)
    heading = find_heading(frames, len(shown), progress=progress)
    if heading.lost:
        progress.warn(f"in {len(heading.lost)} of {len(shown)} frames too little was recognised to find how the camera turned")
    view = steady_view(heading.world_from_camera, settings.stabilize, settings.fps)
    times_s = [float(one.time_s) for one in shown]
    return VideoPlan(clip.identity(), settings, times_s, wxyz(heading.world_from_camera), wxyz(view), heading.lost)


def _check_preview(path: Path, source: Path) -> None:
    if path.suffix.lower() != ".mp4":
        raise InputError(f"the preview is an MP4 video: end '{path.name}' in .mp4.")
    if os.path.realpath(path) == os.path.realpath(source):
        raise InputError(f"{path} is also the input: writing there would destroy it. Choose another name.")
    check_target(path)


def _write_preview(path: Path, frames: Iterable[Gaussians], count: int, settings: Settings, progress: Progress) -> None:
    from spag4d.clips.movie import write_movie
    from spag4d.render.preview import preview_pictures

    write_movie(path, preview_pictures(frames, count, settings.fps, progress=progress), settings.fps)


def _write_moving_preview(path: Path, scene: Path, count: int, settings: Settings, progress: Progress) -> None:
    found = opened_moving(scene)
    _write_preview(path, map(found.at, found.timeline.frame_times_s), count, settings, progress)


def _of_frame(depth_path: Path, number: int) -> Path | None:
    """Return where the depth of a frame, counted from 0, is to be written, if anywhere."""
    if "{}" in depth_path.name:
        return depth_path.with_name(depth_path.name.replace("{}", f"{number + 1:05d}"))
    return None if number else depth_path


def _check_targets(outputs: Sequence[Path], depth_path: Path | None, sources: tuple[object, ...]) -> None:
    """Raise `InputError`, before any work, for targets in missing folders and targets that would overwrite a source."""
    targets = [*outputs, *([] if depth_path is None else [depth_path])]
    if depth_path is not None:
        check_depth_path(depth_path)
    taken = {os.path.realpath(source) for source in sources if isinstance(source, str | Path)}
    for target in targets:
        if os.path.realpath(target) in taken:
            raise InputError(f"{target} is also an input: writing there would destroy it. Choose another name.")
        check_target(target)


def _checked_mesh(mesh: str | Path | None, others: Sequence[Path], sources: tuple[object, ...]) -> Path | None:
    """Return the path of a mesh, if one is wanted, after checking that it can be written and is none of the ``others``."""
    if mesh is None:
        return None
    path = Path(mesh)
    check_mesh_path(path)
    _check_targets([path], None, sources)
    if os.path.realpath(path) in map(os.path.realpath, others):
        raise InputError(f"{path} is already the scene. Choose another name for the mesh.")
    return path


def _nothing_left(panorama: Panorama, depth: DepthMap, settings: Settings) -> str:
    reach = depth.reach(panorama.valid)
    if reach is None:
        return f"nothing is left to draw: all of {panorama.name} is sky, and --sky-dome is off."
    return (f"nothing is left to draw: the surfaces of {panorama.name} lie {reach[0]:.2f} to {reach[1]:.2f} m away, and "
            f"--depth-min is {settings.depth_min:g} m.")
