"""How the camera turned from frame to frame, and which part of that to keep."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import no_type_check

import cv2
import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from jaxtyping import Float64, Int64
from scipy.spatial.transform import Rotation

from spag4d.data import Panorama
from spag4d.geometry.camera import directions_from_view_pixels
from spag4d.geometry.cubemap import cubemap
from spag4d.geometry.resample import views_from_panorama
from spag4d.kernels import kernel, one_blas_thread
from spag4d.progress import SILENT, TURNS, Progress
from spag4d.video.relative_rotation import RelativeRotation, relative_rotation

WORKING_HEIGHT = 384
"""Rows of the panoramas in which features are sought, 0.47° per pixel at the horizon: on a shaken clip of 512 rows turns are
wrong by 0.047°, with twice as many by 0.039°, and finding them takes up to four times as long."""
_SIDES = 4
"""The upright faces of the cube: zenith and nadir show sky, ceiling and the one who carries the camera."""
_FEATURES_PER_VIEW = 350
"""1400 a frame. Time and memory of matching grow with the square; a hundred good ones would do for three angles."""
_FAINTEST = 0.02
"""Contrast of a feature, half of SIFT's default, as indoor walls are pale."""
_RATIO = 0.8
"""Of the best to the second best distance of descriptors: Lowe's value (2004), which drops 90 % of the false matches."""
_SPANS = (1, 2, 4, 8, 16, 32)
"""How many frames lie between the frames that are compared: the longer ones keep drift from piling up."""
_MOST, _FALSE_RAD = 0.7, np.radians(10.0)
"""Share of the matches that may be looked at for parallax, as some are of things that move, and beyond what they are false."""
_ITERATIONS = 8
"""Newton steps from a chain that is right within degrees, as many as the outliers' weights need to settle."""
_OUTLIER_RAD = np.radians(0.3)
"""Error at which a link has half its weight (Cauchy): 0.6 pixels of `WORKING_HEIGHT`, more than matched rotations are off."""

Rotations = Float64[np.ndarray, "n 3 3"]


@dataclass(frozen=True)
class Features:
    """Points of one frame: unit directions (n, 3) in the camera's frame, and SIFT descriptors (n, 128)."""

    directions: np.ndarray
    descriptors: np.ndarray


@dataclass(frozen=True)
class Heading:
    """``world_from_camera`` (n, 3, 3) of the frames, the first of which is the world.

    ``lost`` are frames in which too little was recognised: they continue the rotation of the frame before.
    """

    world_from_camera: Rotations
    lost: frozenset[int]


@dataclass(frozen=True)
class _Link:
    first: int
    second: int
    found: RelativeRotation


def find_heading(frames: Iterable[Panorama], count: int, *, progress: Progress = SILENT) -> Heading:
    """Return how the camera turned over ``count`` frames; the features of 33 are in memory at a time."""
    with one_blas_thread():
        return _joined(list(_links(frames, count, progress)), count)


def _links(frames: Iterable[Panorama], count: int, progress: Progress) -> Iterator[_Link]:
    recent: deque[Features] = deque(maxlen=max(_SPANS) + 1)
    for number, frame in enumerate(frames):
        progress.report(TURNS, number, count)
        recent.append(find_features(frame))
        for span in _SPANS:
            if span < len(recent):
                found = match(recent[-1 - span], recent[-1])
                if found is not None:
                    yield _Link(number - span, number, found)
    progress.report(TURNS, count, count)


