import math
from pathlib import Path

import numpy as np
import pytest
import torch

from training.dataset import Pool, coarse, decode, encode, fill
from training.generator import Sample


def sample(height: int = 8) -> Sample:
    torch.manual_seed(0)
    distance = torch.rand(height, 2 * height) * 50 + 0.5
    sky = torch.zeros_like(distance, dtype=torch.bool)
    sky[0] = True
    valid = torch.ones_like(sky)
    valid[-1] = False
    return Sample(torch.rand(height, 2 * height, 3), distance.masked_fill(sky, math.inf), sky, valid, "indoor")


def test_encoding_keeps_colour_distance_sky_and_ignorance() -> None:
    truth = sample()
    rgb, log_distance = decode(*(part[None] for part in encode(truth)))
    torch.testing.assert_close(rgb[0].permute(1, 2, 0), truth.rgb, atol=0.5 / 255 + 1e-6, rtol=0)
    assert torch.equal(log_distance[0].isposinf(), truth.sky)
    assert torch.equal(log_distance[0].isnan(), ~truth.valid)
    surface = truth.valid & ~truth.sky
    torch.testing.assert_close(log_distance[0][surface].exp(), truth.distance[surface], rtol=2e-3, atol=0)


def test_a_coarse_pixel_takes_the_sixth_nearest_of_sixteen_or_the_second_of_four() -> None:
    rows = [list(range(16, 0, -1)), [1.0] * 5 + [math.inf] * 11, [7.0] * 6 + [math.nan] * 10, [7.0] * 5 + [math.nan] * 11]
    log_distance = torch.tensor(rows).reshape(1, 4, 4, 4).transpose(1, 2).reshape(1, 4, 16)
    small = coarse(log_distance)
    assert small[0, 0, :3].tolist() == [6.0, math.inf, 7.0] and math.isnan(small[0, 0, 3])
    assert coarse(torch.tensor([[[4.0, 3.0, 9.0, math.nan], [1.0, 2.0] + [math.inf] * 2]]), 2).tolist() == [[[2.0, math.inf]]]


def test_a_pool_serves_what_was_written_and_sees_it_grow(tmp_path: Path) -> None:
    pool, generator = Pool(tmp_path, refresh_s=0.0), torch.Generator().manual_seed(0)
    with pytest.raises(FileNotFoundError, match="no shards"):
        pool.batch(1, generator)
    fill(tmp_path, 0, 16, 2, lambda written: written < 2)
    assert len(pool) == 2
    fill(tmp_path, 0, 16, 2, lambda written: written < 4)
    assert len(pool) == 4
    rgb, log_distance = pool.batch(16, generator)
    assert rgb.shape == (16, 3, 16, 32) and log_distance.shape == (16, 16, 32)
    assert len({float(picture.sum()) for picture in rgb}) == 4
    assert not list(tmp_path.glob("*partial*"))


def test_shards_are_the_seeds_they_are_named_by(tmp_path: Path) -> None:
    for folder, first, count in (("a", 0, 4), ("b", 2, 2)):
        fill(tmp_path / folder, first, 16, 2, lambda written, count=count: written < count)
    same = [np.load(tmp_path / folder / "0000000002.rgb.npy") for folder in ("a", "b")]
    np.testing.assert_array_equal(*same)
