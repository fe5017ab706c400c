"""One number of Gaussians for a scene of several panoramas."""

from collections.abc import Callable, Mapping

from spag4d.data import Layers
from spag4d.errors import InputError

_OVER = 1.1
"""A panorama may take up to a tenth more than its part, as those after it take less; only the last one has to fit."""
_AIM = 0.98
"""Of what would just fit: how much of a panorama's Gaussians the scene keeps is not quite the same for another number."""
_FEWEST = 1000
"""The least number that a panorama can be made of; see ``max_splats``."""


class Budget:
    """Shares out ``most`` Gaussians: each panorama is made as finely as all others, and a scene keeps a ``share`` of it."""

    def __init__(self, most: int, shares: Mapping[int, float]) -> None:
        """Take by number of panorama which share, 0–1, the scene will keep of it."""
        self._most, self._left = most, most
        self._shares = dict(shares)

    def spent(self, number: int, make: Callable[[int], Layers]) -> Layers:
        """Return what ``make`` keeps of a panorama of so many Gaussians as are its part; each panorama's turn comes once."""
        finest = self._left / max(sum(self._shares.values()), 1e-6)
        part = finest * self._shares.pop(number)
        limit = min(self._left, _OVER * part) if self._shares else self._left
        while True:
            kept = make(self._checked(finest))
            if len(kept) <= limit:
                self._left -= len(kept)
                return kept
            finest *= _AIM * limit / len(kept)

    def _checked(self, count: float) -> int:
        if count < _FEWEST:
            raise InputError(f"--max-splats {self._most} is too little for a scene of so many panoramas. Allow more, or use "
                             "fewer panoramas.")
        return int(count)
