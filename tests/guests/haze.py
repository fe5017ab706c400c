"""A stage as a guest writes one: what lies beyond 5 m is brought nearer."""

from dataclasses import replace

import numpy as np

from spag4d.finishing import Pictured
from spag4d.progress import Progress
from spag4d.settings import Settings


def haze(pictured: Pictured, settings: Settings, progress: Progress) -> Pictured:
    progress.report("Haze", 0, 1)
    near = replace(pictured.depth, distance=np.minimum(pictured.depth.distance, np.float32(5)))
    return replace(pictured, depth=near)
