"""Clean depth edges: where an estimate is a ramp between two surfaces, it becomes a step along a line of the picture."""

from dataclasses import dataclass, replace
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import DepthMap, Panorama
from spag4d.geometry.around import grown, smallest_around
from spag4d.kernels import in_parts, kernel
from spag4d.progress import SILENT, Progress
from spag4d.refine.edge_maps import EdgeMaps, edge_maps
from spag4d.refine.outline import line_lengths, parted, straightened, without_lone
from spag4d.refine.ramps import find_ramps

STAGE = "Refining edges"
_EXACT_SHARE = 0.3
"""A map with this part of its edges sharp was measured, not estimated."""
_PULL, _PULL_PX = 0.5, 2.0
"""Of the given depth, in lengths of a border: what moving a border across its whole ramp costs, the second over its width."""
_NARROWEST_PX = 2.0
"""A step between two pixels touches both, so no ramp is narrower."""
_SKY_PULL = 0.2
"""What moving the skyline by a pixel costs. At 0.8 true skylines move least, at 0.1 estimated ones are straightest."""
_SKYLINE_DEG = 1.75
"""How far a skyline may be off."""
_ONE_SURFACE = 0.05
"""In log distance: neighbours nearer to each other than this are averaged."""

_SURFACE, _SKY, _CHANGED = 1, 2, 4
"""Bits of a pixel's kind."""

Mask = Bool[np.ndarray, "h w"]


def refine_edges(
    depth: DepthMap, panorama: Panorama, *, strength: float = 1.0, radius_deg: float = 4.0, progress: Progress = SILENT
) -> DepthMap:
    """Return the depth map with its blurred edges as steps along lines of the picture, the skyline among them.

    What lies between two surfaces is given to one of them, so that the border follows the picture and is as short as can be;
    where the picture has no line there, it stays one connected surface. Other pixels do not change, so texture cannot print
    through. A map whose edges are sharp already, such as measured depth, is returned as it is.

    ``strength`` 0 changes nothing, 1 all the way, in between by that power of the ratio; the sky mask follows from 0.5 on.
    ``radius_deg`` is the farthest that a ramp may reach from its middle; it is measured along rows and columns, so near the
    poles the same number of columns is a smaller angle. Pixels that `Panorama.valid` excludes neither change nor have
    influence. Above 1024 rows lines are found in a map smaller by a whole factor, if there is one.
    Raises `ValueError` when the two sizes differ, and `Cancelled`.
    """
    if depth.size_hw != panorama.size_hw:
        raise ValueError(f"the depth map is {depth.size_hw}, the panorama {panorama.size_hw}; their sizes must be equal")
    progress.report(STAGE, 0, 3)
    if strength <= 0:
        return depth
    maps = edge_maps(depth, panorama, radius_deg)
    progress.report(STAGE, 1, 3)
    edges = _found(maps)
    progress.report(STAGE, 2, 3)
    refined = depth if edges is None else _enlarged(depth, panorama, maps.factor, edges, min(strength, 1.0))
    progress.report(STAGE, 3, 3)
    return refined


@dataclass(frozen=True)
class _Edges:
    """The refined edge maps; ``changed`` are the pixels with a new depth, and only ``sound`` ones may be used."""

    log_distance: Float32[np.ndarray, "h w"]
    sky: Mask
    changed: Mask
    sound: Mask


def _found(maps: EdgeMaps) -> _Edges | None:
    """Find the lines; None where there is nothing to find, or the map is so sharp that it was not estimated."""
    inverse = np.exp(-maps.log_distance)
    ramps = find_ramps(inverse, maps.known & ~maps.sky, maps.ramp_px)
    if ramps.sharp_share > _EXACT_SHARE or not (ramps.band.any() or maps.sky.any()):
        return None
    lengths = line_lengths(maps.rgb, maps.known, maps.ramp_px)
    sky, skyline = _skyline(maps, lengths)
    regained = maps.sky & ~sky
    band = (ramps.band | regained) & maps.known & ~sky
    width = np.maximum(ramps.width, np.float32(_NARROWEST_PX))
    pull = np.where(regained, np.float32(0), (_PULL + _PULL_PX / width) / width)
    if sky.any():
        pull = np.where(grown(sky, maps.ramp_px), np.minimum(pull, _PULL / width), pull)
    given = maps.log_distance
    if regained.any():
        surfaces = np.where(maps.sky, np.float32(np.inf), given)
        given = np.where(regained, smallest_around(surfaces, _skyline_px(maps)), given)
    log_distance = without_lone(straightened(given, band, pull, parted(lengths, ~sky)), band, ~sky & maps.known)
    return _Edges(log_distance, sky, band | skyline, maps.known)


