import numpy as np

from spag4d.geometry.equirect import pad_sphere
from spag4d.refine.lone import without_lone


def decided(around: np.ndarray) -> float:
    """Decide for the middle of a window of 9 × 9, NaN where nothing is."""
    here, low, high = around[4, 4], np.nanmin(around), np.nanmax(around)
    gap = high - low
    steps = np.concatenate([np.abs(np.diff(around, axis=axis)).ravel() for axis in (0, 1)])
    hangs = min(here - low, high - here) > 0.1 * gap and np.nanmax(steps) >= 0.35 * gap
    if gap < 0.1 or not hangs or (np.abs(around - here) < 0.1 * gap).sum() > 27:
        return here
    sides = around[around - low < 0.25 * gap].mean(), around[high - around < 0.25 * gap].mean()
    return min(sides, key=lambda side: abs(here - side))


def test_windows_are_judged_as_one_by_one():
    random = np.random.default_rng(4)
    values = np.where(random.random((24, 48)) < 0.5, 1.0, 2.0)
    values[8:14] = np.linspace(1, 1.3, 48)
    values[16:18] += random.normal(0, 0.3, (2, 48))
    values = values.astype(np.float32)
    inside = random.random(values.shape) < 0.9
    band = random.random(values.shape) < 0.5
    padded = pad_sphere(np.where(inside, values, np.nan), 4)
    expected = values.copy()
    for row, column in np.argwhere(band & inside):
        expected[row, column] = decided(padded[row : row + 9, column : column + 9])
    assert (expected != values).any()
    np.testing.assert_allclose(without_lone(values, band, inside), expected, rtol=1e-5)
