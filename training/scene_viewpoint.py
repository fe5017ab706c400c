"""Where the camera stands out of doors."""

from __future__ import annotations

import numpy as np

from training.scene import Scene

Random = np.random.Generator


def outdoor_camera(s: Scene, rng: Random) -> None:
    """Mostly eye height, now and then a low or a raised tripod."""
    h = rng.normal(1.6, 0.13) if rng.random() < 0.88 else rng.uniform(0.8, 3.0)
    s.camera = np.array([0.0, -float(np.clip(h, 0.8, 3.0)), 0.0])
