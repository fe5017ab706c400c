"""How like photographs a scene is from the places where they were taken, best of all photographs that it was not made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32

from spag4d.check.likeness import HEIGHT, decibels, mean_over, seen_from
from spag4d.data import Gaussians, Pose
from spag4d.geometry.equirect import crop_sphere, pad_sphere, solid_angle_weights
from spag4d.photos.image import picture_files, read_panorama
from spag4d.progress import SILENT, Progress
from spag4d.render.view import render_panorama
from spag4d.world.known_poses import KnownPoses

_WINDOW_PX, _SIGMA_PX = 5, 1.5
"""Radius and spread of the window in which structures are compared, as Wang et al. 2004 have them."""
_STABLE_MEAN, _STABLE_CONTRAST = 0.01**2, 0.03**2
"""The same paper's constants, for values of 0 to 1."""


@dataclass(frozen=True)
class ViewLikeness:
    """A photograph beside the scene from its place, ``from_origin_m`` from the origin.

    ``psnr_db`` and ``ssim`` (Wang et al. 2004, the mean over the colours) are weighted by solid angle, at the rows of
    `likeness.HEIGHT`; what the photograph does not show is left out.
    """

    name: str
    from_origin_m: float
    psnr_db: float
    ssim: float


def posed_photos(photos: Path, poses: KnownPoses, *, progress: Progress = SILENT) -> dict[Path, Pose]:
    """Return the poses of a photograph, or of those in a folder; warns of those without one.

    Raises `InputError` where none has a pose.
    """
    paths = picture_files(photos.iterdir()) if photos.is_dir() else [photos]
    names = {path: poses.named(path.name) for path in paths}
    unknown = [path.name for path, name in names.items() if name is None]
    if len(unknown) == len(paths):
        poses.check([path.name for path in paths], fewest=1)
    if unknown:
        progress.warn(f"not compared, as {poses.path} has no pose for them: {', '.join(unknown)}")
    return {path: poses.model.poses[name] for path, name in names.items() if name is not None}


def find_views(
    gaussians: Gaussians, photos: Mapping[Path, Pose], *, progress: Progress = SILENT
) -> tuple[ViewLikeness, ...]:
    """Draw the scene from the place of each photograph, whose poses are in the scene's own axes and metres."""
    found = []
    for path, pose in photos.items():
        progress.report("Comparing views", len(found), len(photos))
        photo = read_panorama(path)
        rgb, valid = seen_from(photo.rgb, photo.valid, pose.rotation, HEIGHT)
        shown = render_panorama(gaussians, HEIGHT, pose.translation).rgb
        weights = np.where(valid, solid_angle_weights(HEIGHT)[:, None], 0)
        psnr_db = decibels(mean_over(((shown - rgb) ** 2).mean(-1), weights))
        likeness = mean_over(structural_similarity(shown, rgb), weights)
        found.append(ViewLikeness(path.name, float(np.linalg.norm(pose.translation)), psnr_db, likeness))
    progress.report("Comparing views", len(found), len(photos))
    return tuple(found)


def structural_similarity(
    one: Float32[np.ndarray, "h w 3"], other: Float32[np.ndarray, "h w 3"]
) -> Float32[np.ndarray, "h w"]:
    """Return how alike two panoramas are around each pixel, 1 where they are the same; the mean over the colours."""
    one, other = (pad_sphere(picture, _WINDOW_PX) for picture in (one, other))

    def around(values: np.ndarray) -> np.ndarray:
        size = 2 * _WINDOW_PX + 1
        return np.asarray(cv2.GaussianBlur(values, (size, size), _SIGMA_PX))

    mean, mean_other = around(one), around(other)
    variances = around(one * one) - mean**2 + around(other * other) - mean_other**2
    common = around(one * other) - mean * mean_other
    alike = ((2 * mean * mean_other + _STABLE_MEAN) * (2 * common + _STABLE_CONTRAST)
             / ((mean**2 + mean_other**2 + _STABLE_MEAN) * (variances + _STABLE_CONTRAST)))
    return crop_sphere(alike, _WINDOW_PX).mean(-1)


def summary(views: Sequence[ViewLikeness]) -> str:
    """Describe all of them in a line."""
    worst = min(views, key=lambda view: view.psnr_db)
    psnr_db, likeness = (float(np.mean([getattr(view, name) for view in views])) for name in ("psnr_db", "ssim"))
    count = "1 photograph" if len(views) == 1 else f"{len(views)} photographs"
    least = "" if len(views) == 1 else f"; the least alike is {worst.name}, {worst.psnr_db:.1f} dB"
    return f"{count}: {psnr_db:.1f} dB, structural similarity {likeness:.3f}{least}"
