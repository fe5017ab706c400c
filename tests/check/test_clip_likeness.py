"""A scene that lags behind its clip is said to, and so is one that flickers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from spag4d.check import clip_likeness as module
from spag4d.check.clip_likeness import FrameLikeness, clip_likeness
from spag4d.data import Gaussians, Moving, Panorama, Pose
from spag4d.formats.moving import Timeline
from spag4d.geometry.way import Way
from spag4d.progress import SILENT, Progress
from spag4d.render.view import Rendering
from tests.formats.gaussian_scenes import facing_discs

TIMES_S = [0.1, 0.3, 0.5]


@dataclass
class Scene:
    """Shows nothing of its own; what is drawn is given."""

    timeline: Timeline = Timeline(0.6, 5.0)
    asked_s: list[float] = field(default_factory=list)
    count: int = 3
    encoding: str = ""
    comments: list[str] = field(default_factory=list)
    notices: set[str] = field(default_factory=set)

    def parts(self, first_s: float = 0.0, last_s: float = 1.0, *, progress: Progress = SILENT) -> Iterator[Moving]:
        yield Moving.still(facing_discs(3), first_s, last_s)

    def at(self, time_s: float) -> Gaussians:
        self.asked_s.append(time_s)
        return facing_discs(3)


def pictures() -> list[np.ndarray]:
    """A bright block that walks over a grey wall."""
    made = [np.full((16, 32, 3), 0.5, np.float32) for _ in TIMES_S]
    for number, picture in enumerate(made):
        picture[6:10, 8 * number:8 * number + 6] = 1.0
    return made


def told(
    monkeypatch: pytest.MonkeyPatch, scene: Scene, drawn: list[np.ndarray], distances_m: Sequence[float | np.ndarray],
    every: int = 1,
) -> list[FrameLikeness]:
    shown = iter([Rendering(rgb, np.ones((16, 32), np.float32), np.broadcast_to(distance_m, (16, 32)).astype(np.float32))
                  for rgb, distance_m in zip(drawn, distances_m, strict=True)])
    monkeypatch.setattr(module, "render_panorama", lambda gaussians, rows: next(shown))
    return list(clip_likeness(scene, lambda: map(Panorama, pictures()), TIMES_S, every=every))


def test_a_scene_that_is_like_its_clip_is_neither_late_nor_flickers(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    first, *rest = told(monkeypatch, scene, pictures(), [2.0] * 3)
    assert scene.asked_s == TIMES_S and first.late_frames is first.flicker is None
    assert first.solidity == 1 and all(
        one.likeness_db == 100 and one.late_frames == 0 and one.solidity == 1 and one.flicker == 0 for one in rest)
    assert str(rest[0]) == "100.0 dB like the clip, what changes 0.00 frames late, what moves 100% solid, flicker 0.0000"


def test_half_a_ghost_of_the_frame_before_is_half_a_frame_late(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, three = pictures()
    ghost = told(monkeypatch, Scene(), [one, two / 2 + one / 2, two], [2.0, 2.02, 2.02])
    assert ghost[1].late_frames == pytest.approx(0.5) and ghost[2].late_frames == pytest.approx(1.0)
    assert ghost[1].flicker == pytest.approx(0.01, rel=0.01) and ghost[2].flicker == 0


def test_what_shines_through_is_less_solid(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = np.full((16, 32, 3), 0.5, np.float32)
    found = told(monkeypatch, Scene(), [wall + 0.8 * (picture - wall) for picture in pictures()], [2.0] * 3)
    assert [one.solidity for one in found] == pytest.approx([0.8] * 3)


def test_what_moves_or_will_does_not_flicker(monkeypatch: pytest.MonkeyPatch) -> None:
    distances_m = [np.full((16, 32), 2.0) for _ in TIMES_S]
    for number, distance_m in enumerate(distances_m):
        distance_m[4:12, :23] = 1 + number  # where the block is at some time, and its outline
    found = told(monkeypatch, Scene(), pictures(), distances_m)
    assert found[1].flicker == found[2].flicker == 0


def test_a_camera_that_travels_changes_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    way = Way(np.array(TIMES_S), [Pose(np.eye(3), np.array([float(number), 0, 0])) for number in range(3)])
    found = told(monkeypatch, Scene(Timeline(0.6, 5.0, way=way)), pictures(), [2.0, 3.0, 4.0])
    assert [one.flicker for one in found] == [None] * 3


def test_every_other_frame_is_still_compared_with_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch, Scene(), pictures(), [2.0] * 3, every=2)
    assert [one.time_s for one in found] == [0.1, 0.5] and found[1].late_frames == 0
