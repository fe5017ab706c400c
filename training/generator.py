"""Procedural 360 degree panoramas with exact depth: the world from which the built-in depth network learns.

A seed draws a scene: a furnished interior with views through its doors and windows, an atrium, a street, a square, a
garden, open nature; the weather and the hour; the lamps; the camera, who or what holds it and how it develops the picture.
Everything is a box, a rectangle with openings, an ellipsoid or a frustum, so that every distance is analytic; foliage is
ellipsoids with holes.

The camera stands upright, mostly 1.3 to 1.8 m above the floor: this is what makes metric scale knowable from one picture.

The way of a picture: ``scene_*`` fill a ``Scene`` with ``primitives`` of ``materials``; ``raycast`` finds what each pixel
sees (``intersections``, ``terrain``), ``hits`` where, ``surfaces`` of which colour (``patterns``), ``lighting`` and ``sky`` in
which light; ``view`` and ``reflection`` put this together for ``render``, and ``develop`` makes a photograph of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from training import develop, lens, render
from training.raycast import Grid
from training.scene import Scene
from training.scene_air import atmosphere
from training.scene_atrium import atrium
from training.scene_nature import nature
from training.scene_people import behind_the_camera
from training.scene_rooms import interior
from training.scene_square import square
from training.scene_street import street

_LAYOUTS = {"indoor": interior, "atrium": atrium, "street": street, "square": square, "nature": nature}
_SHARES = {"indoor": 0.45, "atrium": 0.07, "street": 0.2, "square": 0.19, "nature": 0.09}
KINDS: tuple[str, ...] = tuple(_LAYOUTS)


@dataclass(frozen=True)
class Sample:
    """One panorama and its truth.

    ``rgb`` (h, w, 3) float32 sRGB 0..1; ``distance`` (h, w) float32 metres along the ray, inf in the sky; ``sky`` (h, w)
    bool; ``valid`` (h, w) bool, False in painted black caps, where depth cannot be known; ``kind`` one of ``KINDS``.
    """

    rgb: torch.Tensor
    distance: torch.Tensor
    sky: torch.Tensor
    valid: torch.Tensor
    kind: str


def build(seed: int, kind: str | None = None) -> tuple[Scene, str]:
    """The scene of a seed, and its kind (drawn unless given)."""
    rng = np.random.default_rng([seed, 360])
    drawn = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    kind = kind or drawn
    scene = Scene(atmosphere(rng))
    scene.yaw = float(rng.uniform(-math.pi, math.pi))
    if kind == "indoor":
        scene.atmosphere.indoor = 1.0
        scene.atmosphere.haze_m = 1e5
    _LAYOUTS[kind](scene, rng)
    scene.clear_camera(carried=behind_the_camera(scene, rng, scene.foot))
    return scene, kind


def generate(seed: int, height: int, *, kind: str | None = None, device: str = "cpu") -> Sample:
    """The panorama of a seed, ``height`` x 2 ``height`` pixels; the same seed gives the same world at every size.

    Raises ValueError for an unknown ``kind``.
    """
    if kind is not None and kind not in _LAYOUTS:
        raise ValueError(f"unknown kind {kind!r}: one of {', '.join(KINDS)}")
    with torch.inference_mode():
        scene, kind = build(seed, kind)
        rng = np.random.default_rng([seed, 361])
        film = develop.random_film(rng)
        grid = render.full_grid(scene, height, device)
        image = render.render(scene, grid, render.Quality())
        rgb, valid = _develop(scene, grid, image, film, seed)
    return Sample(rgb, image.distance, image.index < 0, valid, kind)


def _develop(
    scene: Scene, grid: Grid, image: render.Rendered, film: develop.Film, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    radiance = develop.soften(image.radiance, image.index)
    factor = develop.exposure_of(image, film)
    reach = round(film.blur_rad * grid.height / math.pi)
    if reach and (moving := scene.moving(image.index)).any():
        radiance = lens.smear(radiance, moving, reach)
    if film.even:
        radiance = lens.even_out(radiance, film.even)
    if film.glow:
        radiance = lens.glow(radiance, 1.0 / factor, film.glow)
    sun = scene.atmosphere.sun_direction
    if film.flare > 0.0 and scene.atmosphere.sun_disc and _sees(image, scene, sun):
        radiance = radiance + develop.flare(grid, grid.directions(), sun, scene.atmosphere.sun_color, film.flare, seed)
    noise = torch.Generator().manual_seed(seed)
    rgb = develop.develop(radiance, factor, film, noise)
    elevation = 90.0 - (torch.arange(grid.height, device=rgb.device) + 0.5) * (180.0 / grid.height)
    cap = (elevation < film.nadir_deg - 90.0) | (elevation > 90.0 - film.zenith_deg)
    rgb[cap] = 0.0
    return rgb, ~cap[:, None].expand(-1, grid.width).contiguous()


def _sees(image: render.Rendered, scene: Scene, direction: np.ndarray) -> bool:
    height, width = image.index.shape
    row = int((0.5 + math.asin(max(-1.0, min(1.0, float(direction[1])))) / math.pi) * height)
    azimuth = math.atan2(direction[0], direction[2]) - scene.yaw
    column = int((azimuth / (2 * math.pi) + 0.5) * width) % width
    return int(image.index[min(row, height - 1), column]) < 0
