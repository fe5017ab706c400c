"""The stages of a conversion, and how long models live. No formula and no loop over pixels stands here."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spag4d import __version__
from spag4d.check.seen_from import seen_from_in, seen_from_line
from spag4d.check.uncertainty import doubt_line, uncertainty_in
from spag4d.conversion import STAGES, Run, percent
from spag4d.data import DepthMap, Gaussians, Layers, Panorama
from spag4d.depth import BUILTIN, DEPTH_MODELS, best_available, check_available
from spag4d.depth.base import DepthModel
from spag4d.depth.floor import scaled_to_camera_height
from spag4d.depth.from_file import check_reach, depth_from_array, depth_from_file
from spag4d.depth.loaded import Loaded
from spag4d.depth.perspective import PerspectiveModel
from spag4d.depth.resize import shrunk_panorama
from spag4d.depth.tiles import TILES_MODEL, add_detail
from spag4d.depth.usual_sizes import with_usual_scale
from spag4d.device import resolve_device
from spag4d.errors import InputError
from spag4d.finishing import Pictured
from spag4d.formats.finite import usable
from spag4d.formats.scene import write_scene
from spag4d.formats.scene_card import card_path, write_card
from spag4d.mesh.collision import collision_mesh
from spag4d.mesh.mesh import Mesh
from spag4d.mesh.surface import MOST_TRIANGLES, rows_for, surface_mesh
from spag4d.models.weights import is_installed
from spag4d.photos.image import panorama_from_array, read_panorama
from spag4d.progress import SILENT, Progress
from spag4d.refine.caps import paint_caps
from spag4d.settings import AUTO, Settings
from spag4d.splat.density import Density, Extent, Plan, density_for
from spag4d.splat.dome import dome_radius_m
from spag4d.splat.gaussian_shape import Look

if TYPE_CHECKING:
    from spag4d.splat.sharp_model import SharpPredictor

SHARP = "sharp"

PanoramaLike = str | Path | np.ndarray | Panorama
DepthLike = str | Path | np.ndarray | DepthMap


def check_models(settings: Settings) -> None:
    """Raise before any work where a device or a model that the settings name cannot be used: `InputError`, `WeightsError`."""
    if settings.device != AUTO:
        resolve_device(settings.device)
    if settings.depth_model != AUTO:
        check_available(settings.depth_model, commercial_ok=settings.commercial_ok)
    if settings.depth_tiles:
        check_available(TILES_MODEL)
    if settings.asks_for_sharp:
        check_available(SHARP, commercial_ok=settings.commercial_ok)


def with_choices_made(settings: Settings, progress: Progress, *, given_depth: bool = False) -> Settings:
    """Return the settings with a depth model and SHARP's use decided, and say in one line which of both is missing.

    ``given_depth`` needs no model. Raises as `check_models` does.
    """
    check_models(settings)
    name, with_sharp = settings.depth_model, settings.sharp_refine
    if name == AUTO and not given_depth:
        name = best_available(commercial_ok=settings.commercial_ok)
    if with_sharp is None:
        with_sharp = not settings.commercial_ok and is_installed(SHARP)
    no_model = name == BUILTIN and settings.depth_model == AUTO
    no_sharp = settings.sharp_refine is None and not with_sharp and not settings.commercial_ok
    if missing := _missing(no_model, no_sharp):
        progress.warn(missing, command="`spag4d download-models --list` shows what can be fetched", general=True)
    return settings.changed(depth_model=name, sharp_refine=with_sharp)


def choices_in_words(settings: Mapping[str, Any]) -> str:
    """Return what decides here about the bytes that such settings make: version, depth model, and whether SHARP is used."""
    chosen = with_choices_made(Settings.of(**settings), SILENT)
    return f"SPAG-4D {__version__}, depth {chosen.depth_model}, SHARP {'used' if chosen.sharp_refine else 'not used'}"


def _missing(no_model: bool, no_sharp: bool) -> str:
    """Return in one line what would make scenes better and is not installed."""
    if no_model:
        return "made with the small built-in depth model" + (", and without SHARP" if no_sharp else "")
    return "made without SHARP, which refines the Gaussians" if no_sharp else ""


class Stages:
    """The stages in the order of their methods; models stay loaded until others are asked for."""

    def __init__(self) -> None:
        """Start without any model."""
        self._model, self._tiles_model = Loaded(), Loaded()
        self._sharp: SharpPredictor | None = None

    @property
    def device(self) -> str:
        """Where the depth model is that was used last."""
        return self._model.device

    def choose(self, run: Run, *, given_depth: bool = False) -> None:
        """Decide which models the run uses where its settings leave that open; see `with_choices_made`."""
        run.settings = with_choices_made(run.settings, run.between_stages, given_depth=given_depth)

    def read(self, source: PanoramaLike, run: Run) -> Panorama:
        """Return the panorama of a file or an array."""
        with run.stage("Reading") as listener:
            if isinstance(source, Panorama):
                return source
            if isinstance(source, np.ndarray):
                return panorama_from_array(source, force_erp=run.settings.force_erp)
            return read_panorama(Path(source), force_erp=run.settings.force_erp, progress=listener)

    def raw_depth(self, panorama: Panorama, given: DepthLike | None, run: Run, *, still: bool = True) -> DepthMap:
        """Return the depth as it was given or estimated, in its final scale.

        In a video the model's own scale stays: weighed anew for each frame it would breathe.
        """
        settings = run.settings
        if settings.depth_tiles and given is not None:
            raise InputError("--depth-tiles adds detail to a model's depth, not to --depth-map. Leave one of them out.")
        with run.stage("Depth") as listener:
            depth = self._given_or_estimated(panorama, given, settings, listener)
        if settings.depth_tiles:
            depth = self._detailed(depth, panorama, run)
        if settings.camera_height:
            with run.stage("Scale") as listener:
                depth = scaled_to_camera_height(depth, settings.camera_height, panorama.valid, progress=listener)
        elif given is None and still:
            with run.stage("Scale") as listener:
                depth = with_usual_scale(depth, panorama.valid, progress=listener)
        depth = depth.scaled(settings.global_scale)
        if given is not None:
            check_reach(depth, settings.depth_min, settings.sky_threshold or math.inf, progress=listener)
        return depth

    def finished(
        self, panorama: Panorama, depth: DepthMap, run: Run, *, measured: bool = False, still: bool = True
    ) -> tuple[Panorama, DepthMap]:
        """Return a painted panorama and its depth as Gaussians are made of them: sharp edges, sky marked, no caps, no rig.

        ``measured`` depth is kept under the caps; where the picture is not ``still`` the rig stays.
        """
        pictured, settings = Pictured(panorama, depth, measured, still), run.settings.model_dump()
        for name, stage in STAGES.items():
            if stage.place and stage.expected(settings):
                with run.stage(name) as listener:
                    pictured = stage.load()(pictured, run.settings, listener)
        return pictured.panorama, pictured.depth

    def painted(self, panorama: Panorama, run: Run) -> Panorama:
        """Return the panorama with its caps painted over, before a depth model sees them; they stay invalid."""
        if not run.settings.fill_nadir or panorama.valid is None:
            return panorama
        with run.stage("Caps") as listener:
            return paint_caps(panorama, progress=listener)

    def _given_or_estimated(
        self, panorama: Panorama, given: DepthLike | None, settings: Settings, progress: Progress
    ) -> DepthMap:
        if given is None:
            return self._estimated(panorama, settings, progress)
        if isinstance(given, DepthMap):
            return resized(given, panorama.size_hw)
        if isinstance(given, np.ndarray):
            unit_m = settings.depth_map_unit if given.dtype.kind in "iu" else 1.0
            return depth_from_array(given, panorama.size_hw, unit_m=unit_m)
        return depth_from_file(Path(given), panorama.size_hw, unit_m=settings.depth_map_unit)

    def _estimated(self, panorama: Panorama, settings: Settings, progress: Progress) -> DepthMap:
        name = settings.depth_model
        check_available(name, commercial_ok=settings.commercial_ok)
        model: DepthModel = self._model.get(name, resolve_device(settings.device), **settings.of_model(name))
        return model.estimate(panorama, progress=progress)

    def _detailed(self, depth: DepthMap, panorama: Panorama, run: Run) -> DepthMap:
        with run.stage("Detail") as listener:
            check_available(TILES_MODEL)
            model: PerspectiveModel = self._tiles_model.get(TILES_MODEL, resolve_device(run.settings.device))
            return add_detail(depth, panorama, model, progress=listener)

    def gaussians(self, panorama: Panorama, depth: DepthMap, run: Run) -> Layers:
        """Return surfaces, by SHARP where that is wanted, the sky's dome and the layer behind: what of them a file can hold."""
        settings = run.settings
        look = Look(settings.scale_factor, settings.thickness, settings.opacity, settings.backing)
        density, behind = density_of(settings), Gaussians.empty()
        radius_m = dome_radius_m(settings.depth_max) if settings.sky_dome else None
        extent = Extent((settings.depth_min, settings.depth_max), radius_m, settings.walk_range)
        with run.stage("Gaussians") as listener:
            enough = shrunk(panorama, depth, density.most_rows(panorama.size_hw[0]))
            if not (settings.sharp_refine and settings.sharp_mode == "layers"):
                behind = density.behind(*enough, look=look, extent=extent, progress=listener)
            plan = density.plan(*enough, look=look, extent=extent, taken=len(behind))
            layers = replace(plan.surface_gaussians(listener), behind=behind)
        if settings.sharp_refine and len(layers.fine):
            layers = self._with_sharp(layers, panorama, depth, look, plan, run)
        if settings.sky_dome:
            with run.stage("Sky dome") as listener:
                layers = replace(layers, sky=plan.sky_gaussians(listener))
        return usable(layers, run.between_stages)

    def _with_sharp(
        self, layers: Layers, panorama: Panorama, depth: DepthMap, look: Look, plan: Plan, run: Run
    ) -> Layers:
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
                return replace(layers, fine=refined(
                    layers.fine, panorama, depth, self._sharp, faces, look=look, cells_rad=plan.cell_sizes_rad(), blends=blends,
                    progress=listener))
            near_far_m = (settings.depth_min, settings.depth_max)
            return Layers(layered(panorama, depth, self._sharp, faces, blends=blends, near_far_m=near_far_m, progress=listener))

    def mesh(
        self, panorama: Panorama, depth: DepthMap, run: Run, *, most: int = MOST_TRIANGLES, share: float = 1.0,
        wanted: Callable[[DepthMap], np.ndarray] | None = None,
    ) -> Mesh:
        """Return surfaces as triangles, of which a whole sphere would have ``most``; see `surface_mesh`.

        ``wanted`` tells which (h, w) of a depth map are wanted, and ``share`` how much of the sphere they are.
        """
        with run.stage("Mesh"):
            panorama, depth = shrunk(panorama, depth, rows_for(panorama.size_hw[0], most))
            near_far_m = run.settings.depth_min, run.settings.depth_max
            return surface_mesh(panorama, depth, near_far_m=near_far_m, most=round(share * most),
                                wanted=wanted and wanted(depth))

    def collision(self, depth: DepthMap, run: Run) -> Mesh:
        """Return the few triangles that stop and carry a visitor; see `collision_mesh`."""
        with run.stage("Mesh"):
            return collision_mesh(depth, run.settings.depth_min)

    def write(
        self, layers: Layers, outputs: Mapping[str, Path], depth: DepthMap, run: Run, *, with_range: bool = True
    ) -> None:
        """Write the files, format by format, with comments from which the run can be repeated.

        ``with_range`` they also record how far you can walk.
        """
        comments = self.comments(depth, run, layers.joined if with_range else None)
        for name, path in outputs.items():
            with run.stage("Writing") as listener:
                write_scene(path, layers, name, comments=comments, progress=listener)

    def comments(self, depth: DepthMap, run: Run, gaussians: Gaussians | None) -> list[str]:
        """Return what files note of a run, so that it can be repeated, and how far you can walk among ``gaussians``."""
        settings = run.settings.changed(depth_model=depth.model) if depth.model in DEPTH_MODELS else run.settings
        made_by = f"depth {depth.model}, metres from {depth.metres_from}" if depth.metres_from else f"depth {depth.model}"
        sharp = f"SHARP {run.sharp}, for research only" if run.sharp else "SHARP not used"
        comments = [f"SPAG-4D {__version__}", made_by, sharp, f"settings {settings.model_dump_json()}"]
        if depth.scale_sigma is not None:
            comments.append(f"scale about right to {percent(depth.scale_sigma)} % (one standard deviation)")
        if depth.doubt is not None:
            comments.append(doubt_line(depth.doubt))
        if run.seen_from is not None:
            comments.append(seen_from_line(run.seen_from))
        if gaussians is not None:
            comments.append(_walking_range(gaussians, comments, run))
        return comments

    def write_card(self, outputs: Mapping[str, Path], depth: DepthMap, run: Run) -> None:
        """Write the scene card beside the files; see `spag4d.formats.scene_card`."""
        scenes = list(outputs.values())
        write_card(card_path(scenes[0]), scenes, metric=depth.kind == "metric", depth_model=depth.model,
                   metres_from=depth.metres_from, scale_sigma=depth.scale_sigma, walking_range_m=run.walking_range_m,
                   depth_doubt="" if depth.doubt is None else doubt_line(depth.doubt),
                   viewpoints=[asdict(viewpoint) for viewpoint in run.viewpoints])


