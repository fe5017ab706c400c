"""From a scene to a picture: linear radiance, exact distance, primitive index."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from training.glazing import glaze
from training.raycast import Grid
from training.reflection import mirror
from training.scene import Scene
from training.view import Quality, look, radiance

__all__ = ["Quality", "Rendered", "full_grid", "render"]


@dataclass(frozen=True)
class Rendered:
    """Radiance (rows, w, 3) linear; distance (rows, w) in metres, inf in the sky; primitive index, -1 in the sky."""

    radiance: torch.Tensor
    distance: torch.Tensor
    index: torch.Tensor


def render(scene: Scene, grid: Grid, quality: Quality) -> Rendered:
    """Render the rows of ``grid``."""
    view = look(scene, grid)
    light = radiance(scene, view.bare, quality)
    if scene.reflector is not None and quality.reflections:
        light = mirror(scene, view.bare, quality, light)
    if view.pane is not None:
        light = glaze(scene, view, quality, light)
    return Rendered(light, view.distance, view.index)


def full_grid(scene: Scene, height: int, device: str) -> Grid:
    """The grid of the whole picture seen by the scene's camera."""
    return Grid(height, 0, height, scene.camera, scene.yaw, device)
