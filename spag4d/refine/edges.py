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
from spag4d.refine.lines import Lines, find_lines
from spag4d.refine.lone import without_lone
from spag4d.refine.outline import straightened
from spag4d.refine.ramps import find_ramps
from spag4d.refine.sides import CHANGED, SKY, SURFACE, enlarge

STAGE = "Refining edges"
_EXACT_SHARE = 0.3
"""A map with this part of its edges sharp was measured, not estimated."""
_PULL, _PULL_PX = np.float32(0.5), np.float32(2.0)
"""Of the given depth, in lengths of a border: what moving a border across its whole ramp costs, the second over its width."""
_NARROWEST_PX = np.float32(2.0)
"""A step between two pixels touches both, so no ramp is narrower."""
_SKY_PULL = 0.2
"""What moving the skyline by a pixel costs. At 0.8 true skylines move least, at 0.1 estimated ones are straightest."""
_SKYLINE_DEG = 1.75
"""How far a skyline may be off."""

_SAMPLED_ROWS, _LEAST_M = 64, 1e-6
"""Rows that tell the usual distance, and the least that this can be."""

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
    unit_m = _unit_m(depth)
    own = replace(depth, distance=depth.distance / unit_m)
    maps = edge_maps(own, panorama, radius_deg)
    progress.report(STAGE, 1, 3)
    edges = _found(maps)
    progress.report(STAGE, 2, 3)
    if edges is not None:
        refined = _enlarged(own, panorama, maps.factor, edges, min(strength, 1.0))
        depth = replace(refined, distance=refined.distance * unit_m)
    progress.report(STAGE, 3, 3)
    return depth


def _unit_m(depth: DepthMap) -> np.float32:
    """Return the power of two next to the usual distance: in that unit logarithms round alike whatever the map's own is."""
    usual = float(np.median(depth.distance[:: max(1, depth.size_hw[0] // _SAMPLED_ROWS)]))
    return np.float32(2.0 ** round(np.log2(max(usual, _LEAST_M))))


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
    lines = find_lines(maps.rgb, maps.known, maps.ramp_px)
    sky, skyline = _skyline(maps, lines)
    regained, surface = maps.sky & ~sky, maps.known & ~sky
    band = (ramps.band | regained) & surface
    beside_sky = grown(sky, maps.ramp_px) if sky.any() else sky
    given = maps.log_distance
    if regained.any():
        surfaces = np.where(maps.sky, np.float32(np.inf), given)
        given = np.where(regained, smallest_around(surfaces, _skyline_px(maps)), given)
    moved = straightened(given, band, _pull(ramps.width, regained, beside_sky), lines, surface)
    return _Edges(without_lone(moved, band, surface), sky, band | skyline, maps.known)


@kernel
@no_type_check
def _pull(width, regained, beside_sky):
    """Return the cost of changing a pixel of a ramp by 1."""
    pull = np.zeros(width.shape, np.float32)
    for row in range(width.shape[0]):
        for column in range(width.shape[1]):
            wide = max(width[row, column], _NARROWEST_PX)
            if not regained[row, column]:
                pull[row, column] = (_PULL if beside_sky[row, column] else _PULL + _PULL_PX / wide) / wide
    return pull


def _skyline_px(maps: EdgeMaps) -> int:
    return max(2, round(_SKYLINE_DEG / 180 * len(maps.sky)))


def _skyline(maps: EdgeMaps, lines: Lines) -> tuple[Mask, Mask]:
    """Return the sky with its border along lines of the picture, and the band in which that was looked for."""
    if not maps.sky.any() or maps.sky.all():
        return maps.sky, np.zeros_like(maps.sky)
    reach = _skyline_px(maps)
    band = grown(maps.sky, reach) & grown(~maps.sky, reach) & maps.known
    pull = np.full(band.shape, _SKY_PULL, np.float32)
    return straightened(maps.sky.astype(np.float32), band, pull, lines, maps.known) > 0.5, band


def _enlarged(depth: DepthMap, panorama: Panorama, factor: int, edges: _Edges, strength: float) -> DepthMap:
    """Give each pixel of a ramp its side, at full resolution."""
    distance, sky = depth.distance.copy(), depth.sky.copy()
    sky_distance = np.float32(np.median(depth.distance[depth.sky]) if depth.sky.any() else 0)
    valid = np.ones(depth.size_hw, bool) if panorama.valid is None else panorama.valid
    kind = np.where(edges.sky, np.uint8(SKY), np.uint8(SURFACE)) * edges.sound + np.uint8(CHANGED) * edges.changed

    def work(first: int, last: int) -> None:
        enlarge(edges.log_distance, kind, valid, factor, (first, last), sky_distance, strength, distance, sky)

    in_parts(work, depth.size_hw[0], 64)
    return replace(depth, distance=distance, sky=sky)
