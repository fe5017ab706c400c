import pytest
import torch
from torch import nn

from training.optimizer import Average, Muon, orthogonalize


@pytest.mark.parametrize("shape", [(16, 16), (12, 40), (40, 12)])
def test_orthogonalising_keeps_directions_and_evens_out_lengths(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    inside = left.T @ orthogonalize(matrix, iterations=8) @ right.T
    diagonal = inside.diagonal()
    assert float(diagonal.min()) > 0.6 and float(diagonal.max()) < 1.3  # the iteration settles between 0.7 and 1.2
    torch.testing.assert_close(inside - diagonal.diag(), torch.zeros_like(inside), atol=1e-3, rtol=0)


def test_momentum_finds_the_minimum() -> None:
    torch.manual_seed(0)
    wanted, weight = torch.randn(4, 3, 3, 3), nn.Parameter(torch.zeros(4, 3, 3, 3))
    optimizer = Muon([weight], lr=0.1, decay=0.0)
    for step in range(200):
        weight.grad = (weight - wanted).detach()
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 200)
        optimizer.step()
    assert float((weight.detach() - wanted).abs().mean()) < 0.05


def test_the_average_follows_and_smooths() -> None:
    network = nn.Linear(1, 1)
    average = Average(network, decay=0.9)
    values = []
    for step in range(200):
        nn.init.constant_(network.weight, 1.0 + (-1) ** step)
        average.update(network)
        values.append(float(average.weights["weight"]))
    assert values[-1] == pytest.approx(1.0, abs=0.1)
    assert abs(values[-1] - values[-2]) < 0.15
