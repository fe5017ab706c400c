"""Generated scenes looked at from beside the capture point, and the parts of such a view that tell scenes apart.

A `Walk` is a generated scene with one horizontal way through it, free of obstacles. Its views are developed on one film with
the exposure of the capture point, without noise, flare, black caps and mirroring floors (a mirror shows another picture from
every place, which no fixed colour can follow), so that they are what the camera itself would have seen there.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float32, Float64

from spag4d.geometry.around import grown, largest_around
from spag4d.geometry.equirect import crop_sphere, directions, nearest_pixels, pad_sphere
from training import develop, render
from training.dataset import VALIDATION_SEEDS_BEGIN
from training.generator import build
from training.primitives import gap_m, yaw_matrix
from training.raycast import Grid
from training.scene import Scene
from training.view import look

KINDS = ("indoor",) * 10 + ("street",) * 4 + ("square",) * 4 + ("nature",) * 2
SCENES: tuple[tuple[int, str], ...] = tuple((VALIDATION_SEEDS_BEGIN + 7000 + i, kind) for i, kind in enumerate(KINDS))
"""The fixed set: consecutive seeds that no training has seen, none of them left out."""
OFFSETS_M = (0.0, 0.1, 0.3, 0.5, 1.0)
SAMPLES = 2
"""Rays per pixel along each axis."""

_HEADINGS = 16
_FREE_M = 0.35
"""A way keeps so far from everything."""
_CARRIER_M = 0.28
"""What is nearer to the capture point carries the camera: nothing else comes nearer than 0.3 m."""
_STEP_M = 0.1
_QUALITY = render.Quality(casters=200, reflections=False)
_BRIGHTEST = 6.0
_EXPOSURE_ROWS = 192
_JUMP = 0.05
"""Neighbours on one surface differ by less, unless they lie on a line in inverse distance."""
_BEND = 0.5
_MOST_AT_CREASE = 0.5
_NEW_TOLERANCE = 0.02

Distances = Float32[np.ndarray, "h w"]
Mask = Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Walk:
    """A scene, how its pictures are developed, and the way through it: ``heading`` is a unit vector in the panorama's frame."""

    name: str
    scene: Scene
    film: develop.Film
    exposure: float
    heading: Float64[np.ndarray, "3"]
    free_m: float


@dataclass(frozen=True)
class View:
    """What is seen from ``position_m`` in the panorama's frame: ``rgb`` sRGB, ``distance`` along the ray, inf in the sky."""

    rgb: Float32[np.ndarray, "h w 3"]
    distance: Distances
    position_m: Float64[np.ndarray, "3"]


def open_walk(seed: int, kind: str) -> Walk:
    """Return the scene of a seed with the first free way of an order that the seed draws, or else the freest one."""
    with torch.inference_mode():
        scene, kind = build(seed, kind)
        rng = np.random.default_rng([seed, 361])
        film = replace(develop.random_film(rng), noise=0.0, flare=0.0, nadir_deg=0.0, zenith_deg=0.0)
        coarse = render.render(scene, render.full_grid(scene, _EXPOSURE_ROWS, "cpu"), _QUALITY)
        exposure = develop.exposure_of(coarse, film)
    azimuths = 2 * np.pi * (rng.permutation(_HEADINGS) + rng.random()) / _HEADINGS
    headings = np.stack([np.sin(azimuths), np.zeros(_HEADINGS), np.cos(azimuths)], -1)
    free = np.array([_clearance_m(scene, heading) for heading in headings])
    chosen = int(np.argmax(free >= _FREE_M)) if (free >= _FREE_M).any() else int(free.argmax())
    return Walk(f"{kind}-{seed % 1000}", scene, film, exposure, headings[chosen], float(free[chosen]))


def world_from_panorama(scene: Scene, vector: Float64[np.ndarray, "3"]) -> Float64[np.ndarray, "3"]:
    """Turn a vector of the panorama's frame into the generator's: the panorama's centre looks along ``scene.yaw``."""
    return yaw_matrix(scene.yaw) @ vector


def _clearance_m(scene: Scene, heading: np.ndarray) -> float:
    """Return how near the way from the capture point to the farthest offset comes to anything."""
    steps = np.arange(_STEP_M, max(OFFSETS_M) + _STEP_M / 2, _STEP_M)
    places = scene.camera + steps[:, None] * world_from_panorama(scene, heading)
    shapes = [*scene.primitives, *(pane.shape for pane in scene.panes)]
    obstacles = [shape for shape in shapes if gap_m(shape, scene.camera) > _CARRIER_M]
    return min(gap_m(shape, place) for shape in obstacles for place in places)


