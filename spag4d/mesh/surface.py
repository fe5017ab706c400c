"""The surfaces that a panorama shows as triangles: small at outlines and where colours change, large where all is alike."""

import numpy as np
from jaxtyping import Bool, Float32, Int64

from spag4d.data import DepthMap, Panorama
from spag4d.geometry.equirect import directions
from spag4d.geometry.one_surface import one_surface
from spag4d.mesh.halving import halved, least_error, midpoints, with_holders
from spag4d.mesh.mesh import Mesh

MOST_TRIANGLES = 500_000
"""Of a whole scene: 10 MB, which programs and telephones open without trouble."""
MOST_ROWS = 1024
"""Of the grid: 0.18° between its vertices."""
_OF_GRID = 9
"""So many times its triangles the grid may have at most: then outlines alone, 3 % of its pixels, do not use them up."""
_COLOR_WEIGHT = 10.0
"""A colour that is off by a tenth is as bad as a vertex that is off by a pixel. By eye."""

Grid = Float32[np.ndarray, "h1 w"]


def rows_for(height: int, most: int = MOST_TRIANGLES) -> int:
    """Return how many rows a panorama is to have for `surface_mesh`, a power of two, if ``most`` triangles make the sphere."""
    enough = int(np.sqrt(_OF_GRID * most / 4))
    return 1 << (max(2, min(height, MOST_ROWS, enough)).bit_length() - 1)


def surface_mesh(
    panorama: Panorama, depth: DepthMap, *, near_far_m: tuple[float, float], most: int = MOST_TRIANGLES,
    wanted: Bool[np.ndarray, "h w"] | None = None,
) -> Mesh:
    """Return the surfaces of a panorama (h, 2 h), h a power of two, as about ``most`` triangles.

    They are cut where depth is, and there the farther surface goes on for a pixel, so that the camera sees no gap. Sky, and
    what is nearer than the first of ``near_far_m``, is left out, and what is farther moved to the second. Of surfaces that are
    not ``wanted`` no more is there than triangles reach into them. Where outlines alone take more triangles than ``most``, all
    of these are made.
    """
    near_m, far_m = near_far_m
    shown = ~depth.sky & (depth.distance >= near_m)
    distance = np.where(shown, np.minimum(depth.distance, np.float32(far_m)), np.float32(np.inf))
    inverse = np.divide(1, distance, dtype=np.float32)
    right, down = _parted(inverse)
    points, colors = _on_grid(directions(len(inverse)) * np.where(shown, distance, 1)[..., None]), _on_grid(panorama.rgb)
    points[[0, -1]] = points[[0, -1]].mean(1, keepdims=True)  # the poles: one point each
    errors = _errors(points, colors)
    for cut, beside in ((right, (0, 1)), (down, (1, 0))):
        rows, columns = np.nonzero(cut)
        errors[rows, columns] = errors[rows + beside[0], (columns + beside[1]) % cut.shape[1]] = np.inf
    used = _on_grid(shown if wanted is None else shown & wanted)
    errors = with_holders(np.where(used, errors, 0).astype(np.float32))
    triangles = halved(errors, least_error(errors, most))
    return _mesh(points, colors, triangles, _over_a_cut(triangles, right, down), _on_grid(shown), used)


def _on_grid(values: np.ndarray) -> np.ndarray:
    """Return a map (h, w, …) with the row beyond its last one, which is the nadir."""
    return np.concatenate([values, values[-1:]])


def _parted(inverse: Float32[np.ndarray, "h w"]) -> tuple[Bool[np.ndarray, "h w"], Bool[np.ndarray, "h w"]]:
    """Return where a surface ends between a pixel and its right neighbour, and it and the one below."""
    pitch = np.pi / len(inverse)

    def parted(lines: np.ndarray) -> np.ndarray:
        before, here, there, after = lines
        return ~one_surface(there - here, here - before, after - there, np.minimum(here, there), pitch)

    across = [np.roll(inverse, -k, axis=1) for k in (-1, 0, 1, 2)]
    tall = np.pad(inverse, ((1, 2), (0, 0)), mode="edge")
    along = [tall[k : k + len(inverse)] for k in range(4)]
    down = parted(np.stack(along))
    down[-1] = False
    return parted(np.stack(across)), down


