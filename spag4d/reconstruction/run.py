"""The steps from several panoramas to the files of one scene."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spag4d import __version__
from spag4d.check.uncertainty import uncertainty_of
from spag4d.check.walking import walking_range
from spag4d.conversion import ConversionResult, Run, Viewpoint
from spag4d.data import DepthMap, Layers, Panorama
from spag4d.errors import InputError
from spag4d.io.atomic import made_folder
from spag4d.mesh.collision import is_collision
from spag4d.reconstruction.helpers import helpers_of
from spag4d.reconstruction.kept_work import kept_work
from spag4d.reconstruction.panoramas import Panoramas
from spag4d.reconstruction.places import Placed, placed, save_places, with_poses
from spag4d.reconstruction.saved_collision import SavedCollision
from spag4d.reconstruction.saved_depth import SavedDepth
from spag4d.reconstruction.saved_mesh import SavedMesh
from spag4d.reconstruction.scene import scene_of
from spag4d.reconstruction.world import World, measured_world, scaled_world, warn_of_guesses
from spag4d.splat.edit import moved
from spag4d.stages import Stages, check_models
from spag4d.world.known_distance import KnownDistance
from spag4d.world.known_poses import KnownPoses, read_poses
from spag4d.world.sources import Source, check_names, find_sources


@dataclass(frozen=True)
class Wishes:
    """What a reconstruction is made of and saves besides the scene; see `spag4d.core.SPAG4D.reconstruct`."""

    every_s: float
    poses: Path | None
    save_poses: Path | None
    save_depth: Path | None
    mesh: Path | None
    distance: KnownDistance | None

    def check_scale(self, known: KnownPoses | None, camera_height: float) -> None:
        """Raise `InputError` where more than one thing says how long a metre is."""
        given = [name for name, is_given in (
            ("--camera-height", camera_height), ("--distance", self.distance), ("poses in metres", known and known.in_metres))
            if is_given]
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)} each set the scale. Leave one of them out.")


def reconstruct(
    stages: Stages, run: Run, inputs: Sequence[Path], outputs: Mapping[str, Path], wishes: Wishes, cluster: str | None = None
) -> ConversionResult:
    """Make one scene of several panoramas and return what was made; the outputs are checked already."""
    started, output = time.perf_counter(), next(iter(outputs.values()))
    known = None if wishes.poses is None else read_poses(wishes.poses)
    wishes.check_scale(known, run.settings.camera_height)
    sources, in_order = _sources(inputs, wishes, known, run)
    check_models(run.settings)
    stages.choose(run)
    with kept_work(output, _made_of(sources, known, run)) as kept:
        panoramas = Panoramas(stages, sources, run, kept)
        with helpers_of(cluster, output, kept, run) as helpers:
            if helpers is not None:
                helpers.look(panoramas.sources)
            found = placed(panoramas, known, in_order=in_order)
            world = measured_world(panoramas, found.places, helpers)
        if wishes.distance is not None:
            world, found = _of_known_size(world, found, wishes.distance, panoramas)
        if wishes.save_poses is not None:
            save_places(wishes.save_poses, found, panoramas)
        warn_of_guesses(world, run.between_stages, are_poses_known=known is not None)
        depths = SavedDepth(wishes.save_depth, panoramas.names, world.shares)
        mesh = (SavedCollision(wishes.mesh, panoramas, world) if wishes.mesh is not None and is_collision(wishes.mesh)
                else SavedMesh(wishes.mesh, panoramas, world))

        def keep(number: int, panorama: Panorama, depth: DepthMap) -> None:
            depths.add(number, depth)
            mesh.add(number, panorama, depth)

        layers = scene_of(panoramas, world, keep if wishes.mesh or wishes.save_depth else None)
        depths.finish()
        depth = _told(panoramas, world, found)
        run.seen_from = world.places
        stages.write(layers, outputs, depth, run)
        run.viewpoints = _viewpoints(panoramas, world, layers, depth)
        stages.write_card(outputs, depth, run)
        mesh.finish()
        return run.result(started, outputs.values(), len(layers), depth, world.reach, stages.device)


def _of_known_size(
    world: World, found: Placed, distance: KnownDistance, panoramas: Panoramas
) -> tuple[World, Placed]:
    """Return world and places in the metres of a known distance."""
    factor, is_measured = distance.factor(world.captured, panoramas.names, panoramas.sizes_hw)
    if not is_measured:
        panoramas.run.between_stages.warn(
            "a point of the known distance was not measured by parallax: the scale is as rough as the estimate there")
    factor *= panoramas.run.settings.global_scale
    return scaled_world(world, factor), found.scaled(factor, "a known distance")


def _sources(
    inputs: Sequence[Path], wishes: Wishes, known: KnownPoses | None, run: Run
) -> tuple[list[Source], bool]:
    """Return the panoramas, those alone whose pose is known where that is asked for, and whether they follow a walk."""
    sources, in_order = find_sources(inputs, every_s=wishes.every_s, progress=run.between_stages)
    folders = [folder for folder in (wishes.save_poses, wishes.save_depth) if folder is not None]
    if folders or known is not None or wishes.distance is not None:
        check_names(sources)
    if known is not None:
        sources = with_poses(sources, known, run.between_stages)
    if wishes.distance is not None:
        wishes.distance.check_named([source.name for source in sources])
    for folder in folders:
        made_folder(folder)
    return sources, in_order


def _made_of(sources: Sequence[Source], known: KnownPoses | None, run: Run) -> dict[str, Any]:
    """Return what decides about places and depth: with other inputs or settings nothing of an earlier run is used."""
    return {"version": __version__, "settings": run.settings.model_dump(exclude={"device", "format"}),
            "panoramas": [source.identity() for source in sources], "poses": None if known is None else known.digest}


def _told(panoramas: Panoramas, world: World, found: Placed) -> DepthMap:
    """Return the depth of the panorama in the middle, which stands for all of them in records."""
    whole = world.captured[world.middle]
    depth = panoramas.joint_depth(world.middle, whole, whole.distance.shape)
    return replace(depth, scale_sigma=found.scale_sigma, metres_from=found.metres_from or depth.metres_from)


def _viewpoints(panoramas: Panoramas, world: World, layers: Layers, depth: DepthMap) -> tuple[Viewpoint, ...]:
    """Return the panoramas' places, with how far you can walk from each; from the origin, that is measured already."""
    run, shares, found = panoramas.run, world.shares, []
    with run.stage("Walking range") as listener:
        for number, captured in world.captured.items():
            place = captured.view.pose.translation
            ranges = run.walking_range_m
            if place.any():
                part = listener.part(len(found), len(world.captured))
                there = moved(layers.joined, -place)
                ranges = walking_range(there, uncertainty_of(depth.model), world.places - place, progress=part).by_name
            x, y, z = (round(float(value), 4) for value in place)
            found.append(Viewpoint(panoramas.names[number], (x, y, z), round(shares[number], 4), ranges))
    return tuple(found)
