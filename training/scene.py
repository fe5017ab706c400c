"""A procedural world under construction: primitives, materials, lights, the camera.

World frame: metres, x right, y down, z forward, the floor at y = 0; heights are given upwards (a height h is y = -h).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from training.light import Atmosphere, Lamp, Space
from training.materials import Material
from training.primitives import (
    BOX,
    ELLIPSOID,
    FRUSTUM,
    RECT,
    Hole,
    Pane,
    Primitive,
    Vec3,
    gap_m,
    level_axes,
    pitch_matrix,
    upright,
    yaw_matrix,
)

if TYPE_CHECKING:
    from training.terrain import Terrain


@dataclass
class Scene:
    """A world under construction; parts are placed in the current frame (see ``at``)."""

    atmosphere: Atmosphere
    camera: np.ndarray = field(default_factory=lambda: np.array([0.0, -1.6, 0.0]))
    yaw: float = 0.0
    foot: float = 0.0
    """Height of the ground under the camera."""
    primitives: list[Primitive] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)
    panes: list[Pane] = field(default_factory=list)
    reflector: tuple[float, float] | None = None
    """Height and strength of the one mirroring plane (wet or polished floor, water), where there is one."""
    terrain: Terrain | None = None
    terrain_material: int = 0
    rooms: list[Space] = field(default_factory=list)
    _origin: np.ndarray = field(default_factory=lambda: np.zeros(3))
    _turn: float = 0.0
    _group: int = 0

    def material(self, material: Material) -> int:
        """Store a material, return its number."""
        self.materials.append(material)
        return len(self.materials) - 1

    @contextmanager
    def at(self, x: float, z: float, yaw: float = 0.0, base: float = 0.0) -> Iterator[Scene]:
        """Place what follows in a frame at (x, z) turned by ``yaw``; the outermost frame makes one removable group."""
        origin, turn = self._origin, self._turn
        if not origin.any() and turn == 0.0:
            self._group += 1
        self._origin = origin + yaw_matrix(turn) @ np.array([x, -base, z])
        self._turn = turn + yaw
        try:
            yield self
        finally:
            self._origin, self._turn = origin, turn
            if not origin.any() and turn == 0.0:
                self._group += 1

    @property
    def turn(self) -> float:
        """The yaw of the current frame."""
        return self._turn

    def point(self, x: float, height: float, z: float) -> np.ndarray:
        """World position of a point of the current frame."""
        return self._origin + yaw_matrix(self._turn) @ np.array([x, -height, z])

    def add(self, kind: int, center: np.ndarray, axes: np.ndarray, half: Vec3, material: int, **extra: object) -> None:
        """Append a primitive given in world coordinates."""
        self.primitives.append(Primitive(kind, center, axes, half, material, self._group, **extra))  # type: ignore[arg-type]

    def box(
        self, x: float, base: float, z: float, size: Vec3, material: int, yaw: float = 0.0, pitch: float = 0.0, **extra: object
    ) -> None:
        """A box of size (width, height, depth) standing at height ``base``, its front (local z) turned down by ``pitch``."""
        center = self.point(x, base + size[1] / 2, z)
        half = (size[0] / 2, size[1] / 2, size[2] / 2)
        self.add(BOX, center, yaw_matrix(self._turn + yaw) @ pitch_matrix(pitch), half, material, **extra)

    def ellipsoid(
        self, x: float, height: float, z: float, radii: Vec3, material: int, yaw: float = 0.0, **extra: object
    ) -> None:
        """An ellipsoid around (x, height, z); ``leaf`` is the share of its surface that is cut away."""
        self.add(ELLIPSOID, self.point(x, height, z), yaw_matrix(self._turn + yaw), radii, material, **extra)

    def disc(self, center: np.ndarray, axes: np.ndarray, radii: Vec3, material: int) -> None:
        """An ellipsoid in world coordinates, its axes the columns of ``axes``: a lens, a wheel, a plate."""
        self.add(ELLIPSOID, center, axes, radii, material, shadow=False)

    def column(self, x: float, base: float, z: float, radius: float, height: float, material: int, **extra: object) -> None:
        """An upright cylinder, or a cone or frustum with ``taper`` = top radius / bottom radius."""
        center = self.point(x, base + height / 2, z)
        self.add(FRUSTUM, center, yaw_matrix(self._turn), (radius, height / 2, radius), material, **extra)

    def rod(self, start: np.ndarray, end: np.ndarray, thickness: float, material: int, width: float = 0.0) -> None:
        """A bar between two world points (wire, rail, beam, branch)."""
        along = end - start
        length = float(np.linalg.norm(along))
        y = along / max(length, 1e-6)
        helper = np.array([0.0, 1.0, 0.0]) if abs(y[1]) < 0.9 else np.array([0.0, 0.0, 1.0])
        x = np.cross(y, helper)
        x /= np.linalg.norm(x)
        axes = np.stack([x, y, np.cross(x, y)], axis=1)
        half = ((width or thickness) / 2, length / 2, thickness / 2)
        self.add(BOX, (start + end) / 2, axes, half, material, shadow=thickness > 0.08)

    def limb(self, start: np.ndarray, end: np.ndarray, radii: tuple[float, float], material: int) -> None:
        """A round bar between two world points, of one radius at its start and another at its end (arm, leg, tube)."""
        along = end - start
        length = float(np.linalg.norm(along))
        y = along / max(length, 1e-6)
        x = np.cross(y, [0.0, 1.0, 0.0] if abs(y[1]) < 0.9 else [0.0, 0.0, 1.0])
        x /= np.linalg.norm(x)
        axes = np.stack([x, y, np.cross(x, y)], axis=1)
        half = (radii[1], length / 2, radii[1])
        self.add(FRUSTUM, (start + end) / 2, axes, half, material, taper=radii[0] / radii[1], shadow=radii[1] > 0.04)

    def wall(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        heights: tuple[float, float],
        material: int,
        holes: Sequence[Hole] = (),
        **extra: object,
    ) -> None:
        """An upright rectangle between two plan points; seen with ``start`` at its left, its texture reads upright."""
        center, axes, half = upright(self.point(start[0], 0, start[1]), self.point(end[0], 0, end[1]), heights)
        cut = tuple(
            (left - half[0], half[1] - sill - tall, left + wide - half[0], half[1] - sill) for left, sill, wide, tall in holes
        )
        self.add(RECT, center, axes, half, material, holes=cut, fixed=True, **extra)

    def pane(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        heights: tuple[float, float],
        through: Vec3 = (0.9, 0.92, 0.91),
        mirror: float = 0.06,
        solid: bool = False,
    ) -> None:
        """An upright pane of glass, or a mirror (``through`` nothing), between two plan points."""
        center, axes, half = upright(self.point(start[0], 0, start[1]), self.point(end[0], 0, end[1]), heights)
        self.panes.append(Pane(Primitive(RECT, center, axes, half, 0, self._group), through, mirror, solid))

    def slab(
        self, x: float, z: float, size: tuple[float, float], height: float, material: int, yaw: float = 0.0, **extra: object
    ) -> None:
        """A horizontal rectangle (floor, ceiling, carpet, water); texture (and ``holes``) x along x, y along -z."""
        self.add(
            RECT,
            self.point(x, height, z),
            level_axes(self._turn + yaw),
            (size[0] / 2, size[1] / 2, 0.01),
            material,
            fixed=True,
            **extra,
        )

    def skylight(self, x: float, z: float, size: tuple[float, float], height: float, through: Vec3, solid: bool) -> None:
        """A horizontal pane of glass."""
        shape = Primitive(
            RECT, self.point(x, height, z), level_axes(self._turn), (size[0] / 2, size[1] / 2, 0.01), 0, self._group
        )
        self.panes.append(Pane(shape, through, 0.0, solid))

    def sheet(self, center: np.ndarray, axes: np.ndarray, half: tuple[float, float], material: int) -> None:
        """A free rectangle in world coordinates (roof, sloped ceiling)."""
        self.add(RECT, center, axes, (half[0], half[1], 0.01), material, fixed=True)

    def moving(self, index: torch.Tensor) -> torch.Tensor:
        """Which pixels show something that moves, given the number of the primitive that each shows."""
        moves = torch.tensor([*(p.moves for p in self.primitives), False], device=index.device)
        return moves[index.clamp(0, len(self.primitives)).long()] & (index >= 0)

    def clear_camera(self, margin_m: float = 0.3, carried: bool = False) -> None:
        """Drop the groups of parts that hold the camera or come nearer to it than ``margin_m``.

        Where it is ``carried`` by something that stands on the ground, nothing else stands in that place either.
        """
        free = [p for p in self.primitives if not p.fixed]
        near = {p.group for p in free if gap_m(p, self.camera) < margin_m}
        if carried:
            down = np.array([0.0, 1.0, 0.0])
            below = [self.camera + down * share * (-self.camera[1] - self.foot) for share in (0.3, 0.5, 0.7, 0.9)]
            near |= {p.group for p in free if min(gap_m(p, point) for point in below) < 0.2}
        self.primitives = [p for p in self.primitives if p.fixed or p.group not in near]
        self.panes = [p for p in self.panes if p.shape.group not in near and gap_m(p.shape, self.camera) >= margin_m]
