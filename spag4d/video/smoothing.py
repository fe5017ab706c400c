"""Depth that stays steady from frame to frame and follows what moves."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Float64
from scipy.special import sph_harm_y

from spag4d.data import DepthMap, Panorama
from spag4d.geometry.equirect import directions, solid_angle_weights
from spag4d.video.flow import Flow, enlarged, look_up, small_picture, sphere_flow

FLOW_HEIGHT = 384
"""Rows of the pictures in which motion is sought."""
_FIT_HEIGHT = 64
"""Rows, 2.8° each: sixteen to a wave of the finest harmonic below."""
_DEGREE = 8
"""Of the harmonics, waves of 45° and more: the scale and slant of whole rooms. What is finer is averaged per pixel."""
_ITERATIONS = 8
"""Reweighted steps, both for the motion and for the offset; weights settle in a few."""
_LEAST_SPREAD = 0.005
"""In log depth, half a per cent: where frames agree better, no pixel is an outlier."""
_PRIOR = 0.002
"""How strongly a field without evidence is held at zero, relative to the evidence of the whole sphere."""
_FORGET = 0.04
"""Of the offset, given up per frame: errors of scale decay within 25 frames to 1/e, a second of most videos, instead of for
ever."""
_CUT_SHARE = 0.25
"""Mean trust below which a new scene begins: a cut leaves chance agreement, motion leaves most of the sphere trusted.
Judgement."""
_OTHER_SURFACE = 0.12
"""In log depth: an average of two surfaces would hang between them."""
_SKY_MEMORY = 0.6
"""Share of the vote that the past has: one frame against it flips nothing (0.6 > ½), two in a row do (0.6² < ½)."""

Field = Float32[np.ndarray, "h w"]


@dataclass(frozen=True)
class Memory:
    """The frame before: its small picture, steadied log distance (h, w), and how certainly it was sky (h, w)."""

    picture: Float32[np.ndarray, "_ _ 3"]
    log_distance: Field
    sky: Field


@dataclass(frozen=True)
class Steadied:
    """A frame's steadied depth, its memory, and the flow that led here, or None where it starts afresh."""

    depth: DepthMap
    memory: Memory
    flow: Flow | None


def steady(
    depth: DepthMap, panorama: Panorama, before: Memory | None, new_from_old: Float64[np.ndarray, "3 3"], alpha: float
) -> Steadied:
    """Return the depth of a frame, aligned to the scale and low frequencies of the frames before, and averaged with them.

    ``before`` is the memory of the frame before, whose camera was turned by ``new_from_old``; ``alpha`` 0–1 is the share of the
    past that is kept where the picture moved consistently. Where it changed, and where the depth is that of another surface,
    the new frame counts; after a cut all of it does.
    """
    picture = small_picture(panorama, FLOW_HEIGHT)
    fresh = Memory(picture, np.log(depth.distance), depth.sky.astype(np.float32))
    if before is None or before.picture.shape != picture.shape or before.log_distance.shape != depth.size_hw:
        return Steadied(depth, fresh, None)
    flow = sphere_flow(before.picture, picture, new_from_old)
    if flow.trust.mean() < _CUT_SHARE:
        return Steadied(depth, fresh, None)
    flow = _without_invalid(flow, panorama)
    motion = _motion(flow, before, new_from_old)
    return _blended(depth, fresh, before, flow, new_from_old, motion, alpha)


def _without_invalid(flow: Flow, panorama: Panorama) -> Flow:
    if panorama.valid is None:
        return flow
    known = look_up(panorama.valid.astype(np.float32), directions(flow.trust.shape[0]))
    return replace(flow, trust=flow.trust * (known > 0.999))


def _predicted(flow: Flow, before: Memory, turn: np.ndarray, motion: np.ndarray) -> tuple[Field, Field]:
    """Return log distance and sky (h, w) as predicted from the frame before."""
    log_distance, sky = look_up(before.log_distance, flow.source), look_up(before.sky, flow.source)
    if motion.any():
        points = (flow.source @ turn.T.astype(np.float32)) * np.exp(log_distance)[..., None] + motion.astype(np.float32)
        moved = np.log(np.maximum(np.linalg.norm(points, axis=-1), np.float32(1e-3)))
        log_distance = np.where(sky > 0.5, log_distance, moved)
    return log_distance, sky


