"""Where the narrow Gaussians are: pieces of the sphere, each with cells of one size."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.splat.colors import Light, colors_of_rings
from spag4d.splat.sphere_grid import Cells, SphereGrid
from spag4d.splat.surface import InverseMap


@runtime_checkable
class Piece(Protocol):
    """Cells of one grid, and the surfaces that they lie on."""

    @property
    def surface(self) -> InverseMap:
        """The map whose grid the cells belong to."""
        ...

    @property
    def cells(self) -> Cells:
        """The cells, occupied or not."""
        ...

    def colors(self, light: Light, first_row: int, keep: Bool[np.ndarray, " n"]) -> Float32[np.ndarray, "kept 3"]:
        """Return the mean colour of each cell to be kept, from the rows of the picture that begin with ``first_row``."""
        ...


@runtime_checkable
class Fine(Protocol):
    """A fine layer, which yields its cells by rows of the picture."""

    @property
    def rows_together(self) -> int:
        """Rows are requested in multiples of this number."""
        ...

    def pieces(self, first_row: int, last_row: int) -> list[Piece]:
        """Return the cells in the rows ``first_row`` ≤ row < ``last_row``."""
        ...


def rows_per_ring(grid: SphereGrid, height: int) -> int:
    """Return the height of a grid's ring in rows of the panorama."""
    return round(grid.pitch_rad * height / np.pi)


@dataclass(frozen=True)
class UniformCells:
    """Cells of the same size everywhere: those of the grid of ``surface``."""

    surface: InverseMap
    stride: int

    @property
    def rows_together(self) -> int:
        """Rows of a ring."""
        return self.stride

    def pieces(self, first_row: int, last_row: int) -> list[Piece]:
        """Return one piece: whole rings."""
        first, last = first_row // self.stride, -(-last_row // self.stride)
        return [_Rings(self.surface, self.surface.grid.cells(first, last), self.stride)]


@dataclass(frozen=True)
class _Rings:
    """All cells of some rings."""

    surface: InverseMap
    cells: Cells
    stride: int

    def colors(self, light: Light, first_row: int, keep: Bool[np.ndarray, " n"]) -> Float32[np.ndarray, "kept 3"]:
        """Return the mean colour of each cell to be kept; the rows are those of its rings."""
        return colors_of_rings(light, self.surface.grid, first_row // self.stride, self.stride, keep)
