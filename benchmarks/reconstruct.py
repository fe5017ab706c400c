"""Does one scene of several panoramas hold? Walks through generated worlds, of which everything is known.

    python -m benchmarks.reconstruct OUT [--seed N] [--kind indoor] [--count 10] [--rows 512] [--stride 2] [--mesh]

takes ``count`` panoramas on the longest free way of a scene that no training has seen, at most 0.6 m from one to the next, and
two more between them that are held out. It makes one scene of the first, and prints as a table and one line of JSON

    places        rmse in mm and degrees, after the similarity that fits best, and the way's length
    measured      share of the sphere that parallax has measured
    depth         of all panoramas: median and mean error, share within 5 %, weighted by solid angle, in the scale of the places
    once          of the surfaces that two neighbouring panoramas see, the share on which their distances agree within 1 %; true
                  distances from true places come to 96 to 98 % at 256 rows, as pixels beside outlines fall between two things
    held out      PSNR in dB of the held-out views, from the scene of all and from that of the nearest panorama alone, whose
                  depth is scaled by its median so that it is not judged by its size
    CPU, memory   seconds of the processor, and the largest resident size, of the reconstruction alone
"""

import argparse
import json
import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.novel_truth import Walk, developed, open_walk, world_from_panorama
from spag4d import SPAG4D
from spag4d.data import Panorama
from spag4d.formats.scene import read_scene
from spag4d.geometry.equirect import directions, pad_sphere, pixels_from_directions, solid_angle_weights
from spag4d.geometry.resample import sample
from spag4d.render.view import render_panorama
from spag4d.splat.edit import moved
from training.dataset import VALIDATION_SEEDS_BEGIN
from training.primitives import gap_m

_STEP_M, _FREE_M = 0.6, 0.35
"""The farthest step from one panorama to the next, and how far the way keeps from everything."""
_LOOK_M = 0.1
_LONGEST_M = 6.0
_HELD_OUT = 2
_ONCE = 0.01
"""Distances that differ by less are one wall."""


@dataclass(frozen=True)
class Taken:
    """What a camera sees at a place of the first panorama's frame: 8 bits, and true distances."""

    place_m: np.ndarray
    rgb: np.ndarray
    distance: np.ndarray


def ways_m(walk: Walk) -> tuple[np.ndarray, float, float]:
    """Return the heading along which one can go farthest through the capture point, and from where to where."""
    found = []
    for azimuth in np.arange(16) * np.pi / 16:
        heading = np.array([np.sin(azimuth), 0.0, np.cos(azimuth)])
        back, ahead = _free_m(walk, -heading), _free_m(walk, heading)
        found.append((back + ahead, -back, ahead, heading))
    _, first, last, heading = max(found, key=lambda one: one[0])
    return heading, first, last


def _free_m(walk: Walk, heading: np.ndarray) -> float:
    scene = walk.scene
    shapes = [*scene.primitives, *(pane.shape for pane in scene.panes)]
    obstacles = [shape for shape in shapes if gap_m(shape, scene.camera) > _FREE_M]
    way_m = 0.0
    while way_m < _LONGEST_M:
        place = scene.camera + (way_m + _LOOK_M) * world_from_panorama(scene, heading)
        if min(gap_m(shape, place) for shape in obstacles) < _FREE_M:
            break
        way_m += _LOOK_M
    return way_m


