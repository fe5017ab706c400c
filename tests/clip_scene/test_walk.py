"""A clip whose camera travels, in one file: the place once, what moves frame by frame, and where the camera was."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fourdgs.validate import validate

from spag4d import SPAG4D
from spag4d.clip_scene import scene, walk
from spag4d.commands.console import summary
from spag4d.commands.describe_moving import describe_moving
from spag4d.data import Panorama, Pose
from spag4d.errors import Cancelled
from spag4d.formats.moving import opened_moving
from spag4d.progress import Event, Progress, Step
from spag4d.reconstruction import world
from spag4d.reconstruction.places import Placed
from spag4d.render.view import render_panorama
from spag4d.splat.edit import moved
from spag4d.world.colmap_model import Points
from spag4d.world.poses import Places
from spag4d.world.sweep import Swept, View
from tests.clips.clip_files import encode
from tests.world.rooms import distance_from, panorama_from

pytestmark = pytest.mark.usefixtures("quick_depth")

ROWS, COUNT = 64, 8
FAST = {"depth_model": "builtin", "sharp_refine": False, "stride": 2, "fps": 5.0, "sky_dome": False, "use_guided_filter": False}
WAY = [Pose(np.eye(3), np.array([0.08 * number, 0.0, 0.04 * number])) for number in range(COUNT)]
RED = np.array([230, 30, 30], np.uint8)


def left(number: int) -> int:
    return 10 + 14 * number


def pictures() -> list[np.ndarray]:
    """A room that the camera walks through, and a red block that goes around it."""
    made = [(panorama_from(pose, ROWS, coarse=3).rgb * 255).astype(np.uint8) for pose in WAY]
    for number, picture in enumerate(made):
        picture[26:38, left(number):left(number) + 8] = RED
    return made


class Known:
    """Knows where the frames were taken, and a ring of points; it leaves the fourth frame out."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, panorama: Panorama) -> None:
        self.count += 1

    def find(self, *, in_order: bool, progress: Progress) -> Places:
        assert in_order and self.count == COUNT
        angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        xyz = 3 * np.stack([np.cos(angles), np.zeros(40), np.sin(angles)], 1)
        points = Points(xyz, np.zeros(40), np.repeat(np.arange(COUNT), 40), np.tile(np.arange(40), COUNT))
        return Places(tuple(None if number == 3 else pose for number, pose in enumerate(WAY)), points)

    def close(self) -> None:
        pass


def measured(view: View, others: Sequence[View], *, progress: Progress) -> Swept:
    """The distance of the walls, as if parallax had found it."""
    return Swept(distance_from(view.pose, ROWS), np.ones((ROWS, 2 * ROWS), np.float32))


@pytest.fixture(scope="module", autouse=True)
def known_way():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "place_finder", Known)
        patch.setattr(walk, "in_metres", lambda places, *_: Placed(places))
        patch.setattr(world, "sweep", measured)
        patch.setattr(scene, "turns_of", lambda film: None)
        yield


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("clip") / "clip.mp4", pictures(), "-c:v", "libx264", "-crf", "8", fps="5")


@pytest.fixture(scope="module")
def whole(quick_depth: None, clip: Path) -> Path:
    SPAG4D(**FAST).convert_clip(clip, clip.with_suffix(".4dgs"))
    return clip.with_suffix(".4dgs")


def redness(picture: np.ndarray) -> np.ndarray:
    return picture[..., 0].astype(int) - picture[..., 1:].max(-1)


def test_the_place_is_there_once_and_what_moves_in_its_time(whole: Path) -> None:
    assert validate(whole.read_bytes()).findings == []
    found, told = opened_moving(whole), describe_moving(whole)
    way = found.timeline.way
    assert way is not None and len(way.poses) == COUNT and told.standing > 1500
    assert 20 * COUNT < told.count - told.standing < 0.5 * told.standing
    metres = np.linalg.norm(way.poses[-1].translation) / np.linalg.norm(WAY[-1].translation)
    for number in (1, 6):
        time_s = found.timeline.frame_times_s[number]
        place = way.at(time_s).translation
        np.testing.assert_allclose(place, metres * WAY[number].translation, atol=1e-4 * metres)
        red = redness(render_panorama(moved(found.at(time_s), -place), ROWS).eight_bits)
        beside = np.delete(np.arange(2 * ROWS), np.arange(left(number) - 3, left(number) + 11))  # with its soft edge
        assert red[28:36, left(number):left(number) + 8].mean() > 120 and red[:, beside].max() < 60


def test_a_frame_without_a_place_is_taken_to_lie_on_the_way(whole: Path) -> None:
    way = opened_moving(whole).timeline.way
    assert way is not None
    between = (way.poses[2].translation + way.poses[4].translation) / 2
    np.testing.assert_allclose(way.poses[3].translation, between, atol=1e-6)


def test_a_run_that_stopped_goes_on_to_the_same_bytes(clip: Path, whole: Path, tmp_path: Path) -> None:
    def hear(event: Event) -> None:
        if isinstance(event, Step) and event.stage == "Frames" and event.done >= 2:
            raise Cancelled("stopped")

    output = tmp_path / "a.4dgs"
    with pytest.raises(Cancelled):
        SPAG4D(**FAST).convert_clip(clip, output, progress=Progress(hear))
    assert not output.exists()
    result = SPAG4D(**FAST).convert_clip(clip, output)
    assert output.read_bytes() == whole.read_bytes() and "walking" in summary(result)