def find_features(panorama: Panorama, per_view: int = _FEATURES_PER_VIEW) -> Features:
    """Return the features in the four upright views around the horizon; invalid pixels have none."""
    height = panorama.size_hw[0]
    cameras = cubemap(max(64, round(4 * height / np.pi)), 90.0)[:_SIDES]
    grey = cv2.cvtColor(panorama.rgb, cv2.COLOR_RGB2GRAY)
    views = views_from_panorama(np.asarray(grey, np.float32), cameras)
    valid = panorama.valid
    known = [None] * _SIDES if valid is None else views_from_panorama(valid.astype(np.float32), cameras)
    sift = cv2.SIFT.create(nfeatures=per_view, contrastThreshold=_FAINTEST)
    directions: list[np.ndarray] = [np.zeros((0, 3))]
    descriptors: list[np.ndarray] = [np.zeros((0, 128), np.float32)]
    for camera, view, whole in zip(cameras, views, known, strict=True):
        mask = None if whole is None else cv2.erode((whole > 0.999).astype(np.uint8), np.ones((9, 9), np.uint8))
        points, described = sift.detectAndCompute((view * 255 + 0.5).astype(np.uint8), mask)
        if points:
            pixels = np.array([point.pt for point in points], np.float64)
            directions.append(directions_from_view_pixels(camera, pixels))
            descriptors.append(np.asarray(described))
    return Features(np.concatenate(directions), np.concatenate(descriptors))


def match(first: Features, second: Features) -> RelativeRotation | None:
    """Return the rotation between two frames, or None."""
    ones, others = matched(first, second)
    return relative_rotation(first.directions[ones], second.directions[others])


def parallax_rad(first: Features, second: Features, second_from_first: Float64[np.ndarray, "3 3"]) -> float:
    """Return by how much most things have shifted between two frames beside the camera's turn, 0 if nothing is recognised."""
    ones, others = matched(first, second)
    shifts = np.linalg.norm(first.directions[ones] @ second_from_first.T - second.directions[others], axis=1)
    shifts = shifts[shifts < _FALSE_RAD]
    return float(np.quantile(shifts, _MOST)) if len(shifts) else 0.0


def matched(first: Features, second: Features) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
    """Return the numbers of features that are each other's best match; those of any view are compared with all others."""
    if min(len(first.directions), len(second.directions)) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    likeness = _unit(first.descriptors) @ _unit(second.descriptors).T
    best, back = (np.zeros(length, np.int64) for length in likeness.shape)
    top, runner_up = (np.full(len(best), -1, np.float32) for _ in range(2))
    _best(likeness, best, top, runner_up, back)
    distinct = np.sqrt(np.maximum(2 - 2 * top, 0)) < _RATIO * np.sqrt(np.maximum(2 - 2 * runner_up, 0))
    kept = np.flatnonzero(distinct & (back[best] == np.arange(len(best))))
    return kept, best[kept]


@kernel
@no_type_check
def _best(likeness, best, top, runner_up, back):
    """Find the best column of each row, its value and the second best one, and the best row of each column."""
    highest = np.full(likeness.shape[1], np.float32(-2))
    for i in range(likeness.shape[0]):
        first, second, place = np.float32(-1), np.float32(-1), 0
        for j in range(likeness.shape[1]):
            value = likeness[i, j]
            if value > second:
                if value > first:
                    first, second, place = value, first, j
                else:
                    second = value
            if value > highest[j]:
                highest[j] = value
                back[j] = i
        best[i], top[i], runner_up[i] = place, first, second


def _unit(descriptors: np.ndarray) -> np.ndarray:
    return descriptors / np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-6)


def _joined(links: Sequence[_Link], count: int) -> Heading:
    """Chain the frames, then let all links agree: robust least squares over small turns of every frame."""
    steps = {link.second: link.found.rotation for link in links if link.second - link.first == 1}
    headings, lost, motion = [np.eye(3)], set(), np.eye(3)
    for number in range(1, count):
        anchor = _nearest_link(links, number) if number not in steps else None
        if number in steps:
            motion = steps[number]
            headings.append(headings[-1] @ motion.T)
        elif anchor is not None:
            headings.append(headings[anchor.first] @ anchor.found.rotation.T)
            motion = headings[-1].T @ headings[-2]
        else:
            lost.add(number)
            headings.append(headings[-1] @ motion.T)
    guessed = [_Link(number - 1, number, RelativeRotation(headings[number].T @ headings[number - 1], np.radians(1.0), 1))
               for number in sorted(lost)]
    return Heading(_relaxed(np.stack(headings), [*links, *guessed]), frozenset(lost))


