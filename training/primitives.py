"""The shapes of which a procedural world consists: boxes, rectangles with openings, ellipsoids, frustums, the terrain.

Every primitive is a shape of half sizes ``half`` in a local frame whose axes are the columns of ``axes``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

BOX, RECT, ELLIPSOID, FRUSTUM, TERRAIN = range(5)

Vec3 = tuple[float, float, float]
Hole = tuple[float, float, float, float]
"""An opening in a wall: metres from its left end, height of the sill above its base, width, height."""


@dataclass(slots=True)
class Primitive:
    """One shape of material number ``material``; ``fixed`` ones (walls, ground) stay even when the camera is near them.

    Parts of one ``group`` (a chair, a tree) leave together. ``taper`` is the top size of a frustum or a box over its bottom
    size, ``capped`` closes the ends of a frustum; round shapes end where local z exceeds ``clip``, in half sizes. ``leaf`` is
    the share of an ellipsoid that is cut away, in gaps of ``leaf_m``. ``holes`` (x0, y0, x1, y1) are cut out of a rectangle,
    in metres from its middle, y down. ``shadow`` says whether it may throw one, ``moves`` whether a long exposure blurs it.
    """

    kind: int
    center: np.ndarray
    axes: np.ndarray
    half: Vec3
    material: int
    group: int
    taper: float = 1.0
    capped: bool = True
    clip: float = math.inf
    leaf: float = 0.0
    leaf_m: float = 0.2
    holes: tuple[Hole, ...] = ()
    fixed: bool = False
    shadow: bool = True
    moves: bool = False

    @property
    def reach(self) -> Vec3:
        """Half sizes of the box that holds all of it."""
        wide = max(self.taper, 1.0)
        return (self.half[0] * wide, self.half[1], self.half[2] * wide)


@dataclass(slots=True)
class Pane:
    """A rectangle of glass or a mirror, flat and two-sided: it lets the share ``through`` of the light pass, by colour, and
    mirrors the share ``mirror`` of what stands before it (more at grazing angles; 0: nothing at all).

    Where it is ``solid`` the truth ends at it, otherwise at what is seen through it.
    """

    shape: Primitive
    through: Vec3 = (0.9, 0.92, 0.91)
    mirror: float = 0.06
    solid: bool = False


def gap_m(p: Primitive, point: np.ndarray) -> float:
    """Distance from a world point to the primitive (its bounding box unless it is an ellipsoid); 0 or less inside."""
    local = p.axes.T @ (point - p.center)
    half = np.asarray(p.reach)
    if p.kind == ELLIPSOID:
        stretched = np.linalg.norm(local / half)
        return float((stretched - 1.0) * half.min())
    return float(np.linalg.norm(np.maximum(np.abs(local) - half, 0.0)))


def yaw_matrix(yaw: float) -> np.ndarray:
    """Local-to-world rotation about the vertical: local z looks along azimuth ``yaw``."""
    c, s = math.cos(yaw), math.sin(yaw)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def pitch_matrix(pitch: float) -> np.ndarray:
    """Local-to-world rotation about x: local z looks down by ``pitch`` radians."""
    c, s = math.cos(pitch), math.sin(pitch)
    return np.array([[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]])


def level_axes(yaw: float) -> np.ndarray:
    """Axes of a horizontal rectangle turned by ``yaw``: its x and y lie along local x and -z."""
    turn = yaw_matrix(yaw)
    return np.stack([turn[:, 0], -turn[:, 2], turn[:, 1]], axis=1)


def upright(a: np.ndarray, b: np.ndarray, heights: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, Vec3]:
    """Centre, axes and half sizes of an upright rectangle between two world points at height 0."""
    length = float(np.linalg.norm(b - a))
    x, y = (b - a) / max(length, 1e-6), np.array([0.0, 1.0, 0.0])
    low, high = heights
    return (a + b) / 2 - y * (low + high) / 2, np.stack([x, y, np.cross(x, y)], axis=1), (length / 2, (high - low) / 2, 0.01)
