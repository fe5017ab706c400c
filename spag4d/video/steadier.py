"""What passes from frame to frame, and how it is saved and restored."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from jaxtyping import Float64

from spag4d.data import DepthMap, Layers, Panorama
from spag4d.video.flow import Flow
from spag4d.video.smoothing import Memory, steady
from spag4d.video.steady_gaussians import AppearanceMap, remember, steadied


class Steadier:
    """Steadies depth and Gaussians of the frames of a video, which must come in order; ``alpha`` 0 leaves them alone."""

    def __init__(self, alpha: float) -> None:
        """Start without a memory."""
        self.alpha = alpha
        self._memory: Memory | None = None
        self._appearance: AppearanceMap | None = None
        self._flow: Flow | None = None

    def depth(self, depth: DepthMap, panorama: Panorama, new_from_old: Float64[np.ndarray, "3 3"]) -> DepthMap:
        """Return a frame's depth, steadied; the camera turned by ``new_from_old`` since the frame before."""
        if not self.alpha:
            return depth
        done = steady(depth, panorama, self._memory, new_from_old, self.alpha)
        self._memory, self._flow = done.memory, done.flow
        return done.depth

    def gaussians(self, layers: Layers, height: int) -> Layers:
        """Return the same frame's Gaussians with steadied appearance, and remember that on ``height`` rows."""
        if not self.alpha:
            return layers
        if self._appearance is not None and self._flow is not None:
            layers = layers.changed(partial(steadied, before=self._appearance, flow=self._flow, alpha=self.alpha))
        self._appearance = remember(layers, height)
        return layers

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that the next frame needs, as arrays; empty without a frame."""
        depth, look = self.depth_state(), self.look_state()
        return {**depth, **look} if depth and look else {}

    def depth_state(self) -> dict[str, np.ndarray]:
        """Return what the next frame's `depth` needs, which is known before this frame's Gaussians are."""
        if self._memory is None:
            return {}
        return {"picture": self._memory.picture, "log_distance": self._memory.log_distance, "sky": self._memory.sky}

    def look_state(self) -> dict[str, np.ndarray]:
        """Return what the next frame's `gaussians` need."""
        return {} if self._appearance is None else {"look": self._appearance}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Take up a state that one of the methods above returned."""
        if "picture" in state:
            self._memory = Memory(state["picture"], state["log_distance"], state["sky"])
        if "look" in state:
            self._appearance = state["look"]
