"""Looks around, against an obvious twin."""

import numpy as np
import pytest

from spag4d.check.merge import Clouds, clouds_of
from spag4d.check.ray_probe import OPEN, STRETCHED, blocks_of, own_aspects, probe, rays
from spag4d.check.tiles import TILES, views
from spag4d.check.walking_range import DIRECTIONS
from spag4d.data import Gaussians
from tests.check.scenes import box_room_scene


def random_clouds(count: int = 200, size: float = 0.2) -> Clouds:
    rng = np.random.default_rng(5)
    towards = rng.normal(size=(count, 3))
    means = towards / np.linalg.norm(towards, axis=1, keepdims=True) * rng.uniform(1, 4, (count, 1))
    scales, quats = size * np.exp(rng.normal(0, 0.6, (count, 3))), rng.normal(size=(count, 4))
    scene = Gaussians(*(array.astype(np.float32) for array in (
        means, scales, quats, rng.uniform(0.2, 0.95, count), np.zeros((count, 3)))))
    return clouds_of(scene)


def tangents(direction: np.ndarray) -> np.ndarray:
    right = np.cross([0, 1, 0], direction)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(direction, right)])


def aspect(footprint: np.ndarray) -> float:
    low, high = np.linalg.eigvalsh(footprint + np.radians(0.02) ** 2 * np.eye(2))
    return float(np.sqrt(high / low))


def twin(clouds: Clouds, position: np.ndarray, rings: int) -> tuple[float, float]:
    """Cloud by cloud from front to back, with every ray."""
    directions = rays(rings).directions.astype(float)
    through, stretched = np.ones(len(directions)), np.zeros(len(directions))
    offsets = clouds.means.astype(float) - position
    for i in np.argsort(np.linalg.norm(offsets, axis=1)):
        distance, covariance = np.linalg.norm(offsets[i]), clouds.spread[i].astype(float)[[[0, 1, 2], [1, 3, 4], [2, 4, 5]]]
        axes = tangents(offsets[i] / distance)
        footprint = axes @ covariance @ axes.T / distance**2
        own = tangents(clouds.means[i] / np.linalg.norm(clouds.means[i]))
        before = aspect(own @ covariance @ own.T / np.linalg.norm(clouds.means[i]) ** 2)
        ahead = directions @ offsets[i] / distance
        plane = (directions @ axes.T) / np.where(ahead > 0.1, ahead, np.nan)[:, None]
        power = np.nan_to_num(np.einsum("ni,ij,nj->n", plane, np.linalg.inv(footprint), plane), nan=1e9)
        depth = clouds.strength[i] * np.exp(-power / 2)
        after = through * np.exp(-np.where(depth > 0.01, depth, 0))
        stretched += (aspect(footprint) > STRETCHED * before) * (through - after)
        through = after
    return float((through > OPEN).mean()), float(stretched.sum() / (1 - through).sum())


@pytest.mark.parametrize("position", [(0, 0, 0), (0.4, -0.3, 0.2)])
def test_a_look_is_what_the_formulas_say(position: tuple[float, float, float]) -> None:
    clouds = random_clouds()
    seen = probe(blocks_of(clouds), np.array(position, float), 24)
    expected = twin(clouds, np.array(position, float), 24)
    assert seen.open == pytest.approx(expected[0], abs=0.01)
    assert seen.stretched == pytest.approx(expected[1], abs=0.01)


@pytest.mark.parametrize("number", [0, 2, 9])
def test_a_look_towards_a_walk_finds_in_its_views_what_one_all_around_does(number: int) -> None:
    blocks, position = blocks_of(random_clouds(2000, 0.06)), DIRECTIONS[number] * 0.6
    whole, part = probe(blocks, position), probe(blocks, position, towards=number)
    shown = np.zeros(TILES, bool)
    shown[np.concatenate(views(number))] = True
    np.testing.assert_array_equal(part.open_tiles, np.where(shown, whole.open_tiles, 0))
    np.testing.assert_array_equal(part.stretched_tiles, np.where(shown, whole.stretched_tiles, 0))
    assert whole.open_tiles.sum() > part.open_tiles.sum() > 0


def test_rays_are_spread_evenly() -> None:
    grid = rays(40)
    np.testing.assert_allclose(np.linalg.norm(grid.directions, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(grid.directions.mean(0), 0, atol=1e-3)
    squares = np.einsum("ni,nj->ij", grid.directions, grid.directions) / len(grid.directions)
    np.testing.assert_allclose(squares, np.eye(3) / 3, atol=2e-3)


def test_our_gaussians_are_round_from_the_capture_point() -> None:
    assert np.quantile(own_aspects(clouds_of(box_room_scene())), 0.98) < 1.2
