import numpy as np
import pytest
import torch

from training import surfaces
from training.material_table import MaterialTable
from training.materials import MOSAIC, Material
from training.scene import Scene
from training.scene_air import atmosphere
from training.scene_paving import marks
from training.texture import Surface


@pytest.mark.parametrize("salt", [0, 1, 2, 9, 16])
def test_a_mosaic_shows_stones_of_both_colours_and_their_mean_from_afar(salt: int) -> None:
    look = Material(MOSAIC, (0.8, 0.8, 0.8), (0.2, 0.2, 0.2), (0.1, 0.1), gap=0.01, grain=0.0, stain=0.0, salt=salt)
    spots = torch.rand(2, 4000, generator=torch.Generator().manual_seed(0)) * 8
    zero = torch.zeros(4000, dtype=torch.int64)

    def albedo(pixel_m: float) -> torch.Tensor:
        half, pixel = torch.full((4000,), 9.0), torch.full((4000,), pixel_m)
        points = Surface(spots[0], spots[1], half, half, pixel, zero)
        return surfaces.shade([look], MaterialTable.of([look], "cpu"), points).albedo[:, 0]

    near, far = albedo(1e-3), albedo(5.0)
    assert (near > 0.7).float().mean() > 0.1 and ((near - 0.2).abs() < 0.05).float().mean() > 0.1
    assert far.std() < 0.1 * near.std() and far.mean() == pytest.approx(0.56, abs=0.1)


def test_marks_on_the_ground_are_no_steps() -> None:
    s = Scene(atmosphere(np.random.default_rng(1)))
    rng = np.random.default_rng(2)
    for _ in range(30):
        marks(s, rng)
    highest = max(-(p.center[1] - abs(p.axes[1] @ (np.array(p.half) * (p.kind != 1)))) for p in s.primitives)
    assert 0.0 < highest < 0.01
