"""A joined scene made to look like all of its photographs: from each panorama's place what is drawn approaches what it saw.

What panoramas contribute fits their own photographs; joined, wrong distances show as soon as another looks at them. Colours,
opacities and distances along the rays of whoever saw them move down the gradient of the difference, photograph after
photograph, by steps that are as large for what is seen little as for what is seen much (Kingma and Ba, "Adam", ICLR 2015). So
outlines sharpen, and what hangs in front of others' photographs fades. Directions stay: at its own place nothing shifts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Int

from spag4d.data import Gaussians
from spag4d.progress import SILENT, Progress
from spag4d.render.gradient import Gradient, Photograph, panorama_gradient

_STEPS = np.array([0.03, 0.03, 0.03, 0.6, 0.006], np.float32)
"""The usual change by one photograph: of colours (sRGB), of the opacity's logit, and of the logarithm of the distance."""
_MOST_ROUNDS, _FEWEST_ROUNDS = 8, 2
_GAUSSIANS_IN_ROUNDS = 4_000_000
"""Rounds are fewer in large scenes: a drawn panorama takes 4 s of a processor for a million."""
_KEPT, _SQUARES_KEPT = 0.8, 0.95
"""How much means of earlier gradients, and of their squares, count at each step: photographs are few."""
_LITTLE = 0.1
"""Gradients below this share of the usual one are of what is hardly seen, and move it less."""
_LEAST_LOGIT, _MOST_LOGIT = -8.0, 6.0


@dataclass
class _Unknowns:
    """Of each Gaussian: colour, logit of the opacity, and logarithm of the factor of its distance, (n, 5)."""

    start: Gaussians
    origins: Float32[np.ndarray, "n 3"]
    values: Float32[np.ndarray, "n 5"]

    @staticmethod
    def of(gaussians: Gaussians, origins: Float32[np.ndarray, "n 3"]) -> "_Unknowns":
        """Return what is unknown of Gaussians that are seen from ``origins``."""
        opacities = np.clip(gaussians.opacities, 1e-4, 1 - 1e-4)
        logit = np.log(opacities / (1 - opacities))
        values = np.concatenate([gaussians.colors, np.stack([logit, np.zeros_like(logit)], 1)], 1)
        return _Unknowns(gaussians, origins, values.astype(np.float32))

    def gaussians(self) -> Gaussians:
        """Return the Gaussians of these values, as large from their origins as they were."""
        factor = np.exp(self.values[:, 4:])
        means = self.origins + (self.start.means - self.origins) * factor
        return replace(self.start, means=means, scales=self.start.scales * factor, colors=self.values[:, :3].copy(),
                       opacities=1 / (1 + np.exp(-self.values[:, 3])))

    def slopes(self, found: Gradient, now: Gaussians) -> Float32[np.ndarray, "m 5"]:
        """Return a gradient (m, 5) with regard to these values."""
        opacity = now.opacities[found.members]
        logit = found.opacities * opacity * (1 - opacity)
        along = (found.means * (now.means[found.members] - self.origins[found.members])).sum(1)
        return np.concatenate([found.colors, logit[:, None], along[:, None]], 1)

    def change(self, members: Int[np.ndarray, " m"], by: Float32[np.ndarray, "m 5"]) -> None:
        """Add to the values of some, within what is possible."""
        values = self.values[members] + by
        values[:, :3] = values[:, :3].clip(0, 1)
        values[:, 3] = values[:, 3].clip(_LEAST_LOGIT, _MOST_LOGIT)
        self.values[members] = values


class _Steps:
    """Steps against gradients, in units of what these usually are; only of what a photograph shows."""

    def __init__(self, count: int) -> None:
        self._mean, self._square = np.zeros((2, count, 5), np.float32)
        self._times = np.zeros(count, np.float32)
        self._least: np.ndarray | None = None

    def against(self, slopes: Float32[np.ndarray, "m 5"], members: Int[np.ndarray, " m"]) -> Float32[np.ndarray, "m 5"]:
        """Return by how much values of ``members`` change where the error grows by ``slopes`` with them."""
        if self._least is None:
            self._least = _LITTLE * np.sqrt((slopes**2).mean(0)) + np.float32(1e-12)
        self._times[members] += 1
        mean = self._mean[members] = _KEPT * self._mean[members] + (1 - _KEPT) * slopes
        square = self._square[members] = _SQUARES_KEPT * self._square[members] + (1 - _SQUARES_KEPT) * slopes**2
        times = self._times[members][:, None]
        usual = np.sqrt(square / (1 - _SQUARES_KEPT**times)) + self._least
        return -_STEPS * (mean / (1 - _KEPT**times)) / usual


def fitted(
    gaussians: Gaussians, origins: Float32[np.ndarray, "n 3"], photographs: Sequence[Photograph], *, progress: Progress = SILENT
) -> Gaussians:
    """Return as many Gaussians that look more like the photographs, those that none shows as they are.

    ``origins`` are the places from which each was seen.
    """
    unknowns, steps = _Unknowns.of(gaussians, origins), _Steps(len(gaussians))
    rounds = int(np.clip(_GAUSSIANS_IN_ROUNDS // max(len(gaussians), 1), _FEWEST_ROUNDS, _MOST_ROUNDS))
    order = np.random.default_rng(0)
    for number in range(rounds):
        for done, which in enumerate(order.permutation(len(photographs))):
            progress.report("Likeness", number * len(photographs) + done, rounds * len(photographs))
            now = unknowns.gaussians()
            found = panorama_gradient(now, photographs[which])
            if len(found.members):
                unknowns.change(found.members, steps.against(unknowns.slopes(found, now), found.members))
    return unknowns.gaussians()

