"""Motions as fields on the sphere: smooth, along surfaces, and zero at the borders of their regions.

A field is a velocity for each metre of distance, which is what one sees: at the distance r something moves with r times that.
Its size falls to zero where the way ahead or back leaves the region, so that nothing goes farther than half of the way that
there is: what flows is stretched to 3/2 or squeezed to 1/2 of its length at most, never torn, and the border stands still.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64

from spag4d.animate.motions import CLOUDS, FALLS, FLOW, SMOKE, SWAY, WATER, Motion
from spag4d.data import DepthMap
from spag4d.depth.resize import resize_distance
from spag4d.errors import InputError
from spag4d.geometry.equirect import directions, nearest_pixels, pad_sphere, pixels_from_directions
from spag4d.geometry.resample import sample
from spag4d.geometry.smooth import low_pass, smooth_sphere
from spag4d.progress import Progress

ROWS = 512
"""Of fields: three pixels for a degree; finer ones would not be seen in what moves."""
_WHOLE = 0.999
"""The share of a field's pixel that must lie in the region."""
_SMOOTH_DEG = 1.0
"""By which distances are smoothed: coarser than the noise of depth models, finer than regions."""
_LIMIT_DEG, _LIMIT_PX = 2.0, 1.5
"""By which limits are smoothed, and in a field's pixels at least: at 1° neighbours change their order where a limit sets in."""
_MARGIN_DEG, _MARGIN_PX = 0.5, 2.0
"""From the border inwards, where nothing moves: Gaussians reach over it by less; in degrees, and in a field's pixels."""
_STEPS, _SLACK = 12, 1.2
"""At which the way ahead is looked at, up to twice as far as something goes; and how much of that smoothing may use up."""
_FARTHEST_RAD = math.radians(6.0)
"""Of half a life: a straight way then strays from a circle around the camera by half a per cent of the distance."""
_FREE, _MOST_CYCLES = 0.6, 4
"""The share of its speed that a region should have on average, and lives in a loop that it may take: each costs Gaussians."""
_GRAZING = 3.0
"""The most that something comes nearer for each metre aside: surfaces seen at less than 18° are too uncertain for more."""
_SLOW = 0.3
"""The share of its speed below which a region is warned about."""
_CREASE_DEG = 6.0
"""Over which a flow goes round where its surface bends, so that it does not pile up there."""
_PERIOD_S = 3.0
"""Of what sways, about: that of branches and flags."""
_WIDTH = 2048
"""Of the tables in which many directions are looked up: OpenCV takes at most 32767 rows and columns."""