def _skyline_px(maps: EdgeMaps) -> int:
    return max(2, round(_SKYLINE_DEG / 180 * len(maps.sky)))


def _skyline(maps: EdgeMaps, lengths: tuple[np.ndarray, np.ndarray]) -> tuple[Mask, Mask]:
    """Return the sky with its border along lines of the picture, and the band in which that was looked for."""
    if not maps.sky.any() or maps.sky.all():
        return maps.sky, np.zeros_like(maps.sky)
    reach = _skyline_px(maps)
    band = grown(maps.sky, reach) & grown(~maps.sky, reach) & maps.known
    pull = np.full(band.shape, _SKY_PULL, np.float32)
    return straightened(maps.sky.astype(np.float32), band, pull, lengths) > 0.5, band


def _enlarged(depth: DepthMap, panorama: Panorama, factor: int, edges: _Edges, strength: float) -> DepthMap:
    """Give each pixel of a ramp its side, at full resolution."""
    distance, sky = depth.distance.copy(), depth.sky.copy()
    sky_distance = float(np.median(depth.distance[depth.sky])) if depth.sky.any() else 0.0
    valid = np.ones(depth.size_hw, bool) if panorama.valid is None else panorama.valid
    kind = (np.where(edges.sky, _SKY, _SURFACE) * edges.sound).astype(np.uint8) | (edges.changed * _CHANGED).astype(np.uint8)

    def work(first: int, last: int) -> None:
        _enlarge(edges.log_distance, kind, valid, factor, (first, last), sky_distance, strength, distance, sky)

    in_parts(work, depth.size_hw[0], 64)
    return replace(depth, distance=distance, sky=sky)


@kernel
@no_type_check
def _enlarge(log_distance, kind, valid, factor, rows, sky_distance, strength, distance, sky):
    """Let the four working pixels around each pixel vote, with bilinear weights: for the sky, or for one of two surfaces."""
    height, width = kind.shape
    values, weights = np.empty(4, np.float32), np.empty(4, np.float32)
    for row in range(rows[0], rows[1]):
        y = (row + 0.5) / factor - 0.5
        top = int(np.floor(y))
        for column in range(width * factor):
            x = (column + 0.5) / factor - 0.5
            left = int(np.floor(x))
            count, any_changed = 0, False
            for_sky = total = np.float32(0)
            for corner in range(4):
                down, right = corner // 2, corner % 2
                weight = (y - top if down else 1 - y + top) * (x - left if right else 1 - x + left)
                at_row, at_column = min(max(top + down, 0), height - 1), (left + right) % width
                here = kind[at_row, at_column]
                if weight <= 0 or not here & (_SKY | _SURFACE):
                    continue
                any_changed |= here & _CHANGED != 0
                total += weight
                if here & _SKY:
                    for_sky += weight
                else:
                    values[count], weights[count] = log_distance[at_row, at_column], weight
                    count += 1
            if not any_changed or not valid[row, column]:
                continue
            as_sky = for_sky > 0.5 * total
            new = sky_distance if as_sky else np.exp(_chosen(values, weights, count))
            distance[row, column] *= (new / distance[row, column]) ** strength
            if strength >= 0.5:
                sky[row, column] = as_sky


@kernel
@no_type_check
def _chosen(values, weights, count):
    """Return the mean of the values on the heavier side of their widest gap, or of all where that is no edge."""
    for i in range(1, count):
        for k in range(i, 0, -1):
            if values[k] < values[k - 1]:
                values[k], values[k - 1] = values[k - 1], values[k]
                weights[k], weights[k - 1] = weights[k - 1], weights[k]
    split, widest = count, np.float32(_ONE_SURFACE)
    for i in range(1, count):
        if values[i] - values[i - 1] > widest:
            split, widest = i, values[i] - values[i - 1]
    before = weights[:split].sum()
    first, last = (0, split) if 2 * before >= weights[:count].sum() else (split, count)
    return (values[first:last] * weights[first:last]).sum() / weights[first:last].sum()