def _errors(points: Float32[np.ndarray, "h1 w 3"], colors: Float32[np.ndarray, "h1 w 3"]) -> Grid:
    """Return how wrong it is to leave out each vertex: by pixels its surface moves as seen, and its colour changes."""
    errors = np.full(points.shape[:2], np.inf, np.float32)
    width = points.shape[1]
    for middle, first, last in midpoints(points.shape[:2]):
        place, one, other = (points[rows, columns % width] for rows, columns in (middle.T, first.T, last.T))
        side, to_place = other - one, place - one
        length = np.maximum((side * side).sum(-1), 1e-12)
        along = np.clip((side * to_place).sum(-1) / length, 0, 1)[:, None]
        off = np.linalg.norm(to_place - along * side, axis=-1) / np.maximum(np.linalg.norm(place, axis=-1), 1e-6)
        true, begin, end = (colors[rows, columns % width] for rows, columns in (middle.T, first.T, last.T))
        change = np.abs(true - begin - along * (end - begin)).max(-1)
        errors[middle[:, 0], middle[:, 1]] = off * len(points) / np.pi + _COLOR_WEIGHT * change
    return errors


def _over_a_cut(
    triangles: Int64[np.ndarray, "m 3 2"], right: Bool[np.ndarray, "h w"], down: Bool[np.ndarray, "h w"]
) -> Bool[np.ndarray, " m"]:
    """Return which of the smallest triangles have a short side over a cut; larger ones have none."""
    height, width = right.shape
    found = np.zeros(len(triangles), bool)
    for end in (0, 1):
        low = np.minimum(triangles[:, end], triangles[:, 2])
        way = np.abs(triangles[:, end] - triangles[:, 2])
        row, column = np.minimum(low[:, 0], height - 1), low[:, 1] % width
        found |= (way == (0, 1)).all(1) & right[row, column] | (way == (1, 0)).all(1) & down[row, column]
    return found


def _mesh(
    points: Float32[np.ndarray, "h1 w 3"], colors: Float32[np.ndarray, "h1 w 3"], triangles: Int64[np.ndarray, "m 3 2"],
    over_a_cut: Bool[np.ndarray, " m"], shown: Bool[np.ndarray, "h1 w"], used: Bool[np.ndarray, "h1 w"],
) -> Mesh:
    """Return the triangles that lie on surfaces and reach into what is used, with the vertices that they need."""
    height, width = shown.shape
    row, column = triangles[..., 0], triangles[..., 1] % width
    column = np.where((row == 0) | (row == height - 1), 0, column)  # a pole is one vertex
    numbers = row * width + column
    keep = shown[row, column].all(1) & used[row, column].any(1) & (numbers != np.roll(numbers, 1, axis=1)).all(1)
    points, colors, numbers, over_a_cut = points.reshape(-1, 3), colors.reshape(-1, 3), numbers[keep], over_a_cut[keep]
    far = np.linalg.norm(points, axis=1)
    corners = numbers[over_a_cut]
    farthest = np.take_along_axis(corners, far[corners].argmax(1)[:, None], 1)
    numbers[over_a_cut] = np.where(corners == farthest, corners, (corners + 1) * len(points) + farthest)
    chosen, own = np.unique(numbers, return_inverse=True)
    place, like = chosen // len(points) - 1, chosen % len(points)  # in the direction of the first, as far as the second
    place = np.where(place < 0, like, place)
    vertices = points[place] * (far[like] / far[place])[:, None]
    return Mesh(vertices.astype(np.float32), colors[like].astype(np.float32), own.reshape(-1, 3))
