"""Where on the surfaces of a world the pixels of a picture lie: texture coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from training import noise
from training.material_table import MaterialTable


@dataclass(frozen=True)
class Surface:
    """Texture coordinates (n) in metres from the middle of the face, its half sizes, the pixel width there, in metres.

    ``material`` (n) int64 numbers the scene's materials.
    """

    u: torch.Tensor
    v: torch.Tensor
    half_u: torch.Tensor
    half_v: torch.Tensor
    pixel: torch.Tensor
    material: torch.Tensor

    def pick(self, points: torch.Tensor) -> Surface:
        """Some of the points."""
        each = (self.u, self.v, self.half_u, self.half_v, self.pixel, self.material)
        return Surface(*(values[points] for values in each))


@dataclass(frozen=True)
class Part:
    """The n points of a picture that show one pattern.

    ``u`` and ``v`` are turned and shifted as the material says (the plain ones are in ``s``); ``noise`` is (n, 4).
    """

    u: torch.Tensor
    v: torch.Tensor
    s: Surface
    look: MaterialTable
    noise: torch.Tensor

    @property
    def a(self) -> torch.Tensor:
        """First colour (3, n)."""
        return self.look["a"]

    @property
    def b(self) -> torch.Tensor:
        """Second colour (3, n)."""
        return self.look["b"]

    @property
    def wide(self) -> torch.Tensor:
        """Width of a cell in metres."""
        return self.look["cell"][0]

    @property
    def high(self) -> torch.Tensor:
        """Height of a cell in metres."""
        return self.look["cell"][1]

    def cells(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Integer cell (row, column) and position inside it in metres."""
        row = (self.v / self.high).floor()
        x = self.u + row * self.look["bond"] * self.wide
        column = (x / self.wide).floor()
        return row, column, x - column * self.wide, self.v - row * self.high

    def salted(self, row: torch.Tensor, column: torch.Tensor, salt: int = 0) -> torch.Tensor:
        """A random number 0..1 for each cell, different for materials of different salt."""
        return noise.hash01(column + self.look["salt"], row, salt)
