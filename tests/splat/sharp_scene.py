"""A predictor with the interface of SHARP's and known behaviour: perfect depth but for chosen errors, known attributes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from spag4d.data import PinholeCamera
from spag4d.geometry.camera import view_directions, z_from_distance
from spag4d.progress import SILENT, Progress
from spag4d.splat.sharp_model import Encoded, FaceGaussians

Distance = Callable[[np.ndarray], np.ndarray]
CELL = 2


@dataclass
class KnownSharp:
    """Sees a scene whose distance is known in every direction, each face with an error of its own.

    Decodes as the network does with all its answers at zero, the offset and the limit of its depth included, and a second layer
    ``behind`` times as far.
    """

    cameras: tuple[PinholeCamera, ...]
    distance: Distance
    error: Callable[[int, PinholeCamera], np.ndarray | float] = lambda number, camera: 0.0
    opacity: tuple[float, float] = (0.5, 0.5)
    size: float = 1.0
    behind: float = 1.5
    color: np.ndarray | None = None
    size_px: int = 256
    looked: list[bool] = field(default_factory=list)

    def encode(self, rgb: np.ndarray, *, patch_overlap: bool, progress: Progress = SILENT) -> Encoded:
        number = len(self.looked) % len(self.cameras)
        self.looked.append(patch_overlap)
        camera = self.small(number)
        z = z_from_distance(camera, self.distance(view_directions(camera)) * np.exp(self.error(number, camera)))
        disparity = (camera.fx / camera.width / z).astype(np.float32)
        return Encoded(np.stack([disparity, disparity / np.float32(self.behind)]), [np.full(1, number, np.float16)])

    def small(self, number: int) -> PinholeCamera:
        return self.cameras[number].scaled(self.size_px / self.cameras[number].width)

    def decode(self, rgb: np.ndarray, encoded: Encoded, depth: np.ndarray, fov_deg: float, *,
               progress: Progress = SILENT) -> FaceGaussians:
        camera = self.small(int(encoded.maps[0][0]))
        cells = self.size_px // CELL
        near = depth.min() + 1e-6
        nearest = (1 / np.minimum(depth / near, 100)).reshape(2, cells, CELL, cells, CELL).max((2, 4))
        z = near / (nearest + 1e-3)
        at = ((np.arange(cells) + 0.5) * CELL - camera.cx) / camera.fx
        means = np.stack([at * z, at[:, None] * z, z], -1)
        step = rgb.shape[0] // cells
        color = rgb.reshape(cells, step, cells, step, 3).mean((1, 3)) if self.color is None else self.color
        shape = (2, cells, cells)
        scales = self.size * (z * (CELL / camera.fx))[..., None] * np.ones(3)
        opacities = np.ones(shape) * np.array(self.opacity)[:, None, None]
        return FaceGaussians(*(values.astype(np.float32) for values in (
            means, scales, np.broadcast_to([1.0, 0, 0, 0], (*shape, 4)), opacities, np.broadcast_to(color, (*shape, 3)))))
