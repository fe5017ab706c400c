import math

import numpy as np
import pytest
import torch

from training.losses import GRADIENT_STEPS_PX, LossWeights, depth_loss, solid_angle


@pytest.fixture
def scene() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    target = torch.randn(2, 16, 32).clamp(-2, 2)
    target[:, :5, 3:20], target[:, 12:] = math.inf, math.nan
    return torch.randn(2, 16, 32), torch.randn(2, 16, 32), target


def slow_terms(predicted: np.ndarray, logit: np.ndarray, target: np.ndarray) -> dict[str, float]:
    b, h, w = target.shape
    area = [math.cos(math.pi / 2 - math.pi * (j + 0.5) / h) for j in range(h)]
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
    return {
        "metric": mean([(abs(e), area[j]) for (_, j, _), e in error.items()]),
        "shape": mean([(abs(e - offset[n]), area[j]) for (n, j, _), e in error.items()]),
        "relative": mean([(slow_relative(e - offset[n]), area[j]) for (n, j, _), e in error.items()]),
        "gradient": gradient,
        "sky": mean(entropy),
    }


def slow_relative(e: float) -> float:
    return abs(math.exp(e) - 1) if e < 1 else math.e - 1 + math.e * (e - 1)


def test_terms_equal_their_slow_twins(scene: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
    weights = LossWeights(metric=1, shape=2, relative=5, gradient=3, sky=4)
    loss, terms = depth_loss(*scene, weights)
    slow = slow_terms(*(tensor.double().numpy() for tensor in scene))
    assert terms == pytest.approx(slow, rel=1e-4)
    expected = slow["metric"] + 2 * slow["shape"] + 5 * slow["relative"] + 3 * slow["gradient"] + 4 * slow["sky"]
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_a_common_factor_costs_only_the_metric_term(scene: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
    _, logit, target = scene
    _, terms = depth_loss(target.nan_to_num(0, posinf=0) + 0.3, logit, target)
    assert terms["metric"] == pytest.approx(0.3, rel=1e-4)
    assert terms["shape"] == pytest.approx(0, abs=1e-5) and terms["gradient"] == pytest.approx(0, abs=1e-5)


def test_unknown_pixels_and_sky_do_not_pull_on_distance(scene: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
    predicted, logit, target = scene
    predicted.requires_grad_()
    logit.requires_grad_()
    depth_loss(predicted, logit, target)[0].backward()
    assert predicted.grad is not None and logit.grad is not None
    assert (predicted.grad[~target.isfinite()] == 0).all() and (predicted.grad[target.isfinite()] != 0).any()
    assert (logit.grad[target.isnan()] == 0).all() and (logit.grad[~target.isnan()] != 0).all()


def test_a_picture_without_any_surface_gives_a_finite_loss() -> None:
    target = torch.full((1, 8, 16), math.inf)
    loss, _ = depth_loss(torch.zeros_like(target), torch.zeros_like(target), target)
    assert loss.isfinite()


def test_solid_angle_has_mean_one_and_is_largest_at_the_horizon() -> None:
    area = solid_angle(64)
    assert float(area.mean()) == pytest.approx(1, rel=1e-5)
    assert int(area.argmax()) in (31, 32)
