import numpy as np
import pytest

from spag4d.splat.tiles import STRIDES, TILE_PX, TileGrid

HEIGHTS = [16, 90, 256, 518, 768]


@pytest.mark.parametrize("height", HEIGHTS)
def test_tiles_cover_the_sphere_exactly_once(height: int):
    tiles = TileGrid(height)
    assert tiles.areas_sr.shape == (len(tiles),) and tiles.areas_sr.min() > 0
    assert tiles.areas_sr.sum() == pytest.approx(4 * np.pi)


@pytest.mark.parametrize("height", HEIGHTS)
def test_cells_of_each_size_go_around_without_gap_and_end_where_tiles_do(height: int):
    tiles = TileGrid(height)
    for ring in np.flatnonzero(~tiles.is_cap).tolist():
        borders = np.cumsum(tiles.widths(ring, TILE_PX))
        for stride in STRIDES:
            ends = np.cumsum(tiles.widths(ring, stride))
            assert ends[-1] == pytest.approx(1)
            assert np.abs(borders[:, None] - ends).min(1).max() < 1e-9
            turns = tiles.turns(ring, stride)
            assert (np.diff(turns) > 0).all() and turns[0] > 0 and turns[-1] < 1


@pytest.mark.parametrize("height", [256, 518, 1024])
def test_cells_are_nearly_square_and_at_the_horizon_made_of_pixels(height: int):
    tiles = TileGrid(height)
    for ring in np.flatnonzero(~tiles.is_cap).tolist():
        for stride in (1, 4):
            cosine = np.cos(tiles.grids[stride].elevations_rad[list(tiles.rows(ring, stride))])
            shape = tiles.width(ring, stride) * 2 * np.pi * cosine / tiles.grids[stride].pitch_rad
            assert shape.min() > 0.7 and shape.max() < 1.2
    equator = (height // 2) // TILE_PX
    assert tiles.across(equator, 1) == 2 * height


def test_means_are_those_of_the_pixels():
    rng = np.random.default_rng(0)
    tiles, picture = TileGrid(72), np.ones((72, 144, 4), np.float32)
    picture[..., :3] = rng.random((72, 144, 3))
    ring = 2
    found = tiles.means(picture[32:48], ring, 1)
    for stride in STRIDES:
        blocks = picture[32:48].reshape(TILE_PX // stride, stride, 144 // stride, stride, 4).mean((1, 3))
        np.testing.assert_allclose(np.stack(found[stride]), blocks, atol=1e-5)
    for end in range(len(tiles.rings)):
        rows = picture[end * TILE_PX : (end + 1) * TILE_PX]
        for stride, mean in tiles.means(rows, end, 2).items():
            total = sum((row[:, :3].sum(0) / row[:, 3].sum()) for row in mean) / len(mean)
            if tiles.is_cap[end] and rows.shape[0] % stride == 0:
                np.testing.assert_allclose(total, rows[..., :3].mean((0, 1)), atol=1e-4)