@dataclass(frozen=True)
class Field:
    """``velocities`` (h, w, 3) for each metre of distance, in lives of a ``cycles``-th of the loop.

    Of what ``sways`` they are how far it goes to either side, and ``cycles`` its periods. ``ripples`` is whether it glitters.
    """

    velocities: Float32[np.ndarray, "h w 3"]
    cycles: int
    sways: bool = False
    ripples: bool = False

    def along(self, rays: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
        """Return the field in given directions, of any length."""
        return in_directions(self.velocities, rays)


def in_directions(values: Float32[np.ndarray, "h w c"], rays: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n c"]:
    """Return a panorama's values in many directions, bilinear, across the seam and the poles."""
    pixels = pixels_from_directions(rays, values.shape[0]) + np.float32(1)
    rows = -(-len(rays) // _WIDTH)
    table = np.zeros((rows * _WIDTH, 2), np.float32)
    table[:len(rays)] = pixels
    return sample(pad_sphere(values, 1), table.reshape(rows, _WIDTH, 2)).reshape(-1, values.shape[2])[:len(rays)]


def fields_of(
    motions: Sequence[Motion], depth: DepthMap, loop_s: float, progress: Progress, *, reach_deg: float = 0.0
) -> list[Field]:
    """Return the fields of motions, of which the first has a place that several claim.

    ``reach_deg`` is how far that which follows the fields sticks out at the sides. Raises `InputError` where nothing is left of
    a region, and warns where something is much slower than it should be.
    """
    rows = min(ROWS, depth.size_hw[0])
    distance = resize_distance(depth.distance, (rows, 2 * rows))
    margin_deg = max(_MARGIN_DEG, reach_deg, _MARGIN_PX * 180 / rows)
    taken, fields = np.zeros((rows, 2 * rows), bool), []
    for number, motion in enumerate(motions):
        progress.report("Motion", number, len(motions))
        region = resized_region(depth.sky if motion.region is None else motion.region, rows) & ~taken
        taken |= region
        core = inside(region, margin_deg)
        if not core.any():
            what = "the picture shows no sky" if motion.region is None else "its region is too small, or another has it"
            raise InputError(f"nothing moves of {motion.kind}: {what}.")
        velocities = _wanted(motion, region, directions(rows), distance)
        fields.append(_limited(motion, velocities, core, margin_deg, loop_s, progress))
    return fields


def resized_region(region: Bool[np.ndarray, "h w"], rows: int) -> Bool[np.ndarray, "rows _"]:
    """Return a region in so many rows: the pixels that lie in it as a whole."""
    size = (2 * rows, rows)
    way = cv2.INTER_AREA if region.shape[0] >= rows else cv2.INTER_LINEAR
    return cv2.resize(region.astype(np.float32), size, interpolation=way) >= _WHOLE


def inside(region: Bool[np.ndarray, "h w"], margin_deg: float) -> Bool[np.ndarray, "h w"]:
    """Return what is farther than a margin from the border of a region."""
    return smooth_sphere(region.astype(np.float32), margin_deg / 3) > _WHOLE


def rising(core: Bool[np.ndarray, "h w"], margin_deg: float) -> Float32[np.ndarray, "h w"]:
    """Return what rises smoothly from zero at the border of ``core``, or a little outside in its corners, to one."""
    rise = np.clip(2 * smooth_sphere(core.astype(np.float32), margin_deg) - 1, 0, 1)
    return rise * rise * (3 - 2 * rise)


def _wanted(
    motion: Motion, region: Bool[np.ndarray, "h w"], rays: Float32[np.ndarray, "h w 3"], distance: Float32[np.ndarray, "h w"]
) -> Float32[np.ndarray, "h w 3"]:
    """Return the field that a motion asks for, wherever its region ends."""
    x, _, z = np.moveaxis(rays, 2, 0)
    right = np.stack([z, np.zeros_like(x), -x], -1)
    if motion.kind == CLOUDS:
        return right * np.float32(math.radians(motion.amount))
    near = 1 / np.maximum(low_pass(distance, region, _SMOOTH_DEG), 1e-3)
    heading = math.radians(motion.heading_deg)
    if motion.kind == SWAY:
        return right * (np.float32(motion.amount) * near / np.maximum(np.hypot(x, z), 1e-3))[..., None]
    if motion.kind == FLOW:
        aim = _along_surface(_from_middle(region, rays, heading), region, rays, distance)
        return aim * (np.float32(motion.amount) * near)[..., None]
    aim = {WATER: (math.sin(heading), 0, math.cos(heading)), FALLS: (0, 1, 0), SMOKE: (0, -1, 0)}[motion.kind]
    return np.array(aim, np.float32) * (np.float32(motion.amount) * near)[..., None]


def _from_middle(
    region: Bool[np.ndarray, "h w"], rays: Float32[np.ndarray, "h w 3"], heading: float
) -> Float32[np.ndarray, "h w 3"]:
    """Return a direction of the picture in the middle of a region, carried to all others along great circles."""
    middle = (rays[region].astype(np.float64) * np.sqrt(1.0001 - rays[region, 1:2].astype(np.float64) ** 2)).sum(0)
    middle /= max(float(np.linalg.norm(middle)), 1e-9)
    azimuth = math.atan2(middle[0], middle[2])
    right = np.array([math.cos(azimuth), 0, -math.sin(azimuth)])
    start = math.cos(heading) * right + math.sin(heading) * np.cross(right, middle)
    both = rays + middle.astype(np.float32)
    share = (rays @ start.astype(np.float32)) / np.maximum(1 + rays @ middle.astype(np.float32), 1e-3)
    return start.astype(np.float32) - share[..., None] * both


def _along_surface(
    aim: Float32[np.ndarray, "h w 3"], region: Bool[np.ndarray, "h w"], rays: Float32[np.ndarray, "h w 3"],
    distance: Float32[np.ndarray, "h w"],
) -> Float32[np.ndarray, "h w 3"]:
    """Return directions on the surface, of length one, that look in the picture as ``aim`` does."""
    points = rays * low_pass(distance, region, _SMOOTH_DEG)[..., None]
    normals = np.cross(np.roll(points, -1, 1) - np.roll(points, 1, 1), np.gradient(points, axis=0))
    facing = (normals * rays).sum(2)
    towards = -(normals * aim).sum(2) / np.where(np.abs(facing) > 1e-12, facing, 1e-12)
    slid = aim + low_pass(np.clip(towards, -_GRAZING, _GRAZING), region, _CREASE_DEG)[..., None] * rays
    return slid / np.maximum(np.linalg.norm(slid, axis=2, keepdims=True), 1e-6)


def _limited(
    motion: Motion, velocities: Float32[np.ndarray, "h w 3"], core: Bool[np.ndarray, "h w"], margin_deg: float, loop_s: float,
    progress: Progress,
) -> Field:
    """Return the field as slow as the core of its region makes it, in as many lives as that takes."""
    sways = motion.kind == SWAY
    going = velocities[core] if sways else velocities[core] * np.float32(loop_s / 2)
    free = _free(core, directions(core.shape[0])[core], going)
    far = np.linalg.norm(going, axis=1) / _FARTHEST_RAD
    usual = float(np.percentile(far, 90))
    enough = (count for count in range(1, _MOST_CYCLES) if count >= usual and np.minimum(count * free, 1).mean() >= _FREE)
    cycles = max(1, round(loop_s / _PERIOD_S)) if sways else next(enough, _MOST_CYCLES)
    lives = 1 if sways else cycles
    share, most = np.zeros(core.shape, np.float32), np.zeros(core.shape, np.float32)
    share[core] = np.minimum(lives * free, 1) / np.maximum(1, far / lives)
    most[core] = _SLACK * lives * free
    smooth_deg = max(_LIMIT_DEG, _LIMIT_PX * 180 / core.shape[0])
    share = np.minimum(smooth_sphere(share, smooth_deg), smooth_sphere(most, smooth_deg)) * rising(core, margin_deg)
    if (usual := float(share[core].mean())) < _SLOW:
        progress.warn(f"{motion.kind} moves by {usual:.0%} of what was asked for on average: its region is too narrow for more")
    return Field(velocities * share[..., None], cycles, sways, motion.kind == WATER)


def _free(
    core: Bool[np.ndarray, "h w"], rays: Float32[np.ndarray, "n 3"], going: Float32[np.ndarray, "n 3"]
) -> Float64[np.ndarray, " n"]:
    """Return the share of its way that each direction may go, so that twice as far is still in the core, either way."""
    shares = np.ones(len(rays))
    for sign in (1, -1):
        there = np.arange(len(rays))
        for step in range(1, _STEPS + 1):
            place = rays[there] + np.float32(2 * sign * step / _STEPS) * going[there]
            inside = core[nearest_pixels(place, core.shape[0])]
            left, there = there[~inside], there[inside]
            shares[left] = np.minimum(shares[left], (step - 1) / _STEPS)
    return shares
