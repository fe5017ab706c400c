"""Does a scene look like its panorama from the capture point: which way it is turned, how alike, and where not."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Float64

from spag4d.data import Gaussians, Panorama
from spag4d.geometry.equirect import directions, pixels_from_directions, row_elevations_rad, solid_angle_weights
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.progress import SILENT, Progress
from spag4d.render.view import Rendering, render_panorama

HEIGHT = 512
"""Rows, 0.35° each, as far as the built-in depth model resolves: likeness is judged there, not sharpness."""
_COARSE = 48
"""Rows of the pictures in which all turns are tried, 3.75° apart; around the best, finer ones follow."""
_BAND_RAD, _POLE_RAD = float(np.radians(3)), float(np.radians(10))
"""Beside the seam, 3°, and around the poles, 10°: wide enough that one Gaussian does not decide."""
_OPEN = 0.5
"""Alpha below which the background shows more than the scene."""
_BETTER = 0.05
"""How much better a turned or mirrored picture has to correlate than the unturned one."""
_SAME = 0.35
"""Correlation of the scene's own picture at least. Not tuned: conversions reach 0.99, it only has to refuse other pictures."""

_POSES = {
    "": np.diag([1.0, 1, 1]),
    "upside down (a half turn about x)": np.diag([1.0, -1, -1]),
    "lying on its back (a quarter turn about x)": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "lying on its face (a quarter turn about x)": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
}


@dataclass(frozen=True)
class Orientation:
    """How a scene stands in relation to its panorama.

    ``lies`` describes how it lies, empty where it is upright; it is ``mirrored``, and turned to the right by
    ``azimuth_deg``. ``correlation`` (-1–1) is that of the scene and the turned picture, ``unturned`` without turning.
    ``scene_from_photo`` (3, 3) takes the photo's directions to the scene's.
    """

    lies: str
    mirrored: bool
    azimuth_deg: float
    correlation: float
    unturned: float
    scene_from_photo: Float64[np.ndarray, "3 3"]

    @property
    def is_right(self) -> bool:
        """Whether the scene is oriented like its picture."""
        return not (self.lies or self.mirrored or self.azimuth_deg)

    @property
    def is_alike(self) -> bool:
        """Whether it is the same picture at all."""
        return self.correlation >= _SAME

    def __str__(self) -> str:
        """Describe it."""
        if not self.is_alike:
            return "does not look like this panorama, whichever way it is turned"
        turn = f"turned to the {'right' if self.azimuth_deg > 0 else 'left'} by {abs(self.azimuth_deg):.0f}°"
        if self.mirrored and np.allclose(self.scene_from_photo, np.diag([1.0, -1, 1]), atol=0.05):
            return "a mirror image upside down: only y was negated, in the means but not in the rotations"
        words = [self.lies, "a mirror image" if self.mirrored else "", turn if self.azimuth_deg else ""]
        return ", ".join(word for word in words if word) or "like the panorama"


@dataclass(frozen=True)
class Likeness:
    """A scene beside its panorama, both from the capture point and in the scene's own orientation.

    PSNR in dB is weighted by solid angle and leaves out what the panorama does not show. ``classic_db`` is for rasterisers
    as the original one, ``compensated_db`` as in web viewers; the rest is for these: ``brightness`` the ratio of means;
    ``seam`` the root mean square error within 3° of the panorama's left and right edge, as a ratio to elsewhere;
    ``zenith_open`` and ``nadir_open`` the shares that are see-through within 10°, ``poles_db`` the PSNR there.
    ``error`` (h, w) is the mean difference 0–1 of the pixels, zero where nothing is known.
    """

    orientation: Orientation
    classic_db: float
    compensated_db: float
    brightness: float
    seam: float
    zenith_open: float
    nadir_open: float
    poles_db: float
    photo: Float32[np.ndarray, "h w 3"]
    error: Float32[np.ndarray, "h w"]


def find_likeness(
    gaussians: Gaussians, panorama: Panorama, shown: Rendering, *, progress: Progress = SILENT
) -> Likeness:
    """Compare a scene, ``shown`` compensated from the capture point, with a panorama; at the height of that picture."""
    height = shown.alpha.shape[0]
    orientation = find_orientation(shown, panorama)
    photo, valid = seen_from(panorama.rgb, panorama.valid, orientation.scene_from_photo, height)
    progress.report("Comparing", 0, 1)
    classic = render_panorama(gaussians, height, compensated=False)
    progress.report("Comparing", 1, 1)
    weights = np.where(valid, solid_angle_weights(height)[:, None], 0)
    square = ((shown.rgb - photo) ** 2).mean(-1)
    rays = directions(height)
    seam = _seam(rays, orientation.scene_from_photo)
    elevation = row_elevations_rad(height)[:, None]
    zenith, nadir = (np.broadcast_to(pole > np.pi / 2 - _POLE_RAD, valid.shape) for pole in (elevation, -elevation))
    elsewhere = mean_over(square, np.where(seam | zenith | nadir, 0, weights))
    return Likeness(
        orientation=orientation,
        classic_db=decibels(mean_over(((classic.rgb - photo) ** 2).mean(-1), weights)),
        compensated_db=decibels(mean_over(square, weights)),
        brightness=mean_over(shown.rgb.mean(-1), weights) / max(mean_over(photo.mean(-1), weights), 1e-6),
        seam=float(np.sqrt(mean_over(square, np.where(seam & ~zenith & ~nadir, weights, 0)) / max(elsewhere, 1e-9))),
        zenith_open=mean_over(shown.alpha < _OPEN, np.where(zenith, weights, 0)),
        nadir_open=mean_over(shown.alpha < _OPEN, np.where(nadir, weights, 0)),
        poles_db=decibels(mean_over(square, np.where(zenith | nadir, weights, 0))),
        photo=photo,
        error=np.where(valid, np.abs(shown.rgb - photo).mean(-1), 0).astype(np.float32),
    )


