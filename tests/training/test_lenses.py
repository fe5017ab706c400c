import math

import pytest
import torch

from training import lens, lenses


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_third_of_the_pictures_is_marked_and_the_same_seed_marks_the_same() -> None:
    rgb = torch.rand(60, 3, 8, 16, generator=seeded())
    a, b = lenses.rig(rgb, seeded(1)), lenses.rig(rgb, seeded(1))
    assert torch.equal(a, b)
    assert 0.15 < float((a != rgb).flatten(1).any(1).float().mean()) < 0.55


def test_lenses_are_darker_toward_their_seams_and_differ_from_each_other() -> None:
    grey = torch.full((32, 3, 32, 64), 0.5)
    seen = lenses.seamed(grey, seeded(2))
    brightest, darkest = seen.flatten(1).amax(1), seen.flatten(1).amin(1)
    assert ((brightest - darkest) > 0.01).float().mean() > 0.9
    assert ((brightest - darkest) < 0.3).all()
    assert (seen[:, 0] == seen[:, 1]).all(), "a seam has no colour"


def test_fringes_keep_green_and_move_red_and_blue_apart_by_less_than_a_pixel() -> None:
    rgb = torch.zeros(16, 3, 4, 64)
    rgb[..., 32:] = 1.0
    seen = lenses.fringed(rgb, seeded(3))
    assert torch.equal(seen[:, 1], rgb[:, 1])
    away = (seen - rgb).abs()
    assert away[..., 31:33].max() > 0.1
    assert away[..., 2:31].max() == 0 and away[..., 33:62].max() == 0
    assert ((seen[:, 0] - rgb[:, 0]) * (seen[:, 2] - rgb[:, 2])).max() <= 0, "blue goes where red does not"


def test_coarse_means_keep_the_mean_and_wrap() -> None:
    values = torch.zeros(64, 128, 1)
    values[32, 0] = 1.0
    spread = lens.coarse(values)
    assert spread.shape == values.shape
    assert float(spread.sum()) == pytest.approx(1.0, rel=0.05)
    assert spread[32, -1] == pytest.approx(float(spread[32, 1]), rel=0.5) and spread[32, -1] > 0
    assert float(lens.coarse(torch.full((50, 100, 1), 0.7)).sub(0.7).abs().max()) < 1e-5


def test_glow_adds_light_around_lamps_only() -> None:
    dark = torch.full((64, 128, 3), 0.1)
    assert torch.equal(lens.glow(dark, 1.0, 0.5), dark)
    dark[32, 64] = 50.0
    lit = lens.glow(dark, 1.0, 0.5)
    assert lit[33, 66].mean() > 0.1 and lit[0, 0].mean() == pytest.approx(0.1)


def test_local_tone_mapping_brings_regions_together_and_keeps_what_is_even() -> None:
    even = torch.full((64, 128, 3), 0.3)
    torch.testing.assert_close(lens.even_out(even, 0.5), even)
    even[:, :64] = 3.0
    mapped = lens.even_out(even, 0.5)
    ratio = mapped[32, 32].mean() / mapped[32, 96].mean()
    assert math.sqrt(10) * 0.9 < float(ratio) < 7.0


def test_only_what_moves_is_smeared() -> None:
    picture, moving = torch.rand(16, 64, 3, generator=seeded()), torch.zeros(16, 64, dtype=torch.bool)
    moving[8, 30:34] = True
    seen = lens.smear(picture, moving, 3)
    changed = (seen != picture).any(-1)
    assert changed[8, 28:36].all()
    assert not changed[:8].any() and not changed[9:].any() and not changed[8, :26].any() and not changed[8, 38:].any()
