"""Sharp depth edges that lie where the colours change: every pixel of a blurred edge joins one of its two sides."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from spag4d.data import DepthMap, Panorama
from spag4d.geometry.equirect import crop_sphere
from spag4d.progress import SILENT, Progress
from spag4d.refine.color_cut import color_odds, cut_edges
from spag4d.refine.ridges import Profiles, Sides, find_profiles, fit_sides, sample
from spag4d.refine.working import WorkingMaps, shrink

STAGE = "Refining edges"
_SMALLEST_JUMP = float(np.log(1.08))  # nothing nearer than this to both sides can hang visibly between them
_STEEP_AT_END = 0.35  # a ramp as steep as this at its end, relative to its middle, goes on beyond the reach
_SHARP = 0.33  # an edge with this part of its jump between two working pixels is sharp already
_EXACT_SHARE = 0.3  # a map with this part of its edges sharp was measured, not estimated
_CUT_ODDS = 2.0  # log odds per working pixel of distance from the cut
_COLOR_ODDS = 2.5
_BAND_ROWS = 256


def refine_edges(
    depth: DepthMap, panorama: Panorama, *, strength: float = 1.0, radius_deg: float = 4.0, progress: Progress = SILENT
) -> DepthMap:
    """Return the depth map with its blurred edges sharp, and moved to where the colours change; the skyline among them.

    Along every edge the two surfaces are continued as planes into the ramp between them, and each pixel of the ramp takes the
    one that its colour belongs to. No other pixel changes, so texture cannot print through. A map whose edges are sharp
    already, such as measured depth, is returned as it is.

    ``strength`` 0 changes nothing, 1 all the way, in between by that power of the ratio; the sky mask follows from 0.5 on.
    ``radius_deg`` is the farthest that a ramp may reach from its middle; it is measured along columns, so near the poles
    the same number of columns is a smaller angle. Pixels that `Panorama.valid` excludes neither change nor have influence.
    Above 1024 rows edges are located in a map smaller by a whole factor, if there is one, and pixels assigned in the full.
    Raises `ValueError` when the two sizes differ, and `Cancelled`.
    """
    if depth.size_hw != panorama.size_hw:
        raise ValueError(f"the depth map is {depth.size_hw}, the panorama {panorama.size_hw}; they must be equal")
    progress.report(STAGE, 0, 3)
    if strength <= 0:
        return depth
    maps = shrink(depth, panorama, radius_deg)
    progress.report(STAGE, 1, 3)
    edges = _find_edges(maps)
    progress.report(STAGE, 2, 3)
    refined = _snap(depth, panorama, maps, edges, min(strength, 1.0)) if edges else depth
    progress.report(STAGE, 3, 3)
    return refined


@dataclass(frozen=True)
class _Edges:
    """What is known at each of ``n`` edge points: ``odds`` (n, 4) and ``cut`` (n) as `color_cut` returns them."""

    profiles: Profiles
    sides: Sides
    far_is_sky: np.ndarray
    odds: np.ndarray
    cut: np.ndarray


def _find_edges(maps: WorkingMaps) -> _Edges | None:
    """Find the blurred edges; None where there are none, or the map is so sharp that it was not estimated."""
    profiles = find_profiles(maps.soft, maps.known, maps.reach, _SMALLEST_JUMP)
    seen = _seen(profiles, maps.known)
    positions = profiles.positions(-profiles.half, profiles.half)
    surfaces = profiles.values if maps.soft is maps.log_distance else sample(maps.log_distance, *positions)
    sides = fit_sides(profiles, surfaces)
    real = _is_jump(profiles, sides, seen)
    profiles, sides, seen = profiles.select(real), sides.select(real), seen[real]
    far_is_sky = _at(profiles, maps.sky, sides.far_px + 1)
    sharp = ~far_is_sky & (sides.steepest > _SHARP * sides.jump)
    if sharp.all() or sharp.sum() > _EXACT_SHARE * np.count_nonzero(~far_is_sky):
        return None
    profiles, sides, seen = profiles.select(~sharp), sides.select(~sharp), seen[~sharp]
    odds = color_odds(profiles, sides, maps.rgb, seen)
    cut, trust = cut_edges(profiles, sides, odds, maps.rgb, seen, far_is_sky[~sharp])
    return _Edges(profiles, sides, far_is_sky[~sharp], odds * trust[:, None], cut)


def _seen(profiles: Profiles, known: np.ndarray) -> np.ndarray:
    """Whether each sample of the profiles is taken from known pixels alone."""
    if known.all():
        return np.ones(profiles.values.shape, bool)
    sound = cv2.erode(known.astype(np.float32), np.ones((3, 3), np.uint8))
    return sample(sound, *profiles.positions(-profiles.half, profiles.half)) > 0.999


def _at(profiles: Profiles, mask: np.ndarray, offset: np.ndarray) -> np.ndarray:
    columns, rows = np.rint(profiles.point + profiles.normal * offset[:, None]).astype(np.int64).T
    return mask[rows, columns]


def _is_jump(profiles: Profiles, sides: Sides, seen: np.ndarray) -> np.ndarray:
    """Where two surfaces lie apart, the ramp between them ends on both sides, and nothing on the way is unknown."""
    half = profiles.half
    rows, slopes = np.arange(len(profiles.values)), np.diff(profiles.values, axis=1)
    ended = (sides.jump > _SMALLEST_JUMP) & (sides.steepest > 0)
    for last in (half + sides.far_px, half - sides.near_px - 1):
        ended &= slopes[rows, last.astype(np.int64)] < _STEEP_AT_END * sides.steepest
    offsets = np.arange(-half, half + 1)
    on_the_way = (offsets >= -sides.near_px[:, None] - 2) & (offsets <= sides.far_px[:, None] + 2)
    return ended & (seen | ~on_the_way).all(1)


def _snap(depth: DepthMap, panorama: Panorama, maps: WorkingMaps, edges: _Edges, strength: float) -> DepthMap:
    """Give each pixel of a ramp the surface of its side, at full resolution."""
    nearest, band = _nearest_edge(maps, edges)
    distance, sky = depth.distance.copy(), depth.sky.copy()
    sky_distance = float(np.median(depth.distance[depth.sky])) if depth.sky.any() else 0.0
    factor = maps.factor
    step = _BAND_ROWS * factor
    for start in range(0, depth.size_hw[0], step):
        rows_of = slice(start // factor, start // factor + _BAND_ROWS)
        rows, columns = np.nonzero(np.repeat(np.repeat(band[rows_of], factor, 0), factor, 1))
        edge = nearest[rows_of][rows // factor, columns // factor]
        rows += start
        offset, touched = _offset(edges, edge, (np.stack([columns, rows], -1) + 0.5) / factor - 0.5 + maps.pad)
        if panorama.valid is not None:
            touched &= panorama.valid[rows, columns]
        rows, columns, edge, offset = rows[touched], columns[touched], edge[touched], offset[touched]
        inverse, is_sky = _join(edges, edge, offset, panorama.rgb[rows, columns])
        new = np.where(is_sky, np.float32(sky_distance), 1 / np.maximum(inverse, np.float32(1e-6)))
        distance[rows, columns] *= (new / distance[rows, columns]) ** np.float32(strength)
        if strength >= 0.5:
            sky[rows, columns] = is_sky
    return replace(depth, distance=distance, sky=sky)


def _nearest_edge(maps: WorkingMaps, edges: _Edges) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of the working maps, without margin: the nearest edge point, and whether its ramp may reach here."""
    columns, rows = edges.profiles.point.astype(np.int64).T
    elsewhere = np.ones(maps.soft.shape, np.uint8)
    elsewhere[rows, columns] = 0
    away, label = cv2.distanceTransformWithLabels(elsewhere, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    point_of = np.zeros(len(rows) + 1, np.int32)
    label = np.asarray(label, np.int32)
    point_of[label[rows, columns]] = np.arange(len(rows))
    nearest = point_of[label]
    band = away <= np.maximum(edges.sides.near_px, edges.sides.far_px)[nearest] + 1
    return crop_sphere(nearest, maps.pad), crop_sphere(band, maps.pad)


def _offset(edges: _Edges, edge: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far positions (m, 2) lie along the normals of their edges, and whether they lie on the ramp."""
    normal = edges.profiles.normal[edge]
    away = position.astype(np.float32) - edges.profiles.point[edge]
    offset = (away * normal).sum(-1)
    aside = np.abs(away[:, 0] * normal[:, 1] - away[:, 1] * normal[:, 0])
    on_ramp = (offset >= -edges.sides.near_px[edge]) & (offset <= edges.sides.far_px[edge])
    return offset, on_ramp & (aside <= 0.6 * np.abs(offset) + 1.5)


def _join(edges: _Edges, edge: np.ndarray, offset: np.ndarray, rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the inverse distance of the side that each pixel belongs to, and whether that side is the sky."""
    odds = edges.odds[edge]
    by_color = np.clip((rgb * odds[:, :3]).sum(-1) + odds[:, 3], -_COLOR_ODDS, _COLOR_ODDS)
    near = by_color + _CUT_ODDS * (edges.cut[edge] - offset) > 0
    surface = np.where(near[:, None], edges.sides.near[edge], edges.sides.far[edge])
    return surface[:, 0] + surface[:, 1] * offset, ~near & edges.far_is_sky[edge]