def poles_open(shown: Rendering) -> tuple[float, float]:
    """Return the see-through part of the sphere within 10° of zenith and nadir."""
    weights = np.broadcast_to(solid_angle_weights(shown.alpha.shape[0])[:, None], shown.alpha.shape)
    elevation = row_elevations_rad(shown.alpha.shape[0])[:, None]
    poles = (pole > np.pi / 2 - _POLE_RAD for pole in (elevation, -elevation))
    found = (mean_over(shown.alpha < _OPEN, np.where(pole, weights, 0)) for pole in poles)
    zenith, nadir = found
    return zenith, nadir


def find_orientation(shown: Rendering, panorama: Panorama) -> Orientation:
    """Try the usual orientations of other tools' scenes, mirrored or not, at every azimuth, and return the best fit.

    The measure is the correlation of brightness over the sphere. Where none is clearly better, the scene is upright.
    """
    found = []
    for lies, pose in _POSES.items():
        for mirrored in (False, True):
            flip = np.diag([-1.0 if mirrored else 1.0, 1, 1])
            correlations = _by_shift(shown, panorama, pose, flip, _COARSE, np.arange(2 * _COARSE))
            found += [(float(value), shift, lies, mirrored) for shift, value in enumerate(correlations)]
    unturned = found[0][0]
    best, shift, lies, mirrored = max(found, key=lambda one: one[0])
    is_near = min(shift, 2 * _COARSE - shift) <= 1 and not lies and not mirrored
    if best < unturned + _BETTER or is_near:
        return Orientation("", False, 0.0, unturned, unturned, np.eye(3))
    flip = np.diag([-1.0 if mirrored else 1.0, 1, 1])
    azimuth_rad = _refined(shown, panorama, _POSES[lies], flip, shift)
    turned = _POSES[lies] @ rotation_from_yaw_pitch_roll(azimuth_rad, 0.0, 0.0) @ flip
    return Orientation(lies, mirrored, round(float(np.degrees(azimuth_rad)), 1), best, unturned, turned)


def _refined(shown: Rendering, panorama: Panorama, pose: np.ndarray, flip: np.ndarray, shift: int) -> float:
    """Return the azimuth to a fraction of a degree, -π to π."""
    height = min(256, shown.alpha.shape[0])
    finer = height // _COARSE + 1
    around = round(shift * height / _COARSE) + np.arange(-finer, finer + 1)
    best = around[_by_shift(shown, panorama, pose, flip, height, around).argmax()]
    return float((best * np.pi / height + np.pi) % (2 * np.pi) - np.pi)


def _by_shift(
    shown: Rendering, panorama: Panorama, pose: np.ndarray, flip: np.ndarray, height: int, shifts: np.ndarray
) -> Float64[np.ndarray, " shifts"]:
    """Return the correlations of the scene, laid upright and turned left by each number of pixels, with the photo."""
    photo, valid = seen_from(panorama.rgb, panorama.valid, flip, height)
    scene, _ = seen_from(shown.rgb, None, pose.T, height)
    weights = np.where(valid, solid_angle_weights(height)[:, None], 0).ravel()
    weights /= max(weights.sum(), 1e-12)
    photo = photo.mean(-1).ravel() - weights @ photo.mean(-1).ravel()
    grey, found = scene.mean(-1), []
    for shift in shifts:
        turned = np.roll(grey, -shift, axis=1).ravel()
        turned = turned - weights @ turned
        spread = np.sqrt((weights @ photo**2) * (weights @ turned**2))
        found.append(weights @ (photo * turned) / max(spread, 1e-9))
    return np.array(found)


def seen_from(
    rgb: Float32[np.ndarray, "h w 3"], valid: Bool[np.ndarray, "h w"] | None, turned_from_own: Float64[np.ndarray, "3 3"],
    height: int,
) -> tuple[Float32[np.ndarray, "m n 3"], Bool[np.ndarray, "m n"]]:
    """Return a panorama at another height, averaged over areas, after a turn, and the mask of its known pixels."""
    known = np.ones(rgb.shape[:2], bool) if valid is None else valid
    share = known.astype(np.float32)
    if rgb.shape[0] > height:
        size = (2 * height, height)
        rgb, share = (cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in (rgb, share))  # type: ignore[misc]
    if rgb.shape[0] != height or not np.array_equal(turned_from_own, np.eye(3)):
        places = pixels_from_directions(directions(height) @ turned_from_own.astype(np.float32), rgb.shape[0])
        across, down = places[..., 0] + 1, np.ascontiguousarray(places[..., 1])
        rgb, share = (cv2.remap(np.concatenate([image[:, -1:], image, image[:, :1]], 1), across, down, cv2.INTER_LINEAR,
                                borderMode=cv2.BORDER_REPLICATE) for image in (rgb, share))
    return np.ascontiguousarray(rgb), share > 0.999


def _seam(rays: Float32[np.ndarray, "h w 3"], scene_from_photo: np.ndarray) -> Bool[np.ndarray, "h w"]:
    """Return the directions beside the photo's left and right edge."""
    x, _, z = np.moveaxis(rays @ scene_from_photo.astype(np.float32), -1, 0)
    return np.abs(np.arctan2(x, -z)) < _BAND_RAD


def mean_over(values: np.ndarray, weights: np.ndarray) -> float:
    """Return a weighted mean, 0 where nothing has weight."""
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total > 0 else 0.0


def decibels(square: float) -> float:
    """Return the PSNR of a mean square error of values of 0 to 1, at most 100 dB."""
    return float(-10 * np.log10(max(square, 1e-10)))
