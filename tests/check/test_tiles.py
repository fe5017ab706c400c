"""Tiles and the views that show them."""

import numpy as np
import pytest

from spag4d.check.tiles import TILE_SR, TILES, centres, tiles_of, views, worst_tile
from spag4d.check.walking_range import DIRECTIONS, NAMES


def test_tiles_cover_the_sphere_and_are_about_ten_degrees_wide() -> None:
    assert np.sqrt(TILE_SR) == pytest.approx(np.radians(10), rel=0.02)
    np.testing.assert_array_equal(tiles_of(centres()), np.arange(TILES))
    rng = np.random.default_rng(3)
    rays = rng.normal(size=(200_000, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    share = np.bincount(tiles_of(rays), minlength=TILES) * TILES / len(rays)
    assert share.min() > 0.6 and share.max() < 1.4
    away = np.arccos(np.einsum("ij,ij->i", rays, centres()[tiles_of(rays)]).clip(-1, 1))
    assert np.degrees(away.max()) < 12


@pytest.mark.parametrize("name", NAMES)
def test_views_show_what_is_ahead_and_aside_and_not_what_is_behind(name: str) -> None:
    number = NAMES.index(name)
    along = centres() @ DIRECTIONS[number]
    shown = np.unique(np.concatenate(views(number)))
    assert len(views(number)) == (9 if name in ("+y", "-y") else 5)
    assert set(np.flatnonzero(along > np.cos(np.radians(30)))) <= set(shown)
    assert np.degrees(np.arccos(along[shown].min())) < 90 + 37.5


def test_one_bad_tile_is_an_accident_and_three_are_the_measure() -> None:
    values, (ahead, *_) = np.zeros(TILES), views(NAMES.index("+z"))
    nearest = ahead[np.argsort(-centres()[ahead, 2])[:3]]
    values[nearest[:2]] = 1
    assert values[worst_tile(values, NAMES.index("+z"))] == 0
    values[nearest] = 3, 2, 1
    assert values[worst_tile(values, NAMES.index("+z"))] == 1
    assert values[worst_tile(values, NAMES.index("-z"))] == 0
