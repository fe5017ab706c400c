"""A reconstruction that is stopped, and goes on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spag4d.core import SPAG4D
from spag4d.errors import Cancelled, InputError
from spag4d.progress import Event, Progress, Step
from spag4d.reconstruction import world
from spag4d.reconstruction.kept_work import work_folder
from spag4d.stages import Stages
from spag4d.world.colmap_model import Points
from spag4d.world.known_poses import write_poses
from spag4d.world.own_places import OwnFinder
from spag4d.world.poses import NO_OVERLAP
from tests.world.rooms import PLACES, panorama_from

pytestmark = pytest.mark.usefixtures("quick_depth")

NAMES = ("a.png", "b.png", "c.png")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("room")
    for name, pose in zip(NAMES, PLACES, strict=True):
        Image.fromarray((255 * panorama_from(pose, 64).rgb).astype(np.uint8)).save(folder / name)
    nothing = Points(np.empty((0, 3)), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))
    write_poses(folder, dict(zip(NAMES, PLACES, strict=True)), nothing, (64, 128))
    return folder


def stopping(when: Callable[[Step], bool]) -> Progress:
    """Return a progress that asks to stop at a step."""
    heard: list[bool] = []

    def hear(event: Event) -> None:
        if isinstance(event, Step):
            heard.append(when(event))

    return Progress(hear, lambda: any(heard))


def counted(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> list[int]:
    calls, original = [], getattr(owner, name)

    def call(*arguments: object, **named: object) -> object:
        calls.append(1)
        return original(*arguments, **named)

    monkeypatch.setattr(owner, name, call)
    return calls


def test_a_stopped_run_goes_on_where_it_was(room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stopped in the midst of the second of three sweeps, and then needs the last two of them and no depth model."""
    converter = SPAG4D(device="cpu", depth_model="builtin", sharp_refine=False)
    swept, estimated = counted(monkeypatch, world, "sweep"), counted(monkeypatch, Stages, "raw_depth")
    middle = stopping(lambda step: step.stage == "Parallax" and 0.4 < step.done / step.total < 0.6)
    with pytest.raises(Cancelled):
        converter.reconstruct([room], tmp_path / "out.ply", poses=room, progress=middle)
    assert len(swept) == 2 and len(estimated) == 3 and not (tmp_path / "out.ply").exists()
    converter.reconstruct([room], tmp_path / "out.ply", poses=room)
    assert len(swept) == 4 and len(estimated) == 3
    assert not work_folder(tmp_path / "out.ply").exists()
    converter.reconstruct([room], tmp_path / "again.ply", poses=room)
    assert (tmp_path / "out.ply").read_bytes() == (tmp_path / "again.ply").read_bytes()


def test_a_camera_that_stood_still_is_sent_elsewhere(room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing shifts between the same picture twice, whoever looks for places; pictures of other places are not meant."""
    def nothing(*_: object, **__: object) -> None:
        raise InputError(NO_OVERLAP)

    monkeypatch.setattr(OwnFinder, "find", nothing)
    monkeypatch.setattr("spag4d.reconstruction.places.place_finder", OwnFinder)
    converter = SPAG4D(device="cpu", depth_model="builtin", sharp_refine=False)
    (tmp_path / "again.png").write_bytes((room / "a.png").read_bytes())
    with pytest.raises(InputError, match="convert-video"):
        converter.reconstruct([room / "a.png", tmp_path / "again.png"], tmp_path / "out.ply")
    with pytest.raises(InputError, match="overlap"):
        converter.reconstruct([room / "a.png", room / "c.png"], tmp_path / "out.ply")
