"""The sky as a backdrop: a sphere beyond everything, in the colours of the photograph's sky alone.

The fine layer is as sharp as the photograph and reaches a few cells below the skyline; the wide layer behind it reaches
as far as a step aside uncovers, so that this is sky and neither a gap nor the outline of what stood in front. Pixels at the
skyline mix both colours: there, and below, the colour of the nearest pure sky continues.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.geometry.around import grown
from spag4d.geometry.equirect import crop_sphere, pad_sphere
from spag4d.geometry.fill import weighted_fill
from spag4d.geometry.nearest import angles_to, nearest_of
from spag4d.progress import SILENT, Progress
from spag4d.splat.fine import UniformCells
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.grid import cover
from spag4d.splat.sphere_grid import SphereGrid
from spag4d.splat.surface import InverseMap

_MIXED_PX = 2
"""Pixels beside the skyline that hold colours of both sides: blur and demosaicing of a camera."""
OVERLAP_CELLS = 2
"""Cells of the sharp sky that continue behind the skyline, so that no gap opens along it."""
_LEAST_SKIRT_RAD, _MOST_SKIRT_RAD = float(np.radians(8)), float(np.radians(45))
"""The blurred sky reaches at least so far behind what stands before it, as depth of far things is not to be trusted, and at
most as far as a step moves what is one step away."""
_COARSE_PX = 4
"""Pixels: the blurred part has no detail that would be lost."""
_MOST_ROWS = 512
"""To find what is uncovered the picture need not be finer."""

Mask = Bool[np.ndarray, "h w"]


def dome_radius_m(farthest_m: float) -> float:
    """Return a radius beyond everything: twice the farthest surface that is drawn, and 200 m at least."""
    return max(200.0, 2 * farthest_m)


def dome_gaussians(
    panorama: Panorama,
    depth: DepthMap,
    *,
    stride: int = 2,
    look: Look | None = None,
    radius_m: float = 200.0,
    step_m: float = 0.5,
    progress: Progress = SILENT,
) -> Gaussians:
    """Return the sky of a panorama as Gaussians on a sphere of ``radius_m``, none where there is no sky.

    The wide layer lies 7 % farther, and behind everything that a step of ``step_m`` moves off the sky. Raises
    `ValueError` where panorama and depth map differ in size.
    """
    look = look or Look()
    sky = backdrop_of(panorama, depth, OVERLAP_CELLS * stride, step_m)
    if sky is None:
        return Gaussians.empty()
    fine_map, wide_map = (backdrop_map(mask, stride, radius_m) for mask in (sky.fine, sky.skirt))
    return cover(sky.picture, UniformCells(fine_map, stride), wide_map, look, progress, stage="sky").joined


@dataclass(frozen=True)
class Backdrop:
    """What the sphere shows: a ``picture`` of sky alone, and where it is drawn, sharply (``fine``) and blurred (``skirt``)."""

    picture: Panorama
    fine: Mask
    skirt: Mask


def backdrop_of(panorama: Panorama, depth: DepthMap, overlap_px: int, step_m: float) -> Backdrop | None:
    """Return the backdrop of a panorama, or None where there is no sky; the fine part reaches ``overlap_px`` beyond the sky.

    The blurred part lies behind everything that a step of ``step_m`` moves off the sky.
    Raises `ValueError` where panorama and depth map differ in size.
    """
    if panorama.size_hw != depth.size_hw:
        raise ValueError(f"the panorama has {panorama.size_hw} pixels, the depth map {depth.size_hw}")
    valid = np.ones_like(depth.sky) if panorama.valid is None else panorama.valid
    sky = depth.sky & valid
    if not sky.any():
        return None
    pure = ~grown(~sky, _MIXED_PX)
    fine, skirt = grown(sky, overlap_px) & valid, _uncovered(sky, depth, step_m) & valid
    return Backdrop(Panorama(_backdrop(panorama.rgb, pure if pure.any() else sky, skirt | fine), panorama.name), fine, skirt)


def backdrop_map(mask: Mask, stride: int, radius_m: float) -> InverseMap:
    """Return the sphere where most of a block of ``stride`` × ``stride`` pixels is in the mask."""
    height, width = mask.shape
    grid = SphereGrid.of_rows(height, stride)
    size = (2 * max(1, round(width / stride / 2)), len(grid))
    share = mask.astype(np.float32)
    if stride > 1:
        share = cv2.resize(share, size, interpolation=cv2.INTER_AREA)
    return InverseMap(np.where(share >= 0.5, np.float32(1 / radius_m), np.float32(0)), grid, backdrop=True)


def _uncovered(sky: Mask, depth: DepthMap, step_m: float) -> Mask:
    """Return the sky, and what a step aside can move so far that sky appears in its place."""
    height, width = sky.shape
    rows = min(height, _MOST_ROWS)
    size = (2 * rows, rows)
    coarse = cv2.resize(sky.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    distance = cv2.resize(depth.distance, size, interpolation=cv2.INTER_NEAREST)
    margin_rad = np.clip(np.float32(step_m) / distance, _LEAST_SKIRT_RAD, _MOST_SKIRT_RAD)
    pixel = np.flatnonzero(coarse)
    uncovered = angles_to(pixel[nearest_of(pixel, rows)]) <= margin_rad + np.float32(np.pi / rows)
    return cv2.resize(uncovered.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0


def _backdrop(rgb: Float32[np.ndarray, "h w 3"], pure: Mask, needed: Mask) -> Float32[np.ndarray, "h w 3"]:
    """Return the picture with everything but pure sky replaced by the colours of the sky around it, in the needed rows."""
    height, width = pure.shape
    size = (max(2, width // _COARSE_PX // 2 * 2), max(1, height // _COARSE_PX))
    weight = pure.astype(np.float32)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    color = cv2.resize(rgb * weight[..., None], size, interpolation=cv2.INTER_AREA)
    margin = size[1] // 4
    spread = crop_sphere(weighted_fill(pad_sphere(color, margin), pad_sphere(share, margin)), margin)
    rows = np.flatnonzero(needed.any(axis=1))[[0, -1]]
    result = np.zeros_like(rgb)
    part = slice(rows[0], rows[1] + 1)
    smooth = cv2.resize(spread, (width, height), interpolation=cv2.INTER_LINEAR)
    result[part] = np.where(pure[part, :, None], rgb[part], smooth[part])
    return result
