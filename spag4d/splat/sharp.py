"""SHARP on a panorama: face by face, aligned before there is any Gaussian, then in one of two ways.

`refined` leaves the Gaussians of our fine layer where they are and takes their size, opacity and colour from SHARP's visible
layer; `layered` takes SHARP's own two layers, of which the second is what objects hide.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Float32

from spag4d.data import DepthMap, Gaussians, Panorama, PinholeCamera
from spag4d.geometry.camera import view_pixels_from_directions
from spag4d.geometry.equirect import pixels_from_directions
from spag4d.geometry.resample import sample, views_from_panorama
from spag4d.geometry.rotation import quats_from_rotations, rotations_from_quats
from spag4d.progress import SILENT, Progress
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.sharp_align import align_faces
from spag4d.splat.sharp_faces import NETWORK_PX, Faces, owners
from spag4d.splat.sharp_model import Encoded, FaceGaussians, SharpModel, fov_deg

_STAGE = "SHARP"
_ALIASING = 1.25
"""Rows of the panorama per row of a view's middle, as its corners are finer."""
_LEAST_OPACITY = 0.02
"""Of SHARP's own Gaussians: fainter ones are haze, and cost as much as others."""
_MOST_OPACITY = 0.99
"""As the Gaussians of the surfaces: a logit stays finite, and more is not seen at 8 bits."""
_SAME_SURFACE = 0.02
"""In log depth: within 2 % of the first layer the second adds to its opacity."""
_HOLE = 0.02
"""Light that may pass between four Gaussians, five grey levels of white."""
_SIZE_LIMIT = 2.0
"""Factor by which SHARP may change a size either way; judgement: beyond it lies a disagreement about what is there."""
_UPPER = np.triu_indices(3)
"""The six different entries of a symmetric matrix."""


@dataclass(frozen=True)
class Blends:
    """How much of SHARP's values is taken, 0–1, in log, logit and sRGB space."""

    scale: float = 0.8
    opacity: float = 1.0
    color: float = 0.5


def predicted(
    panorama: Panorama, depth: DepthMap, model: SharpModel, faces: Faces, *, progress: Progress = SILENT
) -> Iterator[tuple[int, FaceGaussians]]:
    """Yield the Gaussians of each face, aligned to the panorama's depth and to each other.

    All faces are looked at first, as their depths have to agree before the first is decoded; what the network knows of them
    waits in a temporary folder, so that memory holds one face. Raises `Cancelled` and `ResourceError`.
    """
    count = len(faces.cameras)
    with tempfile.TemporaryDirectory(prefix="spag4d-sharp-") as folder:
        disparities = []
        for number, camera in enumerate(faces.cameras):
            progress.report(_STAGE, number, 2 * count)
            encoded = model.encode(_picture(panorama, camera, faces), patch_overlap=faces.patch_overlap, progress=progress)
            np.savez(Path(folder) / f"{number}.npz", encoded.disparity, *encoded.maps)
            disparities.append(encoded.disparity[0])
        corrections = align_faces(disparities, faces.cameras, depth)
        for number, (camera, correction) in enumerate(zip(faces.cameras, corrections, strict=True)):
            progress.report(_STAGE, count + number, 2 * count)
            with np.load(Path(folder) / f"{number}.npz") as kept:
                disparity, *maps = (kept[name] for name in kept.files)
            encoded = Encoded(disparity, maps)
            found = model.decode(_picture(panorama, camera, faces), encoded, correction(disparity),
                                 fov_deg(camera.fx, camera.width), progress=progress)
            yield number, found
    progress.report(_STAGE, 2 * count, 2 * count)


def _picture(panorama: Panorama, camera: PinholeCamera, faces: Faces) -> Float32[np.ndarray, "_ _ 3"]:
    """Return what a face sees, averaged where the panorama is finer, enlarged to the network's size where it is coarser."""
    small = camera.scaled(faces.render_px / NETWORK_PX)
    height = round(_ALIASING * np.pi * small.fx)
    source = panorama.rgb
    if height < panorama.size_hw[0]:
        source = cv2.resize(source, (2 * height, height), interpolation=cv2.INTER_AREA)
    view = views_from_panorama(source, [small])[0]
    if faces.render_px != NETWORK_PX:
        view = cv2.resize(view, (NETWORK_PX, NETWORK_PX), interpolation=cv2.INTER_LINEAR)
    return np.clip(view, 0, 1)


