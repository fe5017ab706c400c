"""The sphere in tiles of about 10°, and the tiles that a walker's views show in each direction."""

from functools import lru_cache
from typing import no_type_check

import numpy as np
from jaxtyping import Float64, Int64

from spag4d.check.walking_range import DIRECTIONS
from spag4d.geometry.sphere_rings import cell_at, cell_directions, ring_starts
from spag4d.kernels import kernel

RINGS = 18
"""Of 10° from zenith to nadir."""
VIEW_DEG = 75.0
"""The width of a view, round: people see 60 to 90° of a scene on a screen or in a headset."""
_WORST = 3
"""A view is as bad as its third worst tile: three bad tiles of 44 spoil it, but one or two may be an accident."""

STARTS = ring_starts(RINGS)
TILES = int(STARTS[-1])
TILE_SR = 4 * np.pi / TILES
"""Mean solid angle of a tile."""


@kernel
@no_type_check
def _number(directions, starts, tiles):
    for i in range(len(tiles)):
        tiles[i] = cell_at(directions[i, 0], directions[i, 1], directions[i, 2], starts)


def tiles_of(directions: np.ndarray) -> Int64[np.ndarray, " n"]:
    """Return the numbers of the tiles in unit directions (n, 3)."""
    tiles = np.empty(len(directions), np.int64)
    _number(np.ascontiguousarray(directions, np.float32), STARTS, tiles)
    return tiles


def centres() -> Float64[np.ndarray, "tiles 3"]:
    """Return the direction of each tile's centre."""
    return cell_directions(STARTS)


@lru_cache(maxsize=len(DIRECTIONS))
def views(direction: int) -> tuple[Int64[np.ndarray, " n"], ...]:
    """Return the tiles in each view of a walk along one of `DIRECTIONS`: ahead, aside, and in between."""
    ahead = DIRECTIONS[direction]
    if abs(ahead[1]) > 0.9:
        sides = [np.array(side, float) for side in ((1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1))]
    else:
        right = np.cross([0, 1, 0], ahead)
        sides = [right / np.linalg.norm(right), -right / np.linalg.norm(right)]
    looks = [ahead, *sides, *((ahead + side) / np.linalg.norm(ahead + side) for side in sides)]
    near = centres() @ np.stack(looks).T > np.cos(np.radians(VIEW_DEG / 2))
    return tuple(np.flatnonzero(shown) for shown in near.T)


def worst_tile(values: Float64[np.ndarray, " tiles"], direction: int) -> int:
    """Return the tile that measures the worst view of a walk in a direction."""
    found = [shown[np.argpartition(values[shown], -_WORST)[-_WORST]] for shown in views(direction)]
    return int(max(found, key=lambda tile: values[tile]))