def _motion(flow: Flow, before: Memory, turn: np.ndarray) -> Float64[np.ndarray, "3"]:
    """Return how the camera's motion shifts points, in the newer frame: the shift that best sends the known surfaces along the
    flow.

    A point p = distance · direction of the older frame is seen along d = turn p + motion; the part of that across d is zero.
    """
    step = max(1, flow.trust.shape[0] // _FIT_HEIGHT)
    rays = directions(flow.trust.shape[0])[::step, ::step].reshape(-1, 3).astype(np.float64)
    source = np.ascontiguousarray(flow.source[::step, ::step])
    distance = np.exp(look_up(before.log_distance, source)).reshape(-1).astype(np.float64)
    surface = look_up(before.sky, source).reshape(-1) < 0.5
    area = np.repeat(solid_angle_weights(flow.trust.shape[0])[::step], source.shape[1])
    base = area * flow.trust[::step, ::step].reshape(-1) * surface
    if not base.any():
        return np.zeros(3)
    points = source.reshape(-1, 3) @ turn.T * distance[:, None]
    across = points - (points * rays).sum(1)[:, None] * rays
    motion = np.zeros(3)
    for _ in range(_ITERATIONS):
        residual = across + motion - (rays @ motion)[:, None] * rays
        angle = np.linalg.norm(residual, axis=1) / distance
        usual = max(float(np.median(angle[base > 0])), 1e-4)
        weight = base / distance**2 / (1 + (angle / usual) ** 2)
        normal = weight.sum() * np.eye(3) - (weight[:, None] * rays).T @ rays
        motion = np.linalg.solve(normal + 1e-9 * np.trace(normal) * np.eye(3), -(weight[:, None] * across).sum(0))
    return motion


def _blended(
    depth: DepthMap, fresh: Memory, before: Memory, flow: Flow, turn: np.ndarray, motion: np.ndarray, alpha: float
) -> Steadied:
    height = depth.size_hw[0]
    small = min(_FIT_HEIGHT, height)
    offset = _offset(fresh, _predicted(enlarged(flow, small), before, turn, motion), flow, small)
    full = enlarged(flow, height)
    known, known_sky = _predicted(full, before, turn, motion)
    aligned = fresh.log_distance - np.float32(1 - _FORGET) * look_up(offset, directions(height))
    same = np.exp(-((aligned - known) / np.float32(_OTHER_SURFACE)) ** 2)
    aligned += np.float32(alpha) * full.trust * same * (known - aligned)
    vote = fresh.sky + np.float32(_SKY_MEMORY) * full.trust * (known_sky - fresh.sky)
    sky = vote > 0.5
    log_distance = np.where(depth.sky & ~sky, known, np.where(sky, fresh.log_distance, aligned))
    steadied = replace(depth, distance=np.exp(log_distance), sky=sky)
    return Steadied(steadied, Memory(fresh.picture, log_distance, vote), flow)


def _offset(fresh: Memory, known: tuple[Field, Field], flow: Flow, height: int) -> Field:
    """Return by how much the new log depth (height, 2 height) exceeds the known one at low frequencies; robust."""
    rays = directions(height)
    new, new_sky, trust = (look_up(image, rays) for image in (fresh.log_distance, fresh.sky, flow.trust))
    both = (new_sky < 0.01) & (known[1] < 0.01)
    weight = (trust * both * solid_angle_weights(height)[:, None]).ravel().astype(np.float64)
    basis, roughness = _harmonics(height)
    residual = (new - known[0]).ravel().astype(np.float64)
    if not weight.any():
        return np.zeros(rays.shape[:2], np.float32)
    coefficients = np.zeros(basis.shape[1])
    coefficients[0] = np.median(residual[weight > 0]) / basis[0, 0]
    for _ in range(_ITERATIONS):
        left = residual - basis @ coefficients
        usual = max(float(np.median(np.abs(left[weight > 0]))), _LEAST_SPREAD)
        robust = weight / (1 + (left / (2 * usual)) ** 2)
        normal = basis.T @ (robust[:, None] * basis) + _PRIOR * np.diag(roughness)
        coefficients = np.linalg.solve(normal, basis.T @ (robust * residual))
    return (basis @ coefficients).reshape(rays.shape[:2]).astype(np.float32)


@lru_cache(maxsize=1)
def _harmonics(height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the real spherical harmonics (pixels, terms) up to the degree, and each one's degree (degree + 1), zero first."""
    rays = directions(height).reshape(-1, 3).astype(np.float64)
    polar, around = np.arccos(np.clip(-rays[:, 1], -1, 1)), np.arctan2(rays[:, 0], rays[:, 2])
    terms, roughness = [], []
    for degree in range(_DEGREE + 1):
        for order in range(-degree, degree + 1):
            value = sph_harm_y(degree, abs(order), polar, around)
            terms.append(value.imag if order < 0 else value.real)
            roughness.append(degree * (degree + 1))
    return np.stack(terms, 1), np.array(roughness, float)
