"""Depth edges as curves: where log distance is steepest, and the profile across each of their points.

Everything here works on a padded working grid (see `geometry.equirect.pad_sphere`), positions being (x, y) in its index
coordinates. ``log_distance`` is the natural logarithm of metres.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

_SMOOTHING_PX = 1.0
_CANNY_SCALE = 3000.0  # 16-bit gradients: a slope of 1.36 per pixel saturates, 4e-5 is one unit
_STILL_FALLS = 0.03  # a ramp has ended where its slope falls by less than this part of its steepest
_BEYOND = 3  # samples past the reach, to see how the surface goes on


@dataclass(frozen=True)
class Profiles:
    """``n`` points of depth edges, and log distance on a line across each, from its near to its far side.

    ``point`` (n, 2) and the unit ``normal`` (n, 2), which points to the far side; ``values`` (n, 2 * half + 1) at offsets
    -half … half pixels along the normal.
    """

    point: Float32[np.ndarray, "n 2"]
    normal: Float32[np.ndarray, "n 2"]
    values: Float32[np.ndarray, "n k"]

    @property
    def half(self) -> int:
        """Offset of the first and last sample in pixels."""
        return self.values.shape[1] // 2

    def select(self, keep: np.ndarray) -> "Profiles":
        """Return the points where ``keep`` is true."""
        return Profiles(self.point[keep], self.normal[keep], self.values[keep])

    def positions(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Return x and y (n, last - first + 1) of the samples at offsets first … last."""
        steps = np.arange(first, last + 1, dtype=np.float32)
        x = self.point[:, :1] + self.normal[:, :1] * steps
        return x, self.point[:, 1:] + self.normal[:, 1:] * steps


