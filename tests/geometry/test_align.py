from dataclasses import replace

import numpy as np
import pytest

from spag4d.data import PinholeCamera
from spag4d.geometry import RIGS
from spag4d.geometry.align import REFERENCE, TERMS, LogView, Ties, anchor_ties, corrections, field, overlap_ties
from spag4d.geometry.blend import blend_views
from spag4d.geometry.camera import view_directions
from spag4d.geometry.smooth import smooth_sphere
from tests.box_room import BoxRoom

HEIGHT = 256
ROOM = BoxRoom()
TRUTH = np.log(ROOM.distance(HEIGHT))


def truth(camera: PinholeCamera) -> np.ndarray:
    return np.log(ROOM.hit(view_directions(camera))[0])


def wrong(rng: np.random.Generator, camera: PinholeCamera) -> np.ndarray:
    """A scale that is wrong by up to 20 % and a smooth error of 6 %."""
    x = np.linspace(-1, 1, camera.width)[None]
    y = np.linspace(-1, 1, camera.height)[:, None]
    wave = rng.uniform(0.5, 1, 2) * np.pi * rng.uniform(-1, 1, 2)
    return np.log(rng.uniform(0.8, 1.2)) + 0.06 * np.sin(wave[0] * x + wave[1] * y + rng.uniform(0, 2 * np.pi))


def views(rig: str, seed: int = 1) -> list[LogView]:
    rng = np.random.default_rng(seed)
    seen = []
    for camera in RIGS.load(rig)(126):
        log_depth = truth(camera) + wrong(rng, camera)
        seen.append(LogView(camera, log_depth, np.ones(log_depth.shape, bool)))
    return seen


def aligned(seen: list[LogView], ties: Ties) -> list[np.ndarray]:
    found = corrections(len(seen), ties)
    return [(view.log_depth + field(own, view.log_depth.shape)).astype(np.float32)
            for view, own in zip(seen, found, strict=True)]


def rough() -> np.ndarray:
    """The truth without anything finer than some degrees."""
    return smooth_sphere(TRUTH.astype(np.float32), 5.0)


@pytest.mark.parametrize("rig", RIGS)
def test_wrong_scales_and_smooth_errors_come_back_within_a_percent(rig: str) -> None:
    seen = views(rig)
    fixed = aligned(seen, Ties.joined([overlap_ties(seen), anchor_ties(seen, {0: rough()})]))
    error = np.abs(blend_views(fixed, [view.camera for view in seen], HEIGHT) - TRUTH)
    assert error.mean() < 0.01 and np.quantile(error, 0.95) < 0.03
    raw = [view.log_depth.astype(np.float32) for view in seen]
    assert np.abs(blend_views(raw, [view.camera for view in seen], HEIGHT) - TRUTH).mean() > 0.05


@pytest.mark.parametrize("rig", RIGS)
def test_views_agree_without_a_reference_and_keep_their_common_scale(rig: str) -> None:
    seen = views(rig)
    ties = overlap_ties(seen)
    found = corrections(len(seen), ties)

    def disagreement(coefficients: np.ndarray) -> np.ndarray:
        parts = [field(own, (126, 126)) for own in coefficients]
        again = [replace(view, log_depth=view.log_depth + part) for view, part in zip(seen, parts, strict=True)]
        return np.abs(overlap_ties(again).difference)

    assert 7 * np.median(disagreement(found)) < 0.05 < np.median(disagreement(0 * found))
    assert abs(found[:, 0].mean()) < 0.02


def test_a_correction_is_undone_exactly_where_it_is_of_the_model() -> None:
    camera = RIGS.load("cubemap")(64)[0]
    coefficients = np.random.default_rng(0).normal(0, 0.05, TERMS)
    log_depth = truth(camera)
    bent = LogView(camera, log_depth - field(coefficients, log_depth.shape), np.ones(log_depth.shape, bool))
    found = corrections(1, anchor_ties([bent], {0: TRUTH}))
    inner = np.s_[8:-8, 8:-8]
    assert np.abs(bent.log_depth + field(found[0], log_depth.shape) - log_depth)[inner].max() < 0.01


def test_outliers_in_one_view_do_not_move_the_others() -> None:
    seen = views("cubemap")
    spoilt = seen[2].log_depth.copy()
    spoilt[np.random.default_rng(3).random(spoilt.shape) < 0.2] += 1.0
    dirty = [*seen[:2], replace(seen[2], log_depth=spoilt), *seen[3:]]
    reference = {0: rough()}
    clean = aligned(seen, Ties.joined([overlap_ties(seen), anchor_ties(seen, reference)]))
    moved = aligned(dirty, Ties.joined([overlap_ties(dirty), anchor_ties(dirty, reference)]))
    for number in (0, 1, 3, 4, 5):
        assert np.abs(clean[number] - moved[number]).mean() < 0.01


def test_pixels_that_are_not_valid_tie_nothing() -> None:
    seen = views("cubemap")
    half = np.ones((126, 126), bool)
    half[:63] = False
    sky = replace(seen[1], valid=half, log_depth=np.where(half, seen[1].log_depth, 99.0))
    ties = Ties.joined([overlap_ties([seen[0], sky]), anchor_ties([seen[0], sky], {0: rough()})])
    assert np.abs(ties.difference).max() < 3


def test_frames_of_a_video_join_the_same_system() -> None:
    """Two frames from one place that look at the same things: the second has no reference but ties to the first."""
    first = views("cubemap", seed=1)
    second = [replace(view, time=1) for view in views("cubemap", seed=2)]
    both = first + second
    at = np.stack(np.meshgrid(np.linspace(-0.9, 0.9, 20), np.linspace(-0.9, 0.9, 20)), -1).reshape(-1, 2)
    pixels = ((at + 1) / 2 * 126 - 0.5).round().astype(int)
    at = (pixels + 0.5) * 2 / 126 - 1
    across = []
    for number in range(6):
        here, there = (part[number].log_depth[pixels[:, 1], pixels[:, 0]] for part in (first, second))
        ones = np.ones(len(at))
        across.append(Ties(ones.astype(int) * number, ones.astype(int) * (number + 6), at, at, there - here, ones * 5e-3))
    inner = overlap_ties(both)
    assert {first // 6 == second // 6 for first, second in zip(inner.first, inner.second, strict=True)} == {True}
    fixed = aligned(both, Ties.joined([inner, anchor_ties(both, {0: rough()}), *across]))
    for part in (fixed[:6], fixed[6:]):
        error = np.abs(blend_views(part, [view.camera for view in first], HEIGHT) - TRUTH)
        assert error.mean() < 0.015


def test_the_reference_is_only_tied_where_it_knows_something() -> None:
    seen = views("cubemap")[:1]
    assert anchor_ties(seen, {0: np.full((64, 128), np.nan)}).weight.size == 0
    known = anchor_ties(seen, {0: np.zeros((64, 128))})
    assert known.weight.size and (known.second == REFERENCE).all()
    assert anchor_ties(seen, {0: np.full((64, 128), np.nan), 5: np.zeros((64, 128))}).weight.size == 0