def layered(
    panorama: Panorama, depth: DepthMap, model: SharpModel, faces: Faces, *, blends: Blends | None = None,
    near_far_m: tuple[float, float] = (0.1, 100.0), progress: Progress = SILENT,
) -> Gaussians:
    """Return SHARP's own two layers: every direction from the one face that it belongs to, sky left out.

    The visible layer's colours are blended with the panorama's. Nearer than ``near_far_m[0]`` nothing is drawn, farther than
    ``near_far_m[1]`` it is drawn at that distance. Raises `Cancelled` and `ResourceError`.
    """
    blends = blends or Blends()
    parts = [
        _owned(number, found, panorama, depth, faces, blends, near_far_m)
        for number, found in predicted(panorama, depth, model, faces, progress=progress)]
    return Gaussians.concatenate(parts)


def _owned(
    number: int, found: FaceGaussians, panorama: Panorama, depth: DepthMap, faces: Faces, blends: Blends,
    near_far_m: tuple[float, float],
) -> Gaussians:
    rotation = faces.cameras[number].world_from_camera.rotation.astype(np.float32)
    means = found.means.reshape(-1, 3) @ rotation.T
    distance = np.linalg.norm(means, axis=1)
    keep = np.isfinite(means).all(1) & np.isfinite(found.scales).all(-1).ravel() & (distance > near_far_m[0])
    keep &= found.opacities.ravel() > _LEAST_OPACITY
    keep[keep] = owners(faces.cameras, means[keep]) == number
    keep[keep] = _is_shown(means[keep], panorama, depth)
    nearer = np.minimum(1, np.float32(near_far_m[1]) / distance[keep])[:, None]
    turned = rotation @ rotations_from_quats(found.quats_wxyz.reshape(-1, 4)[keep])
    colors = found.colors.reshape(-1, 3)[keep]
    seen = np.flatnonzero(keep) < keep.size // 2
    colors[seen] += (1 - np.float32(blends.color)) * (_color_at(panorama, means[keep][seen]) - colors[seen])
    return Gaussians(
        means[keep] * nearer, found.scales.reshape(-1, 3)[keep] * nearer, quats_from_rotations(turned),
        np.minimum(found.opacities.ravel()[keep], np.float32(_MOST_OPACITY)), np.clip(colors, 0, 1))


def _is_shown(directions: Float[np.ndarray, "n 3"], panorama: Panorama, depth: DepthMap) -> np.ndarray:
    """Return which directions (n, 3) see a surface, and a part of the picture that holds something."""
    height, width = depth.size_hw
    u, v = np.moveaxis(np.rint(pixels_from_directions(directions, height)).astype(int), -1, 0)
    v = np.clip(v, 0, height - 1)
    shown = ~depth.sky[v, u % width]
    return shown if panorama.valid is None else shown & panorama.valid[v, u % width]