def find_profiles(
    log_distance: Float32[np.ndarray, "h w"], known: Bool[np.ndarray, "h w"], reach: int, jump: float
) -> Profiles:
    """Find the crests of the slope that a jump of ``jump`` (in log distance) within ``reach`` pixels could have.

    Points whose gradient touches a pixel that is not ``known``, or whose line leaves the grid, are left out. Grazing
    surfaces may pass: whether there is a jump at all is for `fit_sides` to say.
    """
    smooth = cv2.GaussianBlur(log_distance, (7, 7), _SMOOTHING_PX)
    dx, dy = (_to_int16(cv2.Sobel(smooth, cv2.CV_32F, *order, scale=_CANNY_SCALE)) for order in ((1, 0), (0, 1)))
    lowest = 8 * _CANNY_SCALE * jump / reach
    crest = cv2.Canny(dx, dy, lowest, lowest, L2gradient=True)
    crest[cv2.erode(known.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0] = 0
    half = reach + _BEYOND
    crest[:half], crest[-half:], crest[:, :half], crest[:, -half:] = 0, 0, 0, 0
    rows, columns = np.nonzero(crest)
    gradient = np.stack([dx[rows, columns], dy[rows, columns]], -1).astype(np.float32)
    unit = gradient / np.linalg.norm(gradient, axis=-1, keepdims=True)
    normal = np.rint(unit * 1024) / np.float32(1024)  # positions are exact, so a turned panorama gives a turned result
    points = np.stack([columns, rows], -1).astype(np.float32)
    empty = Profiles(points, normal, np.zeros((len(points), 0), np.float32))
    return Profiles(points, normal, sample(log_distance, *empty.positions(-half, half)))


def _to_int16(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -32767, 32767, out=values).astype(np.int16)


def sample(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the image (h, w[, c]) at positions (x, y), bilinearly."""
    if x.size == 0:
        return np.zeros((*x.shape, *image.shape[2:]), image.dtype)
    flat = cv2.remap(image, _sheet(x), _sheet(y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return flat.reshape(-1, *image.shape[2:])[: x.size].reshape(*x.shape, *image.shape[2:])


def _sheet(values: np.ndarray, width: int = 4096) -> np.ndarray:
    """Lay a long list out as a picture, which `cv2.remap` limits to 32767 columns."""
    rows = -(-values.size // width)
    sheet = np.zeros(rows * width, np.float32)
    sheet[: values.size] = values.ravel()
    return sheet.reshape(rows, width)


@dataclass(frozen=True)
class Sides:
    """The two surfaces that meet at each of ``n`` edge points.

    All in pixels along the normal: the ramp begins at offset ``-near_px`` and ends at ``far_px``; the middle of the jump lies
    at ``middle_px``. Each surface is inverse distance, linear in the offset as a plane's is: ``near`` and ``far`` (n, 2) hold
    its value at offset 0 and its slope. ``jump`` is in log distance, ``steepest`` its largest part between two samples.
    """

    near_px: Float32[np.ndarray, " n"]
    far_px: Float32[np.ndarray, " n"]
    middle_px: Float32[np.ndarray, " n"]
    near: Float32[np.ndarray, "n 2"]
    far: Float32[np.ndarray, "n 2"]
    jump: Float32[np.ndarray, " n"]
    steepest: Float32[np.ndarray, " n"]

    def select(self, keep: np.ndarray) -> "Sides":
        """Return the points where ``keep`` is true."""
        return Sides(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))


def fit_sides(profiles: Profiles, surfaces: Float32[np.ndarray, "n k"]) -> Sides:
    """Find where the ramp of each profile ends on either side, and the surfaces beyond its ends.

    ``surfaces`` are the profiles of the map that the surfaces are read from, of the same shape as ``profiles.values``.
    """
    half = profiles.half
    slopes = np.diff(profiles.values, axis=1)  # slopes[:, half + k] lies between offsets k and k + 1
    steepest = slopes[:, half - 2 : half + 2].max(1)
    far_px = _ramp_end(slopes[:, half:], steepest)
    near_px = _ramp_end(slopes[:, :half][:, ::-1], steepest)
    near = _surface(surfaces[:, ::-1], half, near_px, steepest) * np.array([1, -1], np.float32)
    far = _surface(surfaces, half, far_px, steepest)
    middle = _crossing(profiles.values, half, near_px, far_px)
    ends = [np.log(np.maximum(side[:, 0] + side[:, 1] * middle, 1e-9)) for side in (near, far)]
    return Sides(near_px.astype(np.float32), far_px.astype(np.float32), middle, near, far, ends[0] - ends[1], steepest)


def _ramp_end(slopes: np.ndarray, steepest: np.ndarray) -> np.ndarray:
    """Return the first offset (n,) at which the slope no longer falls: a surface, or the next edge; the last one if nowhere."""
    reach = slopes.shape[1] - _BEYOND
    offsets = np.arange(reach)
    later = np.minimum(np.ceil(1.3 * offsets).astype(int) + 1, slopes.shape[1] - 1)
    here = slopes[:, :reach]
    over = (here - slopes[:, later] < _STILL_FALLS * steepest[:, None]) & (here < 0.5 * steepest[:, None])
    over[:, -1] = True
    return over.argmax(1)


def _surface(values: np.ndarray, half: int, end_px: np.ndarray, steepest: np.ndarray) -> np.ndarray:
    """Return inverse distance (n, 2) at offset 0 and per pixel, of the surface outward of ``end_px``."""
    rows, at = np.arange(len(values)), half + end_px
    onward = values[rows, at + 2] - values[rows, at]
    bent = np.abs(onward - 2 * (values[rows, at + 1] - values[rows, at]))
    trusted = (np.abs(onward) < 0.3 * steepest) & (bent < 0.1 * steepest)
    inverse = np.exp(-values[rows, at])
    slope = np.where(trusted, np.exp(-values[rows, at + 2]) - inverse, 0) / 2
    return np.stack([inverse - slope * end_px, slope], -1).astype(np.float32)


def _crossing(values: np.ndarray, half: int, near_px: np.ndarray, far_px: np.ndarray) -> np.ndarray:
    """Return the offset (n,) at which the profile passes the mean of the values at its ramp's two ends."""
    rows = np.arange(len(values))
    level = (values[rows, half - near_px] + values[rows, half + far_px])[:, None] / 2
    offsets = np.arange(-half, half + 1)
    inside = (offsets >= -near_px[:, None]) & (offsets <= far_px[:, None])
    first = np.minimum((inside & (values >= level)).argmax(1), 2 * half)
    before = np.maximum(first - 1, 0)
    rise = np.maximum(values[rows, first] - values[rows, before], 1e-6)
    part = np.clip((values[rows, first] - level[:, 0]) / rise, 0, 1)
    return (first - part - half).astype(np.float32)
