"""What stays as it is from frame to frame is kept once, and every frame comes out as it went in."""

from dataclasses import replace

import numpy as np

from spag4d.data import Gaussians
from spag4d.motion.windows import in_windows
from tests.formats.gaussian_scenes import facing_discs

EDGES = np.array([0.0, 0.1, 0.2, 0.3, 0.4])


def frames() -> list[Gaussians]:
    """A room that stays but for noise, and a thing that walks to the right and is gone in the last frame."""
    room, thing, rng = facing_discs(800), facing_discs(40), np.random.default_rng(0)
    made = []
    for number in range(4):
        noisy = replace(room, colors=room.colors + rng.uniform(-1, 1, room.colors.shape).astype(np.float32) / 255)
        walked = replace(thing, means=thing.means * np.float32(0.5) + np.array([0.5 * number, 0, 0], np.float32))
        shuffled = rng.permutation(840 if number < 3 else 800)
        made.append(Gaussians.concatenate([noisy, walked] if number < 3 else [noisy]).select(shuffled))
    return made


def test_what_stands_is_kept_once() -> None:
    parts = list(in_windows(frames(), EDGES))
    windows = [(round(first, 3), round(last, 3)) for part in parts for first, last in part.windows_s]
    assert {window: windows.count(window) for window in set(windows)} == {
        (0.0, 0.4): 800, (0.0, 0.1): 40, (0.1, 0.2): 40, (0.2, 0.3): 40}


def test_each_frame_is_what_it_was() -> None:
    parts = list(in_windows(frames(), EDGES))
    for number, frame in enumerate(frames()):
        shown = Gaussians.concatenate([part.at(EDGES[number] + 0.05) for part in parts])
        assert len(shown) == len(frame)
        nearest = np.abs(frame.means[:, None] - shown.means).sum(2).argmin(1)
        assert np.abs(shown.means[nearest] - frame.means).max() < 0.02
        assert np.abs(shown.colors[nearest] - frame.colors).max() < 3.5 / 255


def test_frames_without_anything_are_gaps() -> None:
    disc = facing_discs(1)
    parts = list(in_windows([disc, Gaussians.empty(), disc], EDGES))
    assert [part.windows_s.round(3).tolist() for part in parts] == [[[0.0, 0.1]], [[0.2, 0.3]]]
    assert not list(in_windows([], EDGES))