def _nearest_link(links: Sequence[_Link], number: int) -> _Link | None:
    return max((link for link in links if link.second == number), key=lambda link: link.first, default=None)


def _relaxed(headings: Rotations, links: Sequence[_Link]) -> Rotations:
    """Return the headings that agree best with the links, the first one unchanged (rotation averaging by Gauss–Newton)."""
    if not links:
        return headings
    first, second = (np.array([getattr(link, name) for link in links]) for name in ("first", "second"))
    measured = np.stack([link.found.rotation for link in links])
    precision = np.sqrt([link.found.count for link in links]) / [link.found.noise_rad for link in links]
    precision = np.minimum(precision / np.median(precision), 3.0)
    count = len(headings)
    rows = 3 * np.arange(len(links))
    for _ in range(_ITERATIONS):
        # measured = (exp(δ₂) W₂)ᵀ (exp(δ₁) W₁) for small turns δ in the world's axes, so δ₁ - δ₂ = error.
        error = headings[second] @ measured @ headings[first].transpose(0, 2, 1)
        residual = Rotation.from_matrix(error).as_rotvec()
        weight = precision / (1 + (residual**2).sum(1) / _OUTLIER_RAD**2)
        data, row, column = [], [], []
        for frames, sign in ((first, 1.0), (second, -1.0)):
            for axis in range(3):
                inner = frames > 0
                data.append(sign * weight[inner])
                row.append(rows[inner] + axis)
                column.append(3 * (frames[inner] - 1) + axis)
        shape = (3 * len(links), 3 * (count - 1))
        matrix = scipy.sparse.csr_matrix((np.concatenate(data), (np.concatenate(row), np.concatenate(column))), shape=shape)
        right = (weight[:, None] * residual).ravel()
        normal = (matrix.T @ matrix + 1e-12 * scipy.sparse.eye(shape[1])).tocsc()
        turns = scipy.sparse.linalg.spsolve(normal, matrix.T @ right).reshape(-1, 3)
        headings = np.concatenate([headings[:1], Rotation.from_rotvec(turns).as_matrix() @ headings[1:]])
    return headings


def steady_view(heading: Rotations, kind: str, frames_per_s: float, *, smoothing_s: float = 0.5) -> Rotations:
    """Return ``world_from_file`` (n, 3, 3): the part of the camera's rotation that stays in the files.

    "lock" leaves nothing, all files have the first frame's heading; "off" leaves everything; "smooth" leaves the intended
    motion, which is each turn's local straight line over a Gaussian window of ``smoothing_s``.
    """
    if kind == "lock":
        return np.tile(np.eye(3), (len(heading), 1, 1))
    if kind == "off":
        return heading
    width = smoothing_s * frames_per_s
    reach = int(np.ceil(3 * width))
    smooth = [_local_mean(heading, number, width, reach) for number in range(len(heading))]
    return np.stack(smooth)


def _local_mean(heading: Rotations, number: int, width: float, reach: int) -> Float64[np.ndarray, "3 3"]:
    """Return the intercept of the straight line through the neighbours' turns, as seen from here."""
    near = np.arange(max(0, number - reach), min(len(heading), number + reach + 1))
    turns = Rotation.from_matrix(heading[number].T @ heading[near]).as_rotvec()
    offset = near - number
    weight = np.exp(-0.5 * (offset / width) ** 2)
    design = np.stack([np.ones(len(near)), offset], 1)
    normal = design.T @ (weight[:, None] * design) + 1e-9 * np.eye(2)
    intercept = np.linalg.solve(normal, design.T @ (weight[:, None] * turns))[0]
    return heading[number] @ Rotation.from_rotvec(intercept).as_matrix()
