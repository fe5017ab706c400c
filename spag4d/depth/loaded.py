"""How long a network stays in memory: until another one is asked for in its place."""

from typing import Any

from spag4d.depth import DEPTH_MODELS


class Loaded:
    """Place for one depth model."""

    def __init__(self) -> None:
        """Start empty."""
        self.device = "cpu"
        self._key: tuple[str, ...] = ()
        self._model: Any = None

    def get(self, name: str, device: str, **options: str) -> Any:
        """Return the model ``name`` on ``device``, loaded unless it is the one that was asked for last.

        The older one is dropped before the new one is loaded. Raises `WeightsError`.
        """
        key = (name, device, *options.values())
        if key != self._key:
            self._key, self._model = (), None
            self._model = DEPTH_MODELS.load(name)(device, **options)
            self._key, self.device = key, device
        return self._model
