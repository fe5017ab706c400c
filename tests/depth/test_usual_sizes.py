"""The scale of estimated depth, held against usual heights."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d import SPAG4D
from spag4d.conversion import percent
from spag4d.data import DepthMap
from spag4d.depth.usual_sizes import _SPREAD, _UNLIKE, weighed, with_usual_scale
from spag4d.progress import Progress
from tests.box_room import BoxRoom

SPREAD = 0.1


def seen_as(factor: float) -> DepthMap:
    """The box room as a model sees it that takes everything for so many times as large."""
    return replace(BoxRoom().depth(128), model="builtin").scaled(factor)


def test_a_usual_room_stays_as_the_model_sees_it() -> None:
    right = seen_as(1.0)
    found = with_usual_scale(right)
    np.testing.assert_allclose(found.distance, right.distance, rtol=0.02)
    assert found.scale_sigma is not None and 0.07 < found.scale_sigma < 0.12


@pytest.mark.parametrize("factor", [0.5, 0.6, 1.6, 1.8])
def test_an_unusual_one_is_brought_towards_what_is_usual(factor: float) -> None:
    found = with_usual_scale(seen_as(factor))
    before, after = np.log(factor), np.log(np.median(found.distance / seen_as(1.0).distance))
    assert abs(after) < 0.97 * abs(before) and after * before > 0
    usual = with_usual_scale(seen_as(1.0)).scale_sigma
    assert found.scale_sigma is not None and usual is not None and found.scale_sigma > usual, "and less is certain"


def test_a_drone_stays_high_and_a_table_is_no_floor() -> None:
    for height_m in (40.0, 0.1):
        factor, sigma = weighed(height_m, None, SPREAD)
        assert abs(factor) < 0.06
        assert sigma == pytest.approx(weighed(None, None, SPREAD)[1], rel=0.15), "nothing is learnt from it"


def test_rooms_count_beside_cameras() -> None:
    tall = weighed(2.0, 2.5, SPREAD)[0]  # a camera that may be, in a room that is too high for most
    assert tall < weighed(2.0, None, SPREAD)[0] - 0.02
    assert weighed(1.6, 1.1, SPREAD)[1] < weighed(1.6, None, SPREAD)[1] < weighed(None, None, SPREAD)[1]


def test_a_model_that_is_less_certain_of_its_scale_is_moved_more() -> None:
    moved = [weighed(2.6, None, spread) for spread in (0.05, 0.1, 0.2)]
    assert 0 > moved[0][0] > moved[1][0] > moved[2][0] and moved[0][1] < moved[1][1] < moved[2][1]


def test_the_posterior_is_as_wide_as_the_truth_is_far() -> None:
    """Places drawn from what is held to be usual, seen by a model of the stated spread."""
    rng, inside, off, before = np.random.default_rng(0), [], [], []
    for _ in range(400):
        camera_m, wrong = np.exp(rng.uniform(*np.log((1.15, 2.1)))), SPREAD * rng.standard_t(3)
        factor, sigma = weighed(float(camera_m * np.exp(np.clip(wrong, -1, 1))), None, SPREAD)
        off.append(abs(factor + np.clip(wrong, -1, 1)))
        before.append(abs(np.clip(wrong, -1, 1)))
        inside.append(off[-1] < sigma)
    assert 0.6 < np.mean(inside) < 0.87
    assert np.mean(off) < np.mean(before), "and nearer than without"


def test_depth_that_is_not_in_metres_stays() -> None:
    relative = replace(seen_as(3.0), kind="relative")
    assert with_usual_scale(relative) is relative


def test_what_is_above_or_below_the_picture_is_not_seen() -> None:
    depth = seen_as(1.0)
    nothing = np.zeros(depth.size_hw, bool)
    found = with_usual_scale(depth, nothing)
    assert found.scale_sigma == pytest.approx(math.hypot(weighed(None, None, _SPREAD["builtin"])[1], _UNLIKE))


class Seeing:
    """A model that sees the room half as large again."""

    name = "builtin"

    def __init__(self, device: str = "cpu") -> None:
        self.device = device

    def estimate(self, panorama: Any, *, progress: Progress) -> DepthMap:
        return replace(BoxRoom().depth(panorama.size_hw[0]), model="builtin").scaled(1.5)


def test_it_is_weighed_where_depth_is_estimated_and_said_everywhere(
    box_room: BoxRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spag4d.registry import Registry

    load = Registry.load
    monkeypatch.setattr(Registry, "load", lambda self, name: Seeing if self.family == "depth model" else load(self, name))
    panorama, truth = box_room.panorama(64), box_room.depth(64)
    estimated = SPAG4D(stride=8, depth_model="builtin").convert(panorama, tmp_path / "a.ply")
    assert estimated.scale_sigma is not None
    words = f"scale about right to {percent(estimated.scale_sigma)} %"
    assert words.encode() in (tmp_path / "a.ply").read_bytes()
    card = json.loads((tmp_path / "a.scene.json").read_text(encoding="utf-8"))
    assert card["scale_sigma"] == pytest.approx(estimated.scale_sigma, abs=1e-4)
    for settings, given in (({"camera_height": 1.6}, None), ({}, truth)):
        measured = SPAG4D(stride=8, depth_model="builtin", **settings).convert(panorama, tmp_path / "b.ply", depth_map=given)
        assert measured.scale_sigma is None and b"scale about right" not in (tmp_path / "b.ply").read_bytes()
        assert json.loads((tmp_path / "b.scene.json").read_text(encoding="utf-8"))["scale_sigma"] is None
