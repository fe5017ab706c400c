import numpy as np
import pytest

from spag4d.refine.lines import Lines, border_length
from spag4d.refine.outline import straightened


def obvious(values: np.ndarray, band: np.ndarray, pull: np.ndarray, lines: Lines, inside: np.ndarray) -> np.ndarray:
    """The same rounds in whole arrays."""
    height = len(values)
    elevation = np.pi / 2 - np.pi * (np.arange(height)[:, None] + 0.5) / height
    pull = 0.3 * np.where(band, pull * np.cos(elevation), 1e30)
    length = np.vectorize(border_length)
    right = length(lines.right, lines.usual) * (inside & np.roll(inside, -1, 1))
    down = length(lines.down, lines.usual) * np.cos(elevation - np.pi / height / 2) * (inside & np.roll(inside, -1, 0))
    down[-1] = 0
    found, ahead, across, along = values.astype(float), values.astype(float), np.zeros(values.shape), np.zeros(values.shape)
    for _ in range(120):
        x = across + 0.41 * right * (np.roll(ahead, -1, 1) - ahead)
        y = along + 0.41 * down * (np.roll(ahead, -1, 0) - ahead)
        shorter = 1 / np.maximum(np.hypot(x, y), 1)
        across, along = across + 1.8 * (x * shorter - across), along + 1.8 * (y * shorter - along)
        force = np.roll(right * across, 1, 1) - right * across + np.roll(down * along, 1, 0) - down * along
        off = found - 0.3 * force - values
        new = values + np.maximum(off - pull, 0) + np.minimum(off + pull, 0)
        ahead, found = 2 * new - found, found + 1.8 * (new - found)
    return found


@pytest.mark.parametrize("width", [48, 52], ids=["whole blocks", "part of a block"])
@pytest.mark.parametrize("columns", [range(20, 23), range(-9, 12), range(52), range(15, 17)])
def test_blocks_give_what_whole_arrays_give(width, columns):
    random = np.random.default_rng(1)
    values, right, down, usual, pull = random.random((5, width // 2, width)).astype(np.float32)
    band = np.zeros(values.shape, bool)
    band[:, [column % width for column in columns]] = random.random((width // 2, len(columns))) < 0.8
    inside = random.random(values.shape) < 0.95
    lines = Lines(right, down, usual)
    found = straightened(values, band, pull, lines, inside)
    assert np.array_equal(found[~band], values[~band])
    assert found == pytest.approx(obvious(values, band, pull, lines, inside), abs=1e-4)


def test_without_a_band_nothing_changes():
    values = np.random.default_rng(2).random((16, 32)).astype(np.float32)
    nowhere = np.zeros(values.shape, bool)
    assert np.array_equal(straightened(values, nowhere, values, Lines(values, values, values), ~nowhere), values)
