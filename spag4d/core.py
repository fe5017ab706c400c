"""The order of the stages, and how long models live. No formula and no loop over pixels stands here."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spag4d import __version__
from spag4d.conversion import ConversionResult, Run
from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.depth import DEPTH_MODELS, best_available, check_available
from spag4d.depth.base import DepthModel
from spag4d.depth.floor import scaled_to_camera_height
from spag4d.depth.from_file import depth_from_array, depth_from_file
from spag4d.depth.loaded import Loaded
from spag4d.depth.perspective import PerspectiveModel
from spag4d.depth.tiles import TILES_MODEL, add_detail
from spag4d.device import resolve_device
from spag4d.errors import InputError
from spag4d.io import WRITERS
from spag4d.io.atomic import check_target
from spag4d.io.depth_map import check_depth_path, write_depth
from spag4d.io.image import panorama_from_array, read_panorama
from spag4d.io.outputs import output_paths
from spag4d.progress import SILENT, Progress
from spag4d.refine.edges import refine_edges
from spag4d.refine.sky import mark_sky
from spag4d.settings import AUTO, Settings
from spag4d.splat.dome import dome_gaussians, dome_radius_m
from spag4d.splat.grid import grid_gaussians
from spag4d.splat.look import Look
from spag4d.weights import is_installed

if TYPE_CHECKING:
    from spag4d.splat.sharp_model import SharpPredictor

SHARP = "sharp"

PanoramaLike = str | Path | np.ndarray | Panorama
DepthLike = str | Path | np.ndarray | DepthMap


class SPAG4D:
    """Converts panoramas to Gaussians; keeps its depth model loaded between calls.

    >>> converter = SPAG4D(stride=4)
    >>> result = converter.convert("panorama.jpg", "scene.ply", scale_factor=1.2)  # doctest: +SKIP
    """

    def __init__(self, **settings: Any) -> None:
        """Take any fields of `Settings` as defaults of this converter.

        Raises `InputError` for an unknown name (with the nearest known one), a value out of bounds, a device that this
        machine does not have, or a model whose licence is not the wanted one, and `WeightsError` for one that is not installed.
        """
        self.settings = Settings.of(**settings)
        if self.settings.device != AUTO:
            resolve_device(self.settings.device)
        if self.settings.depth_model != AUTO:
            check_available(self.settings.depth_model, commercial_ok=self.settings.commercial_ok)
        if self.settings.depth_tiles:
            check_available(TILES_MODEL)
        if self.settings.sharp_refine:
            check_available(SHARP, commercial_ok=self.settings.commercial_ok)
        self._model, self._tiles_model = Loaded(), Loaded()
        self._sharp: SharpPredictor | None = None

    def convert(
        self,
        input_path: PanoramaLike,
        output_path: str | Path,
        *,
        depth_map: DepthLike | None = None,
        save_depth: str | Path | None = None,
        progress: Progress = SILENT,
        **overrides: Any,
    ) -> ConversionResult:
        """Convert a panorama (file or array) into splat files, and return what was made.

        ``depth_map`` (file, array in metres, or `DepthMap`) replaces the depth model; ``save_depth`` names a file for the
        depth that was used; ``overrides`` are settings for this call. Raises `InputError`, `WeightsError`,
        `ResourceError` or `Cancelled`; a file is only ever replaced by a whole new one.
        """
        started = time.perf_counter()
        run = Run(self.settings.changed(**overrides), progress)
        outputs = output_paths(Path(output_path), run.settings.format)
        depth_path = None if save_depth is None else Path(save_depth)
        _check_targets(outputs, depth_path, sources=(input_path, depth_map))
        panorama = self._read(input_path, run)
        depth = self._depth(panorama, depth_map, run)
        gaussians = self._splat(panorama, depth, run)
        if not len(gaussians):
            raise InputError(_nothing_left(panorama, depth, run.settings))
        self._write(gaussians, outputs, depth, run)
        if depth_path is not None:
            with run.stage("Writing depth") as listener:
                write_depth(depth_path, depth, progress=listener)
        return ConversionResult(
            output_paths=tuple(outputs.values()),
            splat_count=len(gaussians),
            file_size=sum(path.stat().st_size for path in outputs.values()),
            processing_time=time.perf_counter() - started,
            stage_times=run.stage_times,
            depth_range=depth.reach(panorama.valid),
            depth_model=depth.model,
            metres_from=depth.metres_from,
            sharp=run.sharp,
            device=self._model.device if depth_map is None else "cpu",
            warnings=tuple(run.warnings),
        )

    def to_gaussians(
        self, panorama: PanoramaLike, *, depth_map: DepthLike | None = None, progress: Progress = SILENT, **overrides: Any
    ) -> Gaussians:
        """Return the Gaussians of a panorama (file or array) without writing a file."""
        run = Run(self.settings.changed(**overrides), progress)
        picture = self._read(panorama, run)
        return self._splat(picture, self._depth(picture, depth_map, run), run)

    def estimate_depth(self, panorama: PanoramaLike, *, progress: Progress = SILENT, **overrides: Any) -> DepthMap:
        """Return the refined depth map of a panorama (file or array), the sky marked."""
        run = Run(self.settings.changed(**overrides), progress)
        return self._depth(self._read(panorama, run), None, run)

    def _read(self, source: PanoramaLike, run: Run) -> Panorama:
        with run.stage("Reading") as listener:
            if isinstance(source, Panorama):
                return source
            if isinstance(source, np.ndarray):
                return panorama_from_array(source, force_erp=run.settings.force_erp)
            return read_panorama(Path(source), force_erp=run.settings.force_erp, progress=listener)

    def _depth(self, panorama: Panorama, given: DepthLike | None, run: Run) -> DepthMap:
        settings = run.settings
        if settings.depth_tiles and given is not None:
            raise InputError("--depth-tiles adds detail to a model's depth, not to --depth-map. Leave one of them out.")
        with run.stage("Depth") as listener:
            depth = self._given_or_estimated(panorama, given, settings, listener)
        if settings.depth_tiles:
            depth = self._detailed(depth, panorama, run)
        with run.stage("Edges") as listener:
            if settings.camera_height:
                depth = scaled_to_camera_height(depth, settings.camera_height, panorama.valid, progress=listener)
            depth = depth.scaled(settings.global_scale)
            if settings.use_guided_filter:
                depth = refine_edges(depth, panorama, strength=settings.guided_strength, progress=listener)
            return mark_sky(depth, threshold_m=settings.sky_threshold, progress=listener)

    def _given_or_estimated(
        self, panorama: Panorama, given: DepthLike | None, settings: Settings, progress: Progress
    ) -> DepthMap:
        if given is None:
            return self._estimated(panorama, settings, progress)
        if isinstance(given, DepthMap):
            if given.size_hw == panorama.size_hw:
                return given
            distance = np.where(given.sky, np.float32(np.inf), given.distance)
            resized = depth_from_array(distance, panorama.size_hw)
            return replace(resized, kind=given.kind, model=given.model, metres_from=given.metres_from)
        if isinstance(given, np.ndarray):
            return depth_from_array(given, panorama.size_hw)
        return depth_from_file(Path(given), panorama.size_hw, unit_m=settings.depth_map_unit)

    def _estimated(self, panorama: Panorama, settings: Settings, progress: Progress) -> DepthMap:
        name = settings.depth_model
        if name == AUTO:
            name = best_available(progress, commercial_ok=settings.commercial_ok)
        else:
            check_available(name, commercial_ok=settings.commercial_ok)
        model: DepthModel = self._model.get(name, resolve_device(settings.device), **settings.of_model(name))
        return model.estimate(panorama, progress=progress)

    def _detailed(self, depth: DepthMap, panorama: Panorama, run: Run) -> DepthMap:
        with run.stage("Detail") as listener:
            check_available(TILES_MODEL)
            model: PerspectiveModel = self._tiles_model.get(TILES_MODEL, resolve_device(run.settings.device))
            return add_detail(depth, panorama, model, progress=listener)

    def _splat(self, panorama: Panorama, depth: DepthMap, run: Run) -> Gaussians:
        settings = run.settings
        look = Look(settings.stride, settings.scale_factor, settings.thickness, settings.opacity, settings.backing)
        reach_m = (settings.depth_min, settings.depth_max)
        with run.stage("Gaussians") as listener:
            with_sharp = _wants_sharp(settings, listener)
            surfaces = grid_gaussians(
                panorama, depth, look=look, depth_min_m=reach_m[0], depth_max_m=reach_m[1], progress=listener)
        if with_sharp and len(surfaces):
            surfaces = self._with_sharp(surfaces, panorama, depth, look, run)
        if not settings.sky_dome:
            return surfaces
        with run.stage("Sky dome") as listener:
            radius_m = dome_radius_m(settings.depth_max)
            dome = dome_gaussians(panorama, depth, look=look, radius_m=radius_m, progress=listener)
            return Gaussians.concatenate([surfaces, dome])

    def _with_sharp(
        self, surfaces: Gaussians, panorama: Panorama, depth: DepthMap, look: Look, run: Run
    ) -> Gaussians:
        from spag4d.splat.sharp import Blends, layered, refined
        from spag4d.splat.sharp_faces import sharp_faces
        from spag4d.splat.sharp_model import SharpPredictor

        settings = run.settings
        with run.stage("SHARP") as listener:
            device = resolve_device(settings.device)
            if self._sharp is None or self._sharp.device != device:
                self._sharp = None
                self._sharp = SharpPredictor(device)
            faces = sharp_faces(settings.sharp_projection, settings.sharp_cubemap_size, progress=listener)
            blends = Blends(settings.scale_blend, settings.opacity_blend, settings.color_blend)
            run.sharp = settings.sharp_mode
            if settings.sharp_mode == "refine":
                return refined(surfaces, panorama, depth, self._sharp, faces, look=look, blends=blends, progress=listener)
            reach_m = (settings.depth_min, settings.depth_max)
            return layered(panorama, depth, self._sharp, faces, blends=blends, reach_m=reach_m, progress=listener)

    def _write(self, gaussians: Gaussians, outputs: Mapping[str, Path], depth: DepthMap, run: Run) -> None:
        settings = run.settings.changed(depth_model=depth.model) if depth.model in DEPTH_MODELS else run.settings
        made_by = f"depth {depth.model}, metres from {depth.metres_from}" if depth.metres_from else f"depth {depth.model}"
        sharp = f"SHARP {run.sharp}, for research only" if run.sharp else "SHARP not used"
        comments = (f"SPAG-4D {__version__}", made_by, sharp, f"settings {settings.model_dump_json()}")
        for name, path in outputs.items():
            with run.stage("Writing") as listener:
                WRITERS.load(name)(path, gaussians, comments=comments, progress=listener)


def _wants_sharp(settings: Settings, progress: Progress) -> bool:
    """Return whether SHARP is to be used; where nobody decided, because it is installed, and with a warning where it is not."""
    if settings.sharp_refine is None:
        if settings.commercial_ok:
            return False
        if not is_installed(SHARP):
            progress.warn("the Gaussians are not refined, as the weights of SHARP are not installed; "
                          "`spag4d download-models --model sharp` fetches them (for research only), "
                          "and --no-sharp-refine says that you do not want them")
            return False
        return True
    if settings.sharp_refine:
        check_available(SHARP, commercial_ok=settings.commercial_ok)
    return settings.sharp_refine


def _check_targets(outputs: Mapping[str, Path], depth_path: Path | None, sources: tuple[object, ...]) -> None:
    """Refuse, before any work, targets in missing folders and targets that would overwrite a source."""
    targets = [*outputs.values(), *([] if depth_path is None else [depth_path])]
    if depth_path is not None:
        check_depth_path(depth_path)
    taken = {Path(source).resolve() for source in sources if isinstance(source, str | Path)}
    for target in targets:
        if target.resolve() in taken:
            raise InputError(f"{target} is also an input: writing there would destroy it. Choose another name.")
        check_target(target)


def _nothing_left(panorama: Panorama, depth: DepthMap, settings: Settings) -> str:
    reach = depth.reach(panorama.valid)
    if reach is None:
        return f"nothing is left to draw: all of {panorama.name} is sky, and --sky-dome is off."
    return (f"nothing is left to draw: the surfaces of {panorama.name} lie {reach[0]:.2f} to {reach[1]:.2f} m away, and "
            f"--depth-min is {settings.depth_min:g} m.")
