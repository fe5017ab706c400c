import numpy as np
import pytest

from spag4d.geometry.one_surface import cuts, tolerance
from spag4d.splat.surface import one_surface_per_block


def block_mean(block: np.ndarray, right: np.ndarray, down: np.ndarray, reach: float) -> float:
    """The obvious twin of one block."""
    values = np.sort(block.ravel())
    middle = values[len(values) // 2]
    chosen = values[np.abs(values - middle) <= np.float32(reach) * middle]
    if right[:, :-1].any() or down[:-1].any():
        gap = int(np.argmax(np.diff(values) / np.maximum(values[:-1], np.float32(1e-9))))
        chosen = chosen[(chosen > values[gap]) == (middle > values[gap])]
    return float(chosen.mean())


@pytest.mark.parametrize("stride", [2, 3])
def test_blocks_agree_with_their_obvious_twin(stride: int):
    """Two sheets that differ by 15 %, which is more than a cut and less than the tolerance, and holes."""
    rng = np.random.default_rng(5)
    smooth = 1 + 0.004 * rng.random((12 * stride, 24 * stride))
    sheets = smooth * rng.choice([1.0, 1.15], smooth.shape) * (rng.random(smooth.shape) > 0.2)
    sheets[: 6 * stride] = smooth[: 6 * stride]
    inverse = sheets.astype(np.float32)
    masks, found = cuts(inverse), one_surface_per_block(inverse, stride)
    for ring, column in np.ndindex(12, 24):
        part = np.s_[ring * stride : (ring + 1) * stride, column * stride : (column + 1) * stride]
        expected = block_mean(inverse[part], masks[0][part], masks[1][part], tolerance(np.pi / 24))
        assert found[ring, column] == pytest.approx(expected, rel=1e-6)
