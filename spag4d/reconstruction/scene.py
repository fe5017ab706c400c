"""Gaussians of a measured world: each panorama's where it sees best, the sky from the one in the middle; then fitted to all."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from spag4d.data import LAYERS, DepthMap, Gaussians, Layers, Panorama, Pose
from spag4d.geometry.equirect import solid_angle_weights
from spag4d.reconstruction.budget import Budget
from spag4d.reconstruction.followed import followed
from spag4d.reconstruction.moving import left_to_others, with_gap_below, without
from spag4d.reconstruction.panoramas import Panoramas
from spag4d.reconstruction.world import World
from spag4d.render.gradient import Photograph
from spag4d.splat.edit import moved, rotated
from spag4d.world.exposure import balanced
from spag4d.world.join import own_part
from spag4d.world.one_depth import outlined
from spag4d.world.photo_fit import fitted


def scene_of(panoramas: Panoramas, world: World, keep: Callable[[int, Panorama, DepthMap], None] | None = None) -> Layers:
    """Return one scene; ``keep`` gets each panorama's number, picture and depth as the scene shows them."""
    budget, parts = _budget(panoramas, world), []
    for number in world.captured:
        pictured = _pictured(number, panoramas, world)

        def made(count: int | None, number: int = number, pictured: tuple[Panorama, DepthMap] = pictured) -> Layers:
            return _part(number, pictured, panoramas, world, count)

        parts.append(made(None) if budget is None else budget.spent(number, made))
    layers = _fitted(parts, panoramas, world)
    if keep is not None:
        _kept(parts, layers, panoramas, world, keep)
    return layers


def _kept(
    parts: Sequence[Layers], layers: Layers, panoramas: Panoramas, world: World, keep: Callable[[int, Panorama, DepthMap], None]
) -> None:
    """Give ``keep`` each panorama with the depth to which the fit has moved its surfaces."""
    ends = np.cumsum([0, *(len(part.fine) for part in parts)])
    after = [layers.fine.select(slice(first, last)) for first, last in pairwise(ends)]
    with panoramas.run.stage("Joining"):
        moved = followed(world, [part.fine for part in parts], after)
    for number in moved.captured:
        keep(number, *_pictured(number, panoramas, moved))


def _fitted(parts: Sequence[Layers], panoramas: Panoramas, world: World) -> Layers:
    """Return all parts as one scene that looks like the panoramas from where these were taken."""
    layers = _joined(parts)
    places = world.places.astype(np.float32)
    owners = [np.full(len(getattr(part, name)), number) for name in LAYERS for number, part in enumerate(parts)]
    photographs = [_photograph(number, panoramas, world) for number in world.captured]
    with panoramas.run.stage("Likeness") as listener:
        found = fitted(layers.joined, places[np.concatenate(owners)], photographs, progress=listener)
    return Layers.split(found, layers.counts)


def _photograph(number: int, panoramas: Panoramas, world: World) -> Photograph:
    """Return a panorama as the scene should look, in which nothing counts that moves or is not there."""
    captured, picture = world.captured[number], balanced(panoramas.pictures[number], world.gains[number])
    weights = solid_angle_weights(picture.size_hw[0])
    shown = captured.view.known & ~captured.moving
    weight = np.where(shown, (weights / weights.max())[:, None], 0).astype(np.float32)
    return Photograph(picture.rgb, weight, captured.view.pose)


def _pictured(number: int, panoramas: Panoramas, world: World) -> tuple[Panorama, DepthMap]:
    """Return a panorama, as bright as all others and without what moves, and its depth as Gaussians are made of them."""
    captured, stages, run = world.captured[number], panoramas.stages, panoramas.run
    panorama = panoramas.read(number)
    if captured.moving.any():
        panorama = stages.painted(with_gap_below(panorama, captured.moving), run)
    joint = panoramas.joint_depth(number, captured, panorama.size_hw)
    panorama, finished = stages.finished(balanced(panorama, world.gains[number]), joint, run)
    depth = replace(finished, distance=outlined(joint.distance, finished.distance))
    return without(panorama, left_to_others(captured.moving, panorama.size_hw)), depth


def _part(
    number: int, pictured: tuple[Panorama, DepthMap], panoramas: Panoramas, world: World, count: int | None
) -> Layers:
    """Return what the scene keeps of a panorama of ``count`` Gaussians, or of as many as its pixels make."""
    run = panoramas.run
    own = replace(run, settings=run.settings.changed(max_splats=count))
    layers = _placed(panoramas.stages.gaussians(*pictured, own), world.captured[number].view.pose)
    run.sharp = own.sharp
    with run.stage("Joining"):
        return own_part(layers, number, world.captured, with_sky=number == world.middle)


def _budget(panoramas: Panoramas, world: World) -> Budget | None:
    most = panoramas.run.settings.max_splats
    if most is None:
        return None
    shares = {number: world.kept_share(number, panoramas.sky(number, captured)) for number, captured in world.captured.items()}
    return Budget(most, shares)


def _placed(layers: Layers, pose: Pose) -> Layers:
    """Return a panorama's Gaussians in the world's axes."""
    return layers.changed(lambda gaussians: moved(rotated(gaussians, pose.rotation), pose.translation))


def _joined(parts: Sequence[Layers]) -> Layers:
    return Layers(*(Gaussians.concatenate([getattr(part, name) for part in parts]) for name in LAYERS))
