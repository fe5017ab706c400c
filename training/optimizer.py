"""The optimiser: orthogonalised momentum for weight matrices, AdamW for everything else, and an average of weights."""

from __future__ import annotations

import torch
from torch import nn

_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration of Jordan et al., "Muon" (2024): quick, exact to about 30 %, which is enough."""


def orthogonalize(matrix: torch.Tensor, iterations: int = 4, precision: torch.dtype = torch.float32) -> torch.Tensor:
    """Bring the singular values of (m, n) near one, keeping the singular vectors; ``precision`` is that of the products."""
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = (wide / (wide.norm() + 1e-7)).to(precision)
    a, b, c = _POLYNOMIAL
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if matrix.shape[0] <= matrix.shape[1] else x.T).to(matrix)


class Muon(torch.optim.Optimizer):
    """Momentum whose step is orthogonalised; convolutions count as matrices of (out, in x kernel)."""

    def __init__(
        self,
        parameters: list[nn.Parameter],
        lr: float,
        momentum: float = 0.95,
        decay: float = 0.01,
        precision: torch.dtype = torch.float32,
    ) -> None:
        """``lr`` is the length of a step relative to AdamW's: updates have a root mean square of 0.2."""
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay})
        self.precision = precision

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take one step along the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                direction = parameter.grad.lerp(state["momentum"], group["momentum"]).flatten(1)
                update = orthogonalize(direction, precision=self.precision) * (0.2 * max(direction.shape) ** 0.5)
                parameter.mul_(1 - group["lr"] * group["decay"])
                parameter.sub_(group["lr"] * update.view(parameter.shape))


def optimizers(network: nn.Module, lr: float, bfloat16: bool = False) -> list[torch.optim.Optimizer]:
    """`Muon` for the matrices inside the network, AdamW for biases, norms, and the first and last layer."""
    hidden, rest = [], []
    for name, parameter in network.named_parameters():
        inside = parameter.ndim == 4 and not name.split(".")[1].startswith(("stem", "head", "maps"))
        (hidden if inside else rest).append(parameter)
    precision = torch.bfloat16 if bfloat16 else torch.float32
    return [Muon(hidden, lr, precision=precision), torch.optim.AdamW(rest, lr, betas=(0.9, 0.98), weight_decay=0.0)]


class Average:
    """Exponential moving average of a network's weights, over fewer steps at the beginning."""

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        """Start from the present weights."""
        self.decay, self.updates = decay, 0
        self.weights = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move towards the present weights."""
        self.updates += 1
        share = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in network.state_dict().items():
            self.weights[name].lerp_(value, share)