def taken(walk: Walk, count: int, rows: int) -> tuple[list[Taken], list[Taken]]:
    """Return the panoramas of a way, and those held out, half way between two of them."""
    heading, first, last = ways_m(walk)
    length = min(last - first, _STEP_M * (count - 1))
    places = np.linspace(first, first + length, count)
    between = (places[:-1] + places[1:])[len(places) // 4 :: max(1, count // 2)][:_HELD_OUT] / 2
    views = [[Taken(heading * at, *developed(walk, heading * at, rows)) for at in ats] for ats in (places, between)]
    return views[0], views[1]


def compare(folder: Path, walk: Walk, options: argparse.Namespace) -> dict[str, Any]:
    """Render, reconstruct and judge one walk."""
    views, held_out = taken(walk, options.count, options.rows)
    names = [f"{number:02d}.png" for number in range(len(views))]
    for name, view in zip(names, views, strict=True):
        Image.fromarray(view.rgb).save(folder / name)
    converter = SPAG4D(stride=options.stride, depth_model="builtin", sharp_refine=False)
    before = os.times()
    mesh = folder / "scene.glb" if options.mesh else None
    result = converter.reconstruct([folder / name for name in names], folder / "scene.ply", save_poses=folder / "places",
                                   save_depth=folder / "depth", mesh=mesh)
    after = os.times()
    print({name: round(seconds, 1) for name, seconds in result.stage_times.items()}, result.warnings, flush=True)
    poses = json.loads((folder / "places" / "poses.json").read_text(encoding="utf-8"))["panoramas"]
    kept = [number for number, name in enumerate(names) if name in poses]
    rotations = np.array([poses[names[number]]["rotation"] for number in kept])
    positions = np.array([poses[names[number]]["position_m"] for number in kept])
    truth = np.array([views[number].place_m for number in kept])
    scale, turn, shift = similarity(positions, truth)
    off_mm = 1000 * np.sqrt(((scale * positions @ turn.T + shift - truth) ** 2).sum(1).mean())
    angles = [np.degrees(np.arccos(np.clip((np.trace(rotations[0].T @ one) - 1) / 2, -1, 1))) for one in rotations]
    depths = [scale * np.load(folder / "depth" / f"{names[number]}.npy") for number in kept]
    row: dict[str, Any] = {
        "panoramas": len(kept), "of": len(views), "way_m": round(float(np.linalg.norm(truth[-1] - truth[0])), 2),
        "places_mm": round(float(off_mm), 2), "places_deg": round(float(np.sqrt(np.mean(np.square(angles)))), 3),
        "measured": round(float(np.mean([viewpoint.measured for viewpoint in result.viewpoints])), 3),
        "cpu_s": round(sum(after[:4]) - sum(before[:4]), 1),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "splats": result.splat_count}
    row |= depth_row(depths, [views[number] for number in kept])
    row["once"] = round(once(depths, positions * scale, rotations), 3)
    row["held_out_db"], row["alone_db"] = held_out_rows(folder, held_out, views, kept, depths, (scale, turn, shift), converter)
    return row


def similarity(points: np.ndarray, truth: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return scale, rotation and shift that bring points (n, 3) of an upright world nearest to the true ones.

    The way is straight, so that points alone tell no roll: the rotation is about the vertical, as the panoramas stand.
    """
    a, b = points - points.mean(0), truth - truth.mean(0)
    flat, true = a @ (1, 0, 1j), b @ (1, 0, 1j)
    turn = np.vdot(flat, true)
    angle = np.angle(turn)
    scale = abs(turn) / np.vdot(flat, flat).real
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
    return float(scale), rotation, truth.mean(0) - scale * rotation @ points.mean(0)


def depth_row(depths: list[np.ndarray], views: list[Taken]) -> dict[str, float]:
    """Return the errors of distance over all panoramas."""
    errors, weights = [], []
    for depth, view in zip(depths, views, strict=True):
        surface = np.isfinite(view.distance)
        weight = np.broadcast_to(solid_angle_weights(len(depth))[:, None], depth.shape)
        errors.append(np.minimum(np.abs(np.minimum(depth, 200) / np.where(surface, view.distance, 1) - 1), 10)[surface])
        weights.append(weight[surface])
    error, weight = np.concatenate(errors), np.concatenate(weights)
    order = np.argsort(error)
    median = error[order][np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2)]
    return {"depth_median": round(float(median), 4), "depth_mean": round(float(np.average(error, weights=weight)), 4),
            "depth_within_5": round(float(np.average(error < 0.05, weights=weight)), 3)}


def once(depths: list[np.ndarray], places: np.ndarray, rotations: np.ndarray) -> float:
    """Return the share of surfaces seen from two neighbouring panoramas on which their distances agree."""
    agree, seen = 0.0, 0.0
    for first, second in zip(range(len(depths) - 1), range(1, len(depths)), strict=True):
        height = len(depths[first])
        finite = np.isfinite(depths[first])
        reach = np.where(finite, depths[first], 1)[..., None]
        local = (directions(height) * reach @ rotations[first].T + places[first] - places[second]) @ rotations[second]
        there = between_pixels(depths[second], local)
        ratio = np.abs(np.log(there / np.linalg.norm(local, axis=-1)))
        weight = np.broadcast_to(solid_angle_weights(height)[:, None], finite.shape)
        both = finite & (ratio < 0.1)
        """Farther apart the second sees something else in front, or behind an outline."""
        agree += float(weight[both & (ratio < _ONCE)].sum())
        seen += float(weight[both].sum())
    return agree / max(seen, 1e-9)


def between_pixels(depth: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return distances along directions (h, w, 3), linear in the inverse between pixels: a floor is no staircase."""
    inverse = pad_sphere(np.where(np.isfinite(depth), 1 / depth, 0).astype(np.float32)[..., None], 1)
    places = pixels_from_directions(vectors.astype(np.float32), len(depth)) + 1
    return 1 / np.maximum(sample(inverse, places)[..., 0], 1e-6)


def held_out_rows(
    folder: Path, held_out: list[Taken], views: list[Taken], kept: list[int], depths: list[np.ndarray],
    fit: tuple[float, np.ndarray, np.ndarray], converter: SPAG4D,
) -> tuple[float, float]:
    """Return the mean PSNR of held-out views from the scene of all, and from that of the nearest panorama."""
    scale, turn, shift = fit
    scene, found = read_scene(folder / "scene.ply"), []
    for view in held_out:
        height = len(view.distance)
        at = turn.T @ (view.place_m - shift) / scale
        together = psnr(render_panorama(moved(scene, -at), height).rgb, view.rgb)
        nearest = min(kept, key=lambda number: float(np.linalg.norm(views[number].place_m - view.place_m)))
        alone = converter.to_gaussians(Panorama(views[nearest].rgb.astype(np.float32) / 255))
        single = converter.estimate_depth(Panorama(views[nearest].rgb.astype(np.float32) / 255))
        true = views[nearest].distance
        surface = np.isfinite(true) & ~single.sky
        size = float(np.median(true[surface] / single.distance[surface]))
        way = (view.place_m - views[nearest].place_m) / size
        found.append((together, psnr(render_panorama(moved(alone, -way), height).rgb, view.rgb)))
    return tuple(round(float(value), 2) for value in np.mean(found, axis=0))  # type: ignore[return-value]


def psnr(rgb: np.ndarray, truth: np.ndarray) -> float:
    """Return the likeness of a picture to the true one (8 bits) in dB, weighted by solid angle."""
    square = ((np.clip(rgb, 0, 1) - truth / 255) ** 2).mean(-1)
    return float(-10 * np.log10(np.average(square.mean(1), weights=solid_angle_weights(len(square)))))


def main() -> None:
    """Print one walk's figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=VALIDATION_SEEDS_BEGIN + 7000)
    parser.add_argument("--kind", default="indoor")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--stride", type=int, default=2)
    parser.add_argument("--mesh", action="store_true")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    row = compare(options.out, open_walk(options.seed, options.kind), options)
    for name, value in row.items():
        print(f"{name:16} {value}")
    print(json.dumps(row))


if __name__ == "__main__":
    main()
