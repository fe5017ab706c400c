import numpy as np
import pytest
import torch

from training.figures import depth_errors, judge, summarize, weighted_median
from training.generator import Sample


def test_weighted_median_is_that_of_repeated_values() -> None:
    rng = np.random.default_rng(0)
    values, repeats = rng.random(51), rng.integers(1, 9, 51)
    repeats[0] += 1 - repeats.sum() % 2  # odd, so that the median is one of them
    assert weighted_median(values, repeats) == np.median(np.repeat(values, repeats))


def test_errors_of_a_known_scale_and_one_outlier() -> None:
    truth = np.full(10, 2.0)
    distance = np.full(10, 3.0)
    distance[0] = 6.0
    errors = depth_errors(distance, truth, np.ones(10))
    assert errors["abs_rel"] == pytest.approx(0.1)  # after a factor of 2/3 nine are right and one is twice too far
    assert errors["delta_1"] == pytest.approx(0.9)
    assert errors["abs_rel_unscaled"] == pytest.approx(0.65)
    assert errors["scale_error"] == pytest.approx(np.log(1.5))


def test_caps_and_sky_do_not_count_as_surfaces() -> None:
    distance = torch.full((8, 16), 2.0)
    sky, valid = torch.zeros(8, 16, dtype=torch.bool), torch.ones(8, 16, dtype=torch.bool)
    sky[:2], valid[6:] = True, False
    sample = Sample(torch.zeros(8, 16, 3), distance.masked_fill(sky, torch.inf), sky, valid, "street")
    estimate = np.full((8, 16), 2.0, np.float32)
    estimate[:2], estimate[6:] = 99, 77
    found = sky.numpy().copy()
    found[6:] = True
    result = judge(estimate, found, sample)
    assert result["abs_rel_unscaled"] == 0 and result["delta_1"] == 1
    assert summarize([result])["sky_iou"] == 1


def test_the_sky_is_judged_over_all_scenes_together() -> None:
    zeros = dict.fromkeys(("abs_rel", "delta_1", "abs_rel_unscaled", "scale_error"), 0.0)
    large, small = zeros | {"sky_both": 9.0, "sky_either": 10.0}, zeros | {"sky_both": 0.0, "sky_either": 2.0}
    assert summarize([large, small])["sky_iou"] == pytest.approx(0.75)


def test_sky_in_a_closed_room_is_a_share_of_the_sphere() -> None:
    nowhere = torch.zeros(8, 16, dtype=torch.bool)
    room = Sample(torch.zeros(8, 16, 3), torch.ones(8, 16), nowhere, ~nowhere, "indoor")
    quarter = np.zeros((8, 16), bool)
    quarter[:, :4] = True
    results = [judge(np.ones((8, 16), np.float32), found, room) for found in (quarter, nowhere.numpy())]
    assert summarize(results)["sky_closed"] == pytest.approx(0.125)
