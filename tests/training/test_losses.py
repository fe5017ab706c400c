import math

import numpy as np
import pytest
import torch

from spag4d.geometry.equirect import pad_sphere as pad_array
from spag4d.networks.builtin import Answer
from spag4d.networks.builtin_weights import MAX_DISTANCE_M
from training.losses import (
    EDGE_REACH_PX,
    EDGE_STEP,
    EDGE_WEIGHT,
    GRADIENT_STEPS_PX,
    SPREAD,
    LossWeights,
    depth_loss,
    sides_error,
    solid_angle,
)

H, W = 32, 64


@pytest.fixture
def scene() -> tuple[Answer, torch.Tensor]:
    """Chance everywhere; in the target plateaus, so that not every pixel is beside an edge."""
    torch.manual_seed(0)
    target = torch.randn(2, H // 16, W // 16).clamp(-2, 2).repeat_interleave(16, 1).repeat_interleave(16, 2)
    target[:, :5, 3:20], target[:, 27:] = math.inf, math.nan
    return Answer(torch.randn(2, H, W), torch.rand(2, H, W), *torch.randn(2, 2, H, W)), target


def certain(near: torch.Tensor, sky: torch.Tensor) -> Answer:
    """An answer whose other side is of no account."""
    return Answer(near, torch.zeros_like(near), torch.full_like(near, -20.0), sky)


def slow_terms(answer: Answer, target: np.ndarray) -> dict[str, float]:
    near, gap, choice, logit = (part.double().numpy() for part in answer.parts)
    b, h, w = target.shape
    area = [math.cos(math.pi / 2 - math.pi * (j + 0.5) / h) for j in range(h)]
    predicted = np.where(choice > 0, near + gap, near)
    error = {(n, j, i): predicted[n, j, i] - target[n, j, i] for n in range(b) for j in range(h) for i in range(w)
             if np.isfinite(target[n, j, i])}  # fmt: skip

    def mean(values: list[tuple[float, float]]) -> float:
        return sum(value * weight for value, weight in values) / sum(weight for _, weight in values)

    offset = [mean([(e, area[j]) for (m, j, _), e in error.items() if m == n]) for n in range(b)]
    gradient = 0.0
    for step in GRADIENT_STEPS_PX:
        for down, right in ((0, step), (step, 0)):
            pairs = []
            for (n, j, i), e in error.items():
                other = (n, j + down, (i + right) % w)
                if j % step == 0 and i % step == 0 and other in error:
                    pairs.append((abs(error[other] - e), min(area[j], area[j + down])))
            gradient += mean(pairs) / (2 * len(GRADIENT_STEPS_PX))
    entropy = []
    for n, j, i in np.ndindex(b, h, w):
        if not np.isnan(target[n, j, i]):
            probability = 1 / (1 + math.exp(-logit[n, j, i]))
            entropy.append((-math.log(probability if np.isposinf(target[n, j, i]) else 1 - probability), area[j]))
    edges, sides = slow_edges(target), []
    for (n, j, i), _ in error.items():
        probability, t = 1 / (1 + math.exp(-choice[n, j, i])), target[n, j, i]
        likelihood = (1 - probability) * math.exp(-abs(near[n, j, i] - t) / SPREAD)
        likelihood += probability * math.exp(-abs(near[n, j, i] + gap[n, j, i] - t) / SPREAD)
        sides.append((-SPREAD * math.log(likelihood), area[j] * (EDGE_WEIGHT if edges[n, j, i] else 1)))
    return {
        "sides": mean(sides),
        "metric": mean([(abs(e), area[j]) for (_, j, _), e in error.items()]),
        "shape": mean([(abs(e - offset[n]), area[j]) for (n, j, _), e in error.items()]),
        "relative": mean([(slow_relative(e - offset[n]), area[j]) for (n, j, _), e in error.items()]),
        "gradient": gradient,
        "sky": mean(entropy),
    }


def slow_edges(target: np.ndarray) -> np.ndarray:
    """Whether a step lies within reach, over the border of the picture too."""
    b, h, w = target.shape
    known = np.where(np.isnan(target), 0, np.minimum(target, 2 * math.log(MAX_DISTANCE_M)))
    padded = pad_array(np.moveaxis(known, 0, -1), 1)
    here = padded[1:-1, 1:-1]
    step = np.abs(here - padded[1:-1, :-2]) > EDGE_STEP
    step[1:] |= np.abs(here[1:] - here[:-1]) > EDGE_STEP
    near = pad_array(step.astype(np.float32), EDGE_REACH_PX)
    reach = range(2 * EDGE_REACH_PX + 1)
    return np.moveaxis(np.max([near[j : j + h, i : i + w] for j in reach for i in reach], 0), -1, 0) > 0


def slow_relative(e: float) -> float:
    return abs(math.exp(e) - 1) if e < 1 else math.e - 1 + math.e * (e - 1)


def test_terms_equal_their_slow_twins(scene: tuple[Answer, torch.Tensor]) -> None:
    weights = LossWeights(metric=1, shape=2, relative=5, gradient=3, sides=6, sky=4)
    loss, terms = depth_loss(*scene, weights)
    slow = slow_terms(scene[0], scene[1].double().numpy())
    assert 0.1 < slow_edges(scene[1].numpy()).mean() < 0.9
    assert terms == pytest.approx(slow, rel=1e-4)
    expected = sum(getattr(weights, name) * value for name, value in slow.items())
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_a_common_factor_costs_only_the_metric_term(scene: tuple[Answer, torch.Tensor]) -> None:
    answer, target = scene
    _, terms = depth_loss(certain(target.nan_to_num(0, posinf=0) + 0.3, answer.sky), target)
    assert terms["metric"] == pytest.approx(0.3, rel=1e-4)
    assert terms["shape"] == pytest.approx(0, abs=1e-5) and terms["gradient"] == pytest.approx(0, abs=1e-5)


def test_unknown_pixels_and_sky_do_not_pull_on_distance(scene: tuple[Answer, torch.Tensor]) -> None:
    answer, target = scene
    for part in answer.parts:
        part.requires_grad_()
    depth_loss(answer, target)[0].backward()
    for part, counts in zip(answer.parts, [target.isfinite()] * 3 + [~target.isnan()], strict=True):
        assert part.grad is not None
        assert (part.grad[~counts] == 0).all() and (part.grad[counts] != 0).any()


def test_beside_an_edge_either_side_beats_the_mean_of_both() -> None:
    target = torch.full((1, 8, 16), 1.0)
    target[..., 8:] = 2.0
    sky = torch.full_like(target, -9.0)
    unsure = Answer(torch.full_like(target, 1.0), torch.full_like(target, 1.0), torch.zeros_like(target), sky)
    between = certain(torch.full_like(target, 1.5), sky)
    assert float(sides_error(unsure, target).mean()) == pytest.approx(SPREAD * math.log(2), rel=1e-3)
    assert float(sides_error(between, target).mean()) == pytest.approx(0.5, rel=1e-3)


def test_a_picture_without_any_surface_gives_a_finite_loss() -> None:
    target = torch.full((1, 8, 16), math.inf)
    loss, _ = depth_loss(certain(torch.zeros_like(target), torch.zeros_like(target)), target)
    assert loss.isfinite()


def test_solid_angle_has_mean_one_and_is_largest_at_the_horizon() -> None:
    area = solid_angle(64)
    assert float(area.mean()) == pytest.approx(1, rel=1e-5)
    assert int(area.argmax()) in (31, 32)