def _walking_range(gaussians: Gaussians, comments: Sequence[str], run: Run) -> str:
    """Measure the walking range with what the file says of its depth, as `spag4d check` will, and return its comment."""
    from spag4d.check.walking import walking_range

    with run.stage("Walking range") as listener:
        found = walking_range(gaussians, uncertainty_in(comments), seen_from_in(comments), progress=listener)
        run.walking_range_m = found.by_name
        return found.to_comment()


def shrunk(panorama: Panorama, depth: DepthMap, rows: int) -> tuple[Panorama, DepthMap]:
    """Return both with so many rows, or as they are where they have no more."""
    small = shrunk_panorama(panorama, rows)
    return small, depth if small is panorama else resized(depth, small.size_hw)


def density_of(settings: Settings) -> Density:
    """Return how densely the settings have a scene covered."""
    return density_for(settings.stride, settings.max_splats)


def resized(depth: DepthMap, size_hw: tuple[int, int]) -> DepthMap:
    """Return the depth map at another size, its edges sharp."""
    if depth.size_hw == size_hw:
        return depth
    resized = depth_from_array(np.where(depth.sky, np.float32(np.inf), depth.distance), size_hw)
    return replace(resized, kind=depth.kind, model=depth.model, metres_from=depth.metres_from,
                   scale_sigma=depth.scale_sigma, doubt=depth.doubt)
