"""Where the colours change: the border between the two sides of a depth edge, from the picture."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.refine.ridges import Profiles, Sides, sample

_NOISE = 0.03  # colours nearer than this (sRGB 0-1) are not told apart
_ALIKE_PX = 9  # along an edge the colours change slowly
_SMOOTH_PX = 15
_PATCH_PX = 5  # how far beyond the ramp a side's colour is learnt
_ODDS_LIMIT = 3.0  # no pixel alone decides
_ODDS_SHARE = 0.25  # neighbouring pixels repeat each other's evidence
_LEAST_AGREEMENT, _FULL_AGREEMENT = 0.5, 0.85  # of the odds in a ramp with its cut
_STAY = 0.02
_SCATTER_PX = 1.0
_SPREAD = 0.15  # standard deviation of the displacement between depth edge and colour edge, in ramp lengths
_SKYLINE_SPREAD = 0.6  # the same at the skyline, whose mask was given a short ramp


def color_odds(
    profiles: Profiles, sides: Sides, rgb: Float32[np.ndarray, "h w 3"], seen: Bool[np.ndarray, "n k"]
) -> Float32[np.ndarray, "n 4"]:
    """Return for each edge point the weights (r, g, b, 1) of the log odds that a colour belongs to the near side.

    Linear discriminant of two Gaussians with a common variance, learnt just outside the ramp on either side from the
    samples that are ``seen``.
    """
    mean = cv2.blur(rgb, (3, 3))
    half = profiles.half
    colors = sample(mean, *profiles.positions(-half, half))
    offsets = np.arange(-half, half + 1, dtype=np.float32)
    far = (offsets >= sides.far_px[:, None]) & (offsets <= sides.far_px[:, None] + _PATCH_PX) & seen
    near = (offsets <= -sides.near_px[:, None]) & (offsets >= -sides.near_px[:, None] - _PATCH_PX) & seen
    near_mean, near_var, far_mean, far_var = _averaged_along(
        profiles.point, [*_moments(colors, near), *_moments(colors, far)], rgb.shape[:2], _ALIKE_PX
    )
    apart, variance = near_mean - far_mean, (near_var + far_var) / 2 + _NOISE**2
    contrast = (apart**2).sum(-1, keepdims=True)
    weights = apart / variance * (contrast / (contrast + variance))
    constant = -(weights * (near_mean + far_mean)).sum(-1, keepdims=True) / 2
    return np.concatenate([weights, constant], -1).astype(np.float32)


def _moments(colors: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean (n, 3) and the variance, averaged over the channels, (n, 1) of the chosen samples (n, k)."""
    share = chosen / np.maximum(chosen.sum(1, keepdims=True), 1)
    mean = np.einsum("nk,nkc->nc", share, colors)
    spread = np.einsum("nk,nkc->n", share, (colors - mean[:, None]) ** 2)
    return mean, spread[:, None] / 3


def cut_edges(
    profiles: Profiles,
    sides: Sides,
    odds: Float32[np.ndarray, "n 4"],
    rgb: Float32[np.ndarray, "h w 3"],
    seen: Bool[np.ndarray, "n k"],
    is_skyline: Bool[np.ndarray, " n"],
) -> tuple[Float32[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
    """Return the offset along each profile at which near colours end and far colours begin, and the trust 0-1 in it.

    The most likely cut, given that cuts lie around the middle of the jump; then averaged along the edge, where clear
    colours count for more, so that texture does not fray it. Where colours in the ramp are not sorted into two sides, as
    with a dark cushion on a light sofa, the cut stays in the middle and trust is 0.
    """
    half = profiles.half
    offsets = np.arange(-half, half + 1, dtype=np.float32)
    on_ramp = (offsets >= -sides.near_px[:, None] - 1) & (offsets <= sides.far_px[:, None] + 1) & seen
    colors = sample(rgb, *profiles.positions(-half, half))
    near_odds = np.clip(colors @ odds[:, :3, None] + odds[:, 3:, None], -_ODDS_LIMIT, _ODDS_LIMIT)[..., 0] * on_ramp
    # A cut before sample k gives the samples before k to the near side: the odds before it speak for it, the rest against.
    gain = np.concatenate([np.zeros((len(near_odds), 1), np.float32), 2 * np.cumsum(near_odds, 1)], 1)
    gain -= near_odds.sum(1, keepdims=True)
    cuts = np.arange(-half, half + 2, dtype=np.float32) - 0.5
    spread = np.where(is_skyline, _SKYLINE_SPREAD, _SPREAD) * (sides.near_px + sides.far_px) / 2
    away = (cuts - sides.middle_px[:, None]) / np.maximum(spread, 1)[:, None]
    best = (_ODDS_SHARE * gain - away**2 / 2).argmax(1)
    agreed = gain[np.arange(len(gain)), best] / (np.abs(near_odds).sum(1) + 1e-6)
    trust = np.clip((agreed - _LEAST_AGREEMENT) / (_FULL_AGREEMENT - _LEAST_AGREEMENT), 0, 1)[:, None]
    clear = trust * np.abs(near_odds).mean(1, keepdims=True)
    shift = (cuts[best] - sides.middle_px)[:, None]
    moments = [shift * clear, shift**2 * clear, clear, trust]
    total, squares, clear, trust = _averaged_along(profiles.point, moments, rgb.shape[:2], _SMOOTH_PX)
    mean = total / (clear + _STAY)
    scatter = np.maximum(squares / (clear + _STAY) - mean**2, 0)
    steady = 1 / (1 + (scatter / _SCATTER_PX**2) ** 2)  # neighbours that disagree follow texture, not the outline
    return (mean * steady)[:, 0] + sides.middle_px, (trust * steady)[:, 0]


def _averaged_along(points: np.ndarray, values: list[np.ndarray], size_hw: tuple[int, ...], window_px: int) -> list[np.ndarray]:
    """Return each of the values (n, c) averaged over the edge points in a square window around each point."""
    columns, rows = points.astype(np.int64).T
    picture = np.zeros((*size_hw, 1), np.float32)
    picture[rows, columns] = 1
    count = cv2.boxFilter(picture, -1, (window_px, window_px), normalize=False)[rows, columns, None]
    averaged = []
    for value in values:
        picture = np.zeros((*size_hw, value.shape[1]), np.float32)
        picture[rows, columns] = value
        summed = cv2.boxFilter(picture, -1, (window_px, window_px), normalize=False)[rows, columns]
        averaged.append(summed.reshape(value.shape) / count)
    return averaged
