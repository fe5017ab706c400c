"""A file says from where its panoramas saw the scene."""

import numpy as np

from spag4d.check.seen_from import seen_from_card, seen_from_in, seen_from_line


def test_places_come_back_and_many_fit_into_a_line() -> None:
    places = np.random.default_rng(0).uniform(-20, 20, (4, 3)).round(3)
    np.testing.assert_array_equal(seen_from_in(["depth builtin", seen_from_line(places)]), places)
    many = np.arange(600.0).reshape(-1, 3) - 300
    found = seen_from_in([seen_from_line(many)])
    assert len(seen_from_line(many)) < 1000 and len(found) == 30
    np.testing.assert_array_equal(found[[0, -1]], many[[0, -1]])


def test_damaged_lines_and_single_scenes_state_none() -> None:
    for lines in ([], ["seen from"], ["seen from 1,2"], ["seen from 1,2,nan"], ["seen from 1,2,x"], ["seen from 1,2,3 4,5"]):
        assert seen_from_in(lines).shape == (0, 3)
    assert seen_from_card({}).shape == (0, 3)
    np.testing.assert_array_equal(seen_from_card({"viewpoints": [{"position_m": [1, 2, 3]}]}), [[1, 2, 3]])
