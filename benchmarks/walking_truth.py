"""True views from beside the capture point of generated scenes, and how like them a drawn one is, tile by tile.

Likeness is the structural similarity of colours (Wang et al. 2004, over a tile instead of a window) at the best of all shifts
of up to 2°: nobody notices that a whole thing stands a little aside, but everybody does that it is torn. Its constant leaves
contrasts below a tenth alone. 1 is the same picture, 0 has nothing in common.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import no_type_check

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from benchmarks.novel_truth import developed, open_walk, world_from_panorama
from spag4d import Gaussians
from spag4d.check.tiles import TILES, tiles_of
from spag4d.check.walking_range import DIRECTIONS, NAMES
from spag4d.geometry.equirect import directions, solid_angle_weights
from spag4d.kernels import kernel
from spag4d.render.view import render_panorama
from training import render
from training.dataset import VALIDATION_SEEDS_BEGIN
from training.primitives import gap_m

FIRST_SEED = VALIDATION_SEEDS_BEGIN + 8000
KINDS = ("indoor", "street", "indoor", "square", "indoor", "nature", "indoor", "street")
OFFSETS_M = (0.12, 0.25, 0.5, 1.0, 1.6)
LEVEL, ASLANT = ("+x", "-x", "+z", "-z"), ("+x-y+z", "-x+y-z")
CAPTURED_ROWS = 512
ROWS = 192
"""Rows of the views that are compared: a tile is 10 to 11 pixels wide."""
_CLEAR_M = 0.12
"""Nobody can stand nearer to a surface."""
_SHIFT_PX = 2
_LEAST_CONTRAST = 0.1
_QUALITY = render.Quality(casters=60, shadow_step=4, reflections=False)
"""A third of the time of `novel_truth`; shadows are a little coarser."""

Picture = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class Truth:
    """The picture and the distances at the capture point of a scene, and the true views (rows `ROWS`) from places beside it.

    ``views`` maps a direction's name to metres and view, as far as the way there is free.
    """

    name: str
    captured: Picture
    distance: Float32[np.ndarray, "h w"]
    at_origin: Picture
    views: dict[str, list[tuple[float, Picture]]]


def truth(number: int, cache: Path | None) -> Truth:
    """Return a scene of the fixed list of this benchmark, from the folder ``cache`` if it is there already."""
    kind = KINDS[number % len(KINDS)]
    path = None if cache is None else cache / f"{number}.npz"
    if path is not None and path.exists():
        with np.load(path) as stored:
            arrays = dict(stored)
    else:
        arrays = _rendered(number, kind)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    views = {name: [(metres, arrays[key]) for metres in OFFSETS_M if (key := f"{name}_{metres}_view") in arrays]
             for name in _names(number)}
    return Truth(f"{kind}-{number}", arrays["rgb"], arrays["dist"], arrays["0_true_view"], views)


def _names(number: int) -> tuple[str, ...]:
    return (*LEVEL, ASLANT[number % 2])


def _rendered(number: int, kind: str) -> dict[str, np.ndarray]:
    walk = open_walk(FIRST_SEED + number, kind)
    rgb, distance = developed(walk, np.zeros(3), CAPTURED_ROWS, samples=2, quality=_QUALITY)
    found = {"rgb": rgb, "dist": distance}

    def view(position_m: np.ndarray) -> np.ndarray:
        fine, _ = developed(walk, position_m, 2 * ROWS, samples=1, quality=_QUALITY)
        return halved(fine.astype(np.float32)).round().astype(np.uint8)

    found["0_true_view"] = view(np.zeros(3))
    for name in _names(number):
        for metres in OFFSETS_M:
            position_m = DIRECTIONS[NAMES.index(name)] * metres
            place = walk.scene.camera + world_from_panorama(walk.scene, position_m)
            if min(gap_m(primitive, place) for primitive in walk.scene.primitives) < _CLEAR_M:
                break
            found[f"{name}_{metres}_view"] = view(position_m)
    return found


def drawn(gaussians: Gaussians, position_m: Float64[np.ndarray, "3"]) -> Picture:
    """Return a scene's view from a place, as true views are: `ROWS` high, averaged from twice as many."""
    shown = halved(render_panorama(gaussians, 2 * ROWS, position_m).rgb)
    return np.round(np.clip(shown, 0, 1) * 255).astype(np.uint8)


def halved(picture: Float32[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "m n 3"]:
    """Return a picture of half the size, averaged."""
    rows, columns = picture.shape[:2]
    return picture.reshape(rows // 2, 2, columns // 2, 2, 3).mean((1, 3))


def likeness(shown: Picture, true: Picture) -> Float64[np.ndarray, " tiles"]:
    """Return how like the true view each tile is, at most 1."""
    tiles, areas = _tiles()
    sums = np.zeros(((2 * _SHIFT_PX + 1) ** 2, TILES, 10))
    _add_up(shown.astype(np.float64) / 255, true.astype(np.float64) / 255, tiles, areas, _SHIFT_PX, sums)
    mean = sums[..., 1:] / sums[..., :1]
    own, other = mean[..., :3], mean[..., 3:6]
    square, product = ((own**2).sum(-1) + (other**2).sum(-1)) / 3, (own * other).sum(-1) / 3
    contrast, common = (mean[..., 6] + mean[..., 7]) / 3 - square, mean[..., 8] / 3 - product
    least = _LEAST_CONTRAST**2
    return ((2 * product + least) / (square + least) * (2 * common + least) / (contrast + least)).max(0)


@lru_cache(maxsize=1)
def _tiles() -> tuple[np.ndarray, np.ndarray]:
    areas = np.broadcast_to(solid_angle_weights(ROWS)[:, None], (ROWS, 2 * ROWS))
    return tiles_of(directions(ROWS).reshape(-1, 3)).reshape(ROWS, 2 * ROWS), np.ascontiguousarray(areas, np.float64)


@kernel
@no_type_check
def _add_up(shown, true, tiles, areas, most, sums):
    """Add up, for each shift and tile: area, colours of both, their squares and products."""
    rows, columns = tiles.shape
    number = 0
    for down in range(-most, most + 1):
        for right in range(-most, most + 1):
            for i in range(rows):
                k = min(max(i + down, 0), rows - 1)
                for j in range(columns):
                    total, area = sums[number, tiles[i, j]], areas[i, j]
                    total[0] += area
                    for c in range(3):
                        x, y = shown[i, j, c], true[k, (j + right) % columns, c]
                        total[1 + c] += area * x
                        total[4 + c] += area * y
                        total[7] += area * x * x
                        total[8] += area * y * y
                        total[9] += area * x * y
            number += 1