def see(walk: Walk, offset_m: float, height: int, cache: Path | None = None) -> View:
    """Return the true view from a place on the way, ``height`` x 2 ``height`` pixels, kept in the folder ``cache``."""
    position_m = walk.heading * offset_m
    path = None
    if cache is not None:
        path = cache / f"{walk.name}_{height}_{offset_m:g}m_{_generator_version()}.npz"
        if path.exists():
            with np.load(path) as stored:
                return View(stored["rgb"].astype(np.float32) / 255, stored["distance"], position_m)
    rgb, distance = developed(walk, position_m, height)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, rgb=rgb, distance=distance)
    return View(rgb.astype(np.float32) / 255, distance, position_m)


def true_distance(scene: Scene, position_m: Float64[np.ndarray, "3"], height: int) -> Distances:
    """Return the exact distance along each pixel's ray from a place in the panorama's frame, inf in the sky."""
    origin = scene.camera + world_from_panorama(scene, position_m)
    with torch.inference_mode():
        return look(scene, Grid(height, 0, height, origin, scene.yaw, "cpu")).distance.numpy()


def developed(
    walk: Walk, position_m: Float64[np.ndarray, "3"], height: int, *, samples: int = SAMPLES, quality: render.Quality = _QUALITY
) -> tuple[np.ndarray, np.ndarray]:
    """Return the picture from a place in 8 bits, as photographs come, and the distance at the centres of its pixels."""
    scene = walk.scene
    fine = samples * height
    origin = scene.camera + world_from_panorama(scene, position_m)
    with torch.inference_mode():
        radiance = render.render(scene, Grid(fine, 0, fine, origin, scene.yaw, "cpu"), quality).radiance
        radiance = radiance.clamp(max=_BRIGHTEST / walk.exposure).view(height, samples, 2 * height, samples, 3).mean((1, 3))
        rgb = (develop.develop(radiance, walk.exposure, walk.film) * 255 + 0.5).to(torch.uint8).numpy()
    return rgb, true_distance(scene, position_m, height)


@lru_cache(maxsize=1)
def _generator_version() -> str:
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).parents[1] / "training").glob("*.py")):
        digest.update(path.read_bytes())
    return f"{SAMPLES}x{digest.hexdigest()[:10]}"


def jumps(distance: Distances) -> tuple[Mask, Mask]:
    """Return between which pixels the distance jumps: each and its right neighbour (around the seam), each and the one below.

    Inverse distance is linear across a plane, so two neighbours that go on from the pixel before or lead to the one after
    are one surface, however slanted; so are two whose continuations cross between them, as where a wall meets the floor. The
    last row has nothing below.
    """
    inverse = np.zeros_like(distance)
    np.divide(1, distance, out=inverse, where=np.isfinite(distance))
    padded = pad_sphere(inverse, 2)
    core = crop_sphere(padded, 2).shape
    right, down = (_jump(padded, axis, core) for axis in (1, 0))
    down[-1] = False
    return right, down


def _jump(padded: np.ndarray, axis: int, shape: tuple[int, ...]) -> Mask:
    def shifted(by: int) -> np.ndarray:
        first = [2, 2]
        first[axis] += by
        return padded[first[0] : first[0] + shape[0], first[1] : first[1] + shape[1]]

    before, here, there, after = (shifted(by) for by in (-1, 0, 1, 2))
    step, far = np.abs(there - here), np.minimum(here, there)
    miss_there, miss_here = 2 * here - before - there, here - (2 * there - after)
    bends = np.minimum(np.abs(miss_there), np.abs(miss_here)) > _BEND * step
    crease = (miss_there * miss_here <= 0) & (step < _MOST_AT_CREASE * far)
    return (step > _JUMP * far) & bends & ~crease


def beside_jumps(distance: Distances) -> Mask:
    """Return the pixels of which a neighbour lies across a jump."""
    right, down = jumps(distance)
    below = np.zeros_like(down)
    below[1:] = down[:-1]
    return right | np.roll(right, 1, axis=1) | down | below


def edge_band(distance: Distances, reach_px: int = 3) -> Mask:
    """Return the pixels that are at most ``reach_px`` from one that lies at a jump: the two beside it count as the first."""
    return grown(beside_jumps(distance), reach_px - 1)


def newly_seen(view: View, captured: Distances) -> Mask:
    """Return the pixels whose point the capture point, which saw ``captured``, did not see.

    A point counts as seen where any of the 3 x 3 pixels around its place in the captured map lies no nearer than 2 % in
    front of it, so that pixels that straddle an edge are nobody's news. The sky is a point at infinity.
    """
    height = captured.shape[0]
    rays = directions(height)
    finite = np.isfinite(view.distance)
    point = rays * np.where(finite, view.distance, 0)[..., None] + view.position_m.astype(np.float32)
    point = np.where(finite[..., None], point, rays)
    away = np.where(finite, np.linalg.norm(point, axis=-1), np.inf)
    farthest = largest_around(captured, 1)
    return away > farthest[nearest_pixels(point, height)] * (1 + _NEW_TOLERANCE)