def _color_at(panorama: Panorama, directions: Float[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
    """Return the panorama's sRGB (n, 3) in directions (n, 3)."""
    height, width = panorama.size_hw
    wrapped = np.concatenate([panorama.rgb[:, -1:], panorama.rgb, panorama.rgb[:, :1]], 1)
    pixels = pixels_from_directions(directions, height).astype(np.float32) + np.array([1, 0], np.float32)
    return _along_rows(wrapped, pixels)


def _along_rows(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Sample at positions (n, 2); OpenCV wants them in a picture of not too many columns."""
    columns = 4096
    rows = max(1, -(-len(pixels) // columns))
    places = np.zeros((rows * columns, 2), np.float32)
    places[: len(pixels)] = pixels
    found = sample(image, places.reshape(rows, columns, 2))
    return found.reshape(rows * columns, *image.shape[2:])[: len(pixels)]


def refined(
    fine: Gaussians, panorama: Panorama, depth: DepthMap, model: SharpModel, faces: Faces, *, look: Look,
    cells_rad: Float32[np.ndarray, " m"], blends: Blends | None = None, progress: Progress = SILENT,
) -> Gaussians:
    """Return the Gaussians of our fine layer in their places, with size, opacity and colour from SHARP.

    ``look`` is theirs; ``cells_rad`` is the size of the cell of each, or one for all. Sizes are SHARP's in cells of its face,
    taken for cells of our grid, along the axes that ours have, and at most twice or half of what they were. A flat area never
    lets more than 2 % of the light through. Raises `Cancelled` and `ResourceError`.
    """
    blends = blends or Blends()
    if not (blends.scale or blends.opacity or blends.color):
        return fine
    out = replace(fine, scales=fine.scales.copy(), opacities=fine.opacities.copy(), colors=fine.colors.copy())
    cell = np.linalg.norm(fine.means, axis=1) * cells_rad
    lone = fine.scales[:, 0] / cell > (look.backed_sd + look.lone_sd) / 2 if look.backing else np.ones(len(fine), bool)
    owner = owners(faces.cameras, fine.means)
    for number, found in predicted(panorama, depth, model, faces, progress=progress):
        chosen = np.flatnonzero(owner == number)
        if chosen.size:
            camera = faces.cameras[number]
            _refine(out, chosen, lone[chosen], cell[chosen], camera, _Attributes.of(found, camera), blends)
    return out


@dataclass(frozen=True)
class _Attributes:
    """What the cells (h, w) of a face's visible layer look like, apart from where they are.

    ``shape`` (h, w, 6) is the covariance in the camera's frame in squares of the cell's own size; then logit of opacity, sRGB.
    """

    shape: np.ndarray
    logit: np.ndarray
    colors: np.ndarray

    @staticmethod
    def of(found: FaceGaussians, camera: PinholeCamera) -> _Attributes:
        """Read them off the Gaussians; what the second layer adds on the same surface counts for opacity."""
        z = found.means[..., 2]
        height, columns = z.shape[1:]
        cell = z[0].reshape(-1, 1, 1) * np.float32(camera.width / camera.fx / columns)
        axes = rotations_from_quats(found.quats_wxyz[0].reshape(-1, 4)) * (found.scales[0].reshape(-1, 1, 3) / cell)
        covariance = axes @ axes.transpose(0, 2, 1)
        same = np.abs(np.log(z[1] / z[0])) < _SAME_SURFACE
        opacity = 1 - (1 - found.opacities[0]) * (1 - found.opacities[1] * same)
        shape = covariance[(slice(None), *_UPPER)].reshape(height, columns, 6)
        return _Attributes(np.ascontiguousarray(shape), _logit(opacity), found.colors[0])


def _refine(
    out: Gaussians, chosen: np.ndarray, lone: np.ndarray, cell_m: np.ndarray, camera: PinholeCamera, face: _Attributes,
    blends: Blends,
) -> None:
    """Give the ``chosen`` Gaussians of a face their new size, opacity and colour."""
    pixels = view_pixels_from_directions(camera, out.means[chosen])
    cells = ((pixels + 0.5) * (face.logit.shape[0] / camera.width) - 0.5).astype(np.float32)
    shape = np.empty((chosen.size, 3, 3), np.float32)
    for row, column, values in zip(*_UPPER, _along_rows(face.shape, cells).T, strict=True):
        shape[:, row, column] = shape[:, column, row] = values
    axes = camera.world_from_camera.rotation.T.astype(np.float32) @ rotations_from_quats(out.quats_wxyz[chosen])
    sizes = np.sqrt(np.einsum("nik,nij,njk->nk", axes, shape, axes)) * cell_m[:, None]
    old = out.scales[chosen]
    scales = old * np.clip(sizes / old, 1 / _SIZE_LIMIT, _SIZE_LIMIT) ** np.float32(blends.scale)
    before = _logit(out.opacities[chosen])
    opacities = _from_logit(before + np.float32(blends.opacity) * (_along_rows(face.logit, cells) - before))
    if blends.scale or blends.opacity:
        needed = np.interp(opacities, *_closing()) * cell_m / scales[:, :2].min(1)
        scales[:, :2] *= np.where(lone, np.maximum(needed, 1), 1)[:, None]
    out.scales[chosen], out.opacities[chosen] = scales, opacities
    out.colors[chosen] += np.float32(blends.color) * (_along_rows(face.colors, cells) - out.colors[chosen])


def _logit(opacity: np.ndarray) -> Float32[np.ndarray, "*n"]:  # noqa: F821
    limited = np.clip(opacity, 1 - _MOST_OPACITY, _MOST_OPACITY).astype(np.float32)
    return np.log(limited / (1 - limited))


def _from_logit(value: np.ndarray) -> Float32[np.ndarray, "*n"]:  # noqa: F821
    return (1 / (1 + np.exp(-value))).astype(np.float32)


def transmittance(pitches: float, opacity: float) -> float:
    """Return the share of light that passes a regular grid of Gaussians where it passes most: in the middle of four.

    ``pitches`` is their standard deviation in grid cells. The product of what each lets through.
    """
    return float(_passed(pitches, np.array([opacity]))[0])


def _passed(pitches: float, opacities: np.ndarray) -> np.ndarray:
    offsets = np.arange(12) + 0.5  # a quarter of them: the others let as much through
    squared = offsets[:, None] ** 2 + offsets**2
    return np.prod(1 - opacities * np.exp(-squared / (2 * pitches**2))[..., None], axis=(0, 1)) ** 4


@lru_cache(maxsize=1)
def _closing() -> tuple[np.ndarray, np.ndarray]:
    """Return opacities, and for each the least size in grid cells with which a grid is closed."""
    opacities, sizes = np.linspace(0.01, _MOST_OPACITY, 99), np.linspace(0.4, 6.0, 281)
    passed = np.stack([_passed(size, opacities) for size in sizes], 1)
    return opacities, sizes[(passed <= _HOLE).argmax(1)]
