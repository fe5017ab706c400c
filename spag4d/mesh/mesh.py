"""Triangles with a colour at each vertex."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from spag4d.data import Pose


@dataclass(frozen=True)
class Mesh:
    """``n`` vertices in metres with colours in sRGB 0–1, and triangles (m, 3) of their numbers.

    Seen from the panorama that shows it, a triangle goes round against the clock.
    """

    vertices: Float32[np.ndarray, "n 3"]
    colors: Float32[np.ndarray, "n 3"]
    triangles: Int64[np.ndarray, "m 3"]

    def placed(self, pose: Pose) -> "Mesh":
        """Return the mesh of a panorama in the axes of the world."""
        vertices = self.vertices @ pose.rotation.T.astype(np.float32) + pose.translation.astype(np.float32)
        return Mesh(vertices, self.colors, self.triangles)

    @staticmethod
    def joined(parts: "Sequence[Mesh]") -> "Mesh":
        """Return several meshes, at least one, as one."""
        starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
        return Mesh(np.concatenate([part.vertices for part in parts]), np.concatenate([part.colors for part in parts]),
                    np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=False)]))
