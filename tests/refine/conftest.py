"""Scenes of coloured boxes and balls, whose depth is known exactly on both sides of every edge."""

from dataclasses import dataclass

import numpy as np
import pytest

from spag4d.data import DepthMap, Panorama
from tests.box_room import directions

ROOM_LOW, ROOM_HIGH = (-4.0, -1.5, -3.5), (3.5, 1.6, 5.0)
PALETTE = ((0.55, 0.5, 0.45), (0.2, 0.35, 0.7), (0.75, 0.2, 0.15), (0.15, 0.6, 0.2), (0.85, 0.8, 0.2), (0.1, 0.1, 0.12))


def _walls(rays: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return (np.where(rays > 0, ROOM_HIGH, ROOM_LOW) / rays).min(-1)


def _box(rays: np.ndarray, low: tuple[float, ...], high: tuple[float, ...]) -> np.ndarray:
    with np.errstate(divide="ignore"):
        a, b = np.asarray(low) / rays, np.asarray(high) / rays
    enter, leave = np.minimum(a, b).max(-1), np.maximum(a, b).min(-1)
    return np.where((enter < leave) & (enter > 0), enter, np.inf)


def _ball(rays: np.ndarray, center: tuple[float, ...], radius: float) -> np.ndarray:
    along = rays @ np.asarray(center)
    root = along**2 - (np.dot(center, center) - radius**2)
    return np.where((root > 0) & (along > 0), along - np.sqrt(np.maximum(root, 0)), np.inf)


def grain(size_hw: tuple[int, int], size_px: int) -> np.ndarray:
    """Noise -0.5 … 0.5 in squares."""
    coarse = np.random.default_rng(5).random((size_hw[0] // size_px + 1, size_hw[1] // size_px + 1)) - 0.5
    return np.kron(coarse, np.ones((size_px, size_px)))[: size_hw[0], : size_hw[1]]


@dataclass(frozen=True)
class Scene:
    """A picture and its true depth."""

    panorama: Panorama
    truth: DepthMap


def _scene(layers: list[np.ndarray], colors: np.ndarray, texture: float, sky_beyond: float = np.inf) -> Scene:
    distance = np.min(layers, 0).astype(np.float32)
    rgb = colors[np.argmin(layers, 0)] + texture * grain((distance.shape[0], distance.shape[1]), 3)[..., None]
    sky = distance > sky_beyond
    return Scene(Panorama(np.clip(rgb, 0, 1).astype(np.float32)), DepthMap(distance, sky, "metric", "truth"))


def furnished_room(height: int = 512, contrast: float = 1.0, texture: float = 0.15) -> Scene:
    """A room with boxes, one of them across the seam at the back, a ball before another, and a pillar."""
    rays = directions(height)
    layers = [
        _walls(rays),
        _box(rays, (-1.5, 0.2, 1.8), (-0.3, 1.6, 2.6)),
        _box(rays, (1.2, -0.6, 1.5), (2.2, 1.6, 2.5)),
        _ball(rays, (0.6, -0.2, 1.9), 0.45),
        _box(rays, (-0.5, -0.3, -2.2), (0.6, 1.6, -1.6)),
        _box(rays, (-2.3, -1.5, -0.4), (-2.0, 1.6, -0.1)),
    ]
    return _scene(layers, 0.5 + contrast * (np.array(PALETTE) - 0.5), texture)


def street(height: int = 512) -> Scene:
    """A ground plane that reaches the horizon, two buildings and a ball against the sky, which lies at 500 m."""
    rays = directions(height)
    with np.errstate(divide="ignore"):
        ground = np.where(rays[..., 1] > 0, 1.6 / rays[..., 1], np.inf)
    layers = [
        np.full(ground.shape, 500.0),
        np.where(ground < 500, ground, np.inf),
        _box(rays, (-20.0, -8.0, 9.0), (-4.0, 1.6, 15.0)),
        _box(rays, (6.0, -4.0, -5.0), (9.0, 1.6, 6.0)),
        _ball(rays, (-1.0, -1.5, -6.0), 1.2),
    ]
    colors = np.array([(0.6, 0.75, 0.95), (0.35, 0.33, 0.3), (0.6, 0.3, 0.2), (0.5, 0.5, 0.35), (0.15, 0.4, 0.1)])
    return _scene(layers, colors, 0.08, sky_beyond=499)


@pytest.fixture(scope="session")
def room() -> Scene:
    return furnished_room()


@pytest.fixture(scope="session")
def dull_room() -> Scene:
    return furnished_room(contrast=0.0, texture=0.1)


@pytest.fixture(scope="session")
def outdoors() -> Scene:
    return street()
