import math

import numpy as np
import pytest
import torch

from training.augment import augment, compress, photograph, soften, tilt


def room(height: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Direction of each pixel as colour, the log distance to an off-centre box, and the directions."""
    azimuth = (torch.arange(2 * height) + 0.5) * math.pi / height - math.pi
    elevation = (math.pi / 2 - (torch.arange(height) + 0.5) * math.pi / height)[:, None]
    y = (-elevation.sin()).expand(height, 2 * height)
    rays = torch.stack((elevation.cos() * azimuth.sin(), y, elevation.cos() * azimuth.cos()))
    return rays / 2 + 0.5, box_distance(rays).log(), rays


def box_distance(rays: torch.Tensor) -> torch.Tensor:
    towards, back = torch.tensor([2.0, 1.5, 4.0])[:, None, None], torch.tensor([3.0, 1.0, 2.5])[:, None, None]
    return torch.where(rays > 0, towards / rays, -back / rays).min(0).values


def rotated(rays: torch.Tensor, pitch: float, roll: float) -> torch.Tensor:
    about_z = torch.tensor([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    about_x = torch.tensor([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    return torch.einsum("ij,jhw->ihw", about_x @ about_z, rays)


@pytest.mark.parametrize(("pitch", "roll"), [(0.1, 0.0), (0.0, -0.08), (0.12, 0.15)])
def test_tilting_turns_picture_and_distance_alike(pitch: float, roll: float) -> None:
    rgb, log_distance, rays = room(128)
    picture, moved = tilt(rgb, log_distance, pitch, roll)
    was = rotated(rays, pitch, roll)
    torch.testing.assert_close(picture, was / 2 + 0.5, atol=2e-3, rtol=0)
    assert float((moved - box_distance(was).log()).abs().median()) < 0.01
    assert torch.isin(moved, log_distance).all()  # no distance is ever mixed from two


def test_no_tilt_changes_nothing() -> None:
    rgb, log_distance, _ = room(32)
    picture, moved = tilt(rgb, log_distance, 0.0, 0.0)
    torch.testing.assert_close(picture, rgb, atol=1e-4, rtol=0)
    torch.testing.assert_close(moved, log_distance)


def test_sky_and_unknown_survive_a_tilt() -> None:
    rgb, log_distance, _ = room(64)
    log_distance[:20], log_distance[50:] = math.inf, math.nan
    _, moved = tilt(rgb, log_distance, 0.05, 0.05)
    assert float(moved.isposinf().float().mean()) == pytest.approx(20 / 64, abs=0.02)
    assert float(moved.isnan().float().mean()) == pytest.approx(14 / 64, abs=0.02)


def test_picture_and_distance_are_augmented_together() -> None:
    rgb, log_distance, _ = room(64)
    near_red = torch.stack([torch.where(log_distance < 0.6, 0.9, 0.1)] * 3)
    generator = torch.Generator().manual_seed(1)
    pictures, distances = augment(near_red.expand(16, 3, 64, 128), log_distance.expand(16, 64, 128), generator)
    for picture, distance in zip(pictures, distances, strict=True):
        brightness = picture.mean(0)
        middle = (brightness.amin() + brightness.amax()) / 2
        agree = (brightness > middle) == (distance < 0.6)
        assert float(agree.float().mean()) > 0.95
    assert len({float(distance[32, 0]) for distance in distances}) > 8


def test_same_generator_same_pictures() -> None:
    rgb, log_distance, _ = room(32)
    batch = rgb.expand(4, 3, 32, 64), log_distance.expand(4, 32, 64)
    (first, _), (second, _), (other, _) = (augment(*batch, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert torch.equal(first, second) and not torch.equal(first, other)


def test_photographs_stay_pictures() -> None:
    picture = photograph(torch.rand(8, 3, 32, 64), torch.Generator().manual_seed(0))
    assert picture.shape == (8, 3, 32, 64)
    assert float(picture.min()) >= 0 and float(picture.max()) <= 1


def test_softening_spreads_a_point_over_the_wrap() -> None:
    rgb = torch.zeros(1, 3, 16, 32)
    rgb[:, :, 8, 0] = 256.0
    soft = soften(rgb)[0, 0]
    assert [float(soft[8, i]) for i in (-2, -1, 0, 1, 2)] == pytest.approx([6, 24, 36, 24, 6])
    assert float(soft.sum()) == pytest.approx(256)


def test_compression_equals_its_slow_twin_on_one_grey_block() -> None:
    torch.manual_seed(0)
    block = 0.4 + 0.2 * torch.rand(8, 8)  # far from black and white, so that nothing is clipped
    fast = compress(block.expand(1, 3, 8, 8), 50)[0, 1].numpy()
    first_row_steps = [16, 11, 10, 16, 24, 40, 51, 61]  # quality 50 is the standard's table itself
    frequencies = [[0.5 * (math.sqrt(0.5) if u == 0 else 1) * math.cos((2 * x + 1) * u * math.pi / 16) for x in range(8)]
                   for u in range(8)]  # fmt: skip
    dct = np.array(frequencies)
    left = dct @ (fast.astype(np.float64) * 255) @ dct.T
    np.testing.assert_allclose(left[0], np.round(left[0] / first_row_steps) * first_row_steps, atol=0.01)
    assert 0 < np.abs(fast - block.numpy()).max() < 0.3


def test_better_quality_is_nearer_to_the_original() -> None:
    torch.manual_seed(0)
    rgb = torch.rand(1, 3, 32, 64)
    errors = [float((compress(rgb, quality) - rgb).abs().mean()) for quality in (20, 60, 95)]
    assert errors[0] > errors[1] > errors[2]
    torch.testing.assert_close(compress(rgb, 100), rgb, atol=0.02, rtol=0)
