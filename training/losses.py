"""What the network is asked to get right: log distance, its shape, its edges with both their sides, and the sky.

Targets are (b, h, w) log distances in which +inf marks the sky and NaN a pixel that nobody knows anything about.
Means over pixels are weighted by solid angle, so that the poles of the picture count as little as they are small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from spag4d.networks.builtin import Answer, pad_sphere
from spag4d.networks.builtin_weights import MAX_DISTANCE_M, MIN_DISTANCE_M

GRADIENT_STEPS_PX = (1, 2, 4, 8, 16)
SPREAD = 0.1
"""Deviation of the log distance at which a pixel begins to belong to the other side of an edge."""
EDGE_STEP = 0.15
"""Difference of the log distance between neighbours from which on an edge is one that is seen when one steps aside."""
EDGE_REACH_PX = 4
EDGE_WEIGHT = 4.0
"""How often a pixel beside an edge counts: a tenth of the sphere, as much as a third of it."""


@dataclass(frozen=True)
class LossWeights:
    """How much each term counts in the sum."""

    metric: float = 0.5
    shape: float = 0.5
    relative: float = 0.5
    gradient: float = 0.5
    sides: float = 0.7
    sky: float = 0.3


def solid_angle(height: int, device: torch.device | str | None = None) -> torch.Tensor:
    """Cosine of the elevation of each row, scaled to mean one: (height, 1)."""
    rows = torch.arange(height, dtype=torch.float32, device=device)
    cosine = torch.cos(math.pi / 2 - math.pi * (rows + 0.5) / height)
    return (cosine / cosine.mean())[:, None]


def masks(target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return where the target holds a surface and where it holds sky, both bool of its shape."""
    return target.isfinite(), target.isposinf()


def depth_loss(
    answer: Answer, target: torch.Tensor, weights: LossWeights = LossWeights()
) -> tuple[torch.Tensor, dict[str, float]]:
    """Return the loss to minimise and its terms by name.

    The target is (b, h, w) as the maps of the answer are. ``metric`` is the mean absolute error of the likelier log distance,
    ``shape`` the same after the best common factor of each picture has been taken out, ``relative`` what is then left as a
    share of the distance (`relative_error`), ``gradient`` compares differences between neighbours on several grids, ``sides``
    is what the two distances and the choice between them leave unexplained (`sides_error`), near edges above all, ``sky`` the
    binary cross-entropy of the sky logit.
    """
    surface, sky = masks(target)
    area = solid_angle(target.shape[-2], target.device)
    weight = surface * area
    known = torch.where(surface, target, 0.0).clamp(math.log(MIN_DISTANCE_M), math.log(MAX_DISTANCE_M))
    error = torch.where(surface, answer.log_distance - known, 0.0)
    shape_error = error - typical_error(error, weight)
    edges = beside_edges(target)
    terms = {
        "metric": weighted_mean(error.abs(), weight),
        "shape": weighted_mean(shape_error.abs(), weight),
        "relative": weighted_mean(relative_error(shape_error), weight),
        "gradient": gradient_loss(error, weight),
        "sides": weighted_mean(sides_error(answer, known), weight * (1 + (EDGE_WEIGHT - 1) * edges)),
        "sky": weighted_mean(
            F.binary_cross_entropy_with_logits(answer.sky, sky.float(), reduction="none"), (surface | sky) * area
        ),
    }
    total = sum((getattr(weights, name) * term for name, term in terms.items()), error.new_zeros(()))
    return total, {name: float(term.detach()) for name, term in terms.items()}


def sides_error(answer: Answer, target: torch.Tensor) -> torch.Tensor:
    """Negative log likelihood of a mixture of two Laplace distributions around the two distances, times `SPREAD`.

    Where both are the same it is the absolute error; where the target is one of them, what the choice was unsure of.
    """
    near = F.logsigmoid(-answer.choice) - (answer.near - target).abs() / SPREAD
    far = F.logsigmoid(answer.choice) - (answer.near + answer.gap - target).abs() / SPREAD
    return -SPREAD * torch.logaddexp(near, far)


def beside_edges(target: torch.Tensor) -> torch.Tensor:
    """Where (b, h, w), 0 or 1, a step of the log distance or a skyline is within `EDGE_REACH_PX`."""
    known = target.nan_to_num(nan=0.0).clamp(max=2 * math.log(MAX_DISTANCE_M))
    edge = torch.zeros_like(known, dtype=torch.bool)
    edge |= (known - known.roll(1, 2)).abs() > EDGE_STEP
    edge[:, 1:] |= (known[:, 1:] - known[:, :-1]).abs() > EDGE_STEP
    padded = pad_sphere(edge[:, None].float(), EDGE_REACH_PX)
    return F.max_pool2d(padded, 2 * EDGE_REACH_PX + 1, stride=1)[:, 0]


def weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mean over everything; zero where nothing has weight."""
    return (values * weight).sum() / weight.sum().clamp_min(1e-6)


def relative_error(error: torch.Tensor) -> torch.Tensor:
    """Turn log(d / t) into |d - t| / t, going on with a constant slope above d = e t: too far costs more than too near."""
    return torch.expm1(error.clamp_max(1.0)).abs() + math.e * (error - 1).clamp_min(0.0)


def typical_error(error: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weighted mean error of each picture, (b, 1, 1): the log of the factor that its scale is off by."""
    total = weight.sum((1, 2), keepdim=True).clamp_min(1e-6)
    return (error * weight).sum((1, 2), keepdim=True) / total


def gradient_loss(error: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference of the error between neighbours, wrapping in azimuth.

    The mean over grids that take every pixel, every second, fourth and eighth of both directions.
    """
    total = error.new_zeros(())
    for step in GRADIENT_STEPS_PX:
        e, w = error[:, ::step, ::step], weight[:, ::step, ::step]
        across = weighted_mean((e - e.roll(1, 2)).abs(), torch.minimum(w, w.roll(1, 2)))
        down = weighted_mean((e[:, 1:] - e[:, :-1]).abs(), torch.minimum(w[:, 1:], w[:, :-1]))
        total = total + across + down
    return total / (2 * len(GRADIENT_STEPS_PX))
